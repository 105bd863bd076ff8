"""What a refused timestamp leads to: nothing is placed before the clock was measured anew, no entry before
its bounds are trusted again. The refused order itself was rejected and is never sent again.
"""

from __future__ import annotations

from collections.abc import Callable

from arb.venues.base import ClockPort, Lane
from arb.venues.clock import SETTLED_SAMPLES, VenueClock

_GAP_S = 0.1
_RETRY_S = 1.0

Measure = Callable[[Callable[[bool], None] | None], None]


class ClockHold:
    """`measure(on_done)` takes one reading and tells whether it was one that fits the bounds."""

    __slots__ = ("_clock", "_left", "_measure", "_port", "_steps", "_unread", "refusals")

    def __init__(self, port: ClockPort, clock: VenueClock, measure: Measure) -> None:
        self._port = port
        self._clock = clock
        self._measure = measure
        self._left = 0  # readings until entries may go on
        self._unread = False  # no reading since the refusal
        self._steps = 0
        self.refusals = 0

    def reason(self, lane: Lane) -> str:
        """Why an order of this lane must wait; "" where none must."""
        if not self._clock.bounds.known:
            return "the venue's clock is not known yet"
        if self._unread:
            return "the venue refused our time and its clock was not read since"
        if self._left and lane is Lane.entry:
            return "the venue refused our time; its clock is being measured"
        return ""

    def refused(self) -> None:
        """The venue found a timestamp outside its window."""
        self.refusals += 1
        idle = self._left == 0
        self._left = SETTLED_SAMPLES
        self._unread = True
        self._steps = self._clock.bounds.steps
        if idle:
            self._measure(self._measured)

    def _measured(self, consistent: bool) -> None:
        if consistent:
            self._unread = False
            self._left -= 1
            if self._left <= 0 and self._clock.bounds.settled:
                self._left = 0
                return
            self._left = max(1, self._left)
        stepped = self._clock.bounds.steps != self._steps
        if stepped:  # the bounds start over from this reading
            self._steps = self._clock.bounds.steps
            self._unread = False
        delay_s = _GAP_S if consistent or stepped else _RETRY_S
        self._port.call_later(delay_s, lambda: self._measure(self._measured))
