"""The rate budget: we exceed no window of the venue, lanes keep their reserve, a pause is a pause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.venues.rate_budget import CEILINGS, Lane, RateBudget, check_all, take_all

S = 1_000_000_000
MINUTE = 60 * S


def budget(limit: int = 1_000) -> RateBudget:
    return RateBudget(limit, MINUTE, guard_ns=0)


def test_each_lane_stops_at_its_own_ceiling() -> None:
    ceilings = {}
    for lane in Lane:
        one = budget()
        while one.take(10, 0, lane) is None:
            pass
        ceilings[lane.name] = one.spent(0)
    assert ceilings == {"background": 500, "entry": 700, "query": 850, "hedge": 950, "cancel": 1_000}


def test_it_says_when_to_ask_again_and_then_it_passes() -> None:
    one = budget()
    for at in range(50):
        assert one.take(10, at * S, Lane.background) is None
    again = one.take(10, 50 * S, Lane.background)
    assert again == MINUTE, "when the first of them leaves the window"
    assert one.take(10, again - 1, Lane.background) == again
    assert one.take(10, again, Lane.background) is None
    assert one.take(25, again, Lane.background) == 3 * S + MINUTE, "three more must leave"


def test_a_request_dearer_than_its_ceiling_passes_when_nothing_else_counts() -> None:
    one = budget(100)
    assert one.take(90, 0, Lane.background) is None
    assert one.take(1, 0, Lane.background) == MINUTE
    assert budget(100).take(101, 0, Lane.cancel) == MINUTE, "dearer than the limit never passes"


def test_what_others_spent_counts_too_but_never_downwards() -> None:
    one = budget()
    one.spend(100, 0)
    one.venue_counts(480, 1 * S)
    assert one.spent(1 * S) == 480
    one.venue_counts(20, 2 * S)
    assert one.spent(2 * S) == 480
    assert one.take(40, 2 * S, Lane.background) is not None


def test_a_count_of_the_venue_s_new_minute_is_compared_with_that_minute_alone() -> None:
    one = budget()
    one.spend(300, 0)
    one.spend(20, 50 * S)
    one.venue_counts(100, 51 * S, since_ns=40 * S)
    assert one.spent(51 * S) == 400, "80 are of others: 300 of ours were in the minute before"


def test_a_pause_stops_every_lane_until_the_stated_time_and_is_never_shortened() -> None:
    one = budget()
    one.refused(0, 30.0)
    one.refused(0, 1.0)
    for lane in Lane:
        assert one.take(1, 30 * S - 1, lane) == 30 * S
        assert one.take(1, 30 * S, lane) is None


def test_a_limit_that_the_venue_tells_is_used_at_once() -> None:
    one = budget(1_000)
    one.limit = 100
    assert one.take(50, 0, Lane.background) is None
    assert one.take(1, 0, Lane.background) is not None


@pytest.mark.parametrize(("limit", "window_ns"), [(0, MINUTE), (-1, MINUTE), (10, 0)])
def test_a_budget_needs_a_limit_and_a_window(limit: int, window_ns: int) -> None:
    with pytest.raises(ValueError, match="limit and a window"):
        RateBudget(limit, window_ns)


def test_the_guard_is_a_twentieth_within_bounds() -> None:
    for window_ns, guard_ns in ((MINUTE, S // 2), (5 * S, S // 4), (S // 10, S // 20)):
        one = RateBudget(10, window_ns)
        one.spend(1, 0)
        assert one.spent(window_ns + guard_ns - 1) == 1
        assert one.spent(window_ns + guard_ns) == 0


def test_a_share_bounds_what_we_spend_and_others_count_against_the_whole() -> None:
    one = RateBudget(1_000, MINUTE, guard_ns=0, share_percent=50)
    assert one.take(350, 0, Lane.entry) is None
    assert one.check(1, 0, Lane.entry) == MINUTE
    one.venue_counts(650, S)  # 300 of others
    assert one.check(100, S, Lane.hedge) is None, "450 of our 475, 750 of the 950 in all"
    one.venue_counts(900, 2 * S)
    assert one.check(60, 2 * S, Lane.hedge) == MINUTE


def test_a_count_of_a_rolling_window_is_compared_with_our_own_of_the_same_span() -> None:
    one = RateBudget(10, S)  # guard 50 ms
    for at_ms in range(0, 700, 100):
        assert one.take(1, at_ms * 1_000_000, Lane.entry) is None
    # Left at 1 s, was counted there at 1.04 s (six of ours since 0.04 s, and one of theirs), came at 1.08 s.
    sent_ns, now_ns = S, S + 80_000_000
    since_ns = one.rolled_since_ns(sent_ns)
    one.venue_counts(7, now_ns, since_ns)
    assert one.spent(now_ns) == 6, "the first of ours has left the log, but may be in that count"
    one.venue_counts(9, now_ns, since_ns)
    assert one.spent(now_ns) == 8, "two are of others for certain"
    one.venue_counts(9, now_ns, since_ns)
    assert one.spent(now_ns) == 8, "and are counted once"


def test_it_goes_downwards_only_where_told_and_only_by_what_the_venue_had_in_hand() -> None:
    one = budget()
    for at in range(5):
        one.spend(10, at * S)
    one.venue_counts(20, 6 * S)
    assert one.spent(6 * S) == 50
    one.venue_counts(20, 6 * S, answered_ns=4 * S)
    assert one.spent(6 * S) == 30, "the last one may not have been there"
    assert one.spent(61 * S) == 30, "the oldest were dropped: what is left stays long"
    assert one.spent(63 * S) == 10


def test_several_budgets_are_taken_all_or_none() -> None:
    wide, narrow = budget(1_000), budget(10)
    assert take_all(((wide, 7), (narrow, 7)), 0, Lane.entry) is None
    assert check_all(((wide, 1), (narrow, 1)), 0, Lane.entry) == MINUTE
    assert take_all(((wide, 1), (narrow, 1)), S, Lane.entry) == MINUTE
    assert (wide.spent(S), narrow.spent(S)) == (7, 7)
    assert take_all(((wide, 1), (narrow, 1)), S, Lane.hedge) is None


@pytest.mark.parametrize("share_percent", [0, 101])
def test_a_share_is_a_part_of_the_limit(share_percent: int) -> None:
    with pytest.raises(ValueError, match="share"):
        RateBudget(10, S, share_percent=share_percent)


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 20 * S), st.integers(1, 60), st.sampled_from(list(Lane))), max_size=200
    )
)
def test_no_window_wherever_it_begins_holds_more_than_the_limit(
    steps: list[tuple[int, int, Lane]],
) -> None:
    one, now, taken = budget(100), 0, []
    for wait, cost, lane in steps:
        now += wait
        again = one.take(cost, now, lane)
        if again is None:
            taken.append((now, cost))
        else:
            assert again > now
    for start, _ in taken:
        assert sum(cost for at, cost in taken if start <= at < start + MINUTE) <= 100


@given(
    steps=st.lists(st.tuples(st.integers(0, S // 4), st.sampled_from(list(Lane))), max_size=300),
    limit=st.integers(20, 60),
)
def test_each_lane_leaves_the_reserve_of_those_above_it(steps: list[tuple[int, Lane]], limit: int) -> None:
    one, now = RateBudget(limit, S), 0
    for wait, lane in steps:
        now += wait
        before = one.spent(now)
        if one.take(1, now, lane) is None:
            assert (before + 1) * 100 <= limit * CEILINGS[lane]
        else:
            assert (before + 1) * 100 > limit * CEILINGS[lane], "it is refused for no other reason"
