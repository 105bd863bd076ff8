"""Matching on books of perpetuals: as on spot, but fills move positions, and orders need margin."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO
from arb.simexchange.binance_matching import FeeAsset
from arb.simexchange.book import Book
from arb.simexchange.ladder import Change
from arb.simexchange.matching import Matching
from arb.simexchange.orders import Event, Fill, Order, Refusal, Status
from arb.simexchange.perpetual_account import PerpetualAccount
from arb.simexchange.spec import Fees

SHARE = Decimal("0.9")  # of a fee is paid when it is paid in another asset


class PerpetualMatching(Matching):
    """No asset changes hands, so the account that spot pays from and into stays empty here. `first_trade` is
    where the ids of trades begin."""

    def __init__(
        self,
        books: Iterable[Book],
        wallet: PerpetualAccount,
        fees: Fees,
        first_trade: int,
        round_fee: Callable[[Decimal], Decimal],
    ) -> None:
        listed = list(books)
        assets = {name: ZERO for book in listed for name in (book.listing.base, book.listing.quote)}
        super().__init__(listed, Account(assets), fees, round_fee)
        self._wallet = wallet
        self.fee_asset: FeeAsset | None = None
        self._trade_ids = {symbol: first_trade + 1_000_000_000 * n for n, symbol in enumerate(self.books)}

    def use_fee_asset(self, asset: str, amount: Decimal, price: Decimal) -> None:
        """From now on pay fees in `asset`, of which the wallet gets `amount` first."""
        self._wallet.wallet[asset] = self._wallet.wallet.get(asset, ZERO) + amount
        self.fee_asset = FeeAsset(asset, price, SHARE)

    def place(self, order: Order, now_ms: int) -> list[Event] | Refusal:
        """As on spot. A reduce-only order gets at most what there is to reduce; the rest of it expires."""
        asked = order.qty
        if order.reduce_only:
            order.qty = min(asked, self._wallet.positions[order.listing.symbol].reducible(order.is_buy))
        events = super().place(order, now_ms)
        if isinstance(events, Refusal):
            return events
        if order.qty < asked and not order.status.is_open:
            order.qty = asked
            if order.status is Status.FILLED:
                events[-1] = events[-1]._replace(status=Status.PARTIALLY_FILLED)
                events.append(self._close(order, Status.EXPIRED, "expired", now_ms))
        return events + self._trim_reduce_only(order.listing.symbol, now_ms)

    def move_background(
        self, symbol: str, changes: Iterable[Change], trades: Iterable[Change], now_ms: int
    ) -> list[Event]:
        events = super().move_background(symbol, changes, trades, now_ms)
        return events + self._trim_reduce_only(symbol, now_ms) if events else events

    def amend(self, order: Order, price: Decimal, qty: Decimal, now_ms: int) -> list[Event] | Refusal:
        events = super().amend(order, price, qty, now_ms)
        if isinstance(events, Refusal):
            return events
        return events + self._trim_reduce_only(order.listing.symbol, now_ms)

    @property
    def resting(self) -> list[Order]:
        return [order for orders in self._resting.values() for order in orders]

    def _lacks_funds(self, order: Order, needed: Decimal) -> bool:
        if order.reduce_only:
            return False
        asset, waiting = order.listing.quote, self.resting
        after = self._wallet.free(asset, [*waiting, order])
        return after < 0 and after < self._wallet.free(asset, waiting)

    def _cost(self, book: Book, order: Order) -> Decimal:
        return ZERO

    def _fill(
        self, order: Order, trade_id: int, price: Decimal, qty: Decimal, is_maker: bool, now_ms: int
    ) -> Event:
        symbol, quote = order.listing.symbol, price * qty
        exact = quote * (self._fees.maker if is_maker else self._fees.taker)
        fee, asset, third = self._round_fee(exact), order.listing.quote, self.fee_asset
        if third is not None and self._wallet.wallet[third.asset] >= third.amount(exact):
            fee, asset = third.amount(exact), third.asset
        signed = qty if order.is_buy else -qty
        closed = min(qty, self._wallet.positions[symbol].reducible(order.is_buy))
        profit = self._wallet.trade(symbol, signed, price, fee, asset, now_ms)
        fill = Fill(trade_id, price, qty, fee, asset, is_maker, now_ms, profit, closed)
        order.fills.append(fill)
        order.filled += qty
        order.filled_quote += quote
        order.status = Status.PARTIALLY_FILLED if order.left else Status.FILLED
        order.updated_ms = now_ms
        return self._event("trade", order, now_ms, fill)

    def _trim_reduce_only(self, symbol: str, now_ms: int) -> list[Event]:
        """Resting reduce-only orders never reach beyond the position."""
        position, events = self._wallet.positions[symbol], list[Event]()
        for order in [order for order in self._resting[symbol] if order.reduce_only]:
            assert order.price is not None
            excess = max(ZERO, order.left - position.reducible(order.is_buy))
            if not excess:
                continue
            self.books[symbol].add_own(order.is_buy, order.price, -excess)
            if excess < order.left:
                order.qty -= excess
            else:
                self._resting[symbol].remove(order)
                events.append(self._close(order, Status.EXPIRED, "expired", now_ms))
        return events
