"""The generated market: the same for the same seed, as lively as promised, and never crossed in itself."""

import gzip
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from arb.simexchange.instant import Instant
from arb.simexchange.ladder import BID
from arb.simexchange.market import HASHED_STEPS, Market
from arb.simexchange.path import RecordingError, load_paths
from arb.simexchange.spec import (
    BINANCE,
    BYBIT,
    PERPETUAL_LISTINGS,
    SPOT,
    SPOT_LISTINGS,
    MarketSpec,
    WorldSpec,
)
from arb.simexchange.world import World
from tests.simexchange.support import START

RECORDING = Path(__file__).resolve().parents[2] / "../shared/data/spot_btcusdt_20240808.gz"


def test_the_same_seed_gives_the_same_market_step_by_step() -> None:
    one, two = (Market(11, SPOT_LISTINGS, MarketSpec()) for _ in range(2))
    for _ in range(HASHED_STEPS):
        assert one.step() == two.step()
    assert one.market_hash == two.market_hash


def test_another_seed_gives_another_market() -> None:
    hashes = set()
    for seed in range(3):
        market = Market(seed, SPOT_LISTINGS, MarketSpec())
        for _ in range(HASHED_STEPS):
            market.step()
        hashes.add(market.market_hash)
    assert len(hashes) == 3


def test_the_hash_stands_still_after_its_steps() -> None:
    market = Market(1, SPOT_LISTINGS, MarketSpec())
    for _ in range(HASHED_STEPS):
        market.step()
    frozen = market.market_hash
    market.step()
    assert market.market_hash == frozen


def test_trading_does_not_change_the_market() -> None:
    worlds = [World(WorldSpec(seed=5), START) for _ in range(2)]
    worlds[0].binance.books[SPOT]["BTCUSDT"].set(False, worlds[0].marks()["BTC"], worlds[0].marks()["USDT"])
    for step in range(1, 60):
        now = START.plus(step * 10_000_000)
        for world in worlds:
            world.advance(now)
    assert worlds[0].market_facts() == worlds[1].market_facts()


def crosses(world: World, base: str) -> tuple[float, float]:
    """Edge in bp of buying on Binance, and of buying on Bybit."""
    one, two = (world.venues[name].books[SPOT][f"{base}USDT"] for name in (BINANCE, BYBIT))
    tops = [(book.best(True), book.best(False)) for book in (one, two)]
    (bid1, ask1), (bid2, ask2) = tops
    assert bid1
    assert ask1
    assert bid2
    assert ask2
    assert bid1[0] < ask1[0]
    assert bid2[0] < ask2[0]
    return float(bid2[0] / ask1[0] - 1) * 1e4, float(bid1[0] / ask2[0] - 1) * 1e4


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_crosses_are_as_frequent_wide_long_and_alternating_as_promised(seed: int) -> None:
    """D20: at least 3 a second in all, 25 to 60 bp, 150 to 400 ms."""
    world = World(WorldSpec(seed=seed), START)
    runs: dict[str, list[tuple[int, int, float]]] = {"BTC": [], "ETH": []}  # (direction, steps, most bp)
    seconds = 30
    for step in range(1, seconds * 100):
        world.advance(START.plus(step * 10_000_000))
        for base, found in runs.items():
            forth, back = crosses(world, base)
            direction = 1 if forth > 20 else -1 if back > 20 else 0
            if found and found[-1][0] == direction:
                found[-1] = (direction, found[-1][1] + 1, max(found[-1][2], forth, back))
            else:
                found.append((direction, 1, max(forth, back)))
    crossed = [run for found in runs.values() for run in found[1:-1] if run[0]]
    assert len(crossed) >= 3 * seconds
    assert all(25 <= widest <= 62 for _, _, widest in crossed)
    assert all(15 <= steps <= 41 for _, steps, _ in crossed)
    for found in runs.values():
        directions = [direction for direction, _, _ in found if direction]
        assert all(one == -two for one, two in pairwise(directions))


