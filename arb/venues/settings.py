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
    trades: bool = False  # public trades are subscribed too and passed on as they come
    limit_share_percent: int = 100  # of the limits of the address, where others of ours draw on them too
    # Quiet or dead.
    quiet_s: float = 5.0  # without a book frame: the symbol is asked about
    first_frame_s: float = 5.0  # the same from connecting on; a wrong route connects and stays silent
    listing_timeout_s: float = 2.0
    moved_grace_s: float = 2.0  # for the frames up to the id that the venue told
    probe_retry_s: float = 10.0  # between two questions about one symbol
    best_repeat_s: float = 10.0  # Bybit repeats level 1 every 3 s
    mark_silence_s: float = 10.0  # without any mark price: the stream is connected anew
    # Order entry.
    order_transport: str = "auto"  # auto: the WebSocket while it is up, else REST | rest | ws
    usdm_logon: bool = False  # Ed25519 session on USD-M; documented, not seen to work
    channel_life_s: float = 82_800.0  # of an order connection; venues cut at 24 h, in flight or not
    listen_key_s: float = 1_500.0  # between keep-alives of a Binance USD-M listen key, which lives 60 min
    refill_overlap_s: float = 60.0  # fills are asked from this much before the last moment they were complete
