"""Matching on Binance spot: as everywhere, but fees may be paid in a third asset, at a discount."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, down8
from arb.simexchange.book import Book
from arb.simexchange.matching import Matching
from arb.simexchange.orders import Event, Fill, Order, Status
from arb.simexchange.spec import Fees

DISCOUNT = Decimal("0.75")  # of the fee is paid


@dataclass(frozen=True, slots=True)
class FeeAsset:
    """What fees are paid in while there is enough of it; `price` is its value in the quote asset."""

    asset: str
    price: Decimal
    share: Decimal = DISCOUNT

    def amount(self, quote_fee: Decimal) -> Decimal:
        return down8(quote_fee * self.share / self.price)


class BinanceMatching(Matching):
    """`fee_asset` None: fees are taken from what is received."""

    def __init__(self, books: Iterable[Book], account: Account, fees: Fees) -> None:
        super().__init__(books, account, fees, down8)
        self.fee_asset: FeeAsset | None = None

    def use_fee_asset(self, asset: str, amount: Decimal, price: Decimal) -> None:
        """From now on pay fees in `asset`, of which the account gets `amount` first."""
        account = self.account
        for column in (account.free, account.locked, account.market, account.fees):
            column.setdefault(asset, ZERO)
        account.free[asset] += amount
        self.fee_asset = FeeAsset(asset, price)

    def _fill(
        self, order: Order, trade_id: int, price: Decimal, qty: Decimal, is_maker: bool, now_ms: int
    ) -> Event:
        third = self.fee_asset
        rate = self._fees.maker if is_maker else self._fees.taker
        fee = ZERO if third is None else third.amount(price * qty * rate)
        if third is None or not fee or self.account.free[third.asset] < fee:
            return super()._fill(order, trade_id, price, qty, is_maker, now_ms)
        quote = price * qty
        paid, got = (quote, qty) if order.is_buy else (qty, quote)
        if order.price is not None:
            released = order.price * qty if order.is_buy else qty
            self.account.unlock(order.pays, released)
            order.locked -= released
        self.account.exchange((order.pays, paid), (order.gets, got), ZERO)
        self.account.free[third.asset] -= fee
        self.account.fees[third.asset] += fee
        fill = Fill(trade_id, price, qty, fee, third.asset, is_maker, now_ms)
        order.fills.append(fill)
        order.filled += qty
        order.filled_quote += quote
        order.status = Status.PARTIALLY_FILLED if order.left else Status.FILLED
        order.updated_ms = now_ms
        return self._event("trade", order, now_ms, fill)
