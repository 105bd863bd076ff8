"""Bybit linear perpetuals: margin out of the one wallet, and the rules of their orders."""

from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.bybit_errors import LINEAR_WORDS, NOTHING_TO_REDUCE, WRONG_POSITION_IDX, BybitError
from arb.simexchange.bybit_orders import BybitOrders, Params
from arb.simexchange.instant import Instant
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.perpetual_account import PerpetualAccount
from arb.simexchange.perpetual_matching import PerpetualMatching
from arb.simexchange.spec import LINEAR, Listing

MAX_OPEN_ORDERS = 500  # a symbol
FIRST_ID = 4_700_000_000


class BybitMargin(PerpetualAccount):
    """Positions whose money is that of the unified account."""

    def __init__(self, account: Account, perpetuals: Mapping[str, Perpetual]) -> None:
        super().__init__(account.free, perpetuals)
        self._account = account

    def _receive(self, asset: str, amount: Decimal) -> None:
        self._account.settle(asset, amount)

    def _charge(self, asset: str, fee: Decimal) -> None:
        self._account.charge(asset, fee)


class BybitLinearOrders(BybitOrders):
    """`is_hedge` is the account's position mode: orders must name one of the two positions then."""

    def __init__(
        self, matching: PerpetualMatching, margin: PerpetualAccount, perpetuals: Mapping[str, Perpetual]
    ) -> None:
        super().__init__(LINEAR, LINEAR_WORDS, matching, FIRST_ID)
        self.is_hedge = False
        self._margin = margin
        self._perpetuals = perpetuals

    def _quantity(
        self, params: Params, listing: Listing, is_buy: bool, price: Decimal | None, *, reduces: bool
    ) -> tuple[Decimal, Decimal | None]:
        qty = self._whole_lots(params, listing)
        if qty < listing.min_qty:
            raise BybitError(*self.words.too_small)
        if price is None and qty > listing.max_qty / 2:
            raise BybitError(*self.words.too_large)
        value = qty * (price or self._perpetuals[listing.symbol].mark)
        if not reduces and value < listing.min_notional:
            raise BybitError(*self.words.least_value)
        return qty, None

    def _check(self, params: Params, listing: Listing, is_buy: bool) -> bool:
        # Two positions a symbol are not simulated, and netting them would be a lie: none is taken then.
        if self.is_hedge or str(params.get("positionIdx") or "0") != "0":
            raise BybitError(*WRONG_POSITION_IDX)
        reduces = params.get("reduceOnly") is True or params.get("closeOnTrigger") is True
        if reduces and not self._margin.positions[listing.symbol].reducible(is_buy):
            raise BybitError(*NOTHING_TO_REDUCE)
        return reduces

    def _reference(self, listing: Listing, now: Instant) -> Decimal:
        perpetual = self._perpetuals[listing.symbol]
        perpetual.refresh(now)
        return perpetual.mark

    def _is_full(self, listing: Listing) -> bool:
        return len(self.store.open(listing.symbol)) >= MAX_OPEN_ORDERS

    def _default_client_id(self, order_id: int) -> str:
        return ""
