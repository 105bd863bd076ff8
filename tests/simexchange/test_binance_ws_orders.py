"""Binance spot over the WS-API: orders, queries, sessions, signatures, limits; the account stays exact."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arb.simexchange.api_keys import Rights
from arb.simexchange.spec import SPOT, WorldSpec
from arb.simexchange.world import World
from tests.simexchange.support import CALM, START
from tests.simexchange.ws_api import WsClient, ed25519_key

FIXTURES = Path(__file__).resolve().parents[2] / "../shared/fixtures/binance_spot"
LIMIT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.001",
}


def client(query: str = "", *, rights: Rights | None = None) -> WsClient:
    made = WsClient(World(WorldSpec(seed=5, market=CALM), START).binance, query=query)
    key = ed25519_key(rights)
    made.venue.keys.keys[key.key] = key
    return made


def touch(made: WsClient) -> tuple[Decimal, Decimal]:
    book = made.result("depth", "", symbol="BTCUSDT", limit=5)
    return Decimal(book["bids"][0][0]), Decimal(book["asks"][0][0])


def sums(made: WsClient) -> dict[str, Decimal]:
    """Per asset all there is: the account, the fees and the counterparties."""
    account = made.venue.account
    return {name: account.total(name) + account.fees[name] + account.market[name] for name in account.assets}


def fixture(name: str) -> Any:
    file = FIXTURES / f"{name}.json"
    if not file.exists():
        pytest.skip(f"no shared fixtures at {FIXTURES}")
    return json.loads(file.read_text())


def test_an_order_lives_from_place_to_cancel() -> None:
    made = client()
    bid, _ = touch(made)
    price = f"{bid - 100:.2f}"
    order = made.result("order.place", **LIMIT, price=price, newClientOrderId="a1")
    assert (order["status"], order["clientOrderId"], order["fills"]) == ("NEW", "a1", [])
    assert made.result("order.status", symbol="BTCUSDT", origClientOrderId="a1")["status"] == "NEW"
    listed = made.result("openOrders.status", symbol="BTCUSDT")
    assert [row["orderId"] for row in listed] == [order["orderId"]]
    canceled = made.result("order.cancel", symbol="BTCUSDT", orderId=order["orderId"], newClientOrderId="c1")
    assert (canceled["status"], canceled["origClientOrderId"], canceled["clientOrderId"]) == (
        "CANCELED",
        "a1",
        "c1",
    )
    assert made.result("openOrders.status", symbol="BTCUSDT") == []
    assert [row["status"] for row in made.result("allOrders", symbol="BTCUSDT")] == ["CANCELED"]
    assert made.error("order.cancel", symbol="BTCUSDT", origClientOrderId="a1") == (400, -2011)
    assert made.error("order.status", symbol="BTCUSDT", origClientOrderId="a2") == (400, -2013)


def test_a_fill_moves_the_account_exactly_and_shows_everywhere() -> None:
    made = client()
    before, (_, ask) = sums(made), touch(made)
    free = dict(made.venue.account.free)
    order = made.result("order.place", **LIMIT | {"timeInForce": "IOC"}, price=f"{ask + 50:.2f}")
    fills = order["fills"]
    assert order["status"] == "FILLED"
    fee = sum(Decimal(fill["commission"]) for fill in fills)
    paid = sum(Decimal(fill["price"]) * Decimal(fill["qty"]) for fill in fills)
    assert made.venue.account.free["BTC"] == free["BTC"] + Decimal("0.001") - fee
    assert made.venue.account.free["USDT"] == free["USDT"] - paid
    assert sums(made) == before
    trades = made.result("myTrades", symbol="BTCUSDT", orderId=order["orderId"])
    assert [trade["id"] for trade in trades] == [fill["tradeId"] for fill in fills]
    assert all("clientOrderId" not in trade for trade in trades)
    rows = {row["asset"]: row for row in made.result("account.status")["balances"]}
    assert Decimal(rows["USDT"]["free"]) == made.venue.account.free["USDT"]
    assert (made.result("account.status")["uid"], made.result("account.status")["canTrade"]) == (
        354937868,
        True,
    )


def test_fees_in_a_third_asset_leave_what_is_bought_whole() -> None:
    made = client()
    _, ask = touch(made)
    made.venue.matching.use_fee_asset("BNB", Decimal("0.0002"), Decimal(600))
    before, free = sums(made), dict(made.venue.account.free)
    made.logon()
    made.result("userDataStream.subscribe", "")
    order = LIMIT | {"timeInForce": "IOC", "price": f"{ask + 50:.2f}"}
    fills = made.result("order.place", "", **order)["fills"]
    assert {fill["commissionAsset"] for fill in fills} == {"BNB"}
    fee = sum(Decimal(fill["commission"]) for fill in fills)
    value = sum(Decimal(fill["price"]) * Decimal(fill["qty"]) for fill in fills)
    assert abs(fee - value * Decimal("0.001") * Decimal("0.75") / 600) < Decimal("1e-6")
    assert made.venue.account.free["BTC"] == free["BTC"] + Decimal("0.001")
    assert made.venue.account.free["BNB"] == free["BNB"] - fee
    told = [event["event"] for event in made.events()]
    assert {event["N"] for event in told if event.get("x") == "TRADE"} == {"BNB"}
    assert "BNB" in {row["a"] for row in told[-1]["B"]}
    assert made.result("account.commission", "", symbol="BTCUSDT")["discount"]["enabledForAccount"] is True
    # Not enough is left: the full fee comes from what is received again.
    rest = [
        fill["commissionAsset"] for _ in range(3) for fill in made.result("order.place", "", **order)["fills"]
    ]
    assert rest[-1] == "BTC"
    assert sums(made) == before


def test_rest_and_websocket_answer_alike() -> None:
    made = client()
    bid, _ = touch(made)
    made.result("order.place", **LIMIT, price=f"{bid - 100:.2f}", newClientOrderId="a1")
    store = made.venue.orders.store
    assert made.venue.desks[SPOT].calls["order.status"].run(
        {"symbol": "BTCUSDT", "origClientOrderId": "a1"}, made.now
    ) == made.result("order.status", symbol="BTCUSDT", origClientOrderId="a1")
    assert [entry.op for entry in store.log] == ["place"]


def test_after_logon_nothing_is_signed_but_time_still_counts() -> None:
    made = client()
    bid, _ = touch(made)
    order = LIMIT | {"price": f"{bid - 100:.2f}"}
    assert made.error("order.place", "", **order, timestamp=made.now.unix_ms) == (401, -2014)
    status = made.logon()
    assert status["apiKey"] == made.session.key.key if made.session.key else None
    assert status["authorizedSince"] == made.now.unix_ms
    assert made.result("order.place", "", **order)["status"] == "NEW"
    assert made.error("order.place", "", **order, timestamp=made.now.unix_ms - 5_001) == (400, -1021)
    assert made.error("order.place", "", **order, timestamp=made.now.unix_ms + 1_000) == (400, -1021)
    late = made.now.unix_ms - 200
    assert made.error("order.place", "", **order, timestamp=late, recvWindow=100) == (400, -1021)
    assert made.result("session.logout", "")["apiKey"] is None
    assert made.error("order.place", "", **order, timestamp=made.now.unix_ms) == (401, -2014)


def test_the_time_window_is_that_of_the_arrival() -> None:
    made = client()
    made.logon()
    stamp = made.now.unix_ms
    made.later(8_000)
    assert made.error("account.status", "", timestamp=stamp) == (400, -1021)
    made.now = made.now._replace(late_ns=8_000_000_000)  # waited before it was served
    assert made.ask("account.status", "", timestamp=stamp)["status"] == 200


def test_logon_wants_an_ed25519_key_and_a_good_signature() -> None:
    made = client()
    assert made.error("session.logon", "hmac") == (400, -4056)
    params = made.signed("ed25519", {})
    assert made.error("session.logon", "", **params | {"timestamp": made.now.unix_ms + 1}) == (400, -1022)
    assert made.error("session.logon", "", **params | {"signature": "not base64!"}) == (400, -1022)
    assert made.error("session.logon", "", **params | {"apiKey": "nobody"}) == (401, -2015)
    assert made.session.key is None
    assert made.result("session.logon", "", **params)["apiKey"] == params["apiKey"]


def test_each_message_may_be_signed_with_either_kind_of_key() -> None:
    made = client()
    bid, _ = touch(made)
    for kind in ("hmac", "ed25519"):
        # Names that the venue does not know are signed and ignored, booleans as true and false.
        order = LIMIT | {"price": f"{bid - 100:.2f}", "clientOrderId": "x", "unknownFlag": True}
        assert made.result("order.place", kind, **order)["status"] == "NEW"
        params = made.signed(kind, order)
        assert made.error("order.place", "", **params | {"quantity": "0.002"}) == (400, -1022)


def test_user_data_needs_a_logon_or_a_signature() -> None:
    made = client()
    assert made.ask("userDataStream.subscribe", "")["status"] == 401
    made.logon()
    assert made.result("userDataStream.subscribe", "") == {"subscriptionId": 0}
    assert made.error("userDataStream.subscribe", "") == (400, -2035)
    _, ask = touch(made)
    made.result("order.place", "", **LIMIT, price=f"{ask:.2f}", newClientOrderId="f1")
    events = made.events()
    assert [event["subscriptionId"] for event in events] == [0] * len(events)
    kinds = [event["event"]["e"] for event in events]
    assert kinds[-1] == "outboundAccountPosition"
    assert {event["event"]["c"] for event in events[:-1]} == {"f1"}
    made.result("session.logout", "")
    assert [frame["event"]["e"] for frame in made.extra] == ["eventStreamTerminated"]
    assert made.result("session.status", "")["userDataStream"] is False


def test_a_logon_that_the_venue_ends_is_told() -> None:
    made = client()
    assert made.session.revoke(made.now) == []
    made.logon()
    made.result("userDataStream.subscribe", "")
    told, ended = map(json.loads, made.session.revoke(made.now))
    assert (told["id"], told["status"], told["error"]["code"]) == (None, 401, -2015)
    assert ended["event"]["e"] == "eventStreamTerminated"
    assert made.error("account.status", "") == (401, -2014)


@pytest.mark.parametrize(
    ("rights", "method", "code"),
    [
        (Rights(spot=False), "order.place", -2015),
        (Rights(spot=False), "order.cancel", -2015),
        (Rights(spot=False), "account.status", 0),
        (Rights(reading=False), "account.status", -2015),
        (Rights(futures=False), "account.status", 0),
    ],
)
def test_rights_of_the_key_decide(rights: Rights, method: str, code: int) -> None:
    made = client(rights=rights)
    answer = made.ask(method, "ed25519", **LIMIT, price="60000.00", origClientOrderId="a1")
    assert (answer["error"]["code"] if code else answer["status"]) == (code or 200)


@pytest.mark.parametrize(
    ("change", "status", "code", "text"),
    [
        ({"symbol": "NOPEUSDT"}, 400, -1121, "Invalid symbol"),
        ({"side": None}, 400, -1102, "'side'"),
        ({"side": "UP"}, 400, -1117, "Invalid side"),
        ({"type": "ODD"}, 400, -1116, "Invalid orderType"),
        ({"timeInForce": "ODD"}, 400, -1115, "Invalid timeInForce"),
        ({"price": "60000.005"}, 400, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000.00"}, 400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"price": "60000.123456789"}, 400, -1111, "too much precision"),
        ({"quantity": "0.000001"}, 400, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.00001"}, 400, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "1e3"}, 400, -1100, "'quantity'"),
        ({"quantity": "100"}, 400, -2010, "insufficient balance"),
        ({"newClientOrderId": "no spaces"}, 400, -1100, "newClientOrderId"),
        ({"newClientOrderId": "taken"}, 400, -2010, "Duplicate order sent."),
        ({"type": "LIMIT_MAKER", "timeInForce": None, "price": "high"}, 400, -2010, "immediately match"),
        ({"recvWindow": 60_001}, 400, -1131, "recvWindow"),
        ({"newOrderRespType": "LONG"}, 400, -1130, "newOrderRespType"),
    ],
)
def test_bad_orders_get_the_documented_code(
    change: dict[str, Any], status: int, code: int, text: str
) -> None:
    made = client()
    bid, ask = touch(made)
    made.result("order.place", **LIMIT, price=f"{bid - 100:.2f}", newClientOrderId="taken")
    locked = dict(made.venue.account.locked)
    used = made.venue.limits[SPOT].used("127.0.0.1", made.now)
    params = LIMIT | {"price": f"{bid - 100:.2f}"} | change
    if params["price"] == "high":
        params["price"] = f"{ask + 10:.2f}"
    answer = made.ask("order.place", **{name: value for name, value in params.items() if value is not None})
    assert (answer["status"], answer["error"]["code"]) == (status, code)
    assert text in answer["error"]["msg"]
    assert made.venue.account.locked == locked
    assert made.venue.limits[SPOT].used("127.0.0.1", made.now) == used + 1  # refused orders have their weight


def test_a_tested_order_leaves_no_trace() -> None:
    made = client()
    bid, _ = touch(made)
    assert made.result("order.test", **LIMIT, price=f"{bid:.2f}") == {}
    rates = made.result("order.test", **LIMIT, price=f"{bid:.2f}", computeCommissionRates=True)
    assert set(rates) >= {"standardCommissionForOrder", "taxCommissionForOrder", "discount"}
    assert made.error("order.test", **LIMIT | {"quantity": "0.00001"}, price=f"{bid:.2f}") == (400, -1013)
    assert made.result("allOrders", symbol="BTCUSDT") == []
    assert made.result("account.rateLimits.orders")[0]["count"] == 0


def test_open_orders_are_cancelled_together() -> None:
    made = client()
    bid, _ = touch(made)
    for number in range(3):
        made.result("order.place", **LIMIT, price=f"{bid - 100:.2f}", newClientOrderId=f"a{number}")
    gone = made.result("openOrders.cancelAll", symbol="BTCUSDT")
    assert [row["origClientOrderId"] for row in gone] == ["a0", "a1", "a2"]
    assert made.error("openOrders.cancelAll", symbol="BTCUSDT") == (400, -2011)
    assert made.venue.account.locked["USDT"] == 0


@pytest.mark.parametrize(
    ("wanted", "code"), [("ONLY_NEW", 200), ("ONLY_PARTIALLY_FILLED", -2011), ("X", -1130)]
)
def test_cancels_may_be_restricted(wanted: str, code: int) -> None:
    made = client()
    bid, _ = touch(made)
    made.result("order.place", **LIMIT, price=f"{bid - 100:.2f}", newClientOrderId="a1")
    answer = made.ask("order.cancel", symbol="BTCUSDT", origClientOrderId="a1", cancelRestrictions=wanted)
    assert (answer["status"] if code == 200 else answer["error"]["code"]) == code


@pytest.mark.parametrize(
    ("mode", "taker", "maker"),
    [
        ("NONE", "FILLED", "FILLED"),
        ("EXPIRE_TAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_MAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
def test_two_orders_of_the_account_meet_as_the_taker_wants_it(mode: str, taker: str, maker: str) -> None:
    made = client()
    bid, ask = touch(made)
    price = f"{bid + 10:.2f}"
    made.venue.books[SPOT]["BTCUSDT"].set_background(False, ask, Decimal(0))
    for level in [level for level in made.venue.books[SPOT]["BTCUSDT"].prices(False) if level <= bid + 10]:
        made.venue.books[SPOT]["BTCUSDT"].set_background(False, level, Decimal(0))
    before = sums(made)
    made.result("order.place", **LIMIT | {"side": "SELL"}, price=price, newClientOrderId="maker")
    order = made.result(
        "order.place", **LIMIT, price=price, newClientOrderId="taker", selfTradePreventionMode=mode
    )
    assert (order["status"], order["selfTradePreventionMode"]) == (taker, mode)
    assert made.result("order.status", symbol="BTCUSDT", origClientOrderId="maker")["status"] == maker
    for row in made.result("openOrders.status", symbol="BTCUSDT"):
        made.result("order.cancel", symbol="BTCUSDT", orderId=row["orderId"])
    assert sums(made) == before
    assert set(made.venue.account.locked.values()) == {Decimal(0)}
    assert made.venue.books[SPOT]["BTCUSDT"].own == {}
    assert made.error("order.place", **LIMIT, price=price, selfTradePreventionMode="ODD") == (400, -1130)


def test_orders_over_the_limit_are_refused_and_cancels_pass() -> None:
    made = client()
    bid, _ = touch(made)
    price = f"{bid - 100:.2f}"
    made.venue.order_counts[SPOT].set(3, 10, is_rolling=False)
    for number in range(3):
        answer = made.ask("order.place", **LIMIT, price=price, newClientOrderId=f"a{number}")
        assert answer["rateLimits"][0] == {
            "rateLimitType": "ORDERS",
            "interval": "SECOND",
            "intervalNum": 10,
            "limit": 3,
            "count": number + 1,
        }
    answer = made.ask("order.place", **LIMIT, price=price)
    assert (answer["status"], answer["error"]["code"]) == (429, -1015)
    assert answer["error"]["data"]["retryAfter"] > answer["error"]["data"]["serverTime"]
    assert made.result("order.cancel", symbol="BTCUSDT", origClientOrderId="a0")["status"] == "CANCELED"
    made.later(10_000)
    assert made.result("order.place", **LIMIT, price=price)["status"] == "NEW"


def test_a_fill_gives_its_order_back_to_the_limit() -> None:
    made = client()
    _, ask = touch(made)
    made.venue.order_counts[SPOT].set(2, 10, is_rolling=True)
    for _ in range(5):
        order = LIMIT | {"timeInForce": "IOC", "price": f"{ask + 50:.2f}"}
        assert made.result("order.place", **order)["status"] == "FILLED"
    assert made.error("order.place", **LIMIT | {"quantity": "0.00001"}, price=f"{ask:.2f}") == (400, -1013)
    assert made.result("account.rateLimits.orders")[0]["count"] == 0


def test_a_rolling_limit_counts_the_time_just_past() -> None:
    made = client()
    bid, _ = touch(made)
    order = LIMIT | {"price": f"{bid - 100:.2f}"}
    made.venue.order_counts[SPOT].set(2, 1, is_rolling=True)
    made.result("order.place", **order)
    made.later(600)
    made.result("order.place", **order)
    made.later(399)
    assert made.error("order.place", **order) == (429, -1015)
    made.later(1)
    made.result("order.place", **order)
    assert made.error("order.place", **order) == (429, -1015)


def test_rest_and_websocket_share_the_weight_of_an_ip() -> None:
    made = client()
    made.result("account.status")
    weight = {row["rateLimitType"]: row["count"] for row in made.ask("time", "")["rateLimits"]}
    assert weight == {"REQUEST_WEIGHT": 2 + 20 + 1}  # connecting, account, time
    made.venue.limits[SPOT].limit = 30
    made.venue.limits[SPOT].ban_after = 1
    answer = made.ask("account.status")
    assert (answer["status"], answer["error"]["code"]) == (429, -1003)
    assert answer["error"]["data"]["retryAfter"] > made.now.unix_ms
    answer = made.ask("time", "")
    assert (answer["status"], answer["error"]["code"]) == (418, -1003)
    assert set(fixture("wsapi_banned_418")["error"]["data"]) == set(answer["error"]["data"])


def test_limits_are_shown_unless_they_are_not_wanted() -> None:
    made = client("?returnRateLimits=false")
    assert "rateLimits" not in made.ask("time", "")
    assert "rateLimits" not in made.ask("dance", "")
    made = client()
    assert "rateLimits" not in made.ask("time", "", returnRateLimits=False)
    assert "rateLimits" in made.ask("dance", "")


@pytest.mark.parametrize(
    ("name", "method", "params", "ignore"),
    [
        ("wsapi_order_place_response_1", "order.place", {"newOrderRespType": "ACK"}, ()),
        ("wsapi_order_place_response_2", "order.place", {"newOrderRespType": "RESULT"}, ()),
        ("wsapi_depth_response", "depth", {}, ()),
        ("wsapi_time_response", "time", {}, ()),
        ("wsapi_response_ok_with_ratelimits", "order.place", {"newOrderRespType": "RESULT"}, ()),
        ("wsapi_session_logon_response", "session.logon", {}, ("rateLimits",)),
        (
            "wsapi_order_cancel_response",
            "order.cancel",
            {"origClientOrderId": "first"},
            ("stopPrice", "trailingDelta", "icebergQty", "strategyId", "strategyType"),
        ),
    ],
)
def test_answers_have_the_documented_keys(
    name: str, method: str, params: dict[str, Any], ignore: tuple[str, ...]
) -> None:
    made = client()
    bid, _ = touch(made)
    order = LIMIT | {"price": f"{bid - 100:.2f}"}
    made.result("order.place", **order, newClientOrderId="first")
    kind = "ed25519" if method == "session.logon" else "" if method in ("depth", "time") else "hmac"
    wanted = {"symbol": "BTCUSDT"} if method != "order.place" else order
    mine = made.ask(method, kind, **wanted | params)
    theirs = fixture(name)
    assert set(theirs) - set(ignore) == set(mine) - set(ignore)
    assert set(theirs["result"]) - set(ignore) == set(mine["result"])
    if "rateLimits" in theirs:
        rows = [(row["rateLimitType"], row["interval"]) for row in theirs["rateLimits"]]
        assert [(row["rateLimitType"], row["interval"]) for row in mine["rateLimits"]] == rows


def test_garbage_gets_an_error_and_no_exception() -> None:
    made = client()
    texts = (b"", b"\xff", b"[]", b"null", b'{"id":[],"method":5}', b'{"method":"time","params":[1]}')
    for text in (*texts, b'{"id":"x","method":"order.place","params":{"symbol":{"a":[1]},"apiKey":7}}'):
        answer = json.loads(made.session.answer(text, made.now)[0])
        assert answer["status"] in (400, 401)
