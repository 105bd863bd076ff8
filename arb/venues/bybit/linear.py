"""Bybit linear perpetuals as one Venue: market data, marks, orders, the private stream and the account."""

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
    VenueInstrument,
)
from arb.venues.bybit import markets, tables
from arb.venues.bybit.account import BybitAccount
from arb.venues.bybit.market_data import BybitMarketData
from arb.venues.bybit.order_markets import LINEAR_ORDERS
from arb.venues.bybit.orders import BybitOrders
from arb.venues.bybit.session import BybitSession
from arb.venues.bybit.streams import BybitMarkReader
from arb.venues.marks import MarkStream
from arb.venues.private_stream import ReconnectingStream
from arb.venues.settings import VenueSettings
from arb.venues.sharding import shards


class BybitLinear(BybitMarketData):
    """`urls`: `rest` without a path, `ws_public` up to `/v5/public`, `ws_private` and `ws_trade`
    complete; without the last orders go by REST. None has a default."""

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
        self._session: BybitSession | None = None
        if credentials is not None:
            self._session = BybitSession(
                LINEAR_ORDERS,
                name,
                urls,
                self._rest,
                self._symbols,
                sockets,
                clock,
                events,
                credentials,
                random,
                self.measure_clock,
            )

    @property
    def orders(self) -> BybitOrders | None:
        return None if self._session is None else self._session.orders

    @property
    def private(self) -> ReconnectingStream | None:
        return None if self._session is None else self._session.private

    @property
    def account(self) -> BybitAccount | None:
        return None if self._session is None else self._session.account

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

    def _found(self, instruments: Sequence[VenueInstrument]) -> None:
        if self._session is not None:
            self._session.orders.allow(instruments)
