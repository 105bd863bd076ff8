"""Periods and windows of a venue connection; all of them can be configured, none is a venue's address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class VenueSettings:
    """Seconds unless the name says otherwise."""

    recv_window_ms: int = 1_000  # small: it bounds how late an order may still execute
    order_timeout_s: float = 10.0  # Binance itself gives up after 10 s with "execution status unknown"
    read_timeout_s: float = 10.0
    ping_period_s: float = 20.0  # application ping where the venue wants one
    subscribe_timeout_s: float = 5.0  # from connecting to the last subscription answer
    backoff_base_s: float = 0.25
    backoff_cap_s: float = 30.0
    healthy_s: float = 60.0  # a stream that lived this long starts the back-off anew
    shed_pause_s: float = 1.0  # after "too many requests" without a stated pause
    snapshot_levels: int = 1_000  # REST depth for the snapshot join
    stream_levels: int = 50  # depth of in-stream snapshots
