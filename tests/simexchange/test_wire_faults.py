"""Faults below the messages: broken frames, broken connections, closed doors; seen byte by byte."""

import asyncio
import time
import zlib
from typing import Any

import aiohttp
import orjson
import pytest

from tests.simexchange.raw import connect
from tests.simexchange.support import Client, receive_until, run
from tests.simexchange.test_stream_faults import shown

TICKER = "btcusdt@bookTicker"


def spot(client: Client) -> str:
    return str(client.binance_urls["ws"])


def usdm(client: Client) -> str:
    return str(client.endpoints["venues"]["binance"]["usdm"]["ws"])


async def arm(client: Client, kind: str, venue: str = "binance", market: str = "spot", **more: Any) -> Any:
    fault = await client.control("POST", "/faults", {"venue": venue, "market": market, "kind": kind, **more})
    assert "error" not in fault, fault
    return fault


def test_garbage_takes_the_place_of_a_frame() -> None:
    async def body(client: Client) -> None:
        async with (
            connect(f"{spot(client)}/ws/{TICKER}") as raw,
            connect(f"{usdm(client)}/public/ws/{TICKER}") as other,
        ):
            await raw.frame()
            fault = await arm(client, "garbage", params={"length": 64})
            first, _ = await raw.strange()
            assert first & 0x70 == 0x70  # no extension uses these bits
            await shown(client, fault)
            for _ in range(3):
                assert (await other.frame()).first == 0x81

    run(body)


@pytest.mark.parametrize("then", ["silence", "close", "more"])
def test_a_truncated_frame_is_followed_by_what_was_asked(then: str) -> None:
    async def body(client: Client) -> None:
        async with connect(f"{spot(client)}/ws/{TICKER}") as raw:
            await raw.frame()
            fault = await arm(client, "truncated", params={"then": then})
            data = bytearray()
            ended = False
            await asyncio.sleep(0.1)
            await shown(client, fault)
            try:
                async with asyncio.timeout(0.4):
                    while not ended:
                        part = await raw.reader.read(65536)
                        ended = not part
                        data += part
            except TimeoutError:
                pass
            assert ended is (then == "close")
            while len(data) >= 4:
                size, head = (data[1], 2) if data[1] < 126 else (int.from_bytes(data[2:4], "big"), 4)
                if data[0] != 0x81 or len(data) < head + size:
                    break
                try:
                    orjson.loads(data[head : head + size])
                except orjson.JSONDecodeError:  # later frames were swallowed as payload
                    assert then == "more"
                    return
                del data[: head + size]
            assert then != "more"
            assert data[0] == 0x81
            assert 2 <= len(data) < 4 + int.from_bytes(data[2:4], "big")  # the head and a part of the rest

    run(body)


def test_an_oversized_header_declares_64_megabytes() -> None:
    async def body(client: Client) -> None:
        async with connect(f"{client.bybit_urls['ws_public']}/linear") as raw:
            raw.subscribe("orderbook.50.BTCUSDT")
            await raw.frame()
            fault = await arm(client, "oversized", "bybit", "linear", channel="depth", symbol="BTCUSDT")
            assert await raw.strange() == (0x81, 64 << 20)
            assert await raw.reader.readexactly(1024) == b"x" * 1024
            assert await raw.is_silent(0.3)
            await shown(client, fault)

    run(body)


def test_a_compressed_frame_has_rsv1_and_holds_the_message() -> None:
    async def body(client: Client) -> None:
        async with connect(f"{spot(client)}/ws/{TICKER}") as raw:
            await raw.frame()
            await arm(client, "compressed", channel="ticker")
            first, size = await raw.strange()
            assert first == 0xC1
            packed = await raw.reader.readexactly(size)
            message = zlib.decompressobj(wbits=-15).decompress(packed + b"\x00\x00\xff\xff")
            assert orjson.loads(message)["s"] == "BTCUSDT"
            assert (await raw.frame()).first == 0x81

    run(body)


def test_a_fragmented_message_is_whole_when_put_together() -> None:
    async def body(client: Client) -> None:
        async with connect(f"{spot(client)}/ws/{TICKER}") as raw:
            await raw.frame()
            await arm(client, "fragmented", params={"pieces": 3})
            first, size = await raw.strange()
            assert first == 0x01
            parts = [await raw.reader.readexactly(size)]
            for expected in (0x00, 0x80):
                frame = await raw.frame()
                assert frame.first == expected
                parts.append(frame.payload)
            assert orjson.loads(b"".join(parts))["s"] == "BTCUSDT"

    run(body)


def test_text_that_is_no_json_comes_in_a_sound_frame_and_only_once_where_asked() -> None:
    async def body(client: Client) -> None:
        urls = [f"{spot(client)}/ws/{TICKER}"] * 2
        async with connect(urls[0]) as old, connect(urls[1]) as new:
            await new.frame()
            await arm(client, "text_garbage", params={"text": "NaN, NaN", "most": 1})
            while (frame := await old.frame()).payload != b"NaN, NaN":
                orjson.loads(frame.payload)
            assert frame.first == 0x81
            for _ in range(5):
                orjson.loads((await new.frame()).payload)

    run(body)


def test_a_fin_is_a_close_frame_and_the_end() -> None:
    async def body(client: Client) -> None:
        async with (
            connect(f"{spot(client)}/ws/{TICKER}") as raw,
            connect(f"{usdm(client)}/public/ws/{TICKER}") as other,
        ):
            await raw.frame()
            fault = await arm(client, "fin", params={"code": 4001})
            async with asyncio.timeout(5):
                while (frame := await raw.frame()).opcode != 8:
                    pass
            assert (frame.first, int.from_bytes(frame.payload, "big")) == (0x88, 4001)
            assert await raw.reader.read() == b""  # FIN, no RST
            await shown(client, fault)
            assert (await other.frame()).first == 0x81

    run(body)


