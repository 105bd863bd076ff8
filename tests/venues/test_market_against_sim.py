"""The market side of all four markets over real sockets against the simulated exchanges."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import HttpDone, Mark, MarketStream, VenueFailure
from arb.venues.liveness import Ask, Dead, Liveness
from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings
from arb.venues.subscriptions import ReplyKind, TopicState

from .fakes import EventLog
from .market_setup import KINDS, PERPETUALS
from .waiting import until

pytestmark = pytest.mark.e2e
ALL = pytest.mark.parametrize("kind", KINDS)
BOTH = pytest.mark.parametrize("kind", PERPETUALS)
FAST = VenueSettings(
    backoff_base_s=0.05,
    subscribe_timeout_s=1.0,
    quiet_s=0.3,
    first_frame_s=0.3,
    listing_timeout_s=2.0,
    moved_grace_s=0.3,
    probe_retry_s=0.5,
    mark_silence_s=2.0,
)


@pytest.fixture(scope="module")
def sim() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-P", "-c", "from arb.cli.sim import command; command()", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)


@dataclass
class Market:
    """One market of the simulator without credentials, its instruments read."""

    kind: str
    venue: Any
    http: LiveHttpPort
    sockets: LiveSocketPort
    clock: LoopClock

    @property
    def symbols(self) -> list[str]:
        end = ":USDT" if self.kind in PERPETUALS else ""
        return [f"{base}/USDT{end}" for base in ("BTC", "ETH")]

    async def ask(self, question: Callable[..., None], *arguments: Any) -> Any:
        answers: list[Any] = []
        question(*arguments, answers.append)
        await until(lambda: answers)
        assert not isinstance(answers[0], VenueFailure), answers[0]
        return answers[0]

    async def rest(self, request: Any) -> HttpDone:
        answers: list[HttpDone] = []
        self.http.start(request, answers.append)
        await until(lambda: answers)
        return answers[0]


@dataclass
class Connection:
    """A connection to a stream that subscribes as the session does."""

    market: Market
    stream: MarketStream
    texts: list[bytes] = field(default_factory=list)  # what is no answer to us
    closed: str = ""
    socket: Any = None

    def __post_init__(self) -> None:
        self.subscriptions = self.market.venue.subscriptions(self.stream)
        self.listed: list[tuple[str, ...]] = []
        self.socket = self.market.sockets.open(self.stream.url, self)

    def on_open(self) -> None:
        self.speak()

    def speak(self) -> None:
        for frame in self.subscriptions.frames(self.market.clock.mono_ns()):
            self.socket.send(frame)

    def on_text(self, text: bytes) -> None:
        reply = self.subscriptions.hear(text, self.market.clock.mono_ns())
        if reply.kind is ReplyKind.listed:
            self.listed.append(reply.topics)
        if reply.kind is ReplyKind.other:
            self.texts.append(text)
        self.speak()

    def on_close(self, reason: str) -> None:
        self.closed = reason

    def has(self, topic: str) -> bool:
        return any(f'"{topic}"'.encode() in text for text in self.texts)


@contextlib.asynccontextmanager
async def opened(sim: dict[str, Any], kind: str, settings: VenueSettings = FAST) -> AsyncIterator[Market]:
    name, _, market = kind.partition("_")
    urls = sim["venues"]["binance"][market] if name == "binance" else sim["venues"]["bybit"]
    http, sockets, clock = LiveHttpPort(), LiveSocketPort(), LoopClock(asyncio.get_running_loop())
    venue = venue_class(name, market)(kind, urls, http, sockets, clock, EventLog(), settings=settings)
    it = Market(kind, venue, http, sockets, clock)
    try:
        assert len(await it.ask(venue.instruments, it.symbols)) == 2
        yield it
    finally:
        await sockets.close()
        await http.close()


Talk = Callable[[Market], Coroutine[Any, Any, None]]


def run(sim: dict[str, Any], kind: str, talk: Talk, settings: VenueSettings = FAST) -> None:
    async def main() -> None:
        async with opened(sim, kind, settings) as it:
            await talk(it)

    asyncio.run(main())


@ALL
def test_rules_are_read(sim: dict[str, Any], kind: str) -> None:
    async def talk(it: Market) -> None:
        found = await it.ask(it.venue.instruments, [*it.symbols, it.symbols[0].replace("BTC", "NOSUCH")])
        assert sorted(i.symbol for i in found) == it.symbols
        btc = next(i for i in found if i.base == "BTC")
        ticks = {"binance_spot": "0.01", "binance_usdm": "0.1", "bybit_spot": "0.1", "bybit_linear": "0.1"}
        lots = {
            "binance_spot": "0.00001",
            "binance_usdm": "0.001",
            "bybit_spot": "0.000001",
            "bybit_linear": "0.001",
        }
        assert (btc.tick, btc.lot, btc.tradable) == (ticks[kind], lots[kind], True)
        assert btc.settle == ("USDT" if kind in PERPETUALS else "")

    run(sim, kind, talk)


@ALL
@pytest.mark.parametrize("trades", [False, True])
def test_every_topic_of_a_stream_is_confirmed_and_delivers(
    sim: dict[str, Any], kind: str, trades: bool
) -> None:
    async def talk(it: Market) -> None:
        [stream] = it.venue.market_streams(it.symbols)
        topics = [topic for own in stream.topics.values() for topic in own]
        assert len(topics) == (6 if trades and kind != "binance_usdm" else 4)
        connection = Connection(it, stream)
        await until(lambda: all(connection.has(topic) for topic in topics if "rade" not in topic))
        await until(lambda: connection.subscriptions.pending == ())
        assert connection.subscriptions.refused == {}
        if kind.startswith("binance"):
            assert connection.subscriptions.ask_list()
            connection.speak()
            await until(lambda: connection.listed)
            assert connection.listed == [()], "something is not listed"
        assert set(connection.subscriptions.confirmed) == set(topics)

    run(sim, kind, talk, replace(FAST, trades=trades))


@pytest.mark.parametrize("kind", ["bybit_spot", "bybit_linear"])
def test_a_bad_topic_keeps_no_other_out(sim: dict[str, Any], kind: str) -> None:
    async def talk(it: Market) -> None:
        [stream] = it.venue.market_streams(it.symbols)
        [batch] = stream.batches
        bad = "orderbook.37.BTCUSDT"
        connection = Connection(it, replace(stream, batches=((*batch[:1], bad, *batch[1:]),)))
        await until(lambda: connection.subscriptions.refused)
        await until(lambda: connection.subscriptions.pending == ())
        assert list(connection.subscriptions.refused) == [bad]
        assert set(connection.subscriptions.confirmed) == set(batch)
        await until(lambda: all(connection.has(topic) for topic in batch))

    run(sim, kind, talk)


@pytest.mark.parametrize("kind", ["bybit_spot", "bybit_linear"])
def test_subscribing_anew_brings_a_snapshot(sim: dict[str, Any], kind: str) -> None:
    async def talk(it: Market) -> None:
        [stream] = it.venue.market_streams(it.symbols)
        connection = Connection(it, stream)
        await until(lambda: all(connection.has(topic) for topic in stream.batches[0]))
        await until(lambda: connection.subscriptions.pending == ())
        connection.texts.clear()
        for frame in it.venue.resubscribe_frames(it.symbols[0]):
            assert connection.socket.send(frame)
        words = (b'"orderbook.50.BTCUSDT"', b'"snapshot"')
        await until(lambda: any(all(word in text for word in words) for text in connection.texts))

    run(sim, kind, talk)


@pytest.mark.parametrize("kind", ["binance_spot", "binance_usdm"])
def test_snapshots_are_served_and_counted(sim: dict[str, Any], kind: str) -> None:
    async def talk(it: Market) -> None:
        budget, before = it.venue.budget, it.venue.budget.spent(it.clock.mono_ns())
        request = it.venue.snapshot_request(it.symbols[0])
        done = await it.rest(request)
        assert json.loads(done.body)["lastUpdateId"] > 0
        it.venue.observe(done)
        spent = budget.spent(it.clock.mono_ns())
        assert spent >= before + request.weight, "the venue's own count was not taken over"

    run(sim, kind, talk)


@ALL
def test_a_probe_is_near_the_stream(sim: dict[str, Any], kind: str) -> None:
    async def talk(it: Market) -> None:
        [stream] = it.venue.market_streams(it.symbols)
        connection = Connection(it, stream)
        depth = stream.topics[it.symbols[0]][0]
        await until(lambda: connection.has(depth))
        probe = it.venue.probe_answer(await it.rest(it.venue.probe_request(it.symbols[0])))
        assert Decimal(probe.bid[0]) < Decimal(probe.ask[0])

        def newest() -> int:
            texts = [json.loads(t) for t in connection.texts if f'"{depth}"'.encode() in t]
            return max(t["data"]["seq" if kind.startswith("bybit") else "u"] for t in texts)

        seen = newest()
        assert seen <= probe.id + 1_000
        await until(lambda: newest() >= probe.id)

    run(sim, kind, talk)


@BOTH
def test_mark_and_funding_come_and_agree_with_the_venue(sim: dict[str, Any], kind: str) -> None:
    async def talk(it: Market) -> None:
        marks: list[Mark] = []
        states: list[tuple[bool, str]] = []
        feed = it.venue.mark_stream(it.symbols, marks.append, lambda up, reason: states.append((up, reason)))
        feed.start()
        await until(lambda: {mark.symbol for mark in marks} == set(it.symbols))
        assert states == [(True, "")]
        await until(lambda: len(marks) >= 6)
        for mark in marks:
            price = 60_000 if mark.symbol.startswith("BTC") else 2_500
            assert price / 2 < Decimal(mark.mark) < price * 2
            assert abs(Decimal(mark.index) / Decimal(mark.mark) - 1) < Decimal("0.05")
            assert abs(Decimal(mark.funding_rate)) < Decimal("0.01")
            assert 0 < mark.next_funding_ms - mark.venue_time_ms <= 8 * 3_600_000
        assert feed.up
        feed.stop()
        assert states[-1] == (False, "stopped")

    run(sim, kind, talk)


def test_a_mark_price_on_the_wrong_route_is_noticed(sim: dict[str, Any]) -> None:
    async def talk(it: Market) -> None:
        marks: list[Mark] = []
        states: list[tuple[bool, str]] = []
        it.venue._market = replace(it.venue._market, mark_path="/public/stream")
        feed = it.venue.mark_stream(it.symbols, marks.append, lambda up, reason: states.append((up, reason)))
        feed.start()
        await until(lambda: states)
        assert states == [(False, "no mark price for 0.5 s")]
        assert marks == []
        feed.stop()

    run(sim, "binance_usdm", talk, replace(FAST, mark_silence_s=0.5))


@pytest.mark.parametrize("route", ["/market/stream", "/stream"])
def test_a_wrong_usdm_route_is_acknowledged_listed_silent_and_proven_dead(
    sim: dict[str, Any], route: str
) -> None:
    async def talk(it: Market) -> None:
        [right] = it.venue.market_streams(it.symbols)
        topics = tuple(topic for own in right.topics.values() for topic in own)
        base = right.url.partition("/public")[0]
        connection = Connection(it, replace(right, url=base + route, in_url=(), batches=(topics,)))
        await until(lambda: set(connection.subscriptions.confirmed) == set(topics))
        liveness = Liveness(it.venue.liveness_rules, it.symbols, it.clock.mono_ns())
        verdict, probes = None, 0

        def probed(symbol: str, done: HttpDone) -> None:
            probe = it.venue.probe_answer(done)
            liveness.rest_answered(symbol, probe.id, 0, it.clock.mono_ns())

        while not isinstance(verdict := liveness.look(it.clock.mono_ns()), Dead):
            if isinstance(verdict, Ask):
                if verdict.listing:
                    connection.subscriptions.ask_list()
                    connection.speak()
                for symbol in verdict.rest:
                    probes += 1
                    probed(symbol, await it.rest(it.venue.probe_request(symbol)))
            await asyncio.sleep(0.01)
            for _ in connection.listed:
                liveness.listed(set(it.symbols), it.clock.mono_ns())
            connection.listed.clear()
        assert connection.texts == []
        assert {connection.subscriptions.state(topic) for topic in topics} == {TopicState.confirmed}
        assert "the venue is at" in verdict.reason
        assert probes >= 2

    run(sim, "binance_usdm", talk)
