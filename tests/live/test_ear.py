"""What the venues say of our orders: booked exactly, or halted over."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from arb.live.ear import VenueEar
from arb.venues.base import (
    ErrorClass,
    FillUpdate,
    OrderStatus,
    OrderUpdate,
    QueryKind,
    QueryOutcome,
    RateLimit,
    StreamCause,
    StreamKind,
    StreamState,
)
from arbcore.actions import Place
from arbcore.feed import Turn
from arbcore.settings import MS
from tests.binding.test_feed import Loop
from tests.live.rig import BINANCE, BYBIT, Rig
from tests.venues.fakes import FakeClock


class Heard:
    """The ear of Binance and a trade whose buy leg is there."""

    def __init__(self) -> None:
        self.rig = Rig(t=time.monotonic_ns() - 100 * MS)
        self.rig.account()
        self.rig.live()
        self.rig.engine.drain()
        self.clock = FakeClock()
        self.turn = Turn(self.rig.engine, Loop(), lambda _: None)  # type: ignore[arg-type]
        self.sent: list[str] = []
        self.gone: list[str] = []
        self.troubles: list[str] = []
        self.ear = VenueEar(
            "binance",
            self.clock,
            on_sent=self.sent.append,
            on_gone=self.gone.append,
            on_trouble=self.troubles.append,
        )
        self.ear.attach(self.turn, BINANCE, {"BTC/USDT": BINANCE}, {"BTC": 0, "USDT": 1})
        self.buy, self.sell = self.rig.cross()

    @property
    def state(self) -> str:
        return self.rig.engine.state


def a_fill(order: Place, **changes: str) -> FillUpdate:
    fill = FillUpdate(order.coid, "1", "BTC/USDT", "77", "100.00", order.qty, "0.1", "USDT", False, 0)
    return replace(fill, **changes)  # type: ignore[arg-type]


def an_order(order: Place, status: OrderStatus, cum: str, symbol: str = "BTC/USDT") -> OrderUpdate:
    return OrderUpdate(order.coid, "1", symbol, status, cum, None, 0)


def test_an_order_is_followed_from_sent_to_filled() -> None:
    heard = Heard()
    heard.ear.on_sent(heard.buy.coid)
    heard.ear.on_ack(heard.buy.coid, "1")
    heard.ear.on_fill(a_fill(heard.buy))
    heard.ear.on_fill(a_fill(heard.buy))  # the answer and the stream tell the same
    heard.ear.on_order(an_order(heard.buy, OrderStatus.filled, heard.buy.qty))
    stats = heard.rig.engine.stats
    assert (stats["fills"], stats["duplicate_fills"]) == (1, 1)
    assert heard.rig.engine.unresolved_orders == 1
    assert heard.sent == [heard.buy.coid]
    assert heard.state == "ACTIVE"


def test_a_fill_may_come_before_the_ack() -> None:
    heard = Heard()
    heard.ear.on_fill(a_fill(heard.buy))
    heard.ear.on_ack(heard.buy.coid, "1")
    heard.ear.on_order(an_order(heard.buy, OrderStatus.new, "0"))
    heard.ear.on_order(an_order(heard.buy, OrderStatus.filled, heard.buy.qty))
    assert heard.rig.engine.unresolved_orders == 1
    assert heard.state == "ACTIVE"


@pytest.mark.parametrize("fee", ["0", "", "0.00000000"])
def test_a_fill_without_a_fee_needs_no_fee_asset(fee: str) -> None:
    heard = Heard()
    heard.ear.on_fill(a_fill(heard.buy, fee=fee, fee_asset=""))
    assert heard.rig.engine.stats["fills"] == 1
    assert heard.state == "ACTIVE"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fee_asset": "BNB"}, "BNB"),
        ({"fee": "x", "fee_asset": "BNB"}, "BNB"),
        ({"price": "100.001"}, "fill price"),
        ({"qty": "0.000001"}, "fill quantity"),
        ({"qty": "-1"}, "fill quantity"),
        ({"fee": "1e-20"}, "fee"),
        ({"symbol": "DOGE/USDT"}, "DOGE/USDT"),
        ({"coid": "web_1"}, "web_1"),
    ],
)
def test_a_fill_that_cannot_be_booked_halts_and_says_why(changes: dict[str, str], named: str) -> None:
    heard = Heard()
    heard.ear.on_fill(a_fill(heard.buy, **changes))
    assert heard.rig.engine.stats["fills"] == 0
    assert heard.state == "HALT"
    assert named in heard.troubles[0]


def test_an_order_of_somebody_else_is_counted_and_does_not_halt() -> None:
    heard = Heard()
    heard.ear.on_order(OrderUpdate("web_1", "9", "BTC/USDT", OrderStatus.new, "0", None, 0))
    heard.ear.on_order(OrderUpdate("web_2", "9", "DOGE/USDT", OrderStatus.new, "0", None, 0))
    heard.ear.on_ack("web_3", "9")
    assert heard.ear.health.foreign == 3
    assert heard.state == "ACTIVE"


def test_a_report_that_cannot_be_represented_halts() -> None:
    heard = Heard()
    heard.ear.on_order(an_order(heard.buy, OrderStatus.partial, "0.0000001"))
    assert heard.state == "HALT"


@pytest.mark.parametrize(
    ("error_class", "counter"),
    [
        (ErrorClass.reject, "rejects"),
        (ErrorClass.rate, "rejects"),
        (ErrorClass.retryable, "rejects"),
        (ErrorClass.unknown, "unknowns"),
        (ErrorClass.notsent, "not_sent"),
    ],
)
def test_an_error_says_what_is_known_of_the_order_and_no_more(error_class: ErrorClass, counter: str) -> None:
    heard = Heard()
    heard.ear.on_reject(heard.buy.coid, error_class, -1, "why")
    stats = heard.rig.engine.stats
    assert {name: stats[name] for name in ("rejects", "unknowns", "not_sent")} == {
        "rejects": 0,
        "unknowns": 0,
        "not_sent": 0,
    } | {counter: 1}
    assert heard.ear.health.rejects == {-1: 1}
    assert heard.gone == ([heard.buy.coid] if counter == "not_sent" else [])


def test_reject_counters_are_bounded() -> None:
    heard = Heard()
    for code in range(1, 1000):
        heard.ear.on_reject("web_1", ErrorClass.reject, code, "")
    assert len(heard.ear.health.rejects) <= 65
    assert sum(heard.ear.health.rejects.values()) == 999


def test_not_sent_ends_the_measurement_of_the_order() -> None:
    heard = Heard()
    heard.ear.on_not_sent(heard.buy.coid, "connect: refused")
    assert heard.gone == [heard.buy.coid]
    assert heard.rig.engine.stats["not_sent"] == 1


def test_query_answers_resolve_only_what_they_prove() -> None:
    heard = Heard()
    heard.ear.on_unknown(heard.buy.coid, "timeout")
    heard.ear.on_query(heard.buy.coid, QueryOutcome(QueryKind.failed, None, "503"))
    heard.ear.on_query(heard.buy.coid, QueryOutcome(QueryKind.absent))
    assert heard.rig.engine.unresolved_orders == 2
    found = an_order(heard.buy, OrderStatus.expired, "0")
    heard.ear.on_query(heard.buy.coid, QueryOutcome(QueryKind.found, found))
    assert heard.rig.engine.unresolved_orders == 1


def test_only_a_reconciled_private_stream_lets_trades_open() -> None:
    heard = Heard()
    stream = heard.ear.on_stream
    stream(StreamKind.private, StreamState.down, StreamCause.closed, "reset")
    assert (heard.ear.health.private, heard.ear.health.private_detail) == ("down", "reset")
    for leg in (heard.buy, heard.sell):
        heard.rig.engine.not_sent(leg.coid, "kill", heard.rig.tick())
    assert heard.rig.cross() == []
    stream(StreamKind.private, StreamState.up, StreamCause.none, "")
    assert heard.rig.cross() == []
    assert set(heard.rig.engine.denials) == {"STREAM"}


def test_a_rate_limit_keeps_new_trades_off_that_venue_until_the_pause_is_over() -> None:
    heard = Heard()
    for leg in (heard.buy, heard.sell):
        heard.rig.engine.not_sent(leg.coid, "kill", heard.rig.tick())
    heard.ear.on_rate_limit(RateLimit(2.0, banned=False))
    heard.ear.on_rate_limit(RateLimit(1.0, banned=False))  # shorter: the longer one stands
    assert heard.rig.cross() == []
    assert heard.rig.engine.denials == {"ENGINE_STATE": 1}
    heard.clock.advance(1.5)
    assert heard.rig.cross() == []
    heard.clock.advance(1.0)
    heard.rig.engine.drain()
    assert heard.rig.engine.denials == {"ENGINE_STATE": 2}
    heard.rig.engine.frame(BYBIT, heard.rig.bybit.move({"101.50": "1"}, {"101.60": "1"}), heard.rig.tick())
    heard.rig.engine.decide(heard.rig.tick())
    assert heard.rig.engine.denials["ENGINE_STATE"] == 2


def test_a_stopped_ear_has_no_timer() -> None:
    heard = Heard()
    heard.ear.on_rate_limit(RateLimit(2.0, banned=True))
    heard.ear.stop()
    assert all(timer.canceled for timer in heard.clock.timers)
