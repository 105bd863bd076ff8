"""Bybit orders on `/v5/trade` and on REST: what leaves, by which way, and what each answer means."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from arb.venues.base import (
    CancelOutcome,
    ErrorClass,
    Lane,
    NotSent,
    RateLimit,
    Side,
    StreamCause,
    StreamKind,
    StreamState,
    TimeInForce,
)

from .bybit_setup import (
    LINEAR_SYMBOL,
    SPOT_SYMBOL,
    answer,
    answer_clock,
    connect,
    linear,
    order,
    spot,
)
from .fixtures import fixture
from .setup import KEY, SECRET, Bench, envelope
from .test_orders import COID

BOTH = pytest.mark.parametrize(("make", "symbol"), [(spot, SPOT_SYMBOL), (linear, LINEAR_SYMBOL)])
ORDER_ID = "a4c1718e-fe53-4659-a118-1f6ecce04ad9"
ACK = {"orderId": ORDER_ID, "orderLinkId": COID}
CREATE, CANCEL = "/v5/order/create", "/v5/order/cancel"


def down(cause: StreamCause) -> tuple[Any, ...]:
    return ("stream", StreamKind.order, StreamState.down, cause)


def placed(make: Any, symbol: str, **settings: Any) -> Bench:
    bench = make(**settings)
    assert bench.orders.place(order(symbol=symbol)) is None
    bench.clock.advance(0.0)
    assert bench.events.take() == [("sent", COID)]
    return bench


# What leaves.


@BOTH
def test_a_log_on_is_signed_and_no_order_after_it(make: Any, symbol: str) -> None:
    bench = make()
    [hello] = bench.sockets.last.sent
    key, expires_ms, signature = hello["args"]
    assert (hello["op"], key) == ("auth", KEY)
    assert expires_ms > bench.venue.clock_ms()
    text = f"GET/realtime{expires_ms}".encode()
    assert signature == hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    bench.orders.place(order(symbol=symbol))
    frame = bench.sockets.last.sent[-1]
    assert set(frame) == {"reqId", "header", "op", "args"}
    assert set(frame["header"]) == {"X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW"}


@pytest.mark.parametrize("tif", list(TimeInForce))
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    ("make", "symbol", "reduce_only", "more"),
    [
        (spot, SPOT_SYMBOL, False, {"category": "spot", "isLeverage": 0}),
        (linear, LINEAR_SYMBOL, False, {"category": "linear", "positionIdx": 0}),
        (linear, LINEAR_SYMBOL, True, {"category": "linear", "positionIdx": 0, "reduceOnly": True}),
    ],
)
def test_an_order_says_the_same_on_both_transports(
    make: Any, symbol: str, reduce_only: bool, more: Any, tif: TimeInForce, side: Side
) -> None:
    bench = make()
    wanted = order(symbol=symbol, tif=tif, reduce_only=reduce_only)
    wanted = type(wanted)(COID, symbol, side, "0.5", "60000.1", tif, Lane.entry, reduce_only)
    assert bench.orders.place(wanted) is None
    frame = bench.sockets.last.sent[-1]
    expected = {
        **more,
        "symbol": "BTCUSDT",
        "side": {"buy": "Buy", "sell": "Sell"}[side.value],
        "orderType": "Limit",
        "timeInForce": {"ioc": "IOC", "gtc": "GTC", "fok": "FOK", "post_only": "PostOnly"}[tif.value],
        "smpType": "CancelTaker",
        "orderLinkId": COID,
        "qty": "0.5",
        "price": "60000.1",
    }
    assert frame["op"] == "order.create"
    assert frame["args"] == [expected]
    assert len(frame["reqId"]) <= 36
    stamp = bench.venue.clock_ms()
    assert frame["header"] == {"X-BAPI-TIMESTAMP": str(stamp), "X-BAPI-RECV-WINDOW": "1000"}
    by_rest = make(order_transport="rest", up=False)
    assert by_rest.orders.place(wanted) is None
    request = by_rest.http.next(f"POST http://127.0.0.1:1{CREATE}").request
    assert request.body is not None
    assert json.loads(request.body) == expected
    signed = f"{request.headers['X-BAPI-TIMESTAMP']}{KEY}1000{request.body.decode()}".encode()
    assert request.headers["X-BAPI-SIGN"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


def test_spot_knows_no_reduce_only() -> None:
    refused = spot().orders.place(order(reduce_only=True))
    assert isinstance(refused, NotSent)
    assert "reduce-only" in refused.reason


def test_no_two_requests_have_the_same_id() -> None:
    bench = linear()
    for number in range(5):
        bench.orders.place(order(f"c{number}", LINEAR_SYMBOL))
        bench.orders.cancel(f"c{number}", LINEAR_SYMBOL)
    ids = [frame["reqId"] for frame in bench.sockets.last.sent[1:]]
    assert len(set(ids)) == 10


# Which way.


@BOTH
def test_transport_rest_has_no_channel_and_ws_sends_no_order_by_rest(make: Any, symbol: str) -> None:
    bench = make(order_transport="rest", up=False)
    bench.orders.start()
    assert bench.sockets.sockets == []
    bench = make(order_transport="ws", up=False)
    refused = bench.orders.place(order(symbol=symbol))
    assert refused == NotSent("the order channel is down")
    assert bench.orders.cancel(COID, symbol) is None
    assert [r.tag for r in bench.http.requests] == ["cancel"], "a cancel goes by whatever is up"


@BOTH
def test_while_the_channel_is_down_the_next_order_goes_by_rest(make: Any, symbol: str) -> None:
    bench = placed(make, symbol)
    bench.sockets.last.end()
    [(name, coid, _), lost] = bench.events.take()
    assert (name, coid, lost) == ("unknown", COID, down(StreamCause.closed))
    assert bench.http.requests == [], "what was in flight was sent again"
    assert bench.orders.place(order("another0001", symbol)) is None
    bench.http.answer(CREATE, envelope({"orderId": "7", "orderLinkId": "another0001"}))
    assert bench.events.names() == ["sent", "ack"]
    bench.clock.advance(0.3)
    connect(bench)
    bench.orders.place(order("another0002", symbol))
    assert bench.sockets.last.sent[-1]["args"][0]["orderLinkId"] == "another0002"


@BOTH
def test_a_cancel_whose_answer_was_lost_is_repeated_by_rest(make: Any, symbol: str) -> None:
    bench = make()
    assert bench.orders.cancel(COID, symbol) is None
    assert bench.sockets.last.sent[-1]["op"] == "order.cancel"
    bench.sockets.last.end()
    assert [r.tag for r in bench.http.requests] == ["cancel"]
    bench.http.answer(CANCEL, envelope(ACK))
    assert bench.events.take()[-1] == ("cancel", COID, CancelOutcome.accepted, 0)


@BOTH
def test_silence_is_unknown_and_nothing_is_sent_again(make: Any, symbol: str) -> None:
    bench = placed(make, symbol)
    bench.clock.advance(10.1)
    assert bench.events.names()[0] == "unknown"
    assert bench.http.requests == []


# What answers mean.


@BOTH
def test_an_ack_is_acceptance_alone(make: Any, symbol: str) -> None:
    bench = placed(make, symbol)
    answer(bench, ACK)
    assert bench.events.take() == [("ack", COID, ORDER_ID)]


def test_the_answer_of_the_documentation_is_read() -> None:
    bench = linear()
    bench.orders.place(order(symbol=LINEAR_SYMBOL))
    bench.clock.advance(0.0)
    text = {**fixture("bybit", "wstrade_create_response"), "reqId": bench.sockets.last.sent[-1]["reqId"]}
    bench.sockets.last.say(text)
    assert bench.events.take() == [("sent", COID), ("ack", COID, ORDER_ID)], "it names no orderLinkId"


@pytest.mark.parametrize("data", [None, {}, {"orderId": "1", "orderLinkId": "another"}, [], "x"])
def test_an_ack_that_cannot_be_read_is_unknown(data: Any) -> None:
    bench = placed(spot, SPOT_SYMBOL)
    answer(bench, data)
    assert bench.events.names() == ["unknown"]


@pytest.mark.parametrize("link_id", ["", "another"])
def test_an_answer_of_rest_must_name_the_order(link_id: str) -> None:
    bench = spot(up=False)
    bench.orders.place(order())
    bench.http.answer(CREATE, envelope({"orderId": "1", "orderLinkId": link_id}))
    assert bench.events.names() == ["sent", "unknown"]


def test_the_ack_may_come_before_the_loop_turn_ends() -> None:
    bench = spot()
    bench.orders.place(order())
    answer(bench, ACK)
    bench.clock.advance(0.1)
    assert bench.events.names() == ["sent", "ack"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(0, CancelOutcome.accepted), (110001, CancelOutcome.gone), (110079, CancelOutcome.failed)],
)
def test_cancels(code: int, outcome: CancelOutcome) -> None:
    bench = linear()
    assert bench.orders.cancel(COID, LINEAR_SYMBOL) is None
    frame = bench.sockets.last.sent[-1]
    assert frame["args"] == [{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": COID}]
    answer(bench, ACK, code)
    assert bench.events.take() == [("cancel", COID, outcome, code)]


@BOTH
def test_a_refused_time_rejects_the_order_and_holds_entries_until_the_clock_is_measured(
    make: Any, symbol: str
) -> None:
    bench = placed(make, symbol)
    answer(bench, {}, 10002, "time")
    assert bench.events.take() == [("reject", COID, ErrorClass.reject, 10002, "time")]
    assert [frame["op"] for frame in bench.sockets.last.sent] == ["auth", "order.create"], "sent again"
    hedge = order("hedge000001", symbol, lane=Lane.hedge)
    assert isinstance(bench.orders.ready((hedge,)), NotSent), "the clock was not read since"
    answer_clock(bench)
    assert bench.orders.ready((hedge,)) is None
    assert isinstance(bench.orders.ready((order("entry000001", symbol),)), NotSent)
    for _ in range(4):
        bench.clock.advance(0.1)
        answer_clock(bench)
    assert bench.orders.ready((order("entry000001", symbol),)) is None


def test_an_account_in_hedge_mode_takes_no_entry_any_more() -> None:
    bench = placed(linear, LINEAR_SYMBOL)
    answer(bench, {}, 10001, "position idx not match position mode")
    assert bench.events.names() == ["reject"]
    assert isinstance(bench.orders.ready((order("b", LINEAR_SYMBOL),)), NotSent)
    assert bench.orders.ready((order("b", LINEAR_SYMBOL, lane=Lane.hedge),)) is None


def test_a_filter_reject_asks_for_the_rules_of_the_symbol() -> None:
    bench, asked = placed(linear, LINEAR_SYMBOL), []
    bench.orders.on_filter_reject = asked.append
    answer(bench, {}, 110094, "minimum")
    assert asked == [LINEAR_SYMBOL]


# The connection.


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (10004, StreamCause.auth),
        (10010, StreamCause.auth),
        (10003, StreamCause.refused),
        (10016, StreamCause.refused),
    ],
)
def test_a_refused_log_on_is_typed(code: int, cause: StreamCause) -> None:
    bench = spot(up=False)
    bench.orders.start()
    bench.sockets.last.open()
    bench.sockets.last.say({"retCode": code, "retMsg": "no", "op": "auth", "connId": "c"})
    assert bench.events.take() == [down(cause)]
    assert not bench.orders.channel.ready


def test_a_log_on_outside_the_time_window_measures_the_clock() -> None:
    bench = spot(up=False)
    bench.orders.start()
    bench.sockets.last.open()
    bench.sockets.last.say({"retCode": 10002, "retMsg": "time", "op": "auth", "connId": "c"})
    assert bench.orders.hold.refusals == 1
    assert bench.http.next("/v5/market/time")


def test_a_second_log_on_is_a_log_on() -> None:
    bench = spot(up=False)
    bench.orders.start()
    bench.sockets.last.open()
    bench.sockets.last.say({"retCode": 20001, "retMsg": "Repeat auth", "op": "auth", "connId": "c"})
    assert bench.orders.channel.ready


@pytest.mark.parametrize("code", [10019, 10016, 10003])
def test_a_server_that_restarts_gets_no_new_order_and_still_answers_what_it_has(code: int) -> None:
    bench = spot()
    bench.orders.place(order("first000001"))
    first = bench.sockets.last.sent[-1]["reqId"]
    bench.orders.place(order("second00001"))
    bench.clock.advance(0.0)
    bench.events.take()
    answer(bench, {}, code, "restarting")
    kind = {10019: "reject", 10016: "unknown", 10003: "reject"}[code]
    assert [entry[:2] for entry in bench.events.take()] == [(kind, "second00001")]
    assert not bench.orders.channel.ready
    assert bench.orders.place(order("third000001")) is None
    assert [r.tag for r in bench.http.requests] == ["place"], "the next one goes by REST"
    ok = {"orderId": "1", "orderLinkId": "first000001"}
    bench.sockets.last.say({"reqId": first, "retCode": 0, "retMsg": "OK", "op": "order.create", "data": ok})
    assert ("ack", "first000001", "1") in bench.events.take()
    assert bench.sockets.last.dead, "a new connection is made once nothing is in flight"


def test_it_is_pinged_with_json_and_a_missing_pong_is_silence() -> None:
    bench = spot()
    bench.clock.advance(20.1)
    assert bench.sockets.last.sent[-1] == {"op": "ping"}
    bench.sockets.last.say(fixture("bybit", "wstrade_ping_response"))
    bench.clock.advance(20.0)
    assert bench.events.log == []
    bench.clock.advance(20.1)
    assert bench.events.take() == [down(StreamCause.silent)]


# Limits.


def fill_up(bench: Bench, lane: Lane, symbol: str) -> int:
    for number in range(100):
        if bench.orders.place(order(f"{lane.value}{number}", symbol, lane=lane)) is not None:
            return number
    raise AssertionError("no limit was in the way")


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize(
    ("make", "symbol", "entries", "hedges", "cancels"),
    [(spot, SPOT_SYMBOL, 14, 5, 20), (linear, LINEAR_SYMBOL, 7, 2, 10)],
)
def test_lanes_share_the_limit_and_cancels_have_their_own(
    make: Any, symbol: str, entries: int, hedges: int, cancels: int, transport: str
) -> None:
    bench = make(order_transport=transport, up=transport == "ws")
    assert fill_up(bench, Lane.entry, symbol) == entries
    refused = bench.orders.place(order("onemore", symbol))
    assert refused == NotSent(f"over the budget of {CREATE}")
    assert fill_up(bench, Lane.hedge, symbol) == hedges
    for number in range(cancels):
        assert bench.orders.cancel(f"c{number}", symbol) is None
    assert isinstance(bench.orders.cancel("c", symbol), NotSent)
    bench.clock.advance(1.05)
    assert bench.orders.ready((order("later", symbol),)) is None


def test_the_budget_is_the_same_on_both_transports() -> None:
    bench = linear()
    for number in range(4):
        assert bench.orders.place(order(f"w{number}", LINEAR_SYMBOL)) is None
    bench.sockets.last.end()
    for number in range(3):
        assert bench.orders.place(order(f"r{number}", LINEAR_SYMBOL)) is None
    assert isinstance(bench.orders.place(order("r3", LINEAR_SYMBOL)), NotSent)


def test_ready_counts_all_of_the_orders_and_takes_none() -> None:
    bench = linear()
    assert bench.orders.place(order("first", LINEAR_SYMBOL)) is None
    six = [order(f"a{number}", LINEAR_SYMBOL) for number in range(6)]
    assert bench.orders.ready(six) is None
    assert bench.orders.ready(six) is None
    seven = [*six, order("a6", LINEAR_SYMBOL)]
    assert isinstance(bench.orders.ready(seven), NotSent)
    assert bench.orders.ready([order(o.coid, LINEAR_SYMBOL, lane=Lane.hedge) for o in seven]) is None
    mixed = [*seven[:-1], order("a6", LINEAR_SYMBOL, lane=Lane.hedge)]
    assert isinstance(bench.orders.ready(mixed), NotSent), "the least of the lanes counts"


@pytest.mark.parametrize("transport", ["rest", "ws"])
def test_headers_tell_a_higher_limit_and_what_others_spend(transport: str) -> None:
    bench = linear(order_transport=transport, up=transport == "ws")
    bench.orders.place(order(symbol=LINEAR_SYMBOL))
    headers = {"X-Bapi-Limit": "20", "X-Bapi-Limit-Status": "12"}  # eight used, one of them ours
    if transport == "ws":
        answer(bench, ACK, X_Bapi_Limit="20", X_Bapi_Limit_Status="12")
    else:
        bench.http.answer(CREATE, envelope(ACK), headers=headers)
    assert fill_up(bench, Lane.entry, LINEAR_SYMBOL) == 6, "14 of 20, less the eight"


@pytest.mark.parametrize("left", ["21", "-1", "x", ""])
def test_headers_that_make_no_sense_change_nothing(left: str) -> None:
    bench = linear()
    bench.orders.place(order(symbol=LINEAR_SYMBOL))
    answer(bench, ACK, X_Bapi_Limit="20", X_Bapi_Limit_Status=left)
    assert fill_up(bench, Lane.entry, LINEAR_SYMBOL) == 6


@pytest.mark.parametrize("transport", ["rest", "ws"])
def test_a_full_endpoint_stops_until_its_reset_and_cancels_go_on(transport: str) -> None:
    bench = spot(order_transport=transport, up=transport == "ws")
    bench.orders.place(order())
    reset = str(bench.venue.clock_ms() + 250)
    if transport == "ws":
        answer(bench, {}, 10006, "slow", X_Bapi_Limit_Reset_Timestamp=reset)
    else:
        bench.http.answer(
            CREATE, envelope({}, 10006, "slow"), headers={"X-Bapi-Limit-Reset-Timestamp": reset}
        )
    assert [e for e in bench.events.take() if e[0] != "sent"] == [
        ("rate_limit", RateLimit(0.25, banned=False)),
        ("reject", COID, ErrorClass.rate, 10006, "slow"),
    ]
    assert isinstance(bench.orders.ready((order("b", lane=Lane.hedge),)), NotSent)
    assert bench.orders.cancel(COID, SPOT_SYMBOL) is None
    bench.clock.advance(0.25)
    assert bench.orders.ready((order("b", lane=Lane.hedge),)) is None


@pytest.mark.parametrize("code", [429, 10429, 10403])
def test_overload_stops_everything_for_a_moment(code: int) -> None:
    bench = placed(spot, SPOT_SYMBOL)
    answer(bench, {}, code, "busy")
    assert bench.events.take()[0] == ("rate_limit", RateLimit(1.0, banned=False))
    assert isinstance(bench.orders.cancel(COID, SPOT_SYMBOL), NotSent)
    assert isinstance(bench.orders.query(COID, SPOT_SYMBOL), NotSent)
    bench.clock.advance(1.0)
    assert bench.orders.cancel(COID, SPOT_SYMBOL) is None


def test_the_limit_of_the_address_is_that_of_rest_alone() -> None:
    for transport, refused in (("ws", False), ("rest", True)):
        bench = spot(order_transport=transport, up=transport == "ws")
        bench.venue.budget.spend(600, bench.clock.ns)
        assert isinstance(bench.orders.ready((order(),)), NotSent) is refused
        assert isinstance(bench.orders.cancel(COID, SPOT_SYMBOL), NotSent) is refused
        assert isinstance(bench.orders.query(COID, SPOT_SYMBOL), NotSent)


def test_a_ban_of_the_address_stops_the_channel_too() -> None:
    bench = spot(up=False)
    bench.orders.place(order())
    bench.http.answer(CREATE, b"access too frequent", 403)
    connect(bench)
    assert isinstance(bench.orders.place(order("b", lane=Lane.hedge)), NotSent)
    bench.clock.advance(600.0)
    assert bench.orders.ready((order("b"),)) is None
