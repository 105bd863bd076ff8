"""Bybit's order side against the simulator: both markets, both transports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from arb.venues.base import (
    CancelOutcome,
    ErrorClass,
    OrderStatus,
    QueryKind,
    Side,
    StreamKind,
    StreamState,
    TimeInForce,
)

from .binance_sim import QTY, simulator
from .bybit_sim import Session, run
from .waiting import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def sim() -> Iterator[dict[str, Any]]:
    yield from simulator()


MARKETS = pytest.mark.parametrize("market", ["spot", "linear"])
WAYS = pytest.mark.parametrize("transport", ["rest", "ws"])


def states(it: Session, coid: str) -> list[OrderStatus]:
    return [e[1].status for e in it.named("order", coid)]


@MARKETS
@WAYS
def test_load_book_order_query_cancel_balances(sim: dict[str, Any], market: str, transport: str) -> None:
    async def talk(it: Session) -> None:
        for side, factor in ((Side.buy, "1.01"), (Side.sell, "0.99")):
            order = await it.order(side, factor)
            assert await it.place(order) == "ack"
            await until(lambda order=order: sum(it.trades(order.coid).values()) == Decimal(QTY))
            await until(lambda order=order: OrderStatus.filled in states(it, order.coid))
            before = it.trades(order.coid)
            outcome = await it.query(order.coid)
            assert (outcome.kind, outcome.order.status) == (QueryKind.found, OrderStatus.filled)
            assert it.trades(order.coid) == before, "the query made fills up"
            fees = {(e[1].trade_id, Decimal(e[1].fee), e[1].fee_asset) for e in it.named("fill", order.coid)}
            assert len(fees) == len(before), "two sources tell one trade differently"
        resting = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
        assert await it.place(resting) == "ack"
        assert resting.coid in {o.coid for o in await it.ask(it.venue.orders.open_orders)}
        assert it.venue.orders.cancel(resting.coid, it.symbol) is None
        [(_, _, outcome, _)] = await until(lambda: it.named("cancel", resting.coid))
        assert outcome is CancelOutcome.accepted
        assert (await it.query(resting.coid)).order.status is OrderStatus.canceled
        assert it.venue.orders.cancel(resting.coid, it.symbol) is None
        await until(lambda: len(it.named("cancel", resting.coid)) == 2)
        assert it.named("cancel", resting.coid)[1][2] is CancelOutcome.gone
        assert (await it.query("neverthere")).kind is QueryKind.absent
        assert {b.asset for b in await it.ask(it.venue.orders.balances)} >= {"USDT"}

    run(sim, talk, market, transport)


@MARKETS
@WAYS
def test_refusals_are_typed(sim: dict[str, Any], market: str, transport: str) -> None:
    async def talk(it: Session) -> None:
        for factor, qty in (("1.01", "900"), ("1.01", "0.0000001")):
            order = await it.order(Side.buy, factor, qty)
            assert await it.place(order) == "reject"
            assert it.named("reject", order.coid)[0][2] is ErrorClass.reject

    run(sim, talk, market, transport)


@MARKETS
@WAYS
def test_what_the_engine_refuses_after_the_ack_comes_on_the_stream(
    sim: dict[str, Any], market: str, transport: str
) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "1.01", tif=TimeInForce.post_only)
        assert await it.place(order) == "ack"
        await until(lambda: OrderStatus.canceled in states(it, order.coid))
        assert it.named("order", order.coid)[-1][1].reason == "EC_PostOnlyWillTakeLiquidity"
        nothing = await it.order(Side.buy, "0.97")
        assert await it.place(nothing) == "ack"
        await until(lambda: OrderStatus.canceled in states(it, nothing.coid))
        assert it.named("order", nothing.coid)[-1][1].reason == "EC_NoImmediateQtyToFill"

    run(sim, talk, market, transport)


@MARKETS
@WAYS
def test_an_id_that_was_used_before_is_unknown(sim: dict[str, Any], market: str, transport: str) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "0.97")
        assert await it.place(order) == "ack"
        await until(lambda: OrderStatus.canceled in states(it, order.coid))
        await until(lambda: it.venue.orders.place(order) is None)
        await until(lambda: it.named("unknown", order.coid))

    run(sim, talk, market, transport)


@MARKETS
def test_an_order_connection_that_goes_leaves_the_next_order_to_rest_and_comes_back(
    sim: dict[str, Any], market: str
) -> None:
    async def talk(it: Session) -> None:
        channel = it.venue.orders.channel
        await until(lambda: channel.ready)
        channel._current.socket.close()
        assert await it.place(await it.order(Side.buy, "1.01")) == "ack"
        await until(lambda: channel.ready)
        assert await it.place(await it.order(Side.sell, "0.99")) == "ack"

    run(sim, talk, market)


def test_a_position_opens_is_reduced_and_is_flat(sim: dict[str, Any]) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "1.01")
        assert await it.place(order) == "ack"
        await until(lambda: any(e[0] == "positions" and e[1] and e[1][0].qty != "0" for e in it.events.log))
        [held] = await it.ask(it.venue.account.positions)
        assert (held.symbol, Decimal(held.qty)) == (it.symbol, Decimal(QTY))
        reduce = await it.order(Side.sell, "0.99", reduce_only=True)
        assert await it.place(reduce) == "ack"
        await until(lambda: OrderStatus.filled in states(it, reduce.coid))
        again = await it.order(Side.sell, "0.99", reduce_only=True)
        assert await it.place(again) == "reject"
        assert it.named("reject", again.coid)[0][3] == 110017
        assert await it.ask(it.venue.account.positions) == []

    run(sim, talk, "linear")


@MARKETS
def test_fills_missed_while_the_stream_was_away_are_fetched(sim: dict[str, Any], market: str) -> None:
    async def talk(it: Session) -> None:
        it.venue.private._current.socket.close()
        order = await it.order(Side.buy, "1.01")
        await until(lambda: it.venue.orders.ready([order]) is None)
        assert it.venue.orders.place(order) is None
        await until(lambda: it.named("ack", order.coid))
        it.events.log = [e for e in it.events.log if e[0] not in ("fill", "stream")]
        await it.stream(StreamKind.private, StreamState.resynced)
        assert sum(it.trades(order.coid).values()) == Decimal(QTY)

    run(sim, talk, market)


@MARKETS
def test_the_account_answers(sim: dict[str, Any], market: str) -> None:
    async def talk(it: Session) -> None:
        account = it.venue.account
        [rates] = await it.ask(account.fee_rates, [it.symbol])
        assert 0 < Decimal(rates.taker) < Decimal("0.01")
        facts = await it.ask(account.facts, [it.symbol])
        assert facts.can_trade
        assert facts.account_id
        assert facts.hedge_mode is (None if market == "spot" else False)
        rights = await it.ask(account.key_rights)
        assert rights.can_read
        assert rights.can_trade
        assert not rights.can_withdraw

    run(sim, talk, market)


@MARKETS
@WAYS
@pytest.mark.parametrize("kind", ["fixed", "rolling"])
def test_three_times_the_demand_the_limit_allows_is_never_refused_by_the_venue(
    sim: dict[str, Any], market: str, transport: str, kind: str
) -> None:
    async def talk(it: Session) -> None:
        limit = {"venue": "bybit", "market": market, "orders": 10, "window_s": 1, "kind": kind}
        resting = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
        assert await it.place(resting) == "ack"
        before = await it.raw("GET", "/limits")
        await asyncio.sleep(1.1)
        await it.raw("POST", "/limits", limit)
        try:
            sent, refused, canceled = [], 0, 0
            template = await it.order(Side.buy, "0.97")
            for number in range(90):  # 30 a second
                order = replace(template, coid=f"{template.coid}x{number}")
                answer = it.venue.orders.place(order)
                if answer is None:
                    sent.append(order.coid)
                else:
                    assert "over the budget" in answer.reason
                    refused += 1
                if number % 30 == 29:
                    assert it.venue.orders.cancel(resting.coid, it.symbol) is None, "a cancel did not pass"
                    canceled += 1
                await asyncio.sleep(1 / 30)
            await until(lambda: all(it.named("ack", coid) for coid in sent))
            await until(lambda: len(it.named("cancel", resting.coid)) == canceled)
        finally:
            default = {"spot": 20, "linear": 10}[market]
            await it.raw("POST", "/limits", {**limit, "orders": default, "kind": "rolling"})
        assert not [e for e in it.events.log if e[0] in ("rate_limit", "reject", "unknown")], before
        assert 18 <= len(sent) <= 30, "70 % of 10 a second and no less than it must be"
        assert refused == 90 - len(sent)

    run(sim, talk, market, transport)
