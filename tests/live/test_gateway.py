"""Both legs or none, nothing late, and no action lost to an error in another."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import pytest

from arb.live.gateway import Gateway, Route
from arb.venues.base import NotSent, OrderRequest, Side
from arbcore.actions import Action, Cancel, Halt, Place, Query, Record, Resync
from arbcore.feed import Turn
from arbcore.settings import MS
from tests.binding.test_feed import Loop
from tests.live.rig import BINANCE, BYBIT, Rig, of
from tests.venues.fakes import FakeClock


class Orders:
    """An order entry that answers as told."""

    def __init__(self) -> None:
        self.placed: list[OrderRequest] = []
        self.queried: list[str] = []
        self.cancelled: list[str] = []
        self.answer: NotSent | Exception | None = None
        self.readiness: NotSent | Exception | None = None
        self.asked: list[list[str]] = []

    def ready(self, orders: Sequence[OrderRequest]) -> NotSent | None:
        if isinstance(self.readiness, Exception):
            raise self.readiness
        self.asked.append([order.coid for order in orders])
        return self.readiness

    def place(self, order: OrderRequest) -> NotSent | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            self.placed.append(order)
        return self.answer

    def query(self, coid: str, symbol: str) -> NotSent | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.queried.append(coid)
        return self.answer

    def cancel(self, coid: str, symbol: str) -> NotSent | None:
        self.cancelled.append(coid)
        return self.answer


class Desk:
    def __init__(self) -> None:
        self.rig = Rig(t=time.monotonic_ns() - 100 * MS)
        self.rig.account()
        self.rig.live()
        self.rig.engine.drain()
        self.loop = Loop()
        self.clock = FakeClock()
        self.seen: list[Action] = []
        self.resyncs: list[Resync] = []
        self.turn = Turn(self.rig.engine, self.loop, lambda actions: self.gateway.carry_out(actions))  # type: ignore[arg-type]
        self.orders = {BINANCE: Orders(), BYBIT: Orders()}
        routes: dict[int, Any] = {
            id: Route("BTC/USDT", name, self.orders[id])  # type: ignore[arg-type]
            for id, name in ((BINANCE, "binance"), (BYBIT, "bybit"))
        }
        self.gateway = Gateway(self.turn, routes, self.clock, self.resyncs.append, self.saw)

    def saw(self, action: Action) -> None:
        self.seen.append(action)

    def decide(self) -> list[Action]:
        """The actions of a cross, not carried out yet; the clock stands where they were decided."""
        self.rig.engine.frame(BYBIT, self.rig.bybit.move({"101.00": "1"}, {"101.10": "1"}), self.rig.tick())
        self.rig.engine.decide(self.rig.t)
        actions = self.rig.engine.drain()
        self.clock.ns = self.rig.t
        return actions


def test_the_legs_of_a_trade_are_placed_with_the_engines_own_texts() -> None:
    desk = Desk()
    actions = desk.decide()
    desk.gateway.carry_out(actions)
    buy, sell = of(Place, actions)
    assert desk.orders[BINANCE].placed == [OrderRequest(buy.coid, "BTC/USDT", Side.buy, buy.qty, "100")]
    assert desk.orders[BYBIT].placed == [OrderRequest(sell.coid, "BTC/USDT", Side.sell, sell.qty, "101")]
    assert desk.seen == actions
    assert set(desk.gateway.triggers) == {buy.coid, sell.coid}
    assert desk.gateway.triggers[buy.coid] == buy.trigger_ns // 1000 * 1000


def test_nothing_is_placed_after_its_deadline_and_the_trade_ends_flat() -> None:
    desk = Desk()
    actions = desk.decide()
    desk.clock.ns = of(Place, actions)[0].deadline_ns + 1
    desk.gateway.carry_out(actions)
    assert desk.orders[BINANCE].placed == desk.orders[BYBIT].placed == []
    assert (desk.gateway.not_sent, desk.rig.engine.open_trades) == (2, 0)
    assert desk.gateway.triggers == {}


def test_a_place_at_its_deadline_still_leaves() -> None:
    desk = Desk()
    actions = desk.decide()
    desk.clock.ns = of(Place, actions)[0].deadline_ns
    desk.gateway.carry_out(actions)
    assert len(desk.orders[BINANCE].placed) == 1


def test_a_leg_that_the_venue_side_refuses_is_told_to_the_engine() -> None:
    desk = Desk()
    desk.orders[BYBIT].answer = NotSent("the venue's clock is not known yet")
    desk.gateway.carry_out(desk.decide())
    assert desk.rig.engine.stats["not_sent"] == 1
    assert desk.rig.engine.unresolved_orders == 1  # the other leg is on its way
    assert len(desk.gateway.triggers) == 1


def test_one_venue_that_is_not_ready_keeps_every_leg_of_the_trade_back() -> None:
    desk = Desk()
    desk.orders[BYBIT].readiness = NotSent("10 orders a second are used up")
    desk.gateway.carry_out(desk.decide())
    assert desk.orders[BINANCE].placed == desk.orders[BYBIT].placed == []
    assert (desk.gateway.not_sent, desk.rig.engine.open_trades) == (2, 0)
    assert desk.gateway.triggers == {}


def test_legs_of_one_venue_are_asked_for_together() -> None:
    desk = Desk()
    legs = of(Place, desk.decide())
    both = [legs[0], legs[1]._replace(instrument=legs[0].instrument, coid="second")]
    desk.gateway._not_ready(both, [desk.gateway._request(leg) for leg in both])
    assert [order.coid for order in desk.orders[legs[0].instrument].placed] == []
    asked = desk.orders[BINANCE].asked + desk.orders[BYBIT].asked
    assert asked == [[legs[0].coid, "second"]]


def test_an_error_while_asking_refuses_the_trade_and_halts() -> None:
    desk = Desk()
    desk.orders[BINANCE].readiness = RuntimeError("bug")
    desk.gateway.carry_out(desk.decide())
    assert desk.orders[BINANCE].placed == desk.orders[BYBIT].placed == []
    assert desk.rig.engine.state == "HALT"


def test_an_error_in_one_place_makes_that_order_unknown_halts_and_keeps_the_other_leg() -> None:
    desk = Desk()
    desk.orders[BINANCE].answer = RuntimeError("bug")
    desk.gateway.carry_out(desk.decide())
    assert len(desk.orders[BYBIT].placed) == 1
    assert desk.rig.engine.stats["unknowns"] == 1
    assert desk.rig.engine.state == "HALT"
    assert len(desk.loop.errors) == 1
    desk.loop.turn()
    assert len(desk.orders[BINANCE].queried) + len(desk.orders[BYBIT].queried) <= 1
    assert len(of(Halt, desk.seen)) == 1


def test_without_a_record_in_the_log_no_new_order_leaves() -> None:
    desk = Desk()

    def full(action: Action) -> None:
        if isinstance(action, Record):
            raise OSError("no space")
        desk.seen.append(action)

    desk.gateway = Gateway(desk.turn, desk.gateway._routes, desk.clock, desk.resyncs.append, full)
    desk.gateway.carry_out(desk.decide())
    assert desk.orders[BINANCE].placed == desk.orders[BYBIT].placed == []
    assert desk.rig.engine.state == "HALT"
    assert desk.rig.engine.open_trades == 0


def test_queries_resyncs_and_cancels_go_their_way_and_an_error_in_one_spares_the_rest() -> None:
    desk = Desk()
    desk.orders[BINANCE].answer = RuntimeError("bug")
    desk.gateway.carry_out(
        [
            Query("a", BINANCE),
            Query("b", BYBIT),
            Resync(BINANCE, "gap", 0),
            Cancel("c", BYBIT),
            Halt("pair", 0, "lost"),
        ]
    )
    assert desk.orders[BYBIT].queried == ["b"]
    assert desk.orders[BYBIT].cancelled == ["c"]
    assert desk.resyncs == [Resync(BINANCE, "gap", 0)]
    assert [type(error["exception"]) for error in desk.loop.errors] == [RuntimeError]


def test_a_query_or_cancel_that_does_not_leave_is_said(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.orders[BYBIT].answer = NotSent("why")
    with caplog.at_level(logging.WARNING):
        desk.gateway.carry_out([Query("b", BYBIT), Cancel("c", BYBIT)])
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


def test_trades_of_one_turn_are_judged_each_for_itself() -> None:
    desk = Desk()
    legs = of(Place, desk.decide())
    late = [
        leg._replace(trade=leg.trade + 1, deadline_ns=desk.clock.ns - 1, coid=f"late{leg.instrument}")
        for leg in legs
    ]
    desk.gateway.carry_out([*late, *legs])
    assert [order.coid for order in desk.orders[BINANCE].placed] == [legs[0].coid]
    assert desk.gateway.not_sent == 2


def test_a_hedge_leaves_also_when_the_log_is_broken_and_is_not_measured() -> None:
    desk = Desk()
    leg = of(Place, desk.decide())[0]._replace(hedge=True)

    def full(action: Action) -> None:
        raise OSError("no space")

    desk.gateway = Gateway(desk.turn, desk.gateway._routes, desk.clock, desk.resyncs.append, full)
    desk.gateway.carry_out([leg])
    assert len(desk.orders[BINANCE].placed) == 1
    assert desk.gateway.triggers == {}
