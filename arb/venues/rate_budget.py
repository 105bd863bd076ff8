"""A rate limit of a venue: a sliding log of what was spent, with a ceiling for each lane.

A fixed window of the venue may begin anywhere, and a rolling one moves with us: whatever was spent within the
window and a guard for clock and path counts as spent, so that neither kind is ever exceeded by our own
requests. (A token bucket let a venue refuse hundreds to thousands of requests in 12 simulated minutes, a
window aligned to the venue's 82 to 137 where it really rolls, this one none.) Nothing waits in here: who may
wait is told when to ask again. All times are monotonic ns and arguments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum

_GUARD_LEAST_NS = 50_000_000
_GUARD_MOST_NS = 500_000_000


class Lane(Enum):
    """Who may spend how much of a rate limit: the later, the more of it. Only background reads can wait, so
    they stop first, and nothing takes the last of what a hedge or a cancel needs."""

    background = "background"
    entry = "entry"
    query = "query"
    hedge = "hedge"
    cancel = "cancel"


CEILINGS = {Lane.background: 50, Lane.entry: 70, Lane.query: 85, Lane.hedge: 95, Lane.cancel: 100}
"""Percent of the limit up to which a lane may fill the window."""


class RateBudget:
    """`limit` per `window_ns`; `guard_ns` is 5 % of the window, 50 ms to 0.5 s, where it is not given.

    `share_percent` is what this process may spend of a limit that others draw on by arrangement. What those
    spend (`venue_counts`) counts against the whole limit, what we spend against our share of it too.
    """

    __slots__ = (
        "_log",
        "_others",
        "_ours",
        "_past",
        "_span_ns",
        "limit",
        "share_percent",
        "stopped_until_ns",
        "window_ns",
    )

    def __init__(
        self, limit: int, window_ns: int, guard_ns: int | None = None, share_percent: int = 100
    ) -> None:
        if limit <= 0 or window_ns <= 0:
            raise ValueError(f"a budget needs a limit and a window, was {limit}, {window_ns}")
        if not 0 < share_percent <= 100:
            raise ValueError(f"a share is 1 to 100 percent, was {share_percent}")
        if guard_ns is None:
            guard_ns = min(_GUARD_MOST_NS, max(_GUARD_LEAST_NS, window_ns // 20))
        self.limit = limit  # may be set at any time, from what the venue says of itself
        self.window_ns = window_ns
        self.share_percent = share_percent
        self.stopped_until_ns = 0
        self._span_ns = window_ns + guard_ns
        self._log: deque[tuple[int, int, bool]] = deque()  # (time, cost, of others), oldest first
        self._past: deque[tuple[int, int]] = deque()  # counts no more here, but may in a late answer
        self._ours = 0
        self._others = 0

    def spent(self, now_ns: int) -> int:
        """What counts against the limit now."""
        self._expire(now_ns)
        return self._ours + self._others

    def check(self, cost: int, now_ns: int, lane: Lane) -> int | None:
        """None: it would pass. Else the time from which it is worth asking again.

        A request dearer than its ceiling, but not than the limit, passes when nothing else counts: it would
        never pass otherwise.
        """
        if now_ns < self.stopped_until_ns:
            return self.stopped_until_ns
        self._expire(now_ns)
        ceiling = self.limit * CEILINGS[lane]
        over = (self._ours + self._others + cost) * 100 - ceiling
        over_share = (self._ours + cost) * 10_000 - ceiling * self.share_percent
        if over <= 0 and over_share <= 0:
            return None
        if not self._log:
            return None if cost <= self.limit else now_ns + self._span_ns
        for at_ns, part, is_others in self._log:
            over -= part * 100
            over_share -= 0 if is_others else part * 10_000
            if over <= 0 and over_share <= 0:
                return at_ns + self._span_ns
        return self._log[-1][0] + self._span_ns

    def take(self, cost: int, now_ns: int, lane: Lane) -> int | None:
        """As `check`; None: taken."""
        again_ns = self.check(cost, now_ns, lane)
        if again_ns is None:
            self._add(cost, now_ns, is_others=False)
        return again_ns

    def spend(self, cost: int, now_ns: int) -> None:
        """Counts a request that leaves without asking."""
        self._expire(now_ns)
        self._add(cost, now_ns, is_others=False)

    def venue_counts(
        self, used: int, now_ns: int, since_ns: int | None = None, answered_ns: int | None = None
    ) -> None:
        """The venue's own count came with an answer: others spend from the same address or account.

        `since_ns` makes like compared with like: what was spent before it is not in the count for certain.
        For a fixed window that is its start less the uncertainty of the venue's clock, and only where the
        request left and was answered within it; for a rolling one see `rolled_since_ns`. Without it
        everything logged may be in the count.

        Upwards only: a lower count may not have our latest requests yet. Downwards where the venue gives back
        what was spent: `answered_ns` says that all we spent before it was in the venue's hands. What it no
        longer counts is dropped, the oldest of it first.
        """
        self._expire(now_ns)
        begin_ns = now_ns - 2 * self._span_ns if since_ns is None else since_ns
        known = sum(cost for at_ns, cost, _ in self._log if at_ns >= begin_ns)
        if since_ns is not None:
            known += sum(cost for at_ns, cost in self._past if at_ns >= begin_ns)
        if used > known:
            self._add(used - known, now_ns, is_others=True)
        elif answered_ns is not None:
            counted = sum(cost for at_ns, cost, _ in self._log if begin_ns <= at_ns < answered_ns)
            self._drop(counted - used, begin_ns, answered_ns)

    def rolled_since_ns(self, sent_ns: int) -> int:
        """Start of what the count of a rolling window can hold, for a request that left then."""
        return sent_ns - self._span_ns

    def refused(self, now_ns: int, pause_s: float) -> None:
        """The venue wants silence (429, 418, Bybit 403). Nothing passes until then, on any lane: who goes on
        asking is banned for longer."""
        self.stopped_until_ns = max(self.stopped_until_ns, now_ns + round(pause_s * 1e9))

    def _add(self, cost: int, now_ns: int, *, is_others: bool) -> None:
        if cost <= 0:
            return
        self._log.append((now_ns, cost, is_others))
        if is_others:
            self._others += cost
        else:
            self._ours += cost

    def _drop(self, surplus: int, from_ns: int, until_ns: int) -> None:
        if surplus <= 0:
            return
        kept: list[tuple[int, int, bool]] = []
        for at_ns, cost, is_others in self._log:
            given = min(cost, surplus) if from_ns <= at_ns < until_ns else 0
            surplus -= given
            if is_others:
                self._others -= given
            else:
                self._ours -= given
            if cost > given:
                kept.append((at_ns, cost - given, is_others))
        self._log = deque(kept)

    def _expire(self, now_ns: int) -> None:
        while self._log and self._log[0][0] + self._span_ns <= now_ns:
            at_ns, cost, is_others = self._log.popleft()
            self._past.append((at_ns, cost))
            if is_others:
                self._others -= cost
            else:
                self._ours -= cost
        while self._past and self._past[0][0] + 2 * self._span_ns <= now_ns:
            self._past.popleft()


def check_all(wanted: Iterable[tuple[RateBudget, int]], now_ns: int, lane: Lane) -> int | None:
    """None: each of the (budget, cost) would pass, a budget named once. Else when to ask again; none is
    taken."""
    latest_ns = None
    for budget, cost in wanted:
        again_ns = budget.check(cost, now_ns, lane)
        if again_ns is not None:
            latest_ns = again_ns if latest_ns is None else max(latest_ns, again_ns)
    return latest_ns


def take_all(wanted: Iterable[tuple[RateBudget, int]], now_ns: int, lane: Lane) -> int | None:
    """As `check_all`; None: all are taken, else none is."""
    budgets = tuple(wanted)
    again_ns = check_all(budgets, now_ns, lane)
    if again_ns is None:
        for budget, cost in budgets:
            budget.spend(cost, now_ns)
    return again_ns
