"""Bybit's WebSocket order entry: one auth, then orders, with the codes and limits of the venue."""

import json
from typing import Any

import pytest

from arb.simexchange.api_keys import ApiKey, Rights
from arb.simexchange.bybit_session import open_bybit
from arb.simexchange.bybit_trade import BybitTradeSession
from tests.simexchange.bybit_trader import LIMIT, BybitTrader, TradeClient
from tests.simexchange.test_bybit_linear import ONE, fixture

ORDER = LIMIT | {"price": "58000"}


def client() -> TradeClient:
    return TradeClient(BybitTrader()).log_on()


def test_the_path_leads_to_order_entry() -> None:
    venue = BybitTrader().venue
    session = open_bybit("/v5/trade?max_active_time=60s", venue.feeds, venue.trade_hall, "1")
    assert isinstance(session, BybitTradeSession)
    assert session.is_private


@pytest.mark.parametrize("as_text", [False, True])
def test_auth_takes_the_expiry_as_number_or_text(as_text: bool) -> None:
    made = TradeClient(BybitTrader())
    assert made.ask("order.create", ORDER)["retCode"] == 10005
    assert made.send({"op": "auth", "args": ["key", 1, "0" * 64]})["retCode"] == 10004
    answer = made.send(made.trader.auth(as_text=as_text))
    assert set(answer) == set(fixture("wstrade_auth_response"))
    assert (answer["retCode"], answer["op"]) == (0, "auth")
    assert made.send(made.trader.auth())["retCode"] == 20001
    assert made.ask("order.create", ORDER)["retCode"] == 0


def test_an_answer_is_acceptance_alone_and_has_the_documented_form() -> None:
    made = client()
    _, ask = made.trader.touch()
    change = {"timeInForce": "PostOnly", "price": str(ask + 10), "orderLinkId": "p1"}
    answer = made.ask("order.create", LIMIT | change)
    documented = fixture("wstrade_create_response")
    assert set(answer) == set(documented)
    assert set(answer["header"]) == set(documented["header"])
    assert (answer["retCode"], answer["reqId"], answer["op"]) == (0, "r1", "order.create")
    row = [row for topic, row in made.trader.events() if topic == "order"][-1]
    assert (row["orderId"], row["rejectReason"]) == (
        answer["data"]["orderId"],
        "EC_PostOnlyWillTakeLiquidity",
    )


def test_orders_are_created_amended_and_cancelled() -> None:
    made = client()
    number = made.ask("order.create", ORDER | {"orderLinkId": "w1"})["data"]["orderId"]
    amended = made.ask("order.amend", ONE | {"orderId": number, "price": "58100"})
    assert amended["data"] == {"orderId": number, "orderLinkId": "w1"}
    [row] = made.trader.rows("/v5/order/realtime", symbol="BTCUSDT")
    assert row["price"] == "58100"
    assert made.ask("order.cancel", ONE | {"orderLinkId": "w1"})["data"]["orderId"] == number
    again = made.ask("order.cancel", ONE | {"orderLinkId": "w1"})
    assert (again["retCode"], again["data"]) == (110010, {})
    spot = {"category": "spot", "qty": "0.001"}
    assert made.ask("order.create", ORDER | spot)["data"]["orderId"].isdecimal()


def test_batches_tell_each_order_its_code() -> None:
    made = client()
    rows = [ORDER | {"orderLinkId": f"b{n}"} for n in range(3)]
    rows[1] = rows[1] | {"positionIdx": 2}
    answer = made.ask("order.create-batch", {"category": "linear", "request": rows})
    documented = fixture("wstrade_batch_create_response_errors")
    assert set(answer) == set(documented) | {"reqId"}
    assert set(answer["data"]["list"][0]) == set(documented["data"]["list"][0])
    assert answer["retExtInfo"]["list"] == [
        {"code": 0, "msg": "OK"},
        {"code": 10001, "msg": "position idx not match position mode"},
        {"code": 0, "msg": "OK"},
    ]
    cancels = [{"symbol": "BTCUSDT", "orderLinkId": f"b{n}"} for n in (0, 2)]
    answer = made.ask("order.cancel-batch", {"category": "linear", "request": cancels})
    assert [item["code"] for item in answer["retExtInfo"]["list"]] == [0, 0]
    assert made.trader.linear.orders.store.open() == []


