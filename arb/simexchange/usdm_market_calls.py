"""Market data of Binance USD-M by call: time, exchangeInfo, depth, best price, mark price and funding."""

from collections.abc import Mapping

from arb.simexchange import binance_errors as errors
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Call, Params
from arb.simexchange.binance_errors import BinanceError, illegal, missing
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.instant import Instant
from arb.simexchange.perpetual import INTEREST, Perpetual
from arb.simexchange.usdm_instruments import exchange_info
from arb.simexchange.weights import Weights

DEPTH_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
USUAL_HOURS = 8


class UsdmMarketCalls:
    def __init__(
        self,
        feed: BinanceFeed,
        perpetuals: Mapping[str, Perpetual],
        weights: Weights,
        counts: OrderCounts,
    ) -> None:
        self._feed = feed
        self._perpetuals = perpetuals
        self._weights = weights
        self._counts = counts

    def table(self) -> dict[str, Call]:
        return {
            "ping": Call(lambda params, now: {}),
            "time": Call(lambda params, now: {"serverTime": now.unix_ms}),
            "exchangeInfo": Call(self._exchange_info),
            "depth": Call(self._depth, _depth_weight),
            "ticker.book": Call(self._book_ticker, lambda params: 2 if "symbol" in params else 5),
            "premiumIndex": Call(self._premium, lambda params: 1 if "symbol" in params else 10),
            "fundingInfo": Call(self._funding, 0),
            "fundingRate": Call(self._funding_rates, 0),
        }

    def symbol(self, params: Params) -> str:
        symbol = params.get("symbol")
        if not symbol:
            raise missing("symbol")
        if symbol not in self._perpetuals:
            raise BinanceError(*errors.UNKNOWN_SYMBOL)
        return symbol

    def _exchange_info(self, params: Params, now: Instant) -> object:
        listings = [perpetual.listing for perpetual in self._perpetuals.values()]
        return exchange_info(listings, now.unix_ms, self._weights.limit, self._counts.rows())

    def _depth(self, params: Params, now: Instant) -> object:
        symbol, limit = self.symbol(params), params.get("limit", "500")
        if not (limit.isascii() and limit.isdecimal() and len(limit) < 8) or int(limit) not in DEPTH_WEIGHTS:
            raise illegal("limit", ", ".join(map(str, DEPTH_WEIGHTS)))
        return self._feed.snapshot(symbol, int(limit), now.unix_ms)

    def _book_ticker(self, params: Params, now: Instant) -> object:
        if "symbol" in params:
            return self._feed.best(self.symbol(params)) | {"time": now.unix_ms}
        return [self._feed.best(symbol) | {"time": now.unix_ms} for symbol in self._perpetuals]

    def _premium(self, params: Params, now: Instant) -> object:
        if "symbol" in params:
            return _premium_row(self._perpetuals[self.symbol(params)], now)
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

    def _funding_rates(self, params: Params, now: Instant) -> object:
        """The last payment only: nothing older was simulated."""
        names = [self.symbol(params)] if "symbol" in params else list(self._perpetuals)
        rows = []
        for name in names:
            perpetual = self._perpetuals[name]
            perpetual.refresh(now)
            hours_ms = perpetual.interval_hours * 3_600_000
            rows.append(
                {
                    "symbol": name,
                    "fundingRate": f"{perpetual.rate:.8f}",
                    "fundingTime": perpetual.next_funding_ms(now.unix_ms) - hours_ms,
                    "markPrice": f"{perpetual.mark:.8f}",
                    "rateType": "Regular",
                }
            )
        return rows


def _depth_weight(params: Params) -> int:
    text = params.get("limit", "500")
    return DEPTH_WEIGHTS.get(int(text), 20) if text.isascii() and text.isdecimal() and len(text) < 8 else 1


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
