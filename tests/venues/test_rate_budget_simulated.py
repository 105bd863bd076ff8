"""A venue that limits, behind a path with delays, and three times the demand it permits: it refuses none.

Discrete events on integer time, seeded: the venue counts what arrives, in fixed or rolling windows, and every
answer brings its own count back. Its fixed windows begin where its clock says.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from random import Random

import pytest

from arb.venues.rate_budget import Lane, RateBudget

MS = 1_000_000
S = 1_000 * MS


@dataclass(slots=True)
class Venue:
    limit: int
    is_rolling: bool
    offset_ns: int
    arrived: deque[int] = field(default_factory=deque)
    refused: int = 0

    def receive(self, at_ns: int) -> int:
        """The count after this request, or of a full window."""
        begin = at_ns - S if self.is_rolling else (at_ns - self.offset_ns) // S * S + self.offset_ns - 1
        while self.arrived and self.arrived[0] <= begin:
            self.arrived.popleft()
        if len(self.arrived) >= self.limit:
            self.refused += 1
        else:
            self.arrived.append(at_ns)
        return len(self.arrived)


@dataclass(slots=True)
class Result:
    refused: int
    entries: int
    cancels: int
    cancels_held: int
    others_refused: int


def run(
    seed: int,
    limit: int,
    *,
    is_rolling: bool,
    seconds: int,
    others_percent: int = 0,
    cancels_a_second: int = 2,
) -> Result:
    random = Random(seed)
    venue = Venue(limit, is_rolling, random.randrange(S))
    budget = RateBudget(limit, S)
    # (time, tie, what, when it left)
    events: list[tuple[int, int, str, int]] = []
    made = 0

    def push(at_ns: int, what: str, sent_ns: int = 0) -> None:
        nonlocal made
        made += 1
        heapq.heappush(events, (at_ns, made, what, sent_ns))

    def path_ns() -> int:
        """15 ms, with a tail that one in fifty sees."""
        tail = random.expovariate(1 / 10.0) if random.random() < 0.02 else 0.0
        return round((15 + random.random() * 5 + min(tail, 40.0)) * MS)

    for at_ns in range(0, seconds * S, S // (3 * limit)):
        push(at_ns + random.randrange(MS), "entry")
    for at_ns in range(S, seconds * S, S // cancels_a_second):
        push(at_ns + random.randrange(S // cancels_a_second), "cancel")
    if others_percent:
        for at_ns in range(0, seconds * S, 100 * S // (others_percent * limit)):
            push(at_ns + random.randrange(50 * MS), "other")
    result = Result(0, 0, 0, 0, 0)
    while events:
        now_ns, _, what, sent_ns = heapq.heappop(events)
        if what in ("entry", "cancel"):
            if budget.take(1, now_ns, Lane[what]) is not None:
                result.cancels_held += what == "cancel"
                continue
            result.entries += what == "entry"
            result.cancels += what == "cancel"
            push(now_ns + path_ns(), "arrives", now_ns)
        elif what == "other":
            before = venue.refused
            venue.receive(now_ns)
            result.others_refused += venue.refused - before
        elif what == "arrives":
            before = venue.refused
            used = venue.receive(now_ns)
            result.refused += venue.refused - before
            push(now_ns + path_ns(), f"answer {used}", sent_ns)
        else:
            used = int(what.partition(" ")[2])
            if is_rolling:
                budget.venue_counts(used, now_ns, budget.rolled_since_ns(sent_ns))
            elif (sent_ns - venue.offset_ns) // S == (now_ns - venue.offset_ns) // S:
                budget.venue_counts(used, now_ns, (sent_ns - venue.offset_ns) // S * S + venue.offset_ns)
    return result


@pytest.mark.parametrize("is_rolling", [False, True], ids=["fixed", "rolling"])
@pytest.mark.parametrize("limit", [10, 20, 50])
@pytest.mark.parametrize("seed", range(5))
def test_none_is_refused_and_every_cancel_passes(limit: int, is_rolling: bool, seed: int) -> None:
    result = run(seed, limit, is_rolling=is_rolling, seconds=60)
    assert result.refused == 0
    assert result.cancels_held == 0
    assert result.cancels >= 115
    used = (result.entries + result.cancels) / (60 * limit)
    assert 0.55 < used < 0.90, "the limit is made use of"


@pytest.mark.parametrize("is_rolling", [False, True], ids=["fixed", "rolling"])
def test_none_is_refused_even_when_cancels_alone_want_more_than_the_limit(is_rolling: bool) -> None:
    result = run(3, 20, is_rolling=is_rolling, seconds=60, cancels_a_second=60)
    assert result.refused == 0, "the guard is wider than the path varies"
    assert result.entries + result.cancels > 0.85 * 60 * 20


def test_what_others_spend_is_seen_in_the_counts_and_left_to_them() -> None:
    alone = run(7, 20, is_rolling=True, seconds=60)
    beside = run(7, 20, is_rolling=True, seconds=60, others_percent=30)
    assert beside.entries < 0.9 * alone.entries
    assert beside.refused <= beside.entries // 500, "seen late: a rare refusal, harmless"
    assert beside.cancels_held == 0
