"""The error table of Bybit: each row of each market on each transport, by the order that gets it."""

from __future__ import annotations

from typing import Any

import pytest

from arb.venues.base import ErrorClass
from arb.venues.bybit.errors import LINEAR, LINEAR_ERRORS, SPOT, SPOT_ERRORS, TABLES, classify
from arb.venues.errors import ErrorRow, Transport

from .bybit_setup import LINEAR_SYMBOL, SPOT_SYMBOL, answer, linear, order, spot
from .setup import envelope
from .test_orders import COID

MAKERS: dict[str, Any] = {SPOT: (spot, SPOT_SYMBOL), LINEAR: (linear, LINEAR_SYMBOL)}
ROWS = [(market, row) for market, table in TABLES.items() for row in table.rows]

# The tables of the protocol, in its order.
R, U, L, Y = ErrorClass.reject, ErrorClass.unknown, ErrorClass.rate, ErrorClass.retryable
LISTED = {
    **dict.fromkeys((10000, 10016, 170007, 170032, 170146, 170147), U),
    **dict.fromkeys((429, 10429, 10006), L),
    **dict.fromkeys((10002, -1), R),
    **dict.fromkeys((10004, 10005, 10007, 10008, 10010, 33004, -2015, 10009, 10024, 10027, 10028), R),
    **dict.fromkeys((10017, 10404, 10001), R),
    **dict.fromkeys((10014, 110072, 170141), U),
    **dict.fromkeys((110001, 170213, 110008, 110010, 170139, 170142, 170190), U),
    **dict.fromkeys((110079, 170144, 170191, 170212), U),
    **dict.fromkeys((110004, 110006, 110007, 110012, 110044, 110045, 170131, 170033), R),
    **dict.fromkeys((110003, 110094, 170132, 170133, 170134, 170136, 170137, 170140, 170148), R),
    **dict.fromkeys((170192, 170193, 170194, 170371, 170372, 30208, 30209), R),
    **dict.fromkeys((110017, 110020, 170810), R),
    **dict.fromkeys((170005, 170222), L),
    **dict.fromkeys((110025, 110026, 110043, 34040), U),
    **dict.fromkeys((110023, 30228, 110066, 110074, 170151, 170157, 110063, 10029), R),
    **dict.fromkeys((170210, 170218), R),
    **dict.fromkeys((10403, 20003), L),
    10019: Y,
}
SPOT_ALONE = range(170000, 171000)


@pytest.mark.parametrize("transport", [Transport.rest, Transport.ws])
@pytest.mark.parametrize("market", list(TABLES))
@pytest.mark.parametrize(("code", "expected"), LISTED.items())
def test_every_code_of_the_protocol_has_its_row(
    market: str, code: int, expected: ErrorClass, transport: Transport
) -> None:
    row = TABLES[market].find(transport, code, "")
    if market == LINEAR and code in SPOT_ALONE:
        assert row is None
        assert classify(LINEAR_ERRORS, transport, 200, code, "") is U
    else:
        assert row is not None
        assert row.error_class is expected


def by_rest(bench: Any, row: ErrorRow) -> None:
    """With the status alone, or the code in an envelope."""
    if row.transport is Transport.http:
        bench.http.answer("/v5/order/create", row.prefix.encode(), row.code)
    else:
        bench.http.answer("/v5/order/create", envelope({}, row.code, row.prefix))


@pytest.mark.parametrize(("market", "row"), ROWS, ids=lambda x: x if isinstance(x, str) else None)
def test_each_row_ends_an_order_as_it_says(market: str, row: ErrorRow) -> None:
    make, symbol = MAKERS[market]
    is_ws = row.transport is Transport.ws
    bench = make(up=is_ws)
    assert bench.orders.place(order(symbol=symbol)) is None
    if is_ws:
        answer(bench, {}, row.code, row.prefix)
    else:
        by_rest(bench, row)
    ends = [e for e in bench.events.log if e[0] in ("ack", "reject", "unknown", "not_sent")]
    if row.error_class is ErrorClass.unknown:
        [(name, coid, _)] = ends
        assert (name, coid) == ("unknown", COID)
    else:
        assert ends == [("reject", COID, row.error_class, row.code, row.prefix)]
    assert [r.tag for r in bench.http.requests if r.method == "POST"] == ([] if is_ws else ["place"])


@pytest.mark.parametrize("table", [SPOT_ERRORS, LINEAR_ERRORS])
def test_no_row_is_hidden_behind_an_earlier_one(table: Any) -> None:
    for row in table.rows:
        assert table.find(row.transport, row.code, row.prefix) is row


def test_one_number_means_two_things_on_two_transports() -> None:
    for table in TABLES.values():
        assert table.classify(Transport.rest, 10003, "") is R
        assert table.classify(Transport.ws, 10003, "") is L
        assert table.find(Transport.rest, 20006, "") is None


@pytest.mark.parametrize("transport", [Transport.rest, Transport.ws])
def test_what_is_not_listed_and_every_5xx_is_unknown(transport: Transport) -> None:
    for table in TABLES.values():
        assert classify(table, transport, 200, 987654, "") is U
        assert classify(table, transport, 502, 10001, "rejected?") is U
        assert classify(table, transport, 400, None, "") is U
        assert classify(table, Transport.rest, 403, 987654, "") is L
