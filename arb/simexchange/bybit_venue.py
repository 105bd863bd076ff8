"""Bybit as a whole, without I/O: `handle(request, now) -> response`, `advance(now) -> messages`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random

import orjson

from arb.simexchange import bybit_shapes as shapes
from arb.simexchange.account import Account
from arb.simexchange.book import Book
from arb.simexchange.bybit_feed import BybitFeed
from arb.simexchange.bybit_orders import BybitOrders
from arb.simexchange.bybit_rest import BybitRest
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.ladder import BID
from arb.simexchange.market import BookStep
from arb.simexchange.matching import Matching
from arb.simexchange.messages import PRIVATE, Message, Outbox, Request, Response, Subscriptions
from arb.simexchange.order_store import OrderStore
from arb.simexchange.orders import Event, Order
from arb.simexchange.perpetual import Perpetual, Prints, SpotIndex
from arb.simexchange.spec import BYBIT, LINEAR, SPOT, WorldSpec


class BybitVenue:
    """Spot with orders; linear with market data. `index` gets the spot books and prices the perpetuals."""

    name = BYBIT

    def __init__(self, spec: WorldSpec, index: SpotIndex) -> None:
        own = [listing for listing in spec.listings if listing.venue == BYBIT]
        self._rng = Random(f"{spec.seed}:bybit")
        self._fees = spec.fees
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
        # Bybit prints fees in full: nothing is cut.
        self.matching = Matching(self.books[SPOT].values(), self.account, spec.fees, lambda fee: fee)
        self.orders = BybitOrders(self.matching)
        index.add(self.books[SPOT].values())
        perpetuals = [Perpetual(book, index) for book in self.books.get(LINEAR, {}).values()]
        self._prints = Prints(self._rng.randrange(5_000_000, 9_000_000))
        self.feeds = {
            market: BybitFeed(
                market,
                self.books[market].values(),
                self.wanted[market],
                perpetuals if market == LINEAR else (),
                spec.window_cuts,
            )
            for market in self.markets
        }
        self.outbox = Outbox()
        self._messages = 0
        self._unrendered: list[tuple[Sequence[Event], Instant, int]] = []
        self._rest = BybitRest(
            self.orders,
            self.account,
            self.feeds,
            own,
            spec.fees,
            spec.credentials,
            self._announce,
            self.marks,
        )

    @property
    def order_sides(self) -> dict[str, tuple[OrderStore, Matching]]:
        """The orders of each market and what matches them."""
        return {SPOT: (self.orders.store, self.matching)}

    def handle(self, request: Request, now: Instant) -> Response:
        self.render()
        return self._rest.handle(request, now)

    def apply(self, step: BookStep, now: Instant) -> None:
        """One step of the generated market."""
        listing = step.listing
        if listing.market == SPOT:
            events = self.matching.move_background(listing.symbol, step.changes, step.trades, now.unix_ms)
            if events:
                self._announce(events, now)
            return
        book = self.books[listing.market][listing.symbol]
        for side, ticks, lots in step.changes:
            book.set(side == BID, listing.tick * ticks, listing.lot * lots)
        for side, ticks, lots in step.trades:
            price, qty = listing.tick * ticks, listing.lot * lots
            self._prints.add(listing, price, qty, side != BID, now.unix_ms)

    def advance(self, now: Instant) -> list[Message]:
        """Stream messages due now."""
        self.render()
        messages = self.outbox.take(now.mono_ns)
        messages += self.feeds[SPOT].trades(self.matching.trades, now)
        self.matching.trades.clear()
        if LINEAR in self.feeds:
            messages += self.feeds[LINEAR].trades(self._prints.take(), now)
        for feed in self.feeds.values():
            messages += feed.advance(now)
        return messages

    def marks(self) -> Mapping[str, Decimal]:
        """Value of one unit in USDT: the middle of the spot book."""
        marks = {"USDT": Decimal(1)}
        for book in self.books[SPOT].values():
            bid, ask = book.best(True), book.best(False)
            marks[book.listing.base] = (bid[0] + ask[0]) / 2 if bid and ask else Decimal(0)
        return marks

    def _announce(self, events: Sequence[Event], now: Instant) -> None:
        """After the answer, always."""
        due = self.outbox.due_at(now.mono_ns + self._rng.randrange(MILLISECOND_NS // 2, 3 * MILLISECOND_NS))
        for event in events:
            self.orders.store.settle(event.order)
        self._unrendered.append((events, now, due))

    def is_due(self, now: Instant) -> bool:
        """Must private messages leave before anything else does?"""
        first = self.outbox.next_due_ns
        return first is not None and first <= now.mono_ns

    def render(self) -> None:
        """Make the messages of what was announced: after the REST answer, which does not wait for them, but
        before anything else can change the account."""
        for events, now, due in self._unrendered:
            self._render(events, now, due)
        self._unrendered.clear()

    def _render(self, events: Sequence[Event], now: Instant, due: int) -> None:
        """Executions and the order in either order, then the wallet."""
        orders: dict[Order, Event] = {}
        executions: list[tuple[Order, dict[str, object]]] = []
        for event in events:
            # The venue prints where an order stands after the action, not each step.
            orders[event.order] = event
            if event.fill is not None:
                executions.append((event.order, self._execution(event)))
        execution_first = self._rng.random() < 0.5
        if execution_first:
            self._put_executions(executions, now, due)
        for order, event in orders.items():
            body = shapes.order(order, event) | {"category": SPOT, "feeCurrency": "", "closedPnl": ""}
            self._put("order", order.listing.symbol, body, now, due)
        if not execution_first:
            self._put_executions(executions, now, due)
        self._put("wallet", "", shapes.wallet(self.account, self.marks()), now, due)

    def _execution(self, event: Event) -> dict[str, object]:
        assert event.fill is not None
        rate = self._fees.maker if event.fill.is_maker else self._fees.taker
        seq = self.books[SPOT][event.order.listing.symbol].last_id
        left = event.order.qty - event.filled
        return shapes.execution(event.order, event.fill, rate, left, seq) | {"category": SPOT, "execPnl": "0"}

    def _put_executions(self, rows: list[tuple[Order, dict[str, object]]], now: Instant, due: int) -> None:
        for order, row in rows:
            self._put("execution", order.listing.symbol, row, now, due)

    def _put(self, topic: str, symbol: str, row: dict[str, object], now: Instant, due_ns: int) -> None:
        self._messages += 1
        body = {"topic": topic, "id": f"sim_{self._messages}", "creationTime": now.unix_ms, "data": [row]}
        message = Message(BYBIT, SPOT, PRIVATE, topic, symbol, topic, orjson.dumps(body))
        self.outbox.put(message, due_ns)
