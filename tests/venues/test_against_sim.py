"""Both venues over real sockets against the simulated exchanges: orders, queries, account, private stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import (
    CancelOutcome,
    Credentials,
    ErrorClass,
    HttpRequest,
    OrderRequest,
    OrderStatus,
    QueryKind,
    Secret,
    Side,
    StreamCause,
    StreamState,
    TimeInForce,
    VenueFailure,
)
from arb.venues.binance.venue import BinanceSpot
from arb.venues.bybit.venue import BybitSpot
from arb.venues.settings import VenueSettings

from .fakes import EventLog
from .waiting import until

pytestmark = pytest.mark.e2e

SYMBOL = "BTC/USDT"
KINDS = {"binance": BinanceSpot, "bybit": BybitSpot}
_coids = count(1)


def new_coid() -> str:
    return f"atest{next(_coids):06d}"


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
class Session:
    venue: Any
    http: LiveHttpPort
    sockets: LiveSocketPort
    events: EventLog
    control: str
    name: str

    async def ask(self, question: Callable[..., None], *arguments: Any) -> Any:
        answers: list[Any] = []
        question(*arguments, answers.append)
        await until(lambda: answers)
        assert not isinstance(answers[0], VenueFailure), answers[0]
        return answers[0]

    async def raw(self, method: str, path: str, body: bytes | None = None) -> Any:
        answers: list[Any] = []
        self.http.start(HttpRequest(method, self.control + path, {}, body), answers.append)
        await until(lambda: answers)
        assert answers[0].status == 200, answers[0]
        return json.loads(answers[0].body)

    def named(self, name: str, coid: str) -> list[Any]:
        found = [e for e in self.events.log if e[0] == name]
        return [e for e in found if (e[1] if isinstance(e[1], str) else e[1].coid) == coid]

    async def mark(self) -> Decimal:
        marks = await self.raw("GET", "/marks")
        return Decimal(next(value for name, value in marks.items() if "BTC" in name))

    async def order(
        self, side: Side, factor: str, qty: str = "0.001", tif: TimeInForce = TimeInForce.ioc
    ) -> OrderRequest:
        price = (await self.mark() * Decimal(factor)).quantize(Decimal("0.1"))
        return OrderRequest(new_coid(), SYMBOL, side, qty, str(price), tif)

    async def place(self, order: OrderRequest) -> None:
        assert self.venue.orders.place(order) is None
        answers = ("ack", "reject", "unknown", "not_sent")
        await until(lambda: [n for n in answers if self.named(n, order.coid)])

    async def query(self, coid: str) -> Any:
        before = len(self.named("query", coid))
        assert self.venue.orders.query(coid, SYMBOL) is None
        await until(lambda: len(self.named("query", coid)) > before)
        return self.named("query", coid)[-1][2]

    async def order_status(self, coid: str, status: OrderStatus) -> None:
        await until(lambda: any(e[1].status is status for e in self.named("order", coid)))

    async def filled(self, coid: str, qty: Decimal) -> None:
        await until(lambda: sum(Decimal(e[1].qty) for e in self.named("fill", coid)) == qty)

    async def stream(self, state: StreamState) -> Any:
        return await until(lambda: [e for e in self.events.log if e[0] == "stream" and e[2] is state])


@contextlib.asynccontextmanager
async def session(
    sim: dict[str, Any], name: str, *, key: str | None = None, secret: str | None = None
) -> AsyncIterator[Session]:
    urls = sim["venues"]["binance"]["spot"] if name == "binance" else sim["venues"]["bybit"]
    loop = asyncio.get_running_loop()
    http, sockets, events = LiveHttpPort(), LiveSocketPort(), EventLog()
    venue = KINDS[name](
        name,
        urls,
        http,
        sockets,
        LoopClock(loop),
        events,
        Credentials(key or sim["key"], Secret(secret or sim["secret"])),
        VenueSettings(backoff_base_s=0.05, recv_window_ms=5_000),
    )
    it = Session(venue, http, sockets, events, sim["control"], name)
    try:
        assert await it.ask(venue.instruments, [SYMBOL, "ETH/USDT"])
        for _ in range(5):
            readings: list[bool] = []
            venue.measure_clock(readings.append)
            await until(lambda readings=readings: readings)
            assert readings == [True]
        yield it
    finally:
        venue.private.stop()
        await sockets.close()
        await http.close()


Talk = Callable[[Session], Coroutine[Any, Any, None]]
BOTH = pytest.mark.parametrize("name", ["binance", "bybit"])


def run(sim: dict[str, Any], name: str, talk: Talk, **keys: str) -> None:
    async def main() -> None:
        async with session(sim, name, **keys) as it:
            await talk(it)

    asyncio.run(main())


@BOTH
def test_rules_and_clock_are_read(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        found = {i.symbol: i for i in await it.ask(it.venue.instruments, [SYMBOL, "NO/SUCH"])}
        assert set(found) == {SYMBOL}
        assert found[SYMBOL].tradable
        assert Decimal(found[SYMBOL].tick) == Decimal("0.01" if name == "binance" else "0.1")
        assert it.venue.clock.bounds.settled
        assert it.venue.clock_half_width_ns() < 50_000_000

    run(sim, name, talk)


@BOTH
def test_a_crossing_order_is_filled_and_every_source_tells_the_same(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        it.venue.private.start()
        await it.stream(StreamState.resynced)
        for side, factor in ((Side.buy, "1.01"), (Side.sell, "0.99")):
            order = await it.order(side, factor)
            await it.place(order)
            assert it.named("sent", order.coid)
            assert it.named("ack", order.coid)
            await it.order_status(order.coid, OrderStatus.filled)
            sources = 2 if name == "binance" else 1  # the FULL answer and the stream
            await it.filled(order.coid, sources * Decimal(order.qty))
            seen: dict[str, set[Any]] = {}
            for _, fill in it.named("fill", order.coid):
                facts = (Decimal(fill.price), Decimal(fill.qty), Decimal(fill.fee), fill.fee_asset)
                seen.setdefault(fill.trade_id, set()).add((*facts, fill.is_maker, fill.venue_order_id))
            assert all(len(facts) == 1 for facts in seen.values()), seen
            assert {next(iter(f))[3] for f in seen.values()} == {"BTC" if side is Side.buy else "USDT"}
            before = set(seen)
            outcome = await it.query(order.coid)
            assert (outcome.kind, outcome.order.status) == (QueryKind.found, OrderStatus.filled)
            assert {e[1].trade_id for e in it.named("fill", order.coid)} == before, "the query made fills up"

    run(sim, name, talk)


@BOTH
def test_a_query_without_the_stream_brings_every_fill_with_its_fee(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "1.01", "0.02")
        await it.place(order)
        it.events.log = [e for e in it.events.log if e[0] != "fill"]
        outcome = await it.query(order.coid)
        assert outcome.kind is QueryKind.found, outcome
        fills = [e[1] for e in it.named("fill", order.coid)]
        assert sum(Decimal(f.qty) for f in fills) == Decimal(outcome.order.cum_qty) == Decimal("0.02")
        assert all(Decimal(f.fee) > 0 for f in fills)

    run(sim, name, talk)


@BOTH
def test_a_resting_order_is_open_until_it_is_canceled(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        it.venue.private.start()
        await it.stream(StreamState.resynced)
        order = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
        await it.place(order)
        await until(lambda: it.named("order", order.coid))
        open_orders = await it.ask(it.venue.orders.open_orders)
        assert [o.status for o in open_orders if o.coid == order.coid] == [OrderStatus.new]
        # The same id again while it is open: the first may be meant, so it is never a reject.
        assert it.venue.orders.place(order) is None
        await until(lambda: it.named("unknown", order.coid))
        assert it.venue.orders.cancel(order.coid, SYMBOL) is None
        [(_, _, outcome, _)] = await until(lambda: it.named("cancel", order.coid))
        assert outcome is CancelOutcome.accepted
        await it.order_status(order.coid, OrderStatus.canceled)
        assert (await it.query(order.coid)).order.status is OrderStatus.canceled
        assert it.venue.orders.cancel(order.coid, SYMBOL) is None
        await until(lambda: len(it.named("cancel", order.coid)) == 2)
        assert it.named("cancel", order.coid)[1][2] is CancelOutcome.gone
        assert order.coid not in {o.coid for o in await it.ask(it.venue.orders.open_orders)}

    run(sim, name, talk)


@BOTH
def test_refusals_are_typed(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        too_much = await it.order(Side.sell, "0.99", "50")
        too_little = await it.order(Side.buy, "1.01", "0.00002")
        for order in (too_much, too_little):
            await it.place(order)
            [(_, _, error_class, _, _)] = it.named("reject", order.coid)
            assert error_class is ErrorClass.reject
        assert (await it.query(new_coid())).kind is QueryKind.absent

    run(sim, name, talk)


@BOTH
def test_an_ioc_that_finds_nothing_ends_without_a_fill(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        it.venue.private.start()
        await it.stream(StreamState.resynced)
        order = await it.order(Side.buy, "0.97")
        await it.place(order)
        await until(lambda: any(e[1].status.terminal for e in it.named("order", order.coid)))
        assert it.named("fill", order.coid) == []
        outcome = await it.query(order.coid)
        ended = OrderStatus.expired if name == "binance" else OrderStatus.canceled
        assert (outcome.order.status, Decimal(outcome.order.cum_qty)) == (ended, 0)

    run(sim, name, talk)


@BOTH
def test_balances_equal_the_venue_s_own_books(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        order = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
        await it.place(order)
        balances = {b.asset: b for b in await it.ask(it.venue.orders.balances)}
        truth = (await it.raw("GET", "/accounts"))[name]
        for asset in ("BTC", "USDT", "ETH"):
            for part in ("free", "locked"):
                assert Decimal(getattr(balances[asset], part)) == Decimal(truth[asset][part]), (asset, part)
        assert Decimal(balances["USDT"].locked) > 0
        assert it.venue.orders.cancel(order.coid, SYMBOL) is None
        await until(lambda: it.named("cancel", order.coid))

    run(sim, name, talk)


@BOTH
def test_a_reset_private_stream_comes_back_and_compares_the_account(sim: dict[str, Any], name: str) -> None:
    async def talk(it: Session) -> None:
        it.venue.private.start()
        await it.stream(StreamState.resynced)
        resting = await it.order(Side.buy, "0.97", tif=TimeInForce.gtc)
        await it.place(resting)
        await until(lambda: it.named("order", resting.coid))
        it.events.take()
        fault = {"venue": name, "channel": "private", "kind": "reset", "after": 0}
        await it.raw("POST", "/faults", json.dumps(fault).encode())
        down = await it.stream(StreamState.down)
        assert down[0][3] is StreamCause.closed
        await it.stream(StreamState.resynced)
        it.events.log = it.events.log[it.events.log.index(down[0]) :]
        names = [(e[0], e[2]) if e[0] == "stream" else e[0] for e in it.events.log]
        assert names.index(("stream", StreamState.up)) < names.index("balances")
        assert names.index("balances") < names.index(("stream", StreamState.resynced))
        assert it.named("order", resting.coid), "the open order was not reported again"
        assert it.venue.orders.cancel(resting.coid, SYMBOL) is None
        await until(lambda: it.named("cancel", resting.coid))

    run(sim, name, talk)


@BOTH
@pytest.mark.parametrize("wrong", [{"key": "k" * 64}, {"secret": "s" * 64}])
def test_a_wrong_key_is_an_authentication_failure(
    sim: dict[str, Any], name: str, wrong: dict[str, str]
) -> None:
    async def talk(it: Session) -> None:
        it.venue.private.start()
        down = await it.stream(StreamState.down)
        assert down[0][3] is StreamCause.auth
        order = await it.order(Side.buy, "1.01")
        await it.place(order)
        [(_, _, error_class, _, _)] = it.named("reject", order.coid)
        assert error_class is ErrorClass.reject

    run(sim, name, talk, **wrong)


@BOTH
def test_market_streams_deliver_what_was_subscribed(sim: dict[str, Any], name: str) -> None:
    class Ear:
        def __init__(self) -> None:
            self.texts: list[bytes] = []
            self.opened = False

        def on_open(self) -> None:
            self.opened = True

        def on_text(self, text: bytes) -> None:
            self.texts.append(text)

        def on_close(self, reason: str) -> None: ...

    async def talk(it: Session) -> None:
        stream, ear = it.venue.market_stream([SYMBOL, "ETH/USDT"]), Ear()
        socket = it.sockets.open(stream.url, ear)
        await until(lambda: ear.opened)
        for frame in stream.frames:
            assert socket.send(frame)
        words = (
            [b'"btcusdt@depth@100ms"', b'"ethusdt@bookTicker"']
            if name == "binance"
            else [b'"orderbook.50.BTCUSDT"', b'"orderbook.1.ETHUSDT"']
        )
        await until(lambda: all(any(word in text for text in ear.texts) for word in words))
        request = it.venue.snapshot_request(SYMBOL)
        if request is not None:
            answers: list[Any] = []
            it.http.start(request, answers.append)
            await until(lambda: answers)
            assert json.loads(answers[0].body)["lastUpdateId"] > 0
        for frame in it.venue.resubscribe_frames(SYMBOL):
            ear.texts.clear()
            assert socket.send(frame)
        if name == "bybit":
            words = [b'"snapshot"', b'"orderbook.50.BTCUSDT"']
            await until(lambda: any(all(word in text for word in words) for text in ear.texts))
        socket.close()

    run(sim, name, talk)
