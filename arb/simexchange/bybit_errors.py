"""Bybit v5 answers: the envelope, and the business errors it carries under HTTP 200."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from arb.simexchange.messages import Response

Error = tuple[int, str]


class BybitError(Exception):
    """Raised by whatever refuses a request."""

    def __init__(self, code: int, msg: str, result: Mapping[str, object] | None = None) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.result: Mapping[str, object] = result or {}


class Batch(NamedTuple):
    """The result of a batch: what became of each order, and its code."""

    rows: list[dict[str, object]]
    codes: list[Error]

    @property
    def result(self) -> dict[str, object]:
        return {"list": self.rows}

    @property
    def extra(self) -> dict[str, object]:
        return {"list": [{"code": code, "msg": msg} for code, msg in self.codes]}


def parts(answer: object) -> tuple[object, object]:
    """`result` and `retExtInfo` of what a call gave."""
    return (answer.result, answer.extra) if isinstance(answer, Batch) else (answer, {})


def envelope(
    answer: object, now_ms: int, code: int = 0, msg: str = "OK", headers: Mapping[str, str] | None = None
) -> Response:
    result, extra = parts(answer)
    body = {"retCode": code, "retMsg": msg, "result": result, "retExtInfo": extra, "time": now_ms}
    return Response(200, orjson.dumps(body), headers or {})


def params_error(text: str) -> BybitError:
    return BybitError(10001, f"params error: {text}")


# Clients decide by the number; the texts are for people.
OK: Error = (0, "OK")
RATE_LIMIT: Error = (10006, "Too many visits. Exceeded the API Rate Limit.")
WRONG_POSITION_IDX: Error = (10001, "position idx not match position mode")
LEVERAGE_NOT_MODIFIED: Error = (110043, "leverage not modified")
MODE_NOT_MODIFIED: Error = (110025, "Position mode is not modified")
MODE_WITH_POSITION: Error = (110024, "You have existing positions, so position mode cannot be switched")
MODE_WITH_ORDERS: Error = (110028, "You have existing open orders, so position mode cannot be switched")
BAD_LEVERAGE: Error = (110013, "cannot set leverage due to risk limit level")
NOTHING_TO_REDUCE: Error = (110017, "current position is zero, cannot fix reduce-only order qty")
NO_MARGIN_TRADING: Error = (170344, "Symbol is not supported on Margin Trading.")


class Words(NamedTuple):
    """What one market calls each thing that may be wrong with an order."""

    unknown_symbol: Error
    no_such_order: Error
    filled: Error
    canceled: Error
    duplicate: Error
    no_funds: Error
    too_many: Error
    bad_side: Error
    bad_type: Error
    bad_tif: Error
    off_tick: Error
    too_low: Error
    too_high: Error
    off_lot: Error
    too_large: Error
    too_small: Error
    least_value: Error
    not_amended: Error


SPOT_WORDS = Words(
    unknown_symbol=(170121, "Invalid symbol."),
    no_such_order=(170213, "Order does not exist."),
    filled=(170139, "Order has been filled."),
    canceled=(170142, "Order has been canceled."),
    duplicate=(170141, "Duplicate clientOrderId."),
    no_funds=(170131, "Balance insufficient."),
    too_many=(170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders."),
    bad_side=(170117, "Invalid side."),
    bad_type=(170116, "Invalid orderType."),
    bad_tif=(170115, "Invalid timeInForce."),
    off_tick=(170134, "Order price decimal too long."),
    too_low=(170133, "Order price lower than the minimum."),
    too_high=(170132, "Order price too high."),
    off_lot=(170137, "Order volume decimal too long."),
    too_large=(170135, "Order quantity too large."),
    too_small=(170136, "Order quantity lower than the minimum."),
    least_value=(170140, "Transaction amount lower than the minimum."),
    not_amended=(10001, "The order remains unchanged as the parameters entered match the existing ones."),
)
AMOUNT_TOO_LONG: Error = (170148, "Market order amount decimal too long.")

LINEAR_WORDS = Words(
    unknown_symbol=(10001, "params error: symbol invalid"),
    no_such_order=(110001, "order not exists or too late to cancel"),
    filled=(110008, "The order has been completed or cancelled."),
    canceled=(110010, "The order has been cancelled"),
    duplicate=(110072, "OrderLinkedID is duplicate"),
    no_funds=(110007, "ab not enough for new order"),
    too_many=(110020, "You can not have more than 500 active orders."),
    bad_side=(10001, "params error: side invalid"),
    bad_type=(10001, "params error: orderType invalid"),
    bad_tif=(10001, "params error: timeInForce invalid"),
    off_tick=(110003, "Order price exceeds the allowable range."),
    too_low=(30209, "Order price is lower than the minimum selling price."),
    too_high=(30208, "Order price is higher than the maximum buying price."),
    off_lot=(10001, "Qty invalid"),
    too_large=(10001, "The number of contracts exceeds maximum limit allowed: too large"),
    too_small=(10001, "The number of contracts exceeds minimum limit allowed: too small"),
    least_value=(110094, "Order does not meet minimum order value 5USDT"),
    not_amended=(110026, "The order remains unchanged as the parameters entered match the existing ones."),
)
