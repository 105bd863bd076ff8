"""Binance orders on bad days: every error row on demand, answers lost before and after acceptance; judged by
the simulator's own order log.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from arb.venues.base import ErrorClass, NotSent, OrderStatus, QueryKind, Side, StreamKind, StreamState
from arb.venues.binance.errors import TABLES
from arb.venues.errors import ErrorRow, Transport

from .binance_sim import QTY, Session, run, session, simulator
from .waiting import until

pytestmark = pytest.mark.e2e

MARKETS = pytest.mark.parametrize("market", ["spot", "usdm"])
WAYS = pytest.mark.parametrize("transport", ["rest", "ws"])
WINDOW_MS = 400
FENCE_S = 0.6 + WINDOW_MS / 1_000  # window, the lead a timestamp may have, and what an order may wait


@pytest.fixture(scope="module")
def sim() -> Iterator[dict[str, Any]]:
    yield from simulator()


def _free(it: Session) -> None:
    """Limits of their own have their own tests."""
    for window in it.venue.orders.budgets.windows.values():
        window.limit = 1_000_000
    it.venue.budget.limit = 1_000_000


async def _log(it: Session, coid: str) -> list[Any]:
    entries = await it.raw("GET", "/orders")
    return [e for e in entries if (e["op"], e["client_id"], e["market"]) == ("place", coid, it.market)]


# Every row of the error tables.


@MARKETS
@WAYS
def test_each_error_row_on_demand(sim: dict[str, Any], market: str, transport: str) -> None:
    wanted = {"rest": (Transport.rest, Transport.http), "ws": (Transport.ws,)}[transport]
    rows = [row for row in TABLES[market].rows if row.transport in wanted]

    async def one(it: Session, row: ErrorRow) -> None:
        params: dict[str, Any] = {"code": row.code, "message": row.prefix or "as told"}
        if row.transport is Transport.http:
            params = {"status": row.code, "body": row.prefix or "<html>as told</html>"}
        await it.fault("order_error", op="place", transport=transport, params=params)
        order = await it.order(Side.buy, "0.97")
        end = await it.place(order)
        assert end == ("unknown" if row.error_class is ErrorClass.unknown else "reject"), row
        if end == "reject":
            [(_, _, error_class, code, _)] = it.named("reject", order.coid)
            assert (error_class, code) == (row.error_class, row.code)
        assert await _log(it, order.coid) == [], "the simulator accepted what it refused"
        await it.usable()

    async def talk(it: Session) -> None:
        _free(it)
        for row in rows:
            await one(it, row)

    run(sim, talk, market, transport=transport)


# What the order became.


async def _resolve(it: Session, coid: str, sent_s: float) -> Decimal:
    """What we hold to be executed once nothing can change it: by the venue's answer or the fence."""
    loop = asyncio.get_running_loop()
    absent_s: list[float] = []
    asked = 0
    if it.named("reject", coid) or it.named("not_sent", coid):
        return Decimal(0)
    while True:
        ended = [e[1] for e in it.named("order", coid) if e[1].status.terminal]
        if ended:
            cum = max(Decimal(order.cum_qty) for order in ended)
            if sum(it.trades(coid).values()) == cum:
                return cum
        refused = it.venue.orders.query(coid, it.symbol)
        if isinstance(refused, NotSent):
            await asyncio.sleep(0.05)
            continue
        asked += 1
        await until(lambda: len(it.named("query", coid)) >= asked)  # noqa: B023 - awaited here
        outcome = it.named("query", coid)[-1][2]
        if outcome.kind is QueryKind.found and outcome.order.status.terminal:
            return Decimal(outcome.order.cum_qty)
        if outcome.kind is QueryKind.absent:
            absent_s.append(loop.time())
            late = [at for at in absent_s if at >= sent_s + FENCE_S]
            if len(late) >= 2:
                return Decimal(0)
        await asyncio.sleep(0.1)


FAULTS: list[tuple[str, dict[str, Any]]] = [
    *[("order_before", {"answer": answer}) for answer in ("none", "reset", "close", "error")],
    *[("order_after", {"answer": answer}) for answer in ("none", "reset", "close", "half", "error")],
    ("order_error", {"code": -1007, "status": 408}),
    ("order_error", {"code": -1007, "status": 408, "accepted": True}),
    ("order_error", {"code": -1000, "status": 503, "accepted": True}),
    ("order_error", {"status": 502, "body": "<html>bad gateway</html>", "accepted": True}),
    ("order_error", {"code": -2010, "message": "Account has insufficient balance for requested action."}),
    ("order_late", {"delay_ms": 300}),
    ("order_late", {"delay_ms": 300, "answer": "none"}),
    ("order_late", {"delay_ms": 300, "answer": "reset"}),
    ("order_partial", {"fraction": 0.5}),
    ("index_lag", {"duration_ms": 300}),
    ("rate_limited", {"status": 429, "retry_after_s": 1}),
]


