"""What a venue says of our orders, handed to the engine: one translation, nothing decided here.

A fill that cannot be represented exactly, or that names an order, instrument or asset we do not know, halts:
money of uncertain state is not traded on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal

from arb.venues.base import (
    Balance,
    CancelOutcome,
    Cash,
    ClockPort,
    ErrorClass,
    FillUpdate,
    OrderUpdate,
    Position,
    QueryKind,
    QueryOutcome,
    RateLimit,
    StreamCause,
    StreamKind,
    StreamState,
    Timer,
)
from arbcore.engine import Engine, InexactError
from arbcore.feed import Turn

log = logging.getLogger("arb.orders")


_MOST_REJECT_CODES = 64
_MOST_CASH_IDS = 4_096
_CASH: Mapping[str, Literal["funding", "transfer", "other"]] = {"funding": "funding", "transfer": "transfer"}


@dataclass(slots=True)
class VenueHealth:
    """Plain facts for people and the summary."""

    private: str = "down"
    private_detail: str = ""  # why it is down
    auth_refused: int = 0  # times the private stream was refused for key, signature or clock
    rejects: dict[int, int] = field(default_factory=dict)  # by the venue's code; 0 counts what found no room
    rate_limited: int = 0
    foreign: int = 0


class VenueEar:
    """The session's ear for one venue. Made before the engine exists; `attach` completes it.

    `on_sent(coid)` and `on_gone(coid)` (it never left) end the measurement of an order's way out;
    `on_trouble(text)` gets what halted; `on_filter()` follows a reject with one of `filter_codes`.
    """

    def __init__(
        self,
        name: str,
        clock: ClockPort,
        *,
        on_sent: Callable[[str], None],
        on_gone: Callable[[str], None],
        on_trouble: Callable[[str], None],
        filter_codes: frozenset[int] = frozenset(),
        on_filter: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.health = VenueHealth()
        self._clock = clock
        self._on_sent = on_sent
        self._on_gone = on_gone
        self._on_trouble = on_trouble
        self._filter_codes = filter_codes
        self._on_filter = on_filter
        self._pause: Timer | None = None
        self._pause_until_ns = 0
        self._turn: Turn | None = None
        self._engine: Engine | None = None
        self._venue = 0
        self._instruments: Mapping[str, int] = {}
        self._assets: Mapping[str, int] = {}
        self._cash_seen: dict[str, None] = {}  # ids, oldest first

    def attach(
        self, turn: Turn, venue: int, instruments: Mapping[str, int], assets: Mapping[str, int]
    ) -> None:
        """`instruments`: ccxt symbol -> id; `assets`: name -> id."""
        self._turn = turn
        self._engine = turn.engine
        self._venue = venue
        self._instruments = instruments
        self._assets = assets

    def stop(self) -> None:
        """No timer of it is left."""
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    # Orders.

    def on_sent(self, coid: str) -> None:
        engine, t = self._now()
        engine.sent(coid, t)
        self._on_sent(coid)

    def on_not_sent(self, coid: str, reason: str) -> None:
        engine, t = self._now()
        self._gone(engine, coid, reason, t)

    def on_ack(self, coid: str, venue_order_id: str) -> None:
        engine, t = self._now()
        if engine.ack(coid, t) == "foreign":
            self._foreign(f"ack of order {coid}")

    def on_reject(self, coid: str, error_class: ErrorClass, code: int, message: str) -> None:
        engine, t = self._now()
        rejects = self.health.rejects
        key = code if code in rejects or len(rejects) < _MOST_REJECT_CODES else 0
        rejects[key] = rejects.get(key, 0) + 1
        log.warning("%s %s %s: %d %s", self.name, coid, error_class.value, code, message)
        if error_class is ErrorClass.unknown:
            engine.ambiguous(coid, "ambiguous", t)
        elif error_class is ErrorClass.notsent:
            self._gone(engine, coid, message, t)
        else:
            engine.reject(coid, t)
        if code in self._filter_codes:
            self._on_filter()

    def on_unknown(self, coid: str, reason: str) -> None:
        engine, t = self._now()
        log.warning("%s %s unknown: %s", self.name, coid, reason)
        engine.ambiguous(coid, "ambiguous", t)

    def on_order(self, order: OrderUpdate) -> None:
        engine, t = self._now()
        instrument = self._instrument(order.symbol)
        if instrument is None:
            return
        try:
            known = engine.report(order.coid, order.status.value, order.cum_qty, instrument, t)
        except InexactError as error:
            self._halt(f"order {order.coid}: {error}")
            return
        if known == "foreign":
            self._foreign(f"order {order.coid} ({order.status.value})")

    def on_fill(self, fill: FillUpdate) -> None:
        engine, t = self._now()
        instrument = self._instrument(fill.symbol)
        if instrument is None:
            self._halt(f"fill {fill.trade_id} of {fill.symbol}, which is not traded here")
            return
        asset = self._assets.get(fill.fee_asset)
        if asset is None and _is_zero(fill.fee):
            asset = 0  # nothing was taken, so no asset is named
        if asset is None:
            self._halt(
                f"fill {fill.trade_id} of {fill.symbol}: fee asset {fill.fee_asset!r} is not known here"
            )
            return
        try:
            known = engine.fill(
                fill.coid, fill.trade_id, fill.price, fill.qty, fill.fee or "0", asset, instrument, t
            )
        except InexactError as error:
            self._halt(f"fill {fill.trade_id}: {error}")
            return
        if known == "foreign":
            self._foreign(f"fill {fill.trade_id} of order {fill.coid}")
            self._halt(f"fill {fill.trade_id} of order {fill.coid}, which is not ours")

    def on_cancel(self, coid: str, outcome: CancelOutcome, code: int, message: str) -> None:
        log.info("%s cancel %s: %s %d %s", self.name, coid, outcome.value, code, message)

    def on_query(self, coid: str, outcome: QueryOutcome) -> None:
        engine, t = self._now()
        if outcome.kind is QueryKind.absent:
            engine.absent(coid, t)
        elif outcome.kind is QueryKind.found and outcome.order is not None:
            instrument = self._instrument(outcome.order.symbol)
            if instrument is None:
                return
            try:
                engine.found(coid, outcome.order.status.value, outcome.order.cum_qty, instrument, t)
            except InexactError as error:
                self._halt(f"query of {coid}: {error}")
        else:
            log.warning("%s query of %s failed: %s", self.name, coid, outcome.reason)

    # The account and its streams.

    def on_balances(self, balances: Sequence[Balance]) -> None:
        """Balances after the opening are compared at the end; only fills move the ledger."""

    def on_positions(self, positions: Sequence[Position]) -> None:
        """Compared with what our fills say; they alone move the ledger."""
        if self._engine is None:
            return
        for position in positions:
            instrument = self._instruments.get(position.symbol)
            if instrument is None:
                continue
            try:
                result = self._engine.position(
                    instrument, position.qty, self._stamp(), position.entry_price or "0"
                )
            except InexactError as error:
                self._halt(f"position of {position.symbol}: {error}")
                return
            if result == "differs":
                log.error("%s says a position of %s %s", self.name, position.qty, position.symbol)

    def on_cash(self, cash: Cash) -> None:
        """Funding and transfers, each once; what came before the opening balance is in it already."""
        if self._engine is None or (cash.id and cash.id in self._cash_seen):
            return
        self._cash_seen[cash.id] = None
        if len(self._cash_seen) > _MOST_CASH_IDS:
            self._cash_seen.pop(next(iter(self._cash_seen)))
        asset = self._assets.get(cash.asset)
        log.info("%s %s %s %s %s", self.name, cash.kind, cash.amount, cash.asset, cash.symbol)
        if asset is None:
            return
        try:
            self._engine.cash(self._venue, asset, cash.amount, _CASH.get(cash.kind, "other"), self._stamp())
        except InexactError as error:
            self._halt(f"{cash.kind} of {cash.amount} {cash.asset}: {error}")

    def on_stream(self, kind: StreamKind, state: StreamState, cause: StreamCause, detail: str) -> None:
        lost = state is StreamState.down and cause is not StreamCause.stopped
        level = logging.WARNING if lost else logging.INFO
        log.log(level, "%s %s stream %s %s %s", self.name, kind.value, state.value, cause.value, detail)
        if kind is not StreamKind.private:
            return
        self.health.private = state.value
        self.health.private_detail = detail
        self.health.auth_refused += cause is StreamCause.auth
        if self._engine is not None:
            self._engine.stream("private", self._venue, state is StreamState.resynced, self._stamp())

    def on_rate_limit(self, limit: RateLimit) -> None:
        self.health.rate_limited += 1
        log.error(
            "%s asks for a pause of %.1f s%s", self.name, limit.pause_s, ", banned" if limit.banned else ""
        )
        if self._engine is None:
            return
        # No new trades there until then; hedges go on, an open leg is the greater danger.
        self._engine.command("no_new", self._stamp(), "venue", self._venue)
        until_ns = self._clock.mono_ns() + int(limit.pause_s * 1e9)
        if self._pause is None or until_ns > self._pause_until_ns:
            self.stop()
            self._pause_until_ns = until_ns
            self._pause = self._clock.call_later(limit.pause_s, self._resume)

    def _resume(self) -> None:
        engine, t = self._now()
        self._pause = None
        engine.command("active", t, "venue", self._venue)

    # Inside.

    def _stamp(self) -> int:
        assert self._turn is not None
        return self._turn.stamp()

    def _now(self) -> tuple[Engine, int]:
        assert self._engine is not None, "an order event came before the engine was made"
        return self._engine, self._stamp()

    def _instrument(self, symbol: str) -> int | None:
        found = self._instruments.get(symbol)
        if found is None:
            self._foreign(f"message about {symbol}, which is not traded here")
        return found

    def _gone(self, engine: Engine, coid: str, reason: str, t: int) -> None:
        log.warning("%s %s not sent: %s", self.name, coid, reason)
        self._on_gone(coid)
        engine.not_sent(coid, reason, t)

    def _foreign(self, what: str) -> None:
        self.health.foreign += 1
        log.error("%s: %s is not ours", self.name, what)

    def _halt(self, why: str) -> None:
        log.critical("%s: %s; halting", self.name, why)
        self._on_trouble(f"{self.name}: {why}")
        if self._engine is not None:
            self._engine.command("halt", self._stamp())


def _is_zero(amount: str) -> bool:
    try:
        return not amount or Decimal(amount) == 0
    except InvalidOperation:
        return False
