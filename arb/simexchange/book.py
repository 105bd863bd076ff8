"""A venue's order book in Decimal: displayed size by price, an id a change, changes since the last push."""

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from arb.simexchange.amounts import ZERO
from arb.simexchange.sorted_levels import SortedLevels, sorted_decimals
from arb.simexchange.spec import Listing

Level = tuple[Decimal, Decimal]
View = dict[Decimal, Decimal]
MEMORY = 600  # steps of the market that can be taken back


class Pending:
    """The levels touched since the last depth push of one speed, and the id of that push."""

    __slots__ = ("asks", "bids", "last_id")

    def __init__(self, last_id: int) -> None:
        self.last_id = last_id
        self.bids: set[Decimal] = set()
        self.asks: set[Decimal] = set()


class Book:
    """Displayed liquidity, the account's own resting orders included (`own`: how much of a level that is).

    Every change of a level takes the next id: Binance prints ranges of them (U, u), Bybit the last one (seq).
    """

    def __init__(self, listing: Listing, first_id: int) -> None:
        self.listing = listing
        self.last_id = first_id
        self.bids: SortedLevels[Decimal, Decimal] = sorted_decimals()
        self.asks: SortedLevels[Decimal, Decimal] = sorted_decimals()
        self.own: dict[tuple[bool, Decimal], Decimal] = {}
        self._pending: list[Pending] = []
        self._undo: deque[tuple[int, bool, Decimal, Decimal]] = deque()  # (id, side, price, size before)
        self._marks: deque[int] = deque([first_id], maxlen=MEMORY)

    def track(self) -> Pending:
        """A new collector of changes, filled until its owner calls `restart`."""
        pending = Pending(self.last_id)
        self._pending.append(pending)
        return pending

    def untrack(self, pending: Pending) -> None:
        self._pending.remove(pending)

    def mark(self) -> None:
        """The end of a step of the market; what is older than the memory is forgotten."""
        self._marks.append(self.last_id)
        while self._undo and self._undo[0][0] <= self._marks[0]:
            self._undo.popleft()

    @property
    def oldest_id(self) -> int:
        """From here on `at` knows the book."""
        return self._marks[0]

    def id_ago(self, steps: int) -> int:
        """The id at the end of the step so many steps ago, or of the oldest one known."""
        return self._marks[max(0, len(self._marks) - 1 - steps)]

    def at(self, book_id: int, count: int) -> tuple[View, View]:
        """The `count` best bids and asks as they were at an id that `id_ago` still gives."""
        bids, asks = ({price: levels[price] for price in levels} for levels in (self.bids, self.asks))
        for changed_id, is_bid, price, before in reversed(self._undo):
            if changed_id <= book_id:
                break
            levels = bids if is_bid else asks
            if before:
                levels[price] = before
            else:
                levels.pop(price, None)
        return _best(bids, sorted(bids, reverse=True), count), _best(asks, sorted(asks), count)

    def restart(self, pending: Pending) -> None:
        pending.last_id = self.last_id
        pending.bids.clear()
        pending.asks.clear()

    def side(self, is_bid: bool) -> SortedLevels[Decimal, Decimal]:
        return self.bids if is_bid else self.asks

    def set(self, is_bid: bool, price: Decimal, qty: Decimal) -> None:
        """The displayed size of a level; 0 deletes. If it is that already no id is used."""
        levels = self.bids if is_bid else self.asks
        before = levels.get(price, ZERO)
        if before == qty:
            return
        if qty:
            levels[price] = qty
        else:
            del levels[price]
        self.last_id += 1
        self._undo.append((self.last_id, is_bid, price, before))
        for pending in self._pending:
            (pending.bids if is_bid else pending.asks).add(price)

    def set_background(self, is_bid: bool, price: Decimal, qty: Decimal) -> None:
        """Size of the level without the account's own orders."""
        self.set(is_bid, price, qty + self.own.get((is_bid, price), ZERO) if self.own else qty)

    def background(self, is_bid: bool, price: Decimal) -> Decimal:
        return self.side(is_bid).get(price, ZERO) - self.own.get((is_bid, price), ZERO)

    def add_own(self, is_bid: bool, price: Decimal, qty: Decimal) -> None:
        """Show (qty > 0) or withdraw (qty < 0) the account's own size at a price."""
        own = self.own.get((is_bid, price), ZERO) + qty
        if own:
            self.own[(is_bid, price)] = own
        else:
            del self.own[(is_bid, price)]
        self.set(is_bid, price, self.side(is_bid).get(price, ZERO) + qty)

    def best(self, is_bid: bool) -> Level | None:
        levels = self.bids if is_bid else self.asks
        return levels.peekitem(-1 if is_bid else 0) if len(levels) else None

    def prices(self, is_bid: bool) -> Iterator[Decimal]:
        """Best first."""
        return reversed(self.bids) if is_bid else iter(self.asks)

    def top(self, is_bid: bool, count: int) -> dict[Decimal, Decimal]:
        """The `count` best levels, best first."""
        levels = self.bids if is_bid else self.asks
        return {price: levels[price] for price in islice(self.prices(is_bid), count)}


def _best(levels: View, prices: Iterable[Decimal], count: int) -> View:
    return {price: levels[price] for price in islice(prices, count)}
