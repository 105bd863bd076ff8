"""Bybit v5 error codes -> class for spot. REST and WebSocket order entry share most numbers, not all."""

from __future__ import annotations

from collections.abc import Iterator

from arb.venues.base import ErrorClass
from arb.venues.errors import ErrorRow, ErrorTable, Transport

_UNKNOWN = (
    10000,  # server timeout
    10014,  # duplicate request: the first one may stand
    10016,  # internal error
    170007,  # backend timeout
    170032,  # network error
    170146,  # creation timeout
    170147,  # cancel timeout
    110072,  # duplicate orderLinkId: an order with this id exists
    170141,  # the same on spot
    110001,  # answers to a cancel or query: not there
    170213,
    110008,  # ... already completed or canceled
    110010,
    170139,
    170142,
    170190,
    110079,  # ... being processed
    170144,
    170191,
    170212,
    110025,  # "not modified" answers of setters: success there, never an order's answer
    110026,
    110043,
    34040,
)
_REJECT = (
    10001,  # parameters
    10002,  # timestamp outside the window
    -1,  # the same in old answers
    10004,  # signature
    10005,  # permission
    10007,
    10008,
    10009,
    10010,  # address of the key
    10017,  # route
    10024,
    10027,
    10028,
    10029,  # symbol not allowed for this key
    33004,  # key expired
    -2015,
    110003,  # price
    110094,  # minimum notional
    110004,  # balance and margin
    110006,
    110007,
    110012,
    110044,
    110045,
    110017,  # reduce-only, quantity truncated to zero
    110020,  # too many open orders
    170810,
    110021,
    110023,  # symbol restricted
    110063,
    110066,
    110074,
    30228,
    170033,  # balance
    *range(170131, 170138),  # 131 balance; price and quantity rules
    170140,
    170148,
    170151,  # symbol restricted
    170157,
    170192,
    170193,
    170194,
    170210,  # rejected
    170218,  # post-only would take
    170371,
    170372,
    30208,
    30209,
)
_RATE = (
    429,
    10006,  # per account
    10403,  # per address
    10429,  # system protection
    20003,  # per session
    170005,
    170222,
)
_RETRYABLE = (10019,)  # restarting: new requests are not taken
_HTTP = (
    (403, ErrorClass.rate),  # too many requests of this address
    (408, ErrorClass.unknown),
    (429, ErrorClass.rate),
)


def _rows() -> Iterator[ErrorRow]:
    for status, error_class in _HTTP:
        yield ErrorRow(Transport.http, status, error_class)
    yield ErrorRow(Transport.rest, 10003, ErrorClass.reject)  # bad key
    yield ErrorRow(Transport.ws, 10003, ErrorClass.rate)  # too many sessions of the account
    yield ErrorRow(Transport.rest, 10404, ErrorClass.reject)  # route or category not found
    yield ErrorRow(Transport.ws, 10404, ErrorClass.reject)
    for transport in (Transport.rest, Transport.ws):
        for codes, error_class in (
            (_UNKNOWN, ErrorClass.unknown),
            (_REJECT, ErrorClass.reject),
            (_RATE, ErrorClass.rate),
            (_RETRYABLE, ErrorClass.retryable),
        ):
            for code in codes:
                yield ErrorRow(transport, code, error_class)


SPOT_ERRORS = ErrorTable(_rows())


def classify_rest(status: int, code: int | None, message: str) -> ErrorClass:
    """Class of a REST answer that is no success. A 5xx is unknown whatever its body says."""
    if status >= 500:
        return ErrorClass.unknown
    if code is not None:
        row = SPOT_ERRORS.find(Transport.rest, code, message)
        if row is not None:
            return row.error_class
        if status == 200:  # an envelope with a code we do not know
            return ErrorClass.unknown
    return SPOT_ERRORS.classify(Transport.http, status, message)
