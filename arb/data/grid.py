"""The decimals of a recording's price and quantity grid, told from its first book.

A recording without metadata gets 8 and 8, fewer where a number would pass the bound (docs/decisions, D3).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from arb.data.recording import Line

DECIMALS = 8
PRICE_BOUND = 1 << 50
QTY_BOUND = 1 << 56  # both as the wire readers have them
# The market may rise and levels may grow after the first book: a number beyond the grid is refused.
HEADROOM = 4
_LOOK_AHEAD = 2_000
_ENOUGH_LEVELS = 100


def _levels(frame: Any) -> Iterator[tuple[Decimal, Decimal]]:
    if not isinstance(frame, dict):
        return
    for part in (frame, frame.get("data"), frame.get("result")):
        for key in ("bids", "asks", "b", "a"):
            rows = part.get(key) if isinstance(part, dict) else None
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, list) and len(row) >= 2:
                    try:
                        yield Decimal(row[0]), Decimal(row[1])
                    except (InvalidOperation, TypeError, ValueError):
                        continue


def _fitting(largest: Decimal, bound: int) -> int:
    decimals = DECIMALS
    while decimals > 0 and largest * HEADROOM * 10**decimals >= bound:
        decimals -= 1
    return decimals


def grid_of(lines: Iterable[Line]) -> tuple[int, int]:
    """(price decimals, quantity decimals) for the book in `lines`, of which only the first few are read."""
    import orjson

    price = quantity = Decimal(0)
    seen = 0
    for line in islice(lines, _LOOK_AHEAD):
        try:
            frame = orjson.loads(line.body)
        except orjson.JSONDecodeError:
            continue
        for level_price, level_quantity in _levels(frame):
            price = max(price, level_price)
            quantity = max(quantity, level_quantity)
            seen += 1
        if seen >= _ENOUGH_LEVELS:
            break
    return _fitting(price, PRICE_BOUND), _fitting(quantity, QTY_BOUND)
