"""A moment, given to everything in here that needs the time: accounts, matching and markets read no clock."""

from typing import NamedTuple

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000


class Instant(NamedTuple):
    """`mono_ns` orders and schedules (CLOCK_MONOTONIC), `unix_ns` is what the venue prints.

    `late_ns`: what is done now had come so long ago, and its time window was checked then.
    """

    mono_ns: int
    unix_ns: int
    late_ns: int = 0

    @property
    def unix_ms(self) -> int:
        return self.unix_ns // MILLISECOND_NS

    @property
    def arrived_ms(self) -> int:
        """Unix ms when the request came that is served now."""
        return (self.unix_ns - self.late_ns) // MILLISECOND_NS

    def plus(self, nanoseconds: int) -> "Instant":
        return Instant(self.mono_ns + nanoseconds, self.unix_ns + nanoseconds)
