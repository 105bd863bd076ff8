"""An opportunity is an episode, its edge is net and exact."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.data.episodes import JOIN_NS, Direction, FeeFactors

MS = 1_000_000


def direction(fee: str = "0") -> Direction:
    return Direction(FeeFactors.of(Decimal(fee)))


def test_time_counts_only_while_the_edge_is_above_zero() -> None:
    seen = direction()
    seen.see(10, 100, 101)
    seen.see(40, 100, 102)
    seen.see(70, 100, 100)  # an edge of 0 is none
    seen.see(90, 101, 100)
    assert (seen.crossed_ns, seen.opportunities) == (60, 1)


def test_gaps_up_to_50_ms_are_one_opportunity() -> None:
    for gap, episodes in ((JOIN_NS, 1), (JOIN_NS + 1, 2)):
        seen = direction()
        seen.see(0, 100, 101)
        seen.see(1 * MS, 100, 99)
        seen.see(1 * MS + gap, 100, 101)
        seen.close(2 * MS + gap)
        assert (seen.opportunities, seen.crossed_ns) == (episodes, 2 * MS)


def test_a_close_ends_what_is_open_and_only_that() -> None:
    seen = direction()
    seen.close(5)
    seen.see(10, 100, 101)
    seen.close(12)
    seen.close(99)
    assert seen.crossed_ns == 2


def test_the_fees_of_both_legs_are_paid() -> None:
    # 20 bps of distance against 10 + 10 bps of fees: the fees are due on both prices, so it is a loss.
    seen = direction("10")
    seen.see(0, 10_000_000, 10_020_000)
    assert seen.opportunities == 0
    seen.see(1, 10_000_000, 10_020_041)
    assert seen.opportunities == 1


def test_the_best_edge_is_kept_even_where_it_was_a_loss() -> None:
    seen = direction("10")
    assert seen.max_edge_bps is None
    seen.see(0, 10_000, 9_990)
    assert seen.max_edge_bps == Decimal("-29.9900")
    seen.see(1, 10_000, 10_000)
    seen.see(2, 10_000, 9_995)
    assert seen.max_edge_bps == Decimal("-20.0000")


@given(
    tops=st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=20),
    fee=st.decimals(-10, 500, places=4),
)
def test_edges_equal_those_of_exact_fractions(tops: list[tuple[int, int]], fee: Decimal) -> None:
    seen = Direction(FeeFactors.of(fee))
    rate = Fraction(fee) / 10_000
    edges = []
    for now, (ask, bid) in enumerate(tops):
        seen.see(now, ask, bid)
        edges.append((bid * (1 - rate) - ask * (1 + rate)) / ask * 10_000)
    wanted = max(edges)
    assert seen.max_edge_bps is not None
    assert abs(Fraction(seen.max_edge_bps) - wanted) <= Fraction(1, 20_000) + abs(wanted) / 10**20
    assert (seen.opportunities > 0) == (wanted > 0)


def test_a_fee_too_fine_for_the_integers_is_refused() -> None:
    with pytest.raises(ValueError, match="6 decimals"):
        FeeFactors.of(Decimal("0.0000001"))
