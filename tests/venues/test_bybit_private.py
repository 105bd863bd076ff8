"""Bybit's private stream of both markets: what is told, and what is asked after each connection."""

from __future__ import annotations

from typing import Any

import pytest

from arb.venues.base import (
    Balance,
    Cash,
    FillUpdate,
    Lane,
    NotSent,
    OrderStatus,
    Position,
    StreamCause,
    StreamKind,
    StreamState,
    VenueFailure,
)

from .bybit_setup import LINEAR_SYMBOL, SPOT_SYMBOL, linear, order, query_of, spot
from .fixtures import fixture
from .setup import Bench, envelope
from .test_orders import COID, Y_ORDER, Y_TRADE, rows

L_ORDER = {**Y_ORDER, "category": "linear", "orderStatus": "New", "cumExecQty": "0"}
L_TRADE = {**Y_TRADE, "category": "linear", "feeCurrency": "USDT", "execFee": "-0.33"}
FLAT = {"positionIdx": 0, "symbol": "BTCUSDT", "side": "", "size": "0", "avgPrice": "", "updatedTime": "5"}
SHORT = {**FLAT, "symbol": "ETHUSDT", "side": "Sell", "size": "1.50", "avgPrice": "2000.0"}
COINS = [
    {
        "coin": "USDT",
        "walletBalance": "1000.5",
        "locked": "100",
        "totalOrderIM": "20.25",
        "totalPositionIM": "30",
        "unrealisedPnl": "-7",
    },
    {"coin": "BTC", "walletBalance": "2", "locked": "0.5", "totalOrderIM": "", "totalPositionIM": ""},
]
RESYNCED = ("stream", StreamKind.private, StreamState.resynced, StreamCause.none)
BOTH = pytest.mark.parametrize("make", [spot, linear])


def say(bench: Bench, topic: str, *data: Any) -> list[Any]:
    bench.sockets.last.say({"topic": topic, "id": "1", "creationTime": 1, "data": list(data)})
    return bench.events.take()


def subscribe(bench: Bench) -> Any:
    bench.sockets.last.open()
    bench.sockets.last.say({"success": True, "ret_msg": "", "op": "auth", "conn_id": "c"})
    subscription = bench.sockets.last.sent[-1]
    bench.sockets.last.say({"success": True, "ret_msg": "", "op": "subscribe", "conn_id": "c"})
    return subscription


def compare(bench: Bench, *, orders: Any = (), fills: Any = None, positions: Any = (FLAT, SHORT)) -> None:
    bench.http.answer("/v5/order/realtime", rows(*orders))
    if fills is not None:
        bench.http.answer("/v5/execution/list", rows(*fills))
    if bench.orders._market.category == "linear":
        bench.http.answer("/v5/position/list", rows(*positions))
    bench.http.answer("/v5/account/wallet-balance", envelope({"list": [{"coin": COINS}]}))


def running(make: Any) -> Bench:
    bench = make(up=False)
    bench.venue.private.start()
    subscribe(bench)
    compare(bench)
    assert bench.events.take()[-1] == RESYNCED
    return bench


def test_each_market_subscribes_to_what_it_has() -> None:
    for make, topics in (
        (spot, ["order", "execution", "wallet"]),
        (linear, ["order", "execution", "wallet", "position"]),
    ):
        bench = make(up=False)
        bench.venue.private.start()
        assert subscribe(bench)["args"] == topics


def test_the_account_of_a_perpetual_is_compared_whole_before_it_is_resynced() -> None:
    bench = linear(up=False)
    bench.venue.private.start()
    assert not bench.http.open
    subscribe(bench)
    bench.events.take()
    asked = [query_of(e.request.url) for e in bench.http.open]
    assert {"category": "linear", "settleCoin": "USDT", "openOnly": "0", "limit": "50"} in asked
    assert {"category": "linear", "settleCoin": "USDT", "limit": "200"} in asked
    compare(bench, orders=[L_ORDER], fills=[])
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["order", "balances", "positions", "stream"]
    assert log[1][1] == [Balance("USDT", "850.25", "150.25"), Balance("BTC", "1.5", "0.5")]
    assert log[2][1] == [Position("ETH/USDT:USDT", "-1.5", "2000", 5)]
    assert log[3] == RESYNCED


