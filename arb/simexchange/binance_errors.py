"""Binance's error answers: `{"code":-1121,"msg":"Invalid symbol."}` under an HTTP status."""

import orjson


class BinanceError(Exception):
    """Raised by whatever refuses a request; REST and WS-API print it in their own envelope.

    `retry_after_s` comes with 429: REST has it in a header, the WS-API as a moment in `error.data`.
    """

    def __init__(self, code: int, msg: str, status: int = 400, retry_after_s: int | None = None) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.status = status
        self.retry_after_s = retry_after_s

    def body(self) -> bytes:
        return orjson.dumps({"code": self.code, "msg": self.msg})


def missing(name: str) -> BinanceError:
    return BinanceError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, pattern: str) -> BinanceError:
    return BinanceError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")


def not_required(name: str) -> BinanceError:
    return BinanceError(-1106, f"Parameter '{name}' sent when not required.")


def filter_failure(name: str) -> BinanceError:
    return BinanceError(-1013, f"Filter failure: {name}")


def not_permitted() -> BinanceError:
    return BinanceError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


UNKNOWN_SYMBOL = (-1121, "Invalid symbol.")
UNKNOWN_ORDER = (-2011, "Unknown order sent.")
CANCEL_RESTRICTED = (-2011, "Order was not canceled due to cancel restrictions.")
NO_SUCH_ORDER = (-2013, "Order does not exist.")
DUPLICATE_ORDER = (-2010, "Duplicate order sent.")
INSUFFICIENT_BALANCE = (-2010, "Account has insufficient balance for requested action.")
WOULD_TAKE = (-2010, "Order would immediately match and take.")

# USD-M
MARGIN_INSUFFICIENT = (-2019, "Margin is insufficient.")
REDUCE_ONLY_REJECTED = (-2022, "ReduceOnly Order is rejected.")
TOO_MANY_OPEN_ORDERS = (-2025, "Reach max open order limit.")
QTY_BELOW_ZERO = (-4003, "Quantity less than or equal to zero.")
QTY_TOO_SMALL = (-4004, "Quantity less than min quantity.")
QTY_TOO_LARGE = (-4005, "Quantity greater than max quantity.")
PRICE_BELOW_ZERO = (-4001, "Price less than 0.")
PRICE_OFF_TICK = (-4014, "Price not increased by tick size.")
QTY_OFF_STEP = (-4023, "Qty not increased by step size.")
SAME_MARGIN_TYPE = (-4046, "No need to change margin type.")
MARGIN_TYPE_WITH_ORDERS = (-4047, "Margin type cannot be changed if there exists open orders.")
MARGIN_TYPE_WITH_POSITION = (-4048, "Margin type cannot be changed if there exists position.")
SAME_POSITION_SIDE = (-4059, "No need to change position side.")
WRONG_POSITION_SIDE = (-4061, "Order's position side does not match user's setting.")
REDUCE_ONLY_IN_HEDGE = (-1106, "Parameter 'reduceonly' sent when not required.")
SIDE_MODE_WITH_ORDERS = (-4067, "Position side cannot be changed if there exists open orders.")
SIDE_MODE_WITH_POSITION = (-4068, "Position side cannot be changed if there exists position.")
DUPLICATE_CLIENT_ID = (-4116, "ClientOrderId is duplicated.")
ALGO_ONLY = (
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
)
MARKET_PRICE_BAND = (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
FOK_REJECTED = (
    -5021,
    "Due to the order could not be filled immediately, the FOK order has been rejected. "
    "The order will not be recorded in the order history.",
)
GTX_REJECTED = (
    -5022,
    "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history.",
)
NO_LISTEN_KEY = (-1125, "This listenKey does not exist.")
