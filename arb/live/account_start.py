"""What the account says before the first order: fees, and modes in which orders mean something else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, Decimal
from functools import partial

from arb.errors import ArbError, AuthError, Unreachable
from arb.live.accounts import as_holdings, positions_of, wallet_of
from arb.live.ask import ask
from arb.live.checks import Grade, account_checks
from arb.live.registration import VenueState
from arb.text import plain
from arbcore.engine import Engine

log = logging.getLogger("arb.session")

_BPS = Decimal(10_000)
_STEP = Decimal("0.01")  # the finest fee the engine knows, in basis points


async def learn_account(state: VenueState, symbols: tuple[str, ...]) -> None:
    """Fills `state.fees`. AuthError or ArbError for an account that must not trade here; fees that cannot be
    read leave the configured ones in force, and that is said."""
    account = state.venue.account
    if account is None:
        return
    name, timeout_s = state.plan.name, state.plan.settings.read_timeout_s
    facts = await ask(f"{name} account", partial(account.facts, symbols), timeout_s)
    for check in account_checks(name, facts):
        if check.grade is Grade.fail:
            kind = AuthError if check.code == AuthError.code else ArbError
            raise kind(f"{name}: {check.text}", hint=check.help)
    try:
        rates = await ask(f"{name} fee rates", partial(account.fee_rates, symbols), timeout_s)
    except Unreachable as error:
        log.warning("%s; the configured fee of %s bps counts", error.message, state.plan.taker_fee_bps)
        return
    for rate in rates:
        state.fees[rate.symbol] = in_bps(rate.taker)
        if Decimal(state.fees[rate.symbol]) != Decimal(state.plan.taker_fee_bps):
            log.info("%s %s: taker fee %s bps", name, rate.symbol, state.fees[rate.symbol])


def in_bps(rate: str) -> str:
    """A fraction as basis points, rounded up to a hundredth: never cheaper than it is."""
    return plain((Decimal(rate) * _BPS).quantize(_STEP, ROUND_CEILING))


async def take_opening(
    state: VenueState, engine: Engine, assets: Sequence[str], currency: str, stamp: Callable[[], int]
) -> None:
    """What is there before the first order, into the ledger."""
    wallet = await wallet_of(state)
    if not state.plan.is_perpetual:
        state.opening = wallet
        for number, asset in enumerate(assets):
            engine.balance(state.id, number, format(wallet.get(asset, Decimal(0)), "f"), stamp())
        return
    positions = await positions_of(state)
    state.opening = as_holdings(wallet, positions, currency)
    engine.balance(state.id, assets.index(currency), format(wallet.get(currency, Decimal(0)), "f"), stamp())
    for position in positions:
        instrument = state.instruments[position.symbol]
        engine.position(instrument, position.qty, stamp(), position.entry_price)
