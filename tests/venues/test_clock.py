"""The venue's clock as an interval."""

from __future__ import annotations

import random

import pytest

from arb.venues.clock import ClockBounds, ClockPoller, VenueClock

from .fakes import START_WALL_MS, FakeClock

MS = 1_000_000


def test_a_reading_bounds_the_offset_by_send_and_receive_time() -> None:
    bounds = ClockBounds()
    assert bounds.add(sent_ns=100 * MS, received_ns=130 * MS, server_ns=5_000 * MS)
    # S - t1 <= offset <= S + 1 ms - t0
    assert bounds.bounds_ns(130 * MS) == (4_870 * MS, 4_901 * MS)
    assert bounds.half_width_ns(130 * MS) == 31 * MS // 2


def test_readings_are_intersected() -> None:
    bounds = ClockBounds()
    bounds.add(100 * MS, 130 * MS, 5_000 * MS)
    bounds.add(130 * MS, 132 * MS, 5_012 * MS)
    lo, hi = bounds.bounds_ns(132 * MS)
    assert (lo, hi) == (5_012 * MS - 132 * MS, 5_013 * MS - 130 * MS)


def test_an_old_bound_widens_by_50_ppm_of_the_time_passed() -> None:
    bounds = ClockBounds()
    bounds.add(0, 10 * MS, 1_000 * MS)
    lo, hi = bounds.bounds_ns(10 * MS + 1_000_000 * MS)
    assert (lo, hi) == (990 * MS - 50 * MS, 1_001 * MS + 50 * MS)


def test_an_empty_intersection_starts_over() -> None:
    bounds = ClockBounds()
    for at in range(5):
        bounds.add(at * MS, at * MS + MS, (1_000 + at) * MS)
    assert bounds.settled
    assert not bounds.add(10 * MS, 11 * MS, 9_000 * MS)
    assert (bounds.steps, bounds.samples, bounds.settled) == (1, 1, False)
    assert bounds.venue_ms(11 * MS) in (9_000, 9_001)


@pytest.mark.parametrize("seed", range(20))
def test_the_truth_is_never_outside_the_bounds(seed: int) -> None:
    rng = random.Random(seed)
    truth, drift_ppm = rng.randrange(10**15), rng.uniform(-45, 45)
    bounds, mono = ClockBounds(), 0
    for _ in range(200):
        mono += rng.randrange(60_000) * MS
        sent = mono
        there = sent + int(rng.expovariate(1 / 35) * MS)
        received = there + int(rng.expovariate(1 / 35) * MS)
        offset = truth + int(there * drift_ppm / 1e6)
        bounds.add(sent, received, (there + offset) // MS * MS)
        mono = received
        lo, hi = bounds.bounds_ns(mono)
        now = truth + int(mono * drift_ppm / 1e6)
        assert lo <= now <= hi, (seed, lo - now, hi - now)
    assert bounds.steps == 0


def test_stamps_ignore_steps_of_wall_time_once_the_offset_is_known() -> None:
    port = FakeClock()
    clock = VenueClock(port)
    assert clock.stamp_ms() == START_WALL_MS + 1_000
    clock.bounds.add(port.ns, port.ns, 5_000 * MS)
    port.wall_offset_ms += 3_600_000
    port.advance(2.0)
    assert clock.stamp_ms() == 7_000


def test_the_poller_bursts_then_rests_and_bursts_again_after_a_step() -> None:
    port, answers, asked = FakeClock(), [True] * 5 + [False] + [True] * 10, []

    def measure(done: object) -> None:
        asked.append(round(port.ns / 1e9, 1))
        done(answers.pop(0))  # type: ignore[operator]

    poller = ClockPoller(port, measure, period_s=60.0, burst=5, burst_gap_s=0.1, retry_s=1.0)
    poller.start()
    port.advance(61.0)
    assert asked == [1.0, 1.1, 1.2, 1.3, 1.4, 61.4]
    port.advance(2.0)
    assert asked[6:] == [62.4, 62.5, 62.6, 62.7, 62.8]
    poller.stop()
    port.advance(600.0)
    assert len(asked) == 11
