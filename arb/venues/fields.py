"""Typed access to decoded JSON: a missing or wrong field is a VenueError that names it, never a guess.

Venues print the same number as a JSON integer in one message and as a string of digits in the next, so both
are accepted; floats and exponents never are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from typing import Any

import orjson

from arb.venues.base import VenueError

# The default 28 digits would round a balance of a meme coin with 18 decimals.
_EXACT = Context(prec=80, traps=[Inexact])
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)


def loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise VenueError(f"not JSON: {error} in {body[:80]!r}") from None


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise VenueError(f"{what}: an object was expected, was {type(value).__name__}")
    return value


def rows(value: Any, what: str) -> list[Mapping[str, Any]]:
    """A list of objects."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise VenueError(f"{what}: a list of objects was expected, was {type(value).__name__}")
    return value


def text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise VenueError(f"{key}: text was expected, was {value!r}")


def optional_text(row: Mapping[str, Any], key: str) -> str:
    """ "" where the field is missing or null."""
    return "" if row.get(key) is None else text(row, key)


def integer(row: Mapping[str, Any], key: str) -> int:
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise VenueError(f"{key}: an integer was expected, was {value!r}")


def decimal(row: Mapping[str, Any], key: str) -> str:
    """A plain decimal as the venue printed it."""
    value = text(row, key)
    if not _DECIMAL.fullmatch(value):
        raise VenueError(f"{key}: a decimal was expected, was {value!r}")
    return value


def optional_decimal(row: Mapping[str, Any], key: str, default: str = "0") -> str:
    """`default` where the field is missing, null or empty."""
    return default if row.get(key) in (None, "") else decimal(row, key)


def flag(row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key)
    if isinstance(value, bool):
        return value
    raise VenueError(f"{key}: true or false was expected, was {value!r}")


def best(book: Mapping[str, Any], side: str) -> tuple[str, str] | None:
    """First [price, qty, ...] of a list of levels; None for an empty side."""
    levels = book.get(side)
    if not isinstance(levels, list):
        raise VenueError(f"{side}: a list of levels was expected, was {type(levels).__name__}")
    if not levels:
        return None
    level = levels[0]
    if not isinstance(level, list) or len(level) < 2 or not all(isinstance(x, str) for x in level[:2]):
        raise VenueError(f"{side}: a level [price, qty] was expected, was {level!r}")
    return level[0], level[1]


def plain(value: str) -> str:
    """The same number without trailing zeros: "0.00100000" -> "0.001"."""
    if "." in value:
        value = value.rstrip("0").rstrip(".")
    return "0" if value in ("", "-0") else value


def add(values: list[str]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _EXACT.add(total, Decimal(value))
    return total


def subtract(total: str, part: str) -> str:
    return plain(format(_EXACT.subtract(Decimal(total), Decimal(part)), "f"))
