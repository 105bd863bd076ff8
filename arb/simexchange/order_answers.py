"""Errors in the words of each venue, for faults that answer in the place of its handlers."""

from typing import NamedTuple

import orjson

from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.messages import Ending, Response
from arb.simexchange.order_calls import REST, OrderCall
from arb.simexchange.spec import BINANCE

_HTML = {"Content-Type": "text/html"}
# What each venue says when it cannot tell what became of a request.
_UNKNOWN = {
    BINANCE: (-1000, "An unknown error occurred while processing the request."),
    "bybit": (10016, "Internal server error"),
}


class Answer(NamedTuple):
    """`status` 0 is what the venue uses for errors; `body` is the whole answer in place of the others."""

    status: int = 0
    code: int = 0
    message: str = ""
    body: str = ""
    retry_after_s: int = 0


def page(status: int) -> Response:
    """What a proxy says when the venue behind it does not answer."""
    text = f"<html><head><title>{status}</title></head><body><center>{status} nginx</center></body></html>"
    return Response(status, text.encode(), _HTML)


def unknown_outcome(call: OrderCall, status: int, now: Instant) -> Response:
    """A server error: an HTML page over HTTP, the venue's own words on a WebSocket."""
    if call.transport == REST:
        return page(status)
    code, message = _UNKNOWN[call.venue]
    return in_words(call, Answer(status, code, message), now)


def too_many(call: OrderCall, status: int, retry_after_s: int, now: Instant) -> Response:
    if call.venue == BINANCE:
        until = now.unix_ms + 1_000 * retry_after_s
        text = (
            f"Way too much request weight used; IP banned until {until}."
            if status == 418
            else "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."
        )
        return in_words(call, Answer(status, -1003, text, retry_after_s=retry_after_s), now)
    if status == 403:
        return Response(403, b"<html><body>403 access too frequent</body></html>", _HTML)
    answer = Answer(0, 10006, "Too many visits. Exceeded the API Rate Limit.", retry_after_s=retry_after_s)
    return in_words(call, answer, now)


def in_words(call: OrderCall, answer: Answer, now: Instant) -> Response:
    """`answer` as the venue prints it on that transport; of a WebSocket answer only the body is used."""
    status = answer.status or (400 if call.venue == BINANCE else 200)
    headers = {"Retry-After": str(answer.retry_after_s)} if answer.retry_after_s else {}
    if call.venue != BINANCE:
        reset = now.unix_ms + 1_000 * answer.retry_after_s
        headers |= {
            "X-Bapi-Limit": "20",
            "X-Bapi-Limit-Status": "0" if answer.retry_after_s else "19",
            "X-Bapi-Limit-Reset-Timestamp": str(reset),
        }
    if answer.body:
        kind = "application/json" if answer.body.startswith("{") else "text/html"
        return Response(status, answer.body.encode(), headers | {"Content-Type": kind}, Ending.SENT)
    body = (
        _binance(call, answer, status, now) if call.venue == BINANCE else _bybit(call, answer, headers, now)
    )
    return Response(status, orjson.dumps(body), headers)


def _binance(call: OrderCall, answer: Answer, status: int, now: Instant) -> dict[str, object]:
    error: dict[str, object] = {"code": answer.code, "msg": answer.message}
    if call.transport == REST:
        return error
    if answer.retry_after_s:
        until = (now.unix_ns + answer.retry_after_s * SECOND_NS) // 1_000_000
        error["data"] = {"serverTime": now.unix_ms, "retryAfter": until}
    return {"id": call.number, "status": status, "error": error, "rateLimits": []}


def _bybit(call: OrderCall, answer: Answer, headers: dict[str, str], now: Instant) -> dict[str, object]:
    body: dict[str, object] = {"retCode": answer.code, "retMsg": answer.message, "retExtInfo": {}}
    if call.transport == REST:
        return body | {"result": {}, "time": now.unix_ms}
    limits = {name: value for name, value in headers.items() if name.startswith("X-Bapi")}
    header = limits | {"Traceid": "sim", "Timenow": str(now.unix_ms)}
    return body | {"reqId": call.number, "op": call.name, "data": {}, "header": header, "connId": "sim"}
