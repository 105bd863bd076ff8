from typing import Any

INPUTS: tuple[str, ...]
STATUSES: tuple[str, ...]
RECORDS: tuple[str, ...]
WISHES: tuple[str, ...]
STATES: tuple[str, ...]
ORDER_STATES: tuple[str, ...]

_Record = tuple[str, int, int, int, int, str, str]
_Wish = tuple[str, int]

def begin(
    *,
    seq: int,
    price_decimals: int,
    qty_decimals: int,
    lot: object,
    dust_in: object = "0",
    max_hedges: int = 1,
    base: int = 0,
    quote: int = 1,
    pair: int = 0,
) -> bytes: ...
def intend(
    state: bytes,
    *,
    side: str,
    qty: int,
    price: int,
    instrument: int = 0,
    venue: int = 0,
    hedge: bool = False,
    base_fee_ppm: int = 0,
    reserved: object = "0",
) -> bytes: ...
def step(
    state: bytes,
    kind: str,
    index: int = 0,
    *,
    status: str = "none",
    code: int = 0,
    qty: int = 0,
    price: int = 0,
    fee: object = "0",
    fee_asset: int = 1,
    ref: int = 0,
) -> tuple[bytes, list[_Record], list[_Wish]]: ...
def net(state: bytes) -> str: ...
def describe(state: bytes) -> dict[str, Any]: ...
