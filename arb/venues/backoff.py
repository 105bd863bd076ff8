"""Waiting times between reconnects: doubling, capped, jittered, and forgiven only after a healthy while.

Resetting on mere connect makes a server that accepts and drops be hammered at the shortest delay.
"""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    __slots__ = ("_base_s", "_cap_s", "_random", "attempts")

    def __init__(self, base_s: float, cap_s: float, random: Callable[[], float]) -> None:
        """`random` gives [0, 1); the delay lies between half and the whole of the doubled base."""
        if not 0 < base_s <= cap_s:
            raise ValueError(f"back-off needs 0 < base <= cap, was {base_s}, {cap_s}")
        self._base_s = base_s
        self._cap_s = cap_s
        self._random = random
        self.attempts = 0

    def next_s(self) -> float:
        ceiling = min(self._cap_s, self._base_s * 2.0 ** min(self.attempts, 32))
        self.attempts += 1
        return ceiling * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        self.attempts = 0
