"""One Binance market against the simulator over real sockets, as the tests need it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import (
    Credentials,
    HttpRequest,
    KeyKind,
    OrderRequest,
    Secret,
    Side,
    StreamKind,
    StreamState,
    TimeInForce,
    VenueFailure,
)
from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings

from .fakes import EventLog
from .waiting import until

SYMBOLS = {"spot": "BTC/USDT", "usdm": "BTC/USDT:USDT"}
QTY = "0.01"
ENDS = ("ack", "reject", "unknown", "not_sent")
_coids = count(1)


def simulator() -> Iterator[dict[str, Any]]:
    """What `arb sim --json` prints, while it runs; for a fixture."""
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
    events: EventLog
    control: str
    market: str
    transport: str

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.market]

    async def ask(self, question: Callable[..., None], *arguments: Any) -> Any:
        answers: list[Any] = []
        question(*arguments, answers.append)
        await until(lambda: answers)
        assert not isinstance(answers[0], VenueFailure), answers[0]
        return answers[0]

    async def raw(self, method: str, path: str, body: Any = None) -> Any:
        answers: list[Any] = []
        payload = None if body is None else json.dumps(body).encode()
        self.http.start(HttpRequest(method, self.control + path, {}, payload), answers.append)
        await until(lambda: answers)
        assert answers[0].status == 200, answers[0]
        return json.loads(answers[0].body)

    async def fault(self, kind: str, **more: Any) -> Any:
        return await self.raw(
            "POST", "/faults", {"venue": "binance", "market": self.market, "kind": kind, **more}
        )

    def named(self, name: str, coid: str) -> list[Any]:
        found = [e for e in self.events.log if e[0] == name]
        return [e for e in found if (e[1] if isinstance(e[1], str) else e[1].coid) == coid]

    async def order(
        self, side: Side, factor: str, qty: str = QTY, tif: TimeInForce = TimeInForce.ioc, **more: Any
    ) -> OrderRequest:
        marks = await self.raw("GET", "/marks")
        mark = Decimal(next(value for name, value in marks.items() if "BTC" in name))
        price = (mark * Decimal(factor)).quantize(Decimal("0.1"))
        return OrderRequest(f"abench{next(_coids):06d}", self.symbol, side, qty, str(price), tif, **more)

    async def place(self, order: OrderRequest) -> str:
        assert self.venue.orders.place(order) is None
        found = await until(lambda: [n for n in ENDS if self.named(n, order.coid)])
        assert self.named("sent", order.coid), "an answer came without on_sent"
        return str(found[0])

    async def query(self, coid: str) -> Any:
        before = len(self.named("query", coid))
        assert self.venue.orders.query(coid, self.symbol) is None
        await until(lambda: len(self.named("query", coid)) > before)
        return self.named("query", coid)[-1][2]

    async def stream(self, kind: StreamKind, state: StreamState) -> Any:
        return await until(lambda: [e for e in self.events.log if e[:3] == ("stream", kind, state)])

    def trades(self, coid: str) -> dict[str, Decimal]:
        return {e[1].trade_id: Decimal(e[1].qty) for e in self.named("fill", coid)}

    async def usable(self) -> None:
        """As after a pause: nothing the venue asked for stands in the way, and the channel is up again."""
        orders = self.venue.orders
        self.venue.budget.stopped_until_ns = 0
        for window in orders.budgets.windows.values():
            window.stopped_until_ns = 0
        probe = OrderRequest("probe", self.symbol, Side.buy, QTY, "1")
        await until(lambda: orders.ready([probe]) is None)
        if self.transport != "rest":
            await until(lambda: orders.channel.ready)


@contextlib.asynccontextmanager
async def session(
    sim: dict[str, Any], market: str, key: str, transport: str, **settings: Any
) -> AsyncIterator[Session]:
    urls = dict(sim["venues"]["binance"][market])
    urls["sapi"] = sim["venues"]["binance"]["spot"]["rest"]
    credentials = Credentials(sim["key"], Secret(sim["secret"]))
    if key == "ed25519":
        if "ed25519" not in sim:
            pytest.skip("the simulator has no Ed25519 key")
        pair = sim["ed25519"]
        credentials = Credentials(pair["key"], Secret(pair["private_key"]), KeyKind.ed25519)
    http, sockets, events = LiveHttpPort(), LiveSocketPort(), EventLog()
    base = VenueSettings(
        backoff_base_s=0.05, backoff_cap_s=0.2, recv_window_ms=5_000, order_transport=transport
    )
    venue: Any = venue_class("binance", market)(
        market,
        urls,
        http,
        sockets,
        LoopClock(asyncio.get_running_loop()),
        events,
        credentials,
        replace(base, **settings),
    )
    it = Session(venue, http, events, sim["control"], market, transport)
    try:
        for _ in range(5):
            readings: list[bool] = []
            venue.measure_clock(readings.append)
            await until(lambda readings=readings: readings)
        assert await it.ask(venue.instruments, [it.symbol])
        venue.private.start()
        await it.stream(StreamKind.private, StreamState.resynced)
        venue.orders.start()
        if transport != "rest":
            await it.stream(StreamKind.order, StreamState.up)
        yield it
    finally:
        venue.private.stop()
        venue.orders.stop()
        await sockets.close()
        await http.close()


Talk = Callable[[Session], Coroutine[Any, Any, None]]


def run(
    sim: dict[str, Any],
    talk: Talk,
    market: str,
    key: str = "hmac",
    transport: str = "auto",
    **settings: Any,
) -> None:
    async def main() -> None:
        async with session(sim, market, key, transport, **settings) as it:
            await talk(it)

    asyncio.run(main())
