"""Order entry of Bybit spot: parameters and filters with the exchange's codes, then matching.

An answer means accepted, no more: what happened to the order comes on the private stream.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange import bybit_errors as errors
from arb.simexchange.amounts import is_multiple, parse
from arb.simexchange.bybit_errors import BybitError, params_error
from arb.simexchange.instant import Instant
from arb.simexchange.matching import Matching
from arb.simexchange.order_store import LogEntry, OrderStore
from arb.simexchange.orders import Event, Order, Refusal, Status
from arb.simexchange.spec import BYBIT, SPOT, Listing

CLIENT_ID = re.compile(r"[A-Za-z0-9_\-]{1,36}\Z")
MAX_OPEN_ORDERS = 500
PRICE_BAND = Decimal("0.05")  # riskParameters.priceLimitRatioX of the instruments

Params = Mapping[str, object]


class BybitOrders:
    """Places, cancels and finds orders. Every request to place or cancel is logged, refused ones too."""

    def __init__(self, matching: Matching) -> None:
        self.store = OrderStore(first_id=1_321_003_749_386_327_000)
        self._matching = matching

    def listing(self, params: Params) -> Listing:
        if params.get("category") != SPOT:
            raise params_error("Only the category spot takes orders here.")
        book = self._matching.books.get(str(params.get("symbol", "")))
        if book is None:
            raise BybitError(*errors.INVALID_SYMBOL)
        return book.listing

    def create(self, params: Params, now: Instant) -> tuple[Order, list[Event]]:
        entry = self._log("place", params, now)
        try:
            order = self._order(params, now)
            events = self._matching.place(order, now.unix_ms)
            if events is Refusal.INSUFFICIENT_BALANCE:
                raise BybitError(*errors.INSUFFICIENT_BALANCE)
        except BybitError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        if not isinstance(events, list):  # a post-only order that would take is accepted, then cancelled
            order.status, order.updated_ms = Status.REJECTED, now.unix_ms
            events = [
                Event("rejected", order, order.status, order.filled, order.filled_quote, None, now.unix_ms)
            ]
        entry.order = order
        self.store.add(order)
        return order, events

    def cancel(self, params: Params, now: Instant) -> tuple[Order, Event]:
        entry = self._log("cancel", params, now)
        try:
            order = self.find(params, self.listing(params).symbol)
            if order is None:
                raise BybitError(*errors.NO_SUCH_ORDER)
            if not order.status.is_open:
                filled = order.status is Status.FILLED
                raise BybitError(*(errors.ORDER_FILLED if filled else errors.ORDER_CANCELED))
        except BybitError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        entry.order = order
        event = self._matching.cancel(order, now.unix_ms)
        self.store.settle(order)
        return order, event

    def find(self, params: Params, symbol: str | None = None) -> Order | None:
        """By orderId, which wins, or by orderLinkId."""
        number, name = str(params.get("orderId") or ""), str(params.get("orderLinkId") or "")
        if not number and not name:
            raise params_error("OrderId or orderLinkId is required")
        order = None
        if number:
            order = self.store.by_id(int(number)) if number.isdecimal() else None
        else:
            order = self.store.by_client_id(name)
        if order is None or symbol not in (None, order.listing.symbol):
            return None
        return order

    def _log(self, op: str, params: Params, now: Instant) -> LogEntry:
        symbol, client_id = str(params.get("symbol", "")), str(params.get("orderLinkId") or "")
        entry = LogEntry(op, now.mono_ns, BYBIT, symbol, client_id, 0, "", None)
        self.store.log.append(entry)
        return entry

    def _order(self, params: Params, now: Instant) -> Order:
        listing = self.listing(params)
        side, order_type = params.get("side"), params.get("orderType")
        if side not in ("Buy", "Sell"):
            raise BybitError(*errors.BAD_SIDE)
        if order_type not in ("Limit", "Market"):
            raise BybitError(*errors.BAD_TYPE)
        is_market = order_type == "Market"
        tif = str(params.get("timeInForce") or ("IOC" if is_market else "GTC"))
        if tif not in ("GTC", "IOC", "FOK", "PostOnly"):
            raise BybitError(*errors.BAD_TIF)
        client_id = str(params.get("orderLinkId") or "")
        if client_id and not CLIENT_ID.match(client_id):
            raise params_error("orderLinkId is illegal.")
        qty = parse(params.get("qty"))
        if qty is None or qty <= 0:
            raise params_error("qty invalid.")
        price = None if is_market else self._price(params, listing)
        # A market buy counts in quote unless told otherwise.
        in_quote = is_market and side == "Buy" and params.get("marketUnit") != "baseCoin"
        if in_quote:
            if not is_multiple(qty, listing.tick * listing.lot):
                raise BybitError(*errors.AMOUNT_TOO_LONG)
            notional = qty
        else:
            if not is_multiple(qty, listing.lot):
                raise BybitError(*errors.QTY_TOO_LONG)
            if qty > listing.max_qty:
                raise BybitError(*errors.QTY_TOO_LARGE)
            notional = qty * (price or self._reference(listing))
        # The minimum quantity of spot is deprecated: the minimum amount rules.
        if notional < listing.min_notional:
            raise BybitError(*errors.VALUE_TOO_SMALL)
        if client_id and self.store.by_client_id(client_id) is not None:
            raise BybitError(*errors.DUPLICATE_ORDER)
        if len(self.store.open()) >= MAX_OPEN_ORDERS:
            raise BybitError(*errors.TOO_MANY_ORDERS)
        order_id = self.store.next_id()
        kind = "MARKET" if is_market else "LIMIT_MAKER" if tif == "PostOnly" else "LIMIT"
        return Order(
            order_id,
            client_id or str(order_id),
            listing,
            side == "Buy",
            kind,
            "GTC" if kind == "LIMIT_MAKER" else tif,
            price,
            Decimal(0) if in_quote else qty,
            now.unix_ms,
            quote_qty=qty if in_quote else None,
        )

    def _price(self, params: Params, listing: Listing) -> Decimal:
        price = parse(params.get("price"))
        if price is None:
            raise params_error("price invalid.")
        if not is_multiple(price, listing.tick):
            raise BybitError(*errors.PRICE_TOO_LONG)
        if price < listing.tick:
            raise BybitError(*errors.PRICE_TOO_LOW)
        # The venue limits how far a buy may be above and a sell below the market.
        reference = self._reference(listing)
        if params.get("side") == "Buy" and reference and price > reference * (1 + PRICE_BAND):
            raise BybitError(*errors.PRICE_TOO_HIGH)
        if params.get("side") == "Sell" and price < reference * (1 - PRICE_BAND):
            raise BybitError(*errors.PRICE_TOO_LOW)
        return price

    def _reference(self, listing: Listing) -> Decimal:
        book = self._matching.books[listing.symbol]
        bid, ask = book.best(True), book.best(False)
        return (bid[0] + ask[0]) / 2 if bid and ask else Decimal(0)
