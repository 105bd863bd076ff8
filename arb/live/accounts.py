"""Accounts as two independent books: ours, from fills, and the venue's, from its own balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from arb.venues.base import Balance

Totals = Mapping[str, Decimal]  # asset -> free + locked


def totals(balances: Sequence[Balance]) -> dict[str, Decimal]:
    return {balance.asset: Decimal(balance.free) + Decimal(balance.locked) for balance in balances}


def changes(before: Totals, after: Totals, assets: Sequence[str]) -> dict[str, Decimal]:
    zero = Decimal(0)
    return {asset: after.get(asset, zero) - before.get(asset, zero) for asset in assets}
