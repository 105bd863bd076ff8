"""Binance spot orders over REST: place, cancel, query, fills, open orders, balances.

A place asks for the FULL answer: it is the matching engine's result with its fills. The private stream tells
the same again, before or after; the core counts each trade id once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from arb.venues.binance import parse, tables
from arb.venues.binance.rest import BinanceRest, failure_of
from arb.venues.binance.signing import signed
from arb.venues.symbols import Symbols, valid_coid

T = TypeVar("T")


class BinanceSpotOrders:
    """Order entry of one account; see OrderEntry for the contract."""

    def __init__(self, rest: BinanceRest, symbols: Symbols, events: VenueEvents) -> None:
        if rest.signer is None:
            raise VenueError("order entry needs credentials")
        self._rest = rest
        self._symbols = symbols
        self._events = events
        self._signer = rest.signer
        self._url = rest.base_url + tables.PLACE.path
        self._headers = {**rest.headers, "Content-Type": tables.FORM_TYPE}
        self._templates: dict[tuple[str, Side, TimeInForce], str] = {}

    def allow(self, instruments: Sequence[VenueInstrument]) -> None:
        """Prepares the constant part of every order of these symbols, so that placing only appends."""
        window = f"recvWindow={self._rest.settings.recv_window_ms}"
        for instrument in instruments:
            stp = ""
            if tables.STP_MODE in instrument.stp_modes:
                stp = f"&selfTradePreventionMode={tables.STP_MODE}"
            for side, side_word in tables.SIDES.items():
                for tif, kind in tables.ORDER_TYPES.items():
                    self._templates[instrument.symbol, side, tif] = (
                        f"symbol={instrument.venue_symbol}&side={side_word}&{kind}{stp}"
                        f"&newOrderRespType=FULL&{window}&newClientOrderId="
                    )

    def place(self, order: OrderRequest) -> NotSent | None:
        template = self._templates.get((order.symbol, order.side, order.tif))
        if template is None:
            return NotSent(f"symbol {order.symbol!r} is not among the instruments that were read")
        if not valid_coid(order.coid):
            return NotSent(f"client order id {order.coid!r} is not 1 to 32 alphanumerics")
        clock = self._rest.clock
        if not clock.bounds.known:
            return NotSent("the venue's clock is not known yet")
        body = signed(
            self._signer,
            f"{template}{order.coid}&quantity={order.qty}&price={order.price}&timestamp={clock.stamp_ms()}",
        )
        self._rest.http.start(
            HttpRequest(
                "POST", self._url, self._headers, body.encode(), self._rest.settings.order_timeout_s, "place"
            ),
            partial(self._placed, order.coid),
            partial(self._events.on_sent, order.coid),
        )
        return None

    def _placed(self, coid: str, done: HttpDone) -> None:
        if done.status != 200:
            self._not_placed(coid, done)
            return
        try:
            row = fields.mapping(fields.loads(done.body), "order")
            answered = fields.text(row, "clientOrderId")
            if answered != coid:
                raise VenueError(f"clientOrderId: the answer is about {answered!r}, not {coid!r}")
            order_id = str(fields.integer(row, "orderId"))
            update = parse.order(row, self._symbols.to_symbol) if "status" in row else None
            fills = parse.order_fills(row, self._symbols.to_symbol)
        except VenueError as error:
            self._events.on_unknown(coid, f"unreadable answer: {error}")
            return
        self._events.on_ack(coid, order_id)
        for fill in fills:
            self._events.on_fill(fill)
        if update is not None:
            self._events.on_order(update)

    def _not_placed(self, coid: str, done: HttpDone) -> None:
        failure = failure_of(done)
        self._rest.watch_limits(done)
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
        # The HTTP client may send a DELETE twice on a dropped connection: the second finds the order gone.
        request = self._rest.signed(
            tables.CANCEL, f"symbol={instrument.venue_symbol}&origClientOrderId={coid}"
        )
        self._rest.http.start(request, partial(self._canceled, coid))
        return None

    def _canceled(self, coid: str, done: HttpDone) -> None:
        result = self._rest.result(done)
        if not isinstance(result, VenueFailure):
            self._events.on_cancel(coid, CancelOutcome.accepted, 0, "")
            return
        restricted = result.message.startswith(tables.CANCEL_RESTRICTED)
        gone = result.code == tables.CANCEL_GONE and not restricted
        outcome = CancelOutcome.gone if gone else CancelOutcome.failed
        self._events.on_cancel(coid, outcome, result.code, result.message)

    def query(self, coid: str, symbol: str) -> NotSent | None:
        instrument = self._symbols.find(symbol)
        if instrument is None or not valid_coid(coid):
            return NotSent(f"no order {coid!r} on {symbol!r} can be named to the venue")
        self._rest.read(
            tables.QUERY,
            f"symbol={instrument.venue_symbol}&origClientOrderId={coid}",
            partial(self._queried, coid),
        )
        return None

    def _queried(self, coid: str, result: Any) -> None:
        if isinstance(result, VenueFailure):
            if result.code == tables.ORDER_ABSENT:
                self._events.on_query(coid, QueryOutcome(QueryKind.absent))
            else:
                self._query_failed(coid, f"{result.code} {result.message}")
            return
        try:
            update = parse.order(fields.mapping(result, "order"), self._symbols.to_symbol)
            if update.coid != coid:
                raise VenueError(f"clientOrderId: the answer is about {update.coid!r}, not {coid!r}")
        except VenueError as error:
            self._query_failed(coid, str(error))
            return
        if fields.add([update.cum_qty]) == 0:
            self._events.on_query(coid, QueryOutcome(QueryKind.found, update))
        else:
            self.fetch_fills(update, partial(self._query_filled, update))

    def _query_filled(self, update: OrderUpdate, answer: Sequence[FillUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._query_failed(update.coid, f"fills: {answer.code} {answer.message}")
            return
        for fill in answer:
            self._events.on_fill(fill)
        # The trade list may lag behind the order; without every fill the fees are not known.
        if fields.add([fill.qty for fill in answer]) < fields.add([update.cum_qty]):
            self._query_failed(update.coid, f"fills: fewer than the {update.cum_qty} executed")
            return
        self._events.on_query(update.coid, QueryOutcome(QueryKind.found, update))

    def _query_failed(self, coid: str, reason: str) -> None:
        self._events.on_query(coid, QueryOutcome(QueryKind.failed, None, reason))

    def fetch_fills(
        self, order: OrderUpdate, on_done: Callable[[Sequence[FillUpdate] | VenueFailure], None]
    ) -> None:
        instrument = self._symbols.find(order.symbol)
        venue_symbol = order.symbol if instrument is None else instrument.venue_symbol
        query = f"symbol={venue_symbol}&orderId={order.venue_order_id}&limit={tables.MY_TRADES_LIMIT}"
        self._read(tables.MY_TRADES, query, lambda body: parse.my_trades(body, order), on_done)

    def open_orders(self, on_done: Callable[[Sequence[OrderUpdate] | VenueFailure], None]) -> None:
        def orders(body: Any) -> list[OrderUpdate]:
            return [parse.order(row, self._symbols.to_symbol) for row in fields.rows(body, "openOrders")]

        self._read(tables.OPEN_ORDERS, "", orders, on_done)

    def balances(self, on_done: Callable[[Sequence[Balance] | VenueFailure], None]) -> None:
        self._read(tables.ACCOUNT, "omitZeroBalances=true", parse.balances, on_done)

    def _read(
        self,
        endpoint: tables.Endpoint,
        query: str,
        to_value: Callable[[Any], T],
        on_done: Callable[[T | VenueFailure], None],
    ) -> None:
        def answered(result: Any) -> None:
            if not isinstance(result, VenueFailure):
                try:
                    result = to_value(result)
                except VenueError as error:
                    result = VenueFailure(ErrorClass.unknown, 200, f"unreadable answer: {error}")
            on_done(result)

        self._rest.read(endpoint, query, answered)
