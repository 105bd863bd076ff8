"""A Bybit market as one Venue: its market data, orders, the private stream and the account; spot is one."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

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
from arb.venues.bybit.account import BybitAccount
from arb.venues.bybit.market_data import BybitMarketData
from arb.venues.bybit.order_markets import SPOT_ORDERS, OrderMarket
from arb.venues.bybit.orders import BybitOrders
from arb.venues.bybit.session import BybitSession
from arb.venues.private_stream import ReconnectingStream
from arb.venues.settings import VenueSettings


class BybitVenue(BybitMarketData):
    """`urls`: `rest` without a path, `ws_public` up to `/v5/public`, `ws_private` and `ws_trade`
    complete; without the last orders go by REST. None has a default."""

    market: ClassVar[markets.Market]
    order_market: ClassVar[OrderMarket]

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
        super().__init__(self.market, name, urls, http, sockets, clock, events, credentials, settings, random)
        self._session: BybitSession | None = None
        if credentials is not None:
            self._session = BybitSession(
                self.order_market,
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

    def _found(self, instruments: Sequence[VenueInstrument]) -> None:
        if self._session is not None:
            self._session.orders.allow(instruments)


class BybitSpot(BybitVenue):
    market = markets.SPOT
    order_market = SPOT_ORDERS

    def mark_stream(
        self,
        symbols: Sequence[str],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> None:
        return None
