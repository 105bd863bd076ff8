"""USD-M conversations beside the order channel: orders by REST, the private stream, the account."""

from __future__ import annotations

from typing import Any

import pytest

from arb.venues.base import (
    AccountFacts,
    Balance,
    Cash,
    ErrorClass,
    FeeRates,
    FillUpdate,
    KeyRights,
    Lane,
    NotSent,
    OrderStatus,
    Position,
    QueryKind,
    StreamCause,
    StreamKind,
    StreamState,
    VenueFailure,
)

from .binance_setup import REST, SPOT_SYMBOL, USDM_SYMBOL, measure, order, query_of, spot, usdm
from .fixtures import fixture
from .setup import KEY, Bench
from .test_binance_channel import U_ORDER
from .test_orders import COID

KEYED = "a" * 64
PLACE = f"POST {REST}/fapi/v1/order"


def down(cause: StreamCause) -> tuple[Any, ...]:
    return ("stream", StreamKind.private, StreamState.down, cause)


def trade(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": 56,
        "orderId": 28,
        "side": "BUY",
        "price": "60000.0",
        "qty": "0.3",
        "commission": "0.18",
        "commissionAsset": "USDT",
        "realizedPnl": "0",
        "time": 3,
        "maker": False,
        **changes,
    }


# Orders.


def test_an_order_by_rest_asks_for_its_final_result() -> None:
    bench = usdm(up=False)
    assert bench.orders.place(order(symbol=USDM_SYMBOL, reduce_only=True)) is None
    body = bench.http.next(PLACE).request.body
    assert body is not None
    form = query_of("?" + body.decode())
    assert (form["newOrderRespType"], form["reduceOnly"], form["symbol"]) == ("RESULT", "true", "BTCUSDT")
    assert "positionSide" not in form
    bench.http.answer(PLACE, U_ORDER)
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["sent", "ack", "order"], "RESULT names no fills"
    assert (log[2][1].status, log[2][1].cum_qty) == (OrderStatus.expired, "0.3")


def test_the_order_of_the_documentation_is_read() -> None:
    bench = usdm(up=False)
    body = fixture("binance_usdm", "rest_new_order")
    bench.orders.place(order(body["clientOrderId"], USDM_SYMBOL))
    bench.http.answer(PLACE, body)
    assert bench.events.names() == ["sent", "ack", "order"]
    assert bench.events.log[-1][1].symbol == USDM_SYMBOL


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (503, fixture("binance_usdm", "syn_error_503_unknown_no_code"), None),
        (503, {"code": -1000, "msg": "Unknown error, please check your request or try again later."}, None),
        (503, {"msg": "Service Unavailable."}, ErrorClass.retryable),
        (503, b"Service Unavailable.", ErrorClass.retryable),
        (503, {"code": -1008, "msg": "Request throttled by system-level protection."}, ErrorClass.retryable),
        (503, {"msg": "Internal error; unable to process your request. Please try again."}, None),
        (503, b"<html>Service Unavailable.</html>", None),
        (408, b"", None),
        (400, {"code": -2022, "msg": "ReduceOnly Order is rejected."}, ErrorClass.reject),
        (400, {"code": -4116, "msg": "ClientOrderId is duplicated."}, None),
        (400, {"code": -4164, "msg": "Order's notional must be no smaller than 50"}, ErrorClass.reject),
        (429, {"code": -1015, "msg": "Too many new orders"}, ErrorClass.rate),
    ],
)
def test_errors_of_usdm_rest(status: int, body: Any, expected: ErrorClass | None) -> None:
    bench = usdm(up=False)
    bench.orders.place(order(symbol=USDM_SYMBOL))
    bench.http.answer(PLACE, body, status)
    log = [entry for entry in bench.events.take() if entry[0] not in ("sent", "rate_limit")]
    assert len(log) == 1
    assert log[0][0] == ("unknown" if expected is None else "reject")
    if expected is not None:
        assert log[0][2] is expected


