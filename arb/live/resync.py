"""Fresh snapshots for the books of one connection: one request a symbol at a time, slower while none helps.

The engine says that a book needs one; this says when it is asked for. Where the venue sends snapshots in the
stream, asking is to subscribe anew. A book that does not come back by itself is asked for again: a
subscription that was refused or an answer that was lost must not leave it STALE for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from arb.venues.base import ClockPort, HttpDone, HttpPort, Timer, Venue
from arb.venues.rate_budget import Lane
from arbcore.feed import Turn

log = logging.getLogger("arb.feed")

_LONGEST_PAUSE_S = 10.0
_STUCK_NS = 5_000_000_000  # a book that is not LIVE this long after it was asked for is asked for again
# A snapshot helped if the book took it and wanted no other one for this long.
_SETTLED_NS = 5_000_000_000


@dataclass(slots=True)
class _Wish:
    """What one book waits for."""

    pause_s: float
    asked_ns: int
    joins: int  # snapshots the book had taken when it was asked for
    asked: bool = False
    waiting: bool = False  # a timer runs or a request is on its way
    timer: Timer | None = None


class Resyncs:
    """`symbols`: engine id -> ccxt symbol; `send` puts a text frame on the market connection."""

    def __init__(
        self,
        venue: Venue,
        connection: int,
        symbols: Mapping[int, str],
        turn: Turn,
        http: HttpPort,
        clock: ClockPort,
        *,
        pause_s: float,
        levels: int,
        send: Callable[[bytes], bool],
    ) -> None:
        self._venue = venue
        self._connection = connection
        self._symbols = symbols
        self._turn = turn
        self._http = http
        self._clock = clock
        self._pause_s = pause_s
        self._levels = levels
        self._send = send
        self._wishes: dict[int, _Wish] = {}
        self._connected = False
        self._generation = 0  # answers of an earlier connection are not used
        self.snapshots = 0

    def begin(self) -> None:
        """A connection is about to be made; its books ask, or get their snapshots from the stream."""
        now_ns = self._clock.mono_ns()
        self._connected = True
        self._wishes = {instrument: _Wish(self._pause_s, now_ns, 0) for instrument in self._symbols}

    def end(self) -> None:
        for wish in self._wishes.values():
            if wish.timer is not None:
                wish.timer.cancel()
        self._wishes.clear()
        self._connected = False
        self._generation += 1

    def request(self, instrument: int) -> None:
        """Without a connection nothing is asked: the next one will."""
        wish = self._wishes.get(instrument)
        if not self._connected or wish is None or wish.waiting:
            return
        if not wish.asked or self._helped(instrument, wish):
            wish.pause_s = self._pause_s
        else:
            wish.pause_s = min(wish.pause_s * 2, _LONGEST_PAUSE_S)
        wish.waiting = True
        wish.timer = self._clock.call_later(wish.pause_s, partial(self._ask, instrument, self._generation))

    def look(self) -> None:
        """Called now and then: asks again for books that did not come back."""
        now_ns = self._clock.mono_ns()
        for instrument, wish in self._wishes.items():
            if wish.waiting or now_ns - wish.asked_ns < _STUCK_NS:
                continue
            if self._turn.engine.book_state(instrument, self._connection) != "LIVE":
                log.warning("%s %s: no book yet, asking again", self._venue.name, self._symbols[instrument])
                self.request(instrument)

    def _helped(self, instrument: int, wish: _Wish) -> bool:
        joins = self._turn.engine.book(instrument, self._connection)["joins"]
        return joins > wish.joins and self._clock.mono_ns() - wish.asked_ns >= _SETTLED_NS

    def _ask(self, instrument: int, generation: int) -> None:
        if generation != self._generation:
            return
        wish = self._wishes[instrument]
        wish.timer = None
        wish.asked = True
        wish.asked_ns = self._clock.mono_ns()
        wish.joins = self._turn.engine.book(instrument, self._connection)["joins"]
        symbol = self._symbols[instrument]
        request = self._venue.snapshot_request(symbol)
        if request is None:
            self.snapshots += 1
            wish.waiting = False
            for frame in self._venue.resubscribe_frames(symbol):
                self._send(frame)
            return
        retry_ns = self._venue.budget.take(request.weight, wish.asked_ns, Lane.background)
        if retry_ns is not None:
            # All snapshots of the address share one budget; this book waits, the others go on.
            pause_s = (retry_ns - wish.asked_ns) / 1e9
            wish.timer = self._clock.call_later(pause_s, partial(self._ask, instrument, generation))
            return
        self.snapshots += 1
        self._http.start(request, partial(self._answered, instrument, generation))

    def _answered(self, instrument: int, generation: int, done: HttpDone) -> None:
        self._venue.observe(done)  # counts and refusals belong to the address, not to this connection
        if generation != self._generation:
            return
        self._wishes[instrument].waiting = False
        name, symbol = self._venue.name, self._symbols[instrument]
        if done.status != 200:
            log.warning("%s snapshot of %s: status %d %s", name, symbol, done.status, done.detail)
            self.request(instrument)
            return
        result = self._turn.engine.snapshot(
            instrument, done.body, self._levels, self._turn.stamp(), self._connection
        )
        if result == "refused":
            reason, field = self._turn.engine.last_refusal
            log.error("%s snapshot of %s refused: %s %s", name, symbol, reason, field or "")
            self.request(instrument)
        # "too_old" and "gap" come back from the engine as a wish of their own.
