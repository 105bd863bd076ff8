"""Binance spot error codes -> class. Spot knows no "retryable": -1008 and every 5xx may have executed."""

from __future__ import annotations

from collections.abc import Iterator

from arb.venues.base import ErrorClass
from arb.venues.errors import ErrorRow, ErrorTable, Transport

_UNKNOWN = (
    -1000,  # unknown error while processing
    -1001,  # internal error, disconnected
    -1006,  # unexpected response; execution status unknown
    -1007,  # timeout waiting for the engine; execution status unknown
    -1008,  # server busy
    -1016,  # shutting down
    -1035,  # logged out
    -2011,  # answer to a cancel: not on the book
    -2013,  # answer to a query: does not exist (yet)
    -2021,  # cancelReplace, partly
    -2022,  # cancelReplace, both failed
    -2026,  # archived
    -2035,  # subscription active
    -2036,  # subscription inactive
    -1220,  # symbolStatus does not fit
)
_REJECT = (
    -1002,  # not authorised
    -1013,  # filter failure
    -1021,  # timestamp outside the window
    -1022,  # signature
    -2014,  # key format
    -2015,  # key, address or permission
    *range(-1130, -1099),  # parameters and precision, -1121 bad symbol
)
_RATE = (
    -1003,  # request weight
    -1015,  # too many unfilled orders
    -1034,  # too many connections
)
_BY_MESSAGE = (
    (-2010, "Duplicate order sent.", ErrorClass.unknown),  # an open order has this id: perhaps ours
    (-2010, "", ErrorClass.reject),  # balance, would match, market closed, symbol not permitted, ...
)
_HTTP = (
    (403, ErrorClass.rate),  # firewall
    (408, ErrorClass.unknown),
    (418, ErrorClass.rate),  # banned
    (429, ErrorClass.rate),
    (409, ErrorClass.unknown),  # cancelReplace, partly
)


def _rows() -> Iterator[ErrorRow]:
    for status, error_class in _HTTP:
        yield ErrorRow(Transport.http, status, error_class)
    for transport in (Transport.rest, Transport.ws):  # one numbering on both
        for code, prefix, error_class in _BY_MESSAGE:
            yield ErrorRow(transport, code, error_class, prefix)
        for code in _UNKNOWN:
            yield ErrorRow(transport, code, ErrorClass.unknown)
        for code in _REJECT:
            yield ErrorRow(transport, code, ErrorClass.reject)
        for code in _RATE:
            yield ErrorRow(transport, code, ErrorClass.rate)


SPOT_ERRORS = ErrorTable(_rows())


def classify_rest(status: int, code: int | None, message: str) -> ErrorClass:
    """Class of a REST answer other than 200. A 5xx is unknown whatever its body says; otherwise the code
    decides, and the status where there is no code we know."""
    if status >= 500:
        return ErrorClass.unknown
    if code is not None:
        row = SPOT_ERRORS.find(Transport.rest, code, message)
        if row is not None:
            return row.error_class
    return SPOT_ERRORS.classify(Transport.http, status, message)
