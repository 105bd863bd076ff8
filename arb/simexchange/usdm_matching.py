"""Matching on USD-M books."""

from collections.abc import Iterable

from arb.simexchange.amounts import down8
from arb.simexchange.book import Book
from arb.simexchange.perpetual_matching import PerpetualMatching
from arb.simexchange.spec import Fees
from arb.simexchange.usdm_wallet import UsdmWallet


class UsdmMatching(PerpetualMatching):
    """Fees are cut to eight decimals."""

    def __init__(self, books: Iterable[Book], wallet: UsdmWallet, fees: Fees, first_trade: int) -> None:
        super().__init__(books, wallet, fees, first_trade, down8)
