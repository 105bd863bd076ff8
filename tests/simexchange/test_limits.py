"""Request weight: counted per market and IP, 429 over the limit, 418 for who goes on, settable for tests."""

from typing import Any

import pytest

from arb.simexchange.instant import Instant
from arb.simexchange.weights import Weights
from tests.simexchange.support import START, Client, run


async def get(client: Client, path: str) -> tuple[int, Any, dict[str, str]]:
    async with client.session.get(client.binance_urls["rest"] + path) as answer:
        return answer.status, await answer.json(), dict(answer.headers)


@pytest.mark.parametrize(
    ("path", "costs"),
    [
        ("/api/v3/depth", {5: 5, 100: 5, 500: 25, 1000: 50, 5000: 250}),
        ("/fapi/v1/depth", {5: 2, 50: 2, 100: 5, 500: 10, 1000: 20}),
    ],
)
def test_depth_costs_by_its_limit_and_the_header_says_what_is_used(path: str, costs: dict[int, int]) -> None:
    async def body(client: Client) -> None:
        used = 0
        for limit, cost in costs.items():
            status, _, headers = await get(client, f"{path}?symbol=BTCUSDT&limit={limit}")
            assert status == 200
            # A new minute may begin between two requests.
            assert int(headers["X-MBX-USED-WEIGHT-1M"]) in (used + cost, cost)
            used = int(headers["X-MBX-USED-WEIGHT-1M"])

    run(body)


@pytest.mark.parametrize(("market", "path"), [("spot", "/api/v3/depth"), ("usdm", "/fapi/v1/depth")])
def test_over_the_limit_429_and_then_418_until_the_stated_time(market: str, path: str) -> None:
    async def body(client: Client) -> None:
        rules = {"venue": "binance", "market": market, "limit": 60, "ban_after": 2, "ban_seconds": 1}
        assert (await client.control("POST", "/limits", rules))["limit"] == 60
        url = f"{path}?symbol=BTCUSDT&limit=1000"
        statuses = []
        last: tuple[int, Any, dict[str, str]] = (0, None, {})
        while last[0] != 418:
            last = await get(client, url)
            statuses.append(last[0])
            assert len(statuses) < 20
            if last[0] == 429:
                assert last[1]["code"] == -1003
                assert 1 <= int(last[2]["Retry-After"]) <= 60
                assert int(last[2]["X-MBX-USED-WEIGHT-1M"]) > 60
        assert statuses.count(429) == 2
        assert "IP banned until" in last[1]["msg"]
        assert last[2]["Retry-After"] == "1"
        # The other market counts for itself.
        other = {"spot": "/fapi/v1/ping", "usdm": "/api/v3/ping"}[market]
        assert (await get(client, other))[0] == 200
        limits = (await client.control("GET", "/limits"))["binance"][market]
        assert limits["refused"] == 3
        assert limits["banned"] == ["127.0.0.1"]
        await client.control("POST", "/limits", {"venue": "binance", "market": market, "forgive": True})
        assert (await get(client, url))[0] == 200

    run(body)


def test_a_ban_ends_by_itself_and_is_of_one_ip() -> None:
    weights = Weights(10)
    weights.ban_after, weights.ban_seconds = 0, 2
    assert weights.take("127.0.0.1", 10, START) is None
    refusal = weights.take("127.0.0.1", 1, START)
    assert refusal is not None
    assert (refusal.status, refusal.headers["Retry-After"]) == (418, "2")
    assert weights.take("127.0.0.2", 10, START) is None
    minute = 60_000_000_000
    later = Instant(START.mono_ns + minute, START.unix_ns + minute)
    assert weights.take("127.0.0.1", 10, later) is None


def test_exchange_info_tells_the_limit_that_is_set() -> None:
    async def body(client: Client) -> None:
        for market, path in (("spot", "/api/v3/exchangeInfo"), ("usdm", "/fapi/v1/exchangeInfo")):
            await client.control("POST", "/limits", {"venue": "binance", "market": market, "limit": 777})
            assert (await get(client, path))[1]["rateLimits"][0]["limit"] == 777

    run(body)


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ({"venue": "okx"}, "venue"),
        ({"venue": "binance", "market": "linear"}, "market"),
        ({"venue": "binance", "limit": -1}, "limit"),
        ({"venue": "binance", "most": 1}, "most"),
    ],
)
def test_limits_that_make_no_sense_are_refused(rules: dict[str, Any], word: str) -> None:
    async def body(client: Client) -> None:
        assert word in (await client.control("POST", "/limits", rules))["error"]

    run(body)
