"""Mark price, index and funding of a perpetual, from its own book and the spot books of all venues."""

from collections.abc import Iterable
from decimal import Decimal

from arb.simexchange.amounts import ZERO
from arb.simexchange.book import Book
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.spec import Listing

HOUR_MS = 3_600_000
REFRESH_NS = 100 * MILLISECOND_NS
INTEREST = Decimal("0.0001")  # per interval of 8 h, as both venues have it
_CLAMP = Decimal("0.0005")
_SMOOTH = Decimal("0.02")  # share of a new reading: some five seconds at ten readings a second
_EIGHT = Decimal("1e-8")


class SpotIndex:
    """The mean of the middles of an asset's spot books, whoever's they are."""

    def __init__(self) -> None:
        self._books: dict[str, list[Book]] = {}

    def add(self, books: Iterable[Book]) -> None:
        for book in books:
            self._books.setdefault(book.listing.base, []).append(book)

    def price(self, base: str) -> Decimal | None:
        mids = [mid for book in self._books.get(base, ()) if (mid := middle(book)) is not None]
        return sum(mids, ZERO) / len(mids) if mids else None


class Perpetual:
    """One contract. Before the first `refresh` with quotes on both sides the prices are zero."""

    def __init__(self, book: Book, index: SpotIndex, interval_hours: int = 8) -> None:
        self.listing: Listing = book.listing
        self.interval_hours = interval_hours
        self.index = ZERO
        self.mark = ZERO
        self.rate = INTEREST
        self._book = book
        self._source = index
        self._premium: Decimal | None = None
        self._next_ns = 0

    def refresh(self, now: Instant) -> None:
        """Read the books, at most ten times a second."""
        if now.mono_ns < self._next_ns:
            return
        self._next_ns = now.mono_ns + REFRESH_NS
        mid, index = middle(self._book), self._source.price(self.listing.base)
        if mid is None:
            return
        if index is None:  # no spot book of it here
            index = mid
        premium = (mid - index) / index
        if self._premium is None:
            self._premium = premium
        self._premium = (self._premium + (premium - self._premium) * _SMOOTH).quantize(Decimal("1e-12"))
        self.index = index.quantize(_EIGHT)
        self.mark = (index * (1 + self._premium)).quantize(_EIGHT)
        # Premium plus the clamped difference to the interest: what both venues document.
        pull = min(max(INTEREST - self._premium, -_CLAMP), _CLAMP)
        share = Decimal(self.interval_hours) / 8
        self.rate = ((self._premium + pull) * share).quantize(_EIGHT)

    def next_funding_ms(self, now_ms: int) -> int:
        interval = self.interval_hours * HOUR_MS
        return (now_ms // interval + 1) * interval


def middle(book: Book) -> Decimal | None:
    bid, ask = book.best(True), book.best(False)
    return (bid[0] + ask[0]) / 2 if bid and ask else None
