"""Bybit linear perpetuals as one Venue: what spot has, and mark price and funding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from arb.venues.base import Mark, VenueError
from arb.venues.bybit import markets, tables
from arb.venues.bybit.order_markets import LINEAR_ORDERS
from arb.venues.bybit.streams import BybitMarkReader
from arb.venues.bybit.venue import BybitVenue
from arb.venues.marks import MarkStream
from arb.venues.sharding import shards


class BybitLinear(BybitVenue):
    market = markets.LINEAR
    order_market = LINEAR_ORDERS

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
