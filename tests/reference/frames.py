"""What a book frame means: the readable oracle of the wire readers, on orjson and Decimal.

It is also the specification of the slow path, which reads a frame the fast reader refused: that path gives
the value written here, or refuses. The contract with the fast readers (`arb::wire`), for the same bytes:

* fast `ok`              => the function returns an equal `Decoded`
* fast `ignored`         => it returns None
* fast `unknown_symbol`  => it raises `UnknownSymbol`
* fast refusal           => no claim; orjson keeps the last of duplicate keys and reads escapes, for example

`grids` maps the venue's symbol to (price decimals, quantity decimals). Levels are integers on that grid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from typing import Any, Final

import orjson

from .mutations import mutate

__all__ = [
    "Decoded",
    "Refused",
    "UnknownSymbol",
    "decode_binance",
    "decode_binance_snapshot",
    "decode_bybit",
    "mutate",
]

Grids = Mapping[str, tuple[int, int]]
Level = tuple[int, int]

MAX_ID: Final = 2**63 - 1
MAX_PRICE: Final = 2**50 - 1
MAX_QTY: Final = 2**56 - 1
MAX_TIME_MS: Final = MAX_ID // 1_000_000  # nanoseconds since the epoch must fit an int64
MAX_LEVELS: Final = 8192  # of one message, both sides together
BYBIT_DEPTHS: Final = frozenset({"1", "50", "200", "500", "1000"})

_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


class Refused(Exception):
    """The frame must not be applied: `reason` is a status name of `arb::wire`, `field` the key to blame."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason if field is None else f"{reason}: {field}")
        self.reason = reason
        self.field = field


class UnknownSymbol(Exception):
    """A book message of a symbol that is not in `grids`; to be ignored and counted, never applied."""


@dataclass(slots=True)
class Decoded:
    """One book message. Times in ms of the venue's clock; an id it does not carry is 0 (`prev_id`: None)."""

    kind: str  # "delta", "snapshot" or "ticker"
    symbol: str  # "" for a REST snapshot, which names none
    first_id: int = 0
    last_id: int = 0
    prev_id: int | None = None
    sequence: int = 0
    event_time_ms: int = 0
    engine_time_ms: int = 0
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)


def decode_binance(raw: bytes, grids: Grids) -> Decoded | None:
    """A frame of a Binance market stream, spot or USD-M, raw or combined; None if it is no book message."""
    message = _loads(raw)
    if not isinstance(message, dict):
        return None
    if "stream" in message and "data" in message:
        if _shows_another_book(_text(message, "stream")) or not isinstance(message["data"], dict):
            return None
        message = message["data"]

    if "e" in message:
        kind = _text(message, "e")
        if kind not in ("depthUpdate", "bookTicker"):
            return None
    elif "u" in message and "s" in message:
        kind = "bookTicker"  # spot sends it without `e`
    else:
        return None
    symbol = _text(message, "s")
    if symbol not in grids:
        raise UnknownSymbol(symbol)
    grid = grids[symbol]

    if kind == "depthUpdate":
        decoded = Decoded(
            "delta",
            symbol,
            first_id=_id(message, "U"),
            last_id=_id(message, "u"),
            prev_id=_id(message, "pu") if "pu" in message else None,
            event_time_ms=_time(message, "E"),
            engine_time_ms=_optional_time(message, "T"),
            bids=_levels(message, "b", grid),
            asks=_levels(message, "a", grid),
        )
        if decoded.first_id > decoded.last_id:
            raise Refused("bad_value", "u")
        return _bounded(decoded)
    return Decoded(
        "ticker",
        symbol,
        last_id=_id(message, "u"),
        event_time_ms=_optional_time(message, "E"),
        engine_time_ms=_optional_time(message, "T"),
        bids=_touch(message, "b", "B", grid),
        asks=_touch(message, "a", "A", grid),
    )


def decode_binance_snapshot(raw: bytes, grid: tuple[int, int]) -> Decoded | None:
    """The body of Binance REST depth; None where it is another answer (an error body, for example)."""
    message = _loads(raw)
    if not isinstance(message, dict) or "lastUpdateId" not in message:
        return None
    decoded = Decoded(
        "snapshot",
        "",
        last_id=_id(message, "lastUpdateId"),
        event_time_ms=_optional_time(message, "E"),
        engine_time_ms=_optional_time(message, "T"),
        bids=_levels(message, "bids", grid),
        asks=_levels(message, "asks", grid),
    )
    _without_empty_levels(decoded, "bids", "asks")
    return _bounded(decoded)


