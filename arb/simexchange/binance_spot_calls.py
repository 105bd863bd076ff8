"""What Binance spot does for a client, call by call, for REST and WebSocket alike."""

from collections.abc import Callable

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange import binance_shapes as shapes
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Call, Need, Params
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.binance_instruments import exchange_info
from arb.simexchange.binance_matching import BinanceMatching
from arb.simexchange.binance_orders import BinanceOrders
from arb.simexchange.binance_params import DAY_MS, flag, integer, limited, window
from arb.simexchange.instant import Instant
from arb.simexchange.orders import Event
from arb.simexchange.spec import Fees
from arb.simexchange.weights import Weights

MOST_DEPTH = 5_000
_TOO_LONG = (-1127, "More than 24 hours between startTime and endTime.")
Announce = Callable[[list[Event], Instant, str], None]


class SpotCalls:
    """`announce(events, now, cancel_id)` takes what an order action did, for the private stream."""

    def __init__(
        self,
        orders: BinanceOrders,
        matching: BinanceMatching,
        feed: BinanceFeed,
        fees: Fees,
        counts: OrderCounts,
        weights: Weights,
        announce: Announce,
    ) -> None:
        self._orders = orders
        self._matching = matching
        self._feed = feed
        self._fees = fees
        self._counts = counts
        self._weights = weights
        self._announce = announce

    def table(self) -> dict[str, Call]:
        """The calls under their WS-API names; those REST alone has are named alike."""
        read, trade = Need.READ, Need.TRADE
        return {
            "ping": Call(lambda params, now: {}),
            "time": Call(lambda params, now: {"serverTime": now.unix_ms}),
            "exchangeInfo": Call(self._exchange_info, 20),
            "depth": Call(self._depth, _depth_weight),
            "ticker.book": Call(self._book_ticker, lambda params: 2 if "symbol" in params else 4),
            "account.status": Call(self._account_status, 20, read),
            "account.commission": Call(self._commission, 20, read),
            "account.rateLimits.orders": Call(lambda params, now: self._counts.rows(now), 40, read),
            "order.place": Call(self._place, 1, trade, is_free=True, order="place"),
            "order.test": Call(self._test, lambda params: 20 if _wants_rates(params) else 1, trade),
            "order.cancel": Call(self._cancel, 1, trade, is_free=True, order="cancel"),
            "openOrders.cancelAll": Call(self._cancel_all, 1, trade, is_free=True, order="cancel"),
            "order.status": Call(self._query, 4, read, order="query"),
            "openOrders.status": Call(
                self._open_orders, lambda params: 6 if "symbol" in params else 80, read, order="query"
            ),
            "allOrders": Call(self._all_orders, 20, read, order="query"),
            "myTrades": Call(
                self._my_trades, lambda params: 5 if "orderId" in params else 20, read, order="query"
            ),
        }

    @property
    def _fee_asset(self) -> str | None:
        third = self._matching.fee_asset
        return None if third is None else third.asset

    def _exchange_info(self, params: Params, now: Instant) -> object:
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
        return exchange_info(listings, now.unix_ms, self._weights.limit, self._counts.rows())

    def _depth(self, params: Params, now: Instant) -> bytes:
        symbol = self._orders.listing(params).symbol
        limit = integer(params, "limit", 100)
        if not 1 <= limit <= MOST_DEPTH:
            raise errors.illegal("limit", "^[0-9]{1,20}$")
        return self._feed.snapshot(symbol, limit, now.unix_ms)

    def _book_ticker(self, params: Params, now: Instant) -> object:
        if "symbol" in params:
            return self._feed.best(self._orders.listing(params).symbol)
        return [self._feed.best(symbol) for symbol in self._orders.symbols]

    def _account_status(self, params: Params, now: Instant) -> object:
        omit = flag(params, "omitZeroBalances", False)
        return shapes.account(self._matching.account, self._fees, now.unix_ms, omit)

    def _commission(self, params: Params, now: Instant) -> object:
        return shapes.commission(self._orders.listing(params).symbol, self._fees, self._fee_asset)

    def _query(self, params: Params, now: Instant) -> object:
        return shapes.queried_order(self._orders.query(params))

    def _open_orders(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol if "symbol" in params else None
        return [shapes.queried_order(order) for order in self._orders.store.open(symbol)]

    def _all_orders(self, params: Params, now: Instant) -> object:
        orders = self._orders.store.all(self._orders.listing(params).symbol)
        start, end = window(params, DAY_MS, _TOO_LONG)
        if "orderId" in params:
            first = integer(params, "orderId", 0)
            orders = [order for order in orders if order.order_id >= first]
        else:
            orders = [order for order in orders if start <= order.created_ms <= end]
        return [shapes.queried_order(order) for order in limited(params, orders)]

    def _my_trades(self, params: Params, now: Instant) -> object:
        pairs = self._orders.store.fills(self._orders.listing(params).symbol)
        start, end = window(params, DAY_MS, _TOO_LONG)
        if "orderId" in params:
            wanted = integer(params, "orderId", 0)
            pairs = [pair for pair in pairs if pair[0].order_id == wanted]
        if "fromId" in params:
            first = integer(params, "fromId", 0)
            pairs = [pair for pair in pairs if pair[1].trade_id >= first]
        pairs = [pair for pair in pairs if start <= pair[1].unix_ms <= end]
        return [shapes.my_trade(order, fill) for order, fill in limited(params, pairs)]

    def _test(self, params: Params, now: Instant) -> object:
        self._orders.check(params, now)
        return shapes.tested_order(self._fees, self._fee_asset) if _wants_rates(params) else {}

    def _place(self, params: Params, now: Instant) -> object:
        self._counts.take(now)
        try:
            order, events = self._orders.place(params, now)
        except BinanceError:
            self._counts.give_back()
            raise
        default = "ACK" if order.kind == "LIMIT_MAKER" else "FULL"
        # Printed before anybody else hears of it: the events settle the order's state, not this answer.
        body = orjson.dumps(shapes.new_order(order, params.get("newOrderRespType", default), now.unix_ms))
        self._announce(events, now, "")
        return body

    def _cancel(self, params: Params, now: Instant) -> object:
        order, event, cancel_id = self._orders.cancel(params, now)
        self._announce([event], now, cancel_id)
        return shapes.canceled_order(order, cancel_id, now.unix_ms)

    def _cancel_all(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol
        orders = self._orders.store.open(symbol)
        if not orders:
            raise BinanceError(*errors.UNKNOWN_ORDER)
        answers = []
        for order in orders:
            one = {"symbol": symbol, "orderId": str(order.order_id)}
            order, event, cancel_id = self._orders.cancel(one, now)
            self._announce([event], now, cancel_id)
            answers.append(shapes.canceled_order(order, cancel_id, now.unix_ms))
        return answers


def _wants_rates(params: Params) -> bool:
    return params.get("computeCommissionRates") == "true"


def _depth_weight(params: Params) -> int:
    text = params.get("limit", "100")
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250