async def _case(it: Session, kind: str, params: dict[str, Any], chance: Random) -> None:
    op = "any" if kind == "rate_limited" else "place"
    await it.fault(kind, op=op, transport=it.transport, params=params)
    order = await it.order(chance.choice([Side.buy, Side.sell]), chance.choice(["1.01", "0.99"]))
    sent_s = asyncio.get_running_loop().time()
    await it.place(order)
    ours = await _resolve(it, order.coid, sent_s)
    entries = [e for e in await _log(it, order.coid) if e["code"] == 0]
    assert len(entries) <= 1, "executed twice"
    truth = Decimal(entries[0]["filled"]) if entries else Decimal(0)
    assert ours == truth, (it.market, it.transport, kind, params, entries)
    assert sum(it.trades(order.coid).values()) in (truth, Decimal(0))
    await it.usable()


def test_an_order_ends_as_the_venue_s_own_log_says(sim: dict[str, Any]) -> None:
    """ARB_FAULT_ROUNDS=14 makes it 1,008 cases."""
    rounds = int(os.environ.get("ARB_FAULT_ROUNDS", "1"))
    settings = {"order_timeout_s": 0.5, "recv_window_ms": WINDOW_MS}
    done = 0

    async def walk(market: str, transport: str) -> None:
        nonlocal done
        chance = Random(f"{market} {transport}")
        async with session(sim, market, "hmac", transport, **settings) as it:
            _free(it)
            for _ in range(rounds):
                cases = [c for c in FAULTS if transport == "rest" or "body" not in c[1]]
                chance.shuffle(cases)
                for kind, params in cases:
                    await _case(it, kind, params, chance)
                    done += 1

    async def main() -> None:
        # Each fault names its market and transport, so the four walks do not meet each other's.
        async with asyncio.TaskGroup() as group:
            for market in ("spot", "usdm"):
                for transport in ("rest", "ws"):
                    group.create_task(walk(market, transport))

    asyncio.run(main())
    print(f"{done} fault cases of Binance orders, each ended as the venue's log says, none executed twice")


# Lasting trouble.


@MARKETS
@WAYS
def test_a_venue_clock_that_jumps_costs_one_order_and_a_measurement(
    sim: dict[str, Any], market: str, transport: str
) -> None:
    async def talk(it: Session) -> None:
        await it.fault("clock_skew", params={"offset_ms": 20_000, "duration_ms": 1_200})
        order = await it.order(Side.buy, "0.97")
        assert await it.place(order) == "reject"
        assert isinstance(it.venue.orders.ready([order]), NotSent)
        await it.usable()
        order = await it.order(Side.buy, "0.97")
        assert await it.place(order) == "ack"
        await asyncio.sleep(1.2)

    run(sim, talk, market, transport=transport)


def test_a_logon_that_the_venue_ends_is_made_again(sim: dict[str, Any]) -> None:
    async def talk(it: Session) -> None:
        it.events.take()
        await it.fault("logon_ended")
        await it.stream(StreamKind.order, StreamState.down)
        await it.stream(StreamKind.order, StreamState.up)
        assert await it.place(await it.order(Side.buy, "0.97")) == "ack"

    run(sim, talk, "spot", key="ed25519", transport="ws")


def test_a_listen_key_that_ends_before_its_time_is_replaced(sim: dict[str, Any]) -> None:
    async def talk(it: Session) -> None:
        it.events.take()
        await it.fault("listen_key_expired")
        await it.stream(StreamKind.private, StreamState.down)
        await it.stream(StreamKind.private, StreamState.resynced)
        order = await it.order(Side.buy, "1.01")
        assert await it.place(order) == "ack"
        await until(lambda: sum(it.trades(order.coid).values()) == Decimal(QTY))

    run(sim, talk, "usdm")


@MARKETS
def test_maintenance_takes_everything_away_and_gives_it_back(sim: dict[str, Any], market: str) -> None:
    async def talk(it: Session) -> None:
        it.events.take()
        await it.fault("maintenance", params={"duration_ms": 500})
        await it.stream(StreamKind.order, StreamState.down)
        order = await it.order(Side.buy, "0.97")
        assert await it.place(order) == "unknown"
        await it.stream(StreamKind.private, StreamState.resynced)
        await until(lambda: it.venue.orders.channel.ready)
        order = await it.order(Side.buy, "0.97")
        assert await it.place(order) == "ack"
        await until(lambda: any(e[1].status is OrderStatus.expired for e in it.named("order", order.coid)))

    run(sim, talk, market)
