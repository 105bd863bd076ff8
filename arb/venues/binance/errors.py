"""Binance's errors as data: (market, transport, code, start of the message) -> class of an order.

Spot knows no "retryable": -1008 and every 5xx may have executed. USD-M documents three answers as not
executed; "Internal error" is one of them by its page, and is taken for unknown all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arb.venues.base import ErrorClass
from arb.venues.errors import ErrorRow, ErrorTable, Transport

SPOT, USDM = "spot", "usdm"
_BOTH = (SPOT, USDM)

_UNKNOWN, _REJECT, _RATE = ErrorClass.unknown, ErrorClass.reject, ErrorClass.rate
_RETRYABLE = ErrorClass.retryable

# (markets, HTTP status, start of the message, class). On a WebSocket the `status` of the answer is meant.
_STATUS: tuple[tuple[tuple[str, ...], int, str, ErrorClass], ...] = (
    (_BOTH, 403, "", _RATE),  # firewall
    (_BOTH, 408, "", _UNKNOWN),
    (_BOTH, 409, "", _UNKNOWN),  # cancelReplace, partly
    (_BOTH, 418, "", _RATE),  # banned
    (_BOTH, 429, "", _RATE),
    ((USDM,), 503, "Unknown error, please check your request", _UNKNOWN),
    ((USDM,), 503, "Service Unavailable.", _RETRYABLE),
    ((USDM,), 503, "Request throttled by system-level protection", _RETRYABLE),
    ((USDM,), 503, "Internal error; unable to process your request", _UNKNOWN),
)

# (markets, code, start of the message, class), on REST and WebSocket alike: one numbering.
_CODES: tuple[tuple[tuple[str, ...], int, str, ErrorClass], ...] = (
    (_BOTH, -1000, "", _UNKNOWN),  # unknown error while processing
    (_BOTH, -1001, "", _UNKNOWN),  # internal error, disconnected
    (_BOTH, -1002, "", _REJECT),  # not authorised
    (_BOTH, -1003, "", _RATE),  # request weight
    (_BOTH, -1006, "", _UNKNOWN),  # unexpected response; execution status unknown
    (_BOTH, -1007, "", _UNKNOWN),  # timeout waiting for the engine; execution status unknown
    ((SPOT,), -1008, "", _UNKNOWN),  # server busy
    ((USDM,), -1008, "", _RETRYABLE),  # throttled by system-level protection: failed
    (_BOTH, -1013, "", _REJECT),  # filter failure
    (_BOTH, -1015, "", _RATE),  # too many orders
    (_BOTH, -1016, "", _UNKNOWN),  # shutting down
    (_BOTH, -1021, "", _REJECT),  # timestamp outside the window
    (_BOTH, -1022, "", _REJECT),  # signature
    (_BOTH, -1034, "", _RATE),  # too many connections
    (_BOTH, -1035, "", _UNKNOWN),  # logged out
    *((_BOTH, code, "", _REJECT) for code in range(-1100, -1131, -1)),  # parameters, precision, -1121 symbol
    ((SPOT,), -1220, "", _UNKNOWN),  # symbolStatus does not fit
    # An open order has this id: perhaps ours.
    (_BOTH, -2010, "Duplicate order sent.", _UNKNOWN),
    (_BOTH, -2010, "Account has insufficient balance for requested action.", _REJECT),
    (_BOTH, -2010, "Order would immediately match and take.", _REJECT),
    (_BOTH, -2010, "Market is closed.", _REJECT),
    (_BOTH, -2010, "This symbol is not permitted", _REJECT),
    (_BOTH, -2010, "This action is disabled on this account.", _REJECT),
    (_BOTH, -2010, "", _REJECT),
    (_BOTH, -2011, "", _UNKNOWN),  # answer to a cancel: not on the book
    (_BOTH, -2013, "", _UNKNOWN),  # answer to a query: does not exist (yet)
    (_BOTH, -2014, "", _REJECT),  # key format
    (_BOTH, -2015, "", _REJECT),  # key, address or permission
    ((USDM,), -2018, "", _REJECT),  # balance not sufficient
    ((USDM,), -2019, "", _REJECT),  # margin not sufficient
    ((SPOT,), -2021, "", _UNKNOWN),  # cancelReplace, partly
    ((SPOT,), -2022, "", _UNKNOWN),  # cancelReplace, both failed
    ((USDM,), -2022, "", _REJECT),  # ReduceOnly order is rejected: flat already
    ((USDM,), -2025, "", _REJECT),  # too many open orders
    (_BOTH, -2026, "", _UNKNOWN),  # archived
    ((USDM,), -2027, "", _REJECT),  # position limit at this leverage
    ((USDM,), -2028, "", _REJECT),  # leverage too small for the margin
    ((SPOT,), -2035, "", _UNKNOWN),  # subscription active
    ((SPOT,), -2036, "", _UNKNOWN),  # subscription inactive
    ((USDM,), -4003, "", _REJECT),  # quantity not positive
    ((USDM,), -4004, "", _REJECT),  # quantity below the least
    ((USDM,), -4005, "", _REJECT),  # quantity above the most
    ((USDM,), -4014, "", _REJECT),  # tick
    ((USDM,), -4016, "", _REJECT),  # price above the band
    ((USDM,), -4023, "", _REJECT),  # step
    ((USDM,), -4024, "", _REJECT),  # price below the band
    ((USDM,), -4046, "", _REJECT),  # margin type is what it should become; no answer to an order
    ((SPOT,), -4056, "", _REJECT),  # session.logon with a key that is not Ed25519
    ((USDM,), -4059, "", _REJECT),  # position mode is what it should become; no answer to an order
    ((USDM,), -4061, "", _REJECT),  # positionSide does not fit the mode
    ((USDM,), -4067, "", _REJECT),  # mode change blocked by open orders; no answer to an order
    ((USDM,), -4068, "", _REJECT),  # mode change blocked by a position; no answer to an order
    ((USDM,), -4116, "", _UNKNOWN),  # client id in use: an earlier attempt was accepted
    ((USDM,), -4120, "", _REJECT),  # conditional orders have an endpoint of their own
    ((USDM,), -4131, "", _REJECT),  # market order outside the band
    ((USDM,), -4164, "", _REJECT),  # notional
    ((USDM,), -4192, "", _REJECT),  # cooling-off period
    ((USDM,), -4400, "", _REJECT),  # reduce-only regime
    ((USDM,), -4401, "", _REJECT),  # reduce-only regime
    ((USDM,), -4531, "", _REJECT),  # mode change blocked; no answer to an order
    ((USDM,), -5021, "", _REJECT),  # FOK rejected
    ((USDM,), -5022, "", _REJECT),  # GTX rejected
    ((USDM,), -5028, "", _REJECT),  # timestamp outside the window at the engine
)


def _rows(market: str) -> Iterator[ErrorRow]:
    for markets, status, prefix, error_class in _STATUS:
        if market in markets:
            yield ErrorRow(Transport.http, status, error_class, prefix)
    for transport in (Transport.rest, Transport.ws):
        for markets, code, prefix, error_class in _CODES:
            if market in markets:
                yield ErrorRow(transport, code, error_class, prefix)


SPOT_ERRORS = ErrorTable(_rows(SPOT))
USDM_ERRORS = ErrorTable(_rows(USDM))
TABLES: Mapping[str, ErrorTable] = {SPOT: SPOT_ERRORS, USDM: USDM_ERRORS}


def classify(
    table: ErrorTable, transport: Transport, status: int, code: int | None, message: str
) -> ErrorClass:
    """Class of an answer other than 200; `transport` is rest or ws.

    A 5xx is unknown whatever its body says, unless the table has it as not executed. Otherwise the code
    decides, and the status where there is no code we know.
    """
    by_code = None if code is None else table.find(transport, code, message)
    by_status = table.find(Transport.http, status, message)
    if status >= 500:
        for row in (by_status, by_code):
            if row is not None and row.error_class in (_RETRYABLE, _UNKNOWN):
                return row.error_class
        return _UNKNOWN
    row = by_code or by_status
    return _UNKNOWN if row is None else row.error_class


def classify_rest(status: int, code: int | None, message: str) -> ErrorClass:
    """Of an answer of spot REST."""
    return classify(SPOT_ERRORS, Transport.rest, status, code, message)
