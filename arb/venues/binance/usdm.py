"""Binance USD-M perpetuals as one Venue: market data, mark price and funding, orders, the private stream."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence

from arb.venues.base import (
    ClockPort,
    Credentials,
    HttpPort,
    KeyKind,
    Mark,
    SocketPort,
    StreamCause,
    VenueError,
    VenueEvents,
)
from arb.venues.binance import markets, order_markets, tables
from arb.venues.binance.account import BinanceUsdmAccount
from arb.venues.binance.errors import USDM_ERRORS
from arb.venues.binance.orders import BinanceOrders
from arb.venues.binance.streams import BinanceMarkReader
from arb.venues.binance.usdm_private import BinanceUsdmDialogue, ListenKey, UsdmPrivateStream
from arb.venues.binance.venue import BinanceVenue
from arb.venues.endpoints import endpoint
from arb.venues.marks import MarkStream
from arb.venues.settings import VenueSettings
from arb.venues.sharding import shards


class BinanceUsdm(BinanceVenue):
    """`urls`: `rest` and `ws` without a path and without a route; with credentials also `ws_api`, complete
    (without it orders go by REST), and `sapi` like `rest`, which tells the rights of the key. None has a
    default."""

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
            markets.USDM, name, urls, http, sockets, clock, events, credentials, settings, random
        )
        self._rest.errors = USDM_ERRORS
        self._private: UsdmPrivateStream | None = None
        self._account: BinanceUsdmAccount | None = None
        if credentials is None:
            return
        if self._settings.order_transport == "ws":
            endpoint(urls, "ws_api", name)
        by_logon = credentials.kind is KeyKind.ed25519 and self._settings.usdm_logon
        self._orders = BinanceOrders(
            order_markets.USDM,
            self._rest,
            self._symbols,
            events,
            clock,
            sockets,
            random,
            ws_url=urls.get("ws_api") or "",
            api_key=credentials.api_key,
            is_session=by_logon,
            measure_clock=self.measure_clock,
        )
        sapi = urls.get("sapi")
        self._account = BinanceUsdmAccount(
            self._rest, self._symbols, None if sapi is None else self._rest.elsewhere(sapi)
        )
        key = ListenKey(self._rest, self._key_expired)
        dialogue = BinanceUsdmDialogue(
            self._ws, key, self._symbols, self._orders.ids, events, self._orders.hold_entries
        )
        self._private = UsdmPrivateStream(
            key,
            dialogue,
            sockets,
            clock,
            events,
            self._orders,
            self._settings,
            random,
            self._account.positions,
            self.clock.stamp_ms,
        )

    @property
    def private(self) -> UsdmPrivateStream | None:
        return self._private

    @property
    def account(self) -> BinanceUsdmAccount | None:
        return self._account

    def _key_expired(self, detail: str) -> None:
        if self._private is not None:
            self._private.renew(StreamCause.terminated, detail)

    def mark_stream(
        self,
        symbols: Sequence[str],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> MarkStream:
        wanted = [tables.MARK_STREAM]
        if self._settings.trades:
            wanted.append(tables.AGG_TRADE_STREAM)  # this route alone delivers it
        topics = {}
        for symbol in symbols:
            lower = self._symbols.get(symbol).venue_symbol.lower()
            topics[symbol] = tuple(topic.format(symbol=lower) for topic in wanted)
        parts = shards(topics, self._market.limits)
        if len(parts) != 1:
            raise VenueError(f"{self._name}: {len(symbols)} mark prices are more than a connection carries")
        stream = self._stream(self._market.mark_path, parts[0])
        return MarkStream(
            stream,
            lambda: BinanceMarkReader(self._symbols.to_symbol),
            lambda: self.subscriptions(stream),
            self._sockets,
            self._port,
            self._settings,
            self._random,
            on_mark,
            on_state,
            on_other,
        )
