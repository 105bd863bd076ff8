"""Asks one market of a venue what it would be asked before trading; no session is made and no order sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from arb import errors
from arb.live import checks
from arb.live.ask import ask, measure_clock
from arb.live.checks import Check, Grade
from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.plan import VenuePlan
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import (
    Balance,
    CancelOutcome,
    Cash,
    ErrorClass,
    FillUpdate,
    OrderUpdate,
    Position,
    QueryOutcome,
    RateLimit,
    StreamCause,
    StreamKind,
    StreamState,
    Venue,
    VenueError,
    VenueFailure,
    VenueInstrument,
)
from arb.venues.registry import venue_class

T = TypeVar("T")

_LATENCY_SAMPLES = 5


class _Deaf:
    """Events nobody waits for: nothing is placed here."""

    def on_sent(self, coid: str) -> None: ...
    def on_not_sent(self, coid: str, reason: str) -> None: ...
    def on_ack(self, coid: str, venue_order_id: str) -> None: ...
    def on_reject(self, coid: str, error_class: ErrorClass, code: int, message: str) -> None: ...
    def on_unknown(self, coid: str, reason: str) -> None: ...
    def on_order(self, order: OrderUpdate) -> None: ...
    def on_fill(self, fill: FillUpdate) -> None: ...
    def on_cancel(self, coid: str, outcome: CancelOutcome, code: int, message: str) -> None: ...
    def on_query(self, coid: str, outcome: QueryOutcome) -> None: ...
    def on_balances(self, balances: Sequence[Balance]) -> None: ...
    def on_positions(self, positions: Sequence[Position]) -> None: ...
    def on_cash(self, cash: Cash) -> None: ...
    def on_stream(self, kind: StreamKind, state: StreamState, cause: StreamCause, detail: str) -> None: ...
    def on_rate_limit(self, limit: RateLimit) -> None: ...


class Survey:
    """Of one VenuePlan. Every question ends in a Check; a venue that does not answer is one too."""

    def __init__(self, plan: VenuePlan, where: str, live: bool) -> None:
        self._plan = plan
        self._where = where
        self._live = live
        self._http = LiveHttpPort()
        self._sockets = LiveSocketPort()
        self._clock = LoopClock(asyncio.get_running_loop())

    async def run(self, symbols: Sequence[str]) -> list[Check]:
        """Everything: clock, latency, filters, key, account."""
        try:
            venue = self._venue()
            found = await self._clock_and_latency(venue)
            if any(check.code == errors.UNREACHABLE and check.grade is Grade.fail for check in found):
                return found
            found += await self._judge(
                "filters", partial(venue.instruments, symbols), partial(self._filters, symbols)
            )
            return found + await self._account(venue, symbols)
        except VenueError as error:
            return [Check(self._where, "configuration", Grade.fail, str(error), errors.USAGE)]
        finally:
            await self._close()

    async def key(self, symbols: Sequence[str]) -> list[Check]:
        """Only the key and what it may do."""
        try:
            venue = self._venue()
            # A signed question needs the venue's time.
            await measure_clock(venue)
            return await self._account(venue, symbols, only_key=True)
        except VenueError as error:
            return [Check(self._where, "configuration", Grade.fail, str(error), errors.USAGE)]
        except errors.Unreachable as error:
            return [Check(self._where, "clock", Grade.fail, error.message, error.code)]
        finally:
            await self._close()

    def _venue(self) -> Venue:
        plan = self._plan
        exchange, _, market = plan.market.partition("_")
        return venue_class(exchange, market)(
            plan.name,
            plan.urls,
            self._http,
            self._sockets,
            self._clock,
            _Deaf(),
            credentials=plan.credentials,
            settings=plan.settings,
        )

    async def _clock_and_latency(self, venue: Venue) -> list[Check]:
        samples = []
        try:
            await measure_clock(venue)
            for _ in range(_LATENCY_SAMPLES):
                began = time.perf_counter()
                await measure_clock(venue, samples=1)
                samples.append((time.perf_counter() - began) * 1e3)
        except errors.Unreachable as error:
            return [Check(self._where, "REST", Grade.fail, error.message, errors.UNREACHABLE)]
        half_ns = venue.clock_half_width_ns()
        venue_ms = venue.clock_ms()
        skew = 0.0 if venue_ms is None else time.time() * 1e3 - venue_ms
        return [
            checks.clock_check(self._where, None if half_ns is None else half_ns / 1e6, skew),
            checks.latency_check(self._where, "REST", samples),
        ]

    async def _account(self, venue: Venue, symbols: Sequence[str], only_key: bool = False) -> list[Check]:
        account = venue.account
        if account is None:
            grade = Grade.fail if self._live else Grade.warn
            return [
                Check(self._where, "key", grade, "no credentials", errors.AUTH, 'credentials = "file:PATH"')
            ]
        now_ms = int(time.time() * 1_000)
        found = await self._judge(
            "key rights",
            account.key_rights,
            lambda rights: checks.key_checks(self._where, rights, now_ms, self._live),
        )
        if only_key:
            return found
        return found + await self._judge(
            "account",
            partial(account.facts, symbols),
            lambda facts: checks.account_checks(self._where, facts),
        )

    def _filters(self, symbols: Sequence[str], listed: Sequence[VenueInstrument]) -> list[Check]:
        return checks.instrument_checks(self._where, symbols, listed)

    async def _judge(
        self,
        what: str,
        question: Callable[[Callable[[T | VenueFailure], None]], None],
        judge: Callable[[T], list[Check]],
    ) -> list[Check]:
        try:
            answer: T = await ask(f"{self._where} {what}", question, self._plan.settings.read_timeout_s)
        except errors.ArbError as error:
            return [Check(self._where, what, Grade.fail, error.message, error.code)]
        return judge(answer)

    async def _close(self) -> None:
        await self._sockets.close()
        await self._http.close()
