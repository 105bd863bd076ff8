"""The markets of the venues by name; a module is imported when its market is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from arb.venues.base import ClockPort, Credentials, HttpPort, SocketPort, Venue, VenueEvents
from arb.venues.settings import VenueSettings

MARKETS = (("binance", "spot"), ("binance", "usdm"), ("bybit", "spot"), ("bybit", "linear"))


class VenueFactory(Protocol):
    """What every venue class is called with. Without credentials it has neither orders nor private stream;
    an address that is missing in `urls` is a VenueError."""

    def __call__(
        self,
        name: str,
        urls: Mapping[str, str | None],
        http: HttpPort,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        credentials: Credentials | None = None,
        settings: VenueSettings | None = None,
        random: Callable[[], float] = ...,
    ) -> Venue: ...


def venue_class(kind: str, market: str) -> VenueFactory:
    """One market of a venue; KeyError for one nobody registered."""
    if (kind, market) == ("binance", "spot"):
        from arb.venues.binance.venue import BinanceSpot

        return BinanceSpot
    if (kind, market) == ("binance", "usdm"):
        from arb.venues.binance.usdm import BinanceUsdm

        return BinanceUsdm
    if (kind, market) == ("bybit", "spot"):
        from arb.venues.bybit.venue import BybitSpot

        return BybitSpot
    if (kind, market) == ("bybit", "linear"):
        from arb.venues.bybit.linear import BybitLinear

        return BybitLinear
    raise KeyError((kind, market))
