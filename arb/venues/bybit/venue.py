"""Bybit spot as one Venue: its market data, orders and the private stream."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence

from arb.venues.base import (
    ClockPort,
    Credentials,
    HttpPort,
    Mark,
    SocketPort,
    VenueEvents,
    VenueInstrument,
)
from arb.venues.bybit import markets
from arb.venues.bybit.market_data import BybitMarketData
from arb.venues.bybit.orders import BybitSpotOrders
from arb.venues.bybit.private import BybitSpotDialogue
from arb.venues.endpoints import endpoint
from arb.venues.private_stream import ReconnectingStream
from arb.venues.settings import VenueSettings


class BybitSpot(BybitMarketData):
    """`urls`: `rest` without a path, `ws_public` up to `/v5/public`, `ws_private` complete; no defaults."""

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
            markets.SPOT, name, urls, http, sockets, clock, events, credentials, settings, random
        )
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
                dialogue, sockets, clock, events, self._orders, self._settings, random
            )

    @property
    def orders(self) -> BybitSpotOrders | None:
        return self._orders

    @property
    def private(self) -> ReconnectingStream | None:
        return self._private

    def mark_stream(
        self,
        symbols: Sequence[str],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> None:
        return None

    def _found(self, instruments: Sequence[VenueInstrument]) -> None:
        if self._orders is not None:
            self._orders.allow(instruments)
