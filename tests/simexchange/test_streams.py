"""Depth streams against the venue's own books, without a socket: a replay equals the book at every id."""

from decimal import Decimal
from random import Random
from typing import Any

import orjson
import pytest

from arb.simexchange.bybit_ticker import Ticker
from arb.simexchange.messages import Message
from arb.simexchange.orders import Order
from arb.simexchange.spec import LINEAR, SPOT, USDM, WorldSpec
from arb.simexchange.world import World
from tests.simexchange.support import START

Levels = dict[Decimal, Decimal]


def apply(levels: Levels, rows: list[list[str]]) -> None:
    for price, qty in rows:
        if Decimal(qty):
            levels[Decimal(price)] = Decimal(qty)
        else:
            levels.pop(Decimal(price), None)


def best(levels: Levels, is_bid: bool) -> tuple[Decimal, Decimal]:
    price = max(levels) if is_bid else min(levels)
    return price, levels[price]


def trade_at_random(world: World, rng: Random, number: int) -> None:
    """Orders of all kinds, so that own size and taken liquidity are in the streams too."""
    for venue in (world.binance, world.bybit):
        for symbol, qty in (("BTCUSDT", "0.02"), ("ETHUSDT", "0.5")):
            if rng.random() < 0.3:
                is_buy = rng.random() < 0.5
                top = venue.books[SPOT][symbol].best(not is_buy)
                assert top
                listing = venue.books[SPOT][symbol].listing
                price = top[0] + listing.tick * rng.randint(-50, 50)
                tif = rng.choice(("IOC", "GTC"))
                order = Order(
                    number, f"x{number}", listing, is_buy, "LIMIT", tif, price, Decimal(qty), START.unix_ms
                )
                venue.matching.place(order, START.unix_ms)


def drive(world: World, steps: int) -> list[tuple[list[Message], int]]:
    rng = Random(1)
    result = []
    for step in range(1, steps):
        result.append((world.advance(START.plus(step * 10_000_000)), step))
        trade_at_random(world, rng, step)
    return result


@pytest.mark.parametrize("market", [SPOT, USDM])
@pytest.mark.parametrize("speed", ["depth@100ms", "depth"])
def test_binance_diffs_over_a_snapshot_equal_the_book_at_every_id(market: str, speed: str) -> None:
    world = World(WorldSpec(seed=6), START)
    stream = f"btcusdt@{speed}"
    world.binance.wanted[market].add(stream)
    feed, book = world.binance.feeds[market], world.binance.books[market]["BTCUSDT"]
    snapshot: Any = None
    bids: Levels = {}
    asks: Levels = {}
    last, checked, rng = 0, 0, Random(1)
    for step in range(1, 700):
        # The push happens inside advance, before the orders below: the book is then at the id of the push.
        for message in world.advance(START.plus(step * 10_000_000)):
            event = orjson.loads(message.payload)
            if message.kind != "depth" or snapshot is None or event["u"] <= snapshot["lastUpdateId"]:
                continue
            if last == snapshot["lastUpdateId"]:  # the first one must reach over the snapshot
                assert event["U"] <= last + 1 <= event["u"]
            else:
                assert event["U"] == last + 1
            if market == USDM:
                assert event["pu"] == event["U"] - 1
            apply(bids, event["b"])
            apply(asks, event["a"])
            last = event["u"]
            assert last == book.last_id
            assert (bids, asks) == (book.top(True, 5000), book.top(False, 5000))
            checked += 1
        trade_at_random(world, rng, step)
        if step == 33:  # in the middle of an interval
            snapshot = orjson.loads(feed.snapshot("BTCUSDT", 5000, 0))
            apply(bids, snapshot["bids"])
            apply(asks, snapshot["asks"])
            last = snapshot["lastUpdateId"]
    assert checked >= (60 if speed == "depth@100ms" else 5)


def test_binance_best_prices_equal_the_depth_book_of_the_same_id() -> None:
    world = World(WorldSpec(seed=6), START)
    for stream in ("btcusdt@depth@100ms", "btcusdt@bookTicker"):
        world.binance.wanted[SPOT].add(stream)
    bids: Levels = dict(world.binance.books[SPOT]["BTCUSDT"].top(True, 5000))
    asks: Levels = dict(world.binance.books[SPOT]["BTCUSDT"].top(False, 5000))
    tickers: dict[int, Any] = {}
    equal = 0
    for messages, _ in drive(world, 600):
        for message in messages:
            event = orjson.loads(message.payload)
            if message.kind == "ticker":
                tickers[event["u"]] = event
            elif message.kind == "depth":
                apply(bids, event["b"])
                apply(asks, event["a"])
                if event["u"] in tickers:
                    row = {name: Decimal(tickers[event["u"]][name]) for name in "bBaA"}
                    assert (row["b"], row["B"]) == best(bids, True)
                    assert (row["a"], row["A"]) == best(asks, False)
                    equal += 1
    assert equal > 20


