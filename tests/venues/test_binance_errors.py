"""Every documented error of Binance, by market and transport: its class, and what the order gets."""

from __future__ import annotations

from typing import Any

import pytest

from arb.venues.base import ErrorClass
from arb.venues.binance.errors import SPOT, SPOT_ERRORS, TABLES, USDM, USDM_ERRORS, classify
from arb.venues.errors import ErrorRow, Transport

from .binance_setup import SPOT_SYMBOL, USDM_SYMBOL, order, spot, usdm

U, R, L, Y = ErrorClass.unknown, ErrorClass.reject, ErrorClass.rate, ErrorClass.retryable

# (code, start of the message, class on spot, class on USD-M), as the documentation lists them; None: the
# market has no such error, which makes it unknown.
DOCUMENTED: list[tuple[int, str, ErrorClass | None, ErrorClass | None]] = [
    (-1000, "", U, U),
    (-1006, "", U, U),
    (-1007, "Timeout waiting for response from backend server.", U, U),
    (-1001, "Internal error; unable to process your request. Please try again.", U, U),
    (-1003, "Too many requests", L, L),
    (-1008, "Server is currently overloaded with other requests.", U, Y),
    (
        -1008,
        "Request throttled by system-level protection. Reduce-only/close-position orders are exempt.",
        U,
        Y,
    ),
    (-1015, "Too many new orders", L, L),
    (-1016, "This service is no longer available.", U, U),
    (-1021, "Timestamp for this request is outside of the recvWindow.", R, R),
    (-1022, "Signature for this request is not valid.", R, R),
    (-2014, "API-key format invalid.", R, R),
    (-2015, "Invalid API-key, IP, or permissions for action.", R, R),
    (-1002, "You are not authorized to execute this request.", R, R),
    (-1013, "Filter failure: LOT_SIZE", R, R),
    *[(code, "", R, R) for code in range(-1130, -1099)],
    (-1121, "Invalid symbol.", R, R),
    (-2010, "Account has insufficient balance for requested action.", R, R),
    (-2010, "Duplicate order sent.", U, U),
    (-2010, "Order would immediately match and take.", R, R),
    (-2010, "Market is closed.", R, R),
    (-2010, "This symbol is not permitted for this account.", R, R),
    (-2010, "This action is disabled on this account.", R, R),
    (-2010, "news", R, R),
    (-2011, "Unknown order sent.", U, U),
    (-2011, "Order was not canceled due to cancel restrictions.", U, U),
    (-2013, "Order does not exist.", U, U),
    (-2021, "", U, None),
    (-2022, "", U, R),
    (-2026, "", U, U),
    (-2035, "", U, None),
    (-2036, "", U, None),
    (-1034, "", L, L),
    (-1035, "", U, U),
    (-1220, "", U, None),
    (-2018, "", None, R),
    (-2019, "Margin is insufficient.", None, R),
    (-2025, "", None, R),
    (-2027, "", None, R),
    (-2028, "", None, R),
    (-4003, "", None, R),
    (-4004, "", None, R),
    (-4005, "", None, R),
    (-4014, "", None, R),
    (-4016, "", None, R),
    (-4023, "", None, R),
    (-4024, "", None, R),
    (-4061, "", None, R),
    (-4116, "ClientOrderId is duplicated.", None, U),
    (-4131, "", None, R),
    (-4164, "", None, R),
    (-4192, "", None, R),
    (-4400, "", None, R),
    (-4401, "", None, R),
    (-5021, "", None, R),
    (-5022, "", None, R),
    (-5028, "", None, R),
    # Of other requests than orders, or answered to a key that cannot log on.
    (-4120, "", None, R),
    (-4046, "", None, R),
    (-4059, "", None, R),
    (-4067, "", None, R),
    (-4068, "", None, R),
    (-4531, "", None, R),
    (-4056, "", R, None),
]
# (HTTP status, body, class on spot, class on USD-M)
STATUSES: list[tuple[int, str, ErrorClass, ErrorClass]] = [
    (403, "<html>forbidden", L, L),
    (408, "", U, U),
    (409, "", U, U),
    (418, "", L, L),
    (429, "", L, L),
    (500, "", U, U),
    (502, "<html>bad gateway", U, U),
    (503, "Unknown error, please check your request or try again later.", U, U),
    (503, "Service Unavailable.", U, Y),
    (503, "Request throttled by system-level protection", U, Y),
    (503, "Internal error; unable to process your request. Please try again.", U, U),
    (503, "<html>Service Unavailable.</html>", U, U),
    (504, "", U, U),
]
CASES = [
    (market, transport, code, message, classes[market is USDM])
    for code, message, *classes in DOCUMENTED
    for market in (SPOT, USDM)
    for transport in (Transport.rest, Transport.ws)
]


