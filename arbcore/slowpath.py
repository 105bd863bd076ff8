"""Book frames through orjson: what a frame means that the C++ reader refused.

The C++ readers refuse what they cannot be sure of in one pass (doubled keys, escapes in keys, ...), a few
frames in a million. Each takes this way to the same values, or is refused for good. Floats are never ids:
orjson turns an integer above 2^64 into one, and a rounded id would pass for a real one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Grids = Mapping[str, tuple[int, int]]  # venue symbol -> (price decimals, quantity decimals)

_ID_BOUND = 2**63
_PRICE_BOUND = 2**50
_QTY_BOUND = 2**56
_MS = 1_000_000  # ns
_MAX_LEVELS = 8_192  # of one message, both sides together
_DIGITS = frozenset("0123456789")
_BYBIT_DEPTHS = ("1", "50", "200", "500", "1000")


class Refused(ValueError):
    """A frame that must not be applied: `reason` names the fault, `field` the key, or None."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(f"{reason}: {field}" if field else reason)
        self.reason = reason
        self.field = field


@dataclass(slots=True)
class SlowUpdate:
    """One book message, its levels (price, quantity) on the grid, times in ns of the venue's clock."""

    kind: str  # "delta", "snapshot" or "ticker"
    symbol: str = ""  # the venue's; empty where the message names none
    first_id: int = 0
    last_id: int = 0
    prev_id: int | None = None
    sequence: int = 0
    event_time: int = 0
    engine_time: int = 0
    bids: list[tuple[int, int]] = field(default_factory=list)
    asks: list[tuple[int, int]] = field(default_factory=list)


def read_binance(raw: bytes, grids: Grids) -> SlowUpdate | None:
    """depthUpdate or bookTicker, raw or combined; None for any other message or symbol. Raises Refused."""
    message = _object(raw)
    if "data" in message and "stream" in message:
        stream, message = _string(message, "stream"), message["data"]
        if not isinstance(message, dict) or _is_partial(stream):
            return None
    if "e" in message:
        event = _string(message, "e")
    elif "s" in message and "u" in message:
        event = "bookTicker"  # spot sends it bare
    else:
        return None
    if event not in ("depthUpdate", "bookTicker"):
        return None
    grid = grids.get(_string(message, "s"))
    if grid is None:
        return None
    if event == "bookTicker":
        update = SlowUpdate("ticker", last_id=_id(message, "u"))
        update.event_time = _time(message, "E", optional=True)
        update.bids = _best(message, "b", "B", grid)
        update.asks = _best(message, "a", "A", grid)
    else:
        update = SlowUpdate("delta", first_id=_id(message, "U"), last_id=_id(message, "u"))
        if update.first_id > update.last_id:
            raise Refused("bad_value", "u")
        if "pu" in message:
            update.prev_id = _id(message, "pu")
        update.event_time = _time(message, "E")
        _read_sides(update, message, "b", "a", grid)
    update.symbol = _string(message, "s")
    update.engine_time = _time(message, "T", optional=True)
    return update


def read_binance_snapshot(raw: bytes, grid: tuple[int, int]) -> SlowUpdate:
    """The body of REST depth. Raises Refused, also for another answer (an error body)."""
    message = _object(raw)
    update = SlowUpdate("snapshot", last_id=_id(message, "lastUpdateId"))
    update.event_time = _time(message, "E", optional=True)
    update.engine_time = _time(message, "T", optional=True)
    _read_sides(update, message, "bids", "asks", grid)
    return update


def read_bybit(raw: bytes, grids: Grids) -> SlowUpdate | None:
    """orderbook.{depth}.{symbol}; None for any other topic or symbol. Raises Refused."""
    message = _object(raw)
    if "topic" not in message:
        return None
    family, _, rest = _string(message, "topic").partition(".")
    depth, dot, symbol = rest.partition(".")
    grid = grids.get(symbol)
    if family != "orderbook" or not dot or depth not in _BYBIT_DEPTHS or grid is None:
        return None
    kind = _string(message, "type")
    if kind != "snapshot" and (kind != "delta" or depth == "1"):
        raise Refused("bad_value", "type")
    data = _member(message, "data")
    if not isinstance(data, dict):
        raise Refused("bad_value", "data")
    if _string(data, "s") != symbol:
        raise Refused("bad_value", "s")
    update = SlowUpdate("ticker" if depth == "1" else kind)
    update.symbol = symbol
    update.last_id = _id(data, "u")
    update.sequence = _id(data, "seq")
    update.event_time = _time(message, "ts")
    update.engine_time = _time(message, "cts", optional=True)
    _read_sides(update, data, "b", "a", grid)
    if depth == "1" and (len(update.bids) > 1 or len(update.asks) > 1):
        raise Refused("bad_value", "b" if len(update.bids) > 1 else "a")
    return update


