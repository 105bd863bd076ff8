"""A session against simulated venues over real sockets: it trades, and closes whatever it opened."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from arb.cli._plan import default_plan
from arb.errors import ArbError, AuthError, Unreachable, UsageError
from arb.live.plan import SessionPlan
from arb.live.session import Session
from arb.live.summary import marks_from_books, summarize
from arb.simexchange.server import SimServer
from arb.simexchange.spec import WorldSpec
from arb.venues.base import StreamKind
from arb.venues.settings import VenueSettings
from arbcore.actions import Action, Place, Resync
from arbcore.engine import replay_tape
from tests.venues.waiting import until


class World:
    """The simulated venues in this loop, and the plan of a session on them."""

    def __init__(self, server: SimServer, tape: Path) -> None:
        self.endpoints: Any = server.endpoints()
        plan = default_plan(self.endpoints["venues"], self.endpoints["key"], self.endpoints["secret"], tape)
        settings = VenueSettings(read_timeout_s=2.0, backoff_base_s=0.02, backoff_cap_s=0.05)
        venues = tuple(replace(venue, settings=settings) for venue in plan.venues)
        # The venues share this loop and its time: a decision may wait longer than on its own.
        timing = replace(plan.engine.timing, place_deadline_ns=200_000_000)
        engine = replace(plan.engine, timing=timing)
        self.plan = replace(plan, venues=venues, engine=engine, start_timeout_s=5.0, stop_timeout_s=5.0)

    def with_urls(self, venue: str, **urls: str | None) -> SessionPlan:
        return replace(
            self.plan,
            venues=tuple(
                replace(plan, urls={**plan.urls, **urls}) if plan.name == venue else plan
                for plan in self.plan.venues
            ),
        )

    async def fault(self, **fault: object) -> None:
        async with (
            aiohttp.ClientSession() as client,
            client.post(self.endpoints["control"] + "/faults", json=fault) as it,
        ):
            assert it.status in (200, 201), await it.text()


@contextlib.asynccontextmanager
async def world(tmp_path: Path) -> AsyncIterator[World]:
    server = SimServer(WorldSpec(seed=7))
    await server.start()
    try:
        yield World(server, tmp_path / "session.tape")
    finally:
        await server.close()


def run(scenario: Callable[[World], Awaitable[None]], tmp_path: Path) -> None:
    """Ends with no task and no handler of the session left in the loop."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with world(tmp_path) as made:
            before = asyncio.all_tasks()
            await scenario(made)
            await asyncio.sleep(0.05)
            left = {task for task in asyncio.all_tasks() - before if "arb/live" in str(task.get_coro())}
            assert not left
            assert loop.get_exception_handler() is None

    asyncio.run(main())


@contextlib.asynccontextmanager
async def opened(
    plan: SessionPlan, on_action: Callable[[Action], None] | None = None
) -> AsyncIterator[Session]:
    session = Session(plan, on_action)
    await session.open()
    try:
        yield session
    finally:
        await session.close()


# Trading.


