"""Bybit v5 answers: the envelope, and the business errors it carries under HTTP 200."""

from collections.abc import Mapping

import orjson

from arb.simexchange.messages import Response


class BybitError(Exception):
    """Raised by whatever refuses a request."""

    def __init__(self, code: int, msg: str, result: Mapping[str, object] | None = None) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.result: Mapping[str, object] = result or {}


def envelope(
    result: object, now_ms: int, code: int = 0, msg: str = "OK", headers: Mapping[str, str] | None = None
) -> Response:
    body = {"retCode": code, "retMsg": msg, "result": result, "retExtInfo": {}, "time": now_ms}
    return Response(200, orjson.dumps(body), headers or {})


def params_error(text: str) -> BybitError:
    return BybitError(10001, f"params error: {text}")


# Clients decide by the number; the texts are for people.
INVALID_SYMBOL = (170121, "Invalid symbol.")
NO_SUCH_ORDER = (170213, "Order does not exist.")
ORDER_FILLED = (170139, "Order has been filled.")
ORDER_CANCELED = (170142, "Order has been canceled.")
DUPLICATE_ORDER = (170141, "Duplicate clientOrderId.")
INSUFFICIENT_BALANCE = (170131, "Balance insufficient.")
BAD_TYPE = (170116, "Invalid orderType.")
BAD_TIF = (170115, "Invalid timeInForce.")
BAD_SIDE = (170117, "Invalid side.")
PRICE_TOO_LONG = (170134, "Order price decimal too long.")
PRICE_TOO_LOW = (170133, "Order price lower than the minimum.")
PRICE_TOO_HIGH = (170132, "Order price too high.")
QTY_TOO_LONG = (170137, "Order volume decimal too long.")
QTY_TOO_LARGE = (170135, "Order quantity too large.")
QTY_TOO_SMALL = (170136, "Order quantity lower than the minimum.")
VALUE_TOO_SMALL = (170140, "Transaction amount lower than the minimum.")
AMOUNT_TOO_LONG = (170148, "Market order amount decimal too long.")
TOO_MANY_ORDERS = (170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders.")
