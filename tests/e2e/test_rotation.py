"""Planned rotation under load: connections that live a second, books that never notice."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from pathlib import Path

import pytest

from arb.cli._plan import default_plan
from arb.live.session import Session
from arb.live.simulated import SimulatedVenues
from arbcore.engine import replay_tape

pytestmark = pytest.mark.e2e

_ROUNDS = int(os.environ.get("ARB_TEST_ROTATIONS", "6"))


async def rotate(tape: Path, rounds: int) -> tuple[list[int], dict[str, int], list[int], list[int]]:
    """-> (rotations of each venue, engine counters, gaps, when trading began and ended)."""
    # The venue cuts the windows of its connections at different ids, as nothing forbids a real one.
    sim = await SimulatedVenues.start(["--seed", "5", "--window-cuts", "2"])
    try:
        plan = default_plan(sim.urls, sim.key, sim.secret, tape)
        hasty = [
            dataclasses.replace(venue, connection_life_s=1.0, overlap_s=10.0) for venue in plan.venues
        ]
        plan = dataclasses.replace(plan, venues=tuple(hasty))
        session = Session(plan)
        await session.open()
        began = session.turn.stamp()
        feeds = [state.market for state in session.venues if state.market is not None]
        async with asyncio.timeout(20 + 5 * rounds):
            while min(feed.rotations for feed in feeds) < rounds:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.05)
        resolved = await session.settle()
        ended = session.turn.stamp()
        books = [
            session.engine.book(id, connection)
            for state in session.venues
            for id in state.instruments.values()
            for connection in state.connections
        ]
        await session.close()
        assert resolved
        assert not session.troubles
        assert [feed.failed_rotations for feed in feeds] == [0, 0]
        return (
            [feed.rotations for feed in feeds],
            session.engine.stats,
            [book["gaps"] for book in books],
            [began, ended],
        )
    finally:
        await sim.stop()


def test_rotation_leaves_no_gap_and_no_moment_without_a_book(tmp_path: Path) -> None:
    tape = tmp_path / "rotation.tape"
    rotations, stats, gaps, (began, ended) = asyncio.run(rotate(tape, _ROUNDS))
    print(f"rotations {rotations}, switches {stats['switches']}, trades {stats['trades']}, gaps {gaps}")
    assert min(rotations) >= _ROUNDS
    assert stats["switches"] == 2 * sum(rotations)  # two instruments on each connection
    assert stats["trades"] > 0
    assert stats["balanced"] == stats["trades"]
    assert gaps == [0] * 8
    # The replay tells of every change of the active books: from the start of trading on there is none.
    replayed = replay_tape(tape.read_bytes())
    assert replayed["status"] == "ok"
    assert [change for change in replayed["books"] if began < change[0] < ended] == []
