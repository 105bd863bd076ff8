"""Bybit v5 errors as data: (market, transport, code, start of the message) -> class of an order.

REST and WebSocket order entry share most numbers, not all. Codes of answers that are never about a new order
(a cancel, a query, a setting) are unknown: should an order get one, it may exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arb.venues.base import ErrorClass
from arb.venues.errors import ErrorRow, ErrorTable, Transport

SPOT, LINEAR = "spot", "linear"
_BOTH = (SPOT, LINEAR)
_SPOT, _LINEAR = (SPOT,), (LINEAR,)
_REST, _WS = (Transport.rest,), (Transport.ws,)
_EITHER = (Transport.rest, Transport.ws)

_UNKNOWN, _REJECT, _RATE = ErrorClass.unknown, ErrorClass.reject, ErrorClass.rate
_RETRYABLE = ErrorClass.retryable

# (HTTP status, class)
_STATUS: tuple[tuple[int, ErrorClass], ...] = (
    (403, _RATE),  # too many requests of this address
    (408, _UNKNOWN),
    (429, _RATE),
)

# (markets, transports, code, start of the message, class)
_CODES: tuple[tuple[tuple[str, ...], tuple[Transport, ...], int, str, ErrorClass], ...] = (
    (_BOTH, _EITHER, -2015, "", _REJECT),  # key, address or permission
    (_BOTH, _EITHER, -1, "", _REJECT),  # timestamp outside the window, in old answers
    (_BOTH, _EITHER, 429, "", _RATE),  # overload
    (_BOTH, _EITHER, 10000, "", _UNKNOWN),  # server timeout
    (_BOTH, _EITHER, 10001, "position idx not match position mode", _REJECT),
    (_BOTH, _EITHER, 10001, "", _REJECT),  # parameters
    (_BOTH, _EITHER, 10002, "", _REJECT),  # timestamp outside the window
    (_BOTH, _REST, 10003, "", _REJECT),  # key
    (_BOTH, _WS, 10003, "", _RATE),  # too many sessions of the account
    (_BOTH, _EITHER, 10004, "", _REJECT),  # signature
    (_BOTH, _EITHER, 10005, "", _REJECT),  # permission
    (_BOTH, _EITHER, 10006, "", _RATE),  # of the account
    (_BOTH, _EITHER, 10007, "", _REJECT),
    (_BOTH, _EITHER, 10008, "", _REJECT),
    (_BOTH, _EITHER, 10009, "", _REJECT),
    (_BOTH, _EITHER, 10010, "", _REJECT),  # address of the key
    (_BOTH, _EITHER, 10014, "", _UNKNOWN),  # duplicate request: the first one may stand
    (_BOTH, _EITHER, 10016, "", _UNKNOWN),  # internal error, or restarting
    (_BOTH, _EITHER, 10017, "", _REJECT),  # route
    (_BOTH, _EITHER, 10019, "", _RETRYABLE),  # restarting: new requests are not taken
    (_BOTH, _EITHER, 10024, "", _REJECT),
    (_BOTH, _EITHER, 10027, "", _REJECT),
    (_BOTH, _EITHER, 10028, "", _REJECT),
    (_BOTH, _EITHER, 10029, "", _REJECT),  # symbol not allowed for this key
    (_BOTH, _EITHER, 10403, "", _RATE),  # of the address
    (_BOTH, _EITHER, 10404, "", _REJECT),  # route, operation or category
    (_BOTH, _EITHER, 10429, "", _RATE),  # system protection
    (_BOTH, _WS, 20001, "", _REJECT),  # logged on already; no answer to an order
    (_BOTH, _EITHER, 20003, "", _RATE),  # of the session
    (_BOTH, _WS, 20006, "", _UNKNOWN),  # duplicate reqId: the first one may stand
    (_BOTH, _EITHER, 30208, "", _REJECT),  # price above the band
    (_BOTH, _EITHER, 30209, "", _REJECT),  # price below the band
    (_BOTH, _EITHER, 30228, "", _REJECT),  # symbol is delisted
    (_BOTH, _EITHER, 33004, "", _REJECT),  # key expired
    (_BOTH, _EITHER, 34040, "", _UNKNOWN),  # not modified; no answer to an order
    (_BOTH, _EITHER, 110001, "", _UNKNOWN),  # order does not exist; answer to a cancel or query
    (_BOTH, _EITHER, 110003, "", _REJECT),  # price
    (_BOTH, _EITHER, 110004, "", _REJECT),  # balance and margin ...
    (_BOTH, _EITHER, 110006, "", _REJECT),
    (_BOTH, _EITHER, 110007, "", _REJECT),
    (_BOTH, _EITHER, 110008, "", _UNKNOWN),  # completed or canceled already; answer to a cancel
    (_BOTH, _EITHER, 110010, "", _UNKNOWN),  # canceled already
    (_BOTH, _EITHER, 110012, "", _REJECT),
    (_BOTH, _EITHER, 110017, "", _REJECT),  # reduce-only without a position, or nothing left of the quantity
    (_BOTH, _EITHER, 110020, "", _REJECT),  # too many open orders
    (_BOTH, _EITHER, 110021, "", _REJECT),  # open interest limit
    (_BOTH, _EITHER, 110023, "", _REJECT),  # symbol: reduce only
    (_BOTH, _EITHER, 110025, "", _UNKNOWN),  # not modified; no answer to an order
    (_BOTH, _EITHER, 110026, "", _UNKNOWN),
    (_BOTH, _EITHER, 110043, "", _UNKNOWN),
    (_BOTH, _EITHER, 110044, "", _REJECT),
    (_BOTH, _EITHER, 110045, "", _REJECT),
    (_BOTH, _EITHER, 110063, "", _REJECT),  # symbol: being settled
    (_BOTH, _EITHER, 110066, "", _REJECT),  # symbol: trading not allowed
    (_BOTH, _EITHER, 110072, "", _UNKNOWN),  # duplicate orderLinkId: an earlier attempt exists
    (_BOTH, _EITHER, 110074, "", _REJECT),  # symbol: closed
    (_BOTH, _EITHER, 110079, "", _UNKNOWN),  # order is being processed; answer to a cancel
    (_BOTH, _EITHER, 110094, "", _REJECT),  # least notional
    (_SPOT, _EITHER, 170005, "", _RATE),  # too many orders in this time
    (_SPOT, _EITHER, 170007, "", _UNKNOWN),  # backend timeout
    (_SPOT, _EITHER, 170032, "", _UNKNOWN),  # network error
    (_SPOT, _EITHER, 170033, "", _REJECT),  # margin
    (_SPOT, _EITHER, 170131, "", _REJECT),  # balance
    *((_SPOT, _EITHER, code, "", _REJECT) for code in range(170132, 170138)),  # price and quantity rules
    (_SPOT, _EITHER, 170139, "", _UNKNOWN),  # filled already; answer to a cancel
    (_SPOT, _EITHER, 170140, "", _REJECT),  # least notional
    (_SPOT, _EITHER, 170141, "", _UNKNOWN),  # duplicate orderLinkId
    (_SPOT, _EITHER, 170142, "", _UNKNOWN),  # canceled already
    (_SPOT, _EITHER, 170144, "", _UNKNOWN),  # order is locked; answer to a cancel
    (_SPOT, _EITHER, 170146, "", _UNKNOWN),  # creation timeout
    (_SPOT, _EITHER, 170147, "", _UNKNOWN),  # cancel timeout
    (_SPOT, _EITHER, 170148, "", _REJECT),
    (_SPOT, _EITHER, 170151, "", _REJECT),  # symbol: restricted
    (_SPOT, _EITHER, 170157, "", _REJECT),
    (_SPOT, _EITHER, 170190, "", _UNKNOWN),  # canceled already
    (_SPOT, _EITHER, 170191, "", _UNKNOWN),  # being canceled
    (_SPOT, _EITHER, 170192, "", _REJECT),  # price and quantity rules
    (_SPOT, _EITHER, 170193, "", _REJECT),
    (_SPOT, _EITHER, 170194, "", _REJECT),
    (_SPOT, _EITHER, 170210, "", _REJECT),
    (_SPOT, _EITHER, 170212, "", _UNKNOWN),  # cancel is being processed
    (_SPOT, _EITHER, 170213, "", _UNKNOWN),  # order does not exist; answer to a cancel or query
    (_SPOT, _EITHER, 170218, "", _REJECT),  # post-only would take
    (_SPOT, _EITHER, 170222, "", _RATE),  # too many requests in this time
    (_SPOT, _EITHER, 170371, "", _REJECT),
    (_SPOT, _EITHER, 170372, "", _REJECT),
    (_SPOT, _EITHER, 170810, "", _REJECT),  # too many open orders
)


def _rows(market: str) -> Iterator[ErrorRow]:
    for status, error_class in _STATUS:
        yield ErrorRow(Transport.http, status, error_class)
    for markets, transports, code, prefix, error_class in _CODES:
        if market in markets:
            for transport in transports:
                yield ErrorRow(transport, code, error_class, prefix)


SPOT_ERRORS = ErrorTable(_rows(SPOT))
LINEAR_ERRORS = ErrorTable(_rows(LINEAR))
TABLES: Mapping[str, ErrorTable] = {SPOT: SPOT_ERRORS, LINEAR: LINEAR_ERRORS}

# Key, signature, permission, address or ban: nothing of this account will pass.
# 10003 is a bad key everywhere but on the order connection, where it means too many sessions.
BAD_KEY = 10003
AUTH_CODES = frozenset({-2015, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10027, 10028, 33004})


def classify(
    table: ErrorTable, transport: Transport, status: int, code: int | None, message: str
) -> ErrorClass:
    """Class of an answer that is no success. A 5xx is unknown whatever its body says; `status` is 200 on a
    WebSocket."""
    if status >= 500:
        return _UNKNOWN
    if code is not None:
        row = table.find(transport, code, message)
        if row is not None:
            return row.error_class
        if status == 200:  # an envelope with a code we do not know
            return _UNKNOWN
    return table.classify(Transport.http, status, message)


def classify_rest(status: int, code: int | None, message: str) -> ErrorClass:
    """Of an answer of spot REST."""
    return classify(SPOT_ERRORS, Transport.rest, status, code, message)
