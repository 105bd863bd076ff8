"""Conversations about orders: what leaves, and what each answer means."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from arb.venues.base import (
    Balance,
    CancelOutcome,
    ErrorClass,
    Failure,
    FillUpdate,
    NotSent,
    OrderStatus,
    OrderUpdate,
    QueryKind,
    QueryOutcome,
    RateLimit,
    TimeInForce,
    VenueFailure,
)

from .fixtures import fixture
from .setup import KEY, SECRET, Bench, binance, bybit, envelope, order

COID = "acoid000001"
PLACE = {binance: "POST http://127.0.0.1:1/api/v3/order", bybit: "POST http://127.0.0.1:1/v5/order/create"}
Maker = Callable[..., Bench]

FULL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "orderListId": -1,
    "clientOrderId": COID,
    "transactTime": 1507725176595,
    "price": "60000.10000000",
    "origQty": "0.50000000",
    "executedQty": "0.30000000",
    "cummulativeQuoteQty": "17999.00000000",
    "status": "EXPIRED",
    "timeInForce": "IOC",
    "type": "LIMIT",
    "side": "BUY",
    "fills": [
        {"price": "60000.0", "qty": "0.1", "commission": "0.0001", "commissionAsset": "BTC", "tradeId": 56},
        {"price": "59995.0", "qty": "0.2", "commission": "0.0002", "commissionAsset": "BTC", "tradeId": 57},
    ],
}


def placed(make: Maker) -> Bench:
    bench = make()
    assert bench.orders.place(order()) is None
    bench.http.send(PLACE[make])
    assert bench.events.take() == [("sent", COID)]
    return bench


# What leaves.


def test_binance_sends_the_signed_bytes() -> None:
    bench = binance()
    assert bench.orders.place(order()) is None
    request = bench.http.next("POST").request
    assert request.url == "http://127.0.0.1:1/api/v3/order"
    assert request.headers == {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}
    payload, _, signature = request.body.decode().rpartition("&signature=")
    assert payload == (
        "newOrderRespType=FULL&selfTradePreventionMode=EXPIRE_TAKER&side=BUY&symbol=BTCUSDT"
        "&timeInForce=IOC&type=LIMIT&recvWindow=1000"
        "&newClientOrderId=acoid000001&quantity=0.5&price=60000.1&timestamp=1700000001000"
    )
    assert signature == hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()


def test_bybit_sends_the_signed_bytes() -> None:
    bench = bybit()
    assert bench.orders.place(order()) is None
    request = bench.http.next("POST").request
    assert json.loads(request.body) == {
        "category": "spot",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "timeInForce": "IOC",
        "isLeverage": 0,
        "smpType": "CancelTaker",
        "orderLinkId": COID,
        "qty": "0.5",
        "price": "60000.1",
    }
    assert request.headers["Content-Type"] == "application/json"
    signed = f"{request.headers['X-BAPI-TIMESTAMP']}{KEY}1000{request.body.decode()}"
    expected = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert request.headers["X-BAPI-SIGN"] == expected


def test_post_only_has_each_venue_s_own_form() -> None:
    bench = binance()
    bench.orders.place(order(tif=TimeInForce.post_only))
    params = dict(parse_qsl(bench.http.requests[-1].body.decode()))
    assert params["type"] == "LIMIT_MAKER"
    assert "timeInForce" not in params
    bench = bybit()
    bench.orders.place(order(tif=TimeInForce.post_only))
    assert json.loads(bench.http.requests[-1].body)["timeInForce"] == "PostOnly"


@pytest.mark.parametrize("make", [binance, bybit])
@pytest.mark.parametrize("coid", ["", "x" * 33, "has-dash", 'quote"', "a&b=c", "ä"])
def test_an_id_that_would_need_escaping_is_not_sent(make: Maker, coid: str) -> None:
    bench = make()
    assert isinstance(bench.orders.place(order(coid)), NotSent)
    assert isinstance(bench.orders.cancel(coid, "BTC/USDT"), NotSent)
    assert isinstance(bench.orders.query(coid, "BTC/USDT"), NotSent)
    assert bench.http.requests == []
    assert bench.events.log == []


@pytest.mark.parametrize("make", [binance, bybit])
def test_no_order_leaves_before_the_venue_s_clock_and_rules_are_known(make: Maker) -> None:
    bench = make(ready=False)
    assert isinstance(bench.orders.place(order()), NotSent)
    ready = make()
    ready.venue.clock.bounds.samples = 0
    assert ready.orders.place(order()) == NotSent("the venue's clock is not known yet")
    assert ready.http.requests == []


# Answers to a place.


def test_a_full_answer_is_ack_fills_and_order_state() -> None:
    bench = placed(binance)
    bench.http.answer("POST", FULL)
    common = ("BTC/USDT", "56", "60000.0", "0.1", "0.0001", "BTC", False, 1507725176595)
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["ack", "fill", "fill", "order"]
    assert log[0] == ("ack", COID, "28")
    assert log[1] == ("fill", FillUpdate(COID, "28", *common))
    assert log[3][1] == OrderUpdate(
        COID,
        "28",
        "BTC/USDT",
        OrderStatus.expired,
        "0.30000000",
        "17999.00000000",
        1507725176595,
    )


def test_the_full_answer_of_the_documentation_is_read() -> None:
    body = fixture("binance_spot", "rest_new_order_full")
    bench = binance()
    bench.orders.place(order(body["clientOrderId"]))
    bench.http.answer("POST", body)
    assert bench.events.names() == ["sent", "ack", "fill", "fill", "fill", "fill", "fill", "order"]


def test_an_ack_without_a_state_is_only_an_ack() -> None:
    bench = placed(binance)
    bench.http.answer("POST", {k: FULL[k] for k in ("symbol", "orderId", "clientOrderId", "transactTime")})
    assert bench.events.take() == [("ack", COID, "28")]


def test_an_ack_of_bybit_is_acceptance_only() -> None:
    bench = placed(bybit)
    bench.http.answer("POST", envelope({"orderId": "1321003749386327552", "orderLinkId": COID}))
    assert bench.events.take() == [("ack", COID, "1321003749386327552")]


@pytest.mark.parametrize(
    "body",
    [
        {**FULL, "clientOrderId": "another"},  # crossed answers
        {**FULL, "status": "SHINY"},
        {**FULL, "executedQty": "1e3"},
        {**FULL, "fills": [{"price": "1"}]},
        {key: value for key, value in FULL.items() if key != "orderId"},
        b"",
        b"<html>maintenance</html>",
        [],
    ],
)
def test_an_answer_that_cannot_be_read_whole_leaves_the_order_unknown(body: Any) -> None:
    bench = placed(binance)
    bench.http.answer("POST", body)
    assert bench.events.names() == ["unknown"]


@pytest.mark.parametrize(
    "body",
    [
        envelope({"orderId": "1", "orderLinkId": "another"}),
        envelope({"orderId": "1"}),
        envelope({}),
        envelope(None),
        {"retCode": "no number"},
        b"",
        b"<html>maintenance</html>",
        [],
    ],
)
def test_an_envelope_that_cannot_be_read_whole_leaves_the_order_unknown(body: Any) -> None:
    bench = placed(bybit)
    bench.http.answer("POST", body)
    assert bench.events.names() == ["unknown"]


@pytest.mark.parametrize("make", [binance, bybit])
@pytest.mark.parametrize("failure", list(Failure))
def test_no_answer_is_unknown_once_bytes_may_have_left(make: Maker, failure: Failure) -> None:
    bench = placed(make)
    bench.http.fail("POST", failure)
    [(name, coid, _)] = bench.events.take()
    assert (name, coid) == ("unknown", COID)


@pytest.mark.parametrize("make", [binance, bybit])
@pytest.mark.parametrize("failure", list(Failure))
def test_no_answer_is_not_sent_when_no_byte_left(make: Maker, failure: Failure) -> None:
    bench = make()
    bench.orders.place(order())
    bench.http.fail("POST", failure, sent=False)
    assert bench.events.names() == ["not_sent"]


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (400, -2010, "Account has insufficient balance for requested action.", ErrorClass.reject),
        (400, -1013, "Filter failure: LOT_SIZE", ErrorClass.reject),
        (400, -2010, "Duplicate order sent.", None),
        (400, -1007, "Timeout waiting for response from backend server.", None),
        (503, -1008, "", None),
        (400, -9876, "who knows", None),
        (302, -1, "moved", None),
    ],
)
def test_binance_errors(status: int, code: int, message: str, expected: ErrorClass | None) -> None:
    bench = placed(binance)
    bench.http.answer("POST", {"code": code, "msg": message}, status)
    log = bench.events.take()
    if expected is None:
        assert [entry[:2] for entry in log] == [("unknown", COID)]
    else:
        assert log == [("reject", COID, expected, code, message)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (170131, ErrorClass.reject),
        (10019, ErrorClass.retryable),
        (10016, None),
        (170141, None),
        (123456, None),
    ],
)
def test_bybit_errors(code: int, expected: ErrorClass | None) -> None:
    bench = placed(bybit)
    bench.http.answer("POST", envelope({}, code, "text"))
    log = bench.events.take()
    if expected is None:
        assert [entry[:2] for entry in log] == [("unknown", COID)]
    else:
        assert log == [("reject", COID, expected, code, "text")]


def test_a_rate_limit_of_binance_is_a_reject_and_a_pause() -> None:
    bench = placed(binance)
    bench.http.answer("POST", {"code": -1003, "msg": "Too many"}, 429, {"Retry-After": "17"})
    assert bench.events.take() == [
        ("rate_limit", RateLimit(17.0, banned=False)),
        ("reject", COID, ErrorClass.rate, -1003, "Too many"),
    ]
    bench = placed(binance)
    bench.http.answer("POST", b"", 418, {"Retry-After": "120"})
    assert bench.events.take()[0] == ("rate_limit", RateLimit(120.0, banned=True))


def test_a_rate_limit_of_bybit_is_a_reject_and_a_pause() -> None:
    bench = placed(bybit)
    headers = {"X-Bapi-Limit-Reset-Timestamp": "1700000001250"}
    bench.http.answer("POST", envelope({}, 10006, "slow down"), 200, headers)
    assert bench.events.take() == [
        ("rate_limit", RateLimit(0.25, banned=False)),
        ("reject", COID, ErrorClass.rate, 10006, "slow down"),
    ]
    bench = placed(bybit)
    bench.http.answer("POST", b"access too frequent", 403)
    assert bench.events.take()[0] == ("rate_limit", RateLimit(600.0, banned=True))


@pytest.mark.parametrize(
    ("make", "status", "body", "ask"),
    [
        (binance, 400, {"code": -1021, "msg": "Timestamp"}, "/api/v3/time"),
        (bybit, 200, envelope({}, 10002, "time"), "/v5/market/time"),
    ],
)
def test_a_refused_timestamp_rejects_the_order_and_reads_the_clock(
    make: Maker, status: int, body: Any, ask: str
) -> None:
    bench = placed(make)
    bench.http.answer("POST", body, status)
    assert bench.events.names() == ["reject"]
    assert [e.request.url for e in bench.http.open] == [f"http://127.0.0.1:1{ask}"], "the POST left again"


# Cancels.


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"status": "CANCELED"}, CancelOutcome.accepted),
        (400, {"code": -2011, "msg": "Unknown order sent."}, CancelOutcome.gone),
        (
            400,
            {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."},
            CancelOutcome.failed,
        ),
        (502, b"", CancelOutcome.failed),
    ],
)
def test_binance_cancels(status: int, body: Any, outcome: CancelOutcome) -> None:
    bench = binance()
    assert bench.orders.cancel(COID, "BTC/USDT") is None
    request = bench.http.answer("DELETE", body, status)
    query = dict(parse_qsl(urlsplit(request.url).query))
    assert (query["symbol"], query["origClientOrderId"]) == ("BTCUSDT", COID)
    [(name, coid, got, _)] = bench.events.take()
    assert (name, coid, got) == ("cancel", COID, outcome)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, CancelOutcome.accepted),
        (110001, CancelOutcome.gone),
        (170213, CancelOutcome.gone),
        (170142, CancelOutcome.gone),
        (110079, CancelOutcome.failed),
        (10016, CancelOutcome.failed),
    ],
)
def test_bybit_cancels(code: int, outcome: CancelOutcome) -> None:
    bench = bybit()
    assert bench.orders.cancel(COID, "BTC/USDT") is None
    request = bench.http.answer("POST http://127.0.0.1:1/v5/order/cancel", envelope({}, code))
    assert json.loads(request.body) == {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": COID}
    [(name, coid, got, _)] = bench.events.take()
    assert (name, coid, got) == ("cancel", COID, outcome)


# Queries.

B_ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": COID,
    "executedQty": "0.3",
    "cummulativeQuoteQty": "17999.0",
    "status": "EXPIRED",
    "time": 1,
    "updateTime": 2,
}
B_TRADE: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "id": 56,
    "orderId": 28,
    "price": "60000.0",
    "qty": "0.3",
    "commission": "0.0003",
    "commissionAsset": "BTC",
    "time": 3,
    "isBuyer": True,
    "isMaker": False,
}
Y_ORDER: dict[str, Any] = {
    "category": "spot",
    "symbol": "BTCUSDT",
    "orderId": "77",
    "orderLinkId": COID,
    "orderStatus": "PartiallyFilledCanceled",
    "rejectReason": "EC_CancelForNoFullFill",
    "cumExecQty": "0.3",
    "cumExecValue": "17999.0",
    "updatedTime": "2",
}
Y_TRADE: dict[str, Any] = {
    "category": "spot",
    "symbol": "BTCUSDT",
    "orderId": "77",
    "orderLinkId": COID,
    "execId": "e-1",
    "execType": "Trade",
    "execPrice": "60000.0",
    "execQty": "0.3",
    "execFee": "0.0003",
    "feeCurrency": "BTC",
    "isMaker": False,
    "side": "Buy",
    "execTime": "3",
}


def rows(*found: Any) -> Any:
    return envelope({"list": list(found), "nextPageCursor": "", "category": "spot"})


def test_a_found_order_with_executions_brings_its_fills_first_on_binance() -> None:
    bench = binance()
    assert bench.orders.query(COID, "BTC/USDT") is None
    bench.http.answer("GET http://127.0.0.1:1/api/v3/order?", B_ORDER)
    request = bench.http.answer("/api/v3/myTrades", [B_TRADE, {**B_TRADE, "id": 57, "orderId": 29}])
    assert "symbol=BTCUSDT&orderId=28&" in request.url
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["fill", "query"], "a row of another order is not ours"
    assert log[0][1].coid == COID
    assert log[1][2].kind is QueryKind.found
    assert log[1][2].order.status is OrderStatus.expired


def test_a_found_order_with_executions_brings_its_fills_first_on_bybit() -> None:
    bench = bybit()
    assert bench.orders.query(COID, "BTC/USDT") is None
    bench.http.answer("/v5/order/realtime", rows(Y_ORDER))
    funding = {**Y_TRADE, "execType": "Funding", "execId": "e-2"}
    foreign = {**Y_TRADE, "orderId": "78", "execId": "e-3"}
    request = bench.http.answer("/v5/execution/list", rows(Y_TRADE, funding, foreign))
    assert f"orderLinkId={COID}" in request.url
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["fill", "query"], "funding and rows of others are not ours"
    assert log[0][1].fee_asset == "BTC"
    assert (log[1][2].kind, log[1][2].order.status) == (QueryKind.found, OrderStatus.canceled)


def test_fills_that_lag_behind_make_the_query_fail() -> None:
    bench = binance()
    bench.orders.query(COID, "BTC/USDT")
    bench.http.answer("/api/v3/order", B_ORDER)
    bench.http.answer("/api/v3/myTrades", [{**B_TRADE, "qty": "0.1"}])
    assert [e[0] for e in bench.events.log] == ["fill", "query"]
    assert bench.events.log[-1][2].kind is QueryKind.failed
    bench = bybit()
    bench.orders.query(COID, "BTC/USDT")
    bench.http.answer("/v5/order/realtime", rows(Y_ORDER))
    bench.http.answer("/v5/execution/list", rows())
    assert bench.events.log[-1][2].kind is QueryKind.failed


def test_an_order_without_executions_needs_no_fills() -> None:
    bench = binance()
    bench.orders.query(COID, "BTC/USDT")
    bench.http.answer("/api/v3/order", {**B_ORDER, "executedQty": "0.00000000", "status": "NEW"})
    [(_, _, outcome)] = bench.events.take()
    assert (outcome.kind, outcome.order.status) == (QueryKind.found, OrderStatus.new)


def test_binance_says_absent_with_its_own_code_alone() -> None:
    for status, body, kind in (
        (400, {"code": -2013, "msg": "Order does not exist."}, QueryKind.absent),
        (400, {"code": -1022, "msg": "Signature"}, QueryKind.failed),
        (502, b"", QueryKind.failed),
        (200, b"", QueryKind.failed),
        (200, {**B_ORDER, "clientOrderId": "another"}, QueryKind.failed),
        (200, [], QueryKind.failed),
    ):
        bench = binance()
        bench.orders.query(COID, "BTC/USDT")
        bench.http.answer("/api/v3/order", body, status)
        [(name, _, outcome)] = bench.events.take()
        assert (name, outcome.kind, outcome.order) == ("query", kind, None), body


def test_bybit_says_absent_only_when_realtime_and_history_do() -> None:
    bench = bybit()
    bench.orders.query(COID, "BTC/USDT")
    bench.http.answer("/v5/order/realtime", rows())
    assert bench.events.log == []
    bench.http.answer("/v5/order/history", rows({**Y_ORDER, "orderLinkId": "another"}))
    assert bench.events.take() == [("query", COID, QueryOutcome(QueryKind.absent))]


def test_bybit_finds_a_closed_order_in_history() -> None:
    bench = bybit()
    bench.orders.query(COID, "BTC/USDT")
    bench.http.answer("/v5/order/realtime", rows())
    bench.http.answer("/v5/order/history", rows({**Y_ORDER, "orderStatus": "Rejected", "cumExecQty": "0"}))
    [(_, _, outcome)] = bench.events.take()
    assert (outcome.kind, outcome.order.status) == (QueryKind.found, OrderStatus.rejected)


@pytest.mark.parametrize("first", ["/v5/order/realtime", "/v5/order/history"])
def test_a_failed_question_of_bybit_is_no_answer(first: str) -> None:
    bench = bybit()
    bench.orders.query(COID, "BTC/USDT")
    if first == "/v5/order/history":
        bench.http.answer("/v5/order/realtime", rows())
    bench.http.answer(first, b"", 502)
    [(_, _, outcome)] = bench.events.take()
    assert outcome.kind is QueryKind.failed


def test_a_read_with_a_refused_timestamp_is_signed_again_once() -> None:
    bench = binance()
    bench.orders.query(COID, "BTC/USDT")
    refused = {"code": -1021, "msg": "Timestamp"}
    old = bench.http.answer("/api/v3/order", refused, 400)
    bench.http.answer("/api/v3/time", {"serverTime": 1_700_000_009_000})
    again = bench.http.answer("/api/v3/order", refused, 400)
    assert "timestamp=1700000001000" in old.url
    assert "timestamp=1700000009000" in again.url
    assert bench.events.names() == ["query"]
    assert not bench.http.open


# Account.


def test_balances_of_both_venues() -> None:
    bench, answers = binance(), []
    bench.orders.balances(answers.append)
    bench.http.answer("/api/v3/account", {"balances": [{"asset": "BTC", "free": "1.5", "locked": "0.25"}]})
    bench.orders.balances(answers.append)
    bench.http.answer("/api/v3/account", {"balances": [{"asset": "BTC", "free": "1.5"}]})
    assert answers[0] == [Balance("BTC", "1.5", "0.25")]
    assert isinstance(answers[1], VenueFailure)
    bench, answers = bybit(), []
    bench.orders.balances(answers.append)
    coins = [
        {"coin": "BTC", "walletBalance": "1.75", "locked": "0.25"},
        {"coin": "PEPE", "walletBalance": "999999999999.123456789012345678", "locked": ""},
    ]
    bench.http.answer("/v5/account/wallet-balance", envelope({"list": [{"coin": coins}]}))
    pepe = Balance("PEPE", "999999999999.123456789012345678", "0")
    assert answers == [[Balance("BTC", "1.5", "0.25"), pepe]]


def test_open_orders_of_both_venues() -> None:
    bench, answers = binance(), []
    bench.orders.open_orders(answers.append)
    bench.http.answer("/api/v3/openOrders", [{**B_ORDER, "status": "PARTIALLY_FILLED"}])
    assert [o.status for o in answers[0]] == [OrderStatus.partial]
    bench, answers = bybit(), []
    bench.orders.open_orders(answers.append)
    bench.http.answer("/v5/order/realtime", rows({**Y_ORDER, "orderStatus": "New", "cumExecQty": "0"}))
    assert [o.status for o in answers[0]] == [OrderStatus.new]


def test_the_reads_of_the_documentation_are_read() -> None:
    bench, answers = binance(), []
    bench.orders.open_orders(answers.append)
    bench.http.answer("openOrders", fixture("binance_spot", "rest_open_orders"))
    bench.orders.balances(answers.append)
    bench.http.answer("account", fixture("binance_spot", "rest_account"))
    assert [len(a) for a in answers] == [1, 2]
    bench, answers = bybit(), []
    bench.orders.open_orders(answers.append)
    bench.http.answer("realtime", fixture("bybit", "rest_order_realtime"))
    bench.http.answer("realtime", rows())  # the published page names a next one
    bench.orders.balances(answers.append)
    bench.http.answer("wallet-balance", fixture("bybit", "rest_wallet_balance"))
    assert [len(a) for a in answers] == [1, 1]
