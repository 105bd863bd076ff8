"""Faults of stream messages, seen by a client of each market over real sockets."""

import asyncio
import json
import time
from itertools import pairwise
from typing import Any

import pytest

from arb.simexchange.faults import Faults, FaultState
from arb.simexchange.messages import PUBLIC, Message
from arb.simexchange.stream_faults import StreamFaults
from tests.simexchange.follow import MARKETS, Follower
from tests.simexchange.support import START, Client, receive_until, run

each_market = pytest.mark.parametrize(("venue", "market"), MARKETS)


async def arm(client: Client, venue: str, market: str, kind: str, **more: Any) -> Any:
    body = {"venue": venue, "market": market, "symbol": "BTCUSDT", "kind": kind, **more}
    fault = await client.control("POST", "/faults", body)
    assert fault.get("error") is None, fault
    return fault


async def shown(client: Client, fault: Any) -> Any:
    """The fault as it is now; it has acted, and when is stamped on this machine's monotonic clock."""
    fault = await client.control("GET", f"/faults/{fault['id']}")
    assert fault["at_ns"] <= fault["fired_ns"] <= time.monotonic_ns()
    return fault


@each_market
@pytest.mark.parametrize("kind", ["gap", "drop"])
def test_a_dropped_update_breaks_the_chain_of_its_book_alone(venue: str, market: str, kind: str) -> None:
    async def body(client: Client) -> None:
        hit = await Follower(client, venue, market).open()
        other = await Follower(client, venue, market, "ETHUSDT").open()
        rest = [await Follower(client, *place).open() for place in MARKETS if place != (venue, market)]
        fault = await arm(client, venue, market, kind, channel="depth")
        for follower, breaks in ((hit, 1), *((one, 0) for one in (other, *rest))):
            before, broken = follower.last, 0
            # Enough to be past what had come before the fault.
            for event in await follower.some(60 if follower.venue == "bybit" else 12):
                broken += not follower.continues(before, event)
                before = event
            assert broken == breaks
            assert breaks or follower.is_the_servers()
        assert (await shown(client, fault))["state"] == "done"

    run(body)


@each_market
def test_reorder_swaps_two_consecutive_updates(venue: str, market: str) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, venue, market).open()
        fault = await arm(client, venue, market, "reorder")
        events = await follower.some(8)
        ids = [event["u"] for event in events]
        swaps = [n for n in range(len(ids) - 1) if ids[n] > ids[n + 1]]
        assert len(swaps) == 1
        at = swaps[0]
        events[at], events[at + 1] = events[at + 1], events[at]
        assert all(follower.continues(a, b) for a, b in pairwise(events))
        await shown(client, fault)

    run(body)


@each_market
def test_a_duplicate_is_the_same_update_again(venue: str, market: str) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, venue, market).open()
        await arm(client, venue, market, "duplicate", channel="depth")
        events = await follower.some(6)
        assert sum(a == b for a, b in pairwise(events)) == 1

    run(body)


@each_market
@pytest.mark.parametrize("label", ["NOSUCHUSDT", "ETHUSDT"])
@pytest.mark.parametrize("keep_stream", [True, False])
def test_an_update_of_another_symbol_comes_on_top(
    venue: str, market: str, label: str, keep_stream: bool
) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, venue, market).open()
        own = follower.last["stream"]
        params = {"as_symbol": label, "keep_stream": keep_stream}
        fault = await arm(client, venue, market, "wrong_symbol", params=params)
        events = [follower.last, *await follower.some(6)]
        wrong = [event for event in events if event["s"] != "BTCUSDT"]
        good = [event for event in events if event["s"] == "BTCUSDT"]
        assert [event["s"] for event in wrong] == [label]
        assert (wrong[0]["stream"] == own) is keep_stream
        assert label.lower() in wrong[0]["stream"].lower() or keep_stream
        # The chain of the real one is whole, and the ids fit: whoever looks at ids only would apply it.
        assert all(follower.continues(a, b) for a, b in pairwise(good))
        assert follower.continues(events[events.index(wrong[0]) - 1], wrong[0])
        assert follower.is_the_servers()
        # Applied it would show: its prices cross the book.
        assert float(wrong[0]["a"][0][0]) < float(max(follower.bids))
        await shown(client, fault)

    run(body)


@each_market
@pytest.mark.parametrize("ticks", [0, 3])
def test_a_crossed_update_is_healed_by_a_later_one(venue: str, market: str, ticks: int) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, venue, market).open()
        params = {"duration_ms": 150, "ticks": ticks}
        fault = await arm(client, venue, market, "crossed", params=params)
        before = follower.last
        async with asyncio.timeout(5):
            while not follower.crossed:
                event = await follower.next()
                assert follower.continues(before, event)  # nothing but the prices is wrong
                before = event
            while (await client.control("GET", f"/faults/{fault['id']}"))["state"] != "done":
                event = await follower.next()
                assert follower.continues(before, event)
                before = event
        events = await follower.some(2)
        assert follower.continues(before, events[0])
        assert not follower.crossed
        assert follower.is_the_servers()
        fault = await shown(client, fault)
        assert fault["ended_ns"] - fault["fired_ns"] >= 150_000_000

    run(body)


