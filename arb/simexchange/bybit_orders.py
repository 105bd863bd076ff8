"""Order entry of one Bybit market: parameters and filters with the exchange's codes, then matching.

An answer means accepted, no more: what happened to the order comes on the private stream. The rules of the
markets are in bybit_spot_orders.py and bybit_linear_orders.py.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.amounts import ZERO, is_multiple, parse
from arb.simexchange.bybit_errors import BybitError, Words, params_error
from arb.simexchange.bybit_ids import order_number
from arb.simexchange.instant import Instant
from arb.simexchange.matching import Matching
from arb.simexchange.order_store import LogEntry, OrderStore
from arb.simexchange.orders import Event, Order, Refusal, Status
from arb.simexchange.spec import BYBIT, Listing

CLIENT_ID = re.compile(r"[A-Za-z0-9_\-]{1,36}\Z")
PRICE_BAND = Decimal("0.05")  # riskParameters.priceLimitRatioX of the instruments
CONDITIONAL = ("triggerPrice", "takeProfit", "stopLoss", "bboSideType")
RACE_MS = 3  # a resting order filled no longer ago takes a cancel: it crossed the fill on its way
STP_MODES: Mapping[str, str] = {
    "None": "NONE",
    "CancelMaker": "EXPIRE_MAKER",
    "CancelTaker": "EXPIRE_TAKER",
    "CancelBoth": "EXPIRE_BOTH",
}

Params = Mapping[str, object]


class BybitOrders:
    """Places, amends, cancels and finds orders. Every such request is logged, refused ones too."""

    def __init__(self, category: str, words: Words, matching: Matching, first_id: int) -> None:
        self.category = category
        self.words = words
        self.store = OrderStore(first_id)
        self.matching = matching

    def listing(self, params: Params) -> Listing:
        book = self.matching.books.get(str(params.get("symbol", "")))
        if book is None:
            raise BybitError(*self.words.unknown_symbol)
        return book.listing

    def create(self, params: Params, now: Instant) -> tuple[Order, list[Event]]:
        entry = self._log("place", params, now)
        try:
            order = self._order(params, now)
            events = self.matching.place(order, now.unix_ms)
            if events is Refusal.INSUFFICIENT_BALANCE:
                raise BybitError(*self.words.no_funds)
        except BybitError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        if not isinstance(events, list):  # a post-only order that would take is accepted, then cancelled
            events = [_rejected(order, now)]
        entry.order = order
        self.store.add(order)
        return order, events

    def amend(self, params: Params, now: Instant) -> tuple[Order, list[Event]]:
        """Another price or quantity for an open order, or both."""
        entry = self._log("amend", params, now)
        try:
            order = self._open_order(params)
            assert order.price is not None
            price = self._price(params, order.listing, order.is_buy, now) if _has(params, "price") else None
            qty = self._whole_lots(params, order.listing) if _has(params, "qty") else None
            price, qty = price or order.price, qty or order.qty
            if (price, qty) == (order.price, order.qty):
                raise BybitError(*self.words.not_amended)
            if qty <= order.filled:
                raise BybitError(*self.words.too_small)
            if not order.reduce_only and price * qty < order.listing.min_notional:
                raise BybitError(*self.words.least_value)
            events = self.matching.amend(order, price, qty, now.unix_ms)
            if events is Refusal.INSUFFICIENT_BALANCE:
                raise BybitError(*self.words.no_funds)
        except BybitError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        if not isinstance(events, list):
            self.matching.cancel(order, now.unix_ms)
            events = [_rejected(order, now)]
        entry.order = order
        self.store.settle(order)
        return order, events

    def cancel(self, params: Params, now: Instant) -> tuple[Order, Event]:
        entry = self._log("cancel", params, now)
        try:
            order = self.find(params, self.listing(params).symbol)
            if order is not None and _races(order, now):
                entry.order = order
                return order, _event("late cancel", order, now)
            order = self._open_order(params)
        except BybitError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        entry.order = order
        event = self.matching.cancel(order, now.unix_ms)
        self.store.settle(order)
        return order, event

    def find(self, params: Params, symbol: str | None = None) -> Order | None:
        """By orderId, which wins, or by orderLinkId."""
        number, name = str(params.get("orderId") or ""), str(params.get("orderLinkId") or "")
        if not number and not name:
            raise params_error("OrderId or orderLinkId is required")
        order = None
        if number:
            known = order_number(number)
            order = None if known is None else self.store.by_id(known)
        else:
            order = self.store.by_client_id(name)
        if order is None or symbol not in (None, order.listing.symbol):
            return None
        return order

    def _open_order(self, params: Params) -> Order:
        order = self.find(params, self.listing(params).symbol)
        if order is None:
            raise BybitError(*self.words.no_such_order)
        if not order.status.is_open:
            is_filled = order.status is Status.FILLED
            raise BybitError(*(self.words.filled if is_filled else self.words.canceled))
        return order

    def _log(self, op: str, params: Params, now: Instant) -> LogEntry:
        symbol, client_id = str(params.get("symbol", "")), str(params.get("orderLinkId") or "")
        entry = LogEntry(op, now.mono_ns, BYBIT, symbol, client_id, 0, "", None, self.category)
        self.store.log.append(entry)
        return entry

    def _order(self, params: Params, now: Instant) -> Order:
        listing = self.listing(params)
        side, order_type = params.get("side"), params.get("orderType")
        if side not in ("Buy", "Sell"):
            raise BybitError(*self.words.bad_side)
        if order_type not in ("Limit", "Market"):
            raise BybitError(*self.words.bad_type)
        is_buy, is_market = side == "Buy", order_type == "Market"
        tif = str(params.get("timeInForce") or ("IOC" if is_market else "GTC"))
        if tif not in ("GTC", "IOC", "FOK", "PostOnly"):
            raise BybitError(*self.words.bad_tif)
        stp = STP_MODES.get(str(params.get("smpType") or "None"))
        if stp is None:
            raise params_error("smpType invalid.")
        client_id = str(params.get("orderLinkId") or "")
        if client_id and not CLIENT_ID.match(client_id):
            raise params_error("orderLinkId is illegal.")
        for name in CONDITIONAL:
            if _has(params, name):  # placed as a plain order it would be a lie
                raise params_error(f"{name} is not simulated.")
        price = None if is_market else self._price(params, listing, is_buy, now)
        reduces = self._check(params, listing, is_buy)
        qty, quote_qty = self._quantity(params, listing, is_buy, price, reduces=reduces)
        if client_id and self.store.by_client_id(client_id) is not None:
            raise BybitError(*self.words.duplicate)
        if self._is_full(listing):
            raise BybitError(*self.words.too_many)
        kind = "MARKET" if is_market else "LIMIT_MAKER" if tif == "PostOnly" else "LIMIT"
        order_id = self.store.next_id()
        return Order(
            order_id,
            client_id or self._default_client_id(order_id),
            listing,
            is_buy,
            kind,
            "GTC" if kind == "LIMIT_MAKER" else "IOC" if is_market and tif == "GTC" else tif,
            price,
            qty,
            now.unix_ms,
            quote_qty=quote_qty,
            reduce_only=reduces,
            stp=stp,
        )

    def _price(self, params: Params, listing: Listing, is_buy: bool, now: Instant) -> Decimal:
        price = parse(params.get("price"))
        if price is None:
            raise params_error("price invalid.")
        if not is_multiple(price, listing.tick):
            raise BybitError(*self.words.off_tick)
        if price < listing.tick:
            raise BybitError(*self.words.too_low)
        # The venue limits how far a buy may be above and a sell below the market.
        reference = self._reference(listing, now)
        if is_buy and reference and price > reference * (1 + PRICE_BAND):
            raise BybitError(*self.words.too_high)
        if not is_buy and price < reference * (1 - PRICE_BAND):
            raise BybitError(*self.words.too_low)
        return price

    def _whole_lots(self, params: Params, listing: Listing) -> Decimal:
        qty = self._positive(params)
        if not is_multiple(qty, listing.lot):
            raise BybitError(*self.words.off_lot)
        if qty > listing.max_qty:
            raise BybitError(*self.words.too_large)
        return qty

    @staticmethod
    def _positive(params: Params) -> Decimal:
        qty = parse(params.get("qty"))
        if qty is None or qty <= 0:
            raise params_error("qty invalid.")
        return qty

    def _quantity(
        self, params: Params, listing: Listing, is_buy: bool, price: Decimal | None, *, reduces: bool
    ) -> tuple[Decimal, Decimal | None]:
        """Quantity in base, or zero and the amount in quote."""
        raise NotImplementedError

    def _check(self, params: Params, listing: Listing, is_buy: bool) -> bool:
        """What only this market has; is the order reduce-only?"""
        raise NotImplementedError

    def _reference(self, listing: Listing, now: Instant) -> Decimal:
        """The price that limits are about, 0 while there is none."""
        raise NotImplementedError

    def _is_full(self, listing: Listing) -> bool:
        raise NotImplementedError

    def _default_client_id(self, order_id: int) -> str:
        raise NotImplementedError


def middle_or_zero(matching: Matching, listing: Listing) -> Decimal:
    book = matching.books[listing.symbol]
    bid, ask = book.best(True), book.best(False)
    return (bid[0] + ask[0]) / 2 if bid and ask else ZERO


def _has(params: Params, name: str) -> bool:
    return params.get(name) not in (None, "")


def _races(order: Order, now: Instant) -> bool:
    return (
        order.status is Status.FILLED
        and order.fills[-1].is_maker
        and now.unix_ms - order.fills[-1].unix_ms < RACE_MS
    )


def _rejected(order: Order, now: Instant) -> Event:
    order.status, order.updated_ms = Status.REJECTED, now.unix_ms
    return _event("rejected", order, now)


def _event(what: str, order: Order, now: Instant) -> Event:
    return Event(what, order, order.status, order.filled, order.filled_quote, None, now.unix_ms)
