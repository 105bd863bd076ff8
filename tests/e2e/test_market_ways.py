"""Faults of the way to the market data, which no frame shows: a silent route, a name that does not resolve,
a refused snapshot, a symbol that stays dead, a topic that the venue refuses.

Session and simulated venues share this process, so that the look-up of a name can fail inside the client.
`pytest -s` prints the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from arb.cli._plan import default_plan, market_urls
from arb.errors import Unreachable
from arb.live.plan import SessionPlan
from arb.live.rotation import MarketFeed
from arb.live.session import Session
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Response
from arb.simexchange.server import SimServer
from arb.simexchange.spec import WorldSpec
from arb.venues.settings import VenueSettings
from tests.venues.waiting import until

pytestmark = pytest.mark.e2e

MS = 1_000_000
KINDS = {
    "spot": {"binance": "spot", "bybit": "spot"},
    "perpetual": {"binance": "usdm", "bybit": "linear"},
}
# One pair of markets takes half a minute; ARB_TEST_MARKETS=spot,perpetual runs both.
CHOSEN = [name for name in KINDS if name in os.environ.get("ARB_TEST_MARKETS", "perpetual").split(",")]
_SNAPSHOT_WEIGHT = 10  # at least; the clock and small books weigh less
HASTY = VenueSettings(
    read_timeout_s=2.0,
    backoff_base_s=0.05,
    backoff_cap_s=0.2,
    quiet_s=0.5,
    first_frame_s=0.5,
    listing_timeout_s=0.5,
    moved_grace_s=0.5,
    probe_retry_s=0.5,
    best_repeat_s=4.0,
)
Book = tuple[str, str]  # venue, base asset
BOOKS: tuple[Book, ...] = tuple((venue, base) for venue in ("binance", "bybit") for base in ("BTC", "ETH"))


def plan_of(server: SimServer, market: str, folder: Path) -> SessionPlan:
    ends: dict[str, Any] = server.endpoints()
    plan = default_plan(ends["venues"], ends["key"], ends["secret"], None)
    timing = replace(plan.engine.timing, place_deadline_ns=200_000_000)  # venues and session share this loop
    venues = []
    for venue in plan.venues:
        kind = KINDS[market][venue.name]
        urls = {
            # A name, so that it has to be looked up.
            key: url.replace("127.0.0.1", "localhost") if url is not None and key.startswith("ws") else url
            for key, url in market_urls(venue.name, kind, ends["venues"]).items()
        }
        venues.append(
            replace(
                venue,
                market=f"{venue.name}_{kind}",
                urls=urls,
                settings=HASTY,
                buy_fee_in_base=market == "spot",
                overlap_s=1.0,
            )
        )
    symbols = plan.symbols if market == "spot" else tuple(f"{symbol}:USDT" for symbol in plan.symbols)
    return replace(
        plan,
        venues=tuple(venues),
        symbols=symbols,
        trading=market == "spot",
        engine=replace(plan.engine, timing=timing),
        start_timeout_s=8.0,
    )


@dataclass
class Watch:
    """The session, and every change of its books since `begin`."""

    server: SimServer
    session: Session
    market: str
    began: int = 0
    changes: dict[Book, list[tuple[int, str]]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)

    def instrument(self, book: Book) -> int:
        [state] = [state for state in self.session.venues if state.plan.name == book[0]]
        return next(id for symbol, id in state.instruments.items() if symbol.startswith(book[1]))

    def feed(self, venue: str) -> MarketFeed:
        [state] = [state for state in self.session.venues if state.plan.name == venue]
        feed = state.shards[0].feed
        assert feed is not None
        return feed

    def begin(self) -> None:
        self.began = time.monotonic_ns()
        self.changes = {book: [] for book in BOOKS}

    async def follow(self) -> None:
        last = dict.fromkeys(BOOKS, "LIVE")
        while True:
            for book in BOOKS:
                state = self.session.engine.book_state(self.instrument(book))
                if state != last[book]:
                    self.changes.setdefault(book, []).append((time.monotonic_ns(), state))
                    last[book] = state
            await asyncio.sleep(0.002)

    async def fault(self, kind: str, venue: str, channel: str, symbol: str = "", **params: Any) -> None:
        body = {
            "kind": kind,
            "venue": venue,
            "market": KINDS[self.market][venue],
            "channel": channel,
            "symbol": symbol,
            "params": params,
        }
        url = f"{self.server.endpoints()['control']}/faults"
        async with aiohttp.ClientSession() as client, client.post(url, json=body) as answer:
            assert answer.status == 200, await answer.text()

    async def back(self, seconds: float = 15.0) -> None:
        """Every book is LIVE, and was so for a while."""
        async with asyncio.timeout(seconds):
            good = 0
            while good < 20:
                good = good + 1 if self.session.books_live() else 0
                await asyncio.sleep(0.02)

    def row(self, fault: str, venue: str, *, expected: tuple[str, ...], detail: str = "") -> None:
        """Tells what became of the books, and that it is what must become of them: `expected` were STALE."""
        label = f"{venue + ' ' + KINDS[self.market][venue]:16}{fault:30}"
        for book in BOOKS:
            stale = [at for at, state in self.changes[book] if state == "STALE"]
            if book[0] != venue or book[1] not in expected:
                assert not stale, f"{label}: {book} was paused"
                continue
            assert stale, f"{label}: {book} was not paused"
            live = self.changes[book][-1]
            assert live[1] == "LIVE"
            self.rows.append(
                f"{label}{book[1]:5}STALE after {(stale[0] - self.began) / MS:7.1f} ms, "
                f"LIVE after {(live[0] - self.began) / MS:7.1f} ms{detail and '; '}{detail}"
            )
        if not expected:
            self.rows.append(f"{label}all  LIVE throughout{detail and '; '}{detail}")


@contextlib.asynccontextmanager
async def watched(market: str, folder: Path) -> AsyncIterator[Watch]:
    server = SimServer(WorldSpec(seed=11))
    await server.start()
    try:
        session = Session(plan_of(server, market, folder))
        await session.open()
        watch = Watch(server, session, market)
        following = asyncio.create_task(watch.follow())
        try:
            yield watch
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await session.close()
        assert session.troubles == []
    finally:
        await server.close()


async def silent_route(watch: Watch, venue: str) -> None:
    """It connects, confirms the subscription and delivers nothing, at Bybit nothing after the snapshot."""
    feed = watch.feed(venue)
    connects = feed.current.connects
    watch.begin()
    await watch.fault("silence", venue, "public", duration_ms=2_500)
    await asyncio.sleep(0.05)
    await watch.fault("reset", venue, "public")
    await until(lambda: feed.current.connects > connects, 5)
    first = time.monotonic_ns()
    await until(lambda: feed.current.connects > connects + 1, 10)
    detected_ms = (time.monotonic_ns() - first) / MS
    reason = feed.current.last_reason
    await asyncio.sleep(2.7 - (time.monotonic_ns() - watch.began) / 1e9)
    await watch.back()
    watch.row(
        "silent route", venue, expected=("BTC", "ETH"), detail=f"detected in {detected_ms:.0f} ms: {reason}"
    )


async def unresolved(watch: Watch, venue: str) -> None:
    loop = asyncio.get_running_loop()
    asked = []

    async def fail(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments[0])
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    watch.begin()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "getaddrinfo", fail)
        await watch.fault("reset", venue, "public")
        await until(lambda: len(asked) >= 3, 5)
        assert "Name or service not known" in watch.feed(venue).current.last_reason
    await watch.back()
    watch.row("name does not resolve", venue, expected=("BTC", "ETH"), detail=f"{len(asked)} look-ups failed")


async def refused_snapshots(watch: Watch, status: int) -> None:
    """The snapshot that one symbol needs is refused until the stated time, while the others go on."""
    weights = watch.server.world.binance.limits[KINDS[watch.market]["binance"]]
    asked: list[int] = []  # from the refused snapshot on, whatever was asked for

    def refuse(peer: str, cost: int, now: Instant) -> Response | None:
        if not asked and cost < _SNAPSHOT_WEIGHT:
            return None
        asked.append(time.monotonic_ns())
        if len(asked) > 1:
            return None
        body = orjson.dumps({"code": -1003, "msg": "Too much request weight used."})
        return Response(status, body, {"Retry-After": "2"})

    watch.begin()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "take", refuse)
        await watch.fault("drop", "binance", "depth", "BTCUSDT")
        await until(lambda: bool(asked), 5)
        await watch.back()
        # What was on its way already may still arrive.
        early = [at for at in asked if 50 * MS < at - asked[0] < 1_990 * MS]
        assert not early, "asked before the time the venue stated"
    watch.row(
        f"snapshot answered {status}",
        "binance",
        expected=("BTC",),
        detail="Retry-After 2 s, no request until then",
    )


async def stays_dead(watch: Watch, venue: str) -> None:
    """One symbol of a connection is silent for longer than subscribing it anew can help."""
    feed = watch.feed(venue)
    connects = feed.current.connects
    base = "BTC" if venue == "binance" else "ETH"
    watch.begin()
    await watch.fault("silence", venue, "depth", f"{base}USDT", duration_ms=5_000)
    await asyncio.sleep(5.2)
    await watch.back(20)
    assert feed.current.connects == connects or feed.rotations
    watch.row("symbol dead for 5 s", venue, expected=(base,), detail="the other one LIVE throughout")


@pytest.mark.parametrize("market", CHOSEN)
def test_every_way_is_noticed_and_comes_back_alone(
    market: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with watched(market, tmp_path) as watch:
            for venue in KINDS[market]:
                await silent_route(watch, venue)
            for venue in KINDS[market]:
                await unresolved(watch, venue)
            for status in (429, 418):
                await refused_snapshots(watch, status)
            for venue in KINDS[market]:
                await stays_dead(watch, venue)
            print("\n" + "\n".join(watch.rows))

    asyncio.run(main())
    for text in ("Traceback", "was never awaited"):
        assert text not in caplog.text


@pytest.fixture
def bad_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    """ETH's depth topic has a name that no venue knows."""
    from arb.venues.binance.market_data import BinanceMarketData
    from arb.venues.bybit.market_data import BybitMarketData

    for kind in (BinanceMarketData, BybitMarketData):
        right = kind._topics

        def wrong(self: Any, symbol: str, right: Any = right) -> tuple[str, ...]:
            topics: tuple[str, ...] = right(self, symbol)
            if not symbol.startswith("ETH"):
                return topics
            return (topics[0].replace("ETH", "NOSUCH").replace("eth", "nosuch"), *topics[1:])

        monkeypatch.setattr(kind, "_topics", wrong)


@pytest.mark.parametrize("market", list(KINDS))
@pytest.mark.usefixtures("bad_topic")
def test_a_bad_topic_leaves_its_own_book_missing_and_no_other(
    market: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        server = SimServer(WorldSpec(seed=11))
        await server.start()
        session = Session(replace(plan_of(server, market, tmp_path), start_timeout_s=4.0))
        try:
            with pytest.raises(Unreachable) as refused:
                await session.open()
        finally:
            await session.close()
            await server.close()
        text = str(refused.value)
        print(f"\n{text}")
        assert "BTC" not in text
        assert f"bybit book of ETH/USDT{':USDT' if market == 'perpetual' else ''} (SYNCING; " in text
        assert "Invalid topic: orderbook.50.NOSUCHUSDT" in text
        # The good ones were on the first connection and stayed there.
        ended = [record.message for record in caplog.records if "connection ended" in record.message]
        assert [message for message in ended if not message.endswith("stopped")] == []

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
