"""What the plan wants of what the venues list, registered with a fresh engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from arb.errors import ArbError, UsageError
from arb.live.ear import VenueEar
from arb.live.grids import pair_grid
from arb.live.plan import SessionPlan, VenuePlan
from arb.live.reload import RulesWatch
from arb.live.rotation import MarketFeed
from arb.text import plain
from arb.venues.base import Mark, MarketStream, MarkFeed, OrderEntry, Venue, VenueInstrument
from arb.venues.clock import ClockPoller
from arbcore.engine import Engine
from arbcore.settings import InstrumentRules

FEE_ASSETS = {"binance": "BNB", "bybit": "MNT"}
Grid = tuple[int, int]  # price and quantity decimals


@dataclass(slots=True)
class Shard:
    """Symbols of one venue that share a market connection, and the two engine ids gone to and fro between."""

    stream: MarketStream
    connections: tuple[int, int]
    feed: MarketFeed | None = None


@dataclass(slots=True)
class VenueState:
    """One venue of the session with what was learnt about it."""

    plan: VenuePlan
    ear: VenueEar
    venue: Venue
    id: int = 0
    shards: list[Shard] = field(default_factory=list)
    instruments: dict[str, int] = field(default_factory=dict)  # ccxt symbol -> engine id
    listed: dict[str, VenueInstrument] = field(default_factory=dict)
    fees: dict[str, str] = field(default_factory=dict)  # ccxt symbol -> taker's of the account, in bps
    opening: dict[str, Decimal] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)  # newest of each perpetual
    banded: dict[str, Decimal] = field(default_factory=dict)  # mark price that the engine's band is around
    mark_feed: MarkFeed | None = None
    poller: ClockPoller | None = None
    rules: RulesWatch | None = None
    switched_off: dict[str, str] = field(default_factory=dict)  # ccxt symbol -> why, until the next start

    @property
    def orders(self) -> OrderEntry:
        if self.venue.orders is None:
            raise UsageError(f"{self.plan.name}: no credentials, and without them no order can be sent")
        return self.venue.orders


@dataclass(slots=True)
class Registered:
    engine: Engine
    assets: list[str]  # by engine id, as the next two
    pairs: dict[str, int]
    grids: dict[str, Grid]
    lots: dict[str, Decimal]  # of a base asset: the coarser leg's


def check(plan: SessionPlan, venues: Sequence[VenueState]) -> None:
    """UsageError for what the plan must not ask, ArbError for what a venue does not offer now."""
    for symbol in plan.symbols:
        quote = symbol.partition("/")[2].partition(":")[0]
        if quote != plan.currency:
            raise UsageError(
                f"{symbol}: limits are in {plan.currency}, so is every pair's quote asset for now"
            )
    for state in venues:
        closed = [symbol for symbol, listed in state.listed.items() if not listed.tradable]
        if closed:
            raise ArbError(f"{state.plan.name} does not trade {', '.join(closed)} at present")


def register(plan: SessionPlan, venues: Sequence[VenueState], tape_bytes: int) -> Registered:
    """Fills in the ids of `venues`; `state.listed` holds every symbol of the plan."""
    assets: list[str] = []
    for state in venues:
        for instrument in state.listed.values():
            assets += [asset for asset in (instrument.base, instrument.quote) if asset not in assets]
        # What the venue may take fees in instead, at a discount; without a name such a fill would halt.
        kind = state.plan.market.partition("_")[0]
        assets += [asset for asset in (FEE_ASSETS.get(kind),) if asset is not None and asset not in assets]
    limits = replace(
        plan.engine.limits, max_position=tuple(plan.max_position.get(asset, "0") for asset in assets)
    )
    engine = Engine(replace(plan.engine, limits=limits), tape_bytes=tape_bytes)
    registered = Registered(engine, assets, {}, {}, {})
    for asset in assets:
        engine.add_asset(asset)
    for state in venues:
        state.id = engine.add_venue(state.plan.name)
        for stream in state.venue.market_streams(state.plan.own(plan.symbols)):
            first = engine.add_connection(state.id, state.plan.market)
            state.shards.append(Shard(stream, (first, engine.add_connection(state.id, state.plan.market))))
    for symbol in plan.symbols:
        listed = [state.listed[symbol] for state in venues if symbol in state.listed]
        grid = registered.grids[symbol] = pair_grid(listed)
        base, quote = assets.index(listed[0].base), assets.index(listed[0].quote)
        registered.pairs[symbol] = engine.add_pair(base, quote, *grid)
        registered.lots[listed[0].base] = max(Decimal(instrument.lot) for instrument in listed)
    for state in venues:
        for symbol, instrument in state.listed.items():
            state.instruments[symbol] = _add(
                engine, state, registered.pairs[symbol], registered.grids[symbol], instrument
            )
    return registered


def _add(engine: Engine, state: VenueState, pair: int, grid: Grid, listed: VenueInstrument) -> int:
    price_decimals, qty_decimals = grid
    shard = next(shard for shard in state.shards if listed.symbol in shard.stream.topics)
    instrument = engine.add_instrument(
        listed.symbol,
        venue=state.id,
        market=state.plan.market,
        pair=pair,
        connection=shard.connections[0],
        venue_symbol=listed.venue_symbol,
        price_decimals=price_decimals,
        qty_decimals=qty_decimals,
        rules=rules_of(state, listed),
    )
    engine.add_standby(instrument, shard.connections[1], listed.venue_symbol)
    return instrument


def rules_of(state: VenueState, listed: VenueInstrument) -> InstrumentRules:
    """The venue's filters with this account's fees; a band around the mark price as it is now."""
    min_price, max_price = listed.min_price, listed.max_price
    mark = state.marks.get(listed.symbol)
    if mark is not None and all(listed.band):
        low, high = (Decimal(mark.mark) * Decimal(factor) for factor in listed.band)
        min_price = plain(max(Decimal(min_price), low))
        max_price = plain(min(Decimal(max_price) or high, high))
    return InstrumentRules(
        tick=listed.tick,
        lot=listed.lot,
        min_qty=listed.min_qty,
        max_qty=listed.max_qty,
        min_price=min_price,
        max_price=max_price,
        min_notional=listed.min_notional,
        max_notional=listed.max_notional,
        taker_fee_bps=state.fees.get(listed.symbol, state.plan.taker_fee_bps),
        buy_fee_in_base=state.plan.buy_fee_in_base,
    )


def symbol_table(state: VenueState, grids: Mapping[str, Grid]) -> dict[str, tuple[int, Grid]]:
    """The venue's own symbol -> (engine id, grid), for the slow path."""
    return {
        listed.venue_symbol: (state.instruments[symbol], grids[symbol])
        for symbol, listed in state.listed.items()
    }
