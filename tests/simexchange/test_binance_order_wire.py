"""Orders over real sockets: WS-API of spot and USD-M, the listenKey's stream, Ed25519 on REST."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest

from tests.simexchange.support import Client, now_ms, receive_until, run, sign
from tests.simexchange.ws_api import ED25519, ed25519_key, ed25519_signature

LIMIT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "IOC",
    "quantity": "0.01",
    "newClientOrderId": "wire1",
}
PATHS = {"spot": "/api/v3/depth", "usdm": "/fapi/v1/depth"}


async def price_above(client: Client, market: str) -> str:
    _, book = await client.binance_public(f"{PATHS[market]}?symbol=BTCUSDT&limit=5")
    return f"{float(book['asks'][0][0]) * 1.01:.1f}"


async def ask(ws: aiohttp.ClientWebSocketResponse, method: str, **params: Any) -> Any:
    await ws.send_json({"id": method, "method": method, "params": {"timestamp": now_ms()} | params})
    return (await receive_until(ws, lambda frame: frame.get("id") == method))[-1]


async def logged_on(client: Client, market: str) -> aiohttp.ClientWebSocketResponse:
    key = ed25519_key()
    client.server.world.binance.keys.keys[key.key] = key
    ws = await client.ws(client.endpoints["venues"]["binance"][market]["ws_api"])
    stamp = now_ms()
    signature = ed25519_signature(f"apiKey={ED25519}&timestamp={stamp}")
    answer = await ask(ws, "session.logon", apiKey=ED25519, timestamp=stamp, signature=signature)
    assert answer["status"] == 200
    return ws


@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_a_logged_on_connection_places_orders(market: str) -> None:
    async def body(client: Client) -> None:
        ws = await logged_on(client, market)
        price = await price_above(client, market)
        answer = await ask(ws, "order.place", **LIMIT, price=price, newOrderRespType="RESULT")
        assert (answer["status"], answer["result"]["status"]) == (200, "FILLED")
        answer = await ask(ws, "order.status", symbol="BTCUSDT", origClientOrderId="wire1")
        assert answer["result"]["status"] == "FILLED"
        log = await client.control("GET", "/orders")
        seen = [(entry["market"], entry["transport"], entry["client_id"]) for entry in log]
        assert seen == [(market, "ws", "wire1")]

    run(body)


def test_events_of_websocket_orders_come_on_the_streams_of_the_account() -> None:
    async def body(client: Client) -> None:
        ws = await logged_on(client, "usdm")
        rest = client.binance_urls["rest"] + "/fapi/v1/listenKey"
        _, answer = await client.send("POST", rest, {"X-MBX-APIKEY": client.key})
        base = client.endpoints["venues"]["binance"]["usdm"]["ws"]
        stream = await client.ws(f"{base}/private/ws/{answer['listenKey']}")
        await ask(ws, "order.place", **LIMIT, price=await price_above(client, "usdm"))
        told = await receive_until(stream, lambda event: event["e"] == "ACCOUNT_UPDATE")
        assert {event["e"] for event in told} == {"ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE"}
        spot = await logged_on(client, "spot")
        assert (await ask(spot, "userDataStream.subscribe"))["result"] == {"subscriptionId": 0}
        await spot.send_json(
            {
                "id": 9,
                "method": "order.place",
                "params": LIMIT | {"price": await price_above(client, "spot"), "timestamp": now_ms()},
            }
        )
        seen = await receive_until(
            spot, lambda frame: frame.get("event", {}).get("e") == "outboundAccountPosition"
        )
        reports = [frame["event"] for frame in seen if frame.get("event", {}).get("e") == "executionReport"]
        assert {report["c"] for report in reports} == {"wire1"}

    run(body)


def test_rest_takes_percent_encoded_ed25519_signatures() -> None:
    async def body(client: Client) -> None:
        key = ed25519_key()
        client.server.world.binance.keys.keys[key.key] = key
        for number in range(8):  # some signatures have + and /, which must be encoded
            text = urlencode({"recvWindow": 5000 + number, "timestamp": now_ms()})
            signature = ed25519_signature(text)
            url = f"{client.binance_urls['rest']}/api/v3/account?{text}&signature="
            headers = {"X-MBX-APIKEY": ED25519}
            assert (await client.send("GET", url + quote(signature, safe=""), headers))[0] == 200
            if "+" in signature:
                status, answer = await client.send("GET", url + signature, headers)
                assert (status, answer["code"]) == (400, -1022)

    run(body)


def test_rights_of_the_asking_key_are_shown() -> None:
    async def body(client: Client) -> None:
        status, rights = await client.binance("GET", "/sapi/v1/account/apiRestrictions")
        assert status == 200
        assert rights["enableReading"]
        assert rights["enableSpotAndMarginTrading"]
        assert rights["enableFutures"]
        assert not rights["enableWithdrawals"]
        assert {"ipRestrict", "enableInternalTransfer", "permitsUniversalTransfer", "enableMargin"} <= set(
            rights
        )
        for path in ("capital/config/getall", "margin/allPairs", "margin/isolated/allPairs"):
            assert await client.binance("GET", f"/sapi/v1/{path}") == (200, [])
        assert (await client.binance_public("/dapi/v1/exchangeInfo"))[1]["symbols"] == []

    run(body)


def test_a_signature_over_the_query_and_the_body_together_is_good_on_both_markets() -> None:
    async def body(client: Client) -> None:
        for path, market in (("/api/v3/order", "spot"), ("/fapi/v1/order", "usdm")):
            price = await price_above(client, market)
            query = urlencode({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT"})
            rest = urlencode(
                {"timeInForce": "IOC", "quantity": "0.01", "price": price, "timestamp": now_ms()}
            )
            payload = f"{rest}&signature={sign(client.secret, query + rest)}"
            headers = {
                "X-MBX-APIKEY": client.key,
                "Content-Type": "application/x-www-form-urlencoded",
            }
            url = f"{client.binance_urls['rest']}{path}?{query}"
            status, answer = await client.send("POST", url, headers, payload.encode())
            assert status == 200, json.dumps(answer)

    run(body)
