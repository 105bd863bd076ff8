"""Binance over real sockets: REST, market streams and the user stream, as a client meets them."""

import json
from decimal import Decimal
from typing import Any

import pytest
import yarl

from tests.simexchange.support import Client, now_ms, receive_until, run, sign
from tests.simexchange.test_streams import Levels, apply

LIMIT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "IOC",
    "quantity": "0.001",
}


async def top(client: Client, symbol: str = "BTCUSDT") -> tuple[Decimal, Decimal]:
    _, book = await client.binance_public(f"/api/v3/depth?symbol={symbol}&limit=5")
    return Decimal(book["bids"][0][0]), Decimal(book["asks"][0][0])


def test_public_reads_answer() -> None:
    async def body(client: Client) -> None:
        assert await client.binance_public("/api/v3/ping") == (200, {})
        _, answer = await client.binance_public("/api/v3/time")
        assert abs(answer["serverTime"] - now_ms()) < 1_000
        _, info = await client.binance_public("/api/v3/exchangeInfo")
        assert [symbol["symbol"] for symbol in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
        path = "/api/v3/exchangeInfo?symbols=%5B%22ETHUSDT%22%5D"
        _, info = await client.binance_public(path)
        assert [symbol["symbol"] for symbol in info["symbols"]] == ["ETHUSDT"]
        status, error = await client.binance_public("/api/v3/depth?symbol=NOPE")
        assert (status, error) == (400, {"code": -1121, "msg": "Invalid symbol."})
        _, ticker = await client.binance_public("/api/v3/ticker/bookTicker?symbol=BTCUSDT")
        assert set(ticker) == {"symbol", "bidPrice", "bidQty", "askPrice", "askQty"}

    run(body)


def test_an_order_lives_from_place_to_cancel_on_rest_and_on_the_user_stream() -> None:
    async def body(client: Client) -> None:
        user = await client.binance_user_stream()
        bid, ask = await top(client)
        # Filled at once, in the form body as some clients send it.
        status, order = await client.binance(
            "POST", "/api/v3/order", in_body=True, **LIMIT, price=ask + 50, newClientOrderId="fill1"
        )
        assert status == 200
        assert (order["status"], order["executedQty"], order["clientOrderId"]) == (
            "FILLED",
            "0.00100000",
            "fill1",
        )
        fill = order["fills"][0]
        assert (fill["commission"], fill["commissionAsset"]) == ("0.00000100", "BTC")
        events = await receive_until(user, lambda event: event["event"]["e"] == "outboundAccountPosition")
        reports = [event["event"] for event in events[:-1]]
        assert [(report["x"], report["X"]) for report in reports] == [("NEW", "NEW"), ("TRADE", "FILLED")]
        assert reports[1]["t"] == fill["tradeId"]
        balances = {row["a"]: row["f"] for row in events[-1]["event"]["B"]}
        _, account = await client.binance("GET", "/api/v3/account")
        free = {row["asset"]: row["free"] for row in account["balances"]}
        assert {asset: free[asset] for asset in balances} == balances
        assert balances["BTC"] == "4.00099900"
        # Rests, is seen, is cancelled.
        gtc = LIMIT | {"timeInForce": "GTC"}
        _, order = await client.binance(
            "POST", "/api/v3/order", **gtc, price=bid - 100, newClientOrderId="rest-1", newOrderRespType="ACK"
        )
        assert "status" not in order
        number = order["orderId"]
        _, duplicate = await client.binance(
            "POST", "/api/v3/order", **gtc, price=bid, newClientOrderId="rest-1"
        )
        assert duplicate == {"code": -2010, "msg": "Duplicate order sent."}
        _, found = await client.binance("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="rest-1")
        assert (found["orderId"], found["status"]) == (number, "NEW")
        _, opened = await client.binance("GET", "/api/v3/openOrders")
        assert [row["orderId"] for row in opened] == [number]
        _, gone = await client.binance("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=number)
        assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", "rest-1")
        events = await receive_until(user, lambda event: event["event"].get("x") == "CANCELED")
        report = events[-1]["event"]
        assert (report["C"], report["c"]) == ("rest-1", gone["clientOrderId"])
        _, again = await client.binance("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=number)
        assert again == {"code": -2011, "msg": "Unknown order sent."}
        # A closed client id may be used again; a query then finds the newest.
        _, order = await client.binance(
            "POST", "/api/v3/order", **LIMIT, price=bid - 100, newClientOrderId="rest-1"
        )
        assert (order["status"], order["fills"]) == ("EXPIRED", [])
        _, found = await client.binance("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="rest-1")
        assert found["orderId"] == order["orderId"]
        _, trades = await client.binance("GET", "/api/v3/myTrades", symbol="BTCUSDT")
        assert [row["id"] for row in trades] == [fill["tradeId"]]
        _, nothing = await client.binance("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="never")
        assert nothing == {"code": -2013, "msg": "Order does not exist."}

    run(body)


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "buy"}, -1117, "Invalid side."),
        ({"type": "STOP"}, -1116, "Invalid orderType."),
        ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
        ({"quantity": "0.000015"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0"}, -1013, "Invalid quantity."),
        ({"quantity": "1e-3"}, -1100, "Illegal characters"),
        ({"quantity": "0.000000001"}, -1111, "too much precision"),
        ({"price": "60000.005"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "100"}, -2010, "insufficient balance"),
        ({"newClientOrderId": "with space"}, -1100, "newClientOrderId"),
        ({"newClientOrderId": "x" * 37}, -1100, "newClientOrderId"),
        ({"timestamp": 1}, -1021, "outside of the recvWindow"),
        ({"timestamp": 9_999_999_999_999}, -1021, "ahead of the server's time"),
        ({"recvWindow": 60_001}, -1131, "recvWindow"),
        ({"type": "LIMIT_MAKER"}, -1106, "timeInForce"),
    ],
)
def test_bad_orders_get_the_documented_code(change: dict[str, Any], code: int, text: str) -> None:
    async def body(client: Client) -> None:
        _, ask = await top(client)
        params = LIMIT | {"price": ask, "newClientOrderId": "bad1"} | change
        status, error = await client.binance("POST", "/api/v3/order", **params)
        assert status == 400
        assert error["code"] == code
        assert text in error["msg"]
        _, account = await client.binance("GET", "/api/v3/account")
        assert all(row["locked"] == "0.00000000" for row in account["balances"])

    run(body)


def test_signatures_and_keys_are_checked_over_the_bytes_sent() -> None:
    async def body(client: Client) -> None:
        url = client.binance_urls["rest"] + "/api/v3/account?"
        query = f"timestamp={now_ms()}"
        good = f"{query}&signature={sign(client.secret, query)}"
        assert (await client.send("GET", url + good, {"X-MBX-APIKEY": client.key}))[0] == 200
        status, error = await client.send(
            "GET", url + good.replace("time", "t%69me"), {"X-MBX-APIKEY": client.key}
        )
        assert (status, error["code"]) == (400, -1022)
        assert (await client.send("GET", url + good, {"X-MBX-APIKEY": "no"}))[1]["code"] == -2015
        assert (await client.send("GET", url + good))[1]["code"] == -2014
        async with client.session.get(client.binance_urls["rest"] + "/api/v3/nothing") as answer:
            assert answer.status == 404

    run(body)


def test_whatever_is_sent_gets_an_answer_and_never_a_server_error() -> None:
    paths = ("/api/v3/order", "/api/v3/account", "/api/v3/depth", "/api/v3/exchangeInfo", "/api/v3/myTrades")
    texts = (
        "",
        "&&==",
        "symbol=%FF%FE",
        "symbol=\xe9",
        "signature=",
        "limit=%C2%B2&symbol=BTCUSDT",
        "symbols=5",
    )

    async def body(client: Client) -> None:
        for path in paths:
            for text in texts:
                for method in ("GET", "POST", "DELETE"):
                    url = yarl.URL(client.binance_urls["rest"] + path + "?" + text, encoded=True)
                    headers = {"X-MBX-APIKEY": client.key}
                    async with client.session.request(
                        method, url, headers=headers, data=b"\xff=1&x"
                    ) as answer:
                        assert answer.status < 500
                    signed = text + "&timestamp=" + str(now_ms())
                    signed += "&signature=" + sign(client.secret, signed)
                    url = yarl.URL(client.binance_urls["rest"] + path + "?" + signed, encoded=True)
                    async with client.session.request(method, url, headers=headers) as answer:
                        assert answer.status < 500

    run(body)


def test_market_orders_take_by_quantity_or_by_quote() -> None:
    async def body(client: Client) -> None:
        market: dict[str, Any] = {"symbol": "ETHUSDT", "type": "MARKET"}
        _, order = await client.binance("POST", "/api/v3/order", **market, side="SELL", quantity="0.1")
        assert (order["status"], order["price"], order["timeInForce"]) == ("FILLED", "0.00000000", "GTC")
        _, order = await client.binance("POST", "/api/v3/order", **market, side="BUY", quoteOrderQty="100")
        assert order["status"] == "FILLED"
        assert 99 < Decimal(order["cummulativeQuoteQty"]) <= 100

    run(body)


def test_used_weight_and_order_counts_are_in_the_headers() -> None:
    async def body(client: Client) -> None:
        url = client.binance_urls["rest"] + "/api/v3/depth?symbol=BTCUSDT&limit=1000"
        weights = []
        for _ in range(2):
            async with client.session.get(url) as answer:
                weights.append(int(answer.headers["X-MBX-USED-WEIGHT-1M"]))
        assert weights[1] - weights[0] in (50, 50 - weights[0])  # the minute may have turned

    run(body)


def test_a_socket_client_keeps_the_book_from_snapshot_and_diffs() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(
            client.binance_urls["ws"] + "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker"
        )
        first = (await receive_until(ws, lambda event: "depth" in event["stream"]))[-1]["data"]
        _, snapshot = await client.binance_public("/api/v3/depth?symbol=BTCUSDT&limit=5000")
        assert snapshot["lastUpdateId"] >= first["U"]
        bids: Levels = {}
        asks: Levels = {}
        apply(bids, snapshot["bids"])
        apply(asks, snapshot["asks"])
        last = snapshot["lastUpdateId"]
        tickers: dict[int, Any] = {}
        compared = 0
        bridged = False
        pending = [first]
        for _ in range(300):
            for event in pending:
                if event["u"] <= last:
                    continue
                assert event["U"] <= last + 1 if not bridged else event["U"] == last + 1
                bridged = True
                apply(bids, event["b"])
                apply(asks, event["a"])
                last = event["u"]
                if last in tickers:
                    row = tickers[last]
                    assert (max(bids), min(asks)) == (Decimal(row["b"]), Decimal(row["a"]))
                    assert bids[max(bids)] == Decimal(row["B"])
                    compared += 1
            pending = []
            message = await ws.receive_json()
            if message["stream"] == "btcusdt@bookTicker":
                tickers[message["data"]["u"]] = message["data"]
            else:
                pending = [message["data"]]
            if compared >= 3:
                break
        assert compared >= 3

    run(body)


def test_streams_are_subscribed_by_frame_and_listed() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.binance_urls["ws"] + "/ws/anyword")
        await ws.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker", "xyz@trade"], "id": 1})
        assert (await receive_until(ws, lambda event: "id" in event))[-1] == {"result": None, "id": 1}
        raw = (await receive_until(ws, lambda event: "u" in event))[-1]
        assert set(raw) == {"u", "s", "b", "B", "a", "A"}
        await ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": "two"})
        listed = (await receive_until(ws, lambda event: "id" in event))[-1]
        assert listed == {"result": ["btcusdt@bookTicker", "xyz@trade"], "id": "two"}
        await ws.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": None})
        await receive_until(ws, lambda event: "id" in event)
        await ws.send_str("nonsense")
        assert (await ws.receive_json())["code"] == 3
        await ws.send_json({"method": "DANCE", "id": 5})
        assert (await ws.receive_json())["code"] == 2

    run(body)


def test_more_than_five_messages_a_second_end_the_connection() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.binance_urls["ws"] + "/ws")
        for number in range(6):
            await ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        answers = [await ws.receive() for _ in range(6)]
        assert [json.loads(answer.data)["id"] for answer in answers[:5]] == [0, 1, 2, 3, 4]
        assert ws.closed or answers[5].data != "{}"

    run(body)


def test_the_ws_api_refuses_bad_signatures_second_subscriptions_and_logon() -> None:
    async def body(client: Client) -> None:
        ws = await client.binance_user_stream()
        params: dict[str, Any] = {"apiKey": client.key, "timestamp": now_ms(), "signature": "0" * 64}
        await ws.send_json({"id": 2, "method": "userDataStream.subscribe.signature", "params": params})
        answer = await ws.receive_json()
        assert (answer["id"], answer["status"], answer["error"]["code"]) == (2, 400, -1022)
        text = f"apiKey={client.key}&timestamp={params['timestamp']}"
        params["signature"] = sign(client.secret, text)
        await ws.send_json({"id": 3, "method": "userDataStream.subscribe.signature", "params": params})
        assert (await ws.receive_json())["error"]["code"] == -2035
        await ws.send_json({"id": 4, "method": "session.logon", "params": params})
        assert (await ws.receive_json())["status"] == 400
        await ws.send_json({"id": 5, "method": "time"})
        assert abs((await ws.receive_json())["result"]["serverTime"] - now_ms()) < 1_000
        await ws.send_json({"id": 6, "method": "userDataStream.unsubscribe", "params": {}})
        assert (await ws.receive_json())["status"] == 200
        assert (await ws.receive_json())["event"]["e"] == "eventStreamTerminated"

    run(body)


def test_user_events_come_before_and_after_the_rest_answer() -> None:
    """A client must take both orders, so both must happen."""

    async def body(client: Client) -> None:
        delays = set()
        _, ask = await top(client)
        for _ in range(20):
            await client.binance("POST", "/api/v3/order", **LIMIT, price=ask + 50)
            delays.add(client.server.world.binance.outbox.next_due_ns is None)
        assert delays == {True, False}

    run(body)


def test_usdm_delivers_on_the_public_route_only() -> None:
    async def body(client: Client) -> None:
        base = client.endpoints["venues"]["binance"]["usdm"]["ws"]
        assert base != client.binance_urls["ws"]
        silent = await client.ws(base + "/stream?streams=btcusdt@depth@100ms")
        ws = await client.ws(base + "/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker")
        depth = (await receive_until(ws, lambda event: "depth" in event["stream"]))[-1]["data"]
        assert depth["pu"] == depth["U"] - 1
        with pytest.raises(TimeoutError):
            await silent.receive(timeout=0.3)

    run(body)