def test_a_session_trades_settles_and_its_tape_has_its_hash(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async with opened(world.plan) as session:
            await until(lambda: session.engine.stats["balanced"] >= 3, 30)
            assert await session.settle()
            closing = {state.plan.name: await session.balances(state) for state in session.venues}
            orders = await session.open_orders()
            marks = marks_from_books(session)
        summary = summarize(session, closing, marks, orders)
        assert summary["deltas"] == summary["venue_deltas"]
        assert (summary["open_orders"], summary["unresolved"], summary["halted"]) == (0, 0, 0)
        assert session.troubles == []
        assert session.tick_to_order.count >= 6
        assert session.gateway.triggers == {}
        assert session.tape is not None
        result = replay_tape(session.tape.path.read_bytes())
        assert (result["status"], f"{result['action_hash']:016x}") == ("ok", summary["action_hash"])

    run(scenario, tmp_path)


def test_after_close_nothing_enters_the_engine_and_a_second_close_is_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async with opened(world.plan) as session:
            await asyncio.sleep(0.2)
        hashes = session.engine.action_hash, session.engine.state_hash, session.engine.drain_tape()
        await session.close()
        await asyncio.sleep(0.4)
        assert (session.engine.action_hash, session.engine.state_hash, session.engine.drain_tape()) == hashes
        assert hashes[2] == b""

    run(scenario, tmp_path)


def test_an_abrupt_close_opens_no_trade_on_its_way_out(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        session = Session(world.plan)
        await session.open()
        await until(lambda: session.engine.stats["trades"] >= 1, 30)
        market = session.venues[0].shards[0].feed
        assert market is not None
        stop = market.stop

        async def slow() -> None:
            await asyncio.sleep(2)  # books go on, and there are several crosses a second
            await stop()

        market.stop = slow  # type: ignore[method-assign]
        trades = session.engine.stats["trades"]
        seen = session.engine.opportunities["seen"]
        await session.close()
        assert session.engine.opportunities["seen"] > seen
        assert session.engine.stats["trades"] == trades

    run(scenario, tmp_path)


def test_clocks_are_measured_again_while_it_runs(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async with opened(world.plan) as session:
            clocks = [state.venue.clock for state in session.venues]  # type: ignore[attr-defined]
            at_start = 5
            await until(lambda: all(clock.bounds.samples > at_start + 2 for clock in clocks), 5)

    run(scenario, tmp_path)


def test_a_lost_private_stream_blocks_entries_until_it_is_reconciled(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        actions: list[Action] = []
        async with opened(world.plan, actions.append) as session:
            ear = session.venues[1].ear
            down: list[int] = []
            on_stream = ear.on_stream

            def watch(kind: StreamKind, *event: Any) -> None:
                on_stream(kind, *event)
                if kind is StreamKind.private:
                    down.append(session.engine.stats["trades"])

            ear.on_stream = watch  # type: ignore[method-assign]
            await world.fault(venue="bybit", channel="private", kind="reset")
            await until(lambda: len(down) >= 3, 10)  # down, up, resynced
            assert len(set(down)) == 1
            assert ear.health.private == "resynced"
            await until(lambda: session.engine.stats["trades"] > down[0], 30)

    run(scenario, tmp_path)


def test_a_gap_resyncs_that_book_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        actions: list[Action] = []
        async with opened(world.plan, actions.append) as session:
            await world.fault(venue="binance", channel="public", symbol="BTCUSDT", kind="gap")
            instrument = session.venues[0].instruments["BTC/USDT"]
            await until(lambda: session.engine.book(instrument)["gaps"] == 1, 10)
            await until(session.books_live, 10)
            reasons = [(action.instrument, action.reason) for action in actions if isinstance(action, Resync)]
            assert reasons.count((instrument, "gap")) == 1
            assert sum(session.engine.book(id)["gaps"] for id in range(4)) == 1

    run(scenario, tmp_path)


# Errors nobody expected.


def test_an_error_in_a_callback_of_the_loop_halts_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(world: World) -> None:
        async with opened(world.plan) as session:

            def explode() -> None:
                raise RuntimeError("bug")

            asyncio.get_running_loop().call_soon(explode)
            await asyncio.sleep(0.05)
            assert session.engine.state == "HALT"
            assert "RuntimeError: bug" in session.troubles[0]
            await until(lambda: session.halts)

    with caplog.at_level(logging.CRITICAL):
        run(scenario, tmp_path)
    assert any(record.exc_info for record in caplog.records)


def test_an_action_log_that_fails_halts_before_its_order_leaves(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        placed: list[Place] = []

        def full(action: Action) -> None:
            if isinstance(action, Place):
                placed.append(action)
                raise OSError("no space")

        async with opened(world.plan, full) as session:
            await until(lambda: placed, 30)
            await until(lambda: session.engine.state == "HALT", 5)
            await until(session.flat, 10)
            assert await session.open_orders() == 0
            assert session.engine.stats["fills"] == 0

    run(scenario, tmp_path)


# Starts that fail.


async def fails(plan: SessionPlan, kind: type[BaseException], text: str) -> None:
    session = Session(plan)
    with pytest.raises(kind, match=text):
        await session.open()


def test_a_symbol_that_is_not_listed(tmp_path: Path) -> None:
    run(
        lambda world: fails(replace(world.plan, symbols=("BTC/USDT", "NO/USDT")), UsageError, "NO/USDT"),
        tmp_path,
    )


def test_a_quote_asset_the_limits_are_not_in(tmp_path: Path) -> None:
    run(lambda world: fails(replace(world.plan, currency="EUR"), UsageError, "EUR"), tmp_path)


@pytest.mark.parametrize("venue", ["binance", "bybit"])
def test_a_venue_that_is_not_there(tmp_path: Path, venue: str) -> None:
    async def scenario(world: World) -> None:
        await fails(world.with_urls(venue, rest="http://127.0.0.1:9"), Unreachable, f"{venue} instruments")

    run(scenario, tmp_path)


def test_a_wrong_secret(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        plan = default_plan(world.endpoints["venues"], world.endpoints["key"], "wrong", None)
        settings = world.plan.venues[0].settings
        venues = tuple(replace(venue, settings=settings) for venue in plan.venues)
        await fails(replace(plan, venues=venues, start_timeout_s=5.0), AuthError, "binance account")

    run(scenario, tmp_path)


def test_a_private_stream_that_never_answers(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        plan = world.with_urls("bybit", ws_private="ws://127.0.0.1:9/v5/private")
        await fails(replace(plan, start_timeout_s=0.5), Unreachable, "bybit private stream")

    run(scenario, tmp_path)


@pytest.mark.parametrize(("venue", "url"), [("binance", "ws"), ("bybit", "ws_public")])
def test_a_market_stream_that_is_not_there_is_named_with_its_reason(
    tmp_path: Path, venue: str, url: str
) -> None:
    async def scenario(world: World) -> None:
        plan = replace(world.with_urls(venue, **{url: "ws://127.0.0.1:9"}), start_timeout_s=1.5)
        await fails(plan, Unreachable, f"{venue} book of BTC/USDT .*Refused")

    run(scenario, tmp_path)


@pytest.mark.parametrize(("venue", "url"), [("binance", "ws"), ("bybit", "ws_public")])
def test_a_market_address_elsewhere(tmp_path: Path, venue: str, url: str) -> None:
    async def scenario(world: World) -> None:
        await fails(
            world.with_urls(venue, **{url: "ws://192.0.2.1:1"}), PermissionError, "not on this machine"
        )

    run(scenario, tmp_path)


def test_a_tape_that_is_there_already(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert world.plan.tape is not None
        world.plan.tape.write_bytes(b"old")
        await fails(world.plan, FileExistsError, "session.tape")
        assert world.plan.tape.read_bytes() == b"old"

    run(scenario, tmp_path)


def test_a_symbol_the_venue_does_not_trade_at_present(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        session = Session(world.plan)
        learn = session._learn

        async def closed(state: Any) -> None:
            await learn(state)
            state.listed = {name: replace(listed, tradable=False) for name, listed in state.listed.items()}

        session._learn = closed  # type: ignore[method-assign]
        with pytest.raises(ArbError, match="does not trade BTC/USDT"):
            await session.open()

    run(scenario, tmp_path)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.2, 0.4])
def test_a_start_that_is_cancelled_at_any_moment(tmp_path: Path, after_s: float) -> None:
    async def scenario(world: World) -> None:
        session = Session(world.plan)
        task = asyncio.create_task(session.open())
        await asyncio.sleep(after_s)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await session.close()

    run(scenario, tmp_path)


def test_a_start_that_fails_takes_no_longer_than_its_limit(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        began = time.monotonic()
        plan = replace(world.with_urls("bybit", ws_public="ws://127.0.0.1:9"), start_timeout_s=1.0)
        await fails(plan, Unreachable, "not ready within 1 s")
        assert time.monotonic() - began < 4

    run(scenario, tmp_path)