def test_a_query_by_rest_brings_its_fills() -> None:
    bench = usdm(up=False)
    bench.orders.query(COID, USDM_SYMBOL)
    bench.http.answer(f"GET {REST}/fapi/v1/order", U_ORDER)
    bench.http.answer("/fapi/v1/userTrades", [trade(), trade(id=57, orderId=29)])
    fill, query = bench.events.take()
    assert fill[1] == FillUpdate(COID, "28", USDM_SYMBOL, "56", "60000.0", "0.3", "0.18", "USDT", False, 3)
    assert query[2].kind is QueryKind.found


# The private stream.


def subscribed(**settings: Any) -> Bench:
    bench = usdm(up=False, **settings)
    bench.venue.private.start()
    bench.http.answer(f"POST {REST}/fapi/v1/listenKey", {"listenKey": KEYED})
    bench.sockets.last.open()
    return bench


def compare(bench: Bench, positions: Any = ()) -> None:
    bench.http.answer("/fapi/v1/openOrders", [])
    bench.http.answer("/fapi/v3/balance", fixture("binance_usdm", "rest_futures_account_balance_v3"))
    bench.http.answer("/fapi/v3/positionRisk", list(positions))


def running(**settings: Any) -> Bench:
    bench = subscribed(**settings)
    compare(bench)
    assert bench.venue.private.state is StreamState.resynced
    bench.events.take()
    bench.http.requests.clear()
    return bench


def held(amount: str, symbol: str = "BTCUSDT") -> dict[str, Any]:
    [row] = fixture("binance_usdm", "rest_position_information_v3")
    return {**row, "symbol": symbol, "positionAmt": amount}


def test_the_key_comes_first_then_the_stream_then_the_comparison() -> None:
    bench = usdm(up=False)
    bench.venue.private.start()
    assert bench.sockets.sockets == [], "connected without a key"
    request = bench.http.answer(f"POST {REST}/fapi/v1/listenKey", {"listenKey": KEYED})
    assert (request.headers, request.body) == ({"X-MBX-APIKEY": KEY}, None)
    assert "signature" not in request.url
    assert bench.sockets.last.url == f"ws://127.0.0.1:2/private/ws/{KEYED}"
    assert not bench.http.open, "asked before the subscription stood"
    bench.sockets.last.open()
    assert bench.sockets.last.sent == []
    compare(bench, [held("0.5"), held("0", "ETHUSDT")])
    log = bench.events.take()
    assert [entry[0] for entry in log] == ["stream", "balances", "positions", "stream"]
    assert log[1][1] == [Balance("USDT", "23.72469206", "122583.62668697")]
    assert log[2][1] == [Position(USDM_SYMBOL, "0.5", "0.385", 1720736417660)]


def test_a_position_that_is_no_longer_listed_is_flat() -> None:
    bench = subscribed()
    compare(bench, [held("0.5")])
    bench.sockets.last.end()
    bench.events.take()
    bench.clock.advance(0.2)
    bench.http.answer("listenKey", {"listenKey": KEYED})
    bench.sockets.last.open()
    compare(bench)
    [told] = [entry[1] for entry in bench.events.log if entry[0] == "positions"]
    assert told == [Position(USDM_SYMBOL, "0", "0")]


