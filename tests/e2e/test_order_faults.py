"""Each fault of order entry over real sockets: our side ends where the simulator's ledger is, never twice."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest

from arbcore.settings import MS
from tests.order_cases.case import TIMING
from tests.order_cases.draw import FAULTS, Draw
from tests.order_cases.judge import table
from tests.order_cases.run import run_cases, run_draws

pytestmark = pytest.mark.e2e
KINDS = ("binance_spot", "binance_usdm", "bybit_spot", "bybit_linear")
ONES = ("none", "before acceptance", "after acceptance", "error code", "late", "partial", "query lost")


def test_seeded_faults_end_as_the_ledger_says_and_nothing_is_executed_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdict, _ = asyncio.run(run_cases(150, seed=11))
    with capsys.disabled():
        print(f"\n{table(verdict)}")
    assert verdict.wrong == []
    assert verdict.double == 0
    assert sum(count for count, _, _ in verdict.rows.values()) == 150
    assert set(verdict.rows) <= set(FAULTS)
    assert set(verdict.rows) >= set(ONES)
    assert verdict.fenced > 0
    assert verdict.executed > 0


def _late(kind: str, way: str, number: int, delay_ms: int) -> Draw:
    venue, _, market = kind.partition("_")
    params: dict[str, Any] = {"delay_ms": delay_ms, "answer": "none"}
    fault = {"venue": venue, "market": market, "op": "place", "kind": "order_late", "params": params}
    return Draw(number, kind, way, "late", "after the fence", (fault,), fills=True)


def test_an_order_accepted_after_the_fence_is_followed_again_and_halts_its_pair() -> None:
    """No venue bounds how long it may hold an order: the fence is an assumption, and its failing is loud."""
    settle_ms = TIMING.fence_ns // 1_000_000 + 700
    ways = itertools.product(KINDS, ("rest", "ws"))
    draws = [_late(kind, way, number, settle_ms) for number, (kind, way) in enumerate(ways, 1)]
    verdict, runner = asyncio.run(run_draws(draws, lingering_s=2.5))
    assert {case.draw.kind for case in runner.cases} >= {"binance_spot", "binance_usdm", "bybit_spot"}
    for case in runner.cases:
        [first] = [heard for heard in case.orders.values() if not heard.place.hedge]
        assert (first.unknown, first.reopened) == (True, True), case.draw
        assert case.halts == ["FENCE_BROKEN"], case.draw
    assert [line for line in verdict.wrong if "seen after" not in line] == []


def test_a_fence_that_is_too_early_is_found_out() -> None:
    """The judge can fail: with a fence ahead of what the simulator may still do, cases go wrong."""
    draws = [_late("binance_spot", "rest", number, 350) for number in range(1, 5)]
    often = tuple(number * 20 * MS for number in range(6))
    early = replace(TIMING, ack_ns=20 * MS, fence_ns=60 * MS, absent_gap_ns=10 * MS, query_ns=often)
    early = replace(early, query_later_ns=20 * MS)
    verdict, _ = asyncio.run(run_draws(draws, timing=early, lingering_s=0.8))
    assert len([line for line in verdict.wrong if "seen after it had been resolved" in line]) == 4
