"""The money of a USD-M account: a wallet of its own, apart from spot."""

from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.perpetual import Perpetual
from arb.simexchange.perpetual_account import PerpetualAccount

LEVERAGE = 20


class UsdmWallet(PerpetualAccount):
    """Opened with `balances`."""

    def __init__(self, balances: Mapping[str, Decimal], perpetuals: Mapping[str, Perpetual]) -> None:
        super().__init__(dict(balances), perpetuals, LEVERAGE)
