"""Bybit's calls about orders, the same for REST and WebSocket: place, amend, cancel, batches, lists."""

from collections.abc import Callable, Mapping

from arb.simexchange import bybit_account_shapes as account_shapes
from arb.simexchange import bybit_shapes as shapes
from arb.simexchange.amounts import ZERO
from arb.simexchange.bybit_account_shapes import Funding
from arb.simexchange.bybit_errors import OK, RATE_LIMIT, Batch, BybitError, params_error
from arb.simexchange.bybit_ids import order_id
from arb.simexchange.bybit_orders import BybitOrders, Params
from arb.simexchange.bybit_params import Json, in_window, page
from arb.simexchange.instant import Instant
from arb.simexchange.orders import Event, Order
from arb.simexchange.rates import OrderWindow
from arb.simexchange.spec import LINEAR, SPOT, Fees

RECENT = 500  # closed orders that order/realtime still knows
MOST_IN_BATCH = {SPOT: 10, LINEAR: 20}


class BybitOrderCalls:
    """`announce(events, now)` takes what an order action did, for the private stream. `batch_window(op,
    category)` counts the orders of batches, apart from the single ones."""

    def __init__(
        self,
        orders: Mapping[str, BybitOrders],
        fees: Mapping[str, Fees],
        fundings: list[Funding],
        announce: Callable[[list[Event], Instant], None],
        batch_window: Callable[[str, str], OrderWindow],
    ) -> None:
        self._orders = orders
        self._fees = fees
        self._fundings = fundings
        self._announce = announce
        self._batch_window = batch_window

    def create(self, params: Params, now: Instant) -> object:
        order, events = self._of(params).create(params, now)
        self._announce(events, now)
        return _ids(order)

    def amend(self, params: Params, now: Instant) -> object:
        order, events = self._of(params).amend(params, now)
        self._announce(events, now)
        return _ids(order)

    def cancel(self, params: Params, now: Instant) -> object:
        order, event = self._of(params).cancel(params, now)
        self._announce([event], now)
        return _ids(order)

    def cancel_all(self, params: Params, now: Instant) -> object:
        orders = self._of(params)
        symbol = self._symbol(params, orders)
        rows = []
        for order in orders.store.open(symbol):
            one = {"symbol": order.listing.symbol, "orderId": order_id(order)}
            order, event = orders.cancel(one, now)
            self._announce([event], now)
            rows.append(_ids(order))
        return {"list": rows, "success": "1"}

    def batch(self, op: str, one: Callable[[Params, Instant], object]) -> Callable[[Params, Instant], object]:
        """The call that does `one` with each of its orders; those over the limit fail, the others pass."""

        def serve(params: Params, now: Instant) -> object:
            category = self._of(params).category
            requests = params.get("request")
            if not isinstance(requests, list) or not all(isinstance(item, dict) for item in requests):
                raise params_error("request is invalid.")
            if not 1 <= len(requests) <= MOST_IN_BATCH[category]:
                raise params_error(f"The number of orders must be 1 to {MOST_IN_BATCH[category]}.")
            window = self._batch_window(op, category)
            batch = Batch([], [])
            for request in requests:
                row: Json = {"category": category, "symbol": request.get("symbol", "")}
                try:
                    if not window.take(now):
                        raise BybitError(*RATE_LIMIT)
                    done = one({**request, "category": category}, now)
                    assert isinstance(done, dict)
                    batch.rows.append(row | done | {"createAt": str(now.unix_ms)})
                    batch.codes.append(OK)
                except BybitError as error:
                    name = request.get("orderLinkId", "")
                    batch.rows.append(row | {"orderId": "", "orderLinkId": name, "createAt": ""})
                    batch.codes.append((error.code, error.msg))
            return batch

        return serve

    def realtime(self, params: Params, now: Instant) -> object:
        """Open orders; with openOnly=1 the recent closed ones; by id both, openOnly is ignored then."""
        orders = self._of(params)
        symbol, store = self._symbol(params, orders), orders.store
        if params.get("orderId") or params.get("orderLinkId"):
            order = orders.find(params, symbol)
            known = order is not None and (order.status.is_open or store.is_recent(order, RECENT))
            rows = [order] if order is not None and known else []
        elif str(params.get("openOnly", "0")) == "0":
            rows = store.open(symbol)
        else:
            rows = [order for order in store.all(symbol) if not order.status.is_open][-RECENT:]
        return page(params, [shapes.order(order) for order in reversed(rows)])

    def history(self, params: Params, now: Instant) -> object:
        orders = self._of(params)
        symbol = orders.listing(params).symbol if params.get("symbol") else None
        if params.get("orderId") or params.get("orderLinkId"):
            order = orders.find(params, symbol)
            rows = [order] if order is not None else []
        else:
            rows = [order for order in orders.store.all(symbol) if in_window(params, order.created_ms)]
        rows = [order for order in rows if not order.status.is_open]
        return page(params, [shapes.order(order) for order in reversed(rows)])

    def executions(self, params: Params, now: Instant) -> object:
        """The latest first: trades, and of linear the funding payments."""
        orders = self._of(params)
        symbol = orders.listing(params).symbol if params.get("symbol") else None
        fees, kind = self._fees[orders.category], params.get("execType")
        found: list[tuple[int, Json]] = []
        for order, fill in orders.store.fills(symbol):
            rate = fees.maker if fill.is_maker else fees.taker
            left = order.left if order.status.is_open else ZERO
            row = shapes.execution(order, fill, rate, left, fill.trade_id)
            found.append((fill.unix_ms, row))
        if orders.category == LINEAR:
            for item in self._fundings:
                if symbol in (None, item.listing.symbol):
                    found.append((item.unix_ms, account_shapes.funding(item, item.number)))
        found.sort(key=lambda entry: entry[0], reverse=True)
        wanted = {name: params[name] for name in ("orderId", "orderLinkId") if params.get(name)}
        rows = [
            row
            for stamp, row in found
            if in_window(params, stamp)
            and (not kind or row["execType"] == kind)
            and all(row[name] == value for name, value in wanted.items())
        ]
        return page(params, rows, most=100)

    def _of(self, params: Params) -> BybitOrders:
        orders = self._orders.get(str(params.get("category")))
        if orders is None:
            raise params_error("category is invalid")
        return orders

    def _symbol(self, params: Params, orders: BybitOrders) -> str | None:
        """Linear wants to be told which orders are meant, spot means all of them."""
        if params.get("symbol"):
            return orders.listing(params).symbol
        if orders.category == LINEAR:
            by_id = params.get("orderId") or params.get("orderLinkId")
            if not by_id and not params.get("settleCoin") and not params.get("baseCoin"):
                raise params_error("symbol, settleCoin or baseCoin is required")
            base = params.get("baseCoin")
            if base:
                books = orders.matching.books.values()
                return next((book.listing.symbol for book in books if book.listing.base == base), "")
        return None


def _ids(order: Order) -> Json:
    return {"orderId": order_id(order), "orderLinkId": order.client_id}
