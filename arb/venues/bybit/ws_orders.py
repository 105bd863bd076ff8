"""What is said on Bybit's order connection: the log-on, a JSON ping, and what every answer says beside its
result. After the log-on no request carries a signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import ErrorClass, Signer, StreamCause, VenueError, VenueFailure
from arb.venues.bybit import signing, tables
from arb.venues.bybit.errors import AUTH_CODES, classify
from arb.venues.clock import VenueClock
from arb.venues.errors import ErrorTable, Transport
from arb.venues.order_channel import Said

_LOGGED_ON_ALREADY = 20001
TOO_MANY_SESSIONS = 10003  # on REST the same number means a bad key
# Nothing new is taken here any more; what is in flight is still answered.
_LEAVING = frozenset({TOO_MANY_SESSIONS, 10016, 10019})


def result_of(message: Mapping[str, Any], table: ErrorTable) -> Any:
    """`data` of an answer with retCode 0, else a VenueFailure."""
    try:
        code, text = fields.integer(message, "retCode"), fields.optional_text(message, "retMsg")
    except VenueError as error:
        return VenueFailure(ErrorClass.unknown, 0, f"unreadable answer: {error}")
    if code == 0:
        return message.get("data")
    return VenueFailure(classify(table, Transport.ws, 200, code, text), code, text)


def headers_of(message: Mapping[str, Any]) -> Mapping[str, str]:
    header = message.get("header")
    return header if isinstance(header, dict) else {}


class BybitOrderDialogue:
    def __init__(
        self,
        url: str,
        api_key: str,
        signer: Signer,
        clock: VenueClock,
        on_clock_refused: Callable[[], None],
    ) -> None:
        self.url = url
        self._api_key = api_key
        self._signer = signer
        self._clock = clock
        self._on_clock_refused = on_clock_refused

    def logon(self) -> bytes:
        expires_ms = self._clock.stamp_ms() + tables.AUTH_VALID_MS
        signature = signing.login_signature(self._signer, expires_ms)
        return orjson.dumps({"op": "auth", "args": [self._api_key, expires_ms, signature]})

    def ping(self) -> bytes | None:
        return tables.PING

    def on_message(self, message: Mapping[str, Any]) -> Said | None:
        operation = message.get("op")
        if operation == "auth":
            return self._logon_answered(message)
        if operation in ("pong", "ping"):
            return None
        code = fields.integer(message, "retCode")
        detail = f"{code} {fields.optional_text(message, 'retMsg')}"
        id = fields.optional_text(message, "reqId")
        if code in _LEAVING:
            return Said(id=id, leaving=True, detail=detail)
        if not id and code in AUTH_CODES:
            return Said(lost=StreamCause.auth, detail=detail)
        return Said(id=id) if id else None

    def _logon_answered(self, message: Mapping[str, Any]) -> Said:
        code = fields.integer(message, "retCode")
        if code in (0, _LOGGED_ON_ALREADY):
            return Said(logged_on=True)
        if code == tables.CLOCK_REFUSED:
            self._on_clock_refused()
        cause = StreamCause.auth if code in AUTH_CODES else StreamCause.refused
        return Said(lost=cause, detail=f"{code} {fields.optional_text(message, 'retMsg')}")