@pytest.mark.parametrize(
    ("body", "status", "cause"),
    [
        ({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, 401, StreamCause.auth),
        (b"<html>", 502, StreamCause.closed),
        ({}, 200, StreamCause.closed),
        ({"listenKey": "../x"}, 200, StreamCause.closed),
    ],
)
def test_without_a_key_there_is_no_connection(body: Any, status: int, cause: StreamCause) -> None:
    bench = usdm(up=False)
    bench.venue.private.start()
    bench.http.answer("listenKey", body, status)
    assert bench.events.take() == [down(cause)]
    assert bench.sockets.sockets == []
    bench.clock.advance(0.2)
    assert bench.http.next("listenKey")


def test_a_key_that_does_not_come_is_silence() -> None:
    bench = usdm(up=False)
    bench.venue.private.start()
    bench.clock.advance(5.0)
    assert bench.events.take() == [down(StreamCause.silent)]
    bench.http.answer("listenKey", {"listenKey": KEYED})
    assert bench.sockets.sockets == [], "a late key of an attempt that was given up"


def test_the_key_is_kept_alive() -> None:
    bench = running(listen_key_s=100.0)
    for _ in range(3):
        bench.clock.advance(100.0)
        request = bench.http.answer(f"PUT {REST}/fapi/v1/listenKey", {})
        assert request.headers == {"X-MBX-APIKEY": KEY}
    assert bench.events.log == []
    bench.clock.advance(100.0)
    bench.http.answer("PUT", b"", 502)
    bench.clock.advance(30.0)
    bench.http.answer("PUT", {})
    assert bench.events.log == []
    bench.venue.private.stop()
    bench.http.requests.clear()
    bench.clock.advance(1_000.0)
    assert bench.http.requests == []


def test_a_late_answer_to_a_keep_alive_means_nothing() -> None:
    bench = running(listen_key_s=100.0)
    bench.clock.advance(100.0)
    bench.venue.private.stop()
    bench.events.take()
    bench.venue.private.start()
    bench.http.answer(f"POST {REST}/fapi/v1/listenKey", {"listenKey": KEYED})
    bench.http.answer("PUT", {"code": -1125, "msg": "This listenKey does not exist."}, 400)
    assert bench.events.log == []
    assert bench.sockets.last.url.endswith(KEYED)


def test_a_key_the_venue_forgot_is_asked_for_anew() -> None:
    bench = running(listen_key_s=100.0)
    bench.clock.advance(100.0)
    bench.http.answer("PUT", {"code": -1125, "msg": "This listenKey does not exist."}, 400)
    assert bench.events.take() == [down(StreamCause.terminated)]
    bench.clock.advance(0.2)
    bench.http.answer(f"POST {REST}/fapi/v1/listenKey", {"listenKey": "b" * 64})
    assert bench.sockets.last.url.endswith("b" * 64)
    bench.sockets.last.open()
    compare(bench)
    assert bench.venue.private.state is StreamState.resynced


def test_an_expired_key_is_a_new_key_and_a_comparison() -> None:
    bench = running()
    bench.sockets.last.say(fixture("binance_usdm", "user_listenKeyExpired"))
    assert bench.events.take() == [down(StreamCause.terminated)]
    bench.clock.advance(0.2)
    bench.http.answer(f"POST {REST}/fapi/v1/listenKey", {"listenKey": KEYED})
    bench.sockets.last.open()
    compare(bench)
    assert bench.events.names() == ["stream", "balances", "positions", "stream"]


def told(bench: Bench, message: Any) -> list[Any]:
    bench.sockets.last.say(message)
    return bench.events.take()


def test_order_updates_of_the_documentation() -> None:
    bench = running()
    [(name, new)] = told(bench, fixture("binance_usdm", "user_or_stream_OrderUpdate"))
    assert (name, new.coid, new.status, new.symbol) == ("order", "TEST", OrderStatus.new, USDM_SYMBOL)
    fill, partial = told(bench, fixture("binance_usdm", "syn_user_order_trade_update_partial"))
    assert (fill[0], partial[1].status) == ("fill", OrderStatus.partial)
    fill, filled = told(bench, fixture("binance_usdm", "syn_user_order_trade_update_filled"))
    assert fill[1] == FillUpdate(
        "arb7BTC0001",
        "8886775",
        USDM_SYMBOL,
        "5266584003",
        "61800.10",
        "0.006",
        "0.07416012",
        "USDT",
        True,
        1723161256599,
    )
    assert (filled[1].status, filled[1].cum_qty) == (OrderStatus.filled, "0.010")
    [(name, expired)] = told(bench, fixture("binance_usdm", "syn_user_order_trade_update_expired_ioc"))
    assert (name, expired.status) == ("order", OrderStatus.expired)


@pytest.mark.parametrize("coid", ["autoclose-1234", "adl_autoclose", "settlement_autoclose-9"])
def test_what_the_venue_itself_sends_is_reported_as_it_is(coid: str) -> None:
    bench = running()
    event = fixture("binance_usdm", "syn_user_order_trade_update_filled")
    event["data"]["o"].update(c=coid, x="CALCULATED")
    fill, update = told(bench, event)
    assert (fill[1].coid, update[1].coid) == (coid, coid)


def test_a_trade_without_its_fee_is_a_hint_and_no_fill() -> None:
    bench = running()
    lite, whole = (
        fixture("binance_usdm", name)
        for name in ("user_or_stream_TradeUpdate", "syn_user_order_trade_update_filled")
    )
    assert told(bench, lite) == []
    assert [entry[0] for entry in told(bench, whole)] == ["fill", "order"]
    assert told(bench, lite) == []


def test_an_account_update_tells_balances_and_the_one_way_position() -> None:
    bench = running()
    balances, positions, *cash = told(bench, fixture("binance_usdm", "user_or_stream_AccountUpdate"))
    assert balances[1] == [Balance("USDT", "122624.12345678", "0"), Balance("BUSD", "1.00000000", "0")]
    assert positions[1] == [Position(USDM_SYMBOL, "0", "0", 1564745798938)]
    assert {entry[1].kind for entry in cash} == {"other"}


@pytest.mark.parametrize(
    ("reason", "kind", "more", "symbol"),
    [
        ("FUNDING_FEE", "funding", {"S": "BTCUSDT"}, USDM_SYMBOL),
        ("FUNDING_FEE", "funding", {}, ""),
        (
            "FUNDING_FEE",
            "funding",
            {"P": [{"s": "BTCUSDT", "pa": "1", "ep": "2", "ps": "BOTH"}]},
            USDM_SYMBOL,
        ),
        ("DEPOSIT", "transfer", {}, ""),
        ("WITHDRAW", "transfer", {}, ""),
        ("INSURANCE_CLEAR", "other", {}, ""),
    ],
)
def test_money_without_a_fill_is_cash_with_an_id_that_repeats(
    reason: str, kind: str, more: dict[str, Any], symbol: str
) -> None:
    bench = running()
    account = {"m": reason, "B": [{"a": "USDT", "wb": "99.5", "cw": "99.5", "bc": "-0.5"}], **more}
    event = {"e": "ACCOUNT_UPDATE", "E": 12, "T": 11, "a": account}
    first = [entry[1] for entry in told(bench, event) if entry[0] == "cash"]
    again = [entry[1] for entry in told(bench, event) if entry[0] == "cash"]
    assert first == again == [Cash("USDT", "-0.5", kind, symbol, first[0].id, 11)]
    assert first[0].id


def test_an_order_moves_no_cash() -> None:
    bench = running()
    account = {"m": "ORDER", "B": [{"a": "USDT", "wb": "99.5", "cw": "99.5", "bc": "0"}], "P": []}
    assert [entry[0] for entry in told(bench, {"e": "ACCOUNT_UPDATE", "E": 12, "T": 11, "a": account})] == [
        "balances"
    ]


def test_a_change_of_leverage_stops_entries_of_that_symbol_alone() -> None:
    bench = running()
    assert told(bench, fixture("binance_usdm", "user_or_stream_Leverage")) == []
    assert isinstance(bench.orders.ready([order(symbol=USDM_SYMBOL)]), NotSent)
    assert bench.orders.ready([order(symbol=USDM_SYMBOL, lane=Lane.hedge)]) is None
    assert bench.orders.ready([order(symbol="ETH/USDT:USDT")]) is None
    mode = {"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "T": 1, "ai": {"j": True}}
    told(bench, mode)
    assert isinstance(bench.orders.ready([order(symbol="ETH/USDT:USDT")]), NotSent)


def test_the_listen_key_is_in_no_event() -> None:
    bench = running(listen_key_s=100.0)
    bench.sockets.last.say({"e": "listenKeyExpired", "E": 1, "listenKey": KEYED})
    bench.clock.advance(300.0)
    assert KEYED not in repr(bench.events.log)


# Fills that were missed.


@pytest.mark.parametrize(("make", "symbol"), [(spot, SPOT_SYMBOL), (usdm, USDM_SYMBOL)])
def test_a_reconnect_asks_for_the_fills_of_traded_symbols_since_the_stream_was_whole(
    make: Any, symbol: str
) -> None:
    bench = make(up=False, refill_overlap_s=5.0)
    trades = "/api/v3/myTrades" if make is spot else "/fapi/v1/userTrades"

    def connected(*pages: Any) -> None:
        bench.venue.private.start()
        if make is usdm:
            bench.http.answer("listenKey", {"listenKey": KEYED})
            bench.sockets.last.open()
        else:
            bench.sockets.last.open()
            bench.sockets.last.say({"id": 1, "status": 200, "result": {"subscriptionId": 0}})
        bench.http.answer("openOrders", [])
        for page in pages:
            asked.append(query_of(bench.http.answer(trades, page).url))
        if make is usdm:
            bench.http.answer("/fapi/v3/balance", [])
            bench.http.answer("/fapi/v3/positionRisk", [])
        else:
            bench.http.answer("/api/v3/account", {"balances": []})

    asked: list[dict[str, str]] = []
    connected()
    assert bench.venue.private.state is StreamState.resynced
    assert asked == [], "nothing was traded yet"
    bench.clock.advance(60.0)
    measure(bench)
    bench.orders.place(order("a1", symbol))
    bench.http.answer(
        "POST", {**U_ORDER, "cummulativeQuoteQty": "1", "transactTime": 1, "clientOrderId": "a1"}
    )
    whole_ms = bench.venue.clock_ms()
    bench.sockets.last.say({"e": "x"} if make is usdm else {"event": {"e": "x"}})
    bench.clock.advance(30.0)
    bench.sockets.last.end()
    bench.events.take()
    bench.clock.advance(1.0)
    row = {**trade(), "isMaker": False}
    full = [{**row, "id": number} for number in range(1_000)]
    connected(full, [{**row, "id": 1_000}, {**row, "id": 1_001, "orderId": 77}])
    bench.http.answer(f"GET {REST}", {**U_ORDER, "clientOrderId": "foreign", "orderId": 77})
    assert asked[0]["startTime"] == str(whole_ms - 5_000)
    assert asked[1]["fromId"] == "1000"
    fills = [entry[1] for entry in bench.events.take() if entry[0] == "fill"]
    assert len(fills) == 1_002
    assert {fill.coid for fill in fills[:-1]} == {"a1"}
    assert fills[-1].coid == "foreign", "an order of others is reported as it is"
    assert bench.venue.private.state is StreamState.resynced


def test_fills_before_our_first_subscription_are_not_asked_for() -> None:
    bench = running(refill_overlap_s=3_600.0)
    born_ms = bench.venue.clock_ms()
    bench.orders.place(order("a1", USDM_SYMBOL))
    bench.http.answer("POST", {**U_ORDER, "clientOrderId": "a1"})
    bench.clock.advance(10.0)
    bench.sockets.last.end()
    bench.clock.advance(0.2)
    bench.http.answer("listenKey", {"listenKey": KEYED})
    bench.sockets.last.open()
    bench.http.answer("openOrders", [])
    assert query_of(bench.http.answer("userTrades", []).url)["startTime"] == str(born_ms)


def test_fills_that_cannot_be_fetched_are_no_comparison() -> None:
    bench = running()
    bench.orders.place(order("a1", USDM_SYMBOL))
    bench.http.answer("POST", {**U_ORDER, "clientOrderId": "a1"})
    bench.sockets.last.end()
    bench.clock.advance(0.2)
    bench.http.answer("listenKey", {"listenKey": KEYED})
    bench.sockets.last.open()
    bench.events.take()
    bench.http.answer("openOrders", [])
    bench.http.answer("userTrades", b"", 502)
    assert bench.events.take() == [down(StreamCause.resync)]


# The account.


def test_fee_rates_are_those_of_the_account() -> None:
    bench, answers = usdm(up=False), []
    bench.venue.account.fee_rates([USDM_SYMBOL, "ETH/USDT:USDT"], answers.append)
    for _ in range(2):
        bench.http.answer("commissionRate", fixture("binance_usdm", "rest_user_commission_rate"))
    assert answers == [
        [FeeRates(USDM_SYMBOL, "0.0002", "0.0004"), FeeRates("ETH/USDT:USDT", "0.0002", "0.0004")]
    ]
    bench, answers = spot(up=False), []
    bench.venue.account.fee_rates([SPOT_SYMBOL], answers.append)
    bench.http.answer("/api/v3/account/commission", fixture("binance_spot", "rest_commission"))
    [[rates]] = answers
    # standard + special + tax, and the dearer of the sums by side
    assert rates == FeeRates(SPOT_SYMBOL, "0.05000278", "0.0600029")


def test_facts_of_both_markets() -> None:
    bench, answers = usdm(up=False), []
    bench.venue.account.facts([USDM_SYMBOL], answers.append)
    bench.http.answer("accountConfig", fixture("binance_usdm", "rest_futures_account_configuration"))
    bench.http.answer("symbolConfig", fixture("binance_usdm", "rest_symbol_configuration"))
    bench.http.answer("balance", fixture("binance_usdm", "rest_futures_account_balance_v3"))
    assert answers == [AccountFacts("SgsR", True, True, "crossed", {USDM_SYMBOL: "21"})]
    bench, answers = spot(up=False), []
    bench.venue.account.facts([SPOT_SYMBOL], answers.append)
    bench.http.answer("/api/v3/account", fixture("binance_spot", "rest_account"))
    assert answers == [AccountFacts("354937868", True)]


def test_positions_are_those_that_are_not_flat() -> None:
    bench, answers = usdm(up=False), []
    bench.venue.account.positions(answers.append)
    bench.http.answer("positionRisk", [held("-0.25"), held("0"), {**held("1"), "positionSide": "LONG"}])
    assert answers == [[Position(USDM_SYMBOL, "-0.25", "0.385", 1720736417660)]]
    bench, answers = spot(up=False), []
    bench.venue.account.positions(answers.append)
    bench.clock.advance(0.0)
    assert answers == [()]


RIGHTS: dict[str, Any] = {
    "ipRestrict": True,
    "createTime": 1,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableSpotAndMarginTrading": True,
    "enableFutures": False,
    "enableMargin": False,
}


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({}, "can_withdraw", False),
        ({"enableWithdrawals": True}, "can_withdraw", True),
        ({"enableInternalTransfer": True}, "can_transfer", True),
        ({"permitsUniversalTransfer": True}, "can_transfer", True),
        ({"ipRestrict": False}, "ip_bound", False),
        ({"enableSpotAndMarginTrading": False}, "can_trade", False),
        ({"enableSpotAndMarginTrading": False}, "read_only", True),
        ({"tradingAuthorityExpirationTime": 1628985600000}, "expires_ms", 1628985600000),
    ],
)
def test_the_rights_of_a_key(changes: dict[str, Any], field: str, value: Any) -> None:
    bench, answers = spot(up=False), []
    bench.venue.account.key_rights(answers.append)
    bench.http.answer("/sapi/v1/account/apiRestrictions", {**RIGHTS, **changes})
    [rights] = answers
    assert isinstance(rights, KeyRights)
    assert getattr(rights, field) == value


