"""What a kind of fault may be told: parameters with their bounds, and the requests it can act on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

STREAM = "stream"  # messages, after their ids were assigned
BYTES = "bytes"  # what the frame writer would never send
SOCKET = "socket"  # connections and listeners
ORDER = "order"  # requests of the account and what is answered

Value = int | float | str | bool


class FaultError(ValueError):
    """A fault that cannot be understood; the message names the field."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its default, and either the bounds of a number or the words it may be."""

    default: Value
    meaning: str
    low: float = 0
    high: float = 86_400_000
    words: tuple[str, ...] = ()

    def read(self, name: str, value: object) -> Value:
        """`value` if it is one this parameter may have, else FaultError."""
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise FaultError(f"params.{name}: must be true or false")
            return value
        if isinstance(self.default, str):
            if not isinstance(value, str) or (self.words and value not in self.words):
                what = f"one of {', '.join(self.words)}" if self.words else "a string"
                raise FaultError(f"params.{name}: must be {what}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FaultError(f"params.{name}: must be a number")
        if not self.low <= value <= self.high:
            raise FaultError(f"params.{name}: must be a number from {self.low:g} to {self.high:g}")
        return value

    def as_json(self) -> dict[str, object]:
        row: dict[str, object] = {"default": self.default, "meaning": self.meaning}
        if self.words:
            row["one_of"] = list(self.words)
        elif not isinstance(self.default, bool | str):
            row |= {"from": self.low, "to": self.high}
        return row


@dataclass(frozen=True, slots=True)
class Kind:
    """`channels` are the ones it can act on (empty: any), the first of them where none is named."""

    layer: str
    meaning: str
    params: Mapping[str, Param]
    channels: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()  # of the layer order: what it can act on, the first where none is named

    def read_params(self, given: object) -> dict[str, Value]:
        """All parameters, the defaults where none is given; FaultError for one it does not have."""
        if not isinstance(given, dict):
            raise FaultError("params: must be an object")
        params = cast("dict[str, object]", given)
        for name in params:
            if name not in self.params:
                known = ", ".join(sorted(self.params)) or "none"
                raise FaultError(f"params.{name}: unknown parameter; this kind takes {known}")
        return {
            name: param.read(name, params[name]) if name in params else param.default
            for name, param in self.params.items()
        }

    def as_json(self) -> dict[str, object]:
        return {
            "layer": self.layer,
            "meaning": self.meaning,
            "channels": list(self.channels),
            "venues": list(self.venues),
            "markets": list(self.markets),
            "ops": list(self.ops),
            "params": {name: param.as_json() for name, param in self.params.items()},
        }
