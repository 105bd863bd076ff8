"""Venue kinds by name; a module is imported when its venue is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from arb.venues.base import ClockPort, Credentials, HttpPort, SocketPort, Venue, VenueEvents
from arb.venues.settings import VenueSettings

KINDS = ("binance", "bybit")


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


def venue_class(kind: str) -> VenueFactory:
    """The spot market of that kind; KeyError for a kind nobody registered."""
    if kind == "binance":
        from arb.venues.binance.venue import BinanceSpot

        return BinanceSpot
    if kind == "bybit":
        from arb.venues.bybit.venue import BybitSpot

        return BybitSpot
    raise KeyError(kind)
