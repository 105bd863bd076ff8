"""What is said on Binance's private stream: the WebSocket API with a signed subscription, for any key type.

`{"subscriptionId":0,"event":{...}}` wraps every event. The server pings; the socket answers by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arb.venues import fields
from arb.venues.base import Balance, Credentials, StreamCause, VenueEvents, VenueFailure
from arb.venues.binance import parse, tables, ws_api
from arb.venues.binance.order_reads import OrderIds
from arb.venues.binance.rest import BinanceRest
from arb.venues.private_stream import Heard
from arb.venues.symbols import Symbols

SUBSCRIBE_ID = 1


class BinanceSpotDialogue:
    ping: bytes | None = None

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        rest: BinanceRest,
        symbols: Symbols,
        ids: OrderIds,
        events: VenueEvents,
        on_clock_refused: Callable[[], None],
    ) -> None:
        self.url = url
        self._api_key = credentials.api_key
        self._rest = rest
        self._symbols = symbols
        self._ids = ids
        self._events = events
        self._on_clock_refused = on_clock_refused

    def hello(self) -> bytes | None:
        assert self._rest.signer is not None
        weight = ws_api.CONNECT_WEIGHT + ws_api.SESSION_WEIGHT
        self._rest.budget.spend(weight, self._rest.clock.mono_ns())
        params: ws_api.Params = {
            "recvWindow": self._rest.settings.recv_window_ms,
            "timestamp": self._rest.clock.stamp_ms(),
        }
        return ws_api.signed_request(
            SUBSCRIBE_ID, "userDataStream.subscribe.signature", params, self._api_key, self._rest.signer
        )

    def on_text(self, text: bytes, on_balances: Callable[[Sequence[Balance]], None]) -> Heard | None:
        message = fields.mapping(fields.loads(text), "message")
        if "event" in message:
            return self._event(fields.mapping(message["event"], "event"), on_balances)
        if "status" in message:
            return self._response(message)
        return None

    def _response(self, message: Mapping[str, Any]) -> Heard | None:
        if fields.integer(message, "status") == 200:
            return Heard(subscribed=True) if message.get("id") == SUBSCRIBE_ID else None
        failure = ws_api.result_of(message, self._rest.errors)
        if not isinstance(failure, VenueFailure):
            return None
        settings = self._rest.settings
        pause = ws_api.pause_of(message, self._rest.clock.stamp_ms(), settings.shed_pause_s)
        if pause is not None:
            self._rest.paused(pause, failure.code)
        if failure.code in tables.CLOCK_CODES:
            self._on_clock_refused()
        cause = StreamCause.auth if failure.code in tables.AUTH_REFUSED else StreamCause.refused
        return Heard(lost=cause, detail=f"{failure.code} {failure.message}")

    def _event(
        self, event: Mapping[str, Any], on_balances: Callable[[Sequence[Balance]], None]
    ) -> Heard | None:
        kind = fields.text(event, "e")
        if kind == "executionReport":
            order, fill = parse.report(event, self._symbols.to_symbol)
            self._ids.note(order.venue_order_id, order.coid)
            if fill is not None:
                self._events.on_fill(fill)
            self._events.on_order(order)
        elif kind == "outboundAccountPosition":
            on_balances(parse.position_balances(event))
        elif kind == "balanceUpdate":
            self._events.on_cash(parse.cash(event))
        elif kind == "eventStreamTerminated":
            return Heard(lost=StreamCause.terminated, detail="eventStreamTerminated")
        elif kind == "serverShutdown":
            return Heard(lost=StreamCause.shutdown, detail="serverShutdown")
        # The result of a balanceUpdate or externalLockUpdate comes with outboundAccountPosition or the next
        # comparison; listStatus belongs to order lists, which we never send.
        return None
