"""What is said on Binance's private stream: the WebSocket API with a signed subscription, for any key type.

`{"subscriptionId":0,"event":{...}}` wraps every event. The server pings; the socket answers by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import Balance, Credentials, RateLimit, Signer, StreamCause, VenueEvents
from arb.venues.binance import parse, tables
from arb.venues.binance.signing import ws_signature
from arb.venues.clock import VenueClock
from arb.venues.private_stream import Heard
from arb.venues.settings import VenueSettings
from arb.venues.symbols import Symbols

SUBSCRIBE_ID = 1


class BinanceSpotDialogue:
    ping: bytes | None = None

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        signer: Signer,
        clock: VenueClock,
        symbols: Symbols,
        events: VenueEvents,
        settings: VenueSettings,
        on_clock_refused: Callable[[], None],
    ) -> None:
        self.url = url
        self._api_key = credentials.api_key
        self._signer = signer
        self._clock = clock
        self._symbols = symbols
        self._events = events
        self._settings = settings
        self._on_clock_refused = on_clock_refused

    def hello(self) -> bytes:
        params: dict[str, str | int] = {
            "apiKey": self._api_key,
            "recvWindow": self._settings.recv_window_ms,
            "timestamp": self._clock.stamp_ms(),
        }
        params["signature"] = ws_signature(self._signer, params)
        return orjson.dumps(
            {"id": SUBSCRIBE_ID, "method": "userDataStream.subscribe.signature", "params": params}
        )

    def on_text(self, text: bytes, on_balances: Callable[[Sequence[Balance]], None]) -> Heard | None:
        message = fields.mapping(fields.loads(text), "message")
        if "event" in message:
            return self._event(fields.mapping(message["event"], "event"), on_balances)
        if "status" in message:
            return self._response(message)
        return None

    def _response(self, message: Mapping[str, Any]) -> Heard | None:
        status = fields.integer(message, "status")
        if status == 200:
            return Heard(subscribed=True) if message.get("id") == SUBSCRIBE_ID else None
        error = fields.mapping(message.get("error"), "error")
        code, detail = fields.integer(error, "code"), fields.optional_text(error, "msg")
        if status in (418, 429):
            self._events.on_rate_limit(self._pause(error, banned=status == 418))
        if code == tables.CLOCK_REFUSED:
            self._on_clock_refused()
        cause = StreamCause.auth if code in tables.AUTH_REFUSED else StreamCause.refused
        return Heard(lost=cause, detail=f"{code} {detail}")

    def _pause(self, error: Mapping[str, Any], banned: bool) -> RateLimit:
        data = error.get("data")
        if not isinstance(data, dict) or "retryAfter" not in data:
            return RateLimit(self._settings.shed_pause_s, banned)
        until_ms = fields.integer(data, "retryAfter")  # here a time, in the REST header seconds
        return RateLimit(max(0, until_ms - self._clock.stamp_ms()) / 1_000, banned)

    def _event(
        self, event: Mapping[str, Any], on_balances: Callable[[Sequence[Balance]], None]
    ) -> Heard | None:
        kind = fields.text(event, "e")
        if kind == "executionReport":
            order, fill = parse.report(event, self._symbols.to_symbol)
            if fill is not None:
                self._events.on_fill(fill)
            self._events.on_order(order)
        elif kind == "outboundAccountPosition":
            on_balances(parse.position_balances(event))
        elif kind == "eventStreamTerminated":
            return Heard(lost=StreamCause.terminated, detail="eventStreamTerminated")
        elif kind == "serverShutdown":
            return Heard(lost=StreamCause.shutdown, detail="serverShutdown")
        # balanceUpdate and externalLockUpdate are deltas whose result outboundAccountPosition or the next
        # comparison brings; listStatus belongs to order lists, which we never send.
        return None
