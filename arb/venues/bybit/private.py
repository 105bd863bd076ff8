"""What is said on Bybit's private stream: auth, subscribe, a JSON ping every 20 s, and the three topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import Balance, Credentials, Signer, StreamCause, VenueEvents
from arb.venues.bybit import parse, signing, tables
from arb.venues.clock import VenueClock
from arb.venues.private_stream import Heard
from arb.venues.symbols import Symbols

_SUBSCRIBE = orjson.dumps({"req_id": "2", "op": "subscribe", "args": list(tables.PRIVATE_TOPICS)})


class BybitSpotDialogue:
    ping: bytes | None = tables.PING

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        signer: Signer,
        clock: VenueClock,
        symbols: Symbols,
        events: VenueEvents,
    ) -> None:
        self.url = url
        self._api_key = credentials.api_key
        self._signer = signer
        self._clock = clock
        self._symbols = symbols
        self._events = events

    def hello(self) -> bytes:
        expires_ms = self._clock.stamp_ms() + tables.AUTH_VALID_MS
        signature = signing.login_signature(self._signer, expires_ms)
        return orjson.dumps({"req_id": "1", "op": "auth", "args": [self._api_key, expires_ms, signature]})

    def on_text(self, text: bytes, on_balances: Callable[[Sequence[Balance]], None]) -> Heard | None:
        message = fields.mapping(fields.loads(text), "message")
        topic = message.get("topic")
        if topic is None:
            return self._operation(message)
        data = fields.rows(message.get("data"), "data")
        # "order" and "order.spot" are the same topic in its two styles.
        kind = str(topic).partition(".")[0]
        if kind == "order":
            for row in filter(parse.ours, data):
                self._events.on_order(parse.order(row, self._symbols))
        elif kind == "execution":
            for row in filter(parse.ours, data):
                if parse.is_fill(row):
                    self._events.on_fill(parse.fill(row, self._symbols))
        elif kind == "wallet":
            on_balances(parse.balances(data))
        return None

    def _operation(self, message: Mapping[str, Any]) -> Heard | None:
        operation, success = message.get("op"), message.get("success")
        detail = fields.optional_text(message, "ret_msg")
        if operation == "auth":
            if success is True:
                return Heard(send=_SUBSCRIBE)
            return Heard(lost=StreamCause.auth, detail=detail)
        if operation == "subscribe":
            if success is True:
                return Heard(subscribed=True)
            return Heard(lost=StreamCause.refused, detail=detail)
        return None  # pong