def test_ping_is_answered_before_and_after_auth() -> None:
    made = TradeClient(BybitTrader())
    assert set(made.send({"op": "ping"})) == set(fixture("wstrade_ping_response"))
    pong = made.log_on().send({"op": "ping"})
    assert (pong["op"], pong["data"]) == ("pong", [str(made.trader.now.unix_ms)])


def test_wrong_requests_get_the_documented_code() -> None:
    made = client()
    assert made.send(b"nonsense")["retCode"] == 10001
    assert made.ask("order.make", ORDER)["retCode"] == 10404
    assert made.ask("order.create", ORDER | {"category": "inverse"})["retCode"] == 10404
    assert made.ask("order.create", ORDER, header={})["retCode"] == 10001
    assert made.ask("order.create", ORDER, args=[])["retCode"] == 10001
    late = {"X-BAPI-TIMESTAMP": str(made.trader.now.unix_ms - 6_000), "X-BAPI-RECV-WINDOW": "5000"}
    assert made.ask("order.create", ORDER, header=late)["retCode"] == 10002
    early = {"X-BAPI-TIMESTAMP": str(made.trader.now.unix_ms + 1_000)}
    assert made.ask("order.create", ORDER, header=early)["retCode"] == 10002
    assert made.ask("order.create", ORDER | {"qty": "0"})["retCode"] == 10001
    assert made.ask("order.create", ORDER, reqId="x" * 37)["retCode"] == 10001
    assert made.ask("order.create", ORDER, reqId="again")["retCode"] == 0
    assert made.ask("order.create", ORDER, reqId="again")["retCode"] == 20006
    assert len(made.trader.linear.orders.store.open()) == 1


def test_limits_are_shared_with_rest() -> None:
    made = client()
    for left in range(9, 4, -1):
        assert made.ask("order.create", ORDER)["header"]["X-Bapi-Limit-Status"] == str(left)
    for _ in range(5):
        assert made.trader.code("POST", "/v5/order/create", **ORDER) == 0
    answer = made.ask("order.create", ORDER)
    assert (answer["retCode"], answer["header"]["X-Bapi-Limit-Status"]) == (10006, "0")
    assert int(answer["header"]["X-Bapi-Limit-Reset-Timestamp"]) == made.trader.now.unix_ms + 1_000
    assert made.ask("order.cancel", ONE | {"orderLinkId": "none"})["retCode"] == 110001


def test_sessions_and_requests_have_limits_too() -> None:
    trader = BybitTrader()
    hall = trader.venue.trade_hall
    hall.most_sessions, hall.session_requests = 1, 3
    first = TradeClient(trader).log_on()
    second = TradeClient(trader)
    assert second.send(trader.auth())["retCode"] == 10003
    cancel = ONE | {"orderLinkId": "none"}
    codes = [first.ask("order.cancel", cancel)["retCode"] for _ in range(4)]
    assert codes == [110001, 110001, 110001, 20003]
    first.session.close()
    assert second.send(trader.auth())["retCode"] == 0
    hall.address.set(1, 1, is_rolling=True)
    assert second.ask("order.cancel", cancel)["retCode"] == 10403


@pytest.mark.parametrize(
    ("rights", "code"),
    [
        (Rights(futures=False), 10005),
        (Rights(read_only=True), 10005),
        (Rights(ips=("10.0.0.1",)), 10010),
        (Rights(expires_ms=1), 33004),
    ],
)
def test_a_key_without_the_right_places_nothing(rights: Rights, code: int) -> None:
    made = client()
    name, secret = made.trader.venue.credentials.key, made.trader.venue.credentials.secret
    made.trader.venue.keys.add(ApiKey(name, secret, rights=rights))
    assert made.ask("order.create", ORDER)["retCode"] == code
    assert made.trader.code("POST", "/v5/order/create", **ORDER) == code
    assert made.trader.linear.orders.store.all() == []


def test_both_transports_answer_an_order_alike() -> None:
    """One implementation of each call: what REST says of a mistake, WebSocket says."""
    changes: tuple[dict[str, Any], ...] = (
        {"qty": "0.0105"},
        {"price": "64000"},
        {"reduceOnly": True},
        {"symbol": "NOPE"},
        {"orderLinkId": "ü"},
    )
    for change in changes:
        made = client()
        by_rest, _ = made.trader.rest("POST", "/v5/order/create", **ORDER | change)
        by_ws = made.ask("order.create", ORDER | change)
        assert (by_rest["retCode"], by_rest["retMsg"]) == (by_ws["retCode"], by_ws["retMsg"])
        assert by_ws["retCode"] != 0
        assert json.dumps(by_ws["data"]) == "{}"
