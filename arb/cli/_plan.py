"""From a configuration, or from none, to the plan of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
    from arb.config.models import Config

_MARKETS = {("binance", "spot"): "binance_spot", ("bybit", "spot"): "bybit_spot"}


def sim_urls(venue: str, venues: Mapping[str, Any]) -> Mapping[str, str | None]:
    """The simulator's addresses of a venue's spot market; Binance has its own set for each market."""
    urls: Mapping[str, Any] = venues[venue]
    spot: Mapping[str, str | None] = urls.get("spot", urls)
    return spot


def default_plan(venues: Mapping[str, Any], key: str, secret: str, tape: Path | None) -> SessionPlan:
    """Two simulated venues, two pairs, fees of 10 + 10 basis points."""
    credentials = Credentials(key, Secret(secret))
    return SessionPlan(
        venues=tuple(
            VenuePlan(name, _MARKETS[name, "spot"], sim_urls(name, venues), credentials, taker_fee_bps="10")
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
        if venue.markets != ("spot",):
            raise UsageError(
                f"{name}: markets = {list(venue.markets)}: orders are sent on spot markets only, for now"
            )
        if venue.endpoint == "sim":
            assert sim is not None
            urls = sim_urls(name, sim)
        else:
            given = venue.model_dump()["urls"]
            urls = sim_urls(name, {name: given})
        connection = venue.connection
        settings = VenueSettings(
            recv_window_ms=venue.recv_window_ms,
            order_timeout_s=connection.order_timeout_s,
            read_timeout_s=connection.read_timeout_s,
            ping_period_s=connection.ping_period_s,
            subscribe_timeout_s=connection.subscribe_timeout_s,
            backoff_base_s=connection.backoff_base_s,
            backoff_cap_s=connection.backoff_cap_s,
            healthy_s=connection.healthy_s,
            shed_pause_s=connection.shed_pause_s,
            snapshot_levels=connection.snapshot_levels,
        )
        fee = plain(venue.taker_fee_bps.spot)
        venues.append(
            VenuePlan(
                name,
                _MARKETS[name, "spot"],
                urls,
                credentials[name],
                fee,
                settings=settings,
                silence_s=connection.silence_s,
                connection_life_s=connection.connection_life_s,
                overlap_s=connection.overlap_s,
                resync_pause_s=connection.resync_pause_s,
            )
        )
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


def _timing(config: Config) -> Timing:
    execution = config.execution
    schedule = [ms * MS for ms in execution.query_schedule_ms[:6]]
    while len(schedule) < 6:
        schedule.append(schedule[-1] + execution.query_repeat_ms * MS)
    return replace(
        Timing(),
        ack_ns=execution.t_ack_ms * MS,
        place_deadline_ns=execution.place_deadline_ms * MS,
        query_ns=tuple(schedule),
        query_later_ns=execution.query_repeat_ms * MS,
        lost_ns=execution.t_max_ms * MS,
        hedge_ns=int(config.risk.max_unhedged_seconds * 1_000) * MS,
    )


def _ppm(bps: Decimal) -> int:
    """UsageError rather than a limit that is not the one that was written."""
    ppm = bps * 100
    if ppm != int(ppm):
        raise UsageError(f"{plain(bps)} basis points: at most two decimals")
    return int(ppm)
