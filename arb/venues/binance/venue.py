"""Binance spot as one Venue: instruments, market streams, snapshots, clock, orders and the private stream."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
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
from arb.venues.binance import parse, tables
from arb.venues.binance.orders import BinanceSpotOrders
from arb.venues.binance.private import BinanceSpotDialogue
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.signing import encoded
from arb.venues.clock import VenueClock
from arb.venues.endpoints import endpoint
from arb.venues.private_stream import ReconnectingStream
from arb.venues.settings import VenueSettings
from arb.venues.symbols import Symbols, joined

OnInstruments = Callable[[Sequence[VenueInstrument] | VenueFailure], None]


class BinanceSpot:
    """`urls`: `rest` and `ws` without a path, `ws_api` complete; none has a default."""

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
        self._settings = settings
        self._ws = endpoint(urls, "ws", name)
        self.clock = VenueClock(clock)
        self._symbols = Symbols()
        self._rest = BinanceRest(
            endpoint(urls, "rest", name), http, self.clock, events, settings, credentials
        )
        self._rest.on_clock_refused = self.measure_clock
        self._orders: BinanceSpotOrders | None = None
        self._private: ReconnectingStream | None = None
        if credentials is not None and self._rest.signer is not None:
            self._orders = BinanceSpotOrders(self._rest, self._symbols, events)
            dialogue = BinanceSpotDialogue(
                endpoint(urls, "ws_api", name),
                credentials,
                self._rest.signer,
                self.clock,
                self._symbols,
                events,
                settings,
                self.measure_clock,
            )
            self._private = ReconnectingStream(
                dialogue, sockets, clock, events, self._orders, settings, random
            )

    @property
    def name(self) -> str:
        return self._name

    @property
    def orders(self) -> BinanceSpotOrders | None:
        return self._orders

    @property
    def private(self) -> ReconnectingStream | None:
        return self._private

    # Instruments.

    def instruments(self, symbols: Sequence[str], on_done: OnInstruments) -> None:
        names = orjson.dumps([joined(symbol) for symbol in symbols]).decode()
        query = encoded({"symbols": names}) + "&showPermissionSets=false"
        self._rest.read_public(
            tables.EXCHANGE_INFO, query, partial(self._listed, symbols, on_done, narrow=True)
        )

    def _listed(self, symbols: Sequence[str], on_done: OnInstruments, result: Any, narrow: bool) -> None:
        if isinstance(result, VenueFailure):
            if narrow and result.code == tables.BAD_SYMBOL:
                # One unknown symbol fails the whole question: ask for everything and pick.
                self._rest.read_public(
                    tables.EXCHANGE_INFO,
                    "showPermissionSets=false",
                    partial(self._listed, symbols, on_done, narrow=False),
                )
                return
            on_done(result)
            return
        try:
            wanted = {joined(symbol) for symbol in symbols}
            listed = fields.rows(fields.mapping(result, "exchangeInfo").get("symbols"), "symbols")
            found = [parse.instrument(row) for row in listed if row.get("symbol") in wanted]
        except VenueError as error:
            on_done(VenueFailure(ErrorClass.unknown, 200, f"exchangeInfo: {error}"))
            return
        found = [instrument for instrument in found if instrument.symbol in symbols]
        self._symbols.update(found)
        if self._orders is not None:
            self._orders.allow(found)
        on_done(found)

    # Market data.

    def market_stream(self, symbols: Sequence[str]) -> MarketStream:
        """Depth and best price of each symbol on one connection, so that they arrive in order."""
        streams = []
        for symbol in symbols:
            lower = self._symbols.get(symbol).venue_symbol.lower()
            streams.append(tables.DEPTH_STREAM.format(symbol=lower))
            streams.append(tables.TICKER_STREAM.format(symbol=lower))
        if not 0 < len(streams) <= tables.STREAMS_PER_CONNECTION:
            raise VenueError(f"symbols: a connection carries 1 to 512 of them, was {len(symbols)}")
        in_url, rest = streams[: tables.STREAMS_IN_URL], streams[tables.STREAMS_IN_URL :]
        size = tables.STREAMS_PER_FRAME
        frames = tuple(
            orjson.dumps({"method": "SUBSCRIBE", "params": rest[at : at + size], "id": at // size + 1})
            for at in range(0, len(rest), size)
        )
        url = f"{self._ws}{tables.COMBINED_STREAM_PATH}?streams={'/'.join(in_url)}"
        return MarketStream(url, frames, ping=None, ping_period_s=0.0)

    def snapshot_request(self, symbol: str) -> HttpRequest | None:
        venue_symbol = self._symbols.get(symbol).venue_symbol
        query = f"symbol={venue_symbol}&limit={self._settings.snapshot_levels}"
        return self._rest.public(tables.DEPTH, query)

    def resubscribe_frames(self, symbol: str) -> tuple[bytes, ...]:
        return ()

    # Clock.

    def measure_clock(self, on_done: Callable[[bool], None] | None = None) -> None:
        sent_ns = self.clock.mono_ns()

        def answered(result: Any) -> None:
            consistent = False
            if not isinstance(result, VenueFailure):
                try:
                    server_ms = fields.integer(fields.mapping(result, "time"), "serverTime")
                except VenueError:
                    server_ms = 0
                if server_ms > 0:
                    consistent = self.clock.bounds.add(sent_ns, self.clock.mono_ns(), server_ms * 1_000_000)
            if on_done is not None:
                on_done(consistent)

        self._rest.read_public(tables.TIME, "", answered)

    def clock_half_width_ns(self) -> int | None:
        return self.clock.bounds.half_width_ns(self.clock.mono_ns())
