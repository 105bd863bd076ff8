"""Topics are spread over connections: each exactly once, a symbol on one connection, no limit exceeded."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.venues.base import VenueError
from arb.venues.binance import markets as binance
from arb.venues.binance.streams import BinanceDialect
from arb.venues.bybit import markets as bybit
from arb.venues.bybit.streams import BybitDialect
from arb.venues.sharding import ConnectionLimits, Shard, shards

MARKETS = {
    "binance_spot": (binance.SPOT.limits, BinanceDialect(4)),
    "binance_usdm": (binance.USDM.limits, BinanceDialect(9)),
    "bybit_spot": (bybit.SPOT.limits, BybitDialect()),
    "bybit_linear": (bybit.LINEAR.limits, BybitDialect()),
}


def two_topics(count: int) -> dict[str, tuple[str, ...]]:
    return {f"C{i}/USDT": (f"c{i}usdt@depth@100ms", f"c{i}usdt@bookTicker") for i in range(count)}


def all_topics(shard: Shard) -> list[str]:
    return [*shard.in_url, *(topic for batch in shard.batches for topic in batch)]


def assert_whole(parts: list[Shard], topics: dict[str, tuple[str, ...]]) -> None:
    assert [symbol for part in parts for symbol in part.topics] == list(topics)
    for part in parts:
        assert all_topics(part) == [topic for symbol in part.topics for topic in topics[symbol]]


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("count", [1, 30, 600, 1_500])
def test_no_venue_limit_is_exceeded(market: str, count: int) -> None:
    limits, dialect = MARKETS[market]
    topics = two_topics(count)
    parts = shards(topics, limits)
    assert_whole(parts, topics)
    for part in parts:
        frames = [dialect.subscribe(at, batch) for at, batch in enumerate(part.batches, 1)]
        assert len("/".join(part.in_url)) <= 4_000
        if market.startswith("binance"):
            assert len(all_topics(part)) <= 1_024
            # All of them leave at once, and a PONG may be due in the same second.
            assert len(frames) < (5 if market == "binance_spot" else 10)
            assert all(len(frame) < 4_096 for frame in frames)
        else:
            assert part.in_url == []
            assert sum(len(orjson.dumps(orjson.loads(frame)["args"])) for frame in frames) <= 21_000
            if market == "bybit_spot":
                assert all(len(batch) <= 10 for batch in part.batches)


def test_few_symbols_share_one_connection_and_need_no_frame_on_binance() -> None:
    [part] = shards(two_topics(20), binance.SPOT.limits)
    assert len(part.in_url) == 40
    assert part.batches == []


def test_no_symbol_is_an_error() -> None:
    with pytest.raises(VenueError, match="none to subscribe"):
        shards({}, bybit.SPOT.limits)


def test_a_symbol_that_no_connection_can_hold_is_named() -> None:
    with pytest.raises(VenueError, match="B/USDT: its topics alone"):
        shards({"A/USDT": ("a",), "B/USDT": ("a", "b", "c")}, ConnectionLimits(topics=2))


@given(
    sizes=st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=3), min_size=1, max_size=40),
    topics=st.integers(3, 12),
    chars=st.integers(150, 400),
    url_chars=st.sampled_from([0, 40, 90]),
    frames=st.integers(3, 6),
    per_frame=st.integers(1, 5),
    frame_bytes=st.integers(100, 200),
)
def test_any_limits_hold(
    sizes: list[list[int]],
    topics: int,
    chars: int,
    url_chars: int,
    frames: int,
    per_frame: int,
    frame_bytes: int,
) -> None:
    wanted = {f"S{i}": tuple("x" * size for size in own) for i, own in enumerate(sizes)}
    limits = ConnectionLimits(topics, chars, url_chars, frames, per_frame, frame_bytes)
    parts = shards(wanted, limits)
    assert_whole(parts, wanted)
    for part in parts:
        together = all_topics(part)
        assert len(together) <= topics
        assert sum(len(topic) + 3 for topic in together) <= chars
        assert sum(len(topic) + 1 for topic in part.in_url) <= url_chars
        assert len(part.batches) <= frames
        for number, batch in enumerate(part.batches, 1):
            assert len(batch) <= per_frame
            assert len(BybitDialect().subscribe(number, batch)) <= frame_bytes
