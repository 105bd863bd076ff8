"""Bybit's order entry as data: what differs between spot and linear perpetuals, in one table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arb.venues.base import Balance
from arb.venues.bybit import parse_private, tables
from arb.venues.bybit.errors import LINEAR, LINEAR_ERRORS, SPOT, SPOT_ERRORS
from arb.venues.bybit.tables import Endpoint
from arb.venues.errors import ErrorTable


@dataclass(slots=True, frozen=True)
class OrderMarket:
    category: str
    errors: ErrorTable
    place: Endpoint
    cancel: Endpoint
    constants: str  # of every order, as JSON members
    reduces: bool  # knows reduceOnly
    every: str  # in a query, what names all symbols
    topics: tuple[str, ...]
    balances_of: Callable[[Sequence[Mapping[str, Any]]], list[Balance]]


# isLeverage 0 never borrows; smpType ends our own taker instead of trading with ourselves.
SPOT_ORDERS = OrderMarket(
    category=SPOT,
    errors=SPOT_ERRORS,
    place=Endpoint("POST", "/v5/order/create", 20),
    cancel=Endpoint("POST", "/v5/order/cancel", 20),
    constants='"isLeverage":0,"smpType":"CancelTaker"',
    reduces=False,
    every="",
    topics=("order", "execution", "wallet"),
    balances_of=parse_private.balances,
)

# positionIdx 0 is the one position of one-way mode; in hedge mode the order is refused.
LINEAR_ORDERS = OrderMarket(
    category=LINEAR,
    errors=LINEAR_ERRORS,
    place=Endpoint("POST", "/v5/order/create", 10),
    cancel=Endpoint("POST", "/v5/order/cancel", 10),
    constants='"positionIdx":0,"smpType":"CancelTaker"',
    reduces=True,
    every=f"&settleCoin={tables.SETTLE_COIN}",
    topics=("order", "execution", "wallet", "position"),
    balances_of=parse_private.margin_balances,
)
