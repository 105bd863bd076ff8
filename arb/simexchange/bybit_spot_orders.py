"""Bybit spot: matching with fees in full, and the rules of its orders."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, is_multiple
from arb.simexchange.binance_matching import BinanceMatching
from arb.simexchange.book import Book
from arb.simexchange.bybit_errors import (
    AMOUNT_TOO_LONG,
    NO_MARGIN_TRADING,
    SPOT_WORDS,
    BybitError,
    params_error,
)
from arb.simexchange.bybit_orders import BybitOrders, Params, middle_or_zero
from arb.simexchange.instant import Instant
from arb.simexchange.matching import Matching
from arb.simexchange.spec import SPOT, Fees, Listing

MAX_OPEN_ORDERS = 500
FIRST_ID = 1_321_003_749_386_327_000


class BybitSpotMatching(BinanceMatching):
    """Fees are not cut. `taken(asset)` is what margin holds of the one wallet that spot and linear share."""

    def __init__(
        self, books: Iterable[Book], account: Account, fees: Fees, taken: Callable[[str], Decimal]
    ) -> None:
        super().__init__(books, account, fees)
        self._round_fee = lambda fee: fee
        self._taken = taken

    def _available(self, asset: str) -> Decimal:
        return super()._available(asset) - max(ZERO, self._taken(asset))


class BybitSpotOrders(BybitOrders):
    def __init__(self, matching: Matching) -> None:
        super().__init__(SPOT, SPOT_WORDS, matching, FIRST_ID)

    def _quantity(
        self, params: Params, listing: Listing, is_buy: bool, price: Decimal | None, *, reduces: bool
    ) -> tuple[Decimal, Decimal | None]:
        # A market buy counts in quote unless told otherwise.
        if price is None and is_buy and params.get("marketUnit") != "baseCoin":
            amount = self._positive(params)
            if not is_multiple(amount, listing.tick * listing.lot):
                raise BybitError(*AMOUNT_TOO_LONG)
            self._check_value(listing, amount)
            return ZERO, amount
        qty = self._whole_lots(params, listing)
        self._check_value(listing, qty * (price or middle_or_zero(self.matching, listing)))
        return qty, None

    def _check_value(self, listing: Listing, value: Decimal) -> None:
        # The minimum quantity of spot is deprecated: the minimum amount rules.
        if value < listing.min_notional:
            raise BybitError(*self.words.least_value)

    def _check(self, params: Params, listing: Listing, is_buy: bool) -> bool:
        if str(params.get("isLeverage") or "0") != "0":
            raise BybitError(*NO_MARGIN_TRADING)
        if params.get("reduceOnly") is True:
            raise params_error("reduceOnly is not supported on spot.")
        return False

    def _reference(self, listing: Listing, now: Instant) -> Decimal:
        return middle_or_zero(self.matching, listing)

    def _is_full(self, listing: Listing) -> bool:
        return len(self.store.open()) >= MAX_OPEN_ORDERS

    def _default_client_id(self, order_id: int) -> str:
        return str(order_id)
