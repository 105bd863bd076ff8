"""Decimals as text for people and programs: one spelling everywhere."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal) -> str:
    """No exponent, no trailing zeros: `Decimal("2682.500")` is "2682.5", `Decimal("1E+3")` is "1000"."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
