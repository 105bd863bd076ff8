"""Reading what queries of Binance's histories ask for: integers, time windows, limits."""

from collections.abc import Mapping
from typing import TypeVar

from arb.simexchange import binance_errors as errors
from arb.simexchange.binance_errors import BinanceError

T = TypeVar("T")
Params = Mapping[str, str]
DAY_MS = 86_400_000


def integer(params: Params, name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise errors.illegal(name, "^[0-9]{1,20}$")
    return int(text)


def window(params: Params, most: int, refusal: tuple[int, str]) -> tuple[int, int]:
    """startTime and endTime, both included; `refusal` when they are more than `most` ms apart."""
    start, end = integer(params, "startTime", 0), integer(params, "endTime", 1 << 62)
    if "startTime" in params and "endTime" in params and end - start > most:
        raise BinanceError(*refusal)
    if "startTime" in params and "endTime" not in params:
        end = start + most
    return start, end


def limited(params: Params, rows: list[T]) -> list[T]:
    """From a starting point the oldest rows, else the newest ones."""
    limit = min(1000, integer(params, "limit", 500))
    if limit < 1:
        raise BinanceError(-1130, "Data sent for parameter 'limit' is not valid.")
    starts = "fromId" in params or "orderId" in params or "startTime" in params
    return rows[:limit] if starts else rows[-limit:]


def flag(params: Params, name: str, default: bool | None = None) -> bool:
    """`true` or `false`, whatever the case."""
    text = params.get(name)
    if text is None or text == "":
        if default is None:
            raise errors.missing(name)
        return default
    if text.lower() not in ("true", "false"):
        raise errors.illegal(name, "true|false")
    return text.lower() == "true"
