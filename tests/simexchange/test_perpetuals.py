"""Market data of the perpetuals as a client meets it: routes, marks, funding, tickers, trades."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.simexchange.support import Client, now_ms, receive_until, run

HOUR_MS = 3_600_000


def usdm_ws(client: Client) -> str:
    return str(client.endpoints["venues"]["binance"]["usdm"]["ws"])


async def is_silent(ws: Any, seconds: float = 0.4) -> bool:
    try:
        await ws.receive(timeout=seconds)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    ("path", "silent"),
    [
        ("/ws/btcusdt@depth@100ms", True),
        ("/stream?streams=btcusdt@depth@100ms", True),
        ("/ws/btcusdt@aggTrade/btcusdt@markPrice@1s", True),
        ("/public/ws/btcusdt@markPrice@1s/btcusdt@aggTrade", True),
        ("/market/ws/btcusdt@depth@100ms/btcusdt@bookTicker", True),
        ("/private/ws/btcusdt@depth@100ms", True),
        ("/public/ws/btcusdt@depth@100ms", False),
        ("/public/stream?streams=btcusdt@bookTicker", False),
    ],
)
def test_usdm_routes_deliver_what_is_theirs_and_acknowledge_everything(path: str, silent: bool) -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(usdm_ws(client) + path)
        assert await is_silent(ws) is silent
        # An unserved stream is acknowledged all the same: only the missing data gives it away.
        await ws.send_json({"method": "SUBSCRIBE", "params": ["ethusdt@aggTrade"], "id": 7})
        await receive_until(ws, lambda event: event.get("id") == 7)
        await ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 8})
        listed = (await receive_until(ws, lambda event: event.get("id") == 8))[-1]["result"]
        assert "ethusdt@aggTrade" in listed

    run(body)


def test_usdm_marks_and_trades_come_on_the_market_route() -> None:
    async def body(client: Client) -> None:
        url = usdm_ws(client) + "/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s"
        ws = await client.ws(url + "/btcusdt@aggTrade")
        events = [event["data"] for event in await receive_until(ws, lambda e: "aggTrade" in e["stream"])]
        async with asyncio.timeout(5):
            while len({event["s"] for event in events if event["e"] == "markPriceUpdate"}) < 2:
                events.append((await ws.receive_json())["data"])
        trade = next(event for event in events if event["e"] == "aggTrade")
        assert 50_000 < Decimal(trade["p"]) < 70_000
        marks = {event["s"]: event for event in events if event["e"] == "markPriceUpdate"}
        for symbol, hours in (("BTCUSDT", 8), ("ETHUSDT", 4)):
            mark = marks[symbol]
            assert abs(Decimal(mark["p"]) / Decimal(mark["i"]) - 1) < Decimal("0.002")
            assert abs(Decimal(mark["r"])) < Decimal("0.01")
            assert mark["T"] % (hours * HOUR_MS) == 0
            assert 0 < mark["T"] - now_ms() <= hours * HOUR_MS
            _, row = await client.binance_public(f"/fapi/v1/premiumIndex?symbol={symbol}")
            assert row["nextFundingTime"] == mark["T"]
            assert abs(Decimal(row["markPrice"]) / Decimal(mark["p"]) - 1) < Decimal("0.002")
        _, info = await client.binance_public("/fapi/v1/fundingInfo")
        assert [(row["symbol"], row["fundingIntervalHours"]) for row in info] == [("ETHUSDT", 4)]

    run(body)


def test_usdm_rest_answers_and_refuses() -> None:
    async def body(client: Client) -> None:
        assert await client.binance_public("/fapi/v1/ping") == (200, {})
        _, answer = await client.binance_public("/fapi/v1/time")
        assert abs(answer["serverTime"] - now_ms()) < 1_000
        _, info = await client.binance_public("/fapi/v1/exchangeInfo")
        ticks = {
            row["symbol"]: {entry["filterType"]: entry for entry in row["filters"]} for row in info["symbols"]
        }
        assert ticks["BTCUSDT"]["PRICE_FILTER"]["tickSize"] == "0.1"
        assert ticks["BTCUSDT"]["MIN_NOTIONAL"]["notional"] == "100"
        _, rows = await client.binance_public("/fapi/v1/premiumIndex")
        assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
        for path, code in (
            ("depth?symbol=NOPE", -1121),
            ("depth", -1102),
            ("depth?symbol=BTCUSDT&limit=7", -1100),
        ):
            status, error = await client.binance_public(f"/fapi/v1/{path}")
            assert (status, error["code"]) == (400, code)

    run(body)


def test_bybit_linear_tickers_are_a_snapshot_and_then_what_changed() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.bybit_urls["ws_public"] + "/linear")
        await ws.send_json({"op": "subscribe", "args": ["tickers.BTCUSDT"]})
        assert (await ws.receive_json())["success"]
        first = await ws.receive_json()
        assert first["type"] == "snapshot"
        row = dict(first["data"])
        assert {"markPrice", "indexPrice", "fundingRate", "nextFundingTime", "bid1Price"} <= set(row)
        late = await client.ws(client.bybit_urls["ws_public"] + "/linear")
        sizes = []
        for number in range(20):
            event = await ws.receive_json(timeout=5)
            assert event["type"] == "delta"
            sizes.append(len(event["data"]))
            row |= event["data"]
            if number == 10:
                await late.send_json({"op": "subscribe", "args": ["tickers.BTCUSDT"]})
        assert max(sizes) < len(row)
        path = "/v5/market/tickers?category=linear&symbol=BTCUSDT"
        rest = (await client.bybit_public(path))["result"]["list"][0]
        assert rest["nextFundingTime"] == row["nextFundingTime"]
        assert abs(Decimal(rest["markPrice"]) - Decimal(row["markPrice"])) < 50
        # One who came later has the same row after the same number of updates.
        events = await receive_until(late, lambda event: event.get("type") == "snapshot")
        joined = dict(events[-1]["data"])
        last: dict[str, Any] = {}
        async with asyncio.timeout(5):
            while last.get("cs", 0) <= event["cs"]:
                last = await late.receive_json()
                joined |= last["data"]
            while event["cs"] < last["cs"]:
                event = await ws.receive_json()
                row |= event["data"]
        assert joined == row

    run(body)


def test_bybit_linear_trades_have_a_side_and_an_id() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.bybit_urls["ws_public"] + "/linear")
        await ws.send_json({"op": "subscribe", "args": ["publicTrade.BTCUSDT", "publicTrade.ETHUSDT"]})
        events = await receive_until(ws, lambda event: "publicTrade" in event.get("topic", ""))
        row = events[-1]["data"][0]
        assert row["S"] in ("Buy", "Sell")
        assert row["i"].isdecimal()

    run(body)
