"""Recordings to books to edges: what `arb scan` computes, without a word about how it is printed.

Books of all instruments are driven in the order of receive time. Edges are looked at once a turn (lines whose
receive time shares its microsecond, docs/decisions S1), when everything that arrived together is applied.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from arb.data.episodes import Direction, FeeFactors
from arb.data.grid import DECIMALS, grid_of
from arb.data.names import InstrumentName
from arb.data.recording import Line, Recording, RefusedLine
from arbcore import Histogram, OrderBook, Refused

# Update ids waiting for their twin on the other stream: bookTicker leads depth by 100 ms at most (measured
# p99 90 ms), which is some hundred ids in the busiest burst.
_PENDING = 8_192
_TURN_NS = 1_000

Top = tuple[Decimal, Decimal, Decimal, Decimal]


@dataclass(slots=True)
class TickerCheck:
    """The rebuilt top against every `bookTicker` of the same update id, whichever came first."""

    equal: int = 0
    checked: int = 0
    _tops: dict[int, Top | None] = field(default_factory=dict)
    _tickers: dict[int, Top] = field(default_factory=dict)

    def depth(self, update_id: int, top: Top | None) -> None:
        ticker = self._tickers.get(update_id)
        if ticker is None:
            _remember(self._tops, update_id, top)
        else:
            self._compare(top, ticker)

    def ticker(self, update_id: int, top: Top) -> None:
        _remember(self._tickers, update_id, top)
        if update_id in self._tops:
            self._compare(self._tops.pop(update_id), top)

    def _compare(self, top: Top | None, ticker: Top) -> None:
        self.checked += 1
        self.equal += top == ticker


def _remember(pending: dict[int, Any], update_id: int, top: Top | None) -> None:
    pending[update_id] = top
    if len(pending) > 2 * _PENDING:
        for old in list(pending)[:_PENDING]:
            del pending[old]


@dataclass(slots=True)
class ScannedBook:
    """One instrument's book on its way through its recording."""

    name: InstrumentName
    recording: Recording
    book: OrderBook
    frame_ns: Histogram
    refuse: Callable[[RefusedLine], None]
    frames: int = 0
    refused_snapshots: int = 0
    ignored: int = 0  # frames that are no news for the depth book: trades, best prices, old updates
    check: TickerCheck = field(default_factory=TickerCheck)
    touch: tuple[int, int] | None = None  # (bid, ask) x 10^8 while LIVE
    _ticker_id: int = -1
    _waiting: int = 0  # updates kept for the snapshot

    def take(self, line: Line) -> bool:
        """Apply one line; True where the touch changed."""
        self.frames += 1
        if self._is_snapshot(line.body):
            self._join(line)
            return self._touch_changed()
        start = perf_counter_ns()
        result = self.book.on_frame(line.body, line.recv_ns)
        took = perf_counter_ns() - start
        if result == "applied":
            self.frame_ns.record(took)
            self.check.depth(self.book.last_id, self._depth_top())
        elif result == "ignored":
            self.ignored += 1
            if not self._took_ticker():
                return False
        elif result == "buffered":
            self._waiting += 1
        elif result == "refused":
            self._name_refusal(line)
        return self._touch_changed()

    def _join(self, line: Line) -> None:
        before = self.book.applied
        try:
            result = self.book.on_snapshot(line.body, recv_ns=line.recv_ns)
        except Refused:
            self._name_refusal(line)
            return
        except TypeError as error:  # a venue whose snapshots come in the stream
            self.refused_snapshots += 1
            self.refuse(RefusedLine(line.path, line.number, str(error)))
            return
        if result == "joined":
            bridged = self.book.applied - before
            self.ignored += self._waiting - bridged
            self._waiting = 0
            if bridged:
                self.check.depth(self.book.last_id, self._depth_top())

    def _is_snapshot(self, body: bytes) -> bool:
        # REST depth as Binance answers it; a Bybit snapshot is a message of the stream.
        return body.find(b'"lastUpdateId"', 0, 96) >= 0 and body.find(b'"stream"', 0, 96) < 0

    def _name_refusal(self, line: Line) -> None:
        reason, where = self.book.last_refusal or ("refused", None)
        text = f"{reason} ({where})" if where else reason
        self.refuse(RefusedLine(line.path, line.number, text))

    def _depth_top(self) -> Top | None:
        bid, ask = self.book.best_bid, self.book.best_ask
        return (*bid, *ask) if bid is not None and ask is not None else None

    def _took_ticker(self) -> bool:
        ticker = self.book.ticker
        # Ids of Bybit's depth-1 topic count by themselves: nothing to compare them with.
        if ticker is None or ticker[0] == self._ticker_id or self.name.venue != "binance":
            return False
        self._ticker_id = ticker[0]
        self.check.ticker(ticker[0], ticker[1:])
        return True

    def _touch_changed(self) -> bool:
        touch = None
        if self.book.state == "LIVE":
            top: Top | None = self._depth_top()
            ticker = self.book.ticker
            # The best price leads the depth stream by 1 to 10 ms: it is in force while its id is newer (V2).
            if ticker is not None and self.name.venue == "binance" and ticker[0] > self.book.last_id:
                top = ticker[1:]
            if top is not None:
                touch = (int(top[0].scaleb(DECIMALS)), int(top[2].scaleb(DECIMALS)))
        changed = touch != self.touch
        self.touch = touch
        return changed

    def result(self) -> dict[str, Any]:
        """The entry of `books` in `arb scan --json`."""
        book = self.book
        return {
            "instrument": str(self.name),
            "frames": self.frames,
            "applied": book.applied,
            "ignored": self.ignored,
            "gaps": book.gaps,
            "refused": book.refused + self.refused_snapshots + self.recording.refused,
            "state": book.state,
            "best_bid": list(book.best_bid) if book.best_bid else None,
            "best_ask": list(book.best_ask) if book.best_ask else None,
            "levels": list(book.levels),
            "ticker_equal": [self.check.equal, self.check.checked],
        }