def test_usdm_asks_for_its_own_right_at_the_address_given() -> None:
    bench, answers = usdm(up=False), []
    bench.venue.account.key_rights(answers.append)
    bench.http.answer("/sapi/v1/account/apiRestrictions", RIGHTS)
    assert answers[0].can_trade is False
    bench.venue.account._sapi = None
    bench.venue.account.key_rights(answers.append)
    assert len(answers) == 1, "called back from inside the question"
    bench.clock.advance(0.0)
    assert isinstance(answers[1], VenueFailure)
    assert "sapi" in answers[1].message


@pytest.mark.parametrize("question", ["fee_rates", "facts", "positions", "key_rights"])
def test_what_cannot_be_read_is_a_failure(question: str) -> None:
    for make, symbol in ((spot, SPOT_SYMBOL), (usdm, USDM_SYMBOL)):
        if (make, question) == (spot, "positions"):
            continue
        for body, status in ((b"", 502), (b"[]", 200), (b'{"a":1}', 200)):
            bench, answers = make(up=False), []
            ask = getattr(bench.venue.account, question)
            ask(*([[symbol]] if question in ("fee_rates", "facts") else []), answers.append)
            if question == "positions" and body == b"[]":
                body = b"{}"
            bench.http.answer("GET", body, status)
            assert len(answers) == 1
            assert isinstance(answers[0], VenueFailure), (make, body)
