"""Cancels and queries of Bybit orders. A cancel goes by the order channel while it is up, and again by REST
when its answer is lost there; queries are answered over REST alone.

An accepted cancel is no order state, and "does not exist" proves nothing before the fence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from arb.venues import fields
from arb.venues.base import (
    CancelOutcome,
    FillUpdate,
    Lane,
    NotSent,
    OrderUpdate,
    QueryKind,
    QueryOutcome,
    VenueError,
    VenueEvents,
    VenueFailure,
)
from arb.venues.bybit import parse, parse_private, tables
from arb.venues.bybit.order_markets import OrderMarket
from arb.venues.bybit.order_reads import OrderReads
from arb.venues.bybit.rest import BybitRest
from arb.venues.bybit.tables import Endpoint
from arb.venues.bybit.templates import cancel_body
from arb.venues.symbols import Symbols, valid_coid

# (endpoint, operation, body, on_result, on_lost) -> written on the channel
Request = Callable[[Endpoint, str, str, Callable[[Any], None], Callable[[str], None]], bool]


class OrderAsks:
    """`request` writes to the order channel, False where that did not happen; `is_up`: it would."""

    def __init__(
        self,
        market: OrderMarket,
        rest: BybitRest,
        symbols: Symbols,
        events: VenueEvents,
        reads: OrderReads,
        request: Request,
        is_up: Callable[[], bool],
        on_clock_refused: Callable[[], None],
    ) -> None:
        self._market = market
        self._rest = rest
        self._symbols = symbols
        self._events = events
        self._reads = reads
        self._request = request
        self._is_up = is_up
        self._on_clock_refused = on_clock_refused

    def cancel(self, coid: str, symbol: str) -> NotSent | None:
        instrument = self._symbols.find(symbol)
        if instrument is None or not valid_coid(coid):
            return NotSent(f"no order {coid!r} on {symbol!r} can be named to the venue")
        endpoint = self._market.cancel
        refused = self._rest.refusal(endpoint, 1, Lane.cancel, by_channel=self._is_up())
        if refused:
            return NotSent(refused)
        body = cancel_body(self._market.category, instrument.venue_symbol, coid)
        done = partial(self._canceled, coid)

        def by_rest(_: str = "") -> None:
            self._rest.post(endpoint, body, "cancel", done)

        if not self._request(endpoint, "order.cancel", body, done, by_rest):
            by_rest()
        return None

    def _canceled(self, coid: str, result: Any) -> None:
        if not isinstance(result, VenueFailure):
            self._events.on_cancel(coid, CancelOutcome.accepted, 0, "")
            return
        if result.code == tables.CLOCK_REFUSED:
            self._on_clock_refused()
        gone = result.code in tables.CANCEL_GONE
        outcome = CancelOutcome.gone if gone else CancelOutcome.failed
        self._events.on_cancel(coid, outcome, result.code, result.message)

    # Query: realtime knows open orders and the last 500 closed, and forgets the closed when its service
    # restarts; history has them all but lags. Only when neither knows the order is it absent.

    def query(self, coid: str, symbol: str) -> NotSent | None:
        instrument = self._symbols.find(symbol)
        if instrument is None or not valid_coid(coid):
            return NotSent(f"no order {coid!r} on {symbol!r} can be named to the venue")
        for endpoint in (tables.REALTIME, tables.HISTORY):
            refused = self._rest.refusal(endpoint, 1, Lane.query)
            if refused:
                return NotSent(refused)
        query = f"category={self._market.category}&symbol={instrument.venue_symbol}&orderLinkId={coid}"
        history = partial(self._rest.read, tables.HISTORY, query, partial(self._queried, coid, self._absent))
        self._rest.read(tables.REALTIME, query, partial(self._queried, coid, lambda _: history()))
        return None

    def _queried(self, coid: str, when_absent: Callable[[str], None], result: Any) -> None:
        if isinstance(result, VenueFailure):
            if result.code in tables.ORDER_ABSENT:
                when_absent(coid)
            else:
                self._failed(coid, f"{result.code} {result.message}")
            return
        try:
            found = [row for row in parse.result_list(result, "order") if row.get("orderLinkId") == coid]
            updates = [parse_private.order(row, self._symbols) for row in found]
        except VenueError as error:
            self._failed(coid, str(error))
            return
        if not updates:
            when_absent(coid)
        elif fields.add([updates[0].cum_qty]) == 0:
            self._events.on_query(coid, QueryOutcome(QueryKind.found, updates[0]))
        else:
            self._reads.fetch_fills(updates[0], partial(self._filled, updates[0]))

    def _filled(self, update: OrderUpdate, answer: Sequence[FillUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._failed(update.coid, f"fills: {answer.code} {answer.message}")
            return
        for fill in answer:
            self._events.on_fill(fill)
        # The execution list may lag behind the order; without every fill the fees are not known.
        if fields.add([fill.qty for fill in answer]) < fields.add([update.cum_qty]):
            self._failed(update.coid, f"fills: fewer than the {update.cum_qty} executed")
            return
        self._events.on_query(update.coid, QueryOutcome(QueryKind.found, update))

    def _absent(self, coid: str) -> None:
        self._events.on_query(coid, QueryOutcome(QueryKind.absent))

    def _failed(self, coid: str, reason: str) -> None:
        self._events.on_query(coid, QueryOutcome(QueryKind.failed, None, reason))