@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_a_rest_snapshot_from_some_steps_ago(market: str) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, "binance", market).open()
        await asyncio.sleep(0.6)
        fault = await arm(client, "binance", market, "old_snapshot", count=2, params={"steps": 50})
        path = {"spot": "/api/v3/depth", "usdm": "/fapi/v1/depth"}[market]
        url = f"{path}?symbol=BTCUSDT&limit=500"
        _, other = await client.binance_public(f"{path}?symbol=ETHUSDT&limit=5")
        ages = []
        for _ in range(3):
            now_id = follower.book.last_id
            _, old = await client.binance_public(url)
            ages.append(now_id - old["lastUpdateId"])
            bids, asks = follower.book.at(old["lastUpdateId"], 500)
            assert [float(row[0]) for row in old["bids"]] == [float(price) for price in bids]
            assert [float(row[1]) for row in old["asks"]] == [float(qty) for qty in asks.values()]
        # Half a second of changes, twice; then the present again.
        assert ages[0] > 30
        assert ages[1] > 30
        assert ages[2] <= 0
        assert len((await shown(client, fault))["fired"]) == 2
        assert other["bids"]

    run(body)


@pytest.mark.parametrize("market", ["spot", "linear"])
def test_an_old_snapshot_in_mid_stream_on_bybit(market: str) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, "bybit", market).open()
        sent = {(event["u"], event["seq"]) for event in [follower.last, *await follower.some(15)]}
        seen = follower.last
        fault = await arm(client, "bybit", market, "old_snapshot", params={"steps": 20, "where": "stream"})
        async with asyncio.timeout(5):
            while (await follower.next())["type"] != "snapshot":
                seen = follower.last
                sent.add((seen["u"], seen["seq"]))
        assert follower.last["u"] < seen["u"]
        assert (follower.last["u"], follower.last["seq"]) in sent
        assert follower.is_the_servers()  # as it was then
        event = await follower.next()
        assert event["type"] == "delta"
        assert event["u"] == seen["u"] + 1
        await shown(client, fault)

    run(body)


def test_an_old_snapshot_on_subscribing_and_on_rest_at_bybit() -> None:
    async def body(client: Client) -> None:
        await asyncio.sleep(0.7)
        await arm(client, "bybit", "linear", "old_snapshot", params={"steps": 50, "where": "subscribe"})
        follower = Follower(client, "bybit", "linear")
        await follower.open()
        first = follower.last
        assert first["seq"] < follower.book.id_ago(45)
        assert follower.is_the_servers()
        assert not follower.continues(first, await follower.next())
        await arm(client, "bybit", "linear", "old_snapshot", params={"steps": 50, "where": "rest"})
        path = "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50"
        old = (await client.bybit_public(path))["result"]
        new = (await client.bybit_public(path))["result"]
        assert (old["seq"], old["u"]) < (new["seq"], new["u"])

    run(body)


@pytest.mark.parametrize("market", ["spot", "linear"])
def test_a_restart_of_bybit_begins_at_one_again(market: str) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, "bybit", market).open()
        await follower.some(3)
        fault = await arm(client, "bybit", market, "restart")
        async with asyncio.timeout(5):
            while (await follower.next())["u"] != 1:
                assert follower.last["type"] == "delta"
        assert follower.last["type"] == "snapshot"
        assert follower.is_the_servers()
        assert [event["u"] for event in await follower.some(3)] == [2, 3, 4]
        assert follower.is_the_servers()
        await shown(client, fault)

    run(body)


@each_market
def test_a_stall_keeps_everything_and_a_silence_loses_it(venue: str, market: str) -> None:
    async def body(client: Client) -> None:
        follower = await Follower(client, venue, market).open()
        for kind, whole in (("stall", True), ("silence", False)):
            fault = await arm(client, venue, market, kind, params={"duration_ms": 400})
            before, gaps, longest = follower.last, 0, 0.0
            for _ in range(40 if venue == "bybit" else 8):
                started = time.monotonic()
                event = await follower.next()
                longest = max(longest, time.monotonic() - started)
                gaps += not follower.continues(before, event)
                before = event
            assert longest > 0.3
            assert gaps == (0 if whole else 1)
            assert follower.is_the_servers() or not whole
            fault = await shown(client, fault)
            assert fault["ended_ns"] - fault["fired_ns"] >= 400_000_000

    run(body)


def test_a_fault_with_nothing_to_do_leaves_a_message_to_the_next_one() -> None:
    faults = Faults()
    stream = StreamFaults(faults)
    message = Message("binance", "spot", PUBLIC, "depth", "BTCUSDT", "stream", b"{}")
    waits = faults.add({"kind": "old_snapshot", "venue": "binance"}, START)
    acts = faults.add({"kind": "gap", "venue": "binance"}, START)
    assert not stream.filter([message], START)
    assert (waits.state, acts.state) == (FaultState.ARMED, FaultState.DONE)


