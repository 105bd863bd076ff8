"""Time for the engine: a heartbeat, and a timer of the loop at its nearest deadline."""

from __future__ import annotations

from collections.abc import Callable

from arb.venues.base import ClockPort, Timer
from arbcore.feed import Turn

_NS = 1e9


class Heart:
    """`on_beat` is called once a period; `arm` after what may have moved the nearest deadline."""

    def __init__(self, turn: Turn, clock: ClockPort, period_s: float, on_beat: Callable[[], None]) -> None:
        self._turn = turn
        self._clock = clock
        self._period_s = period_s
        self._on_beat = on_beat
        self._beating: Timer | None = None
        self._alarm: Timer | None = None
        self._stopped = False

    def start(self) -> None:
        self._beat()

    def stop(self) -> None:
        self._stopped = True
        for timer in (self._beating, self._alarm):
            if timer is not None:
                timer.cancel()

    def arm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due_ns = self._turn.engine.next_deadline
        if due_ns and not self._stopped:
            delay_s = max(0.0, (due_ns - self._clock.mono_ns()) / _NS)
            self._alarm = self._clock.call_later(delay_s, self._ring)

    def _beat(self) -> None:
        # First of all the next one: an error in this one must not be the last beat.
        self._beating = self._clock.call_later(self._period_s, self._beat)
        self._turn.engine.time(self._turn.stamp())
        self._on_beat()
        self.arm()

    def _ring(self) -> None:
        self._alarm = None
        self._turn.engine.time(self._turn.stamp())
        self.arm()