def decode_bybit(raw: bytes, grids: Grids) -> Decoded | None:
    """A frame of a Bybit v5 public stream; None where it is no message of a depth we know."""
    message = _loads(raw)
    if not isinstance(message, dict) or "topic" not in message:
        return None
    parts = _text(message, "topic").split(".", 2)
    if len(parts) != 3 or parts[0] != "orderbook" or parts[1] not in BYBIT_DEPTHS:
        return None
    _, depth, symbol = parts
    if symbol not in grids:
        raise UnknownSymbol(symbol)
    grid = grids[symbol]

    data = _required(message, "data")
    if not isinstance(data, dict):
        raise Refused("bad_value", "data")
    if _text(data, "s") != symbol:
        raise Refused("bad_value", "s")
    kind = _text(message, "type")
    if kind not in ("snapshot", "delta") or (depth == "1" and kind == "delta"):
        raise Refused("bad_value", "type")  # level 1 is snapshot-only
    decoded = Decoded(
        "ticker" if depth == "1" else kind,
        symbol,
        last_id=_id(data, "u"),
        sequence=_id(data, "seq"),
        event_time_ms=_time(message, "ts"),
        engine_time_ms=_optional_time(message, "cts"),
        bids=_levels(data, "b", grid),
        asks=_levels(data, "a", grid),
    )
    if decoded.kind != "delta":
        _without_empty_levels(decoded, "b", "a")
    if decoded.kind == "ticker" and max(len(decoded.bids), len(decoded.asks)) > 1:
        raise Refused("bad_value")
    return _bounded(decoded)


def _loads(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused("malformed") from error


def _shows_another_book(stream: str) -> bool:
    """Partial depth is the whole top N, not a change; rpiDepth holds orders that others cannot take."""
    _, _, kind = stream.partition("@")
    return kind.startswith("rpiDepth") or (kind.startswith("depth") and kind[5:6] not in ("", "@"))


def _required(message: dict[str, Any], key: str) -> Any:
    if key not in message:
        raise Refused("missing_key", key)
    return message[key]


def _text(message: dict[str, Any], key: str) -> str:
    value = _required(message, key)
    if not isinstance(value, str):
        raise Refused("bad_value", key)
    return value


def _id(message: dict[str, Any], key: str) -> int:
    """An integer or a string of digits. Never a float: orjson makes one of an integer beyond 2^64."""
    value = _required(message, key)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        if len(value.lstrip("0")) > 19:
            raise Refused("overflow", key)
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refused("bad_value", key)
    if value > MAX_ID:
        raise Refused("overflow", key)
    return value


def _time(message: dict[str, Any], key: str) -> int:
    value = _id(message, key)
    if value > MAX_TIME_MS:
        raise Refused("overflow", key)
    return value


def _optional_time(message: dict[str, Any], key: str) -> int:
    return _time(message, key) if key in message else 0


def _on_grid(value: Any, decimals: int, limit: int, key: str) -> int:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise Refused("bad_value", key)
    # Room for every digit of the text, so that scaling is exact or trapped.
    exact = Context(prec=len(value) + decimals + 1, traps=[Inexact])
    scaled = Decimal(value).scaleb(decimals, exact)
    integer = int(scaled)
    if integer != scaled:
        raise Refused("inexact", key)
    if integer > limit:
        raise Refused("overflow", key)
    return integer


def _level(price: Any, qty: Any, grid: tuple[int, int], key: str) -> Level:
    return _on_grid(price, grid[0], MAX_PRICE, key), _on_grid(qty, grid[1], MAX_QTY, key)


def _levels(message: dict[str, Any], key: str, grid: tuple[int, int]) -> list[Level]:
    rows = _required(message, key)
    if not isinstance(rows, list):
        raise Refused("bad_value", key)
    levels = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise Refused("bad_value", key)
        level = _level(row[0], row[1], grid, key)
        if level[0] == 0:
            raise Refused("bad_value", key)
        levels.append(level)
    return levels


def _touch(message: dict[str, Any], price: str, qty: str, grid: tuple[int, int]) -> list[Level]:
    """The best level of a side. Both 0: a side without orders; one of them alone is an error."""
    level = _level(_required(message, price), _required(message, qty), grid, price)
    if level == (0, 0):
        return []
    if 0 in level:
        raise Refused("bad_value", price)
    return [level]


def _without_empty_levels(decoded: Decoded, bids: str, asks: str) -> None:
    for key, levels in ((bids, decoded.bids), (asks, decoded.asks)):
        if any(qty == 0 for _, qty in levels):
            raise Refused("bad_value", key)  # a book given whole has nothing to delete


def _bounded(decoded: Decoded) -> Decoded:
    if len(decoded.bids) + len(decoded.asks) > MAX_LEVELS:
        raise Refused("too_many_levels")
    return decoded
