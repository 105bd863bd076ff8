"""Accounts as two independent books: ours, from fills, and the venue's, from its own balances and positions.

A perpetual is kept like a coin: its position is the holding of the base asset, and the cash beside it is the
wallet less what the position cost. So a fill moves both alike on spot and on perpetuals, and a flat account's
cash is its wallet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from arb.live.ask import ask
from arb.live.registration import VenueState
from arb.venues.base import Balance, Position

Totals = Mapping[str, Decimal]  # asset -> what is held


def totals(balances: Sequence[Balance]) -> dict[str, Decimal]:
    """Free and locked together."""
    return {balance.asset: Decimal(balance.free) + Decimal(balance.locked) for balance in balances}


def as_holdings(wallet: Totals, positions: Sequence[Position], currency: str) -> dict[str, Decimal]:
    """Of a perpetual account: the cash in the currency, and each position as its base asset."""
    held = {currency: wallet.get(currency, Decimal(0))}
    for position in positions:
        base, qty = position.symbol.partition("/")[0], Decimal(position.qty)
        held[base] = held.get(base, Decimal(0)) + qty
        held[currency] -= qty * Decimal(position.entry_price)
    return held


def changes(before: Totals, after: Totals, assets: Sequence[str]) -> dict[str, Decimal]:
    zero = Decimal(0)
    return {asset: after.get(asset, zero) - before.get(asset, zero) for asset in assets}


async def wallet_of(state: VenueState) -> dict[str, Decimal]:
    timeout_s = state.plan.settings.read_timeout_s
    return totals(await ask(f"{state.plan.name} balances", state.orders.balances, timeout_s))


async def positions_of(state: VenueState) -> list[Position]:
    """Of the instruments of the session; none on spot."""
    account = state.venue.account
    if not state.plan.is_perpetual or account is None:
        return []
    timeout_s = state.plan.settings.read_timeout_s
    told = await ask(f"{state.plan.name} positions", account.positions, timeout_s)
    return [position for position in told if position.symbol in state.instruments]


async def holdings_of(state: VenueState, currency: str) -> dict[str, Decimal]:
    """What the venue says is held now, in the form of our ledger."""
    wallet = await wallet_of(state)
    if not state.plan.is_perpetual:
        return wallet
    return as_holdings(wallet, await positions_of(state), currency)
