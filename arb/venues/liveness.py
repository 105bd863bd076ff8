"""Quiet or dead: a symbol without trades is legal, a stream that lost its symbol is not, and both are silent.

So silence alone never ends anything: it makes us ask. First whether the connection serves and still has the
subscription (a listing), then a small REST book: when the venue's id has moved on and no frame comes within a
grace, the stream is dead. That is the only proof for a route that takes a subscription and delivers nothing.
Where the best price repeats itself (Bybit, every 3 s), its absence is proof enough.

Pure: no sleeps, no I/O; every time is monotonic ns and an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


@dataclass(slots=True, frozen=True)
class LivenessRules:
    """Periods in ns."""

    quiet_ns: int  # without a book frame for this long a symbol is asked about
    first_ns: int  # the same from the connection to the first frame
    answer_ns: int  # for the answer to a listing
    grace_ns: int  # for the frames that lead to the id the venue told
    retry_ns: int  # between two questions about one symbol
    repeat_ns: int = 0  # the best price comes at least this often, changed or not; 0: no such promise
    can_list: bool = False
    begins_with_snapshot: bool = False  # so a symbol cannot be quiet before its first frame


@dataclass(slots=True, frozen=True)
class Healthy:
    """Nothing to do now; it may be waiting for answers."""


@dataclass(slots=True, frozen=True)
class Ask:
    """`listing`: ask the connection what it is subscribed to. `rest`: a small REST book of each symbol."""

    listing: bool
    rest: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Dead:
    """`connection`: it does not serve any more; else these symbols only, the others are none the worse."""

    symbols: tuple[str, ...]
    reason: str
    connection: bool = False


Verdict = Healthy | Ask | Dead
_HEALTHY = Healthy()


class _Phase(Enum):
    idle = "idle"
    listing = "listing"
    to_rest = "to_rest"  # the subscription is listed; the REST book is the next question
    rest = "rest"
    moved = "moved"  # the venue is ahead of us, the grace runs
    gone = "gone"  # not in the listing


@dataclass(slots=True)
class _Symbol:
    quiet_ns: int
    since_ns: int
    frame_ns: int = 0  # 0: none yet
    best_ns: int = 0
    phase: _Phase = _Phase.idle
    phase_ns: int = 0
    ask_ns: int = 0  # not before this time
    known_id: int = 0  # the venue's, where we have no book to compare with
    detail: str = ""

    def to(self, phase: _Phase, now_ns: int) -> None:
        self.phase = phase
        self.phase_ns = now_ns


class Liveness:
    """Of one connection; made anew with it. `quiet_ns`: symbols with a limit of their own."""

    def __init__(
        self,
        rules: LivenessRules,
        symbols: Iterable[str],
        now_ns: int,
        quiet_ns: Mapping[str, int] | None = None,
    ) -> None:
        own = quiet_ns or {}
        self._rules = rules
        self._symbols = {symbol: _Symbol(own.get(symbol, rules.quiet_ns), now_ns) for symbol in symbols}
        self._list_asked_ns: int | None = None

    # What happened.

    def frame_seen(self, symbol: str, at_ns: int) -> None:
        """A book frame, seen at that time; telling the same one again changes nothing."""
        state = self._symbols[symbol]
        if at_ns > state.frame_ns:
            state.frame_ns = at_ns
            state.known_id = 0
            state.ask_ns = 0
            state.phase = _Phase.idle

    def best_seen(self, symbol: str, at_ns: int) -> None:
        """A bookTicker or level 1 message. It proves nothing about the book's own stream."""
        state = self._symbols[symbol]
        state.best_ns = max(state.best_ns, at_ns)

    def restart(self, symbol: str, now_ns: int) -> None:
        """It was subscribed anew: judged from now on."""
        self._symbols[symbol] = _Symbol(self._symbols[symbol].quiet_ns, now_ns)

    def listed(self, present: Collection[str], now_ns: int) -> None:
        """The answer to a listing: symbols whose topics are all subscribed."""
        self._list_asked_ns = None
        for symbol, state in self._symbols.items():
            if state.phase is _Phase.listing:
                state.to(_Phase.to_rest if symbol in present else _Phase.gone, now_ns)

    def rest_answered(
        self, symbol: str, venue_id: int, book_id: int, now_ns: int, *, same_touch: bool = False
    ) -> None:
        """`book_id` 0: no book yet. `same_touch`: best bid and ask are those of our book, so that an id that
        counts other symbols too (USD-M) or deeper levels than ours (Bybit) is no proof."""
        state = self._symbols[symbol]
        if state.phase is not _Phase.rest:
            return  # a frame was faster
        ours = book_id or state.known_id
        if not ours:
            # Nothing to compare with: the next answer is compared with this one.
            state.known_id = venue_id
            state.to(_Phase.idle, now_ns)
            state.ask_ns = now_ns + self._rules.grace_ns
        elif venue_id > ours and not same_touch:
            state.to(_Phase.moved, now_ns)
            state.detail = f"the venue is at {venue_id}, the stream at {ours}"
        else:
            self._later(state, now_ns)

    def rest_failed(self, symbol: str, now_ns: int) -> None:
        """No answer proves nothing."""
        state = self._symbols[symbol]
        if state.phase is _Phase.rest:
            self._later(state, now_ns)

    # What it means.

    def look(self, now_ns: int) -> Verdict:
        """Called every few 100 ms. What it asks for is taken as asked; what is dead is told again until the
        connection is dropped or the symbol restarted."""
        dead = self._dead(now_ns)
        if dead is not None:
            return dead
        listing, rest = False, []
        for symbol, state in self._symbols.items():
            if state.phase is _Phase.idle and self._silent(state, now_ns) and now_ns >= state.ask_ns:
                if self._rules.can_list:
                    listing = listing or self._list_asked_ns is None
                    state.to(_Phase.listing, now_ns)
                else:
                    state.to(_Phase.to_rest, now_ns)
            if state.phase is _Phase.to_rest:
                state.to(_Phase.rest, now_ns)
                rest.append(symbol)
        if listing:
            self._list_asked_ns = now_ns
        return Ask(listing, tuple(rest)) if listing or rest else _HEALTHY

    def _dead(self, now_ns: int) -> Dead | None:
        rules = self._rules
        asked_ns = self._list_asked_ns
        if asked_ns is not None and now_ns - asked_ns >= rules.answer_ns:
            silent = [symbol for symbol, state in self._symbols.items() if state.phase is _Phase.listing]
            if silent:
                text = f"no answer to LIST_SUBSCRIPTIONS within {rules.answer_ns / 1e9:g} s"
                return Dead(tuple(silent), text, connection=True)
            self._list_asked_ns = None  # frames came instead of the answer
        reasons: dict[str, list[str]] = {}
        for symbol, state in self._symbols.items():
            reason = self._reason(state, now_ns)
            if reason:
                reasons.setdefault(reason, []).append(symbol)
        if not reasons:
            return None
        symbols = tuple(symbol for group in reasons.values() for symbol in group)
        return Dead(symbols, "; ".join(reasons), connection=len(symbols) == len(self._symbols))

    def _reason(self, state: _Symbol, now_ns: int) -> str:
        rules = self._rules
        if rules.begins_with_snapshot and not state.frame_ns and now_ns - state.since_ns >= rules.first_ns:
            return f"no snapshot within {rules.first_ns / 1e9:g} s"
        if rules.repeat_ns and now_ns - max(state.best_ns, state.since_ns) >= rules.repeat_ns:
            return f"the best price was not repeated for {rules.repeat_ns / 1e9:g} s"
        if state.phase is _Phase.gone:
            return "the subscription is not listed any more"
        if state.phase is _Phase.moved and now_ns - state.phase_ns >= rules.grace_ns:
            return state.detail
        return ""

    def _silent(self, state: _Symbol, now_ns: int) -> bool:
        if state.frame_ns:
            return now_ns - state.frame_ns >= state.quiet_ns
        return now_ns - state.since_ns >= self._rules.first_ns

    def _later(self, state: _Symbol, now_ns: int) -> None:
        state.to(_Phase.idle, now_ns)
        state.ask_ns = now_ns + self._rules.retry_ns
