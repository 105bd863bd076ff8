"""Bybit's market data as data: what differs between spot and linear perpetuals, in one table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from arb.venues.base import VenueInstrument
from arb.venues.bybit import parse, tables
from arb.venues.sharding import ConnectionLimits
from arb.venues.symbols import joined, settled

Row = Mapping[str, Any]  # of instruments-info


@dataclass(slots=True, frozen=True)
class Market:
    category: str
    limits: ConnectionLimits
    venue_symbol: Callable[[str], str]  # of a ccxt symbol; VenueError for one of another market
    instrument: Callable[[Row], VenueInstrument]
    symbol: Callable[[Row], str]  # ccxt symbol, "" for a contract of another kind


SPOT = Market(
    category="spot",
    limits=ConnectionLimits(chars=tables.ARGS_CHARS, topics_per_frame=tables.ARGS_PER_REQUEST),
    venue_symbol=joined,
    instrument=parse.instrument,
    symbol=parse.spot_symbol,
)

# No number of args per request is documented here. Some only: a refused request is asked again in halves.
LINEAR = Market(
    category="linear",
    limits=ConnectionLimits(chars=tables.ARGS_CHARS, topics_per_frame=100),
    venue_symbol=settled,
    instrument=parse.perpetual,
    symbol=parse.perpetual_symbol,
)
