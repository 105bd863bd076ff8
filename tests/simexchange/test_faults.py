"""Faults on demand, seen from a client; and the rest of the control API."""

import asyncio
import time
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from arb.simexchange import connection
from arb.simexchange.connection import MAX_BEHIND
from arb.simexchange.faults import Faults, FaultState
from arb.simexchange.messages import PRIVATE, PUBLIC, Message
from arb.simexchange.spec import WorldSpec
from arb.simexchange.stream_faults import StreamFaults
from tests.simexchange.support import START, Client, receive_until, run


def message(kind: str, symbol: str = "BTCUSDT", channel: str = PUBLIC, venue: str = "binance") -> Message:
    return Message(venue, "spot", channel, kind, symbol, "stream", b"{}")


def test_a_gap_swallows_one_depth_message_of_its_symbol() -> None:
    faults = Faults()
    stream = StreamFaults(faults)
    fault = faults.add({"kind": "gap", "venue": "binance", "symbol": "BTCUSDT"}, START)
    others = [message("ticker"), message("depth", "ETHUSDT"), message("depth", venue="bybit")]
    assert stream.filter(others, START) == others
    assert fault.state is FaultState.ARMED
    assert stream.filter([message("depth"), message("depth")], START) == [message("depth")]
    assert (fault.state, fault.fired_ns) == (FaultState.DONE, [START.mono_ns])
    assert not stream.filter([], START.plus(60_000_000_000))  # gone for good


def test_a_silence_lasts_as_long_as_asked() -> None:
    faults = Faults()
    stream = StreamFaults(faults)
    body = {
        "kind": "silence",
        "venue": "binance",
        "channel": PUBLIC,
        "after": 1,
        "params": {"duration_ms": 500},
    }
    fault = faults.add(body, START)
    assert stream.filter([message("depth")], START)
    assert not stream.filter([message("depth")], START.plus(1_000_000_000))
    assert fault.state.value == "active"
    assert stream.filter([message("order", channel=PRIVATE)], START.plus(1_400_000_000))
    assert not stream.filter([message("ticker")], START.plus(1_499_999_999))
    assert stream.filter([message("ticker")], START.plus(1_500_000_000))
    assert fault.state is FaultState.DONE


def test_duplicates_drops_and_delays() -> None:
    faults = Faults()
    stream = StreamFaults(faults)
    faults.add({"kind": "duplicate", "channel": "order"}, START)
    faults.add({"kind": "drop", "channel": "wallet", "count": 2}, START)
    faults.add({"kind": "delay", "channel": "execution", "params": {"duration_ms": 100}}, START)
    order, wallet, execution = (message(kind, channel=PRIVATE) for kind in ("order", "wallet", "execution"))
    assert stream.filter([order, wallet, execution], START) == [order, order]
    assert stream.filter([order, wallet], START.plus(50_000_000)) == [order]
    assert stream.filter([wallet], START.plus(100_000_000)) == [execution, wallet]


def test_a_sequence_gap_is_seen_on_both_venues() -> None:
    async def body(client: Client) -> None:
        binance = await client.ws(client.binance_urls["ws"] + "/ws/btcusdt@depth@100ms")
        bybit = await client.ws(client.bybit_urls["ws_public"] + "/spot")
        await bybit.send_json({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
        first = await binance.receive_json()
        await receive_until(bybit, lambda event: event.get("type") == "snapshot")
        last = (await bybit.receive_json())["data"]["u"]
        for venue in ("binance", "bybit"):
            fault = await client.control(
                "POST", "/faults", {"venue": venue, "kind": "gap", "symbol": "BTCUSDT"}
            )
            assert fault["state"] == "armed"
        jumps = []
        for _ in range(4):
            event = await binance.receive_json()
            jumps.append(event["U"] - first["u"])
            first = event
        assert sorted(jump == 1 for jump in jumps) == [False, True, True, True]
        steps = []
        for _ in range(8):
            event = await bybit.receive_json()
            steps.append(event["data"]["u"] - last)
            last = event["data"]["u"]
        assert sorted(steps)[-2:] == [1, 2]
        faults = await client.control("GET", "/faults")
        assert all(
            fault["state"] == "done" and 0 < fault["fired_ns"] <= time.monotonic_ns() for fault in faults
        )

    run(body)


def test_a_reset_ends_the_connections_it_names_and_no_other() -> None:
    async def body(client: Client) -> None:
        market = await client.ws(client.binance_urls["ws"] + "/ws/btcusdt@bookTicker")
        user = await client.binance_user_stream()
        await client.control("POST", "/faults", {"venue": "binance", "channel": "public", "kind": "reset"})
        ended = asyncio.get_running_loop().time() + 2
        while asyncio.get_running_loop().time() < ended:
            answer = await market.receive()
            if answer.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE):
                break
        assert market.closed
        await user.send_json({"id": 1, "method": "ping"})
        assert (await user.receive_json())["status"] == 200
        await client.control("POST", "/faults", {"venue": "binance", "channel": "private", "kind": "reset"})
        answer = await user.receive(timeout=2)
        assert answer.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE)
        again = await client.binance_user_stream()
        assert not again.closed

    run(body)


