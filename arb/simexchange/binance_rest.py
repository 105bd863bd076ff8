"""Binance REST: routes, weights and headers. What they do is in binance_orders and binance_feed."""

from collections.abc import Callable
from typing import TypeVar

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange import binance_shapes as shapes
from arb.simexchange.account import Account
from arb.simexchange.binance_auth import params_of, signed_params
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.binance_instruments import RATE_LIMITS, exchange_info
from arb.simexchange.binance_orders import BinanceOrders
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request, Response
from arb.simexchange.orders import Event, Order
from arb.simexchange.rates import FixedWindow
from arb.simexchange.spec import Credentials, Fees
from arb.simexchange.weights import Weights

T = TypeVar("T")
Params = dict[str, str]
Handler = Callable[[Params, Instant], bytes]
ORDER_LIMIT_10S = 100
DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000, 5000)


class BinanceRest:
    """`announce(events, now, cancel_id)` takes what an order action did, for the private stream."""

    def __init__(
        self,
        orders: BinanceOrders,
        account: Account,
        feed: BinanceFeed,
        fees: Fees,
        credentials: Credentials,
        announce: Callable[[list[Event], Instant, str], None],
        limits: Weights,
    ) -> None:
        self._orders = orders
        self._account = account
        self._feed = feed
        self._fees = fees
        self._credentials = credentials
        self._announce = announce
        self._limits = limits
        self._orders_10s = FixedWindow(10)
        self._orders_1d = FixedWindow(86_400)
        # (method, path) -> (weight, signed, handler); placing and cancelling cost nothing when they succeed
        self._routes: dict[tuple[str, str], tuple[int, bool, Handler]] = {
            ("GET", "/api/v3/ping"): (1, False, lambda params, now: b"{}"),
            ("GET", "/api/v3/time"): (1, False, lambda params, now: _json({"serverTime": now.unix_ms})),
            ("GET", "/api/v3/exchangeInfo"): (20, False, self._exchange_info),
            ("GET", "/api/v3/depth"): (5, False, self._depth),
            ("GET", "/api/v3/ticker/bookTicker"): (2, False, self._book_ticker),
            ("GET", "/api/v3/account"): (20, True, self._get_account),
            ("GET", "/api/v3/account/commission"): (20, True, self._commission),
            ("GET", "/api/v3/order"): (4, True, self._query),
            ("GET", "/api/v3/openOrders"): (6, True, self._open_orders),
            ("GET", "/api/v3/allOrders"): (20, True, self._all_orders),
            ("GET", "/api/v3/myTrades"): (20, True, self._my_trades),
            ("GET", "/api/v3/rateLimit/order"): (40, True, self._rate_limit_order),
            ("POST", "/api/v3/order"): (1, True, self._place),
            ("DELETE", "/api/v3/order"): (1, True, self._cancel),
            ("DELETE", "/api/v3/openOrders"): (1, True, self._cancel_all),
        }

    def handle(self, request: Request, now: Instant) -> Response:
        route = self._routes.get((request.method, request.path))
        if route is None:
            return Response(404, b"<html><body>404 Not found</body></html>", {"Content-Type": "text/html"})
        weight, is_signed, handler = route
        # Orders and cancels cost nothing when they succeed.
        is_order = is_signed and weight == 1
        refusal = self._limits.take(request.peer, 0 if is_order else weight + _extra(request), now)
        if refusal is not None:
            return refusal
        try:
            if is_signed:
                params = signed_params(request, self._credentials, now.unix_ms)
            else:
                params = params_of(request)
            body, status = handler(params, now), 200
        except BinanceError as error:
            body, status = error.body(), error.status
            if is_order:
                self._limits.add(request.peer, 1, now)
        return Response(status, body, self._headers(request, now))

    def _headers(self, request: Request, now: Instant) -> dict[str, str]:
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._limits.used(request.peer, now))}
        if request.method == "POST":
            headers["X-MBX-ORDER-COUNT-10S"] = str(self._orders_10s.count(now))
            headers["X-MBX-ORDER-COUNT-1D"] = str(self._orders_1d.count(now))
        return headers

    def _exchange_info(self, params: Params, now: Instant) -> bytes:
        names = list(self._orders.symbols)
        if "symbol" in params:
            names = [params["symbol"]]
        elif "symbols" in params:
            try:
                names = orjson.loads(params["symbols"])
            except orjson.JSONDecodeError:
                names = []
            if not isinstance(names, list) or not names:
                raise errors.illegal(
                    "symbols", '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$'
                )
        listings = [self._orders.listing({"symbol": str(name)}) for name in names]
        return _json(exchange_info(listings, now.unix_ms, self._limits.limit))

    def _depth(self, params: Params, now: Instant) -> bytes:
        symbol = self._orders.listing(params).symbol
        text = params.get("limit", "100")
        if not text.isdecimal() or not 1 <= int(text) <= DEPTH_LIMITS[-1]:
            raise errors.illegal("limit", "^[0-9]{1,20}$")
        return self._feed.snapshot(symbol, int(text), now.unix_ms)

    def _book_ticker(self, params: Params, now: Instant) -> bytes:
        if "symbol" in params:
            return _json(self._feed.best(self._orders.listing(params).symbol))
        return _json([self._feed.best(symbol) for symbol in self._orders.symbols])

    def _get_account(self, params: Params, now: Instant) -> bytes:
        omit = params.get("omitZeroBalances") == "true"
        return _json(shapes.account(self._account, self._fees, now.unix_ms, omit))

    def _commission(self, params: Params, now: Instant) -> bytes:
        return _json(shapes.commission(self._orders.listing(params).symbol, self._fees))

    def _query(self, params: Params, now: Instant) -> bytes:
        return _json(shapes.queried_order(self._orders.query(params)))

    def _open_orders(self, params: Params, now: Instant) -> bytes:
        symbol = self._orders.listing(params).symbol if "symbol" in params else None
        return _json([shapes.queried_order(order) for order in self._orders.store.open(symbol)])

    def _all_orders(self, params: Params, now: Instant) -> bytes:
        orders = self._orders.store.all(self._orders.listing(params).symbol)
        if "orderId" in params:
            orders = [order for order in orders if order.order_id >= _integer(params, "orderId", 0)]
        else:
            orders = [order for order in orders if _in_window(params, order.created_ms)]
        return _json([shapes.queried_order(order) for order in _limited(params, orders)])

    def _my_trades(self, params: Params, now: Instant) -> bytes:
        pairs = self._orders.store.fills(self._orders.listing(params).symbol)
        if "orderId" in params:
            pairs = [pair for pair in pairs if pair[0].order_id == _integer(params, "orderId", 0)]
        if "fromId" in params:
            pairs = [pair for pair in pairs if pair[1].trade_id >= _integer(params, "fromId", 0)]
        pairs = [pair for pair in pairs if _in_window(params, pair[1].unix_ms)]
        return _json([shapes.my_trade(order, fill) for order, fill in _limited(params, pairs)])

    def _rate_limit_order(self, params: Params, now: Instant) -> bytes:
        counts = (self._orders_10s.count(now), self._orders_1d.count(now))
        limits = [limit for limit in RATE_LIMITS if limit["rateLimitType"] == "ORDERS"]
        return _json([limit | {"count": count} for limit, count in zip(limits, counts, strict=True)])

    def _place(self, params: Params, now: Instant) -> bytes:
        if self._orders_10s.count(now) >= ORDER_LIMIT_10S:
            text = f"Too many new orders; current limit is {ORDER_LIMIT_10S} orders per 10 SECOND."
            raise BinanceError(-1015, text, 429)
        order, events = self._orders.place(params, now)
        if not order.filled:  # a fill gives the count back
            self._orders_10s.add(now, 1)
            self._orders_1d.add(now, 1)
        body = _json(shapes.new_order(order, params.get("newOrderRespType", "FULL"), now.unix_ms))
        self._announce(events, now, "")
        return body

    def _cancel(self, params: Params, now: Instant) -> bytes:
        order, event, cancel_id = self._orders.cancel(params, now)
        self._announce([event], now, cancel_id)
        return _json(shapes.canceled_order(order, cancel_id, now.unix_ms))

    def _cancel_all(self, params: Params, now: Instant) -> bytes:
        symbol = self._orders.listing(params).symbol
        orders: list[Order] = self._orders.store.open(symbol)
        if not orders:
            raise BinanceError(*errors.UNKNOWN_ORDER)
        answers = []
        for order in orders:
            one = {"symbol": symbol, "orderId": str(order.order_id)}
            order, event, cancel_id = self._orders.cancel(one, now)
            self._announce([event], now, cancel_id)
            answers.append(shapes.canceled_order(order, cancel_id, now.unix_ms))
        return _json(answers)


def _extra(request: Request) -> int:
    """The weight of a request above that of its route."""
    if request.path == "/api/v3/depth":
        text = params_of(request).get("limit", "100")
        limit = int(text) if text.isdecimal() else 0
        return 0 if limit <= 100 else 20 if limit <= 500 else 45 if limit <= 1000 else 245
    if request.path == "/api/v3/openOrders" and "symbol" not in params_of(request):
        return 74
    return 0


def _json(value: object) -> bytes:
    return orjson.dumps(value)


def _integer(params: Params, name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal():
        raise errors.illegal(name, "^[0-9]{1,20}$")
    return int(text)


def _in_window(params: Params, stamp_ms: int) -> bool:
    return _integer(params, "startTime", 0) <= stamp_ms <= _integer(params, "endTime", 1 << 62)


def _limited(params: Params, rows: list[T]) -> list[T]:
    """From a starting point the oldest rows, else the newest ones."""
    limit = min(1000, _integer(params, "limit", 500))
    starts = "fromId" in params or "orderId" in params or "startTime" in params
    return rows[:limit] if starts else rows[-limit:]
