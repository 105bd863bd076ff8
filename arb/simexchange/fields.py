"""Fields of what the control API is told, each read with its bounds; a mistake names the field."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import cast

import orjson

from arb.simexchange.amounts import parse
from arb.simexchange.spec import BINANCE, BYBIT, LINEAR, SPOT, USDM

MARKETS: Mapping[str, tuple[str, ...]] = {BINANCE: (SPOT, USDM), BYBIT: (SPOT, LINEAR)}


class FieldError(ValueError):
    """What was told cannot be understood; the message names the field."""


class Fields:
    """A JSON object that is read field by field. `done` refuses what nobody has read."""

    def __init__(self, body: str) -> None:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise FieldError("the body is no JSON") from None
        if not isinstance(value, dict):
            raise FieldError("the body is no JSON object")
        self._fields = cast("dict[str, object]", value)
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str, default: str | None = None, words: Collection[str] = ()) -> str:
        value = self._take(name, default)
        if not isinstance(value, str) or (words and value not in words):
            what = f"one of {', '.join(words)}" if words else "a string"
            raise FieldError(f"{name}: must be {what}")
        return value

    def integer(self, name: str, default: int | None = None, low: int = 0, high: int = 1 << 53) -> int:
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise FieldError(f"{name}: must be an integer from {low} to {high}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise FieldError(f"{name}: must be true or false")
        return value

    def decimal(self, name: str, default: Decimal | None = None) -> Decimal:
        value = self._take(name, default)
        number = value if isinstance(value, Decimal) else parse(value)
        if number is None or number <= 0:
            raise FieldError(f"{name}: must be a positive number in a string")
        return number

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._take(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise FieldError(f"{name}: must be a list of strings")
        return tuple(value)

    def place(self) -> tuple[str, str]:
        """Venue and market, spot where none is named."""
        venue = self.text("venue", words=tuple(MARKETS))
        return venue, self.text("market", SPOT, MARKETS[venue])

    def done(self) -> None:
        for name in self._fields:
            if name not in self._read:
                raise FieldError(f"{name}: unknown field; known are {', '.join(sorted(self._read))}")

    def _take(self, name: str, default: object) -> object:
        self._read.add(name)
        value = self._fields.get(name)
        return default if value is None else value
