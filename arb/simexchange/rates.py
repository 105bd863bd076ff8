"""Request counters: Binance counts in fixed windows aligned to the clock, Bybit in rolling seconds."""

from collections import deque

from arb.simexchange.instant import SECOND_NS, Instant


class FixedWindow:
    """Sum of the costs in the current window of `seconds`, aligned to Unix time."""

    __slots__ = ("_count", "_seconds", "_window")

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._window = -1
        self._count = 0

    def add(self, now: Instant, cost: int) -> None:
        self._count = self.count(now) + cost

    def count(self, now: Instant) -> int:
        window = now.unix_ns // (self._seconds * SECOND_NS)
        if window != self._window:
            self._window, self._count = window, 0
        return self._count

    def seconds_left(self, now: Instant) -> int:
        """Whole seconds to the next window, rounded up."""
        return self._seconds - now.unix_ns // SECOND_NS % self._seconds


class RollingSecond:
    """Requests of the last second; `take` says whether one more is allowed, and counts it then."""

    __slots__ = ("_stamps", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._stamps: deque[int] = deque()

    def take(self, now: Instant) -> bool:
        while self._stamps and now.mono_ns - self._stamps[0] >= SECOND_NS:
            self._stamps.popleft()
        if len(self._stamps) >= self.limit:
            return False
        self._stamps.append(now.mono_ns)
        return True

    @property
    def left(self) -> int:
        return self.limit - len(self._stamps)
