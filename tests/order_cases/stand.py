"""One adapter of one market kind and transport on the simulator, and which case each of its words is for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from arb.cli._plan import market_urls
from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import (
    Credentials,
    FillUpdate,
    KeyKind,
    OrderRequest,
    OrderUpdate,
    RateLimit,
    Secret,
    Side,
    StreamCause,
    StreamKind,
    StreamState,
    VenueFailure,
    VenueInstrument,
)
from arb.venues.clock import ClockPoller
from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings
from tests.order_cases.case import Case
from tests.venues.waiting import until

PREFIX = 7  # characters of a client id that tell whose it is: "a", the instance and the epoch
RECV_WINDOW_MS = 200
SETTINGS = VenueSettings(
    recv_window_ms=RECV_WINDOW_MS,
    order_timeout_s=0.4,
    read_timeout_s=0.4,
    subscribe_timeout_s=2.0,
    backoff_base_s=0.05,
    backoff_cap_s=0.2,
    shed_pause_s=0.5,
)


class Stand:
    """Hears for all cases on it: a word about an order goes to the case whose order it is."""

    def __init__(self, kind: str, way: str, sim: Any, http: LiveHttpPort, sockets: LiveSocketPort) -> None:
        self.kind, self.way = kind, way
        self.cases: dict[str, Case] = {}  # by the beginning of their client ids, finished ones too
        self.private = self.order = StreamState.down
        self.pauses = 0
        self.listed: VenueInstrument
        venue, _, market = kind.partition("_")
        self.symbol = "BTC/USDT" if market == "spot" else "BTC/USDT:USDT"
        urls = dict(market_urls(venue, market, sim["venues"]))
        if venue == "binance":
            urls["sapi"] = sim["venues"]["binance"]["spot"]["rest"]
        credentials = Credentials(sim["key"], Secret(sim["secret"]))
        if venue == "binance" and way == "ws":
            pair = sim["ed25519"]
            credentials = Credentials(pair["key"], Secret(pair["private_key"]), KeyKind.ed25519)
        clock = LoopClock(asyncio.get_running_loop())
        settings = _with_transport(way)
        self.venue: Any = venue_class(venue, market)(
            f"{kind}-{way}", urls, http, sockets, clock, self, credentials, settings
        )
        self.poller = ClockPoller(clock, self.venue.measure_clock)

    @property
    def is_up(self) -> bool:
        """May new cases begin?"""
        ready = self.way == "rest" or self.order is not StreamState.down
        return self.private is StreamState.resynced and ready

    def why_not(self) -> str:
        """What stands in the way of an order now."""
        refused = self.venue.orders.ready([OrderRequest("probe", self.symbol, Side.buy, "0.01", "1")])
        return "nothing" if refused is None else str(refused.reason)

    async def open(self) -> None:
        for _ in range(5):
            told: list[bool] = []
            self.venue.measure_clock(told.append)
            await until(lambda told=told: told)  # type: ignore[misc]
        answers: list[Any] = []
        self.venue.instruments([self.symbol], answers.append)
        await until(lambda: answers)
        assert not isinstance(answers[0], VenueFailure), answers[0]
        [self.listed] = answers[0]
        self.poller.start()
        self.venue.private.start()
        self.venue.orders.start()
        await until(lambda: self.is_up)

    def close(self) -> None:
        self.poller.stop()
        self.venue.private.stop()
        self.venue.orders.stop()

    # Words about orders.

    def on_sent(self, coid: str) -> None:
        self._live(coid, lambda case: case.ear.on_sent(coid))

    def on_not_sent(self, coid: str, reason: str) -> None:
        self._live(coid, lambda case: case.ear.on_not_sent(coid, reason))

    def on_ack(self, coid: str, venue_order_id: str) -> None:
        self._live(coid, lambda case: case.ear.on_ack(coid, venue_order_id))

    def on_reject(self, coid: str, error_class: Any, code: int, message: str) -> None:
        self._live(coid, lambda case: case.ear.on_reject(coid, error_class, code, message))

    def on_unknown(self, coid: str, reason: str) -> None:
        self._live(coid, lambda case: case.ear.on_unknown(coid, reason))

    def on_order(self, order: OrderUpdate) -> None:
        self._live(order.coid, lambda case: case.ear.on_order(order))

    def on_fill(self, fill: FillUpdate) -> None:
        case = self.cases.get(fill.coid[:PREFIX])
        if case is not None:
            case.hear_fill(fill)

    def on_cancel(self, coid: str, outcome: Any, code: int, message: str) -> None:
        self._live(coid, lambda case: case.ear.on_cancel(coid, outcome, code, message))

    def on_query(self, coid: str, outcome: Any) -> None:
        self._live(coid, lambda case: case.ear.on_query(coid, outcome))

    # Words about the account.

    def on_balances(self, balances: Any) -> None:
        pass

    def on_positions(self, positions: Any) -> None:
        pass

    def on_cash(self, cash: Any) -> None:
        pass

    def on_stream(self, kind: StreamKind, state: StreamState, cause: StreamCause, detail: str) -> None:
        if kind is StreamKind.order:
            self.order = state
            return
        self.private = state
        for case in self.cases.values():
            if not case.is_over:
                case.ear.on_stream(kind, state, cause, detail)

    def on_rate_limit(self, limit: RateLimit) -> None:
        self.pauses += 1

    def _live(self, coid: str, action: Callable[[Case], None]) -> None:
        case = self.cases.get(coid[:PREFIX])
        if case is not None and not case.is_over:
            action(case)


def _with_transport(way: str) -> VenueSettings:
    from dataclasses import replace

    return replace(SETTINGS, order_transport="rest" if way == "rest" else "auto", usdm_logon=True)


def ways(sim: Mapping[str, Any], positions: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The kinds and transports that the simulator serves orders of."""
    kinds = [("binance_spot", way) for way in ("rest", "ws")]
    kinds += [("binance_usdm", way) for way in ("rest", "ws") if "binance_usdm" in positions]
    bybit = ["rest", *(["ws"] if sim["venues"]["bybit"]["ws_trade"] else [])]
    kinds += [("bybit_spot", way) for way in bybit]
    return kinds + [("bybit_linear", way) for way in bybit if "bybit_linear" in positions]
