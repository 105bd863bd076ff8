"""Matching against displayed liquidity: what an order takes leaves the book and shows in the next push.

No I/O and no clock. The background comes from the generated market and is hit first at each price; the
account's own resting orders are filled when the background crosses them or, in a self-trade, by the account
itself.
"""

from collections.abc import Callable, Iterable
from decimal import ROUND_DOWN, Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO
from arb.simexchange.book import Book
from arb.simexchange.ladder import BID, Change
from arb.simexchange.orders import Event, Fill, Order, Refusal, Status, Trade
from arb.simexchange.spec import Fees


class Matching:
    """The matching engine of one venue's spot market, with the one account there."""

    def __init__(
        self, books: Iterable[Book], account: Account, fees: Fees, round_fee: Callable[[Decimal], Decimal]
    ) -> None:
        self.books = {book.listing.symbol: book for book in books}
        self.account = account
        self.trades: list[Trade] = []  # public trades since the venue took them
        self.fraction: Decimal | None = None  # a fault: of an order at most this part is matched
        self._fees = fees
        self._round_fee = round_fee
        self._resting: dict[str, list[Order]] = {symbol: [] for symbol in self.books}
        self._trade_ids = {symbol: 1_000_000 * (n + 1) for n, symbol in enumerate(self.books)}

    def place(self, order: Order, now_ms: int) -> list[Event] | Refusal:
        """Accept and match `order`; a refusal leaves no trace. `order` has passed the venue's filters."""
        book = self.books[order.listing.symbol]
        if order.quote_qty is not None:
            order.qty = self._affordable(book, order.quote_qty)
        if order.kind == "LIMIT_MAKER" and self._reach(book, order, order.qty):
            return Refusal.WOULD_TAKE
        needed = self._cost(book, order)
        if self._lacks_funds(order, needed):
            return Refusal.INSUFFICIENT_BALANCE
        self._lock(order, needed)
        order.updated_ms = now_ms
        events = [self._event("new", order, now_ms)]
        if order.tif != "FOK" or self._reach(book, order, order.qty) >= order.qty:
            events += self._take(book, order, now_ms)
        return events + self._rest(book, order, now_ms)

    def amend(self, order: Order, price: Decimal, qty: Decimal, now_ms: int) -> list[Event] | Refusal:
        """Another price or total quantity for an open order, which is matched anew with what is left, and
        keeps its place in the queue where only the quantity shrinks. A refusal leaves it as it was."""
        assert order.status.is_open
        assert order.price is not None
        assert qty > order.filled
        symbol, before = order.listing.symbol, (order.price, order.qty, order.locked)
        book, queue = self.books[symbol], self._resting[symbol]
        place = queue.index(order)
        stays = price == order.price and qty <= order.qty
        book.add_own(order.is_buy, order.price, -order.left)
        del queue[place]
        self._unlock(order)
        order.price, order.qty = price, qty
        needed = self._cost(book, order)
        refusal = None
        if order.kind == "LIMIT_MAKER" and self._reach(book, order, order.left):
            refusal = Refusal.WOULD_TAKE
        elif self._lacks_funds(order, needed):
            refusal = Refusal.INSUFFICIENT_BALANCE
        if refusal is not None:
            order.price, order.qty, needed = before
        self._lock(order, needed)
        if refusal is not None or stays:
            assert order.price is not None
            queue.insert(place, order)
            book.add_own(order.is_buy, order.price, order.left)
            if refusal is not None:
                return refusal
        order.updated_ms = now_ms
        events = [self._event("amended", order, now_ms)]
        if not stays:
            events += self._take(book, order, now_ms)
            events += self._rest(book, order, now_ms)
        return events

    def _rest(self, book: Book, order: Order, now_ms: int) -> list[Event]:
        """What is left after taking: into the book, or its end."""
        is_cut = self.fraction is not None and order.filled > 0
        if order.status is Status.PREVENTED:
            return []
        if order.left and order.tif == "GTC" and order.price is not None and not is_cut:
            self._resting[order.listing.symbol].append(order)
            book.add_own(order.is_buy, order.price, order.left)
        elif order.left:
            return [self._close(order, Status.EXPIRED, "expired", now_ms)]
        return []

    def cancel(self, order: Order, now_ms: int) -> Event:
        """Withdraw an open order."""
        assert order.status.is_open
        assert order.price is not None
        self._resting[order.listing.symbol].remove(order)
        self.books[order.listing.symbol].add_own(order.is_buy, order.price, -order.left)
        return self._close(order, Status.CANCELED, "canceled", now_ms)

    def move_background(
        self, symbol: str, changes: Iterable[Change], trades: Iterable[Change], now_ms: int
    ) -> list[Event]:
        """One step of the generated market; own orders it crosses are filled at their price."""
        book = self.books[symbol]
        tick, lot = book.listing.tick, book.listing.lot
        events: list[Event] = []
        # Deletions first: the old quotes of one side leave before the new ones of the other side arrive.
        ordered = sorted(changes, key=lambda change: change[2] != 0)
        for side, ticks, lots in ordered:
            price, qty = tick * ticks, lot * lots
            is_bid = side == BID
            if qty and self._resting[symbol]:
                qty -= self._hit_resting(book, not is_bid, price, qty, events, now_ms)
            book.set_background(is_bid, price, qty)
        for side, ticks, lots in trades:
            self._print(book, tick * ticks, lot * lots, side != BID, now_ms)
        return events

    def _affordable(self, book: Book, quote: Decimal) -> Decimal:
        """Whole lots that `quote` buys, walking the asks."""
        lot = book.listing.lot
        qty = ZERO
        for price in book.prices(False):
            level = book.asks[price]
            take = min(level, (quote / price).quantize(lot, rounding=ROUND_DOWN))
            qty += take
            quote -= take * price
            if take < level:
                break
        return qty

    def _reach(self, book: Book, order: Order, enough: Decimal) -> Decimal:
        """Quantity displayed within the order's price, up to the first level that makes it `enough`."""
        levels = book.side(not order.is_buy)
        total = ZERO
        for price in book.prices(not order.is_buy):
            if not _within(order, price) or total >= enough:
                break
            total += levels[price]
        return total

    def _lacks_funds(self, order: Order, needed: Decimal) -> bool:
        return self._available(order.pays) < needed

    def _available(self, asset: str) -> Decimal:
        return self.account.free.get(asset, ZERO)

    def _lock(self, order: Order, amount: Decimal) -> None:
        if order.price is not None and amount:
            self.account.lock(order.pays, amount)
            order.locked = amount

    def _unlock(self, order: Order) -> None:
        if order.locked:
            self.account.unlock(order.pays, order.locked)
            order.locked = ZERO

    def _cost(self, book: Book, order: Order) -> Decimal:
        if not order.is_buy:
            return order.left
        if order.price is not None:
            return order.price * order.left
        left, cost = order.left, ZERO
        for price in book.prices(False):
            take = min(left, book.asks[price])
            cost += take * price
            left -= take
            if not left:
                break
        return cost

    def _take(self, book: Book, order: Order, now_ms: int) -> list[Event]:
        events: list[Event] = []
        spare = ZERO
        if self.fraction is not None:
            spare = order.qty - (order.qty * self.fraction).quantize(book.listing.lot, rounding=ROUND_DOWN)
        while order.left > spare:
            best = book.best(not order.is_buy)
            if best is None or not _within(order, best[0]):
                break
            price = best[0]
            background = book.background(not order.is_buy, price)
            if background > 0:
                qty = min(order.left - spare, background)
                book.set(not order.is_buy, price, best[1] - qty)
                trade_id = self._print(book, price, qty, order.is_buy, now_ms)
                events.append(self._fill(order, trade_id, price, qty, False, now_ms))
            else:
                maker = next(
                    other
                    for other in self._resting[order.listing.symbol]
                    if other.is_buy != order.is_buy and other.price == price
                )
                if order.stp != "NONE":
                    events += self._prevent(book, order, maker, now_ms)
                    if order.status is Status.PREVENTED:
                        break
                    continue
                qty = min(order.left - spare, maker.left)
                trade_id = self._print(book, price, qty, order.is_buy, now_ms)
                events.append(self._fill_resting(book, maker, trade_id, qty, now_ms))
                events.append(self._fill(order, trade_id, price, qty, False, now_ms))
        return events

    def _hit_resting(
        self, book: Book, is_bid: bool, price: Decimal, qty: Decimal, events: list[Event], now_ms: int
    ) -> Decimal:
        """Fill own orders on side `is_bid` that arriving background at `price` crosses; how much it spent."""
        spent = ZERO
        crossed = [
            order
            for order in self._resting[book.listing.symbol]
            if order.is_buy == is_bid
            and order.price is not None
            and (order.price >= price if is_bid else order.price <= price)
        ]
        crossed.sort(
            key=lambda order: order.price or ZERO, reverse=is_bid
        )  # stable: time priority in a level
        for order in crossed:
            take = min(order.left, qty - spent)
            if not take:
                break
            assert order.price is not None
            trade_id = self._print(book, order.price, take, not is_bid, now_ms)
            events.append(self._fill_resting(book, order, trade_id, take, now_ms))
            spent += take
        return spent

    def _prevent(self, book: Book, taker: Order, maker: Order, now_ms: int) -> list[Event]:
        """Two orders of the account would trade with each other: which of them ends is the taker's choice."""
        events = []
        if taker.stp != "EXPIRE_TAKER":
            assert maker.price is not None
            self._resting[book.listing.symbol].remove(maker)
            book.add_own(maker.is_buy, maker.price, -maker.left)
            events.append(self._close(maker, Status.PREVENTED, "prevented", now_ms))
        if taker.stp != "EXPIRE_MAKER":
            events.append(self._close(taker, Status.PREVENTED, "prevented", now_ms))
        return events

    def _fill_resting(self, book: Book, order: Order, trade_id: int, qty: Decimal, now_ms: int) -> Event:
        assert order.price is not None
        book.add_own(order.is_buy, order.price, -qty)
        event = self._fill(order, trade_id, order.price, qty, True, now_ms)
        if not order.left:
            self._resting[book.listing.symbol].remove(order)
        return event

    def _fill(
        self, order: Order, trade_id: int, price: Decimal, qty: Decimal, is_maker: bool, now_ms: int
    ) -> Event:
        quote = price * qty
        paid, got = (quote, qty) if order.is_buy else (qty, quote)
        fee = self._round_fee(got * (self._fees.maker if is_maker else self._fees.taker))
        if order.price is not None:
            released = order.price * qty if order.is_buy else qty
            self.account.unlock(order.pays, released)
            order.locked -= released
        self.account.exchange((order.pays, paid), (order.gets, got), fee)
        fill = Fill(trade_id, price, qty, fee, order.gets, is_maker, now_ms)
        order.fills.append(fill)
        order.filled += qty
        order.filled_quote += quote
        order.status = Status.PARTIALLY_FILLED if order.left else Status.FILLED
        order.updated_ms = now_ms
        return self._event("trade", order, now_ms, fill)

    def _close(self, order: Order, status: Status, what: str, now_ms: int) -> Event:
        self._unlock(order)
        order.status = status
        order.updated_ms = now_ms
        return self._event(what, order, now_ms)

    def _print(self, book: Book, price: Decimal, qty: Decimal, taker_buys: bool, now_ms: int) -> int:
        symbol = book.listing.symbol
        self._trade_ids[symbol] += 1
        self.trades.append(Trade(book.listing, self._trade_ids[symbol], price, qty, taker_buys, now_ms))
        return self._trade_ids[symbol]

    @staticmethod
    def _event(what: str, order: Order, now_ms: int, fill: Fill | None = None) -> Event:
        return Event(what, order, order.status, order.filled, order.filled_quote, fill, now_ms)


def _within(order: Order, price: Decimal) -> bool:
    if order.price is None:
        return True
    return price <= order.price if order.is_buy else price >= order.price
