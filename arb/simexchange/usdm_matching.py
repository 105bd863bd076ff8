"""Matching on USD-M books: as on spot, but fills move positions, and margin is what an order needs."""

from collections.abc import Iterable
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, down8
from arb.simexchange.book import Book
from arb.simexchange.ladder import Change
from arb.simexchange.matching import Matching
from arb.simexchange.orders import Event, Fill, Order, Refusal, Status
from arb.simexchange.spec import Fees
from arb.simexchange.usdm_wallet import UsdmWallet


class UsdmMatching(Matching):
    """No asset changes hands, so the account that spot pays from and into stays empty here."""

    def __init__(self, books: Iterable[Book], wallet: UsdmWallet, fees: Fees, first_trade: int) -> None:
        listed = list(books)
        assets = {name: ZERO for book in listed for name in (book.listing.base, book.listing.quote)}
        super().__init__(listed, Account(assets), fees, down8)
        self._wallet = wallet
        self._trade_ids = {symbol: first_trade + 1_000_000_000 * n for n, symbol in enumerate(self.books)}

    def place(self, order: Order, now_ms: int) -> list[Event] | Refusal:
        """As on spot. A reduce-only order gets at most what there is to reduce; the rest of it expires."""
        asked = order.qty
        if order.reduce_only:
            order.qty = min(asked, abs(self._wallet.positions[order.listing.symbol].qty))
        elif self._lacks_margin(order):
            return Refusal.INSUFFICIENT_BALANCE
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

    def _lacks_margin(self, order: Order) -> bool:
        waiting = [other for orders in self._resting.values() for other in orders]
        asset = order.listing.quote
        after = self._wallet.free(asset, [*waiting, order])
        return after < 0 and after < self._wallet.free(asset, waiting)

    def _cost(self, book: Book, order: Order) -> Decimal:
        return ZERO

    def _fill(
        self, order: Order, trade_id: int, price: Decimal, qty: Decimal, is_maker: bool, now_ms: int
    ) -> Event:
        symbol, quote = order.listing.symbol, price * qty
        fee = self._round_fee(quote * (self._fees.maker if is_maker else self._fees.taker))
        signed = qty if order.is_buy else -qty
        profit = self._wallet.trade(symbol, signed, price, fee, order.listing.quote, now_ms)
        fill = Fill(trade_id, price, qty, fee, order.listing.quote, is_maker, now_ms, profit)
        order.fills.append(fill)
        order.filled += qty
        order.filled_quote += quote
        order.status = Status.PARTIALLY_FILLED if order.left else Status.FILLED
        order.updated_ms = now_ms
        return self._event("trade", order, now_ms, fill)

    def _trim_reduce_only(self, symbol: str, now_ms: int) -> list[Event]:
        """Resting reduce-only orders never reach beyond the position."""
        held, events = self._wallet.positions[symbol].qty, list[Event]()
        for order in [order for order in self._resting[symbol] if order.reduce_only]:
            assert order.price is not None
            reducible = abs(held) if (held > 0) != order.is_buy else ZERO
            excess = max(ZERO, order.left - reducible)
            if not excess:
                continue
            self.books[symbol].add_own(order.is_buy, order.price, -excess)
            if excess < order.left:
                order.qty -= excess
            else:
                self._resting[symbol].remove(order)
                events.append(self._close(order, Status.EXPIRED, "expired", now_ms))
        return events
