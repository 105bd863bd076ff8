"""What an engine is made with: times in ns, rates in ppm, money as texts in the accounting currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MS = 1_000_000
S = 1_000 * MS


@dataclass(slots=True, frozen=True)
class Limits:
    """The gate's limits; "0" is no limit. `max_position` is in base units, by asset id."""

    max_book_age_ns: int = 500 * MS
    max_feed_lag_ns: int = 250 * MS
    own_fill_quiet_ns: int = 150 * MS
    own_fill_block_ns: int = 250 * MS
    duplicate_window_ns: int = 250 * MS
    max_order_notional: str = "0"
    max_notional: str = "0"
    max_loss: str = "0"
    max_position: Sequence[str] = ()
    max_open_trades: int = 16
    collar_ppm: int = 50_000
    hedge_collar_ppm: int = 50_000
    max_edge_ppm: int = 50_000
    max_leverage_ppm: int = 1_000_000  # worst-case positions of a perpetual account over its equity


@dataclass(slots=True, frozen=True)
class Timing:
    """When silence becomes a question; see docs/risk.md."""

    ack_ns: int = 200 * MS
    place_deadline_ns: int = 5 * MS
    hedge_deadline_ns: int = 50 * MS
    query_ns: Sequence[int] = (0, 100 * MS, 300 * MS, S, 3 * S, 10 * S)
    query_later_ns: int = 5 * S
    fills_ns: int = 100 * MS
    fence_ns: int = 13 * S  # after the send: recvWindow + 1 s of clock lead + settling
    absent_gap_ns: int = S  # between the two queries after it that must not find the order
    lost_ns: int = 20 * S
    hedge_ns: int = 1_500 * MS
    hedge_retry_ns: int = 20 * MS


@dataclass(slots=True, frozen=True)
class EngineSettings:
    """`instance`: two letters of a-z2-7 in every client order id; `epoch`: this start's number, to 65,535."""

    instance: str = "aa"
    epoch: int = 0
    min_edge_ppm: int = 0
    slippage_ppm: int = 0
    max_hedges: int = 1
    hedge_band_ppm: int = 10_000
    limits: Limits = field(default_factory=Limits)
    timing: Timing = field(default_factory=Timing)


@dataclass(slots=True, frozen=True)
class InstrumentRules:
    """A venue's filters and this account's fees; decimal strings, "0" is no bound; fees: "10", "7.5"."""

    tick: str
    lot: str
    min_qty: str = "0"
    max_qty: str = "0"
    min_price: str = "0"
    max_price: str = "0"
    min_notional: str = "0"
    max_notional: str = "0"
    taker_fee_bps: str = "0"
    buy_fee_in_base: bool = False
