"""Bybit order entry: place and cancel on the WebSocket while it is up, else on REST; reads on REST.

The answer to a place or a cancel means "accepted", no more: the order and execution topics carry the truth, a
refusal by the engine included. `order_transport` picks: auto, rest, or ws (no order by REST; cancels still go
there while the channel is down). A place in flight on a channel that went is unknown, and never repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from arb.venues import fields
from arb.venues.base import (
    Balance,
    ClockPort,
    ErrorClass,
    Lane,
    NotSent,
    OrderRequest,
    OrderUpdate,
    Side,
    SocketPort,
    TimeInForce,
    VenueError,
    VenueEvents,
    VenueFailure,
    VenueInstrument,
)
from arb.venues.bybit import tables, templates
from arb.venues.bybit.order_asks import OrderAsks
from arb.venues.bybit.order_markets import OrderMarket
from arb.venues.bybit.order_reads import OnFills, OrderReads
from arb.venues.bybit.rest import BybitRest
from arb.venues.bybit.tables import Endpoint
from arb.venues.bybit.templates import Key, OrderTemplate
from arb.venues.bybit.ws_orders import TOO_MANY_SESSIONS, BybitOrderDialogue, headers_of, result_of
from arb.venues.clock_hold import ClockHold
from arb.venues.filters import FILTER_CODES
from arb.venues.order_channel import OrderChannel
from arb.venues.symbols import Symbols, valid_coid


@dataclass(slots=True)
class _Flight:
    """A place on its way; `on_sent` is told once, before anything else."""

    order: OrderRequest
    told: bool = False


class BybitOrders:
    """Order entry of one category of one account; see OrderEntry for the contract.

    `ws_url` "" has no channel. `on_filter_reject(symbol)`: the rules of that symbol are doubtful.
    """

    def __init__(
        self,
        market: OrderMarket,
        rest: BybitRest,
        symbols: Symbols,
        events: VenueEvents,
        port: ClockPort,
        sockets: SocketPort,
        random: Callable[[], float],
        *,
        ws_url: str,
        measure_clock: Callable[[Callable[[bool], None] | None], None],
    ) -> None:
        if rest.signer is None or rest.credentials is None:
            raise VenueError("order entry needs credentials")
        self._market = market
        self._rest = rest
        self._symbols = symbols
        self._events = events
        self._port = port
        self._settings = rest.settings
        self._templates: dict[Key, OrderTemplate] = {}
        self._holds: dict[str, str] = {}  # ccxt symbol, or "" for all -> why no entry
        self._traded: dict[str, None] = {}
        # Two of our processes, or one after the other, never use the same request id.
        self._prefix = f"{port.wall_ms():x}-{int(random() * 0xFFFF):x}-"
        self._requests = 0
        self.hold = ClockHold(port, rest.clock, measure_clock)
        self.on_filter_reject: Callable[[str], None] | None = None
        self._channel: OrderChannel | None = None
        if ws_url and self._settings.order_transport != "rest":
            dialogue = BybitOrderDialogue(
                ws_url, rest.credentials.api_key, rest.signer, rest.clock, self.hold.refused
            )
            self._channel = OrderChannel(dialogue, sockets, port, events, self._settings, random)
        self._reads = OrderReads(market, rest, symbols)
        self._asks = OrderAsks(
            market, rest, symbols, events, self._reads, self._request, self._is_up, self.hold.refused
        )

    @property
    def channel(self) -> OrderChannel | None:
        return self._channel

    def start(self) -> None:
        if self._channel is not None:
            self._channel.start()

    def stop(self) -> None:
        if self._channel is not None:
            self._channel.stop()

    def allow(self, instruments: Sequence[VenueInstrument]) -> None:
        """Prepares the constant part of every order of these symbols, so that placing only fills in."""
        reduce = (False, True) if self._market.reduces else (False,)
        for instrument in instruments:
            for side in Side:
                for tif in TimeInForce:
                    for reduce_only in reduce:
                        self._templates[instrument.symbol, side, tif, reduce_only] = OrderTemplate(
                            self._market, instrument, side, tif, reduce_only
                        )

    def hold_entries(self, symbol: str, reason: str) -> None:
        """No new trade on that symbol, "" for all, for as long as this object lives."""
        self._holds[symbol] = reason

    # Placing.

    def ready(self, orders: Sequence[OrderRequest]) -> NotSent | None:
        if not orders:
            return None
        for order in orders:
            if (order.symbol, order.side, order.tif, order.reduce_only) not in self._templates:
                known = self._symbols.find(order.symbol) is not None
                what = "knows no reduce-only" if known else "is not among the instruments that were read"
                return NotSent(f"symbol {order.symbol!r} {what}")
            if not valid_coid(order.coid):
                return NotSent(f"client order id {order.coid!r} is not 1 to 32 alphanumerics")
            reason = self.hold.reason(order.lane)
            if not reason and self._holds and order.lane is Lane.entry:
                reason = self._holds.get(order.symbol) or self._holds.get("") or ""
            if reason:
                return NotSent(reason)
        by_channel = self._is_up()
        if self._settings.order_transport == "ws" and not by_channel:
            return NotSent("the order channel is down")
        lane = min((order.lane for order in orders), key=_RANK.__getitem__)
        refused = self._rest.refusal(self._market.place, len(orders), lane, by_channel=by_channel)
        return NotSent(refused) if refused else None

    def place(self, order: OrderRequest) -> NotSent | None:
        refused = self.ready((order,))
        if refused is not None:
            return refused
        body = self._templates[order.symbol, order.side, order.tif, order.reduce_only].body(order)
        flight = _Flight(order)
        by_channel = self._request(
            self._market.place,
            "order.create",
            body,
            lambda result: self._placed(flight, result, is_matched=True),
            lambda reason: self._lost(flight, reason),
        )
        if by_channel:
            self._port.call_later(0.0, lambda: self._tell_sent(flight))
        elif self._settings.order_transport == "ws":
            return NotSent("the order channel went down")
        else:
            # Nothing left on the channel, so this is no repetition.
            self._rest.post(
                self._market.place,
                body,
                "place",
                lambda result: self._placed(flight, result, is_matched=False),
                lambda: self._tell_sent(flight),
            )
        self._traded[order.symbol] = None
        return None

    def _request(
        self,
        endpoint: Endpoint,
        operation: str,
        body: str,
        on_result: Callable[[Any], None],
        on_lost: Callable[[str], None],
    ) -> bool:
        """Over the channel; False proves that nothing left."""
        channel = self._channel
        if channel is None or not channel.ready:
            return False
        self._requests += 1
        id = f"{self._prefix}{self._requests:x}"
        stamp_ms = self._rest.clock.stamp_ms()
        sent_ns = self._port.mono_ns()

        def answered(message: dict[str, Any]) -> None:
            headers = headers_of(message)
            self._rest.limits.observe(endpoint, headers, sent_ns)
            result = result_of(message, self._market.errors)
            limited = isinstance(result, VenueFailure) and result.error_class is ErrorClass.rate
            if limited and result.code != TOO_MANY_SESSIONS:  # those are no requests: REST goes on
                self._rest.paused(endpoint, 200, result.code, headers)
            on_result(result)

        text = templates.frame(operation, id, stamp_ms, self._settings.recv_window_ms, body)
        if not channel.request(text, id, answered, on_lost):
            return False
        self._rest.limits.spend(endpoint)
        return True

    def _is_up(self) -> bool:
        return self._channel is not None and self._channel.ready

    def _tell_sent(self, flight: _Flight) -> None:
        if not flight.told:
            flight.told = True
            self._events.on_sent(flight.order.coid)

    def _lost(self, flight: _Flight, reason: str) -> None:
        self._tell_sent(flight)
        self._events.on_unknown(flight.order.coid, reason)

    def _placed(self, flight: _Flight, result: Any, *, is_matched: bool) -> None:
        """`is_matched`: the request id says whose answer it is."""
        coid = flight.order.coid
        if isinstance(result, VenueFailure):
            if result.error_class is ErrorClass.notsent:
                self._events.on_not_sent(coid, result.message)
                return
            self._tell_sent(flight)
            self._not_placed(flight.order, result)
            return
        self._tell_sent(flight)
        try:
            row = fields.mapping(result, "result")
            order_id, answered = fields.text(row, "orderId"), fields.text(row, "orderLinkId")
            if answered != coid and (answered or not is_matched):
                raise VenueError(f"orderLinkId: the answer is about {answered!r}, not {coid!r}")
        except VenueError as error:
            self._events.on_unknown(coid, f"unreadable answer: {error}")
            return
        self._events.on_ack(coid, order_id)

    def _not_placed(self, order: OrderRequest, failure: VenueFailure) -> None:
        if failure.code == tables.CLOCK_REFUSED:
            self.hold.refused()
        if failure.error_class is ErrorClass.unknown:
            self._events.on_unknown(order.coid, f"{failure.code} {failure.message}")
            return
        if self._market.reduces and failure.message.startswith(tables.MODE_MISMATCH):
            self.hold_entries("", "the account is not in one-way position mode")
        self._events.on_reject(order.coid, failure.error_class, failure.code, failure.message)
        if failure.code in FILTER_CODES["bybit"] and self.on_filter_reject is not None:
            self.on_filter_reject(order.symbol)

    # What is asked.

    def cancel(self, coid: str, symbol: str) -> NotSent | None:
        return self._asks.cancel(coid, symbol)

    def query(self, coid: str, symbol: str) -> NotSent | None:
        return self._asks.query(coid, symbol)

    def fetch_fills(self, order: OrderUpdate, on_done: OnFills) -> None:
        self._reads.fetch_fills(order, on_done)

    def traded(self) -> Sequence[str]:
        return tuple(self._traded)

    def recent_fills(self, symbols: Sequence[str], since_ms: int, on_done: OnFills) -> None:
        self._reads.recent_fills(symbols, since_ms, on_done)

    def open_orders(self, on_done: Callable[[Sequence[OrderUpdate] | VenueFailure], None]) -> None:
        def answered(answer: Sequence[OrderUpdate] | VenueFailure) -> None:
            if not isinstance(answer, VenueFailure):
                self._traded.update((order.symbol, None) for order in answer)
            on_done(answer)

        self._reads.open_orders(answered)

    def balances(self, on_done: Callable[[Sequence[Balance] | VenueFailure], None]) -> None:
        self._reads.balances(on_done)


_RANK = {lane: rank for rank, lane in enumerate(Lane)}
