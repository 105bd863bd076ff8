"""The life of connections: closed at an age, and windows cut at different ids on each."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from arb.simexchange.spec import WorldSpec
from tests.simexchange.follow import MARKETS, Follower
from tests.simexchange.support import CALM, Client, run


def test_market_connections_are_closed_at_their_age_and_no_others() -> None:
    async def body(client: Client) -> None:
        user = await client.binance_user_stream()
        started = time.monotonic()
        followers = [await Follower(client, *place).open() for place in MARKETS]
        for follower in followers:
            ended = None
            async with asyncio.timeout(5):
                while ended is None:
                    message = await follower.ws.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        ended = time.monotonic() - started
            assert follower.ws.close_code == 1001
            assert 0.7 < ended < 2.5
        await user.send_json({"id": 1, "method": "ping"})
        assert (await user.receive_json())["status"] == 200

    run(body, WorldSpec(seed=3, market=CALM, connection_life_s=0.8))


@pytest.mark.parametrize(("venue", "market"), MARKETS)
def test_each_connection_cuts_its_windows_at_ids_of_its_own(venue: str, market: str) -> None:
    async def body(client: Client) -> None:
        followers = [await Follower(client, venue, market).open() for _ in range(3)]
        ids: list[set[int]] = []
        for follower in followers:
            before, seen = follower.last, set()
            for event in await follower.some(12):
                assert follower.continues(before, event)
                assert follower.is_the_servers()
                seen.add(event["u"])
                before = event
            ids.append(seen)
        # A late tick of the simulator may end two windows at one id; with a common raster all of them are.
        assert len(ids[0] & ids[1]) < 6
        assert len(ids[1] & ids[2]) < 6
        # A rotation: the last one opens again, the book is the same one.
        await followers[0].ws.close()
        again = await Follower(client, venue, market).open()
        await again.some(5)
        assert again.is_the_servers()

    run(body, WorldSpec(seed=3, market=CALM, window_cuts=5))


@pytest.mark.parametrize(("venue", "market"), MARKETS)
def test_without_cuts_of_their_own_all_connections_see_the_same_ids(venue: str, market: str) -> None:
    async def body(client: Client) -> None:
        one, two = [await Follower(client, venue, market).open() for _ in range(2)]
        count = 30 if venue == "bybit" else 6
        ids: list[Any] = [{event["u"] for event in await who.some(count)} for who in (one, two)]
        assert len(ids[0] & ids[1]) > count // 2

    run(body)


def test_what_a_cut_needed_is_dropped_with_its_last_reader() -> None:
    async def body(client: Client) -> None:
        world = client.server.world
        binance, bybit = world.binance.feeds["usdm"], world.bybit.feeds["linear"]
        before = len(world.binance.books["usdm"]["BTCUSDT"]._pending), len(bybit._topics)
        for venue, market in (("binance", "usdm"), ("bybit", "linear")):
            followers = [await Follower(client, venue, market).open() for _ in range(3)]
            for follower in followers:
                await follower.ws.close()
        await asyncio.sleep(0.3)
        assert not binance._cut
        assert (len(world.binance.books["usdm"]["BTCUSDT"]._pending), len(bybit._topics)) == before

    run(body, WorldSpec(seed=3, market=CALM, window_cuts=4))