@each_market
def test_a_best_price_can_carry_a_wrong_symbol_too(venue: str, market: str) -> None:
    async def body(client: Client) -> None:
        if venue == "bybit":
            ws = await client.ws(client.bybit_urls["ws_public"] + f"/{market}")
            await ws.send_json({"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]})
        else:
            base = client.endpoints["venues"]["binance"][market]["ws"]
            ws = await client.ws(base + ("" if market == "spot" else "/public") + "/ws/btcusdt@bookTicker")
        await arm(client, venue, market, "wrong_symbol", channel="ticker")
        events = await receive_until(ws, lambda event: event.get("data", event).get("s") == "NOSUCHUSDT")
        wrong, right = events[-1], await ws.receive_json(timeout=5)
        assert right.get("data", right)["s"] == "BTCUSDT"
        assert wrong.get("data", wrong)["u"] == right.get("data", right)["u"]

    run(body)


def test_held_messages_leave_when_their_fault_is_ended_early() -> None:
    faults = Faults()
    stream = StreamFaults(faults)
    one, two = (
        Message("binance", "spot", PUBLIC, "depth", "BTCUSDT", "stream", text) for text in (b"1", b"2")
    )
    fault = faults.add({"kind": "reorder"}, START)
    assert not stream.filter([one], START)
    assert faults.end(fault.fault_id, START) is fault
    assert fault.state is FaultState.DONE
    assert stream.filter([two], START) == [one, two]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "explode"}, "kind: must be one of drop, "),
        ({}, "kind: must be one of"),
        ([], "JSON object"),
        ({"kind": "reset", "when": 1}, "when: unknown field"),
        ({"kind": "reset", "after": "soon"}, "after: must be a number"),
        ({"kind": "reset", "at": 1.5}, "at: must be an integer"),
        ({"kind": "reset", "count": 0}, "count: must be an integer"),
        ({"kind": "gap", "params": {"duration_ms": 5}}, "params.duration_ms: unknown parameter"),
        ({"kind": "gap", "params": []}, "params: must be an object"),
        ({"kind": "silence", "params": {"duration_ms": -1}}, "params.duration_ms: must be a number from 0"),
        ({"kind": "silence", "params": {"duration_ms": True}}, "params.duration_ms: must be a number"),
        ({"kind": "refused", "params": {"mode": "gone"}}, "params.mode: must be one of closed, accept, mute"),
        ({"kind": "wrong_symbol", "params": {"keep_stream": 1}}, "params.keep_stream: must be true or false"),
        ({"kind": "text_garbage", "params": {"text": 1}}, "params.text: must be a string"),
        ({"kind": "crossed", "channel": "trade"}, "channel: crossed acts on depth only"),
        ({"kind": "restart", "venue": "binance"}, "venue: restart is of bybit only"),
        ({"kind": "shutdown", "market": "usdm"}, "market: shutdown is of spot only"),
        ({"kind": "gap", "venue": "bybit", "market": "usdm"}, "market: bybit has no market usdm"),
        ({"kind": "gap", "venue": "kraken"}, "venue: must be one of binance, bybit"),
        ({"kind": "gap", "channel": "deep"}, "channel: must be one of"),
        ({"kind": "gap", "symbol": "DOGEUSDT"}, "symbol: must be one of BTCUSDT, ETHUSDT"),
    ],
)
def test_what_makes_no_sense_is_400_with_one_clear_sentence(fault: Any, words: str) -> None:
    async def body(client: Client) -> None:
        url = client.endpoints["control"] + "/faults"
        status, answer = await client.send("POST", url, body=json.dumps(fault).encode())
        assert status == 400
        assert words in answer["error"]
        assert "\n" not in answer["error"]
        assert await client.control("GET", "/faults") == []

    run(body)


def test_the_kinds_are_listed_with_layer_and_parameters() -> None:
    async def body(client: Client) -> None:
        kinds = await client.control("GET", "/faults/kinds")
        layers: dict[str, set[str]] = {}
        for name, kind in kinds.items():
            layers.setdefault(kind["layer"], set()).add(name)
            assert kind["meaning"]
            # What is listed as default is accepted.
            fault = {"kind": name, "params": {key: row["default"] for key, row in kind["params"].items()}}
            answer = await client.control("POST", "/faults", fault | {"after": 1000})
            assert answer["params"] == fault["params"]
            assert answer["layer"] == kind["layer"]
        stream = {"drop", "gap", "duplicate", "reorder", "delay", "stall", "silence", "wrong_symbol"}
        assert layers["stream"] == stream | {"crossed", "old_snapshot", "restart"}
        damaged = {"garbage", "truncated", "oversized", "compressed", "fragmented", "text_garbage"}
        assert layers["bytes"] == damaged
        assert layers["socket"] == {"reset", "fin", "half_open", "refused", "handshake_503", "shutdown"}
        assert kinds["oversized"]["params"]["declared_bytes"]["default"] == 64 << 20

    run(body)
