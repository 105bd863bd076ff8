"""One account at one venue: free and locked Decimal balances, and who has the rest.

Nothing is created or lost: what the account pays goes to the market or to the fees, so that per asset
account + market + fees is constant, to the last decimal.
"""

from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.amounts import ZERO


class Account:
    """Balances by asset. Callers check `free` before they take: a negative balance is a bug."""

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self.free: dict[str, Decimal] = dict(balances)
        self.locked: dict[str, Decimal] = dict.fromkeys(balances, ZERO)
        self.market: dict[str, Decimal] = dict.fromkeys(balances, ZERO)  # what counterparties got, net
        self.fees: dict[str, Decimal] = dict.fromkeys(balances, ZERO)

    @property
    def assets(self) -> list[str]:
        return list(self.free)

    def total(self, asset: str) -> Decimal:
        return self.free[asset] + self.locked[asset]

    def lock(self, asset: str, amount: Decimal) -> None:
        self.free[asset] -= amount
        self.locked[asset] += amount
        assert self.free[asset] >= 0, f"{asset}: locked more than was free"

    def unlock(self, asset: str, amount: Decimal) -> None:
        self.locked[asset] -= amount
        self.free[asset] += amount
        assert self.locked[asset] >= 0, f"{asset}: unlocked more than was locked"

    def exchange(self, pay: tuple[str, Decimal], get: tuple[str, Decimal], fee: Decimal) -> None:
        """Pay from `free`, get less the fee, which is in the asset received."""
        asset, amount = pay
        self.free[asset] -= amount
        self.market[asset] += amount
        assert self.free[asset] >= 0, f"{asset}: paid more than was free"
        asset, amount = get
        self.free[asset] += amount - fee
        self.market[asset] -= amount
        self.fees[asset] += fee

    def settle(self, asset: str, amount: Decimal) -> None:
        """Realised profit or funding of perpetuals comes in; a loss is negative, and may leave `free` so."""
        self.free[asset] += amount
        self.market[asset] -= amount

    def charge(self, asset: str, fee: Decimal) -> None:
        """A fee that is paid apart from what was traded."""
        self.free[asset] -= fee
        self.fees[asset] += fee

    def open(self, asset: str) -> None:
        """Have that asset too, none of it yet."""
        for column in (self.free, self.locked, self.market, self.fees):
            column.setdefault(asset, ZERO)
