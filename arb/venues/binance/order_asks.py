"""Cancels and queries of Binance orders, on whichever transport is up; both may be repeated on the other.

Neither answer of a cancel is an order state, and "does not exist" proves nothing before the fence.
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
from arb.venues.binance import tables, ws_api
from arb.venues.binance.budgets import OrderBudgets
from arb.venues.binance.order_markets import OrderMarket
from arb.venues.binance.order_reads import OrderIds, OrderReads
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.tables import Endpoint
from arb.venues.order_channel import OrderChannel
from arb.venues.symbols import Symbols, valid_coid

Frame = Callable[[str, ws_api.Params], tuple[bytes, str]]  # (method, params) -> (request, its id)


class OrderAsks:
    """`frame` makes a request of the channel, signed where it has to be."""

    def __init__(
        self,
        market: OrderMarket,
        rest: BinanceRest,
        symbols: Symbols,
        events: VenueEvents,
        budgets: OrderBudgets,
        reads: OrderReads,
        ids: OrderIds,
        channel: OrderChannel | None,
        frame: Frame,
    ) -> None:
        self._market = market
        self._rest = rest
        self._symbols = symbols
        self._events = events
        self._budgets = budgets
        self._reads = reads
        self._ids = ids
        self._channel = channel
        self._frame = frame

    def cancel(self, coid: str, symbol: str) -> NotSent | None:
        # The HTTP client may send a DELETE twice on a dropped connection: the second finds the order gone.
        return self._ask(
            self._market.cancel, "order.cancel", Lane.cancel, coid, symbol, partial(self._canceled, coid)
        )

    def query(self, coid: str, symbol: str) -> NotSent | None:
        return self._ask(
            self._market.query, "order.status", Lane.query, coid, symbol, partial(self._queried, coid)
        )

    def _ask(
        self,
        endpoint: Endpoint,
        method: str,
        lane: Lane,
        coid: str,
        symbol: str,
        on_result: Callable[[Any], None],
    ) -> NotSent | None:
        instrument = self._symbols.find(symbol)
        if instrument is None or not valid_coid(coid):
            return NotSent(f"no order {coid!r} on {symbol!r} can be named to the venue")
        if not self._budgets.has_room(endpoint.weight, lane):
            return NotSent("over the budget of request weight")
        by_rest = partial(
            self._rest.read, endpoint, f"symbol={instrument.venue_symbol}&origClientOrderId={coid}", on_result
        )
        channel = self._channel
        if channel is not None and channel.ready:
            text, id = self._frame(method, {"origClientOrderId": coid, "symbol": instrument.venue_symbol})

            def answered(message: dict[str, Any]) -> None:
                result = ws_api.result_of(message, self._market.errors)
                if isinstance(result, VenueFailure) and result.code == tables.CLOCK_REFUSED:
                    by_rest()  # which reads the clock first, should it be refused again
                else:
                    on_result(result)

            if channel.request(text, id, answered, lambda reason: by_rest()):
                self._budgets.spend(endpoint.weight)
                return None
        by_rest()
        return None

    def _canceled(self, coid: str, result: Any) -> None:
        if not isinstance(result, VenueFailure):
            self._events.on_cancel(coid, CancelOutcome.accepted, 0, "")
            return
        restricted = result.message.startswith(tables.CANCEL_RESTRICTED)
        gone = result.code == tables.CANCEL_GONE and not restricted
        outcome = CancelOutcome.gone if gone else CancelOutcome.failed
        self._events.on_cancel(coid, outcome, result.code, result.message)

    def _queried(self, coid: str, result: Any) -> None:
        if isinstance(result, VenueFailure):
            if result.code == tables.ORDER_ABSENT:
                self._events.on_query(coid, QueryOutcome(QueryKind.absent))
            else:
                self._failed(coid, f"{result.code} {result.message}")
            return
        try:
            update = self._market.order(fields.mapping(result, "order"), self._symbols.to_symbol)
            if update.coid != coid:
                raise VenueError(f"clientOrderId: the answer is about {update.coid!r}, not {coid!r}")
        except VenueError as error:
            self._failed(coid, str(error))
            return
        self._ids.note(update.venue_order_id, coid)
        if fields.add([update.cum_qty]) == 0:
            self._events.on_query(coid, QueryOutcome(QueryKind.found, update))
        else:
            self._reads.fetch_fills(update, partial(self._filled, update))

    def _filled(self, update: OrderUpdate, answer: Sequence[FillUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._failed(update.coid, f"fills: {answer.code} {answer.message}")
            return
        for fill in answer:
            self._events.on_fill(fill)
        # The trade list may lag behind the order; without every fill the fees are not known.
        if fields.add([fill.qty for fill in answer]) < fields.add([update.cum_qty]):
            self._failed(update.coid, f"fills: fewer than the {update.cum_qty} executed")
            return
        self._events.on_query(update.coid, QueryOutcome(QueryKind.found, update))

    def _failed(self, coid: str, reason: str) -> None:
        self._events.on_query(coid, QueryOutcome(QueryKind.failed, None, reason))
