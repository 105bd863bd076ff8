"""Binance order entry: place, cancel and query on the WebSocket API while it is up, else on REST.

`order_transport` picks: auto, rest, or ws (no order by REST; cancels and queries still go there while the
channel is down). What was in flight on a channel that went is never repeated, except cancels and queries: a
place becomes unknown.
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
    HttpDone,
    HttpRequest,
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
from arb.venues.binance import tables, ws_api
from arb.venues.binance.budgets import OrderBudgets
from arb.venues.binance.order_asks import OrderAsks
from arb.venues.binance.order_markets import OrderMarket
from arb.venues.binance.order_reads import OnFills, OrderIds, OrderReads
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.templates import Key, OrderTemplate
from arb.venues.binance.ws_orders import LOGON_ID, BinanceOrderDialogue
from arb.venues.clock_hold import ClockHold
from arb.venues.order_channel import OrderChannel
from arb.venues.symbols import Symbols, valid_coid


@dataclass(slots=True)
class _Flight:
    """A place on its way; `on_sent` is told once, before anything else."""

    order: OrderRequest
    told: bool = False


class BinanceOrders:
    """Order entry of one account; see OrderEntry for the contract.

    `ws_url` "" has no channel. `api_key` signs on the WebSocket; with `is_session` its requests carry neither
    key nor signature after the log-on.
    """

    def __init__(
        self,
        market: OrderMarket,
        rest: BinanceRest,
        symbols: Symbols,
        events: VenueEvents,
        port: ClockPort,
        sockets: SocketPort,
        random: Callable[[], float],
        *,
        ws_url: str,
        api_key: str,
        is_session: bool,
        measure_clock: Callable[[Callable[[bool], None] | None], None],
    ) -> None:
        if rest.signer is None:
            raise VenueError("order entry needs credentials")
        self._market = market
        self._rest = rest
        self._symbols = symbols
        self._events = events
        self._port = port
        self._signer = rest.signer
        self._api_key = api_key
        self._is_session = is_session
        self._settings = rest.settings
        self._url = rest.base_url + market.place.path
        self._headers = {**rest.headers, "Content-Type": tables.FORM_TYPE}
        self._templates: dict[Key, OrderTemplate] = {}
        self._holds: dict[str, str] = {}  # ccxt symbol, or "" for all -> why no entry
        self._traded: dict[str, None] = {}
        self._last_id = LOGON_ID
        self.ids = OrderIds()
        self.hold = ClockHold(port, rest.clock, measure_clock)
        self.budgets = OrderBudgets(
            rest.budget,
            rest.clock,
            order_weight=market.place.weight,
            fills_give_back=market.fills_give_back,
        )
        rest.on_too_many_orders = self.budgets.orders_refused
        self._channel: OrderChannel | None = None
        if ws_url and self._settings.order_transport != "rest":
            dialogue = BinanceOrderDialogue(
                ws_url,
                api_key,
                self._signer,
                rest.clock,
                self._settings,
                market.errors,
                is_session=is_session,
                on_paused=rest.paused,
                on_counts=lambda message: self.budgets.weight_counted(ws_api.counts_of(message)),
                on_clock_refused=self.hold.refused,
                on_weight=self.budgets.spend,
            )
            self._channel = OrderChannel(dialogue, sockets, port, events, self._settings, random)
        self._reads = OrderReads(market, rest, symbols, self.ids)
        self._asks = OrderAsks(
            market, rest, symbols, events, self.budgets, self._reads, self.ids, self._channel, self._frame
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
                            self._market,
                            instrument,
                            side,
                            tif,
                            reduce_only,
                            self._settings.recv_window_ms,
                            "" if self._is_session else self._api_key,
                            self._signer,
                        )

    def hold_entries(self, symbol: str, reason: str) -> None:
        """No new trade on that symbol, "" for all, for as long as this object lives."""
        self._holds[symbol] = reason

    # Placing.

    def ready(self, orders: Sequence[OrderRequest]) -> NotSent | None:
        if not orders:
            return None
        for order in orders:
            key = (order.symbol, order.side, order.tif, order.reduce_only)
            if key not in self._templates:
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
        if self._settings.order_transport == "ws" and (self._channel is None or not self._channel.ready):
            return NotSent("the order channel is down")
        reason = self.budgets.refusal(orders)
        return NotSent(reason) if reason else None

    def place(self, order: OrderRequest) -> NotSent | None:
        refused = self.ready((order,))
        if refused is not None:
            return refused
        template = self._templates[order.symbol, order.side, order.tif, order.reduce_only]
        flight = _Flight(order)
        stamp_ms = self._rest.clock.stamp_ms()
        channel = self._channel
        if channel is not None and channel.ready:
            self._last_id += 1
            sent = channel.request(
                template.frame(order, stamp_ms, self._last_id),
                str(self._last_id),
                lambda message: self._channel_placed(flight, message),
                lambda reason: self._lost(flight, reason),
            )
            if sent:
                self._port.call_later(0.0, lambda: self._tell_sent(flight))
                self._left(order)
                return None
        if self._settings.order_transport == "ws":
            return NotSent("the order channel went down")
        # Nothing left on the channel, so this is no repetition.
        self._rest.http.start(
            HttpRequest(
                "POST",
                self._url,
                self._headers,
                template.body(order, stamp_ms),
                self._settings.order_timeout_s,
                "place",
            ),
            lambda done: self._rest_placed(flight, done),
            lambda: self._tell_sent(flight),
        )
        self._left(order)
        return None

    def _left(self, order: OrderRequest) -> None:
        self.budgets.take(order)
        self._traded[order.symbol] = None

    def _tell_sent(self, flight: _Flight) -> None:
        if not flight.told:
            flight.told = True
            self._events.on_sent(flight.order.coid)

    def _lost(self, flight: _Flight, reason: str) -> None:
        self._tell_sent(flight)
        self._events.on_unknown(flight.order.coid, reason)

    def _channel_placed(self, flight: _Flight, message: dict[str, Any]) -> None:
        self.budgets.answered_on_channel(flight.order.coid, ws_api.counts_of(message))
        self._placed(flight, ws_api.result_of(message, self._market.errors))

    def _rest_placed(self, flight: _Flight, done: HttpDone) -> None:
        self.budgets.answered(flight.order.coid, done)
        self._placed(flight, self._rest.result(done))

    def _placed(self, flight: _Flight, result: Any) -> None:
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
            row = fields.mapping(result, "order")
            answered = fields.text(row, "clientOrderId")
            if answered != coid:
                raise VenueError(f"clientOrderId: the answer is about {answered!r}, not {coid!r}")
            order_id = str(fields.integer(row, "orderId"))
            update = self._market.order(row, self._symbols.to_symbol) if "status" in row else None
            fills = self._market.fills_of(row, self._symbols.to_symbol)
        except VenueError as error:
            self._events.on_unknown(coid, f"unreadable answer: {error}")
            return
        self.ids.note(order_id, coid)
        self._events.on_ack(coid, order_id)
        for fill in fills:
            self._events.on_fill(fill)
        if update is not None:
            self._events.on_order(update)

    def _not_placed(self, order: OrderRequest, failure: VenueFailure) -> None:
        if failure.code in tables.CLOCK_CODES:
            self.hold.refused()
        if failure.error_class is ErrorClass.unknown:
            self._events.on_unknown(order.coid, f"{failure.code} {failure.message}")
            return
        self._events.on_reject(order.coid, failure.error_class, failure.code, failure.message)

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

    def _frame(self, method: str, params: ws_api.Params) -> tuple[bytes, str]:
        self._last_id += 1
        timed: ws_api.Params = {
            **params,
            "recvWindow": self._settings.recv_window_ms,
            "timestamp": self._rest.clock.stamp_ms(),
        }
        if self._is_session:
            return ws_api.request(self._last_id, method, timed), str(self._last_id)
        text = ws_api.signed_request(self._last_id, method, timed, self._api_key, self._signer)
        return text, str(self._last_id)