@BOTH
def test_fills_missed_while_it_was_away_are_told_oldest_first(make: Any) -> None:
    bench = running(make)
    symbol, trade = (SPOT_SYMBOL, Y_TRADE) if make is spot else (LINEAR_SYMBOL, L_TRADE)
    bench.orders.place(order(symbol=symbol))
    bench.clock.advance(5.0)
    bench.sockets.last.say({"op": "pong"})
    bench.sockets.last.end()
    bench.clock.advance(1.0)
    subscribe(bench)
    bench.events.take()
    bench.http.answer("/v5/order/realtime", rows())
    request = bench.http.next("/v5/execution/list").request
    query = query_of(request.url)
    assert query["category"] == trade["category"]
    born_ms = 1_700_000_001_000
    assert born_ms - 1_000 <= int(query["startTime"]) <= born_ms + 1_000, "not before the first subscription"
    foreign = {**trade, "symbol": "XRPUSDT", "execId": "x"}
    newer = {**trade, "execId": "e-2", "execTime": "9"}
    bench.http.answer("/v5/execution/list", rows(newer, trade, foreign))
    compare_rest = bench.http.open
    assert compare_rest
    if make is linear:
        bench.http.answer("/v5/position/list", rows(FLAT))
    bench.http.answer("/v5/account/wallet-balance", envelope({"list": [{"coin": COINS}]}))
    log = bench.events.take()
    assert [e[1].trade_id for e in log if e[0] == "fill"] == ["e-1", "e-2"]
    assert log[-1] == RESYNCED
    if make is linear:
        [positions] = [e[1] for e in log if e[0] == "positions"]
        assert positions == [Position("ETH/USDT:USDT", "0", "0")], "what was held is flat now"


def test_fills_of_more_than_a_week_are_asked_for_week_by_week() -> None:
    bench, answers = linear(up=False), []
    since_ms = bench.venue.clock_ms() - 10 * 86_400_000
    bench.orders.recent_fills([LINEAR_SYMBOL], since_ms, answers.append)
    first = query_of(bench.http.answer("/v5/execution/list", rows(L_TRADE)).url)
    second = query_of(bench.http.answer("/v5/execution/list", rows({**L_TRADE, "execId": "e-2"})).url)
    assert int(first["endTime"]) - int(first["startTime"]) < 7 * 86_400_000
    assert second["startTime"] == first["endTime"]
    assert "endTime" not in second
    assert [fill.trade_id for fill in answers[0]] == ["e-1", "e-2"]
    bench.orders.recent_fills([LINEAR_SYMBOL], since_ms, answers.append)
    bench.http.answer("/v5/execution/list", b"", 502)
    assert isinstance(answers[1], VenueFailure)


# What is told.


def test_a_negative_fee_is_a_rebate_in_the_currency_that_is_named() -> None:
    [(name, fill)] = say(running(linear), "execution", L_TRADE)
    expected = FillUpdate(COID, "77", LINEAR_SYMBOL, "e-1", "60000.0", "0.3", "-0.33", "USDT", False, 3)
    assert (name, fill) == ("fill", expected)
    [(_, fill)] = say(running(linear), "execution", {**L_TRADE, "feeCurrency": ""})
    assert fill.fee_asset == "USDT"
    [(_, fill)] = say(running(spot), "execution", {**Y_TRADE, "feeCurrency": "MNT", "execFee": "0.7"})
    assert (fill.fee, fill.fee_asset) == ("0.7", "MNT")


def test_funding_is_cash_with_an_id_that_is_counted_once() -> None:
    bench = running(linear)
    paid = {**L_TRADE, "execType": "Funding", "execFee": "0.12", "orderLinkId": "", "execId": "f-1"}
    got = {**paid, "execFee": "-0.12", "execId": "f-2"}
    assert say(bench, "execution", paid, got) == [
        ("cash", Cash("USDT", "-0.12", "funding", LINEAR_SYMBOL, "f-1", 3)),
        ("cash", Cash("USDT", "0.12", "funding", LINEAR_SYMBOL, "f-2", 3)),
    ]


@pytest.mark.parametrize("kind", ["AdlTrade", "BustTrade", "BlockTrade", "MovePosition"])
def test_a_trade_the_venue_made_with_our_position_belongs_to_no_order_of_ours(kind: str) -> None:
    [(name, fill)] = say(running(linear), "execution", {**L_TRADE, "execType": kind})
    assert (name, fill.coid, fill.qty) == ("fill", "", "0.3")


@pytest.mark.parametrize("kind", ["Settle", "SessionSettlePnL", "Delivery"])
def test_settlement_is_neither(kind: str) -> None:
    assert say(running(linear), "execution", {**L_TRADE, "execType": kind}) == []


