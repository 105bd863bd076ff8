"""The common grid of a pair, fixed when it is loaded, from the rules of all its venues."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from arb.venues.base import VenueInstrument

_MOST_DECIMALS = 8


def decimals_of(step: str) -> int:
    """Decimals of a tick or lot: "0.00010000" has 4, "10" has 0."""
    exponent = Decimal(step).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def pair_grid(instruments: Iterable[VenueInstrument]) -> tuple[int, int]:
    """(price, quantity) decimals. Venues print finer quantities than they take orders in (real BTC books
    carry six decimals where the lot has five), hence the margin; a digit beyond it makes the book STALE."""
    listed = list(instruments)
    price = max(decimals_of(instrument.tick) for instrument in listed) + 2
    qty = max(decimals_of(instrument.lot) for instrument in listed) + 3
    return min(_MOST_DECIMALS, price), min(_MOST_DECIMALS, qty)
