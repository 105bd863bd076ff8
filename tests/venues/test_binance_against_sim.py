"""Binance's order side against the simulator: both markets, both transports, both kinds of key."""

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

from .binance_sim import QTY, Session, run, simulator
from .waiting import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def sim() -> Iterator[dict[str, Any]]:
    yield from simulator()


MARKETS = pytest.mark.parametrize("market", ["spot", "usdm"])
WAYS = pytest.mark.parametrize(
    ("key", "transport"), [("hmac", "rest"), ("hmac", "ws"), ("ed25519", "ws"), ("ed25519", "rest")]
)


@MARKETS
@WAYS
def test_load_book_order_query_cancel_balances(
    sim: dict[str, Any], market: str, key: str, transport: str
) -> None:
    async def talk(it: Session) -> None:
        for side, factor in ((Side.buy, "1.01"), (Side.sell, "0.99")):
            order = await it.order(side, factor)
            assert await it.place(order) == "ack"
            await until(lambda order=order: sum(it.trades(order.coid).values()) == Decimal(QTY))
            fees = {(e[1].trade_id, Decimal(e[1].fee), e[1].fee_asset) for e in it.named("fill", order.coid)}
            assert len(fees) == len(it.trades(order.coid)), "two sources tell one trade differently"
            before = it.trades(order.coid)
            outcome = await it.query(order.coid)
            assert (outcome.kind, outcome.order.status) == (QueryKind.found, OrderStatus.filled)
            assert it.trades(order.coid) == before, "the query made fills up"
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

    run(sim, talk, market, key, transport)


@MARKETS
@WAYS
def test_refusals_are_typed(sim: dict[str, Any], market: str, key: str, transport: str) -> None:
    async def talk(it: Session) -> None:
        wrong = [("1.01", "900"), ("1.01", "0.00001" if market == "spot" else "0.0001")]
        if market == "usdm":
            wrong.append(("1.5", QTY))  # above the band around the mark
        for factor, qty in wrong:
            order = await it.order(Side.buy, factor, qty)
            assert await it.place(order) == "reject"
            assert it.named("reject", order.coid)[0][2] is ErrorClass.reject

    run(sim, talk, market, key, transport)


@MARKETS
def test_the_same_id_while_the_first_is_open_is_unknown(sim: dict[str, Any], market: str) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
        assert await it.place(order) == "ack"
        assert it.venue.orders.place(order) is None
        await until(lambda: it.named("unknown", order.coid))
        assert it.venue.orders.cancel(order.coid, it.symbol) is None
        await until(lambda: it.named("cancel", order.coid))

    run(sim, talk, market)


@MARKETS
def test_an_order_connection_that_goes_leaves_the_next_order_to_rest_and_comes_back(
    sim: dict[str, Any], market: str
) -> None:
    async def talk(it: Session) -> None:
        channel = it.venue.orders.channel
        channel._current.socket.close()
        order = await it.order(Side.buy, "1.01")
        assert await it.place(order) == "ack"
        await until(lambda: channel.ready)
        order = await it.order(Side.sell, "0.99")
        assert await it.place(order) == "ack"

    run(sim, talk, market)


def test_a_position_opens_is_reduced_and_its_money_is_told(sim: dict[str, Any]) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "1.01")
        assert await it.place(order) == "ack"
        await until(lambda: any(e[0] == "positions" and e[1] for e in it.events.log))
        [held] = await it.ask(it.venue.account.positions)
        assert (held.symbol, Decimal(held.qty)) == (it.symbol, Decimal(QTY))
        reduce = await it.order(Side.sell, "0.99", reduce_only=True)
        assert await it.place(reduce) == "ack"
        again = await it.order(Side.sell, "0.99", reduce_only=True)
        assert await it.place(again) == "reject"
        assert it.named("reject", again.coid)[0][3] == -2022
        assert await it.ask(it.venue.account.positions) == []
        assert not [e for e in it.events.log if e[0] == "cash"], "fills were told as cash"

    run(sim, talk, "usdm")


@MARKETS
def test_fills_missed_while_the_stream_was_away_are_fetched(sim: dict[str, Any], market: str) -> None:
    async def talk(it: Session) -> None:
        it.venue.private._current.socket.close()
        order = await it.order(Side.buy, "1.01")
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
@pytest.mark.parametrize("kind", ["fixed", "rolling"])
def test_three_times_the_demand_the_limit_allows_is_never_refused_by_the_venue(
    sim: dict[str, Any], market: str, kind: str
) -> None:
    async def talk(it: Session) -> None:
        limit = {"venue": "binance", "market": market, "orders": 10, "window_s": 1, "kind": kind}
        before = await it.raw("GET", "/limits")
        await it.raw("POST", "/limits", limit)
        try:
            assert await it.ask(it.venue.instruments, [it.symbol])
            sent, refused, canceled = [], 0, 0
            resting = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
            assert await it.place(resting) == "ack"
            template = await it.order(Side.buy, "0.97")
            for number in range(90):  # 30 a second
                order = replace(template, coid=f"{template.coid}x{number}")
                answer = it.venue.orders.place(order)
                if answer is None:
                    sent.append(order.coid)
                else:
                    assert "orders per" in answer.reason
                    refused += 1
                if number % 30 == 29:
                    assert it.venue.orders.cancel(resting.coid, it.symbol) is None, "a cancel did not pass"
                    canceled += 1
                await asyncio.sleep(1 / 30)
            await until(lambda: all(it.named("ack", coid) for coid in sent))
            await until(lambda: len(it.named("cancel", resting.coid)) == canceled)
        finally:
            await it.raw("POST", "/limits", {**limit, "orders": 100, "window_s": 10, "kind": "fixed"})
        assert not [e for e in it.events.log if e[0] in ("rate_limit", "reject", "unknown")], before
        assert 18 <= len(sent) <= 30, "70 % of 10 a second and no less than it must be"
        assert refused == 90 - len(sent)

    run(sim, talk, market)
