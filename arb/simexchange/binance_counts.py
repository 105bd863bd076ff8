"""How many orders an account may place: the counters of one market, their headers, -1015 over the limit."""

from collections import deque
from dataclasses import dataclass, field

from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import SECOND_NS, Instant

_LETTERS = ((86_400, "D", "DAY"), (3_600, "H", "HOUR"), (60, "M", "MINUTE"), (1, "S", "SECOND"))


@dataclass(slots=True)
class OrderLimit:
    """`limit` orders in `seconds`: a window aligned to the clock, or with `is_rolling` the time just past."""

    limit: int
    seconds: int
    is_rolling: bool = False
    _stamps: deque[int] = field(default_factory=deque)  # when each order came, unix ns

    def count(self, now: Instant) -> int:
        span = self.seconds * SECOND_NS
        first = now.unix_ns - span + 1 if self.is_rolling else now.unix_ns // span * span
        while self._stamps and self._stamps[0] < first:
            self._stamps.popleft()
        return len(self._stamps)

    def add(self, now: Instant) -> None:
        self._stamps.append(now.unix_ns)

    def give_back(self) -> None:
        if self._stamps:
            self._stamps.pop()

    def seconds_left(self, now: Instant) -> int:
        """Whole seconds until there is room again, rounded up."""
        span = self.seconds * SECOND_NS
        if self.is_rolling:
            left = self._stamps[0] + span - now.unix_ns if self._stamps else 0
        else:
            left = span - now.unix_ns % span
        return max(1, -(-left // SECOND_NS))

    @property
    def words(self) -> tuple[int, str, str]:
        """10, "S", "SECOND"."""
        for unit, letter, word in _LETTERS:
            if self.seconds % unit == 0:
                return self.seconds // unit, letter, word
        raise AssertionError(self.seconds)


class OrderCounts:
    """Spot counts the accepted orders that have no fill yet, USD-M counts every request."""

    def __init__(self, limits: tuple[tuple[int, int], ...], *, only_unfilled: bool) -> None:
        self.limits = [OrderLimit(limit, seconds) for limit, seconds in limits]
        self.refused = 0
        self._only_unfilled = only_unfilled

    def take(self, now: Instant) -> None:
        """Count one order, or -1015."""
        for limit in self.limits:
            if limit.count(now) >= limit.limit:
                self.refused += 1
                number, _, word = limit.words
                text = f"Too many new orders; current limit is {limit.limit} orders per {number} {word}."
                raise BinanceError(-1015, text, 429, limit.seconds_left(now))
        for limit in self.limits:
            limit.add(now)

    def give_back(self) -> None:
        """An order was refused, or got its first fill."""
        if self._only_unfilled:
            for limit in self.limits:
                limit.give_back()

    def set(self, orders: int, seconds: int, *, is_rolling: bool) -> None:
        """Put the shortest limit in the place of this one."""
        self.limits[0] = OrderLimit(orders, seconds, is_rolling)

    def headers(self, now: Instant) -> dict[str, str]:
        counts: dict[str, str] = {}
        for limit in self.limits:
            number, letter, _ = limit.words
            counts[f"X-MBX-ORDER-COUNT-{number}{letter}"] = str(limit.count(now))
        return counts

    def as_json(self, now: Instant) -> list[dict[str, object]]:
        """For the control API."""
        return [
            {
                "orders": limit.limit,
                "window_s": limit.seconds,
                "kind": "rolling" if limit.is_rolling else "fixed",
                "used": limit.count(now),
            }
            for limit in self.limits
        ]

    def rows(self, now: Instant | None = None) -> list[dict[str, object]]:
        """As exchangeInfo has them, with `count` where `now` is given."""
        rows: list[dict[str, object]] = []
        for limit in self.limits:
            number, _, word = limit.words
            row: dict[str, object] = {
                "rateLimitType": "ORDERS",
                "interval": word,
                "intervalNum": number,
                "limit": limit.limit,
            }
            rows.append(row if now is None else row | {"count": limit.count(now)})
        return rows
