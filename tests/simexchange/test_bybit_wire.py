"""Bybit over real sockets: REST, public topics and the private stream, as a client meets them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from arb.simexchange import signing
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request
from arb.simexchange.spec import WorldSpec
from arb.simexchange.world import World
from tests.simexchange.support import START, Client, now_ms, receive_until, run, sign
from tests.simexchange.test_streams import Levels, apply

LIMIT = {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.001"}


async def top(client: Client, symbol: str = "BTCUSDT") -> tuple[Decimal, Decimal]:
    row = (await client.bybit_public(f"/v5/market/tickers?category=spot&symbol={symbol}"))["result"]["list"][
        0
    ]
    return Decimal(row["bid1Price"]), Decimal(row["ask1Price"])


def test_public_reads_answer() -> None:
    async def body(client: Client) -> None:
        answer = await client.bybit_public("/v5/market/time")
        assert abs(int(answer["result"]["timeNano"]) // 1_000_000 - now_ms()) < 1_000
        rows = (await client.bybit_public("/v5/market/instruments-info?category=spot"))["result"]["list"]
        assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
        assert rows[0]["lotSizeFilter"]["basePrecision"] == "0.000001"
        rows = (await client.bybit_public("/v5/market/instruments-info?category=linear"))["result"]["list"]
        assert {row["contractType"] for row in rows} == {"LinearPerpetual"}
        rows = (await client.bybit_public("/v5/market/instruments-info?category=inverse"))["result"]["list"]
        assert rows == []
        book = (await client.bybit_public("/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=3"))[
            "result"
        ]
        assert len(book["b"]) == len(book["a"]) == 3
        assert (await client.bybit_public("/v5/market/orderbook?category=spot&symbol=NO"))["retCode"] == 10001
        assert (await client.bybit_public("/v5/nothing"))["retCode"] == 10017

    run(body)


def test_an_order_lives_from_acceptance_to_cancel_on_the_private_stream() -> None:
    async def body(client: Client) -> None:
        ws = await client.bybit_private("order", "execution", "wallet")
        bid, ask = await top(client)
        ioc = LIMIT | {"timeInForce": "IOC"}
        answer = await client.bybit(
            "POST", "/v5/order/create", **ioc, price=str(ask + 50), orderLinkId="fill-1"
        )
        assert answer["retCode"] == 0
        assert set(answer["result"]) == {"orderId", "orderLinkId"}
        events = await receive_until(ws, lambda event: event["topic"] == "wallet")
        by_topic: dict[str, Any] = {event["topic"]: event["data"][0] for event in events}
        assert by_topic["order"]["orderStatus"] == "Filled"
        assert by_topic["order"]["cumFeeDetail"] == {"BTC": "0.000001"}
        assert (by_topic["execution"]["execFee"], by_topic["execution"]["feeCurrency"]) == ("0.000001", "BTC")
        coins = {row["coin"]: row["walletBalance"] for row in by_topic["wallet"]["coin"]}
        assert coins["BTC"] == "4.000999"
        wallet = await client.bybit(
            "GET", "/v5/account/wallet-balance", accountType="UNIFIED", coin="BTC,USDT"
        )
        assert {row["coin"]: row["walletBalance"] for row in wallet["result"]["list"][0]["coin"]} == {
            name: coins[name] for name in ("BTC", "USDT")
        }
        # Rests, is seen, is cancelled; its id is used for ever.
        answer = await client.bybit(
            "POST", "/v5/order/create", **LIMIT, price=str(bid - 100), orderLinkId="rest_1"
        )
        number = answer["result"]["orderId"]
        events = await receive_until(ws, lambda event: event["topic"] == "order")
        assert events[-1]["data"][0]["orderStatus"] == "New"
        found = await client.bybit("GET", "/v5/order/realtime", category="spot", orderLinkId="rest_1")
        assert [row["orderId"] for row in found["result"]["list"]] == [number]
        answer = await client.bybit(
            "POST", "/v5/order/cancel", category="spot", symbol="BTCUSDT", orderId=number
        )
        assert answer["result"] == {"orderId": number, "orderLinkId": "rest_1"}
        events = await receive_until(ws, lambda event: event["topic"] == "order")
        row = events[-1]["data"][0]
        assert (row["orderStatus"], row["cancelType"], row["rejectReason"]) == (
            "Cancelled",
            "CancelByUser",
            "EC_PerCancelRequest",
        )
        again = await client.bybit(
            "POST", "/v5/order/cancel", category="spot", symbol="BTCUSDT", orderId=number
        )
        assert again["retCode"] == 170142
        never = await client.bybit(
            "POST", "/v5/order/cancel", category="spot", symbol="BTCUSDT", orderLinkId="no"
        )
        assert never["retCode"] == 170213
        for name in ("rest_1", "fill-1"):
            taken = await client.bybit("POST", "/v5/order/create", **LIMIT, price=str(bid), orderLinkId=name)
            assert taken["retCode"] == 170141
        opened = await client.bybit("GET", "/v5/order/realtime", category="spot")
        assert opened["result"]["list"] == []
        closed = await client.bybit("GET", "/v5/order/realtime", category="spot", openOnly=1)
        assert [row["orderLinkId"] for row in closed["result"]["list"]] == ["rest_1", "fill-1"]
        history = await client.bybit("GET", "/v5/order/history", category="spot", orderLinkId="rest_1")
        assert history["result"]["list"][0]["orderStatus"] == "Cancelled"
        fills = await client.bybit("GET", "/v5/execution/list", category="spot", symbol="BTCUSDT")
        assert [row["orderLinkId"] for row in fills["result"]["list"]] == ["fill-1"]

    run(body)


def test_what_matching_refuses_arrives_after_the_acceptance() -> None:
    async def body(client: Client) -> None:
        ws = await client.bybit_private("order.spot", "execution.spot")
        bid, ask = await top(client)
        post = LIMIT | {"timeInForce": "PostOnly", "price": str(ask + 50)}
        assert (await client.bybit("POST", "/v5/order/create", **post))["retCode"] == 0
        row = (await receive_until(ws, lambda event: event["topic"] == "order"))[-1]["data"][0]
        assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
        ioc = LIMIT | {"timeInForce": "IOC", "price": str(bid - 100)}
        assert (await client.bybit("POST", "/v5/order/create", **ioc))["retCode"] == 0
        row = (await receive_until(ws, lambda event: event["topic"] == "order"))[-1]["data"][0]
        assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", "EC_NoImmediateQtyToFill")
        big = LIMIT | {"timeInForce": "IOC", "price": str(ask + 1), "qty": "1.5"}
        assert (await client.bybit("POST", "/v5/order/create", **big))["retCode"] == 0
        row = (await receive_until(ws, lambda event: event["topic"] == "order"))[-1]["data"][0]
        assert (row["orderStatus"], row["leavesQty"]) == ("PartiallyFilledCanceled", "0")

    run(body)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NOPE"}, 170121),
        ({"category": "option"}, 10001),
        ({"side": "BUY"}, 170117),
        ({"orderType": "Stop"}, 170116),
        ({"timeInForce": "DAY"}, 170115),
        ({"qty": "0.0000015"}, 170137),
        ({"qty": "84"}, 170135),
        ({"qty": "0.00001"}, 170140),
        ({"qty": "abc"}, 10001),
        ({"qty": 0.001}, 10001),
        ({"price": "60000.05"}, 170134),
        ({"price": "90000"}, 170132),
        ({"qty": "50"}, 170131),
        ({"orderLinkId": "with space"}, 10001),
        ({"orderLinkId": "x" * 37}, 10001),
    ],
)
def test_bad_orders_get_the_documented_code(change: dict[str, Any], code: int) -> None:
    async def body(client: Client) -> None:
        _, ask = await top(client)
        answer = await client.bybit("POST", "/v5/order/create", **(LIMIT | {"price": str(ask)} | change))
        assert answer["retCode"] == code
        assert answer["result"] == {}

    run(body)


def test_whatever_is_sent_gets_an_answer_and_never_a_server_error() -> None:
    bodies: tuple[str, ...] = (
        "",
        "[]",
        "null",
        "{",
        '{"category":"spot","symbol":[],"orderId":{}}',
        '{"category":"spot"}',
    )
    bodies += ('{"category":"spot","symbol":"BTCUSDT","side":{},"qty":[],"orderLinkId":5}', "\udcff")
    paths: tuple[str, ...] = (
        "/v5/order/create",
        "/v5/order/cancel",
        "/v5/order/cancel-all",
        "/v5/order/realtime",
    )
    paths += (
        "/v5/execution/list",
        "/v5/market/orderbook",
        "/v5/account/wallet-balance",
        "/v5/account/fee-rate",
    )
    venue = World(WorldSpec(seed=3), START).bybit
    key, secret = venue.credentials.key, venue.credentials.secret
    for path in paths:
        for body in (*bodies, "category=spot&limit=%C2%B2", "category=spot&orderId=x", "category=nope"):
            for method in ("GET", "POST"):
                headers = {
                    "X-BAPI-API-KEY": key,
                    "X-BAPI-TIMESTAMP": str(START.unix_ms),
                    "X-BAPI-SIGN": signing.sign(secret, f"{START.unix_ms}{key}5000{body}"),
                }
                query, text = (body, "") if method == "GET" else ("", body)
                answer = venue.handle(Request(method, path, query, text, headers), START)
                assert answer.status == 200
                assert "retCode" in json.loads(answer.body)


def test_a_market_buy_counts_in_quote_unless_told_otherwise() -> None:
    async def body(client: Client) -> None:
        market = {"category": "spot", "symbol": "ETHUSDT", "side": "Buy", "orderType": "Market"}
        ws = await client.bybit_private("order")
        await client.bybit("POST", "/v5/order/create", **market, qty="100")
        row = (await receive_until(ws, lambda event: True))[-1]["data"][0]
        assert 99 < Decimal(row["cumExecValue"]) <= 100
        await client.bybit("POST", "/v5/order/create", **market, qty="0.1", marketUnit="baseCoin")
        row = (await receive_until(ws, lambda event: True))[-1]["data"][0]
        assert (row["orderStatus"], row["cumExecQty"]) == ("Filled", "0.1")

    run(body)


def test_the_rate_limit_of_orders_is_twenty_in_any_second() -> None:
    venue = World(WorldSpec(seed=3), START).bybit
    text = '{"category":"spot","symbol":"BTCUSDT"}'

    def code(now: Instant) -> tuple[int, str]:
        key, secret = venue.credentials.key, venue.credentials.secret
        headers = {
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": str(now.unix_ms),
            "X-BAPI-SIGN": sign(secret, f"{now.unix_ms}{key}5000{text}"),
        }
        answer = venue.handle(Request("POST", "/v5/order/create", "", text, headers), now)
        return json.loads(answer.body)["retCode"], answer.headers["X-Bapi-Limit-Status"]

    assert [code(START.plus(n)) for n in range(20)] == [(170117, str(19 - n)) for n in range(20)]
    assert code(START.plus(999_999_999)) == (10006, "0")
    assert code(START.plus(1_000_000_000)) == (170117, "0")
    assert code(START.plus(1_000_000_000)) == (10006, "0")


def test_a_socket_client_keeps_the_book_from_snapshot_and_deltas() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.bybit_urls["ws_public"] + "/spot")
        topics = ["orderbook.200.BTCUSDT", "orderbook.1.BTCUSDT", "publicTrade.BTCUSDT"]
        await ws.send_json({"req_id": "s1", "op": "subscribe", "args": topics})
        ack = await ws.receive_json()
        assert (ack["success"], ack["ret_msg"], ack["req_id"], ack["op"]) == (
            True,
            "subscribe",
            "s1",
            "subscribe",
        )
        bids: Levels = {}
        asks: Levels = {}
        tops: dict[int, Any] = {}
        u = 0
        compared = 0
        for _ in range(400):
            event = await ws.receive_json()
            data = event["data"]
            if event["topic"] == "orderbook.1.BTCUSDT":
                assert event["type"] == "snapshot"
                tops[data["seq"]] = data
            elif event["topic"] == "orderbook.200.BTCUSDT":
                if event["type"] == "snapshot":
                    assert u == 0
                else:
                    assert data["u"] == u + 1
                u = data["u"]
                apply(bids, data["b"])
                apply(asks, data["a"])
                if data["seq"] in tops:
                    row = tops[data["seq"]]
                    assert (max(bids), min(asks)) == (Decimal(row["b"][0][0]), Decimal(row["a"][0][0]))
                    assert asks[min(asks)] == Decimal(row["a"][0][1])
                    compared += 1
            if compared >= 5:
                break
        assert compared >= 5

    run(body)


def test_public_control_frames_are_answered_as_documented() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.bybit_urls["ws_public"] + "/spot")
        await ws.send_json({"req_id": "100001", "op": "ping"})
        pong = await ws.receive_json()
        assert {"success": True, "ret_msg": "pong", "op": "ping"}.items() <= pong.items()
        await ws.send_json({"req_id": "t", "op": "subscribe", "args": ["orderbook.37.BTCUSDT"]})
        failure = await ws.receive_json()
        assert (failure["success"], failure["ret_msg"]) == (False, "Invalid topic: orderbook.37.BTCUSDT")
        many = [f"publicTrade.{name}USDT" for name in "ABCDEFGHIJK"]
        await ws.send_json({"op": "subscribe", "args": many})
        assert not (await ws.receive_json())["success"]
        await ws.send_str("nonsense")
        assert not (await ws.receive_json())["success"]

    run(body)


def test_the_private_stream_wants_a_good_auth_first() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.bybit_urls["ws_private"])
        await ws.send_json({"op": "subscribe", "args": ["order"]})
        assert not (await ws.receive_json())["success"]
        await ws.send_json({"op": "auth", "args": [client.key, now_ms() + 5_000, "0" * 64]})
        assert not (await ws.receive_json())["success"]
        ws = await client.bybit_private("order")
        await ws.send_json({"req_id": "p", "op": "ping"})
        pong = await ws.receive_json()
        assert (pong["op"], pong["req_id"]) == ("pong", "p")
        await ws.send_json({"op": "subscribe", "args": ["wallet", "execution.spot"]})
        assert not (await ws.receive_json())["success"]

    run(body)
