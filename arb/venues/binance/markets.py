"""Binance's market data as data: what differs between spot and USD-M perpetuals, in one table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from arb.venues.base import VenueInstrument
from arb.venues.binance import parse, tables
from arb.venues.binance.tables import Endpoint
from arb.venues.sharding import ConnectionLimits
from arb.venues.symbols import joined, settled

# The address of a connection: proxies cut request lines at 8 KB.
_URL_CHARS = 4_000


@dataclass(slots=True, frozen=True)
class Market:
    time: Endpoint
    exchange_info: Endpoint
    lists_by_symbol: bool  # exchangeInfo can be asked for some symbols
    depth: Endpoint
    depth_weights: tuple[tuple[int, int], ...]  # (levels up to, weight), ascending
    depth_levels: tuple[int, ...]  # the only depths that are served; (): every one up to the largest weight's
    weight_limit: int  # of the address a minute, until exchangeInfo tells
    book_path: str  # combined streams: {"stream":...,"data":...}, control answers bare
    mark_path: str
    trade_stream: str  # on the book's connections; "" where only another route has it
    limits: ConnectionLimits
    messages_per_s: int  # that we send; what the venue permits less one for a PONG
    venue_symbol: Callable[[str], str]  # of a ccxt symbol; VenueError for one of another market
    instrument: Callable[[Mapping[str, Any]], VenueInstrument]
    is_ours: Callable[[Mapping[str, Any]], bool]  # a row of exchangeInfo

    def served_levels(self, wanted: int) -> int:
        """The depth a snapshot really has when so many levels are wanted."""
        most = self.depth_weights[-1][0]
        return next((levels for levels in self.depth_levels if levels >= wanted), min(wanted, most))

    def depth_weight(self, levels: int) -> int:
        return next(weight for most, weight in self.depth_weights if levels <= most)


# 5 incoming messages a second, PING, PONG and JSON alike; 1,024 streams. No frame size is documented: the one
# of USD-M is kept to.
SPOT = Market(
    time=tables.TIME,
    exchange_info=tables.EXCHANGE_INFO,
    lists_by_symbol=True,
    depth=tables.DEPTH,
    depth_weights=((100, 5), (500, 25), (1_000, 50), (5_000, 250)),
    depth_levels=(),
    weight_limit=6_000,
    book_path="/stream",
    mark_path="",
    trade_stream=tables.TRADE_STREAM,
    limits=ConnectionLimits(topics=1_024, url_chars=_URL_CHARS, frames=4, frame_bytes=4_000),
    messages_per_s=4,
    venue_symbol=joined,
    instrument=parse.instrument,
    is_ours=lambda row: True,
)

# "Routed" since 2026: depth and bookTicker come on /public only, markPrice on /market only; a stream on the
# wrong route is acknowledged and silent. 10 incoming messages a second; SUBSCRIBE frames below 4,096 bytes.
USDM = Market(
    time=Endpoint("GET", "/fapi/v1/time", 1),
    exchange_info=Endpoint("GET", "/fapi/v1/exchangeInfo", 1),
    lists_by_symbol=False,
    depth=Endpoint("GET", "/fapi/v1/depth", 20),
    depth_weights=((50, 2), (100, 5), (500, 10), (1_000, 20)),
    depth_levels=(5, 10, 20, 50, 100, 500, 1_000),
    weight_limit=2_400,
    book_path="/public/stream",
    mark_path="/market/stream",
    trade_stream="",
    limits=ConnectionLimits(topics=1_024, url_chars=_URL_CHARS, frames=8, frame_bytes=4_000),
    messages_per_s=9,
    venue_symbol=settled,
    instrument=parse.perpetual,
    is_ours=parse.is_perpetual,
)
