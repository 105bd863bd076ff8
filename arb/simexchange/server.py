"""The simulated venues on real sockets: ports, the clock that drives the world, faults on the way out."""

import asyncio
import time
from collections.abc import Callable, Mapping

from arb.simexchange.binance_session import open_session
from arb.simexchange.binance_ws_api import open_ws_api
from arb.simexchange.bybit_session import open_bybit
from arb.simexchange.control import Control
from arb.simexchange.faults import Fault, Faults
from arb.simexchange.http import Handler, HttpServer
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.market import PricePath
from arb.simexchange.messages import PRIVATE, PUBLIC, Message, Request, Response
from arb.simexchange.spec import BINANCE, BYBIT, LINEAR, SPOT, USDM, WorldSpec
from arb.simexchange.wire import Hub, Session
from arb.simexchange.world import World


def system_clock() -> Instant:
    return Instant(time.monotonic_ns(), time.time_ns())


class SimServer:
    """`await start()`, then `endpoints()` are open until `await close()`.

    `stopped` is set by POST /stop of the control API.
    """

    def __init__(
        self, spec: WorldSpec, paths: Mapping[str, PricePath] | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.world = World(spec, system_clock(), paths)
        self.faults = Faults()
        self.stopped = asyncio.Event()
        self._host = host
        self._rest = {name: HttpServer(self._rest_handler(name)) for name in self.world.venues}
        self.control_api = Control(self.world, self.faults, system_clock, self._stop_soon)
        self._control = HttpServer(self.control_api.handle)
        self.hubs = {(BINANCE, market): self._binance_hub(market) for market in self.world.binance.markets}
        bybit = Hub(self._open_bybit, system_clock, pings=False)
        self.hubs |= {(BYBIT, market): bybit for market in self.world.bybit.markets}
        self._tick_handle: asyncio.TimerHandle | None = None
        self._private_handle: asyncio.TimerHandle | None = None
        self._tick_seconds = spec.market.step_ms / 1000
        self._conn_ids = 0

    async def start(self, control_port: int = 0) -> None:
        """Open all ports; OSError when `control_port` is taken, with nothing left open."""
        try:
            await self._control.listen(self._host, control_port)
            for server in self._rest.values():
                await server.listen(self._host)
            for hub in dict.fromkeys(self.hubs.values()):
                await hub.listen(self._host)
        except OSError:
            await self.close()
            raise
        self._tick()

    async def close(self) -> None:
        for handle in (self._tick_handle, self._private_handle):
            if handle is not None:
                handle.cancel()
        for hub in dict.fromkeys(self.hubs.values()):
            await hub.close()
        for server in (*self._rest.values(), self._control):
            await server.close()

    def endpoints(self) -> dict[str, object]:
        """What `arb sim --json` prints: null where nothing is served."""
        host, spot = self._host, self.hubs[(BINANCE, SPOT)].port
        usdm = self.hubs.get((BINANCE, USDM))
        bybit = self.hubs[(BYBIT, SPOT)].port
        credentials = self.world.spec.credentials
        return {
            "venues": {
                "binance": {
                    "spot": {
                        "rest": f"http://{host}:{self._rest[BINANCE].port}",
                        "ws": f"ws://{host}:{spot}",
                        "ws_api": f"ws://{host}:{spot}/ws-api/v3",
                    },
                    "usdm": {
                        "rest": f"http://{host}:{self._rest[BINANCE].port}" if usdm else None,
                        "ws": f"ws://{host}:{usdm.port}" if usdm else None,
                        "ws_api": None,
                    },
                },
                "bybit": {
                    "rest": f"http://{host}:{self._rest[BYBIT].port}",
                    "ws_public": f"ws://{host}:{bybit}/v5/public",
                    "ws_private": f"ws://{host}:{bybit}/v5/private",
                    "ws_trade": None,
                },
            },
            "control": f"http://{host}:{self._control.port}",
            "key": credentials.key,
            "secret": credentials.secret,
        }

    def _rest_handler(self, name: str) -> Handler:
        venue = self.world.venues[name]

        async def handle(request: Request) -> Response:
            now = system_clock()
            answer = venue.handle(request, now)
            if request.method != "GET":
                if venue.is_due(now):  # leaves before the answer: a client may hear of a fill first
                    self._publish(self.world.due_private(now), now)
                asyncio.get_running_loop().call_soon(self._send_private)
            return answer

        return handle

    def _binance_hub(self, market: str) -> Hub:
        venue = self.world.binance

        def open_path(path: str) -> Session | None:
            if market == SPOT and path.startswith("/ws-api"):
                return open_ws_api(path, venue.credentials)
            return open_session(path, venue.wanted[market], is_spot=market == SPOT)

        return Hub(open_path, system_clock, pings=True)

    def _open_bybit(self, path: str) -> Session | None:
        self._conn_ids += 1
        venue = self.world.bybit
        return open_bybit(path, venue.feeds, venue.credentials, f"sim-{self._conn_ids}")

    def _tick(self) -> None:
        now = system_clock()
        self._publish(self.world.advance(now), now)
        for fault in self.faults.resets_due(now):
            self._reset(fault, now)
        self._tick_handle = asyncio.get_running_loop().call_later(self._tick_seconds, self._tick)

    def _publish(self, messages: list[Message], now: Instant) -> None:
        for message in self.faults.filter(messages, now):
            self.hubs[(message.venue, message.market)].publish(message)

    def _plan_private(self, now: Instant) -> None:
        due_ns = self.world.next_private_ns
        if due_ns is None:
            return
        if self._private_handle is not None:
            self._private_handle.cancel()
        delay = max(0, due_ns - now.mono_ns) / SECOND_NS
        self._private_handle = asyncio.get_running_loop().call_later(delay, self._send_private)

    def _send_private(self) -> None:
        now = system_clock()
        self._publish(self.world.due_private(now), now)
        self._plan_private(now)

    def _reset(self, fault: Fault, now: Instant) -> None:
        """RST every connection the fault concerns; it stays armed while there is none."""
        hit = False
        for (venue, market), hub in self.hubs.items():
            if fault.venue not in ("", venue) or (market in (USDM, LINEAR) and fault.channel == PRIVATE):
                continue
            for connection in hub.matching(_stream_filter(fault)):
                connection.reset()
                hit = True
        if hit:
            self.faults.fired(fault, now)

    def _stop_soon(self) -> None:
        asyncio.get_running_loop().call_later(0.05, self.stopped.set)


_PRIVATE_STREAMS = ("user", "order", "execution", "wallet", "position")


def _stream_filter(fault: Fault) -> Callable[[str], bool] | None:
    """Which connections a reset takes, by the streams they have; None takes all."""
    if not fault.channel and not fault.symbol:
        return None

    def passes(stream: str) -> bool:
        is_private = stream in _PRIVATE_STREAMS
        if fault.channel == PRIVATE:
            return is_private
        if fault.channel == PUBLIC and is_private:
            return False
        return not fault.symbol or fault.symbol.lower() in stream.lower()

    return passes
