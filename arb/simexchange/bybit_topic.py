"""One Bybit orderbook topic: the view its subscribers have, its u, and what it was."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

import orjson

from arb.simexchange.amounts import plain
from arb.simexchange.book import Book, View
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.spec import SPOT

# depth -> push interval in ms
SPEEDS: Mapping[int, int] = {1: 10, 50: 20, 200: 100, 1000: 200}
_MEMORY = 512  # pushes


class Topic:
    """The view of the last push. `key` is the topic's name, with "#n" for a cut of windows of its own."""

    __slots__ = (
        "asks",
        "bids",
        "book",
        "depth",
        "history",
        "key",
        "next_ns",
        "offset_ns",
        "period_ns",
        "pushed_ns",
        "seq",
        "stamp_ms",
        "topic",
        "u",
    )

    def __init__(self, book: Book, depth: int, first_u: int, cut: int = 0, cuts: int = 1) -> None:
        self.book = book
        self.depth = depth
        self.topic = f"orderbook.{depth}.{book.listing.symbol}"
        self.key = f"{self.topic}#{cut}" if cut else self.topic
        self.period_ns = SPEEDS[depth] * MILLISECOND_NS
        self.offset_ns = self.period_ns * cut // cuts
        self.next_ns = 0
        self.pushed_ns = 0
        self.u = first_u
        self.seq = -1
        self.stamp_ms = 0
        self.bids: View = {}
        self.asks: View = {}
        self.history: deque[tuple[int, int]] = deque(maxlen=_MEMORY)  # (seq, u) of each push

    def is_due(self, now: Instant) -> bool:
        if now.mono_ns < self.next_ns:
            return False
        windows = (now.mono_ns - self.offset_ns) // self.period_ns
        self.next_ns = (windows + 1) * self.period_ns + self.offset_ns
        return True

    def refresh(self, now_ms: int) -> bool:
        """Take the book as it is now; False when nothing of it changed for this depth."""
        if self.book.last_id == self.seq:
            return False
        bids, asks = self.book.top(True, self.depth), self.book.top(False, self.depth)
        self.seq = self.book.last_id
        if bids == self.bids and asks == self.asks:
            return False
        self.bids, self.asks = bids, asks
        self.stamp_ms = now_ms
        self.u += 1
        self.history.append((self.seq, self.u))
        return True

    def push_ago(self, steps: int) -> tuple[int, int] | None:
        """(seq, u) of the last push that was sent so many steps ago or earlier."""
        seq = self.book.id_ago(steps)
        return next((entry for entry in reversed(self.history) if entry[0] <= seq), None)

    def now(self) -> tuple[int, int, View, View]:
        """seq, u, bids and asks of the last push."""
        return self.seq, self.u, self.bids, self.asks

    def past(self, steps: int) -> tuple[int, int, View, View]:
        """The same as it was; of a topic that is younger, the book as it was under an earlier u."""
        seq, u = self.push_ago(steps) or (self.book.id_ago(steps), self.u - 1)
        return seq, u, *self.book.at(seq, self.depth)

    def message(self, kind: str, view: tuple[int, int, View, View], now_ms: int) -> bytes:
        """`view` is seq, u, bids and asks, or what changed of them."""
        seq, u, bids, asks = view
        data = {"s": self.book.listing.symbol, "b": rows(bids), "a": rows(asks), "u": u, "seq": seq}
        head: dict[str, object]
        if self.book.listing.market == SPOT or self.depth == 1:  # key order as the venue prints it
            head = {"topic": self.topic, "ts": now_ms, "type": kind}
        else:
            head = {"topic": self.topic, "type": kind, "ts": now_ms}
        return orjson.dumps(head | {"data": data, "cts": self.stamp_ms})


def rows(levels: Mapping[Decimal, Decimal]) -> list[tuple[str, str]]:
    return [(f"{price:f}", plain(qty)) for price, qty in levels.items()]


def changes(before: View, after: View) -> View:
    """Levels to set, and with size 0 those that are gone or have left the depth."""
    result = {price: qty for price, qty in after.items() if before.get(price) != qty}
    result.update((price, Decimal(0)) for price in before if price not in after)
    return result
