"""Trading rules change at any time and no venue tells: they are asked for again, also after a filter reject.

What changed is handed on; what it means for trading is not decided here. An answer that does not come changes
nothing: the rules known are the best there are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from arb.venues.base import ClockPort, Timer, Venue, VenueFailure, VenueInstrument

log = logging.getLogger("arb.rules")

_LEAST_S = 1.0  # between two questions: rejects may come by the dozen, and each answer weighs on the budget


class RulesWatch:
    """Of one venue. `listed`: ccxt symbol -> its rules as known, kept up to date here. `on_change(before,
    now)` comes once for each symbol that changed; one that the venue lists no more is told as not tradable.
    """

    def __init__(
        self,
        venue: Venue,
        listed: dict[str, VenueInstrument],
        clock: ClockPort,
        *,
        period_s: float,
        on_change: Callable[[VenueInstrument, VenueInstrument], None],
    ) -> None:
        self._venue = venue
        self._listed = listed
        self._clock = clock
        self._period_s = period_s
        self._on_change = on_change
        self._timer: Timer | None = None
        self._asked_ns = 0
        self._asking = False
        self._again = False  # somebody wants an answer newer than the one under way
        self._started = False
        self.asked = 0
        self.changes = 0

    def start(self) -> None:
        self._started = True
        self._asked_ns = self._clock.mono_ns()  # they were read to open the session
        self._later(self._period_s)

    def stop(self) -> None:
        self._started = False
        self._later(None)

    def soon(self) -> None:
        """An order was refused by a filter, so what we know may be old."""
        if not self._started:
            return
        if self._asking:
            self._again = True
            return
        since_s = (self._clock.mono_ns() - self._asked_ns) / 1e9
        self._later(max(0.0, _LEAST_S - since_s))

    def _ask(self) -> None:
        self._timer = None
        self._asking, self._again = True, False
        self._asked_ns = self._clock.mono_ns()
        self.asked += 1
        self._venue.instruments(tuple(self._listed), self._answered)

    def _answered(self, answer: Sequence[VenueInstrument] | VenueFailure) -> None:
        self._asking = False
        if not self._started:
            return
        self._later(_LEAST_S if self._again else self._period_s)
        if isinstance(answer, VenueFailure):
            log.warning("%s: the trading rules could not be read: %s", self._venue.name, answer.message)
            return
        found = {instrument.symbol: instrument for instrument in answer}
        for symbol, before in list(self._listed.items()):
            now = found.get(symbol) or replace(before, tradable=False)
            if now != before:
                self.changes += 1
                self._listed[symbol] = now
                log.warning("%s %s: %s", self._venue.name, symbol, difference(before, now))
                self._on_change(before, now)

    def _later(self, delay_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if delay_s is None else self._clock.call_later(delay_s, self._ask)


def difference(before: VenueInstrument, now: VenueInstrument) -> str:
    """ "tick 0.01 -> 0.1, tradable True -> False", for people."""
    return ", ".join(
        f"{name} {getattr(before, name)} -> {getattr(now, name)}"
        for name in VenueInstrument.__slots__
        if getattr(before, name) != getattr(now, name)
    )
