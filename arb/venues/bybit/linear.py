"""Bybit linear perpetuals as one Venue: market data, mark price and funding; orders are not sent here."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence

from arb.venues.base import (
    ClockPort,
    Credentials,
    HttpPort,
    Mark,
    SocketPort,
    VenueError,
    VenueEvents,
)
from arb.venues.bybit import markets, tables
from arb.venues.bybit.market_data import BybitMarketData
from arb.venues.bybit.streams import BybitMarkReader
from arb.venues.marks import MarkStream
from arb.venues.settings import VenueSettings
from arb.venues.sharding import shards


class BybitLinear(BybitMarketData):
    """`urls`: `rest` without a path, `ws_public` up to `/v5/public`; none has a default."""

    orders = None
    private = None
    account = None

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
        super().__init__(
            markets.LINEAR, name, urls, http, sockets, clock, events, credentials, settings, random
        )

    def mark_stream(
        self,
        symbols: Sequence[str],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> MarkStream:
        topics = {
            symbol: (tables.TICKER_TOPIC.format(symbol=self._symbols.get(symbol).venue_symbol),)
            for symbol in symbols
        }
        parts = shards(topics, self._market.limits)
        if len(parts) != 1:
            raise VenueError(f"{self._name}: {len(symbols)} mark prices are more than a connection carries")
        stream = self._stream(parts[0])
        return MarkStream(
            stream,
            lambda: BybitMarkReader(self._symbols.to_symbol),
            lambda: self.subscriptions(stream),
            self._sockets,
            self._port,
            self._settings,
            self._random,
            on_mark,
            on_state,
            on_other,
        )