def test_a_reset_is_an_rst_and_no_orderly_end() -> None:
    async def body(client: Client) -> None:
        port = client.server.hubs[("bybit", "spot")].port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = ("GET /v5/public/spot HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade")
        key = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "")
        writer.write("\r\n".join(lines + key).encode())
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        await client.control("POST", "/faults", {"venue": "bybit", "kind": "reset"})
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    run(body)


@pytest.mark.parametrize("answers", [True, False])
def test_a_client_that_does_not_repeat_the_ping_payload_is_cut(
    monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.25)
    monkeypatch.setattr(connection, "PONG_SECONDS", 0.5)

    async def body(client: Client) -> None:
        url = client.binance_urls["ws"] + "/ws"
        ws = await client.session.ws_connect(url, autoping=False)
        ended = False
        for _ in range(5):
            message = await ws.receive(timeout=5)
            ended = message.type is not aiohttp.WSMsgType.PING
            if ended:
                break
            await ws.pong(message.data if answers else b"other")
        assert ended is not answers

    run(body)


def test_a_silent_venue_still_answers_control_frames() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.binance_urls["ws"] + "/ws/btcusdt@bookTicker")
        await ws.receive_json()
        fault = await client.control("POST", "/faults", {"venue": "binance", "kind": "silence"})
        await asyncio.sleep(0.05)
        while True:  # what was on its way
            try:
                await ws.receive(timeout=0.3)
            except TimeoutError:
                break
        ws = await client.ws(client.binance_urls["ws"] + "/ws/btcusdt@bookTicker")
        await ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        assert (await ws.receive_json())["result"] == ["btcusdt@bookTicker"]
        await client.control("DELETE", f"/faults/{fault['id']}")
        assert "u" in await ws.receive_json()

    run(body)


def test_faults_that_make_no_sense_are_refused_with_the_field() -> None:
    async def body(client: Client) -> None:
        for fault, field in (
            ({"kind": "explode"}, "kind"),
            ({"kind": "reset", "when": 1}, "when"),
            ({"kind": "reset", "after": "soon"}, "after"),
            ([], "object"),
        ):
            assert field in (await client.control("POST", "/faults", fault))["error"]
        assert "no such" in (await client.control("GET", "/faults/9"))["error"]

    run(body)


def test_the_control_api_shows_accounts_marks_orders_and_market() -> None:
    async def body(client: Client) -> None:
        before = time.monotonic_ns()
        order: dict[str, Any] = {
            "symbol": "ETHUSDT",
            "side": "SELL",
            "type": "MARKET",
            "quantity": "1",
            "newClientOrderId": "seen",
        }
        await client.binance("POST", "/api/v3/order", **order)
        await client.binance("POST", "/api/v3/order", **(order | {"quantity": "0"}))
        after = time.monotonic_ns()
        good, bad = await client.control("GET", "/orders")
        assert before < good["recv_ns"] < bad["recv_ns"] < after
        assert (good["client_id"], good["status"], good["code"]) == ("seen", "filled", 0)
        assert (bad["code"], bad["message"]) == (-1013, "Invalid quantity.")
        accounts = await client.control("GET", "/accounts")
        eth, usdt = accounts["binance"]["ETH"], accounts["binance"]["USDT"]
        assert (eth["free"], eth["locked"], eth["total"]) == ("99", "0", "99")
        got = sum(
            Decimal(fill["price"]) * Decimal(fill["qty"]) - Decimal(fill["fee"]) for fill in good["fills"]
        )
        assert Decimal(usdt["total"]) == 250_000 + got
        marks = await client.control("GET", "/marks")
        assert 2_400 < Decimal(marks["ETH"]) < 2_600
        assert marks["USDT"] == "1"
        market = await client.control("GET", "/market")
        assert market["seed"] == 3
        assert market["steps"] >= 1
        assert not client.server.stopped.is_set()
        await client.control("POST", "/stop")
        await asyncio.wait_for(client.server.stopped.wait(), 2)

    run(body)


def test_a_reader_that_falls_a_mebibyte_behind_is_cut() -> None:
    async def body(client: Client) -> None:
        ws = await client.ws(client.binance_urls["ws"] + "/ws/btcusdt@bookTicker")
        await ws.receive_json()
        transport = ws._response.connection.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.pause_reading()
        hub = client.server.hubs[("binance", "spot")]
        flood = Message("binance", "spot", PUBLIC, "ticker", "BTCUSDT", "btcusdt@bookTicker", b"x" * 100_000)
        for _ in range(200):
            hub.publish(flood)
            await asyncio.sleep(0)
            if not hub.connections:
                break
        assert not hub.connections
        assert MAX_BEHIND == 1 << 20

    run(body)


def test_two_servers_with_one_seed_show_one_market() -> None:
    async def body(client: Client) -> None:
        hashes.append(await frozen(client))

    async def frozen(client: Client) -> str:
        while True:
            market = await client.control("GET", "/market")
            if market["steps"] >= market["hash_steps"] == 200:
                return str(market["hash"])
            await asyncio.sleep(0.1)

    hashes: list[str] = []
    for _ in range(2):
        run(body, WorldSpec(seed=7))
    assert hashes[0] == hashes[1]
