"""The envelope of Binance's WebSocket API, the same on spot and USD-M: requests, answers, pauses, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import ErrorClass, RateLimit, Signer, VenueError, VenueFailure
from arb.venues.binance.errors import classify
from arb.venues.binance.signing import ws_signature
from arb.venues.errors import ErrorTable, Transport

CONNECT_WEIGHT = 2
SESSION_WEIGHT = 2  # session.logon, userDataStream.subscribe and the like

Params = Mapping[str, str | int]


def request(id: int, method: str, params: Params) -> bytes:
    return orjson.dumps({"id": id, "method": method, "params": params})


def signed_request(id: int, method: str, params: Params, api_key: str, signer: Signer) -> bytes:
    """A request outside a session (not for the order path)."""
    signed = {**params, "apiKey": api_key}
    return request(id, method, {**signed, "signature": ws_signature(signer, signed)})


def result_of(message: Mapping[str, Any], table: ErrorTable) -> Any:
    """`result` of a 200, else a VenueFailure."""
    try:
        status = fields.integer(message, "status")
        if status == 200:
            if "result" not in message:
                raise VenueError("result: missing")
            return message["result"]
        error = fields.mapping(message.get("error"), "error")
        code, text = fields.integer(error, "code"), fields.optional_text(error, "msg")
    except VenueError as problem:
        return VenueFailure(ErrorClass.unknown, 0, f"unreadable answer: {problem}")
    return VenueFailure(classify(table, Transport.ws, status, code, text), code, text)


def pause_of(message: Mapping[str, Any], now_ms: int, default_s: float) -> RateLimit | None:
    """The pause a 418 or 429 asks for. `retryAfter` is a time here; in the REST header it is seconds."""
    status = message.get("status")
    if status not in (418, 429):
        return None
    error = message.get("error")
    data = error.get("data") if isinstance(error, dict) else None
    until_ms = data.get("retryAfter") if isinstance(data, dict) else None
    pause_s = max(0, until_ms - now_ms) / 1_000 if isinstance(until_ms, int) else default_s
    return RateLimit(pause_s, banned=status == 418)


def counts_of(message: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """(rateLimitType, window like "10S", count) of `rateLimits`; whatever cannot be read is left out."""
    limits = message.get("rateLimits")
    for row in limits if isinstance(limits, list) else ():
        if not isinstance(row, dict):
            continue
        kind, interval, number, count = map(row.get, ("rateLimitType", "interval", "intervalNum", "count"))
        if isinstance(kind, str) and isinstance(interval, str) and isinstance(count, int):
            yield kind, f"{number}{interval[:1]}", count
