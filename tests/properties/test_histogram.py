"""`arbcore.Histogram` against a sorted list."""

import math

from hypothesis import given
from hypothesis import strategies as st

from arbcore import Histogram

DURATIONS = st.lists(
    st.one_of(st.integers(0, 300), st.integers(0, 10**7), st.integers(0, 2**62)), min_size=1, max_size=200
)


def filled(values: list[int]) -> Histogram:
    histogram = Histogram()
    for ns in values:
        histogram.record(ns)
    return histogram


@given(DURATIONS, st.floats(0, 1))
def test_a_quantile_is_within_a_bucket_of_the_sorted_lists(values: list[int], q: float) -> None:
    ranked = sorted(values)
    exact = ranked[max(0, math.ceil(q * len(ranked)) - 1)]
    assert abs(filled(values).quantile(q) - exact) <= exact / 256


@given(DURATIONS)
def test_count_and_ends_are_exact(values: list[int]) -> None:
    histogram = filled(values)
    assert (histogram.count, histogram.min, histogram.max) == (len(values), min(values), max(values))


@given(DURATIONS, DURATIONS)
def test_merging_equals_recording_both(a: list[int], b: list[int]) -> None:
    merged, both = filled(a), filled(a + b)
    merged.merge(filled(b))
    for q in (0.0, 0.01, 0.5, 0.99, 1.0):
        assert merged.quantile(q) == both.quantile(q)
    assert (merged.count, merged.min, merged.max) == (both.count, both.min, both.max)
