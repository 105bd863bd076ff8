"""Bybit spot orders over REST: place, cancel, query, fills, open orders, balances.

The answer to a place or a cancel means "accepted", no more: the order and execution topics carry the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from arb.venues import fields
from arb.venues.base import (
    Balance,
    CancelOutcome,
    ErrorClass,
    FillUpdate,
    HttpDone,
    HttpRequest,
    NotSent,
    OrderRequest,
    OrderUpdate,
    QueryKind,
    QueryOutcome,
    Side,
    TimeInForce,
    VenueError,
    VenueEvents,
    VenueFailure,
    VenueInstrument,
)
from arb.venues.bybit import parse, tables
from arb.venues.bybit.rest import BybitRest
from arb.venues.symbols import Symbols, valid_coid

T = TypeVar("T")


class BybitSpotOrders:
    """Order entry of one account; see OrderEntry for the contract."""

    def __init__(self, rest: BybitRest, symbols: Symbols, events: VenueEvents) -> None:
        if rest.signer is None:
            raise VenueError("order entry needs credentials")
        self._rest = rest
        self._symbols = symbols
        self._events = events
        self._url = rest.base_url + tables.PLACE.path
        self._cancel_url = rest.base_url + tables.CANCEL.path
        self._templates: dict[tuple[str, Side, TimeInForce], str] = {}

    def allow(self, instruments: Sequence[VenueInstrument]) -> None:
        """Prepares the constant part of every order of these symbols, so that placing only appends.
        isLeverage 0 never borrows; smpType ends our own taker instead of trading with ourselves."""
        for instrument in instruments:
            for side, side_word in tables.SIDES.items():
                for tif, tif_word in tables.TIMES_IN_FORCE.items():
                    self._templates[instrument.symbol, side, tif] = (
                        f'{{"category":"{tables.CATEGORY}","symbol":"{instrument.venue_symbol}",'
                        f'"side":"{side_word}","orderType":"Limit","timeInForce":"{tif_word}",'
                        f'"isLeverage":0,"smpType":"CancelTaker","orderLinkId":"'
                    )

    def ready(self, orders: Sequence[OrderRequest]) -> NotSent | None:
        for order in orders:
            if (order.symbol, order.side, order.tif) not in self._templates:
                return NotSent(f"symbol {order.symbol!r} is not among the instruments that were read")
            if not valid_coid(order.coid):
                return NotSent(f"client order id {order.coid!r} is not 1 to 32 alphanumerics")
        if not self._rest.clock.bounds.known:
            return NotSent("the venue's clock is not known yet")
        return None

    def place(self, order: OrderRequest) -> NotSent | None:
        refused = self.ready((order,))
        if refused is not None:
            return refused
        template = self._templates[order.symbol, order.side, order.tif]
        body = f'{template}{order.coid}","qty":"{order.qty}","price":"{order.price}"}}'
        self._post(
            self._url,
            body,
            "place",
            partial(self._placed, order.coid),
            partial(self._events.on_sent, order.coid),
        )
        return None

    def _post(
        self,
        url: str,
        body: str,
        tag: str,
        on_done: Callable[[HttpDone], None],
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        headers = self._rest.headers(body)
        headers["Content-Type"] = "application/json"
        timeout_s = self._rest.settings.order_timeout_s
        request = HttpRequest("POST", url, headers, body.encode(), timeout_s, tag)
        self._rest.http.start(request, on_done, on_sent)

    def _placed(self, coid: str, done: HttpDone) -> None:
        result = self._rest.result(done)
        if isinstance(result, VenueFailure):
            self._not_placed(coid, result)
            return
        try:
            row = fields.mapping(result, "result")
            order_id, answered = fields.text(row, "orderId"), fields.text(row, "orderLinkId")
            if answered != coid:
                raise VenueError(f"orderLinkId: the answer is about {answered!r}, not {coid!r}")
        except VenueError as error:
            self._events.on_unknown(coid, f"unreadable answer: {error}")
            return
        self._events.on_ack(coid, order_id)

    def _not_placed(self, coid: str, failure: VenueFailure) -> None:
        if failure.code == tables.CLOCK_REFUSED and self._rest.on_clock_refused is not None:
            self._rest.on_clock_refused(None)
        if failure.error_class is ErrorClass.notsent:
            self._events.on_not_sent(coid, failure.message)
        elif failure.error_class is ErrorClass.unknown:
            self._events.on_unknown(coid, f"{failure.code} {failure.message}")
        else:
            self._events.on_reject(coid, failure.error_class, failure.code, failure.message)

    def cancel(self, coid: str, symbol: str) -> NotSent | None:
        instrument = self._symbols.find(symbol)
        if instrument is None or not valid_coid(coid):
            return NotSent(f"no order {coid!r} on {symbol!r} can be named to the venue")
        body = (
            f'{{"category":"{tables.CATEGORY}","symbol":"{instrument.venue_symbol}","orderLinkId":"{coid}"}}'
        )
        self._post(self._cancel_url, body, "cancel", partial(self._canceled, coid))
        return None

    def _canceled(self, coid: str, done: HttpDone) -> None:
        result = self._rest.result(done)
        if not isinstance(result, VenueFailure):
            self._events.on_cancel(coid, CancelOutcome.accepted, 0, "")
            return
        gone = result.code in tables.CANCEL_GONE
        outcome = CancelOutcome.gone if gone else CancelOutcome.failed
        self._events.on_cancel(coid, outcome, result.code, result.message)

    # Query: realtime knows open orders and the last 500 closed, and forgets the closed when its service
    # restarts; history has them all but lags. Only when neither knows the order is it absent.

    def query(self, coid: str, symbol: str) -> NotSent | None:
        instrument = self._symbols.find(symbol)
        if instrument is None or not valid_coid(coid):
            return NotSent(f"no order {coid!r} on {symbol!r} can be named to the venue")
        query = f"category={tables.CATEGORY}&symbol={instrument.venue_symbol}&orderLinkId={coid}"
        history = partial(
            self._rest.read, tables.HISTORY, query, partial(self._queried, coid, self._query_absent)
        )
        self._rest.read(tables.REALTIME, query, partial(self._queried, coid, lambda _: history()))
        return None

    def _queried(self, coid: str, when_absent: Callable[[str], None], result: Any) -> None:
        if isinstance(result, VenueFailure):
            if result.code in tables.ORDER_ABSENT:
                when_absent(coid)
            else:
                self._query_failed(coid, f"{result.code} {result.message}")
            return
        try:
            found = [row for row in parse.result_list(result, "order") if row.get("orderLinkId") == coid]
            updates = [parse.order(row, self._symbols) for row in found]
        except VenueError as error:
            self._query_failed(coid, str(error))
            return
        if not updates:
            when_absent(coid)
        elif fields.add([updates[0].cum_qty]) == 0:
            self._events.on_query(coid, QueryOutcome(QueryKind.found, updates[0]))
        else:
            self.fetch_fills(updates[0], partial(self._query_filled, updates[0]))

    def _query_filled(self, update: OrderUpdate, answer: Sequence[FillUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._query_failed(update.coid, f"fills: {answer.code} {answer.message}")
            return
        for fill in answer:
            self._events.on_fill(fill)
        # The execution list may lag behind the order; without every fill the fees are not known.
        if fields.add([fill.qty for fill in answer]) < fields.add([update.cum_qty]):
            self._query_failed(update.coid, f"fills: fewer than the {update.cum_qty} executed")
            return
        self._events.on_query(update.coid, QueryOutcome(QueryKind.found, update))

    def _query_absent(self, coid: str) -> None:
        self._events.on_query(coid, QueryOutcome(QueryKind.absent))

    def _query_failed(self, coid: str, reason: str) -> None:
        self._events.on_query(coid, QueryOutcome(QueryKind.failed, None, reason))

    def fetch_fills(
        self, order: OrderUpdate, on_done: Callable[[Sequence[FillUpdate] | VenueFailure], None]
    ) -> None:
        instrument = self._symbols.find(order.symbol)
        venue_symbol = order.symbol if instrument is None else instrument.venue_symbol
        query = (
            f"category={tables.CATEGORY}&symbol={venue_symbol}&orderLinkId={order.coid}"
            f"&limit={tables.EXECUTIONS_LIMIT}"
        )

        def fills(found: Sequence[Mapping[str, Any]]) -> list[FillUpdate]:
            own = (row for row in found if row.get("orderId") == order.venue_order_id)
            return [parse.fill(row, self._symbols) for row in own if parse.is_fill(row)]

        self._read_rows(tables.EXECUTIONS, query, fills, on_done)

    def start(self) -> None:
        """Orders go by REST: there is nothing to connect."""

    def stop(self) -> None: ...

    def traded(self) -> Sequence[str]:
        return ()

    def recent_fills(
        self,
        symbols: Sequence[str],
        since_ms: int,
        on_done: Callable[[Sequence[FillUpdate] | VenueFailure], None],
    ) -> None:
        def fills(found: Sequence[Mapping[str, Any]]) -> list[FillUpdate]:
            every = (parse.fill(row, self._symbols) for row in found if parse.is_fill(row))
            return [fill for fill in every if fill.symbol in symbols]

        query = f"category={tables.CATEGORY}&startTime={since_ms}&limit={tables.EXECUTIONS_LIMIT}"
        self._read_rows(tables.EXECUTIONS, query, fills, on_done)

    def open_orders(self, on_done: Callable[[Sequence[OrderUpdate] | VenueFailure], None]) -> None:
        query = f"category={tables.CATEGORY}&openOnly=0&limit={tables.ORDERS_LIMIT}"
        self._read_rows(
            tables.REALTIME, query, lambda found: [parse.order(row, self._symbols) for row in found], on_done
        )

    def balances(self, on_done: Callable[[Sequence[Balance] | VenueFailure], None]) -> None:
        self._read_rows(tables.WALLET, "accountType=UNIFIED", parse.balances, on_done)

    def _read_rows(
        self,
        endpoint: tables.Endpoint,
        query: str,
        to_value: Callable[[Sequence[Mapping[str, Any]]], T],
        on_done: Callable[[T | VenueFailure], None],
    ) -> None:
        def answered(result: Any) -> None:
            if not isinstance(result, VenueFailure):
                try:
                    result = to_value(result)
                except VenueError as error:
                    result = VenueFailure(ErrorClass.unknown, 200, f"unreadable answer: {error}")
            on_done(result)

        self._rest.read_pages(endpoint, query, True, answered)
