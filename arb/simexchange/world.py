"""Both venues and the market that moves them, by one clock, without I/O; server and tests drive it alike."""

from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.amounts import ZERO
from arb.simexchange.binance_venue import BinanceVenue
from arb.simexchange.book import Book
from arb.simexchange.bybit_venue import BybitVenue
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.market import HASHED_STEPS, Market, PricePath
from arb.simexchange.matching import Matching
from arb.simexchange.messages import Message
from arb.simexchange.order_store import LogEntry, OrderStore
from arb.simexchange.perpetual import SpotIndex
from arb.simexchange.spec import SPOT, WorldSpec

# After a stall the market goes on from where it stood instead of rushing through what was missed.
MOST_STEPS = 20


class World:
    """`advance(now)` moves the market to `now` and returns the messages that are due."""

    def __init__(self, spec: WorldSpec, start: Instant, paths: Mapping[str, PricePath] | None = None) -> None:
        self.spec = spec
        self.market = Market(spec.seed, spec.listings, spec.market, paths)
        index = SpotIndex()
        self.binance = BinanceVenue(spec, index)
        self.bybit = BybitVenue(spec, index)
        self.venues: dict[str, BinanceVenue | BybitVenue] = {"binance": self.binance, "bybit": self.bybit}
        self._books = [
            book
            for venue in self.venues.values()
            for books in venue.books.values()
            for book in books.values()
        ]
        self.skew_ns = dict.fromkeys(self.venues, 0)  # how far each venue's clock is off
        self._step_ns = spec.market.step_ms * MILLISECOND_NS
        self._next_step_ns = start.mono_ns
        self._step(start)  # so that the first client finds books

    def advance(self, now: Instant) -> list[Message]:
        behind = (now.mono_ns - self._next_step_ns) // self._step_ns
        if behind > MOST_STEPS:
            self._next_step_ns = now.mono_ns - MOST_STEPS * self._step_ns
        while self._next_step_ns <= now.mono_ns:
            self._step(now)
        return [
            message for name, venue in self.venues.items() for message in venue.advance(self.at(name, now))
        ]

    def at(self, venue: str, now: Instant) -> Instant:
        """The moment as the venue's clock has it."""
        skew_ns = self.skew_ns[venue]
        return now._replace(unix_ns=now.unix_ns + skew_ns) if skew_ns else now

    def due_private(self, now: Instant) -> list[Message]:
        """Only the private messages that are due: what may have to leave before a REST answer does."""
        messages: list[Message] = []
        for venue in self.venues.values():
            venue.render()
            messages += venue.outbox.take(now.mono_ns)
        return messages

    @property
    def next_private_ns(self) -> int | None:
        """When the next private message is due, on CLOCK_MONOTONIC."""
        due = [stamp for venue in self.venues.values() if (stamp := venue.outbox.next_due_ns) is not None]
        return min(due, default=None)

    def marks(self) -> dict[str, Decimal]:
        """USDT per unit of each asset: the mean of both venues' middle, for valuations only."""
        marks = {"USDT": Decimal(1)}
        for listing in self.spec.listings:
            if listing.market == SPOT and listing.base not in marks:
                mids = [self._mid(venue.books[SPOT], listing.symbol) for venue in self.venues.values()]
                known = [mid for mid in mids if mid is not None]
                marks[listing.base] = sum(known, ZERO) / len(known) if known else ZERO
        return marks

    def order_log(self) -> list[LogEntry]:
        """Every order request to any venue, in the order of receipt."""
        log = [entry for store, _ in self.order_sides().values() for entry in store.log]
        log.sort(key=lambda entry: entry.recv_ns)
        return log

    def order_sides(self) -> dict[tuple[str, str], tuple[OrderStore, Matching]]:
        """By venue and market."""
        return {
            (name, market): side
            for name, venue in self.venues.items()
            for market, side in venue.order_sides.items()
        }

    def market_facts(self) -> dict[str, object]:
        return {
            "seed": self.spec.seed,
            "hash": self.market.market_hash,
            "hash_steps": min(self.market.steps, HASHED_STEPS),
            "steps": self.market.steps,
            "step_ms": self.spec.market.step_ms,
            "dislocations": self.market.dislocations,
        }

    def _step(self, now: Instant) -> None:
        for step in self.market.step():
            self.venues[step.listing.venue].apply(step, self.at(step.listing.venue, now))
        for book in self._books:
            book.mark()
        self._next_step_ns += self._step_ns

    @staticmethod
    def _mid(books: Mapping[str, Book], symbol: str) -> Decimal | None:
        bid, ask = books[symbol].best(True), books[symbol].best(False)
        return (bid[0] + ask[0]) / 2 if bid and ask else None
