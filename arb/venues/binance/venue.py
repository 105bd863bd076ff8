"""Binance spot as one Venue: its market data, orders and the private stream."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arb.venues.base import (
    ClockPort,
    Credentials,
    HttpPort,
    KeyKind,
    Mark,
    SocketPort,
    VenueEvents,
    VenueInstrument,
)
from arb.venues.binance import markets, order_markets
from arb.venues.binance.account import BinanceSpotAccount
from arb.venues.binance.market_data import BinanceMarketData
from arb.venues.binance.orders import BinanceOrders
from arb.venues.binance.private import BinanceSpotDialogue
from arb.venues.endpoints import endpoint
from arb.venues.private_stream import ReconnectingStream
from arb.venues.settings import VenueSettings


class BinanceVenue(BinanceMarketData):
    """What both markets do with their orders; None without credentials."""

    _orders: BinanceOrders | None = None

    @property
    def orders(self) -> BinanceOrders | None:
        return self._orders

    def _take_limits(self, info: Mapping[str, Any]) -> None:
        super()._take_limits(info)
        if self._orders is not None:
            self._orders.budgets.take_limits(info)

    def _found(self, instruments: Sequence[VenueInstrument]) -> None:
        if self._orders is not None:
            self._orders.allow(instruments)


class BinanceSpot(BinanceVenue):
    """`urls`: `rest` and `ws` without a path, `ws_api` complete; `sapi` is like `rest`, and the same where it
    is not given. None has a default."""

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
        self._private: ReconnectingStream | None = None
        self._account: BinanceSpotAccount | None = None
        if credentials is not None:
            ws_api = endpoint(urls, "ws_api", name)
            self._orders = BinanceOrders(
                order_markets.SPOT,
                self._rest,
                self._symbols,
                events,
                clock,
                sockets,
                random,
                ws_url=ws_api,
                api_key=credentials.api_key,
                is_session=credentials.kind is KeyKind.ed25519,
                measure_clock=self.measure_clock,
            )
            dialogue = BinanceSpotDialogue(
                ws_api, credentials, self._rest, self._symbols, self._orders.ids, events, self.measure_clock
            )
            self._private = ReconnectingStream(
                dialogue,
                sockets,
                clock,
                events,
                self._orders,
                self._settings,
                random,
                venue_ms=self.clock.stamp_ms,
            )
            sapi = urls.get("sapi")
            self._account = BinanceSpotAccount(
                self._rest, self._symbols, self._rest if sapi is None else self._rest.elsewhere(sapi)
            )

    @property
    def private(self) -> ReconnectingStream | None:
        return self._private

    @property
    def account(self) -> BinanceSpotAccount | None:
        return self._account

    def mark_stream(
        self,
        symbols: Sequence[str],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> None:
        return None