def test_a_second_filled_after_a_late_cancel_says_nothing_new() -> None:
    bench = running(linear)
    filled = {**L_ORDER, "orderStatus": "Filled", "cumExecQty": "0.5", "rejectReason": "EC_NoError"}
    late = {**filled, "cancelType": "CancelByUser", "rejectReason": "EC_OrigClOrdIDDoesNotExist"}
    assert say(bench, "order", late) == say(bench, "order", filled)


@pytest.mark.parametrize(
    ("word", "reason", "status"),
    [
        ("Rejected", "EC_InvalidSymbolStatus", OrderStatus.rejected),
        ("Cancelled", "EC_PostOnlyWillTakeLiquidity", OrderStatus.canceled),
        ("Cancelled", "EC_NoImmediateQtyToFill", OrderStatus.canceled),
        ("PartiallyFilledCanceled", "EC_CancelForNoFullFill", OrderStatus.canceled),
        ("Deactivated", "", OrderStatus.canceled),
    ],
)
def test_an_accepted_order_may_still_be_refused_on_the_stream(
    word: str, reason: str, status: OrderStatus
) -> None:
    bench = running(linear)
    [(name, update)] = say(bench, "order", {**L_ORDER, "orderStatus": word, "rejectReason": reason})
    assert (name, update.coid, update.status, update.reason) == ("order", COID, status, reason)


def test_positions_are_signed_and_flat_ones_told() -> None:
    bench = running(linear)
    row = fixture("bybit", "ws_private_position")["data"][0] | {"positionIdx": 0}
    long = {**row, "side": "Buy", "size": "0.30", "entryPrice": "28000.50"}
    assert say(bench, "position", row, {**long, "symbol": "ETHUSDT"}) == [
        (
            "positions",
            [
                Position(LINEAR_SYMBOL, "0", "0", 1697682317038),
                Position("ETH/USDT:USDT", "0.3", "28000.5", 1697682317038),
            ],
        )
    ]


def test_a_position_of_hedge_mode_stops_entries() -> None:
    bench = running(linear)
    row = fixture("bybit", "ws_private_position")["data"][0]
    assert say(bench, "position", row) == [], "flat ones of hedge mode are told with every order"
    assert bench.orders.ready((order(symbol=LINEAR_SYMBOL),)) is None
    say(bench, "position", {**row, "side": "Buy", "size": "1"})
    assert isinstance(bench.orders.ready((order(symbol=LINEAR_SYMBOL),)), NotSent)
    assert bench.orders.ready((order(symbol=LINEAR_SYMBOL, lane=Lane.hedge),)) is None


def test_a_market_hears_its_own_category_alone() -> None:
    for make, ours, theirs in ((spot, Y_TRADE, L_TRADE), (linear, L_TRADE, Y_TRADE)):
        bench = running(make)
        assert say(bench, "execution", theirs) == []
        assert len(say(bench, "execution", theirs, ours)) == 1
        assert say(bench, "order", {**L_ORDER, "category": theirs["category"]}) == []


def test_the_wallet_of_a_perpetual_is_told_less_its_margin() -> None:
    bench = running(linear)
    [(_, balances)] = say(bench, "wallet", {"accountType": "UNIFIED", "coin": COINS})
    assert balances[0] == Balance("USDT", "850.25", "150.25")


@pytest.mark.parametrize(
    ("topic", "row"),
    [
        ("order", {**L_ORDER, "orderStatus": "Shiny"}),
        ("execution", {**L_TRADE, "execFee": "1e-3"}),
        ("execution", {**L_TRADE, "execType": None}),
        ("position", {**SHORT, "side": "None"}),
        ("position", {**SHORT, "positionIdx": None}),
        ("wallet", {"coin": [{"coin": "BTC", "walletBalance": "x"}]}),
    ],
)
def test_what_cannot_be_read_costs_the_connection(topic: str, row: Any) -> None:
    bench = running(linear)
    [(name, _, state, cause)] = say(bench, topic, row)
    assert (name, state, cause) == ("stream", StreamState.down, StreamCause.malformed)


def test_a_refused_time_at_the_log_on_measures_the_clock() -> None:
    bench = linear(up=False)
    bench.venue.private.start()
    bench.sockets.last.open()
    bench.sockets.last.say({"success": False, "ret_msg": "expired", "retCode": 10002, "op": "auth"})
    assert bench.events.take()[-1][3] is StreamCause.refused
    assert bench.http.next("/v5/market/time")
