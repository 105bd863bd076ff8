"""Field types of the configuration: exact numbers in the units people write, symbols, addresses.

A number that the engine could only round is refused: fees and edges are whole parts per million inside, so a
basis point has at most two decimals.
"""

import ipaddress
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from arb.data.names import symbol_parts


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number")
    try:
        number = Decimal(str(value))  # the shortest text of a float is what stood in the file
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    return number


def _whole_ppm(value: Decimal) -> Decimal:
    if value * 100 != int(value * 100):
        raise ValueError("has more than two decimals: 0.01 bps is the finest step")
    return value


def _symbol(value: str) -> str:
    try:
        symbol_parts(value)
    except ValueError as error:
        raise ValueError(f"{error}; write BASE/QUOTE, a perpetual BASE/QUOTE:SETTLE") from None
    return value


def is_loopback(host: str | None) -> bool:
    """True for a loopback address literal and the name localhost; no name is looked up."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _loopback_url(value: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from None
    if parts.scheme not in schemes:
        raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be scheme, host, port and path only")
    if not is_loopback(parts.hostname) or port == 0:
        raise ValueError("this version talks to loopback addresses only (127.0.0.1, [::1], localhost)")
    return value.rstrip("/")


def _rising(times: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("must rise from each time to the next")
    return times


def _http_url(value: str) -> str:
    return _loopback_url(value, ("http", "https"))


def _ws_url(value: str) -> str:
    return _loopback_url(value, ("ws", "wss"))


Number = Annotated[Decimal, BeforeValidator(_decimal)]
Amount = Annotated[Number, Field(ge=0, le=Decimal("1e12"))]
Bps = Annotated[Number, AfterValidator(_whole_ppm)]
Symbol = Annotated[str, AfterValidator(_symbol)]
Asset = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$")]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
WsUrl = Annotated[str, AfterValidator(_ws_url)]
Millis = Annotated[int, Field(ge=1, le=3_600_000)]
Schedule = Annotated[tuple[Annotated[int, Field(ge=0, le=3_600_000)], ...], AfterValidator(_rising)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
