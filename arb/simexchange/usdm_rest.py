"""Binance USD-M REST, market data: time, exchangeInfo, depth, best price, mark price and funding."""

from collections.abc import Callable, Iterable

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange.binance_auth import params_of
from arb.simexchange.binance_errors import BinanceError, illegal, missing
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request, Response
from arb.simexchange.perpetual import INTEREST, Perpetual
from arb.simexchange.usdm_instruments import exchange_info
from arb.simexchange.weights import Weights

Params = dict[str, str]
Handler = Callable[[Params, Instant], object]
DEPTH_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
USUAL_HOURS = 8


class UsdmRest:
    """Everything under /fapi; what is not served is 404, as the venue answers."""

    def __init__(self, feed: BinanceFeed, perpetuals: Iterable[Perpetual], limits: Weights) -> None:
        self._feed = feed
        self._perpetuals = {perpetual.listing.symbol: perpetual for perpetual in perpetuals}
        self._limits = limits
        self._routes: dict[str, tuple[int, Handler]] = {
            "/fapi/v1/ping": (1, lambda params, now: {}),
            "/fapi/v1/time": (1, lambda params, now: {"serverTime": now.unix_ms}),
            "/fapi/v1/exchangeInfo": (1, self._exchange_info),
            "/fapi/v1/depth": (0, self._depth),
            "/fapi/v1/ticker/bookTicker": (2, self._book_ticker),
            "/fapi/v1/premiumIndex": (1, self._premium),
            "/fapi/v1/fundingInfo": (0, self._funding),
        }

    def handle(self, request: Request, now: Instant) -> Response:
        route = self._routes.get(request.path)
        if route is None or request.method != "GET":
            return Response(404, b"<html><body>404 Not found</body></html>", {"Content-Type": "text/html"})
        params = params_of(request)
        cost, handler = route
        if request.path == "/fapi/v1/depth":
            text = params.get("limit", "500")
            cost = DEPTH_WEIGHTS.get(int(text), 20) if text.isdecimal() else 1
        elif request.path == "/fapi/v1/premiumIndex" and "symbol" not in params:
            cost = 10
        refusal = self._limits.take(request.peer, cost, now)
        if refusal is not None:
            return refusal
        try:
            answer, status = handler(params, now), 200
            body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        except BinanceError as error:
            body, status = error.body(), error.status
        return Response(status, body, {"X-MBX-USED-WEIGHT-1M": str(self._limits.used(request.peer, now))})

    def _symbol(self, params: Params) -> str:
        symbol = params.get("symbol")
        if not symbol:
            raise missing("symbol")
        if symbol not in self._perpetuals:
            raise BinanceError(*errors.UNKNOWN_SYMBOL)
        return symbol

    def _exchange_info(self, params: Params, now: Instant) -> object:
        listings = [perpetual.listing for perpetual in self._perpetuals.values()]
        return exchange_info(listings, now.unix_ms, self._limits.limit)

    def _depth(self, params: Params, now: Instant) -> object:
        symbol, limit = self._symbol(params), params.get("limit", "500")
        if not limit.isdecimal() or int(limit) not in DEPTH_WEIGHTS:
            raise illegal("limit", ", ".join(map(str, DEPTH_WEIGHTS)))
        return self._feed.snapshot(symbol, int(limit), now.unix_ms)

    def _book_ticker(self, params: Params, now: Instant) -> object:
        if "symbol" in params:
            return self._feed.best(self._symbol(params)) | {"time": now.unix_ms}
        return [self._feed.best(symbol) | {"time": now.unix_ms} for symbol in self._perpetuals]

    def _premium(self, params: Params, now: Instant) -> object:
        if "symbol" in params:
            return _premium_row(self._perpetuals[self._symbol(params)], now)
        return [_premium_row(perpetual, now) for perpetual in self._perpetuals.values()]

    def _funding(self, params: Params, now: Instant) -> object:
        """Only the symbols whose interval, cap or floor is not the usual one."""
        return [
            {
                "symbol": symbol,
                "adjustedFundingRateCap": "0.00750000",
                "adjustedFundingRateFloor": "-0.00750000",
                "fundingIntervalHours": perpetual.interval_hours,
                "disclaimer": False,
            }
            for symbol, perpetual in self._perpetuals.items()
            if perpetual.interval_hours != USUAL_HOURS
        ]


def _premium_row(perpetual: Perpetual, now: Instant) -> dict[str, object]:
    perpetual.refresh(now)
    return {
        "symbol": perpetual.listing.symbol,
        "markPrice": f"{perpetual.mark:.8f}",
        "indexPrice": f"{perpetual.index:.8f}",
        "estimatedSettlePrice": f"{perpetual.mark:.8f}",
        "lastFundingRate": f"{perpetual.rate:.8f}",
        "interestRate": f"{INTEREST:.8f}",
        "nextFundingTime": perpetual.next_funding_ms(now.unix_ms),
        "time": now.unix_ms,
    }