def test_a_reset_takes_the_market_it_names_and_at_most_so_many() -> None:
    async def body(client: Client) -> None:
        base = client.bybit_urls["ws_public"]
        topic = "orderbook.50.BTCUSDT"
        async with (
            connect(f"{base}/spot") as spot_one,
            connect(f"{base}/linear") as old,
            connect(f"{base}/linear") as new,
        ):
            for raw in (spot_one, old, new):
                raw.subscribe(topic)
                await raw.frame()
            await arm(
                client, "reset", "bybit", "linear", channel="depth", symbol="BTCUSDT", params={"most": 1}
            )
            with pytest.raises(ConnectionResetError):
                await old.reader.read(-1)
            for raw in (spot_one, new):
                for _ in range(10):
                    assert (await raw.frame()).first == 0x81

    run(body)


def test_half_open_reads_nothing_and_writes_nothing_and_comes_back() -> None:
    async def body(client: Client) -> None:
        async with connect(f"{spot(client)}/ws/{TICKER}") as raw:
            await raw.frame()
            fault = await arm(client, "half_open", params={"duration_ms": 800})
            while not await raw.is_silent(0.1):
                pass
            raw.send(0x89, b"are you there")  # PING
            raw.send(0x81, orjson.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 1}))
            assert await raw.is_silent(0.3)
            # New connections are served meanwhile.
            async with connect(f"{spot(client)}/ws/{TICKER}") as other:
                assert (await other.frame()).first == 0x81
            seen: set[int | bytes] = set()
            async with asyncio.timeout(5):
                while not {0x8A, b'{"result":["btcusdt@bookTicker"],"id":1}'} <= seen:
                    frame = await raw.frame()
                    seen |= {frame.first, frame.payload}
            fault = await shown(client, fault)
            assert fault["ended_ns"] - fault["fired_ns"] >= 800_000_000

    run(body)


@pytest.mark.parametrize("mode", ["closed", "accept", "mute"])
def test_a_refused_port_takes_no_new_connection_and_keeps_the_old_ones(mode: str) -> None:
    async def body(client: Client) -> None:
        url = f"{spot(client)}/ws/{TICKER}"
        async with connect(url) as old:
            fault = await arm(client, "refused", params={"mode": mode, "duration_ms": 700})
            await asyncio.sleep(0.1)
            refusal: Any = {"closed": ConnectionRefusedError, "mute": TimeoutError}
            refusal = refusal.get(mode, (ConnectionResetError, asyncio.IncompleteReadError))
            with pytest.raises(refusal):
                async with asyncio.timeout(0.3), connect(url):
                    pass
            for _ in range(3):
                await old.frame()
            async with connect(f"{usdm(client)}/public/ws/{TICKER}") as other:
                await other.frame()
            await asyncio.sleep(0.7)
            async with connect(url) as new:
                assert (await new.frame()).first == 0x81
            fault = await shown(client, fault)
            assert fault["state"] == "done"
            assert fault["ended_ns"] - fault["fired_ns"] >= 700_000_000

    run(body)


def test_a_handshake_is_answered_503_until_it_is_over() -> None:
    async def body(client: Client) -> None:
        url = client.bybit_urls["ws_public"] + "/spot"
        fault = await arm(client, "handshake_503", "bybit", "", params={"duration_ms": 60_000})
        with pytest.raises(ConnectionError, match="503"):
            async with connect(url):
                pass
        await client.control("DELETE", f"/faults/{fault['id']}")
        async with connect(url):
            pass
        assert (await shown(client, fault))["ended_ns"] is not None

    run(body)


def test_a_shutdown_is_announced_and_then_kept() -> None:
    async def body(client: Client) -> None:
        user = await client.binance_user_stream()
        plain = await client.ws(f"{spot(client)}/ws/{TICKER}")
        combined = await client.ws(f"{spot(client)}/stream?streams={TICKER}")
        fault = await arm(client, "shutdown", params={"lead_ms": 300})
        notice = (await receive_until(plain, lambda event: event.get("e") == "serverShutdown"))[-1]
        assert set(notice) == {"e", "E"}
        events = await receive_until(combined, lambda event: event["stream"] == "!serverShutdown")
        assert events[-1]["data"] == notice
        started = time.monotonic()
        late = await client.ws(f"{spot(client)}/ws/{TICKER}")  # comes after the announcement: stays
        for ws in (plain, combined):
            async with asyncio.timeout(5):
                while not ws.closed:
                    await ws.receive()
            assert ws.close_code == 1001
        assert time.monotonic() - started > 0.2
        await late.receive_json()
        await user.send_json({"id": 1, "method": "ping"})
        assert (await user.receive_json())["status"] == 200
        fault = await shown(client, fault)
        assert fault["ended_ns"] - fault["fired_ns"] >= 300_000_000

    run(body)


def test_a_fault_of_connections_waits_until_there_is_one() -> None:
    async def body(client: Client) -> None:
        fault = await arm(client, "fin", "binance", "usdm")
        assert (fault["state"], fault["fired_ns"]) == ("armed", None)
        ws = await client.ws(f"{usdm(client)}/public/ws/{TICKER}")
        async with asyncio.timeout(5):
            while (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert ws.close_code == 1001

    run(body)
