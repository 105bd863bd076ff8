"""Every documented error of spot REST has a row; what is not listed is UNKNOWN."""

from __future__ import annotations

import pytest

from arb.venues.base import ErrorClass
from arb.venues.binance import errors as binance
from arb.venues.bybit import errors as bybit
from arb.venues.errors import Transport

U, R, L = ErrorClass.unknown, ErrorClass.reject, ErrorClass.rate

# (HTTP status, code, start of the message, class), in the order of the venue's documentation.
BINANCE = [
    (500, None, "", U),
    (502, None, "<html>bad gateway", U),
    (503, -1013, "a 5xx is unknown whatever it says", U),
    (504, -1003, "", U),
    (400, -1000, "", U),
    (400, -1006, "", U),
    (400, -1007, "Timeout waiting for response from backend server.", U),
    (400, -1001, "Internal error; unable to process your request.", U),
    (429, -1003, "Too many requests", L),
    (418, -1003, "Way too much request weight used", L),
    (429, None, "", L),
    (418, None, "", L),
    (403, None, "<html>forbidden", L),
    (408, None, "", U),
    (400, -1008, "Server is currently overloaded", U),
    (429, -1015, "Too many new orders", L),
    (400, -1016, "This service is no longer available.", U),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", R),
    (400, -1022, "Signature for this request is not valid.", R),
    (401, -2014, "API-key format invalid.", R),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", R),
    (401, -1002, "You are not authorized to execute this request.", R),
    (400, -1013, "Filter failure: LOT_SIZE", R),
    (400, -1111, "Precision is over the maximum defined for this asset.", R),
    *[(400, code, "", R) for code in range(-1130, -1099)],
    (400, -2010, "Account has insufficient balance for requested action.", R),
    (400, -2010, "Duplicate order sent.", U),
    (400, -2010, "Order would immediately match and take.", R),
    (400, -2010, "Market is closed.", R),
    (400, -2010, "This symbol is not permitted for this account.", R),
    (400, -2010, "This action is disabled on this account.", R),
    (400, -2011, "Unknown order sent.", U),
    (400, -2013, "Order does not exist.", U),
    (409, -2021, "", U),
    (400, -2022, "", U),
    (400, -2026, "", U),
    (400, -2035, "", U),
    (400, -2036, "", U),
    (400, -1034, "Too many connections", L),
    (400, -1035, "", U),
    (400, -1220, "", U),
]

BYBIT = [
    *[(200, code, "", U) for code in (10000, 10016, 170007, 170032, 170146, 170147)],
    (500, None, "", U),
    (502, 10001, "a 5xx is unknown whatever it says", U),
    (429, None, "", L),
    *[(200, code, "", L) for code in (429, 10429, 10006, 10403, 20003, 170005, 170222)],
    (403, None, "access too frequent", L),
    (200, 10002, "", R),
    (200, -1, "", R),
    *[
        (200, code, "", R)
        for code in (10003, 10004, 10005, 10007, 10008, 10010, 33004, -2015, 10009, 10024, 10027, 10028)
    ],
    *[(200, code, "", R) for code in (10017, 10404, 10001, 10029)],
    *[(200, code, "", U) for code in (10014, 110072, 170141)],
    *[(200, code, "", U) for code in (110001, 170213, 110008, 110010, 170139, 170142, 170190)],
    *[(200, code, "", U) for code in (110079, 170144, 170191, 170212)],
    *[(200, code, "", R) for code in (110004, 110006, 110007, 110012, 110044, 110045, 170131, 170033)],
    *[
        (200, code, "", R)
        for code in (110003, 110094, 170132, 170133, 170134, 170136, 170137, 170140, 170148)
    ],
    *[(200, code, "", R) for code in (170192, 170193, 170194, 170371, 170372, 30208, 30209)],
    *[(200, code, "", R) for code in (110017, 110020, 110021, 170810)],
    *[(200, code, "", U) for code in (110025, 110026, 110043, 34040)],
    *[(200, code, "", R) for code in (110023, 30228, 110066, 110074, 170151, 170157, 110063)],
    *[(200, code, "", R) for code in (170210, 170218)],
    (200, 10019, "", ErrorClass.retryable),
]


@pytest.mark.parametrize(("status", "code", "message", "expected"), BINANCE)
def test_binance_spot_rest(status: int, code: int | None, message: str, expected: ErrorClass) -> None:
    assert binance.classify_rest(status, code, message) is expected
    if code is not None:
        assert binance.SPOT_ERRORS.find(Transport.rest, code, message) is not None, "has no row"


@pytest.mark.parametrize(("status", "code", "message", "expected"), BYBIT)
def test_bybit_spot_rest(status: int, code: int | None, message: str, expected: ErrorClass) -> None:
    assert bybit.classify_rest(status, code, message) is expected
    if code is not None:
        assert bybit.SPOT_ERRORS.find(Transport.rest, code, message) is not None, "has no row"


@pytest.mark.parametrize("classify", [binance.classify_rest, bybit.classify_rest])
@pytest.mark.parametrize("status", [200, 302, 400, 404, 451])
@pytest.mark.parametrize("code", [None, 0, 1, -9999, 999999])
def test_what_is_not_listed_is_unknown(classify: object, status: int, code: int | None) -> None:
    assert classify(status, code, "news") is U  # type: ignore[operator]


def test_one_number_means_two_things_on_two_transports_of_bybit() -> None:
    assert bybit.SPOT_ERRORS.classify(Transport.rest, 10003, "") is R
    assert bybit.SPOT_ERRORS.classify(Transport.ws, 10003, "") is L


@pytest.mark.parametrize("table", [binance.SPOT_ERRORS, bybit.SPOT_ERRORS])
def test_no_row_is_hidden_behind_an_earlier_one(table: object) -> None:
    for row in table.rows:  # type: ignore[attr-defined]
        assert table.find(row.transport, row.code, row.prefix) is row, row  # type: ignore[attr-defined]
