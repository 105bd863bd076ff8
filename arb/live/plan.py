"""What a session is started with: venues, addresses, symbols, limits, times. No file is read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arb.venues.base import Credentials
from arb.venues.settings import VenueSettings
from arbcore.settings import EngineSettings


@dataclass(slots=True, frozen=True)
class VenuePlan:
    """One market of one venue, with an account of its own. `urls` are named as in `arb sim --json`."""

    name: str
    market: str  # the core's name for its wire and continuity rules: "binance_spot", "bybit_linear", ...
    urls: Mapping[str, str | None]
    credentials: Credentials
    taker_fee_bps: str
    buy_fee_in_base: bool = True  # the default of spot accounts on both venues
    settings: VenueSettings = field(default_factory=VenueSettings)
    connection_life_s: float = 23 * 3600.0  # planned; Binance ends a market connection after 24 h
    overlap_s: float = 30.0  # for the new connection to be LIVE beside the old one
    instruments_period_s: float = 60.0  # between two readings of the trading rules
    resync_pause_s: float = 0.2  # before a snapshot is asked for; doubled while it comes too old

    @property
    def is_perpetual(self) -> bool:
        return self.market.endswith(("_usdm", "_linear"))

    def own(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Those of this market: perpetuals are written BASE/QUOTE:SETTLE."""
        return tuple(symbol for symbol in symbols if (":" in symbol) == self.is_perpetual)


@dataclass(slots=True, frozen=True)
class SessionPlan:
    """`engine.limits.max_position` stays empty here: `max_position` is by asset name."""

    venues: tuple[VenuePlan, ...]
    symbols: tuple[str, ...]  # ccxt symbols; each venue takes part in those of its market
    trading: bool = True  # False: books, marks and funding are watched, no order is sent
    currency: str = "USDT"
    engine: EngineSettings = field(default_factory=EngineSettings)
    max_position: Mapping[str, str] = field(default_factory=dict)
    tape: Path | None = None
    start_timeout_s: float = 20.0  # until every book is LIVE
    stop_timeout_s: float = 20.0  # until every leg is resolved
    heartbeat_s: float = 0.1
