"""Order entry of Binance USD-M: parameters and filters with the exchange's codes, then matching.

A post-only order (GTX) is LIMIT_MAKER to matching; its prints say LIMIT and GTX again.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from random import Random

from arb.simexchange import binance_errors as errors
from arb.simexchange.amounts import ZERO, decimals_of, is_multiple, parse
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.binance_orders import stp_mode
from arb.simexchange.binance_params import flag
from arb.simexchange.book import Book
from arb.simexchange.instant import Instant
from arb.simexchange.matching import Matching
from arb.simexchange.order_store import LogEntry, OrderStore
from arb.simexchange.orders import Event, Order, Refusal
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.spec import BINANCE, USDM, Listing
from arb.simexchange.usdm_instruments import MAX_OPEN_ORDERS, MULTIPLIER_DOWN, MULTIPLIER_UP, price_precision
from arb.simexchange.usdm_wallet import UsdmWallet

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}\Z")
CLIENT_ID_TEXT = "^[\\.A-Z\\:/a-z0-9_-]{1,36}$"
NUMBER_TEXT = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
ALGO_KINDS = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_UP, _DOWN = Decimal(MULTIPLIER_UP), Decimal(MULTIPLIER_DOWN)

Params = Mapping[str, str]


class UsdmOrders:
    """Places, cancels and finds orders. Every request to place or cancel is logged, refused ones too.

    `is_hedge` is the account's position mode: orders must name a side then, and no side otherwise.
    """

    def __init__(
        self, matching: Matching, wallet: UsdmWallet, perpetuals: Mapping[str, Perpetual], seed: int
    ) -> None:
        self.store = OrderStore(first_id=8_886_770_000)
        self.is_hedge = False
        self._matching = matching
        self._wallet = wallet
        self._perpetuals = perpetuals
        self._rng = Random(f"{seed}:usdm:ids")

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
            if isinstance(events, Refusal):
                raise BinanceError(*_REFUSALS[events])
        except BinanceError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        entry.order = order
        self.store.add(order)
        return order, events

    def check(self, params: Params, now: Instant) -> Order:
        """The order that `place` would try, without any trace of it."""
        return self._order(params, now)

    def cancel(self, params: Params, now: Instant) -> tuple[Order, Event]:
        entry = self._log("cancel", params, params.get("origClientOrderId", ""), now)
        try:
            self.listing(params)
            order = self.find(params)
            if order is None or not order.status.is_open:
                raise BinanceError(*errors.UNKNOWN_ORDER)
        except BinanceError as error:
            entry.code, entry.message = error.code, error.msg
            raise
        entry.order = order
        return order, self.withdraw(order, now)

    def withdraw(self, order: Order, now: Instant) -> Event:
        """Cancel an open order, whoever wants it."""
        event = self._matching.cancel(order, now.unix_ms)
        self.store.settle(order)
        return event

    def query(self, params: Params) -> Order:
        self.listing(params)
        order = self.find(params)
        if order is None:
            raise BinanceError(*errors.NO_SUCH_ORDER)
        return order

    def find(self, params: Params) -> Order | None:
        """By orderId, else by client id."""
        symbol, number, name = params["symbol"], params.get("orderId"), params.get("origClientOrderId")
        if not number and not name:
            raise errors.missing("orderId")
        if number and not (number.isascii() and number.isdecimal() and len(number) <= 20):
            raise errors.illegal("orderId", "^[0-9]{1,20}$")
        order = self.store.by_id(int(number)) if number else self.store.by_client_id(name or "")
        return order if order is not None and order.listing.symbol == symbol else None

    def _log(self, op: str, params: Params, client_id: str, now: Instant) -> LogEntry:
        entry = LogEntry(op, now.mono_ns, BINANCE, params.get("symbol", ""), client_id, 0, "", None, USDM)
        self.store.log.append(entry)
        return entry

    def _order(self, params: Params, now: Instant) -> Order:
        listing = self.listing(params)
        book, perpetual = self._matching.books[listing.symbol], self._perpetuals[listing.symbol]
        perpetual.refresh(now)
        side, kind, tif = params.get("side"), params.get("type"), params.get("timeInForce")
        if not side:
            raise errors.missing("side")
        if side not in ("BUY", "SELL"):
            raise BinanceError(-1117, "Invalid side.")
        if not kind:
            raise errors.missing("type")
        if kind in ALGO_KINDS:
            raise BinanceError(*errors.ALGO_ONLY)
        if kind not in ("LIMIT", "MARKET"):
            raise BinanceError(-1116, "Invalid orderType.")
        if kind == "LIMIT":
            if not tif:
                raise errors.missing("timeInForce")
            if tif not in ("GTC", "IOC", "FOK", "GTX"):
                raise BinanceError(-1115, "Invalid timeInForce.")
        elif tif:
            raise errors.not_required("timeInForce")
        if params.get("newOrderRespType", "ACK") not in ("ACK", "RESULT"):
            raise BinanceError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
        if params.get("priceMatch", "NONE") != "NONE":
            raise BinanceError(-1130, "Data sent for parameter 'priceMatch' is not valid.")
        is_reducing = self._check_position_side(params)
        qty = self._qty(params, listing)
        is_buy = side == "BUY"
        price = None
        if kind == "LIMIT":
            price = self._price(params, listing, is_buy, perpetual.mark)
        elif "price" in params:
            raise errors.not_required("price")
        if not is_reducing and (price or perpetual.mark) * qty < listing.min_notional:
            text = f"Order's notional must be no smaller than {listing.min_notional:f}"
            raise BinanceError(-4164, f"{text} (unless you choose reduce only).")
        if is_reducing:
            self._check_reducible(listing, is_buy)
        client_id = self._client_id(params)
        taken = self.store.by_client_id(client_id)
        if taken is not None and taken.status.is_open:
            raise BinanceError(*errors.DUPLICATE_CLIENT_ID)
        if len(self.store.open(listing.symbol)) >= MAX_OPEN_ORDERS:
            raise BinanceError(*errors.TOO_MANY_OPEN_ORDERS)
        if kind == "MARKET":
            self._check_touch(book, is_buy, perpetual.mark)
        if tif == "FOK" and price is not None and _displayed(book, is_buy, price, qty) < qty:
            raise BinanceError(*errors.FOK_REJECTED)
        return Order(
            self.store.next_id(),
            client_id,
            listing,
            is_buy,
            "LIMIT_MAKER" if tif == "GTX" else kind,
            "GTC" if tif in (None, "GTX") else tif,
            price,
            qty,
            now.unix_ms,
            reduce_only=is_reducing,
            stp=stp_mode(params, "EXPIRE_MAKER"),
        )

    def _check_position_side(self, params: Params) -> bool:
        """Is the order reduce-only? In hedge mode orders must name a side, and then may not be."""
        position_side = params.get("positionSide", "BOTH")
        if position_side not in ("BOTH", "LONG", "SHORT"):
            raise BinanceError(-1130, "Data sent for parameter 'positionSide' is not valid.")
        if self.is_hedge != (position_side != "BOTH"):
            raise BinanceError(*errors.WRONG_POSITION_SIDE)
        if self.is_hedge and "reduceOnly" in params:
            raise BinanceError(*errors.REDUCE_ONLY_IN_HEDGE)
        if self.is_hedge:  # two positions a symbol are not simulated, and netting them would be a lie
            raise BinanceError(-1014, "Unsupported order combination.")
        return flag(params, "reduceOnly", False)

    def _check_reducible(self, listing: Listing, is_buy: bool) -> None:
        held = self._wallet.positions[listing.symbol].qty
        if not held or (held > 0) == is_buy:
            raise BinanceError(*errors.REDUCE_ONLY_REJECTED)

    def _client_id(self, params: Params) -> str:
        text = params.get("newClientOrderId")
        if text is None:
            return "".join(self._rng.choice(_ALPHABET) for _ in range(22))
        if not CLIENT_ID.match(text):
            raise errors.illegal("newClientOrderId", CLIENT_ID_TEXT)
        return text

    def _price(self, params: Params, listing: Listing, is_buy: bool, mark: Decimal) -> Decimal:
        price = _number(params, "price", price_precision(listing))
        if price <= 0:
            raise BinanceError(*errors.PRICE_BELOW_ZERO)
        if not is_multiple(price, listing.tick):
            raise BinanceError(*errors.PRICE_OFF_TICK)
        if mark and is_buy and price > mark * _UP:
            highest = (mark * _UP).quantize(listing.tick, rounding=ROUND_DOWN)
            raise BinanceError(-4016, f"Limit price can't be higher than {highest:f}.")
        if mark and not is_buy and price < mark * _DOWN:
            lowest = (mark * _DOWN).quantize(listing.tick, rounding=ROUND_UP)
            raise BinanceError(-4024, f"Limit price can't be lower than {lowest:f}.")
        return price

    @staticmethod
    def _qty(params: Params, listing: Listing) -> Decimal:
        qty = _number(params, "quantity", decimals_of(listing.lot))
        if qty <= 0:
            raise BinanceError(*errors.QTY_BELOW_ZERO)
        if qty < listing.min_qty:
            raise BinanceError(*errors.QTY_TOO_SMALL)
        if qty > listing.max_qty:
            raise BinanceError(*errors.QTY_TOO_LARGE)
        if not is_multiple(qty, listing.lot):
            raise BinanceError(*errors.QTY_OFF_STEP)
        return qty

    @staticmethod
    def _check_touch(book: Book, is_buy: bool, mark: Decimal) -> None:
        best = book.best(not is_buy)
        if best is None or not mark:
            raise BinanceError(*errors.MARKET_PRICE_BAND)
        if (is_buy and best[0] > mark * _UP) or (not is_buy and best[0] < mark * _DOWN):
            raise BinanceError(*errors.MARKET_PRICE_BAND)


_REFUSALS: Mapping[Refusal, tuple[int, str]] = {
    Refusal.INSUFFICIENT_BALANCE: errors.MARGIN_INSUFFICIENT,
    Refusal.WOULD_TAKE: errors.GTX_REJECTED,
}


def _displayed(book: Book, is_buy: bool, price: Decimal, enough: Decimal) -> Decimal:
    """Quantity that a buyer or seller finds within `price`, up to the first level that makes it `enough`."""
    levels, total = book.side(not is_buy), ZERO
    for level in book.prices(not is_buy):
        if (level > price if is_buy else level < price) or total >= enough:
            break
        total += levels[level]
    return total


def _number(params: Params, name: str, most_decimals: int) -> Decimal:
    text = params.get(name)
    if not text:
        raise errors.missing(name)
    value = parse(text)
    if value is None:
        raise errors.illegal(name, NUMBER_TEXT)
    if decimals_of(value) > most_decimals:
        raise BinanceError(-1111, "Precision is over the maximum defined for this asset.")
    return value