@pytest.mark.parametrize("market", [SPOT, LINEAR])
@pytest.mark.parametrize("depth", [50, 200, 1000])
def test_bybit_deltas_equal_the_view_of_the_book_at_every_seq(market: str, depth: int) -> None:
    world = World(WorldSpec(seed=6), START)
    feed, book = world.bybit.feeds[market], world.bybit.books[market]["BTCUSDT"]
    topic = f"orderbook.{depth}.BTCUSDT"
    rng = Random(1)
    bids: Levels = {}
    asks: Levels = {}
    u, checked = 0, 0
    for step in range(1, 600):
        now = START.plus(step * 10_000_000)
        for message in world.advance(now):
            if message.kind != "depth":
                continue
            event = orjson.loads(message.payload)
            data = event["data"]
            assert event["type"] == "delta"
            assert data["u"] == u + 1
            u = data["u"]
            apply(bids, data["b"])
            apply(asks, data["a"])
            assert (bids, asks) == (book.top(True, depth), book.top(False, depth))
            assert data["seq"] == book.last_id
            checked += 1
        trade_at_random(world, rng, step)
        if step == 33:
            first = feed.first(topic, now)
            assert first
            world.bybit.wanted[market].add(topic)
            event = orjson.loads(first)
            assert event["type"] == "snapshot"
            u = event["data"]["u"]
            assert u > 1
            apply(bids, event["data"]["b"])
            apply(asks, event["data"]["a"])
    assert checked > 20


def test_a_second_bybit_subscriber_joins_the_same_topic_without_a_jump() -> None:
    world = World(WorldSpec(seed=6), START)
    feed, topic = world.bybit.feeds[SPOT], "orderbook.50.ETHUSDT"
    feed.first(topic, START)
    world.bybit.wanted[SPOT].add(topic)
    u = 0
    for step in range(1, 100):
        for message in world.advance(START.plus(step * 10_000_000)):
            if message.kind == "depth":
                u = orjson.loads(message.payload)["data"]["u"]
        late = feed.first(topic, START.plus(step * 10_000_000))
        assert late
        assert not u or orjson.loads(late)["data"]["u"] == u


def test_bybit_level_one_is_snapshots_only_and_repeats_after_three_seconds() -> None:
    world = World(WorldSpec(seed=6), START)
    feed, topic = world.bybit.feeds[SPOT], "orderbook.1.BTCUSDT"
    feed.first(topic, START)
    world.bybit.wanted[SPOT].add(topic)
    seen = [
        orjson.loads(message.payload)
        for step in range(1, 50)
        for message in world.advance(START.plus(step * 10_000_000))
        if message.kind == "ticker"
    ]
    assert {event["type"] for event in seen} == {"snapshot"}
    assert all(len(event["data"]["b"]) == len(event["data"]["a"]) == 1 for event in seen)
    # The feed alone, the market standing still:
    last = seen[-1]["data"]["u"]
    quiet = feed.advance(START.plus(3_000_000_000))
    assert not [message for message in quiet if message.kind == "ticker"]
    again = [message for message in feed.advance(START.plus(4_000_000_000)) if message.kind == "ticker"]
    assert [orjson.loads(message.payload)["data"]["u"] for message in again] == [last]


def test_what_nobody_wants_is_not_made() -> None:
    world = World(WorldSpec(seed=6), START)
    assert all(not world.advance(START.plus(step * 10_000_000)) for step in range(1, 50))


def test_a_book_can_be_seen_as_it_was_at_the_end_of_earlier_steps() -> None:
    world = World(WorldSpec(seed=6), START)
    books = [
        book for venue in world.venues.values() for side in venue.books.values() for book in side.values()
    ]
    rng = Random(1)
    then: list[list[tuple[int, Levels, Levels]]] = []
    for step in range(1, 900):
        # One step of the market each, the orders of the account between them.
        world.advance(START.plus(step * 10_000_000))
        then.append([(book.last_id, book.top(True, 30), book.top(False, 30)) for book in books])
        trade_at_random(world, rng, step)
    for steps in (0, 1, 7, 100, 500):
        for book, (book_id, bids, asks) in zip(books, then[-1 - steps], strict=True):
            assert book.id_ago(steps) == book_id
            assert book.at(book_id, 30) == (bids, asks)
    assert all(len(book._undo) < 30_000 for book in books)


@pytest.mark.parametrize("goes_back", [True, False])
def test_a_late_reader_of_a_linear_ticker_ends_with_the_same_row(goes_back: bool) -> None:
    world = World(WorldSpec(seed=6), START)
    book = world.bybit.books[LINEAR]["BTCUSDT"]
    ticker = Ticker(book, None)
    top = book.best(True)
    assert top
    first = orjson.loads(ticker.snapshot(START, is_followed=False))["data"]
    book.set(True, top[0], top[1] * 2)  # between two pushes
    late = orjson.loads(ticker.snapshot(START, is_followed=True))["data"]
    if goes_back:
        book.set(True, top[0], top[1])
    push = ticker.push(START.plus(1_000_000_000))
    delta = orjson.loads(push)["data"] if push else {}
    assert first | delta == late | delta == ticker._topic_row(START)
