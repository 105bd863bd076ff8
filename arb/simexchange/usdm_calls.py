"""What Binance USD-M does with orders, call by call, for REST and WebSocket alike."""

from collections.abc import Callable

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange import usdm_shapes as shapes
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Call, Need, Params
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.binance_params import DAY_MS, integer, limited, window
from arb.simexchange.instant import Instant
from arb.simexchange.orders import Event
from arb.simexchange.usdm_orders import UsdmOrders

MOST_IN_BATCH = 5
_TOO_LONG = (-4165, "Invalid time interval, maximum interval is 7 days.")
_DONE = {"code": 200, "msg": "The operation of cancel all open order is done."}
Announce = Callable[[list[Event], Instant], None]


class UsdmOrderCalls:
    """`announce(events, now)` takes what an order action did, for the private stream."""

    def __init__(self, orders: UsdmOrders, counts: OrderCounts, announce: Announce) -> None:
        self._orders = orders
        self._counts = counts
        self._announce = announce
        self._countdowns: dict[str, int] = {}  # symbol -> when all its orders are cancelled, unix ms

    def table(self) -> dict[str, Call]:
        read, trade = Need.READ, Need.TRADE
        return {
            "order.place": Call(self._place, 0, trade, order="place"),
            "order.test": Call(self._test, 1, trade),
            "batchOrders": Call(self._batch, 5, trade, order="place"),
            "order.cancel": Call(self._cancel, 1, trade, order="cancel"),
            "allOpenOrders.cancel": Call(self._cancel_all, 1, trade, order="cancel"),
            "countdownCancelAll": Call(self._countdown, 10, trade),
            "order.status": Call(self._query, 1, read, order="query"),
            "openOrder": Call(self._open_order, 1, read, order="query"),
            "openOrders": Call(
                self._open_orders, lambda params: 1 if "symbol" in params else 40, read, order="query"
            ),
            "allOrders": Call(self._all_orders, 5, read, order="query"),
            "userTrades": Call(self._user_trades, 5, read, order="query"),
            "rateLimit.order": Call(lambda params, now: self._counts.rows(), 1, read),
        }

    def advance(self, now: Instant) -> None:
        """Cancel what a countdown that nobody renewed was for."""
        for symbol in [name for name, due_ms in self._countdowns.items() if now.unix_ms >= due_ms]:
            del self._countdowns[symbol]
            self._withdraw_all(symbol, now)

    def _place(self, params: Params, now: Instant) -> bytes:
        self._counts.take(now)
        order, events = self._orders.place(params, now)
        body = orjson.dumps(shapes.new_order(order, params.get("newOrderRespType", "ACK")))
        self._announce(events, now)
        return body

    def _test(self, params: Params, now: Instant) -> object:
        order = self._orders.check(params, now)
        return shapes.new_order(order, "ACK")

    def _batch(self, params: Params, now: Instant) -> object:
        try:
            rows = orjson.loads(params.get("batchOrders", ""))
        except orjson.JSONDecodeError:
            raise errors.missing("batchOrders") from None
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_IN_BATCH:
            raise BinanceError(-4082, "Invalid number of batch place orders.")
        answers: list[object] = []
        for row in rows:
            fields = row if isinstance(row, dict) else {}
            try:
                answers.append(
                    orjson.Fragment(self._place({name: str(value) for name, value in fields.items()}, now))
                )
            except BinanceError as error:
                answers.append({"code": error.code, "msg": error.msg})
        return answers

    def _cancel(self, params: Params, now: Instant) -> object:
        order, event = self._orders.cancel(params, now)
        self._announce([event], now)
        return shapes.canceled_order(order)

    def _cancel_all(self, params: Params, now: Instant) -> object:
        self._withdraw_all(self._orders.listing(params).symbol, now)
        return _DONE

    def _withdraw_all(self, symbol: str, now: Instant) -> None:
        for order in self._orders.store.open(symbol):
            self._announce([self._orders.withdraw(order, now)], now)

    def _countdown(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol
        if "countdownTime" not in params:
            raise errors.missing("countdownTime")
        left = integer(params, "countdownTime", 0)
        self._countdowns.pop(symbol, None)
        if left:
            self._countdowns[symbol] = now.unix_ms + left
        return {"symbol": symbol, "countdownTime": str(left)}

    def _query(self, params: Params, now: Instant) -> object:
        return shapes.queried_order(self._orders.query(params))

    def _open_order(self, params: Params, now: Instant) -> object:
        order = self._orders.query(params)
        if not order.status.is_open:
            raise BinanceError(*errors.NO_SUCH_ORDER)
        return shapes.queried_order(order)

    def _open_orders(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol if "symbol" in params else None
        return [shapes.queried_order(order) for order in self._orders.store.open(symbol)]

    def _all_orders(self, params: Params, now: Instant) -> object:
        orders = self._orders.store.all(self._orders.listing(params).symbol)
        start, end = window(params, 7 * DAY_MS, _TOO_LONG)
        if "orderId" in params:
            first = integer(params, "orderId", 0)
            orders = [order for order in orders if order.order_id >= first]
        else:
            orders = [order for order in orders if start <= order.created_ms <= end]
        return [shapes.queried_order(order) for order in limited(params, orders)]

    def _user_trades(self, params: Params, now: Instant) -> object:
        pairs = self._orders.store.fills(self._orders.listing(params).symbol)
        start, end = window(params, 7 * DAY_MS, _TOO_LONG)
        if "orderId" in params:
            wanted = integer(params, "orderId", 0)
            pairs = [pair for pair in pairs if pair[0].order_id == wanted]
        if "fromId" in params:
            if "startTime" in params or "endTime" in params:
                raise BinanceError(-1106, "Parameter 'fromId' sent when not required.")
            first = integer(params, "fromId", 0)
            pairs = [pair for pair in pairs if pair[1].trade_id >= first]
        pairs = [pair for pair in pairs if start <= pair[1].unix_ms <= end]
        return [shapes.user_trade(order, fill) for order, fill in limited(params, pairs)]