@pytest.mark.parametrize(("market", "transport", "code", "message", "expected"), CASES)
def test_each_code_has_its_class(
    market: str, transport: Transport, code: int, message: str, expected: ErrorClass | None
) -> None:
    table = TABLES[market]
    assert (table.find(transport, code, message) is None) == (expected is None)
    assert classify(table, transport, 400, code, message) is (expected or U)


@pytest.mark.parametrize(("status", "body", "on_spot", "on_usdm"), STATUSES)
def test_each_status_has_its_class(status: int, body: str, on_spot: ErrorClass, on_usdm: ErrorClass) -> None:
    for transport in (Transport.rest, Transport.ws):
        assert classify(SPOT_ERRORS, transport, status, None, body) is on_spot
        assert classify(USDM_ERRORS, transport, status, None, body) is on_usdm


@pytest.mark.parametrize("table", [SPOT_ERRORS, USDM_ERRORS])
@pytest.mark.parametrize("code", [-1013, -2010, -2015, -1003, -4164])
def test_a_5xx_makes_every_reject_unknown(table: Any, code: int) -> None:
    assert classify(table, Transport.rest, 503, code, "") is U


@pytest.mark.parametrize("market", [SPOT, USDM])
def test_each_row_is_documented_and_reached(market: str) -> None:
    table = TABLES[market]
    codes = {(code, message) for code, message, *_ in DOCUMENTED}
    for row in table.rows:
        assert table.find(row.transport, row.code, row.prefix) is row, f"hidden: {row}"
        if row.transport is Transport.http:
            assert any(row.code == s and body.startswith(row.prefix) for s, body, *_ in STATUSES), row
        else:
            reached = [t for t in codes if t[0] == row.code and table.find(row.transport, *t) is row]
            assert reached, f"no case: {row}"


def _answered(row: ErrorRow, market: str) -> list[Any]:
    """What an order gets when the venue answers with that row."""
    make, symbol = (spot, SPOT_SYMBOL) if market is SPOT else (usdm, USDM_SYMBOL)
    bench = make(up=row.transport is Transport.ws)
    assert bench.orders.place(order(symbol=symbol)) is None
    if row.transport is Transport.ws:
        socket = bench.sockets.last
        error = {"code": row.code, "msg": row.prefix}
        socket.say({"id": socket.sent[-1]["id"], "status": 400, "error": error})
    elif row.transport is Transport.rest:
        bench.http.answer("POST", {"code": row.code, "msg": row.prefix}, 400)
    else:
        bench.http.answer("POST", row.prefix.encode(), row.code)
    return [entry for entry in bench.events.take() if entry[0] not in ("sent", "rate_limit", "stream")]


@pytest.mark.parametrize("market", [SPOT, USDM])
def test_an_order_gets_what_the_row_says(market: str) -> None:
    for row in TABLES[market].rows:
        [entry] = _answered(row, market)
        if row.error_class is U:
            assert entry[0] == "unknown", row
        else:
            assert entry[0] == "reject", row
            assert entry[2] is row.error_class, row
