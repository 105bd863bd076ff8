"""A venue changes its trading rules while a session trades: that pair waits, the others go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from arb.cli._plan import default_plan
from arb.live.plan import SessionPlan, VenuePlan
from arb.live.registration import VenueState, rules_of
from arb.live.session import Session
from arb.simexchange.server import SimServer
from arb.simexchange.spec import WorldSpec
from arb.venues.base import Credentials, Mark, Secret, VenueInstrument
from arbcore.actions import Action, Place
from tests.venues.waiting import until


class Changing:
    """A session, the venues under it, and the symbols of its entries so far."""

    def __init__(self, server: SimServer, plan: SessionPlan) -> None:
        self.server = server
        self.entries: list[str] = []
        self.session = Session(plan, self._seen)

    def _seen(self, action: Action) -> None:
        if isinstance(action, Place) and not action.hedge:
            self.entries.append(self.session.engine.instruments[action.instrument])

    def change(self, **rules: Decimal) -> None:
        """Of BTCUSDT at Binance."""
        book = self.server.world.binance.books["spot"]["BTCUSDT"]
        book.listing = replace(book.listing, **rules)  # type: ignore[arg-type]

    @property
    def binance(self) -> VenueState:
        [state] = [state for state in self.session.venues if state.plan.name == "binance"]
        return state

    async def only_eth(self) -> None:
        """Entries go on, none of them in BTC."""
        await until(self.session.flat, 5)
        self.entries.clear()
        await until(lambda: len(self.entries) >= 4, 20)
        assert set(self.entries) == {"ETH/USDT"}


@contextlib.asynccontextmanager
async def changing(tmp_path: Path, period_s: float) -> AsyncIterator[Changing]:
    server = SimServer(WorldSpec(seed=7))
    await server.start()
    ends = server.endpoints()
    venues: object = ends["venues"]
    plan = default_plan(venues, str(ends["key"]), str(ends["secret"]), tmp_path / "session.tape")  # type: ignore[arg-type]
    hasty = tuple(replace(venue, instruments_period_s=period_s) for venue in plan.venues)
    timing = replace(plan.engine.timing, place_deadline_ns=200_000_000)  # venues and session share this loop
    made = Changing(server, replace(plan, venues=hasty, engine=replace(plan.engine, timing=timing)))
    try:
        await made.session.open()
        try:
            yield made
        finally:
            await made.session.close()
    finally:
        await server.close()


def run(scenario: Callable[[Changing], Awaitable[None]], tmp_path: Path, period_s: float) -> None:
    async def main() -> None:
        async with changing(tmp_path, period_s) as made:
            await scenario(made)

    asyncio.run(main())


def test_a_tighter_rule_counts_from_the_next_check_and_a_looser_one_too(tmp_path: Path) -> None:
    async def scenario(made: Changing) -> None:
        await until(lambda: "BTC/USDT" in made.entries, 20)
        made.change(min_notional=Decimal(5_000))  # above any order of ours
        await until(lambda: made.binance.listed["BTC/USDT"].min_notional == "5000", 5)
        await made.only_eth()
        made.change(min_notional=Decimal(5))
        await until(lambda: "BTC/USDT" in made.entries, 20)

    run(scenario, tmp_path, 0.2)


def test_a_filter_reject_makes_us_read_the_rules_at_once(tmp_path: Path) -> None:
    async def scenario(made: Changing) -> None:
        made.change(min_notional=Decimal(5_000))
        await until(lambda: made.binance.listed["BTC/USDT"].min_notional == "5000", 20)
        assert -1013 in made.binance.ear.health.rejects
        assert made.binance.rules is not None
        assert made.binance.rules.asked == 1
        await made.only_eth()

    run(scenario, tmp_path, 3_600.0)


def test_a_tick_finer_than_the_grid_switches_the_pair_off_with_the_reason(tmp_path: Path) -> None:
    async def scenario(made: Changing) -> None:
        await until(lambda: "BTC/USDT" in made.entries, 20)
        made.change(tick=Decimal("0.00001"))
        await until(lambda: "BTC/USDT" in made.binance.switched_off, 5)
        assert "tick" in made.binance.switched_off["BTC/USDT"]
        await made.only_eth()
        made.change(tick=Decimal("0.01"))  # until the next start all the same
        await asyncio.sleep(0.5)
        await made.only_eth()

    run(scenario, tmp_path, 0.2)


def test_a_band_around_the_mark_price_narrows_the_price_bounds() -> None:
    listed = VenueInstrument(
        "BTC/USDT:USDT", "BTCUSDT", "BTC", "USDT", "0.1", "0.001", "0.001", "0", "5", "0", "0.1", "1000000",
        tradable=True, band=("0.95", "1.05"),
    )  # fmt: skip
    plan = VenuePlan("binance", "binance_usdm", {}, Credentials("k", Secret("s")), "5")
    state = VenueState(plan, None, None)  # type: ignore[arg-type]
    assert (rules_of(state, listed).min_price, rules_of(state, listed).max_price) == ("0.1", "1000000")
    state.marks[listed.symbol] = Mark(listed.symbol, "60000", "60000", "0.0001", 0, 0)
    assert (rules_of(state, listed).min_price, rules_of(state, listed).max_price) == ("57000", "63000")
