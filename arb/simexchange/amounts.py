"""Decimals as text: how the venues print them, and what they accept."""

import re
from decimal import ROUND_DOWN, Decimal

ZERO = Decimal(0)
_EIGHT = Decimal("1e-8")
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?\Z", re.ASCII)


def fixed8(value: Decimal) -> str:
    """Eight decimals, as Binance spot prints every amount ("60000.00000000"); `value` has no more."""
    return f"{value:.8f}"


def plain(value: Decimal) -> str:
    """No exponent, no trailing zeros ("0.1", "12", "0"), as Bybit prints amounts."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def down8(value: Decimal) -> Decimal:
    """Cut to eight decimals, towards zero."""
    return value.quantize(_EIGHT, rounding=ROUND_DOWN)


def parse(text: object) -> Decimal | None:
    """A plain non-negative decimal, or None: no exponent, no sign, no white space, as the venues want it."""
    if not isinstance(text, str) or not _NUMBER.match(text):
        return None
    return Decimal(text)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    return value % step == 0


def decimals_of(value: Decimal) -> int:
    """Decimal places really used: 2 for 1.230."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
