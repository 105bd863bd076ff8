from __future__ import annotations

from arb.venues.backoff import Backoff


def test_delays_double_up_to_the_cap_and_start_over_only_on_reset() -> None:
    backoff = Backoff(0.25, 3.0, lambda: 0.0)
    assert [backoff.next_s() for _ in range(6)] == [0.125, 0.25, 0.5, 1.0, 1.5, 1.5]
    backoff.reset()
    assert backoff.next_s() == 0.125


def test_jitter_fills_the_upper_half() -> None:
    assert Backoff(1.0, 8.0, lambda: 0.999).next_s() > 0.99


def test_a_thousand_failures_do_not_overflow() -> None:
    backoff = Backoff(0.25, 30.0, lambda: 0.5)
    assert max(backoff.next_s() for _ in range(5_000)) <= 30.0