@dataclass(slots=True)
class ScannedPair:
    """One direction between two instruments of one asset pair."""

    buy: ScannedBook
    sell: ScannedBook
    direction: Direction

    @property
    def kind(self) -> str:
        return "basis" if self.buy.name.perpetual != self.sell.name.perpetual else "arbitrage"

    def see(self, now_ns: int) -> None:
        if self.buy.touch is None or self.sell.touch is None:
            self.direction.close(now_ns)
        else:
            self.direction.see(now_ns, self.buy.touch[1], self.sell.touch[0])

    def result(self) -> dict[str, Any]:
        """The entry of `pairs` in `arb scan --json`."""
        return {
            "buy": str(self.buy.name),
            "sell": str(self.sell.name),
            "kind": self.kind,
            "crossed_seconds": self.direction.crossed_ns / 1e9,
            "opportunities": self.direction.opportunities,
            "max_edge_bps": self.direction.max_edge_bps,
        }


def _merged(books: Sequence[ScannedBook]) -> Iterator[tuple[int, ScannedBook, Line]]:
    """Lines of all books by receive time, of equal times in the order the instruments were given."""

    def stream(book: ScannedBook) -> Iterator[tuple[int, ScannedBook, Line]]:
        latest = 0  # a clock of a foreign recorder may step back; its file order still holds
        for line in book.recording:
            latest = max(latest, line.recv_ns)
            yield latest, book, line

    return heapq.merge(*map(stream, books), key=lambda item: item[0])


def _pairs(books: Sequence[ScannedBook], fees: FeeFactors) -> list[ScannedPair]:
    return [
        ScannedPair(buy, sell, Direction(fees))
        for buy, sell in permutations(books, 2)
        if (buy.name.base, buy.name.quote) == (sell.name.base, sell.name.quote)
    ]


@dataclass(frozen=True, slots=True)
class ScanResult:
    """`data` is what `arb scan --json` prints; `unchecked` counts zstd frames without a content checksum."""

    data: dict[str, Any]
    seconds: float
    unchecked: int


def scan(
    files: Mapping[InstrumentName, Sequence[Path]], fee_bps: Decimal, refuse: Callable[[RefusedLine], None]
) -> ScanResult:
    """Drive one book per instrument through its files and measure every direction between equal pairs.

    `fee_bps` is the taker fee of each leg. `refuse` is called for every line or frame that could not be used;
    the scan goes on. Raises UsageError and RecordingError for files that cannot be read whole.
    """
    frame_ns = Histogram()
    books = []
    for name, paths in files.items():
        decimals = grid_of(Recording(tuple(paths)))
        recording = Recording(tuple(paths), refuse)
        books.append(ScannedBook(name, recording, OrderBook(str(name), *decimals), frame_ns, refuse))
    pairs = _pairs(books, FeeFactors.of(fee_bps))
    first = now = turn = -1
    dirty = False
    for recv_ns, book, line in _merged(books):
        if recv_ns // _TURN_NS != turn:
            if dirty:
                for pair in pairs:
                    pair.see(now)
                dirty = False
            turn = recv_ns // _TURN_NS
            first = recv_ns if first < 0 else first
        now = recv_ns
        dirty = book.take(line) or dirty
    for pair in pairs:
        if dirty:
            pair.see(now)
        pair.direction.close(now)
    data = {
        "books": [book.result() for book in books],
        "pairs": [pair.result() for pair in pairs],
        "frame_ns": {
            "p50": frame_ns.quantile(0.5) if frame_ns.count else None,
            "p99": frame_ns.quantile(0.99) if frame_ns.count else None,
        },
    }
    unchecked = sum(book.recording.stats.unchecked for book in books)
    return ScanResult(data, (now - first) / 1e9, unchecked)
