"""Planned rotation under load: connections that live a second, books that never notice."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from arb.cli._plan import default_plan, market_urls
from arb.live.plan import SessionPlan
from arb.live.session import Session
from arb.live.simulated import SimulatedVenues
from arbcore.engine import replay_tape

pytestmark = pytest.mark.e2e


@dataclasses.dataclass
class Seen:
    rotations: list[int]  # of each venue
    stats: dict[str, int]
    gaps: list[int]  # of every book, active or not
    began: int
    ended: int
    compared: dict[str, int]


_ROUNDS = int(os.environ.get("ARB_TEST_ROTATIONS", "6"))


def plan_of(sim: SimulatedVenues, market: str, tape: Path) -> SessionPlan:
    """Both venues' spot markets, or their perpetuals; connections live about a second."""
    plan = default_plan(sim.urls, sim.key, sim.secret, tape)
    hasty = [dataclasses.replace(venue, connection_life_s=1.0, overlap_s=10.0) for venue in plan.venues]
    if market == "perpetual":
        kinds = {"binance": "usdm", "bybit": "linear"}
        hasty = [
            dataclasses.replace(
                venue,
                market=f"{venue.name}_{kinds[venue.name]}",
                urls=market_urls(venue.name, kinds[venue.name], sim.urls),
                buy_fee_in_base=False,
            )
            for venue in hasty
        ]
        symbols = tuple(f"{symbol}:USDT" for symbol in plan.symbols)
        return dataclasses.replace(plan, venues=tuple(hasty), symbols=symbols)
    return dataclasses.replace(plan, venues=tuple(hasty))


async def rotate(tape: Path, market: str, rounds: int) -> Seen:
    # The venue cuts the windows of its connections at different ids, as nothing forbids a real one.
    sim = await SimulatedVenues.start(["--seed", "5", "--window-cuts", "2"])
    try:
        session = Session(plan_of(sim, market, tape))
        await session.open()
        began = session.turn.stamp()
        feeds = [shard.feed for state in session.venues for shard in state.shards if shard.feed is not None]
        compared = {"equal": 0, "other": 0}
        async with asyncio.timeout(20 + 5 * rounds):
            while min(feed.rotations for feed in feeds) < rounds:
                await asyncio.sleep(0.05)
                await compare(session, sim.control, market, compared)
        resolved = await session.settle()
        ended = session.turn.stamp()
        books = [
            session.engine.book(id, connection)
            for state in session.venues
            for shard in state.shards
            for id in state.instruments.values()
            for connection in shard.connections
        ]
        await session.close()
        assert resolved
        assert not session.troubles
        assert [feed.failed_rotations for feed in feeds] == [0, 0]
        return Seen(
            [feed.rotations for feed in feeds],
            session.engine.stats,
            [book["gaps"] for book in books],
            began,
            ended,
            compared,
        )
    finally:
        await sim.stop()


async def compare(session: Session, control: str, market: str, compared: dict[str, int]) -> None:
    """The active depth of one book beside the server's own at the same id."""
    for state in session.venues:
        id = state.instruments[session.plan.symbols[0]]
        engine = session.engine
        book = engine.book(id)
        if book["state"] != "LIVE":
            continue
        depth = dict(zip(("bids", "asks"), engine.depth(id, 10), strict=True))
        url = f"{control}/books/{state.plan.market}/BTCUSDT/{book['key']}?levels=10"
        truth = orjson.loads(await session.read(url))
        if truth is not None:
            same = all(
                [[Decimal(x) for x in level] for level in truth[side]]
                == [[Decimal(x) for x in level] for level in depth[side]]
                for side in depth
            )
            compared["equal" if same else "other"] += 1


@pytest.mark.parametrize("market", ["spot", "perpetual"])
def test_rotation_leaves_no_gap_and_no_moment_without_a_book(market: str, tmp_path: Path) -> None:
    tape = tmp_path / "rotation.tape"
    seen = asyncio.run(rotate(tape, market, _ROUNDS))
    print(
        f"{market}: rotations {seen.rotations}, switches {seen.stats['switches']}, "
        f"trades {seen.stats['trades']}, gaps {seen.gaps}, books {seen.compared}"
    )
    assert min(seen.rotations) >= _ROUNDS
    assert seen.stats["switches"] == 2 * sum(seen.rotations)  # two instruments on each connection
    assert seen.stats["trades"] > 0
    assert seen.stats["balanced"] == seen.stats["trades"]
    assert seen.gaps == [0] * 8
    assert seen.compared["other"] == 0
    assert seen.compared["equal"] > 10
    # The replay tells of every change of the active books: from the start of trading on there is none.
    replayed = replay_tape(tape.read_bytes())
    assert replayed["status"] == "ok"
    assert [change for change in replayed["books"] if seen.began < change[0] < seen.ended] == []
