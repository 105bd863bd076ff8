"""Argument types shared by the verbs."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import click

_UNIT_MS = {"": 1_000, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h)?")


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `6h` (and `250ms`); ValueError for anything else, zero included."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 90, 90s, 10m or 6h")
    seconds = float(Decimal(match[1]) * _UNIT_MS[match[2] or ""] / 1_000)
    if seconds <= 0:
        raise ValueError(f"a duration must be longer than 0 (got {text!r})")
    return seconds


class DurationType(click.ParamType[float]):
    """A duration in seconds: `90`, `90s`, `10m`, `6h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DecimalType(click.ParamType[Decimal]):
    """An exact decimal number within bounds; never a float on the way."""

    name = "number"

    def __init__(self, low: str, high: str) -> None:
        self.low = Decimal(low)
        self.high = Decimal(high)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no number", param, ctx)
        if not number.is_finite() or not self.low <= number <= self.high:
            self.fail(f"must be {self.low} to {self.high} (got {value})", param, ctx)
        return number


DURATION = DurationType()
