"""Bybit spot as one Venue: instruments, market streams, clock, orders and the private stream."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import (
    ClockPort,
    Credentials,
    ErrorClass,
    HttpPort,
    HttpRequest,
    MarketStream,
    SocketPort,
    VenueError,
    VenueEvents,
    VenueFailure,
    VenueInstrument,
)
from arb.venues.bybit import parse, tables
from arb.venues.bybit.orders import BybitSpotOrders
from arb.venues.bybit.private import BybitSpotDialogue
from arb.venues.bybit.rest import BybitRest
from arb.venues.clock import VenueClock
from arb.venues.endpoints import endpoint
from arb.venues.private_stream import ReconnectingStream
from arb.venues.settings import VenueSettings
from arb.venues.symbols import Symbols, joined


class BybitSpot:
    """`urls`: `rest` without a path, `ws_public` up to `/v5/public`, `ws_private` complete; no defaults."""

    def __init__(
        self,
        name: str,
        urls: Mapping[str, str | None],
        http: HttpPort,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        credentials: Credentials | None = None,
        settings: VenueSettings | None = None,
        random: Callable[[], float] = _random.random,
    ) -> None:
        self._name = name
        settings = VenueSettings() if settings is None else settings
        if settings.stream_levels not in tables.STREAM_LEVELS:
            raise VenueError(f"{name}: stream_levels is one of {tables.STREAM_LEVELS}")
        self._settings = settings
        self._ws_public = endpoint(urls, "ws_public", name)
        self.clock = VenueClock(clock)
        self._symbols = Symbols()
        self._rest = BybitRest(endpoint(urls, "rest", name), http, self.clock, events, settings, credentials)
        self._rest.on_clock_refused = self.measure_clock
        self._orders: BybitSpotOrders | None = None
        self._private: ReconnectingStream | None = None
        if credentials is not None and self._rest.signer is not None:
            self._orders = BybitSpotOrders(self._rest, self._symbols, events)
            dialogue = BybitSpotDialogue(
                endpoint(urls, "ws_private", name),
                credentials,
                self._rest.signer,
                self.clock,
                self._symbols,
                events,
            )
            self._private = ReconnectingStream(
                dialogue, sockets, clock, events, self._orders, settings, random
            )

    @property
    def name(self) -> str:
        return self._name

    @property
    def orders(self) -> BybitSpotOrders | None:
        return self._orders

    @property
    def private(self) -> ReconnectingStream | None:
        return self._private

    # Instruments.

    def instruments(
        self,
        symbols: Sequence[str],
        on_done: Callable[[Sequence[VenueInstrument] | VenueFailure], None],
    ) -> None:
        wanted = {joined(symbol) for symbol in symbols}

        def listed(result: Any) -> None:
            if isinstance(result, VenueFailure):
                on_done(result)
                return
            try:
                found = [parse.instrument(row) for row in result if row.get("symbol") in wanted]
            except VenueError as error:
                on_done(VenueFailure(ErrorClass.unknown, 200, f"instruments-info: {error}"))
                return
            found = [instrument for instrument in found if instrument.symbol in symbols]
            self._symbols.update(found)
            if self._orders is not None:
                self._orders.allow(found)
            on_done(found)

        query = f"category={tables.CATEGORY}&limit={tables.INSTRUMENTS_LIMIT}"
        self._rest.read_pages(tables.INSTRUMENTS, query, False, listed)

    # Market data.

    def market_stream(self, symbols: Sequence[str]) -> MarketStream:
        """Depth and best price of each symbol on one connection, so that they arrive in order."""
        topics = [topic for symbol in symbols for topic in self._topics(symbol)]
        chars = sum(len(topic) for topic in topics)
        if not topics or chars > tables.ARGS_CHARS:
            raise VenueError(
                f"symbols: topics of a connection have 1 to {tables.ARGS_CHARS} characters, was {chars}"
            )
        size = tables.ARGS_PER_REQUEST
        frames = tuple(
            orjson.dumps({"req_id": str(at // size + 1), "op": "subscribe", "args": topics[at : at + size]})
            for at in range(0, len(topics), size)
        )
        return MarketStream(
            f"{self._ws_public}/{tables.CATEGORY}", frames, tables.PING, self._settings.ping_period_s
        )

    def _topics(self, symbol: str) -> tuple[str, str]:
        venue_symbol = self._symbols.get(symbol).venue_symbol
        return (
            tables.DEPTH_TOPIC.format(levels=self._settings.stream_levels, symbol=venue_symbol),
            tables.DEPTH_TOPIC.format(levels=1, symbol=venue_symbol),
        )

    def snapshot_request(self, symbol: str) -> HttpRequest | None:
        return None

    def resubscribe_frames(self, symbol: str) -> tuple[bytes, ...]:
        """The depth topic alone: level 1 repeats its snapshot every 3 s by itself."""
        depth = [self._topics(symbol)[0]]
        return tuple(
            orjson.dumps({"req_id": "r", "op": operation, "args": depth})
            for operation in ("unsubscribe", "subscribe")
        )

    # Clock.

    def measure_clock(self, on_done: Callable[[bool], None] | None = None) -> None:
        sent_ns = self.clock.mono_ns()

        def answered(result: Any) -> None:
            consistent = False
            if not isinstance(result, VenueFailure):
                try:
                    server_ns = fields.integer(fields.mapping(result, "time"), "timeNano")
                except VenueError:
                    server_ns = 0
                if server_ns > 0:
                    # Cut to ms all the same: orders are judged against a clock of milliseconds.
                    consistent = self.clock.bounds.add(
                        sent_ns, self.clock.mono_ns(), server_ns // 1_000_000 * 1_000_000
                    )
            if on_done is not None:
                on_done(consistent)

        self._rest.read_public(tables.TIME, "", answered)

    def clock_half_width_ns(self) -> int | None:
        return self.clock.bounds.half_width_ns(self.clock.mono_ns())
