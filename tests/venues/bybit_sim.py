"""One Bybit market against the simulator over real sockets, as the tests need it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import Credentials, Lane, OrderRequest, Secret, Side, StreamKind, StreamState
from arb.venues.bybit.order_markets import LINEAR_ORDERS, SPOT_ORDERS, OrderMarket
from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings

from . import binance_sim
from .binance_sim import QTY
from .fakes import EventLog
from .waiting import until

SYMBOLS = {"spot": "BTC/USDT", "linear": "BTC/USDT:USDT"}
ORDERS: dict[str, OrderMarket] = {"spot": SPOT_ORDERS, "linear": LINEAR_ORDERS}


class Session(binance_sim.Session):
    @property
    def symbol(self) -> str:
        return SYMBOLS[self.market]

    async def fault(self, kind: str, **more: Any) -> Any:
        place = {"venue": "bybit", "market": self.market}
        return await self.raw("POST", "/faults", {**place, "kind": kind, **more})

    async def place(self, order: OrderRequest) -> str:
        # The answers tell what other tests spent of the account's few orders a second.
        await until(lambda: self.venue.orders.ready([order]) is None)
        return await super().place(order)

    async def usable(self) -> None:
        limits, market = self.venue.orders._rest.limits, ORDERS[self.market]
        self.venue.budget.stopped_until_ns = 0
        for endpoint in (market.place, market.cancel):
            limits.budget(endpoint).stopped_until_ns = 0
        probe = OrderRequest("probe", self.symbol, Side.buy, QTY, "1", lane=Lane.entry)
        await until(lambda: self.venue.orders.ready([probe]) is None)
        if self.transport != "rest":
            await until(lambda: self.venue.orders.channel.ready)


@contextlib.asynccontextmanager
async def session(
    sim: dict[str, Any], market: str, transport: str, **settings: Any
) -> AsyncIterator[Session]:
    http, sockets, events = LiveHttpPort(), LiveSocketPort(), EventLog()
    base = VenueSettings(
        backoff_base_s=0.05, backoff_cap_s=0.2, recv_window_ms=5_000, order_transport=transport
    )
    venue: Any = venue_class("bybit", market)(
        market,
        sim["venues"]["bybit"],
        http,
        sockets,
        LoopClock(asyncio.get_running_loop()),
        events,
        Credentials(sim["key"], Secret(sim["secret"])),
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


def run(sim: dict[str, Any], talk: Talk, market: str, transport: str = "auto", **settings: Any) -> None:
    if transport != "rest" and sim["venues"]["bybit"]["ws_trade"] is None:
        pytest.skip("the simulator has no /v5/trade")

    async def main() -> None:
        async with session(sim, market, transport, **settings) as it:
            await talk(it)

    asyncio.run(main())
