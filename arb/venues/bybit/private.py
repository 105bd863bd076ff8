"""What is said on Bybit's private stream: auth, subscribe, a JSON ping every 20 s, and its topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import Balance, Credentials, Position, Signer, StreamCause, VenueEvents
from arb.venues.bybit import parse_private, signing, tables
from arb.venues.bybit.errors import AUTH_CODES, BAD_KEY
from arb.venues.bybit.order_markets import OrderMarket
from arb.venues.clock import VenueClock
from arb.venues.private_stream import Heard
from arb.venues.symbols import Symbols

Rows = Sequence[Mapping[str, Any]]


class BybitDialogue:
    """The topics carry every category in one style; this speaks for one. `hold_entries(symbol, reason)` stops
    new trades when the account turns out to be in hedge mode."""

    ping: bytes | None = tables.PING

    def __init__(
        self,
        market: OrderMarket,
        url: str,
        credentials: Credentials,
        signer: Signer,
        clock: VenueClock,
        symbols: Symbols,
        events: VenueEvents,
        hold_entries: Callable[[str, str], None],
        on_clock_refused: Callable[[], None],
    ) -> None:
        self.url = url
        self._market = market
        self._subscribe = orjson.dumps({"req_id": "2", "op": "subscribe", "args": list(market.topics)})
        self._api_key = credentials.api_key
        self._signer = signer
        self._clock = clock
        self._symbols = symbols
        self._events = events
        self._hold_entries = hold_entries
        self._on_clock_refused = on_clock_refused

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
        if kind == "wallet":
            on_balances(self._market.balances_of(data))
            return None
        category = self._market.category
        ours = [row for row in data if row.get("category", category) == category]
        if kind == "order":
            for row in ours:
                self._events.on_order(parse_private.order(row, self._symbols))
        elif kind == "execution":
            self._executions(ours)
        elif kind == "position" and ours:
            self._positions(ours)
        return None

    def _executions(self, rows: Rows) -> None:
        for row in rows:
            if parse_private.is_fill(row):
                self._events.on_fill(parse_private.fill(row, self._symbols))
                continue
            cash = parse_private.funding(row, self._symbols)
            if cash is not None:
                self._events.on_cash(cash)

    def _positions(self, rows: Rows) -> None:
        """Told with every order, changed or not."""
        held: list[Position] = []
        for row in rows:
            if parse_private.is_one_way(row):
                held.append(parse_private.position(row, self._symbols))
            elif not parse_private.is_flat(row):
                self._hold_entries("", "the account holds positions of hedge mode")
        if held:
            self._events.on_positions(held)

    def _operation(self, message: Mapping[str, Any]) -> Heard | None:
        operation, success = message.get("op"), message.get("success")
        detail = fields.optional_text(message, "ret_msg")
        if operation == "auth":
            if success is True:
                return Heard(send=self._subscribe)
            return Heard(lost=self._cause(message), detail=detail)
        if operation == "subscribe":
            if success is True:
                return Heard(subscribed=True)
            return Heard(lost=StreamCause.refused, detail=detail)
        return None  # pong

    def _cause(self, message: Mapping[str, Any]) -> StreamCause:
        """Documented is `success` alone; where a code comes with it, it tells a clock from a key."""
        code = message.get("retCode", message.get("ret_code"))
        if code == tables.CLOCK_REFUSED:
            self._on_clock_refused()
        is_auth = not isinstance(code, int) or code == BAD_KEY or code in AUTH_CODES
        return StreamCause.auth if is_auth else StreamCause.refused
