"""What a request wants, told from its bytes alone: venue, market, transport, kind of call, symbol, client id.

Faults choose by it before any handler has seen the request, so nothing is checked here.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

import orjson

from arb.simexchange.binance_routes import ROUTES
from arb.simexchange.messages import Request
from arb.simexchange.order_fault_kinds import CANCEL, OTHER, PLACE, QUERY
from arb.simexchange.spec import BINANCE, BYBIT, SPOT, USDM

REST, WS = "rest", "ws"

_BINANCE_OPS: Mapping[str, str] = {
    "order.place": PLACE,
    "batchOrders": PLACE,
    "order.cancel": CANCEL,
    "openOrders.cancelAll": CANCEL,
    "allOpenOrders.cancel": CANCEL,
    "order.status": QUERY,
    "openOrder": QUERY,
    "openOrders": QUERY,
    "openOrders.status": QUERY,
    "allOrders": QUERY,
    "myTrades": QUERY,
    "userTrades": QUERY,
}
_BYBIT_PATHS: Mapping[str, str] = {
    "/v5/order/create": PLACE,
    "/v5/order/cancel": CANCEL,
    "/v5/order/cancel-all": CANCEL,
    "/v5/order/create-batch": PLACE,
    "/v5/order/cancel-batch": CANCEL,
    "/v5/order/realtime": QUERY,
    "/v5/order/history": QUERY,
    "/v5/execution/list": QUERY,
}
_BYBIT_OPS: Mapping[str, str] = {
    "order.create": PLACE,
    "order.cancel": CANCEL,
    "order.create-batch": PLACE,
    "order.cancel-batch": CANCEL,
    "order.amend": OTHER,
    "order.amend-batch": OTHER,
}


class OrderCall(NamedTuple):
    """`number` is the id a WebSocket answer repeats. `market` is empty where the request names none."""

    venue: str
    market: str
    transport: str
    op: str
    symbol: str
    client_id: str
    number: object = None
    name: str = ""  # of the call, as WebSocket answers repeat it


def rest_call(venue: str, request: Request) -> OrderCall:
    if venue == BINANCE:
        market, name = ROUTES.get((request.method, request.path), ("", ""))
        if not market:
            market = USDM if request.path.startswith("/fapi") else SPOT
        params = _form(request)
        return OrderCall(venue, market, REST, _BINANCE_OPS.get(name, OTHER), *_binance_ids(params))
    params = _form(request) if request.method == "GET" else _json(request.body)
    op = _BYBIT_PATHS.get(request.path, OTHER)
    return OrderCall(venue, _text(params, "category"), REST, op, *_bybit_ids(params))


def ws_call(venue: str, market: str, text: bytes) -> OrderCall | None:
    """None for what is no request of the account: subscriptions, pings, nonsense."""
    frame = _json(text)
    if venue == BINANCE:
        params, method = frame.get("params"), str(frame.get("method", ""))
        if not isinstance(params, dict) or method.isupper():  # SUBSCRIBE and its like are of market data
            return None
        op = _BINANCE_OPS.get(method, OTHER)
        return OrderCall(venue, market, WS, op, *_binance_ids(params), frame.get("id"), method)
    args, name = frame.get("args"), str(frame.get("op", ""))
    op = _BYBIT_OPS.get(name, "")
    if not op or not isinstance(args, list) or not args or not isinstance(args[0], dict):
        return None
    params = args[0]
    number = frame.get("reqId")
    return OrderCall(BYBIT, _text(params, "category"), WS, op, *_bybit_ids(params), number, name)


def _binance_ids(params: Mapping[str, object]) -> tuple[str, str]:
    return _text(params, "symbol"), _text(params, "origClientOrderId") or _text(params, "newClientOrderId")


def _bybit_ids(params: Mapping[str, object]) -> tuple[str, str]:
    return _text(params, "symbol"), _text(params, "orderLinkId")


def _text(params: Mapping[str, object], name: str) -> str:
    value = params.get(name)
    return "" if value is None else str(value)


def _form(request: Request) -> dict[str, object]:
    return {**dict(parse_qsl(request.body)), **dict(parse_qsl(request.query))}


def _json(text: str | bytes) -> dict[str, object]:
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return {}
    return value if isinstance(value, dict) else {}
