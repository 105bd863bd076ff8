"""Order entry of Binance spot: parameters and filters with the exchange's codes, then matching.

REST and WS-API give the same parameters, so both come through here.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from random import Random

from arb.simexchange import binance_errors as errors
from arb.simexchange.amounts import decimals_of, is_multiple, parse
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.binance_instruments import MAX_OPEN_ORDERS, PERCENT_DOWN, PERCENT_UP, STP_MODES
from arb.simexchange.instant import Instant
from arb.simexchange.matching import Matching
from arb.simexchange.order_store import LogEntry, OrderStore
from arb.simexchange.orders import Event, Order, Refusal, Status
from arb.simexchange.spec import BINANCE, Listing

CLIENT_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}\Z")
CLIENT_ID_TEXT = "^[a-zA-Z0-9-_]{1,36}$"
NUMBER_TEXT = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

Params = Mapping[str, str]


class BinanceOrders:
    """Places, cancels and finds orders. Every request to place or cancel is logged, refused ones too."""

    def __init__(self, matching: Matching, seed: int) -> None:
        self.store = OrderStore(first_id=12_510_053_000)
        self._matching = matching
        self._rng = Random(f"{seed}:binance:ids")

    @property
    def symbols(self) -> list[str]:
        return list(self._matching.books)

    def listing(self, params: Params) -> Listing:
        symbol = params.get("symbol")
        if not symbol:
            raise errors.missing("symbol")
        book = self._matching.books.get(symbol)
        if book is None:
            raise BinanceError(*errors.UNKNOWN_SYMBOL)
        return book.listing

    def place(self, params: Params, now: Instant) -> tuple[Order, list[Event]]:
        """An accepted order and all that happened to it at once, else BinanceError."""
        entry = self._log("place", params, params.get("newClientOrderId", ""), now)
        try:
            order = self._order(params, now)
            events = self._matching.place(order, now.unix_ms)
            if events is Refusal.INSUFFICIENT_BALANCE:
                raise BinanceError(*errors.INSUFFICIENT_BALANCE)
            if events is Refusal.WOULD_TAKE:
                raise BinanceError(*errors.WOULD_TAKE)
        except BinanceError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        assert isinstance(events, list)
        entry.order = order
        self.store.add(order)
        return order, events

    def check(self, params: Params, now: Instant) -> Order:
        """The order that `place` would try, without any trace of it."""
        return self._order(params, now)

    def cancel(self, params: Params, now: Instant) -> tuple[Order, Event, str]:
        """The order, its event and the id of the cancel."""
        entry = self._log("cancel", params, params.get("origClientOrderId", ""), now)
        try:
            self.listing(params)
            cancel_id = self._client_id(params)
            order = self._find(params)
            if order is None or not order.status.is_open:
                raise BinanceError(*errors.UNKNOWN_ORDER)
            _check_restriction(params, order)
        except BinanceError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        entry.order = order
        event = self._matching.cancel(order, now.unix_ms)
        self.store.settle(order)
        return order, event, cancel_id

    def query(self, params: Params) -> Order:
        self.listing(params)
        order = self._find(params)
        if order is None:
            raise BinanceError(*errors.NO_SUCH_ORDER)
        return order

    def _log(self, op: str, params: Params, client_id: str, now: Instant) -> LogEntry:
        entry = LogEntry(op, now.mono_ns, BINANCE, params.get("symbol", ""), client_id, 0, "", None)
        self.store.log.append(entry)
        return entry

    def _find(self, params: Params) -> Order | None:
        """By orderId, else by client id; both given must name the same order."""
        symbol, number, name = params["symbol"], params.get("orderId"), params.get("origClientOrderId")
        if not number and not name:
            raise errors.missing("orderId")
        if number and not (number.isascii() and number.isdecimal() and len(number) <= 20):
            raise errors.illegal("orderId", "^[0-9]{1,20}$")
        order = self.store.by_id(int(number)) if number else self.store.by_client_id(name or "")
        if order is None or order.listing.symbol != symbol or (number and name and order.client_id != name):
            return None
        return order

    def _client_id(self, params: Params) -> str:
        text = params.get("newClientOrderId")
        if text is None:
            return "".join(self._rng.choice(_ALPHABET) for _ in range(22))
        if not CLIENT_ID.match(text):
            raise errors.illegal("newClientOrderId", CLIENT_ID_TEXT)
        return text

    def _order(self, params: Params, now: Instant) -> Order:
        listing = self.listing(params)
        side, kind, tif = params.get("side"), params.get("type"), params.get("timeInForce")
        if not side:
            raise errors.missing("side")
        if side not in ("BUY", "SELL"):
            raise BinanceError(-1117, "Invalid side.")
        if not kind:
            raise errors.missing("type")
        if kind not in ("LIMIT", "MARKET", "LIMIT_MAKER"):
            raise BinanceError(-1116, "Invalid orderType.")
        if kind == "LIMIT":
            if not tif:
                raise errors.missing("timeInForce")
            if tif not in ("GTC", "IOC", "FOK"):
                raise BinanceError(-1115, "Invalid timeInForce.")
        elif tif:
            raise errors.not_required("timeInForce")
        if params.get("newOrderRespType", "FULL") not in ("ACK", "RESULT", "FULL"):
            raise BinanceError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
        price = None if kind == "MARKET" else self._price(params, listing)
        if kind == "MARKET" and "price" in params:
            raise errors.not_required("price")
        quote_qty = None
        if kind == "MARKET" and "quantity" not in params:
            quote_qty = _number(params, "quoteOrderQty")
        qty = self._qty(params, listing) if quote_qty is None else Decimal(0)
        self._check_notional(listing, price, qty, quote_qty)
        client_id = self._client_id(params)
        taken = self.store.by_client_id(client_id)
        if taken is not None and taken.status.is_open:
            raise BinanceError(*errors.DUPLICATE_ORDER)
        if len(self.store.open(listing.symbol)) >= MAX_OPEN_ORDERS:
            raise errors.filter_failure("MAX_NUM_ORDERS")
        tif = tif or "GTC"  # how the venue prints the others; matching never lets a market order rest
        return Order(
            self.store.next_id(),
            client_id,
            listing,
            side == "BUY",
            kind,
            tif,
            price,
            qty,
            now.unix_ms,
            quote_qty,
            stp=stp_mode(params, "NONE"),
        )

    def _price(self, params: Params, listing: Listing) -> Decimal:
        price = _number(params, "price")
        if price <= 0 or price > 1_000_000 or not is_multiple(price, listing.tick):
            raise errors.filter_failure("PRICE_FILTER")
        reference = self._reference(listing)
        if reference and not reference * PERCENT_DOWN <= price <= reference * PERCENT_UP:
            raise errors.filter_failure("PERCENT_PRICE_BY_SIDE")
        return price

    def _qty(self, params: Params, listing: Listing) -> Decimal:
        qty = _number(params, "quantity")
        if qty <= 0:
            raise BinanceError(-1013, "Invalid quantity.")
        if not listing.min_qty <= qty <= listing.max_qty or not is_multiple(qty, listing.lot):
            raise errors.filter_failure("LOT_SIZE")
        return qty

    def _check_notional(
        self, listing: Listing, price: Decimal | None, qty: Decimal, quote_qty: Decimal | None
    ) -> None:
        notional = quote_qty
        if notional is None:
            notional = (price or self._reference(listing)) * qty
        if notional < listing.min_notional:
            raise errors.filter_failure("NOTIONAL")

    def _reference(self, listing: Listing) -> Decimal:
        """Stands for the average price of the filters: the middle of the book."""
        book = self._matching.books[listing.symbol]
        bid, ask = book.best(True), book.best(False)
        return (bid[0] + ask[0]) / 2 if bid and ask else Decimal(0)


def stp_mode(params: Params, default: str) -> str:
    mode = params.get("selfTradePreventionMode", default)
    if mode not in STP_MODES:
        raise BinanceError(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
    return mode


def _check_restriction(params: Params, order: Order) -> None:
    wanted = params.get("cancelRestrictions")
    if wanted is None:
        return
    if wanted not in ("ONLY_NEW", "ONLY_PARTIALLY_FILLED"):
        raise BinanceError(-1130, "Data sent for parameter 'cancelRestrictions' is not valid.")
    if (wanted == "ONLY_NEW") != (order.status is Status.NEW):
        raise BinanceError(*errors.CANCEL_RESTRICTED)


def _number(params: Params, name: str) -> Decimal:
    text = params.get(name)
    if not text:
        raise errors.missing(name)
    value = parse(text)
    if value is None:
        raise errors.illegal(name, NUMBER_TEXT)
    if decimals_of(value) > 8:
        raise BinanceError(-1111, f"Parameter '{name}' has too much precision.")
    return value
