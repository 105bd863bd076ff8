"""Ids as Bybit prints them: decimal numbers on spot, UUIDs on linear. Both carry the number meant."""

import uuid

from arb.simexchange.orders import Fill, Order
from arb.simexchange.spec import LINEAR, Listing

_ORDER, _EXECUTION = 0x5A1C8F027D3E4B61 << 64, 0x0AB1BDF742194F8B << 64
_LOW = (1 << 64) - 1
_FIRST_SPOT_EXECUTION = 2_100_000_000_000_000_000


def order_id(order: Order) -> str:
    return _uuid(_ORDER, order.order_id) if order.listing.market == LINEAR else str(order.order_id)


def order_number(text: str) -> int | None:
    """None for what is no id of either form."""
    if text.isascii() and text.isdecimal() and len(text) <= 20:
        return int(text)
    try:
        value = uuid.UUID(text).int
    except ValueError:
        return None
    return value & _LOW if value & ~_LOW == _ORDER else None


def execution_id(listing: Listing, number: int) -> str:
    if listing.market == LINEAR:
        return _uuid(_EXECUTION, number)
    return str(_FIRST_SPOT_EXECUTION + number)


def fill_id(order: Order, fill: Fill) -> str:
    return execution_id(order.listing, fill.trade_id)


def _uuid(head: int, number: int) -> str:
    return str(uuid.UUID(int=head | number))