READERS: dict[str, Callable[[bytes, Grids], SlowUpdate | None]] = {
    "binance": read_binance,
    "bybit": read_bybit,
}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused("malformed") from error
    return message if isinstance(message, dict) else {}


def _is_partial(stream: str) -> bool:
    # depth5/10/20 is the whole top, rpiDepth another book: neither is a change of the diff depth.
    head, _, suffix = stream.partition("@depth")
    return "@rpiDepth" in stream or (head != stream and suffix[:1] not in ("", "@"))


def _member(message: dict[str, Any], key: str) -> Any:
    try:
        return message[key]
    except KeyError:
        raise Refused("missing_key", key) from None


def _string(message: dict[str, Any], key: str) -> str:
    value = _member(message, key)
    if type(value) is not str:
        raise Refused("bad_value", key)
    return value


def _id(message: dict[str, Any], key: str) -> int:
    value = _member(message, key)
    if type(value) is str and value and _DIGITS.issuperset(value):
        digits = value.lstrip("0")
        value = int(digits or "0") if len(digits) <= 19 else _ID_BOUND
    if type(value) is not int or value < 0:
        raise Refused("bad_value", key)
    if value >= _ID_BOUND:
        raise Refused("overflow", key)
    return value


def _time(message: dict[str, Any], key: str, *, optional: bool = False) -> int:
    if optional and key not in message:
        return 0
    ns = _id(message, key) * _MS
    if ns >= _ID_BOUND:
        raise Refused("overflow", key)
    return ns


def _steps(text: Any, decimals: int, bound: int, key: str) -> int:
    """`text` in steps of 10^-decimals; digits beyond them must be zeros."""
    if type(text) is not str:
        raise Refused("bad_value", key)
    whole, point, fraction = text.partition(".")
    if not whole or not _DIGITS.issuperset(whole) or (point and not fraction):
        raise Refused("bad_value", key)
    if not _DIGITS.issuperset(fraction):
        raise Refused("bad_value", key)
    if fraction[decimals:].strip("0"):
        raise Refused("inexact", key)
    digits = (whole + fraction[:decimals].ljust(decimals, "0")).lstrip("0")
    if len(digits) > 18:  # past both bounds; int() of a text of any length would take any time
        raise Refused("overflow", key)
    value = int(digits or "0")
    if value >= bound:
        raise Refused("overflow", key)
    return value


def _levels(message: dict[str, Any], key: str, grid: tuple[int, int]) -> list[tuple[int, int]]:
    rows = _member(message, key)
    if type(rows) is not list:
        raise Refused("bad_value", key)
    levels = []
    for row in rows:
        if type(row) is not list or len(row) != 2:
            raise Refused("bad_value", key)
        price = _steps(row[0], grid[0], _PRICE_BOUND, key)
        qty = _steps(row[1], grid[1], _QTY_BOUND, key)
        if price == 0:
            raise Refused("bad_value", key)
        levels.append((price, qty))
    return levels


def _read_sides(
    update: SlowUpdate, message: dict[str, Any], bids: str, asks: str, grid: tuple[int, int]
) -> None:
    update.bids = _levels(message, bids, grid)
    update.asks = _levels(message, asks, grid)
    if update.kind != "delta":  # a whole book has nothing to delete
        for key, levels in ((bids, update.bids), (asks, update.asks)):
            if not all(qty for _, qty in levels):
                raise Refused("bad_value", key)
    if len(update.bids) + len(update.asks) > _MAX_LEVELS:
        raise Refused("too_many_levels", asks)


def _best(
    message: dict[str, Any], price_key: str, qty_key: str, grid: tuple[int, int]
) -> list[tuple[int, int]]:
    price = _steps(_member(message, price_key), grid[0], _PRICE_BOUND, price_key)
    qty = _steps(_member(message, qty_key), grid[1], _QTY_BOUND, qty_key)
    if not price and not qty:
        return []  # a side without orders
    if not price or not qty:
        raise Refused("bad_value", qty_key if price else price_key)
    return [(price, qty)]
