"""Bybit's limits of an account: requests a second of each endpoint, the same on REST and WebSocket.

Each answer tells limit and what is left of it (`X-Bapi-Limit`, `X-Bapi-Limit-Status`): the account may have a
higher limit than the lowest tier, and others may draw on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from arb.venues.base import Lane
from arb.venues.bybit.tables import Endpoint
from arb.venues.clock import VenueClock
from arb.venues.rate_budget import RateBudget

_WINDOW_NS = 1_000_000_000
_LIMIT, _LEFT = "X-Bapi-Limit", "X-Bapi-Limit-Status"
_RESET = "X-Bapi-Limit-Reset-Timestamp"


class AccountLimits:
    """Of one category: spot and linear orders are counted apart."""

    def __init__(self, clock: VenueClock) -> None:
        self._clock = clock
        self._budgets: dict[str, RateBudget] = {}  # by path

    def budget(self, endpoint: Endpoint) -> RateBudget | None:
        """None where the account has no limit of its own."""
        found = self._budgets.get(endpoint.path)
        if found is None and endpoint.per_second:
            found = self._budgets[endpoint.path] = RateBudget(endpoint.per_second, _WINDOW_NS)
        return found

    def has_room(self, endpoint: Endpoint, count: int, lane: Lane) -> bool:
        budget = self.budget(endpoint)
        return budget is None or budget.check(count, self._clock.mono_ns(), lane) is None

    def spend(self, endpoint: Endpoint) -> int:
        """One request that leaves now; its time, to be given to `observe`."""
        now_ns = self._clock.mono_ns()
        budget = self.budget(endpoint)
        if budget is not None:
            budget.spend(1, now_ns)
        return now_ns

    def observe(self, endpoint: Endpoint, headers: Mapping[str, str], sent_ns: int) -> None:
        """What an answer says of the limit. Headers we cannot read are no headers."""
        budget = self.budget(endpoint)
        if budget is None:
            return
        try:
            limit, left = int(headers.get(_LIMIT, "")), int(headers.get(_LEFT, ""))
        except (ValueError, TypeError):
            return
        if limit <= 0 or not 0 <= left <= limit:
            return
        budget.limit = limit
        budget.venue_counts(limit - left, self._clock.mono_ns(), budget.rolled_since_ns(sent_ns))

    def refused(self, endpoint: Endpoint, pause_s: float) -> None:
        """10006: this endpoint alone is full until then."""
        budget = self.budget(endpoint)
        if budget is not None:
            budget.refused(self._clock.mono_ns(), pause_s)

    def reset_s(self, headers: Mapping[str, str], otherwise_s: float) -> float:
        """From now until the venue takes requests of that endpoint again."""
        try:
            reset_ms = int(headers.get(_RESET, ""))
        except (ValueError, TypeError):
            return otherwise_s
        return max(0, reset_ms - self._clock.stamp_ms()) / 1_000
