"""The grid of a recording without metadata: 8 and 8 decimals, fewer where a number would pass its bound."""

import json
from pathlib import Path

import pytest

from arb.data.grid import PRICE_BOUND, QTY_BOUND, grid_of
from arb.data.recording import Line


def lines(*bodies: object) -> list[Line]:
    texts = (body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies)
    return [Line(n, text, n, Path("r")) for n, text in enumerate(texts)]


def book(price: str, quantity: str) -> dict[str, object]:
    return {"lastUpdateId": 1, "bids": [["1", "1"]], "asks": [[price, quantity]]}


@pytest.mark.parametrize(
    ("price", "quantity", "grid"),
    [
        ("61686.00", "2.29327", (8, 8)),
        ("2814749", "1", (8, 8)),  # x 4 x 10^8 is just below 2^50
        ("2814750", "1", (7, 8)),
        ("1900000000", "1", (5, 8)),  # a rupiah price
        ("0.00000812", "3000000000", (8, 6)),
        ("1e30", "1e30", (0, 0)),
    ],
)
def test_fewer_decimals_where_the_numbers_are_large(price: str, quantity: str, grid: tuple[int, int]) -> None:
    assert grid_of(lines(book(price, quantity))) == grid


def test_any_book_message_tells_and_rubbish_does_not() -> None:
    levels = [["5000000", "1"]] * 2
    assert grid_of(lines({"stream": "x", "data": {"b": levels, "a": []}})) == (7, 8)
    assert grid_of(lines({"topic": "orderbook.50.X", "data": {"b": [], "a": levels}})) == (7, 8)
    assert grid_of(lines(b"{", [1], {"b": "61000", "a": 3}, {"bids": [["x"], 5, [None, None]]})) == (8, 8)
    assert grid_of([]) == (8, 8)


def test_the_bounds_leave_room_in_64_bits() -> None:
    assert PRICE_BOUND * 4 < 2**63
    assert QTY_BOUND * 4 < 2**63
