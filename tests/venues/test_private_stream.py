"""Conversations on the private streams of both venues, on virtual time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from arb.venues.base import Balance, OrderStatus, RateLimit, StreamCause, StreamKind, StreamState

from .fixtures import fixture
from .setup import KEY, SECRET, Bench, binance, bybit, envelope
from .test_orders import B_ORDER, Y_ORDER, Y_TRADE, rows

Maker = Callable[..., Bench]
UP = ("stream", StreamKind.private, StreamState.up, StreamCause.none)
RESYNCED = ("stream", StreamKind.private, StreamState.resynced, StreamCause.none)
SUBSCRIBED = {"id": 1, "status": 200, "result": {"subscriptionId": 0}}


def down(cause: StreamCause) -> tuple[Any, ...]:
    return ("stream", StreamKind.private, StreamState.down, cause)


def subscribe(bench: Bench) -> None:
    """From an opened socket to `up`."""
    bench.sockets.last.open()
    if "ws-api" in bench.sockets.last.url:
        bench.sockets.last.say(SUBSCRIBED)
    else:
        bench.sockets.last.say({"success": True, "ret_msg": "", "op": "auth", "conn_id": "c"})
        bench.sockets.last.say({"success": True, "ret_msg": "", "op": "subscribe", "conn_id": "c"})


def compare(bench: Bench) -> None:
    """Answers the questions after a subscription: one open order, 1 BTC and 2 USDT."""
    if "ws-api" in bench.sockets.last.url:
        bench.http.answer("/api/v3/openOrders", [{**B_ORDER, "status": "NEW"}])
        if bench.venue.private.state is StreamState.up:  # of the open order's symbol
            bench.http.answer("/api/v3/myTrades", [])
        coins = [{"asset": a, "free": f, "locked": "0"} for a, f in (("BTC", "1"), ("USDT", "2"))]
        bench.http.answer("/api/v3/account", {"balances": coins})
    else:
        bench.http.answer("/v5/order/realtime", rows({**Y_ORDER, "orderStatus": "New"}))
        if bench.venue.private.state is StreamState.up:  # of the open order's symbol
            bench.http.answer("/v5/execution/list", rows())
        coins = [{"coin": c, "walletBalance": w, "locked": "0"} for c, w in (("BTC", "1"), ("USDT", "2"))]
        bench.http.answer("/v5/account/wallet-balance", envelope({"list": [{"coin": coins}]}))


def running(make: Maker, **settings: Any) -> Bench:
    bench = make(**settings)
    bench.venue.private.start()
    subscribe(bench)
    compare(bench)
    bench.events.take()
    return bench


BOTH = pytest.mark.parametrize("make", [binance, bybit])


@BOTH
def test_the_subscription_comes_first_then_the_comparison_then_resynced(make: Maker) -> None:
    bench = make()
    bench.venue.private.start()
    assert not bench.http.open, "asked before the subscription stood"
    subscribe(bench)
    assert bench.events.take() == [UP]
    assert bench.venue.private.state is StreamState.up
    compare(bench)
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["order", "balances", "stream"]
    assert log[1][1] == [Balance("BTC", "1", "0"), Balance("USDT", "2", "0")]
    assert log[2] == RESYNCED
    assert bench.venue.private.state is StreamState.resynced


def test_binance_subscribes_with_a_signature() -> None:
    bench = binance()
    bench.venue.private.start()
    bench.sockets.last.open()
    [message] = bench.sockets.last.sent
    assert message["method"] == "userDataStream.subscribe.signature"
    assert message["params"]["apiKey"] == KEY
    assert message["params"]["timestamp"] == 1_700_000_001_000
    import hashlib
    import hmac

    text = f"apiKey={KEY}&recvWindow=1000&timestamp=1700000001000"
    expected = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert message["params"]["signature"] == expected


def test_bybit_logs_in_and_subscribes_to_the_three_topics() -> None:
    bench = bybit()
    bench.venue.private.start()
    subscribe(bench)
    auth, subscription = bench.sockets.last.sent
    assert (auth["op"], auth["args"][:2]) == ("auth", [KEY, 1_700_000_011_000])
    assert subscription["args"] == ["order", "execution", "wallet"]


@BOTH
def test_a_balance_seen_on_the_stream_beats_the_answer_that_was_under_way(make: Maker) -> None:
    bench = make()
    bench.venue.private.start()
    subscribe(bench)
    if make is binance:
        event = {"e": "outboundAccountPosition", "E": 1, "u": 1, "B": [{"a": "BTC", "f": "9", "l": "0"}]}
        bench.sockets.last.say({"subscriptionId": 0, "event": event})
    else:
        coin = {"coin": "BTC", "walletBalance": "9", "locked": "0"}
        bench.sockets.last.say({"topic": "wallet", "data": [{"coin": [coin]}]})
    compare(bench)
    told = [entry[1] for entry in bench.events.log if entry[0] == "balances"]
    assert told == [[Balance("BTC", "9", "0")], [Balance("USDT", "2", "0")]]


@BOTH
def test_a_failed_comparison_is_not_resynced(make: Maker) -> None:
    bench = make()
    bench.venue.private.start()
    subscribe(bench)
    bench.http.answer("openOrders" if make is binance else "realtime", b"", 502)
    assert bench.events.take() == [UP, down(StreamCause.resync)]
    assert bench.sockets.last.dead
    late = "account" if make is binance else "wallet-balance"
    bench.http.answer(late, b"", 502)
    assert bench.events.log == [], "a late answer of the old connection was heard"
    bench.clock.advance(1.0)
    assert len(bench.sockets.sockets) == 2


@BOTH
def test_a_lost_connection_comes_back_with_growing_delays(make: Maker) -> None:
    bench = running(make)
    bench.sockets.last.end()
    assert bench.events.take() == [down(StreamCause.closed)]
    opened_at = []
    for _ in range(4):
        count = len(bench.sockets.sockets)
        while len(bench.sockets.sockets) == count:
            bench.clock.advance(0.0625)
        opened_at.append(bench.clock.ns / 1e9)
        subscribe(bench)
        compare(bench)
        bench.sockets.last.end()
    gaps = [round(b - a, 3) for a, b in pairwise(opened_at)]
    assert gaps == [0.25, 0.5, 1.0], "a connect that lasts no time must not reset the back-off"
    bench.clock.advance(5.0)
    subscribe(bench)
    compare(bench)
    bench.clock.ns += 61_000_000_000  # healthy for longer than a minute
    bench.sockets.last.end()
    count = len(bench.sockets.sockets)
    bench.clock.advance(0.126)
    assert len(bench.sockets.sockets) == count + 1


@BOTH
def test_a_server_that_accepts_and_drops_is_not_hammered(make: Maker) -> None:
    bench = make()
    bench.venue.private.start()
    for _ in range(200):
        bench.clock.advance(0.5)
        if not bench.sockets.last.closed:
            bench.sockets.last.open()
            bench.sockets.last.end()
    assert len(bench.sockets.sockets) < 16, "100 s at a cap of 15 s"


@BOTH
def test_answers_of_a_comparison_that_was_overtaken_are_not_heard(make: Maker) -> None:
    bench = make()
    bench.venue.private.start()
    subscribe(bench)
    bench.sockets.last.end()
    bench.events.take()
    compare(bench)
    assert bench.events.log == []
    assert bench.venue.private.state is StreamState.down


@BOTH
def test_no_subscription_in_time_is_silence(make: Maker) -> None:
    bench = make()
    bench.venue.private.start()
    bench.sockets.last.open()
    bench.clock.advance(5.2)
    assert bench.events.take() == [down(StreamCause.silent)]
    assert len(bench.sockets.sockets) == 2


def test_bybit_is_pinged_and_a_missing_pong_is_silence() -> None:
    bench = running(bybit)
    bench.clock.advance(20.1)
    assert bench.sockets.last.sent[-1] == {"op": "ping"}
    bench.sockets.last.say({"req_id": "", "op": "pong", "args": ["1"], "conn_id": "c"})
    bench.clock.advance(20.0)
    assert bench.events.log == []
    bench.clock.advance(20.0)
    assert bench.events.take() == [down(StreamCause.silent)]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, StreamCause.auth),
        ({"code": -1022, "msg": "Signature"}, StreamCause.auth),
        ({"code": -2035, "msg": "already active"}, StreamCause.refused),
    ],
)
def test_binance_refusals_are_typed(error: Any, cause: StreamCause) -> None:
    bench = binance()
    bench.venue.private.start()
    bench.sockets.last.open()
    bench.sockets.last.say({"id": 1, "status": 400, "error": error})
    assert bench.events.take() == [down(cause)]


def test_a_ban_on_the_stream_states_its_end() -> None:
    bench = binance()
    bench.venue.private.start()
    bench.sockets.last.open()
    data = {"serverTime": 1_700_000_001_000, "retryAfter": 1_700_000_121_000}
    bench.sockets.last.say({"id": 1, "status": 418, "error": {"code": -1003, "msg": "banned", "data": data}})
    assert bench.events.take() == [("rate_limit", RateLimit(120.0, banned=True)), down(StreamCause.refused)]


def test_bybit_refusals_are_typed() -> None:
    bench = bybit()
    bench.venue.private.start()
    bench.sockets.last.open()
    bench.sockets.last.say(fixture("bybit", "syn_ws_auth_failure"))
    assert bench.events.take() == [down(StreamCause.auth)]
    bench = bybit()
    bench.venue.private.start()
    bench.sockets.last.open()
    bench.sockets.last.say({"success": True, "op": "auth"})
    bench.sockets.last.say(fixture("bybit", "syn_ws_subscribe_failure"))
    assert bench.events.take() == [down(StreamCause.refused)]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("user_eventStreamTerminated", StreamCause.terminated),
        ("wsapi_server_shutdown", StreamCause.shutdown),
    ],
)
def test_binance_ends_a_subscription_by_event(name: str, cause: StreamCause) -> None:
    bench = running(binance)
    bench.sockets.last.say(fixture("binance_spot", name))
    assert bench.events.take() == [down(cause)]
    bench.clock.advance(0.126)
    assert len(bench.sockets.sockets) == 2


@BOTH
@pytest.mark.parametrize("message", [b"{", b"[]", b"null", b"\xff"])
def test_a_message_that_cannot_be_read_costs_the_connection(make: Maker, message: bytes) -> None:
    bench = running(make)
    bench.sockets.last.say(message)
    assert bench.events.take() == [down(StreamCause.malformed)]


@BOTH
def test_stop_is_final(make: Maker) -> None:
    bench = running(make)
    old = bench.sockets.last
    bench.venue.private.stop()
    assert bench.events.take() == [down(StreamCause.stopped)]
    assert old.dead
    old.end("closed by us")
    bench.clock.advance(600.0)
    assert bench.events.log == []
    assert len(bench.sockets.sockets) == 1
    bench.venue.private.start()
    assert len(bench.sockets.sockets) == 2


# Events about orders.


def told(bench: Bench, message: Any) -> list[Any]:
    bench.sockets.last.say(message)
    return bench.events.take()


def test_binance_reports_of_the_documentation() -> None:
    bench = running(binance)
    [(name, new)] = told(bench, fixture("binance_spot", "user_executionReport_new"))
    assert (name, new.coid, new.status) == ("order", "mUvoqJxFIILMdfAW5iGSOW", OrderStatus.new)
    fill, partial = told(bench, fixture("binance_spot", "syn_user_executionReport_trade_partial"))
    assert (fill[1].trade_id, fill[1].qty, fill[1].fee, fill[1].fee_asset) == (
        "77517",
        "0.40000000",
        "0.00040000",
        "ETH",
    )
    assert (partial[1].status, partial[1].cum_qty) == (OrderStatus.partial, "0.40000000")
    fill, filled = told(bench, fixture("binance_spot", "syn_user_executionReport_trade_filled_bnb_fee"))
    assert (fill[1].fee_asset, fill[1].is_maker, filled[1].status) == ("BNB", True, OrderStatus.filled)
    [(name, expired)] = told(bench, fixture("binance_spot", "syn_user_executionReport_expired_ioc"))
    assert (name, expired.status, expired.cum_qty, expired.reason) == (
        "order",
        OrderStatus.expired,
        "0.40000000",
        "UNFILLED_IOC_QUANTITY_EXPIRED",
    )


def test_a_cancel_report_is_about_the_order_not_about_the_cancel() -> None:
    bench = running(binance)
    [(name, canceled)] = told(bench, fixture("binance_spot", "syn_user_executionReport_canceled"))
    assert (name, canceled.coid, canceled.status) == ("order", "arb7ETH0001", OrderStatus.canceled)


def test_binance_balances_and_bystanders() -> None:
    bench = running(binance)
    position = fixture("binance_spot", "user_outboundAccountPosition")
    assert told(bench, position) == [("balances", [Balance("ETH", "10000.000000", "0.000000")])]
    for name in ("user_externalLockUpdate", "user_listStatus"):
        assert told(bench, fixture("binance_spot", name)) == []


def test_a_transfer_is_cash() -> None:
    bench = running(binance)
    update = fixture("binance_spot", "user_balanceUpdate")
    [(name, cash)] = told(bench, update)
    assert (name, cash.asset, cash.amount, cash.kind) == ("cash", "BTC", "100.00000000", "transfer")
    assert told(bench, update) == [("cash", cash)], "a repeated message must carry the same id"


def test_bybit_orders_executions_and_wallet() -> None:
    bench = running(bybit)
    order = {"topic": "order", "id": "1", "creationTime": 1, "data": [Y_ORDER]}
    [(name, update)] = told(bench, order)
    assert (name, update.status, update.reason) == (
        "order",
        OrderStatus.canceled,
        "EC_CancelForNoFullFill",
    )
    funding = {**Y_TRADE, "execType": "Funding", "execId": "e-9"}
    linear = {**Y_TRADE, "category": "linear", "execId": "e-8"}
    (name, fill), (paid, cash) = told(bench, {"topic": "execution", "data": [Y_TRADE, funding, linear]})
    assert (name, fill.trade_id, fill.fee, fill.fee_asset) == ("fill", "e-1", "0.0003", "BTC")
    assert (paid, cash.id, cash.amount, cash.kind) == ("cash", "e-9", "-0.0003", "funding")
    wallet = fixture("bybit", "ws_private_wallet")
    assert told(bench, wallet) == [("balances", [Balance("BTC", "0.00102964", "0")])]


@pytest.mark.parametrize(
    ("side", "maker", "fee", "asset"),
    [
        ("Buy", False, "0.1", "BTC"),
        ("Sell", False, "0.1", "USDT"),
        ("Buy", True, "-0.1", "USDT"),
        ("Sell", True, "-0.1", "BTC"),
    ],
)
def test_bybit_fee_asset_follows_the_rule_where_none_is_named(
    side: str, maker: bool, fee: str, asset: str
) -> None:
    bench = running(bybit)
    row = {**Y_TRADE, "feeCurrency": "", "side": side, "isMaker": maker, "execFee": fee}
    [(_, fill)] = told(bench, {"topic": "execution", "data": [row]})
    assert fill.fee_asset == asset


def test_rows_of_other_categories_are_not_ours() -> None:
    bench = running(bybit)
    for name in ("ws_private_order", "ws_private_execution", "syn_ws_private_order_new"):
        assert told(bench, fixture("bybit", name)) == []
