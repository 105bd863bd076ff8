"""A trading session: the engine wired to venues over real sockets, from the first question to a clean end.

Order of the start: instruments, clock, opening balances, private streams (subscribed and reconciled), books;
trading begins when all of them stand. Order of the end: no new trades, legs resolved, balances compared.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from arb.errors import AuthError, Unreachable, UsageError
from arb.live.account_start import learn_account, take_opening
from arb.live.accounts import holdings_of
from arb.live.ask import ask, measure_clock
from arb.live.ear import VenueEar
from arb.live.gateway import Gateway, Route
from arb.live.heart import Heart
from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.market import MarketConnection
from arb.live.plan import SessionPlan, VenuePlan
from arb.live.registration import Shard, VenueState, check, register, rules_of, symbol_table
from arb.live.reload import RulesWatch
from arb.live.rotation import MarketFeed
from arb.live.slow_path import SlowPath
from arb.live.socket_port import LiveSocketPort
from arb.live.tape_file import TapeFile
from arb.venues.backoff import Backoff
from arb.venues.base import HttpRequest, Mark, Venue, VenueInstrument
from arb.venues.clock import ClockPoller
from arb.venues.filters import FILTER_CODES
from arb.venues.registry import venue_class
from arbcore.actions import Action, Halt, Resync
from arbcore.engine import Engine
from arbcore.feed import Turn
from arbcore.histogram import Histogram

log = logging.getLogger("arb.session")

_TAPE_ROOM = 32 * 1024 * 1024  # between two heartbeats; real venues send some 100 KB
_AUTH_REFUSALS = 3
_BAND_STEP = Decimal("0.0002")
_MOST_TROUBLES = 20


class Session:
    """Made inside a running loop; `open`, then let the loop run, then `close`.

    An error nobody expected, in whatever callback of the loop, is logged and halts the engine: from then on
    it reduces risk and takes none. `troubles` says what halted, for people.
    """

    engine: Engine  # this and the others from `open` on
    turn: Turn
    gateway: Gateway
    _heart: Heart

    def __init__(self, plan: SessionPlan, on_action: Callable[[Action], None] | None = None) -> None:
        self.plan = plan
        self._loop = asyncio.get_running_loop()
        self._clock = LoopClock(self._loop)
        self._http = LiveHttpPort()
        self._sockets = LiveSocketPort()
        self._on_action = on_action
        self.assets: list[str] = []
        self.venues: list[VenueState] = []
        self.pairs: dict[str, int] = {}
        self.lots: dict[str, Decimal] = {}  # of a base asset: the coarser leg's
        self.tick_to_order = Histogram()
        self.halts: list[Halt] = []
        self.troubles: list[str] = []
        self.tape: TapeFile | None = None
        self._instrument_venue: dict[int, VenueState] = {}
        self._engine_made = False
        self._closed = False
        self._handler_before: Any = None

    # Start.

    async def open(self) -> None:
        """Returns when everything stands. On an error, whatever was opened is closed again."""
        self._handler_before = self._loop.get_exception_handler()
        self._loop.set_exception_handler(self._on_loop_error)
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> None:
        for plan in self.plan.venues:
            self.venues.append(self._adapter(plan))
        for state in self.venues:
            await self._learn(state)
        check(self.plan, self.venues)
        self._make_engine()
        if self.plan.trading:
            await self._open_accounts()
        else:
            self.no_new_trades()
        for state in self.venues:
            for shard in state.shards:
                assert shard.feed is not None
                shard.feed.start()
            if state.mark_feed is not None:
                state.mark_feed.start()
            if state.rules is not None:
                state.rules.start()
            self._http.keep_warm(str(state.plan.urls["rest"]))
        await self._until(self.books_live, self._books_missing)
        self.engine.id_block(1 << 35, self.turn.stamp())

    async def _open_accounts(self) -> None:
        for state in self.venues:
            assert state.venue.private is not None
            assert state.venue.orders is not None
            state.venue.private.start()
            state.venue.orders.start()
        await self._until(self._private_up, self._private_down)
        # Fees and funding in the accounting currency count at face value; else once the asset has a price.
        self.engine.asset_price(self.assets.index(self.plan.currency), "1", self.turn.stamp())
        for state in self.venues:
            await take_opening(state, self.engine, self.assets, self.plan.currency, self.turn.stamp)

    def _adapter(self, plan: VenuePlan) -> VenueState:
        kind, _, market = plan.market.partition("_")
        ear = VenueEar(
            plan.name,
            self._clock,
            on_sent=self._sent,
            on_gone=self._gone,
            on_trouble=self._note_trouble,
            filter_codes=FILTER_CODES[kind],
            on_filter=lambda: self._reread(state),
        )
        venue: Venue = venue_class(kind, market)(
            plan.name,
            plan.urls,
            self._http,
            self._sockets,
            self._clock,
            ear,
            credentials=plan.credentials,
            settings=plan.settings,
        )
        state = VenueState(plan, ear, venue)  # the ear's rereading means this one
        return state

    async def _learn(self, state: VenueState) -> None:
        name, symbols = state.plan.name, state.plan.own(self.plan.symbols)
        listed = await ask(
            f"{name} instruments",
            partial(state.venue.instruments, symbols),
            state.plan.settings.read_timeout_s,
        )
        state.listed = {instrument.symbol: instrument for instrument in listed}
        missing = [symbol for symbol in symbols if symbol not in state.listed]
        if missing:
            raise UsageError(f"{name} does not list {', '.join(missing)}")
        await measure_clock(state.venue)
        if self.plan.trading:
            await learn_account(state, symbols)
        # The bounds are kept fresh, for two clocks drift apart.
        state.poller = ClockPoller(self._clock, state.venue.measure_clock)
        state.poller.start()

    def _make_engine(self) -> None:
        registered = register(self.plan, self.venues, _TAPE_ROOM if self.plan.tape is not None else 0)
        self.engine, self.assets = registered.engine, registered.assets
        self.pairs, self.lots = registered.pairs, registered.lots
        self.turn = Turn(self.engine, self._loop, self._act)
        routes = {}
        for state in self.venues:
            for symbol, instrument in state.instruments.items():
                self._instrument_venue[instrument] = state
                if self.plan.trading:
                    routes[instrument] = Route(symbol, state.plan.name, state.orders)
            assets = {asset: number for number, asset in enumerate(self.assets)}
            state.ear.attach(self.turn, state.id, state.instruments, assets)
            slow_path = SlowPath(state.plan.name, self.turn, symbol_table(state, registered.grids))
            for number, shard in enumerate(state.shards):
                shard.feed = self._market(state, shard, number, slow_path)
            state.mark_feed = state.venue.mark_stream(
                state.plan.own(self.plan.symbols),
                partial(self._on_mark, state),
                partial(self._on_mark_state, state),
            )
            state.rules = RulesWatch(
                state.venue,
                dict(state.listed),
                self._clock,
                period_s=state.plan.instruments_period_s,
                on_change=partial(self._on_rules, state),
            )
        self.gateway = Gateway(self.turn, routes, self._clock, self._resync, self._seen)
        if self.plan.tape is not None:
            self.tape = TapeFile(self.plan.tape, self.engine)
        self._heart = Heart(self.turn, self._clock, self.plan.heartbeat_s, self._on_beat)
        self._engine_made = True
        self._heart.start()

    def _market(self, state: VenueState, shard: Shard, number: int, slow_path: SlowPath) -> MarketFeed:
        name, settings = state.plan.name, state.plan.settings
        if len(state.shards) > 1:
            name = f"{name} {number + 1}/{len(state.shards)}"
        instruments = {symbol: state.instruments[symbol] for symbol in shard.stream.topics}

        def make(connection: int) -> MarketConnection:
            return MarketConnection(
                venue=state.venue,
                stream=shard.stream,
                connection=connection,
                instruments=instruments,
                turn=self.turn,
                http=self._http,
                clock=self._clock,
                backoff=Backoff(settings.backoff_base_s, settings.backoff_cap_s, random.random),
                slow_path=slow_path,
                healthy_s=settings.healthy_s,
                resync_pause_s=state.plan.resync_pause_s,
                snapshot_levels=state.venue.snapshot_levels,
                on_state=lambda reason: log.warning("%s market connection ended: %s", name, reason),
                on_replace=feed.rotate_soon,
            )

        feed = MarketFeed(
            name,
            make,
            shard.connections,
            list(instruments.values()),
            self.turn,
            life_s=state.plan.connection_life_s,
            overlap_s=state.plan.overlap_s,
            random=random.random,
        )
        return feed

    def _on_rules(self, state: VenueState, before: VenueInstrument, now: VenueInstrument) -> None:
        state.listed[now.symbol] = now
        instrument = state.instruments[now.symbol]
        why = self.engine.rules(instrument, rules_of(state, now), now.tradable, self.turn.stamp())
        if why:
            log.error("%s %s: no entries until the next start: %s", state.plan.name, now.symbol, why)
            state.switched_off[now.symbol] = why
        elif not now.tradable:
            log.error("%s %s: no entries, it is not tradable at present", state.plan.name, now.symbol)

    def _reread(self, state: VenueState) -> None:
        if state.rules is not None:
            state.rules.soon()

    def _on_mark(self, state: VenueState, mark: Mark) -> None:
        """A band around the mark price moves with it, a step at a time: its width is some hundred steps."""
        state.marks[mark.symbol] = mark
        listed, now = state.listed.get(mark.symbol), Decimal(mark.mark)
        if listed is None or not all(listed.band) or mark.symbol in state.switched_off:
            return
        before = state.banded.get(mark.symbol)
        if before is None or abs(now - before) > before * _BAND_STEP:
            state.banded[mark.symbol] = now
            instrument = state.instruments[mark.symbol]
            self.engine.rules(instrument, rules_of(state, listed), listed.tradable, self.turn.stamp())

    def _on_mark_state(self, state: VenueState, up: bool, reason: str) -> None:
        level = logging.INFO if up or reason == "stopped" else logging.WARNING
        log.log(level, "%s mark prices %s %s", state.plan.name, "up" if up else "down:", reason)

    # Questions to the venues.

    async def balances(self, state: VenueState) -> dict[str, Decimal]:
        """What the venue says is held, in the form of our ledger; nothing where none is traded."""
        return await holdings_of(state, self.plan.currency) if self.plan.trading else {}

    async def open_orders(self) -> int:
        count = 0
        for state in self.venues if self.plan.trading else ():
            timeout = state.plan.settings.read_timeout_s
            count += len(await ask(f"{state.plan.name} open orders", state.orders.open_orders, timeout))
        return count

    async def read(self, url: str) -> bytes:
        """The body of a plain GET on this machine; Unreachable for anything but a 200."""
        done = self._loop.create_future()
        self._http.start(HttpRequest("GET", url, {}, None, 5.0, "read"), done.set_result)
        answer = await asyncio.shield(done)
        if answer.status != 200:
            raise Unreachable(f"{url}: status {answer.status} {answer.detail}")
        return bytes(answer.body)

    # Readiness.

    def _private_up(self) -> bool:
        for state in self.venues:
            # Once it may be the clock, which is measured anew; a wrong key stays wrong.
            if state.ear.health.auth_refused >= _AUTH_REFUSALS:
                raise AuthError(f"{state.plan.name} private stream: {state.ear.health.private_detail}")
        return all(state.ear.health.private == "resynced" for state in self.venues)

    def _private_down(self) -> str:
        down = [state for state in self.venues if state.ear.health.private != "resynced"]
        return ", ".join(
            f"{state.plan.name} private stream ({state.ear.health.private_detail or 'no answer'})"
            for state in down
        )

    @property
    def book_count(self) -> int:
        return len(self._instrument_venue)

    def books_live(self) -> bool:
        return self.live_books() == self.book_count

    def live_books(self) -> int:
        return sum(self.engine.book_state(id) == "LIVE" for id in self._instrument_venue)

    def _books_missing(self) -> str:
        """Which books, in which state, and what the venue said that may be the reason."""
        missing = []
        for state in self.venues:
            for shard in state.shards:
                assert shard.feed is not None
                connection = shard.feed.current
                for symbol, topics in shard.stream.topics.items():
                    book = self.engine.book_state(state.instruments[symbol])
                    if book == "LIVE":
                        continue
                    said = next((connection.refused[t] for t in topics if t in connection.refused), "")
                    said = said or connection.last_error or connection.last_reason
                    missing.append(f"{state.plan.name} book of {symbol} ({book}{'; ' if said else ''}{said})")
        return ", ".join(missing)

    async def _until(self, ready: Callable[[], bool], missing: Callable[[], str]) -> None:
        try:
            async with asyncio.timeout(self.plan.start_timeout_s):
                while not ready():  # noqa: ASYNC110 - streams and books have no common event
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise Unreachable(f"not ready within {self.plan.start_timeout_s:g} s: {missing()}") from None

    # While it runs.

    def _act(self, actions: Sequence[Action]) -> None:
        try:
            self.gateway.carry_out(actions)
        finally:
            self._heart.arm()

    def _seen(self, action: Action) -> None:
        if isinstance(action, Halt):
            self.halts.append(action)
        if self._on_action is not None:
            self._on_action(action)

    def _sent(self, coid: str) -> None:
        trigger = self.gateway.triggers.pop(coid, 0)
        if trigger:
            self.tick_to_order.record(self._clock.mono_ns() - trigger)

    def _gone(self, coid: str) -> None:
        self.gateway.forget(coid)

    def _resync(self, wish: Resync) -> None:
        for shard in self._instrument_venue[wish.instrument].shards:
            if wish.connection in shard.connections and shard.feed is not None:
                shard.feed.resync(wish.instrument, wish.connection)

    def _on_beat(self) -> None:
        if self.tape is not None:
            self.tape.flush()

    # What went wrong.

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        what = str(context.get("message", "error in the event loop"))
        log.critical("%s", what, exc_info=error)
        if error is None:  # a note of asyncio's own, nothing was left undone
            return
        self._note_trouble(f"{what}: {type(error).__name__}: {error}")
        if self._engine_made:
            self.engine.command("halt", self.turn.stamp())

    def _note_trouble(self, text: str) -> None:
        if len(self.troubles) < _MOST_TROUBLES:
            self.troubles.append(text)

    # End.

    def no_new_trades(self) -> None:
        self.engine.command("no_new", self.turn.stamp())

    def flat(self) -> bool:
        return self.engine.open_trades == 0 and self.engine.unresolved_orders == 0

    async def settle(self) -> bool:
        """No new trades; True when every leg is resolved within the stop time."""
        self.no_new_trades()
        try:
            async with asyncio.timeout(self.plan.stop_timeout_s):
                while not self.flat():  # noqa: ASYNC110 - the engine counts, it does not signal
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Ends everything that was opened, however far that came; afterwards nothing enters the engine any
        more, so its counters and hashes are those of the tape."""
        if self._closed:
            return
        self._closed = True
        if self._engine_made:
            # Without a word of this an abrupt end could still open a trade that nobody follows.
            self.no_new_trades()
            if not self.flat():
                log.error("closing with %d orders that are not resolved", self.engine.unresolved_orders)
            self._heart.stop()
        for state in self.venues:
            state.ear.stop()
            if state.poller is not None:
                state.poller.stop()
            if state.rules is not None:
                state.rules.stop()
            if state.mark_feed is not None:
                state.mark_feed.stop()
            for shard in state.shards:
                if shard.feed is not None:
                    await shard.feed.stop()
            if state.venue.private is not None:
                state.venue.private.stop()
            if state.venue.orders is not None:
                state.venue.orders.stop()
        await self._sockets.close()
        await self._http.close()
        if self._engine_made:
            self.turn.close()
            if self.tape is not None:
                self.tape.close()
        self._loop.set_exception_handler(self._handler_before)
