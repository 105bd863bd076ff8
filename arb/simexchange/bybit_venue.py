"""Bybit as a whole, without I/O: `handle(request, now) -> response`, `advance(now) -> messages`."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO
from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.book import Book
from arb.simexchange.bybit_account_calls import BybitAccountCalls
from arb.simexchange.bybit_account_shapes import Funding
from arb.simexchange.bybit_desk import BybitDesk, Windows, calls
from arb.simexchange.bybit_feed import BybitFeed
from arb.simexchange.bybit_linear import FEES, BybitLinear
from arb.simexchange.bybit_market_calls import BybitMarketCalls
from arb.simexchange.bybit_order_calls import BybitOrderCalls
from arb.simexchange.bybit_orders import BybitOrders
from arb.simexchange.bybit_private import BybitEvents
from arb.simexchange.bybit_rest import BybitRest
from arb.simexchange.bybit_spot_orders import BybitSpotMatching, BybitSpotOrders
from arb.simexchange.bybit_trade import TradeHall
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.market import BookStep
from arb.simexchange.matching import Matching
from arb.simexchange.messages import Message, Outbox, Request, Response, Subscriptions
from arb.simexchange.order_store import OrderStore
from arb.simexchange.orders import Event, Order, market_order
from arb.simexchange.perpetual import Perpetual, SpotIndex
from arb.simexchange.rates import OrderWindow
from arb.simexchange.spec import BYBIT, LINEAR, SPOT, WorldSpec

UID = 24617703
ORDERS_A_SECOND = {SPOT: 20, LINEAR: 10}


class BybitVenue:
    """One unified account for spot and linear. `index` gets the spot books and prices the perpetuals."""

    name = BYBIT

    def __init__(self, spec: WorldSpec, index: SpotIndex) -> None:
        own = [listing for listing in spec.listings if listing.venue == BYBIT]
        self._rng = Random(f"{spec.seed}:bybit")
        self.credentials = spec.credentials
        self.markets = tuple(dict.fromkeys(listing.market for listing in own))
        self.wanted = {market: Subscriptions() for market in self.markets}
        self.books = {
            market: {
                listing.symbol: Book(listing, self._rng.randrange(60_000_000_000, 90_000_000_000))
                for listing in own
                if listing.market == market
            }
            for market in self.markets
        }
        self.account = Account(spec.balances)
        self.keys = KeyStore([ApiKey(spec.credentials.key, spec.credentials.secret)], UID)
        self.order_counts = {market: OrderWindow(ORDERS_A_SECOND[market]) for market in self.markets}
        self.outbox = Outbox()
        self._fee_assets: dict[str, Decimal] = {}  # what fees may be paid in besides, and its price
        self._unrendered: list[tuple[Callable[[], list[Message]], int]] = []
        fees = {SPOT: spec.fees, LINEAR: FEES}
        self._events = BybitEvents(self.account, self.books, fees, self.marks, self._rng)
        self.matching = BybitSpotMatching(self.books[SPOT].values(), self.account, spec.fees, self._taken)
        self.orders = BybitSpotOrders(self.matching)
        index.add(self.books[SPOT].values())
        perpetuals = {symbol: Perpetual(book, index) for symbol, book in self.books.get(LINEAR, {}).items()}
        first_trade = self._rng.randrange(5_000_000, 9_000_000)
        self.linear: BybitLinear | None = None
        if LINEAR in self.books:
            self.linear = BybitLinear(
                self.books[LINEAR], perpetuals, self.account, first_trade, self._announce, self._funded
            )
        self._events.linear = self.linear
        self.feeds = {
            market: BybitFeed(
                market,
                self.books[market].values(),
                self.wanted[market],
                perpetuals.values() if market == LINEAR else (),
                spec.window_cuts,
            )
            for market in self.markets
        }
        windows = Windows(self.order_counts)
        sides: dict[str, BybitOrders] = {SPOT: self.orders}
        if self.linear is not None:
            sides[LINEAR] = self.linear.orders
        fundings = [] if self.linear is None else self.linear.fundings
        table = calls(
            BybitOrderCalls(sides, fees, fundings, self._announce, windows.batch),
            BybitAccountCalls(self.account, self.linear, self.books, fees, self.marks, self._moved),
            BybitMarketCalls(self.feeds, own, self.linear),
        )
        self.desk = BybitDesk(table, windows, self.keys, self.render)
        self.trade_hall = TradeHall(self.desk)
        self._rest = BybitRest(self.desk)

    @property
    def order_sides(self) -> dict[str, tuple[OrderStore, Matching]]:
        """The orders of each market and what matches them."""
        sides: dict[str, tuple[OrderStore, Matching]] = {SPOT: (self.orders.store, self.matching)}
        if self.linear is not None:
            sides[LINEAR] = (self.linear.orders.store, self.linear.matching)
        return sides

    def handle(self, request: Request, now: Instant) -> Response:
        return self._rest.handle(request, now)

    def foreign(
        self,
        market: str,
        symbol: str,
        is_buy: bool,
        qty: Decimal,
        price: Decimal | None,
        client_id: str,
        now: Instant,
    ) -> Order | None:
        """An order that somebody else places on the account; None where balance or margin do not suffice."""
        self.render()
        store, matching = self.order_sides[market]
        order = market_order(
            store.next_id(), client_id, matching.books[symbol].listing, is_buy, qty, now, price
        )
        events = matching.place(order, now.unix_ms)
        if not isinstance(events, list):
            return None
        store.add(order)
        self._announce(events, now)
        return order

    def force_close(self, market: str, symbol: str, qty: Decimal, kind: str, now: Instant) -> Order | None:
        """Liquidation or deleveraging; None without a position."""
        if market != LINEAR or self.linear is None:
            return None
        self.render()
        return self.linear.force_close(symbol, qty, kind, now)

    def use_fee_asset(self, market: str, asset: str, amount: Decimal, price: Decimal) -> bool:
        """Fees in a third asset (MNT) from now on; False where the market takes none."""
        self.account.open(asset)
        self._fee_assets[asset] = price
        if market == LINEAR and self.linear is not None:
            self.linear.matching.use_fee_asset(asset, amount, price)
        else:
            self.matching.use_fee_asset(asset, amount, price)
        return True

    def apply(self, step: BookStep, now: Instant) -> None:
        """One step of the generated market."""
        self.render()
        matching = self.order_sides[step.listing.market][1]
        events = matching.move_background(step.listing.symbol, step.changes, step.trades, now.unix_ms)
        if events:
            self._announce(events, now)

    def advance(self, now: Instant) -> list[Message]:
        """Stream messages due now."""
        self.render()
        linear_trades = [] if self.linear is None else self.linear.advance(now)
        self.render()
        messages = self.outbox.take(now.mono_ns)
        messages += self.feeds[SPOT].trades(self.matching.trades, now)
        self.matching.trades.clear()
        if self.linear is not None:
            messages += self.feeds[LINEAR].trades(linear_trades, now)
        for feed in self.feeds.values():
            messages += feed.advance(now)
        return messages

    def marks(self) -> Mapping[str, Decimal]:
        """Value of one unit in USDT: the middle of the spot book."""
        marks = {"USDT": Decimal(1), **self._fee_assets}
        for book in self.books[SPOT].values():
            bid, ask = book.best(True), book.best(False)
            marks[book.listing.base] = (bid[0] + ask[0]) / 2 if bid and ask else ZERO
        return marks

    def is_due(self, now: Instant) -> bool:
        """Must private messages leave before anything else does?"""
        first = self.outbox.next_due_ns
        return first is not None and first <= now.mono_ns

    def render(self) -> None:
        """Make the messages of what was announced: after the answer, which does not wait for them, but before
        anything else can change the account."""
        for make, due in self._unrendered:
            for message in make():
                self.outbox.put(message, due)
        self._unrendered.clear()

    def _announce(self, events: Sequence[Event], now: Instant) -> None:
        """After the answer, always."""
        sides = self.order_sides
        for event in events:
            sides[event.order.listing.market][0].settle(event.order)
        self._later(lambda: self._events.orders(events, now), now)

    def _funded(self, payment: Funding, now: Instant) -> None:
        self._later(lambda: self._events.funding(payment, now), now)

    def _moved(self, symbol: str, now: Instant) -> None:
        self._later(lambda: self._events.position(symbol, now), now)

    def _later(self, make: Callable[[], list[Message]], now: Instant) -> None:
        delay = self._rng.randrange(MILLISECOND_NS // 2, 3 * MILLISECOND_NS)
        self._unrendered.append((make, self.outbox.due_at(now.mono_ns + delay)))

    def _taken(self, asset: str) -> Decimal:
        return ZERO if self.linear is None else self.linear.taken(asset)
