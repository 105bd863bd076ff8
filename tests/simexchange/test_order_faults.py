"""Faults of order entry over real sockets: each kind on both transports, judged by the order log."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from tests.simexchange.orders import Trader, trader
from tests.simexchange.support import Client, receive_until, run

ALL = pytest.mark.parametrize("who", ["binance-spot", "binance-usdm", "bybit-spot", "bybit-linear"])
WAYS = pytest.mark.parametrize("way", ["rest", "ws"])


def _case(who: str, way: str, body: Any) -> None:
    async def main(client: Client) -> None:
        bybit = client.server.world.bybit
        if (who == "bybit-linear" and bybit.linear is None) or (
            who.startswith("bybit") and way == "ws" and client.bybit_urls["ws_trade"] is None
        ):
            pytest.skip(f"{who} takes no orders by {way} in this simulator")
        async with trader(client, who, way) as one:
            await body(one)

    run(main)


@ALL
@WAYS
def test_a_swallowed_order_is_never_accepted_and_never_answered(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        fault = await one.fault("order_before", op="place")
        assert await one.place("a1") is None
        assert one.is_connected
        assert await one.log("a1") == []
        assert not await one.is_known("a1")
        fault = await one.client.control("GET", f"/faults/{fault['id']}")
        assert fault["state"] == "done"
        assert fault["client_ids"] == ["a1"]
        assert fault["fired_ns"] <= time.monotonic_ns()

    _case(who, way, body)


@ALL
@WAYS
@pytest.mark.parametrize("answer", ["none", "reset", "close", "half", "error"])
def test_an_order_whose_answer_is_lost_is_accepted(who: str, way: str, answer: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("order_after", op="place", params={"answer": answer})
        got = await one.place("a1")
        if answer == "error":
            assert got is not None
            assert one.outcome(got) == "unknown"
        else:
            assert got is None
            assert one.is_connected == (answer == "none")
        (entry,) = await one.log("a1")
        assert entry["status"] == "filled"
        assert entry["transport"] == way
        assert entry["market"] == one.market
        assert await one.is_known("a1")

    _case(who, way, body)


@ALL
@WAYS
@pytest.mark.parametrize("is_accepted", [False, True])
def test_any_code_is_answered_on_demand(who: str, way: str, is_accepted: bool) -> None:
    async def body(one: Trader) -> None:
        params = {"code": 170007 if one.venue == "bybit" else -1007, "message": "as you like", "status": 408}
        await one.fault("order_error", op="place", params=params | {"accepted": is_accepted})
        got = await one.place("a1")
        assert got is not None
        assert one.code(got) == params["code"]
        assert one.message(got) == "as you like"
        assert one.status(got) in (408, 0)
        assert len(await one.log("a1")) == is_accepted

    _case(who, way, body)


@ALL
@WAYS
def test_a_late_order_is_accepted_after_its_time_window_was_over(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("order_late", op="place", params={"delay_ms": 400, "answer": "reset"})
        assert await one.place("a1", window_ms=100) is None
        assert not one.is_connected
        assert not await one.is_known("a1")
        await asyncio.sleep(0.5)
        (entry,) = await one.log("a1")
        assert entry["status"] == "filled"
        assert await one.is_known("a1")

    _case(who, way, body)


@ALL
@WAYS
def test_the_answer_to_a_late_order_comes_late(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("order_late", op="place", params={"delay_ms": 150})
        begun = time.monotonic()
        got = await one.place("a1", window_ms=50)
        assert got is not None
        assert time.monotonic() - begun >= 0.15
        assert one.code(got) == 0
        (entry,) = await one.log("a1")
        assert entry["recv_ns"] < (begun + 0.1) * 1e9

    _case(who, way, body)


@ALL
@WAYS
def test_a_partly_matched_order_ends_with_what_it_got(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("order_partial", params={"fraction": 0.5})
        assert one.code(await one.place("a1")) == 0
        (entry,) = await one.log("a1")
        assert entry["status"] == "expired"
        assert 0 < float(entry["filled"]) <= float(entry["qty"]) / 2
        assert one.code(await one.place("a2")) == 0
        assert (await one.log("a2"))[0]["status"] == "filled"

    _case(who, way, body)


@ALL
@WAYS
def test_queries_find_an_accepted_order_only_after_the_index_lag(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("index_lag", params={"duration_ms": 300})
        assert one.code(await one.place("a1")) == 0
        assert not await one.is_known("a1")
        assert not await one.has_fills()
        await asyncio.sleep(0.35)
        assert await one.is_known("a1")
        assert await one.has_fills()

    _case(who, way, body)


@ALL
@WAYS
def test_a_limited_request_says_until_when(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("rate_limited", op="place", params={"status": 429, "retry_after_s": 3})
        got = await one.place("a1")
        assert got is not None
        assert one.code(got) == (10006 if one.venue == "bybit" else -1003)
        assert one.retry_after_s(got) == pytest.approx(3, abs=1)
        assert await one.log("a1") == []

    _case(who, way, body)


@ALL
@WAYS
def test_a_fault_of_one_transport_leaves_the_other_alone(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        other = "ws" if way == "rest" else "rest"
        await one.fault("order_before", op="place", transport=other)
        assert one.code(await one.place("a1")) == 0

    _case(who, way, body)


@ALL
@WAYS
def test_a_cancel_whose_answer_is_lost_is_carried_out(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        assert one.code(await one.rest_order("a1")) == 0
        await one.fault("order_after", op="cancel", params={"answer": "none"})
        assert await one.cancel("a1") is None
        entries = await one.log("a1")
        assert [entry["op"] for entry in entries] == ["place", "cancel"]
        assert entries[0]["status"] == "canceled"

    _case(who, way, body)


@pytest.mark.parametrize("who", ["binance-spot", "binance-usdm", "bybit-spot", "bybit-linear"])
def test_maintenance_answers_pages_and_closes_and_refuses_connections(who: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("maintenance", params={"duration_ms": 400})
        assert (await one.socket.receive()).type is aiohttp.WSMsgType.CLOSE
        status, text = await one.raw_rest()
        assert status == 503
        assert text.startswith("<html>")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await one.connect()
        await asyncio.sleep(0.45)
        await one.connect()
        assert one.code(await one.place("a1")) == 0

    _case(who, "ws", body)


@ALL
@WAYS
def test_a_skewed_clock_refuses_what_is_outside_its_window(who: str, way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("clock_skew", params={"offset_ms": 3_000, "duration_ms": 300})
        got = await one.place("a1", window_ms=1_000)
        assert got is not None
        assert one.code(got) == (10002 if one.venue == "bybit" else -1021)
        await asyncio.sleep(0.35)
        assert one.code(await one.place("a2", window_ms=1_000)) == 0

    _case(who, way, body)


def test_an_ended_logon_is_told_and_orders_then_need_a_signature() -> None:
    async def main(client: Client) -> None:
        async with trader(client, "binance-spot", "ws") as one:
            await one.logon()
            await one.fault("logon_ended")
            told = json.loads((await one.socket.receive()).data)
            assert told["status"] == 401
            assert told["error"]["code"] == -2015
            got = await one.send_ws("order.status", {"symbol": "BTCUSDT", "timestamp": one.now_ms()})
            assert got is not None
            assert got["status"] != 200

    run(main)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "order_before", "op": "wait"}, "op: must be one of"),
        ({"kind": "order_partial", "op": "cancel"}, "op: order_partial acts on place only"),
        ({"kind": "maintenance", "transport": "ws"}, "transport: maintenance acts on all requests alike"),
        ({"kind": "drop", "transport": "ws"}, "transport: drop does not act on requests"),
        ({"kind": "order_after", "channel": "depth"}, "channel: order_after acts on requests"),
        ({"kind": "order_after", "params": {"answer": "loud"}}, "params.answer: must be one of"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_field(body: dict[str, Any], words: str) -> None:
    async def main(client: Client) -> None:
        answer = await client.control("POST", "/faults", body)
        assert words in answer["error"]

    run(main)


def test_an_expired_listen_key_is_told_on_its_stream() -> None:
    async def main(client: Client) -> None:
        rest = client.endpoints["venues"]["binance"]["usdm"]
        headers = {"X-MBX-APIKEY": client.key}
        _, made = await client.send("POST", rest["rest"] + "/fapi/v1/listenKey", headers)
        stream = await client.ws(f"{rest['ws']}/private/ws/{made['listenKey']}")
        await client.control("POST", "/faults", {"kind": "listen_key_expired"})
        (event,) = await receive_until(stream, lambda event: event["e"] == "listenKeyExpired")
        assert event["listenKey"] == made["listenKey"]
        status, body = await client.send("PUT", rest["rest"] + "/fapi/v1/listenKey", headers)
        assert (status, body["code"]) == (400, -1125)

    run(main)


@WAYS
def test_a_fault_of_one_client_id_leaves_the_others_alone_and_adds_to_others(way: str) -> None:
    async def body(one: Trader) -> None:
        await one.fault("order_after", op="place", client_id="b", params={"answer": "none"})
        await one.fault("order_partial", client_id="b", params={"fraction": 0.5})
        await one.fault("index_lag", client_id="b", params={"duration_ms": 900})
        assert one.code(await one.place("a1")) == 0
        assert await one.place("b1") is None
        (entry,) = await one.log("b1")
        assert entry["status"] == "expired"
        assert not await one.is_known("b1")
        assert await one.is_known("a1")
        await asyncio.sleep(0.8)
        assert await one.is_known("b1")

    _case("binance-spot", way, body)
