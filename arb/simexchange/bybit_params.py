"""Reading the parameters of Bybit calls, and cutting answers into pages."""

from urllib.parse import unquote_plus

import orjson

from arb.simexchange.bybit_errors import params_error
from arb.simexchange.bybit_orders import Params
from arb.simexchange.messages import Request

Json = dict[str, object]


def query(request: Request) -> Params:
    pairs = (pair.partition("=") for pair in request.query.split("&") if pair)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}


def body(request: Request) -> Params:
    try:
        value = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise params_error("the body is no JSON") from None
    if not isinstance(value, dict):
        raise params_error("the body is no JSON object")
    return value


def in_window(params: Params, stamp_ms: int) -> bool:
    start, end = str(params.get("startTime", 0)), str(params.get("endTime", 1 << 62))
    if not start.isdecimal() or not end.isdecimal():
        raise params_error("startTime or endTime invalid")
    return int(start) <= stamp_ms <= int(end)


def page(params: Params, rows: list[Json], most: int = 50) -> Json:
    """`limit` rows from the cursor on; the cursor is an offset, percent-encoded like the real one."""
    limit, cursor = str(params.get("limit", most)), str(params.get("cursor") or "offset:0")
    offset = cursor.rpartition(":")[2]
    if not limit.isdecimal() or not 1 <= int(limit) <= most or not offset.isdecimal():
        raise params_error("limit or cursor invalid")
    start, end = int(offset), int(offset) + int(limit)
    following = f"offset%3A{end}" if end < len(rows) else ""
    return {"nextPageCursor": following, "category": params.get("category"), "list": rows[start:end]}
