"""The simulated venues on real sockets: ports, the clock that drives the world, faults on the way out."""

import asyncio
import time
from collections.abc import Callable, Mapping

from arb.simexchange.account_faults import AccountFaults
from arb.simexchange.binance_session import open_session
from arb.simexchange.binance_venue import BinanceVenue
from arb.simexchange.binance_ws_api import open_ws_api
from arb.simexchange.bybit_session import open_bybit
from arb.simexchange.bybit_venue import BybitVenue
from arb.simexchange.carrier import Carrier
from arb.simexchange.connection import Session
from arb.simexchange.control import Control
from arb.simexchange.control_account import AccountControl
from arb.simexchange.faults import Faults
from arb.simexchange.http import Handler, HttpServer
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.market import PricePath
from arb.simexchange.messages import Message, Request, Response
from arb.simexchange.order_faults import OrderGate
from arb.simexchange.socket_faults import SocketFaults
from arb.simexchange.spec import BINANCE, BYBIT, SPOT, USDM, WorldSpec
from arb.simexchange.stream_faults import StreamFaults
from arb.simexchange.usdm_listen import open_user
from arb.simexchange.wire import Hub
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
        self.faults = Faults(sorted({listing.symbol for listing in spec.listings}))
        self._stream_faults = StreamFaults(self.faults, self.world)
        self.stopped = asyncio.Event()
        self._host = host
        sides = self.world.order_sides()
        self._gate = OrderGate(
            self.faults,
            {place: store for place, (store, _) in sides.items()},
            {place: matching for place, (_, matching) in sides.items()},
        )
        self._carriers = {name: self._carrier(name) for name in self.world.venues}
        self._rest = {name: HttpServer(self._rest_handler(name)) for name in self.world.venues}
        self.hubs = {(BINANCE, market): self._binance_hub(market) for market in self.world.binance.markets}
        bybit = Hub(
            self._open_bybit,
            self._clock_of(BYBIT),
            pings=False,
            life_s=spec.connection_life_s,
            receive=self._carriers[BYBIT].receive,
        )
        self.hubs |= {(BYBIT, market): bybit for market in self.world.bybit.markets}
        self._socket_faults = SocketFaults(self.faults, self.hubs, system_clock)
        self._account_faults = AccountFaults(self.faults, self.hubs, self.world)
        account = AccountControl(self.world, system_clock, self._account_faults.revoke, self._send_soon)
        control = Control(
            self.world, self.faults, system_clock, self._stop_soon, self._faults_changed, account
        )
        self._control = HttpServer(control.handle)
        for market, feed in self.world.bybit.feeds.items():
            feed.first_is_old = self._first_is_old(market)
        self._tick_handle: asyncio.TimerHandle | None = None
        self._private_handle: asyncio.TimerHandle | None = None
        self._tick_seconds = spec.market.step_ms / 1000
        self._conn_ids = 0
        self._cuts = 0

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
        """What `arb sim --json` prints; null is only what the world has no listings for."""
        host, spot = self._host, self.hubs[(BINANCE, SPOT)].port
        usdm = self.hubs.get((BINANCE, USDM))
        bybit = self.hubs[(BYBIT, SPOT)].port
        credentials, ed25519 = self.world.spec.credentials, self.world.binance.ed25519
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
                        "ws_api": f"ws://{host}:{usdm.port}/ws-fapi/v1" if usdm else None,
                    },
                },
                "bybit": {
                    "rest": f"http://{host}:{self._rest[BYBIT].port}",
                    "ws_public": f"ws://{host}:{bybit}/v5/public",
                    "ws_private": f"ws://{host}:{bybit}/v5/private",
                    "ws_trade": f"ws://{host}:{bybit}/v5/trade",
                },
            },
            "control": f"http://{host}:{self._control.port}",
            "key": credentials.key,
            "secret": credentials.secret,
            "ed25519": {"key": ed25519.key.key, "private_key": ed25519.private_pem},
        }

    def _rest_handler(self, name: str) -> Handler:
        venue, carrier = self.world.venues[name], self._carriers[name]

        async def handle(request: Request) -> Response:
            return await carrier.rest(request, lambda request, now: self._answer(venue, request, now))

        return handle

    def _carrier(self, name: str) -> Carrier:
        venue = self.world.venues[name]
        stores = {market: store for market, (store, _) in venue.order_sides.items()}
        return Carrier(name, self._gate, stores, self._clock_of(name), lambda now: self._acted(venue, now))

    def _clock_of(self, name: str) -> Callable[[], Instant]:
        return lambda: self.world.at(name, system_clock())

    def _acted(self, venue: BinanceVenue | BybitVenue, now: Instant) -> None:
        """A request may have changed the account; its answer has not left yet."""
        if venue.is_due(now):  # leaves before the answer: a client may hear of a fill first
            self._publish(self.world.due_private(now))
        self._send_soon()

    def _send_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._send_private)

    def _answer(self, venue: BinanceVenue | BybitVenue, request: Request, now: Instant) -> Response:
        """The venue's answer; of a depth request it may have to be an old one."""
        old = self._stream_faults.old_rest(request, now)
        if old is None:
            return venue.handle(request, now)
        fault, market, symbol = old
        feed = venue.feeds[market]
        feed.steps_ago[symbol] = int(fault.number("steps"))
        answer = venue.handle(request, now)
        del feed.steps_ago[symbol]
        if answer.status == 200:
            fault.fire(now)
        return answer

    def _first_is_old(self, market: str) -> Callable[[str, Instant], int | None]:
        def steps(symbol: str, now: Instant) -> int | None:
            fault = self._stream_faults.old_first(market, symbol, now)
            if fault is None:
                return None
            fault.fire(now)
            return int(fault.number("steps"))

        return steps

    def _next_cut(self) -> int:
        self._cuts += 1
        return self._cuts % self.world.spec.window_cuts

    def _binance_hub(self, market: str) -> Hub:
        venue = self.world.binance
        ws_api = venue.ws_api(market)
        clock, receive = self._clock_of(BINANCE), self._carriers[BINANCE].receive

        def open_path(path: str) -> Session | None:
            if path.startswith(("/ws-api", "/ws-fapi")):
                return open_ws_api(path, ws_api)
            user = open_user(path) if market == USDM else None
            if user is not None:
                return user
            feed = venue.feeds[market]
            return open_session(path, venue.wanted[market], market, self._next_cut(), feed.has_diffs)

        life_s = self.world.spec.connection_life_s
        return Hub(open_path, clock, pings=True, life_s=life_s, receive=receive)

    def _open_bybit(self, path: str) -> Session | None:
        self._conn_ids += 1
        venue = self.world.bybit
        number = f"sim-{self._conn_ids}"
        return open_bybit(path, venue.feeds, venue.trade_hall, number, self._next_cut())

    def _tick(self) -> None:
        self._publish(self.world.advance(system_clock()))
        self._run_faults()
        self._tick_handle = asyncio.get_running_loop().call_later(self._tick_seconds, self._tick)

    def _faults_changed(self) -> None:
        """Those that are due at once do not wait for the next tick."""
        self._publish([])
        self._run_faults()

    def _run_faults(self) -> None:
        now = system_clock()
        self._gate.advance(now)
        for name in self.world.venues:
            self.world.skew_ns[name] = self._gate.skew_ns(name, now)
        self._socket_faults.run()
        self._account_faults.run(now)

    def _publish(self, messages: list[Message]) -> None:
        # Its own look at the clock: a fault's stamp is the moment it acts, not the one its tick began.
        for message in self._stream_faults.filter(messages, system_clock()):
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
        self._publish(self.world.due_private(now))
        self._plan_private(now)

    def _stop_soon(self) -> None:
        asyncio.get_running_loop().call_later(0.05, self.stopped.set)
