"""From a configuration, or from none, to the plan of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arb.errors import UsageError
from arb.live.plan import SessionPlan, VenuePlan
from arb.text import plain
from arb.venues.base import Credentials, Secret
from arb.venues.settings import VenueSettings
from arbcore.settings import MS, EngineSettings, Limits, Timing

if TYPE_CHECKING:
    from arb.config.models import Binance, Bybit, Config

_CLOCK_LEAD_MS = 1_000  # both venues take timestamps that far ahead of their own clock


def market_urls(venue: str, market: str, venues: Mapping[str, Any]) -> Mapping[str, str | None]:
    """Addresses of one market as `arb sim --json` prints them; Binance has its own set for each."""
    urls: Mapping[str, Any] = venues[venue]
    if venue != "binance":
        return urls
    own = dict(urls[market])
    # The rights of a key are told by the spot market's REST alone.
    own["sapi"] = own.get("sapi") or (urls.get("spot") or {}).get("rest")
    return own


def default_plan(venues: Mapping[str, Any], key: str, secret: str, tape: Path | None) -> SessionPlan:
    """Two simulated venues, two pairs, fees of 10 + 10 basis points."""
    credentials = Credentials(key, Secret(secret))
    return SessionPlan(
        venues=tuple(
            VenuePlan(
                name, f"{name}_spot", market_urls(name, "spot", venues), credentials, taker_fee_bps="10"
            )
            for name in ("binance", "bybit")
        ),
        symbols=("BTC/USDT", "ETH/USDT"),
        engine=EngineSettings(
            epoch=1,
            min_edge_ppm=200,
            slippage_ppm=200,
            limits=Limits(max_order_notional="1000", max_notional="10000", max_loss="500"),
        ),
        max_position={"BTC": "0.5", "ETH": "8"},
        tape=tape,
    )


def plan_from_config(
    config: Config,
    epoch: int,
    sim: Mapping[str, Any] | None,
    credentials: Mapping[str, Credentials],
    tape: Path | None,
) -> SessionPlan:
    """`sim`: what `arb sim` printed, for venues whose endpoint is "sim"."""
    venues = []
    for name, venue in config.exchanges.named().items():
        if venue.endpoint == "sim":
            assert sim is not None
        urls = sim if venue.endpoint == "sim" else {name: venue.model_dump()["urls"]}
        for market in venue.markets:
            plan = VenuePlan(
                name if len(venue.markets) == 1 else f"{name}-{market}",
                f"{name}_{market}",
                market_urls(name, market, urls or {}),
                credentials[name],
                plain(getattr(venue.taker_fee_bps, market)),
                buy_fee_in_base=market == "spot",
                settings=_venue_settings(venue),
                connection_life_s=venue.connection.connection_life_s,
                overlap_s=venue.connection.overlap_s,
                resync_pause_s=venue.connection.resync_pause_s,
                instruments_period_s=venue.connection.instruments_period_s,
            )
            if plan.own(config.strategy.symbols):
                venues.append(plan)
    risk, execution = config.risk, config.execution
    return SessionPlan(
        venues=tuple(venues),
        symbols=tuple(config.strategy.symbols),
        currency=config.general.currency,
        engine=EngineSettings(
            instance=config.general.instance,
            epoch=epoch,
            min_edge_ppm=_ppm(config.strategy.min_edge_bps),
            slippage_ppm=_ppm(config.strategy.slippage_bps),
            max_hedges=execution.max_hedges,
            hedge_band_ppm=_ppm(execution.hedge_band_bps),
            limits=Limits(
                max_book_age_ns=risk.max_book_age_ms * MS,
                max_feed_lag_ns=risk.max_feed_lag_ms * MS,
                own_fill_quiet_ns=risk.own_fill_quiet_ms * MS,
                own_fill_block_ns=risk.own_fill_block_ms * MS,
                duplicate_window_ns=risk.duplicate_window_ms * MS,
                max_order_notional=plain(risk.max_order_notional),
                max_notional=plain(risk.max_notional),
                max_loss=plain(risk.max_daily_loss),
                max_open_trades=risk.max_open_trades,
                max_leverage_ppm=int(risk.max_leverage * 1_000_000),
                collar_ppm=_ppm(risk.collar_bps),
                hedge_collar_ppm=_ppm(risk.hedge_collar_bps),
                max_edge_ppm=_ppm(risk.max_edge_bps),
            ),
            timing=_timing(config),
        ),
        max_position={asset: plain(value) for asset, value in risk.max_position.items()},
        tape=tape,
        stop_timeout_s=execution.shutdown_ms / 1_000,
    )


def _venue_settings(venue: Binance | Bybit) -> VenueSettings:
    """Keys of `[connection]` have the names of the settings, where they are settings of the adapter."""
    known = {field.name for field in fields(VenueSettings)}
    given = {name: value for name, value in venue.connection.model_dump().items() if name in known}
    return VenueSettings(recv_window_ms=venue.recv_window_ms, **given)


def _timing(config: Config) -> Timing:
    execution = config.execution
    schedule = [ms * MS for ms in execution.query_schedule_ms[:6]]
    while len(schedule) < 6:
        schedule.append(schedule[-1] + execution.query_repeat_ms * MS)
    window = max(venue.recv_window_ms for venue in config.exchanges.named().values())
    fence_ms = window + _CLOCK_LEAD_MS + execution.settle_ms
    if execution.t_max_ms <= fence_ms + 2 * execution.absent_gap_ms:
        raise UsageError(
            f"t_max_ms = {execution.t_max_ms}: an unknown order would halt its pair before the fence "
            f"({fence_ms} = recv_window_ms + 1 s + settle_ms) and two answers absent_gap_ms apart"
        )
    return replace(
        Timing(),
        ack_ns=execution.t_ack_ms * MS,
        place_deadline_ns=execution.place_deadline_ms * MS,
        query_ns=tuple(schedule),
        query_later_ns=execution.query_repeat_ms * MS,
        fence_ns=fence_ms * MS,
        absent_gap_ns=execution.absent_gap_ms * MS,
        lost_ns=execution.t_max_ms * MS,
        hedge_ns=int(config.risk.max_unhedged_seconds * 1_000) * MS,
    )


def _ppm(bps: Decimal) -> int:
    """UsageError rather than a limit that is not the one that was written."""
    ppm = bps * 100
    if ppm != int(ppm):
        raise UsageError(f"{plain(bps)} basis points: at most two decimals")
    return int(ppm)
