"""The venue's clock as an interval against our monotonic clock, so that steps of wall time do not matter.

Every reading (t0 sent, t1 received, S the server's time, cut to `resolution`) bounds the offset:
`S - t1 <= offset <= S + resolution - t0`. Readings are intersected; an old bound is widened by the drift two
clocks may have. An empty intersection means that a clock stepped or the host slept: start over.
"""

from __future__ import annotations

from collections.abc import Callable

from arb.venues.base import ClockPort, Timer

DRIFT_PPM = 50  # of the time since the last reading, on each side
SETTLED_SAMPLES = 5  # readings after a start or a step before the interval is trusted for entries


class ClockBounds:
    """Interval of (venue Unix time - our monotonic time) in ns."""

    __slots__ = ("_at", "_hi", "_lo", "samples", "steps")

    def __init__(self) -> None:
        self._lo = 0
        self._hi = 0
        self._at = 0
        self.samples = 0  # since the start or the last step
        self.steps = 0  # empty intersections seen

    @property
    def known(self) -> bool:
        return self.samples > 0

    @property
    def settled(self) -> bool:
        return self.samples >= SETTLED_SAMPLES

    def bounds_ns(self, mono_ns: int) -> tuple[int, int]:
        """(lowest, highest) offset at that time."""
        drift = max(0, mono_ns - self._at) * DRIFT_PPM // 1_000_000
        return self._lo - drift, self._hi + drift

    def half_width_ns(self, mono_ns: int) -> int | None:
        if not self.samples:
            return None
        lo, hi = self.bounds_ns(mono_ns)
        return (hi - lo + 1) // 2

    def venue_ms(self, mono_ns: int) -> int:
        """Best estimate of the venue's Unix time; valid once known."""
        return (mono_ns + (self._lo + self._hi) // 2) // 1_000_000

    def add(self, sent_ns: int, received_ns: int, server_ns: int, resolution_ns: int = 1_000_000) -> bool:
        """Takes one reading. False: it contradicts the bounds, which now start over from it."""
        lo = server_ns - received_ns
        hi = server_ns + resolution_ns - sent_ns
        consistent = True
        if self.samples:
            old_lo, old_hi = self.bounds_ns(received_ns)
            if max(lo, old_lo) > min(hi, old_hi):
                consistent = False
                self.steps += 1
                self.samples = 0
            else:
                lo, hi = max(lo, old_lo), min(hi, old_hi)
        self._lo, self._hi, self._at = lo, hi, received_ns
        self.samples += 1
        return consistent


class VenueClock:
    """Timestamps for requests: monotonic time plus the measured offset."""

    __slots__ = ("_port", "bounds")

    def __init__(self, port: ClockPort) -> None:
        self._port = port
        self.bounds = ClockBounds()

    def mono_ns(self) -> int:
        return self._port.mono_ns()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return self._port.call_later(delay_s, callback)

    def stamp_ms(self) -> int:
        """The venue's time now. Before the first reading our wall time: good enough for reads, which the
        venue refuses harmlessly when it is off; orders ask `bounds.known` first."""
        if self.bounds.samples:
            return self.bounds.venue_ms(self._port.mono_ns())
        return self._port.wall_ms()


class ClockPoller:
    """Keeps the bounds fresh: a burst at the start and after a step, then one reading per period."""

    __slots__ = (
        "_burst",
        "_burst_gap_s",
        "_left",
        "_measure",
        "_period_s",
        "_port",
        "_retry_s",
        "_timer",
    )

    def __init__(
        self,
        port: ClockPort,
        measure: Callable[[Callable[[bool], None]], None],
        *,
        period_s: float = 60.0,
        burst: int = SETTLED_SAMPLES,
        burst_gap_s: float = 0.1,
        retry_s: float = 1.0,
    ) -> None:
        self._port = port
        self._measure = measure
        self._period_s = period_s
        self._burst = burst
        self._burst_gap_s = burst_gap_s
        self._retry_s = retry_s
        self._left = burst
        self._timer: Timer | None = None

    def start(self) -> None:
        self._left = self._burst
        self._schedule(0.0)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, delay_s: float) -> None:
        self._timer = self._port.call_later(delay_s, self._poll)

    def _poll(self) -> None:
        self._measure(self._measured)

    def _measured(self, consistent: bool) -> None:
        if self._timer is None:  # stopped while the reading was under way
            return
        if not consistent:  # a step, or no answer: a venue that is down is not asked ten times a second
            self._left = self._burst
            self._schedule(self._retry_s)
            return
        self._left -= 1
        self._schedule(self._burst_gap_s if self._left > 0 else self._period_s)
