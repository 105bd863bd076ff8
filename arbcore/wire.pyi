from collections.abc import Mapping
from typing import Any, Self, final

VENUES: tuple[str, ...]

@final
class Reader:
    def __new__(cls, venue: str, grids: Mapping[str, tuple[int, int]]) -> Self: ...
    def read(self, raw: bytes) -> tuple[Any, ...]: ...
    def read_snapshot(self, raw: bytes, price_decimals: int, qty_decimals: int) -> tuple[Any, ...]: ...
    @property
    def symbols(self) -> tuple[str, ...]: ...

def decode(
    venue: str,
    raw: bytes,
    grids: Mapping[str, tuple[int, int]],
    snapshot: tuple[int, int] | None = None,
) -> tuple[Any, ...]: ...
