"""Request counters: Binance counts in fixed windows aligned to the clock, Bybit in rolling seconds."""

from collections import deque

from arb.simexchange.instant import MILLISECOND_NS, SECOND_NS, Instant


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


class OrderWindow:
    """How many orders a market takes in some seconds: rolling, or windows aligned to Unix time."""

    def __init__(self, limit: int, seconds: int = 1) -> None:
        self.refused = 0
        self._stamps: deque[int] = deque()  # when each came, unix ns
        self.set(limit, seconds, is_rolling=True)

    def set(self, orders: int, seconds: int, *, is_rolling: bool) -> None:
        self.limit, self._span_ns, self._is_rolling = orders, seconds * SECOND_NS, is_rolling

    def take(self, now: Instant) -> bool:
        """Count one more; False over the limit, which counts nothing."""
        if self.left(now) == 0:
            self.refused += 1
            return False
        self._stamps.append(now.unix_ns)
        return True

    def left(self, now: Instant) -> int:
        first = self._first(now)
        while self._stamps and self._stamps[0] < first:
            self._stamps.popleft()
        return max(0, self.limit - len(self._stamps))

    def free_ms(self, now: Instant) -> int:
        """Unix ms of the moment there is room: now, or when the window ends or its first order leaves it."""
        if self.left(now):
            return now.unix_ms
        if self._is_rolling:
            return -(-(self._stamps[len(self._stamps) - self.limit] + self._span_ns) // MILLISECOND_NS)
        return (self._first(now) + self._span_ns) // MILLISECOND_NS

    def as_json(self, now: Instant) -> list[dict[str, object]]:
        """For the control API."""
        used = self.limit - self.left(now)
        kind = "rolling" if self._is_rolling else "fixed"
        window_s = self._span_ns // SECOND_NS
        return [{"orders": self.limit, "window_s": window_s, "kind": kind, "used": used}]

    def _first(self, now: Instant) -> int:
        if self._is_rolling:
            return now.unix_ns - self._span_ns + 1
        return now.unix_ns // self._span_ns * self._span_ns