def test_a_cross_has_size_for_several_trades() -> None:
    world = World(WorldSpec(seed=7), START)
    sizes = []
    for step in range(1, 1500):
        world.advance(START.plus(step * 10_000_000))
        forth, _ = crosses(world, "BTC")
        if forth > 25:
            ask = world.binance.books[SPOT]["BTCUSDT"]
            bid = world.bybit.books[SPOT]["BTCUSDT"]
            worst_ask = list(ask.prices(False))[3]
            assert worst_ask < (bid.best(True) or (0, 0))[0]
            sizes.append(float(sum(price * qty for price, qty in ask.top(False, 4).items())))
    assert min(sizes) > 1_000


def test_levels_stay_within_bounds_and_books_uncrossed_for_half_a_minute() -> None:
    world = World(WorldSpec(seed=2, listings=SPOT_LISTINGS + PERPETUAL_LISTINGS), START)
    for step in range(1, 3000):
        world.advance(START.plus(step * 10_000_000))
        if step % 100 == 0:
            for venue in world.venues.values():
                for books in venue.books.values():
                    for book in books.values():
                        bid, ask = book.best(True), book.best(False)
                        assert bid
                        assert ask
                        assert bid[0] < ask[0]
                        assert 100 <= len(book.bids) <= 121
                        assert 100 <= len(book.asks) <= 121
                        assert all(qty > 0 for qty in book.bids.values())  # type: ignore[attr-defined]


def test_after_a_stall_the_market_goes_on_instead_of_rushing() -> None:
    world = World(WorldSpec(seed=2), START)
    world.advance(START.plus(60_000_000_000))
    assert world.market.steps <= 22


def test_changes_are_in_ticks_and_lots_of_the_listing() -> None:
    market = Market(4, SPOT_LISTINGS, MarketSpec())
    for step in market.step():
        best = max(ticks for side, ticks, lots in step.changes if side == BID and lots)
        assert 0.9 < float(step.listing.tick * best) / {"BTC": 60_000, "ETH": 2_500}[step.listing.base] < 1.1


def ticker(stamp: int, bid: str, ask: str) -> list[bytes]:
    data = {"u": 1, "s": "BTCUSDT", "b": bid, "B": "1", "a": ask, "A": "1"}
    return [f"{stamp} ".encode() + orjson.dumps({"stream": "btcusdt@bookTicker", "data": data})]


def test_a_recording_gives_the_path_of_both_venues(tmp_path: Path) -> None:
    lines = [
        *ticker(1_000_000_000, "100.00", "100.02"),
        b"not a line",
        *ticker(2_000_000_000, "110.00", "110.02"),
    ]
    file = tmp_path / "r.gz"
    file.write_bytes(gzip.compress(b"\n".join(lines)))
    paths, refused = load_paths([file], speed=2.0)
    assert refused == 1
    at = paths["BTC"].at
    assert [at(0), at(499_999_999), at(500_000_000)] == [100.01, 100.01, 110.01]
    assert [at(999_999_999), at(1_000_000_000)] == [100.01, 100.01]  # and back again


def test_depth_alone_gives_a_path_too(tmp_path: Path) -> None:
    lines = [
        b'1 {"lastUpdateId":1,"bids":[["10.0","1"]],"asks":[["10.2","1"]]}',
        b'2 {"stream":"x","data":{"e":"depthUpdate","s":"ETHUSDT","U":2,"u":2,"b":[["10.1","1"]],"a":[]}}',
    ]
    file = tmp_path / "r.txt"
    file.write_bytes(b"\n".join(lines))
    paths, _ = load_paths([file], speed=1.0)
    assert round(paths["ETH"].at(1), 6) == 10.15


def test_a_file_without_prices_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_bytes(b"1 {}\n")
    with pytest.raises(RecordingError, match=r"r\.txt"):
        load_paths([file], speed=1.0)
    with pytest.raises(RecordingError, match="missing"):
        load_paths([tmp_path / "missing"], speed=1.0)


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings of shared/data are not here")
def test_a_real_recording_drives_both_books() -> None:
    paths, refused = load_paths([RECORDING], speed=10.0)
    assert refused == 0
    world = World(WorldSpec(seed=7), START, paths)
    for step in range(1, 300):
        now = Instant(START.mono_ns + step * 10_000_000, START.unix_ns)
        world.advance(now)
    for venue in world.venues.values():
        bid = venue.books[SPOT]["BTCUSDT"].best(True)
        assert bid
        assert 61_000 < bid[0] < 62_500
