"""Binance as a whole, without I/O: `handle(request, now) -> response`, `advance(now) -> messages`."""

from collections.abc import Sequence
from random import Random

import orjson

from arb.simexchange.account import Account
from arb.simexchange.amounts import down8
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.binance_orders import BinanceOrders
from arb.simexchange.binance_rest import BinanceRest
from arb.simexchange.binance_shapes import account_position, execution_report
from arb.simexchange.book import Book
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.ladder import BID
from arb.simexchange.market import BookStep
from arb.simexchange.matching import Matching
from arb.simexchange.messages import PRIVATE, Message, Outbox, Request, Response, Subscriptions
from arb.simexchange.orders import Event
from arb.simexchange.perpetual import Perpetual, Prints, SpotIndex
from arb.simexchange.spec import BINANCE, SPOT, USDM, WorldSpec
from arb.simexchange.usdm_rest import UsdmRest
from arb.simexchange.weights import WEIGHT_LIMITS, Weights


class BinanceVenue:
    """Spot with orders; USD-M with market data. `index` gets the spot books and prices the perpetuals."""

    name = BINANCE

    def __init__(self, spec: WorldSpec, index: SpotIndex) -> None:
        own = [listing for listing in spec.listings if listing.venue == BINANCE]
        rng = Random(f"{spec.seed}:binance")
        self.credentials = spec.credentials
        self.markets = tuple(dict.fromkeys(listing.market for listing in own))
        self.wanted = {market: Subscriptions() for market in self.markets}
        self.books = {
            market: {
                listing.symbol: Book(listing, rng.randrange(30_000_000_000, 60_000_000_000))
                for listing in own
                if listing.market == market
            }
            for market in self.markets
        }
        self.account = Account(spec.balances)
        self.matching = Matching(self.books[SPOT].values(), self.account, spec.fees, down8)
        self.orders = BinanceOrders(self.matching, spec.seed)
        index.add(self.books[SPOT].values())
        perpetuals = [
            # Not all intervals are the usual 8 h: who takes that for granted reads a wrong rate.
            Perpetual(book, index, 4 if book.listing.base == "ETH" else 8)
            for book in self.books.get(USDM, {}).values()
        ]
        self._prints = Prints(rng.randrange(5_000_000, 9_000_000))
        self.feeds = {
            market: BinanceFeed(
                market,
                self.books[market].values(),
                self.wanted[market],
                perpetuals if market == USDM else (),
                spec.window_cuts,
            )
            for market in self.markets
        }
        self.outbox = Outbox()
        self._rng = rng
        self._execution_id = 8_641_984
        self._unrendered: list[tuple[Sequence[Event], Instant, str, int]] = []
        self.limits = {market: Weights(WEIGHT_LIMITS[market]) for market in self.markets}
        self._rest = BinanceRest(
            self.orders,
            self.account,
            self.feeds[SPOT],
            spec.fees,
            spec.credentials,
            self._announce,
            self.limits[SPOT],
        )
        self._usdm = (
            UsdmRest(self.feeds[USDM], perpetuals, self.limits[USDM]) if USDM in self.markets else None
        )

    def handle(self, request: Request, now: Instant) -> Response:
        self.render()
        if self._usdm is not None and request.path.startswith("/fapi/"):
            return self._usdm.handle(request, now)
        return self._rest.handle(request, now)

    def apply(self, step: BookStep, now: Instant) -> None:
        """One step of the generated market."""
        listing = step.listing
        if listing.market == SPOT:
            events = self.matching.move_background(listing.symbol, step.changes, step.trades, now.unix_ms)
            if events:
                self._announce(events, now, "")
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
        messages += self.feeds[SPOT].trades(self.matching.trades)
        self.matching.trades.clear()
        if USDM in self.feeds:
            messages += self.feeds[USDM].trades(self._prints.take())
        for feed in self.feeds.values():
            messages += feed.advance(now)
        return messages

    def _announce(self, events: Sequence[Event], now: Instant, cancel_id: str) -> None:
        """Half of the time events leave before the REST answer, else shortly after."""
        delay = 0 if self._rng.random() < 0.5 else self._rng.randrange(200_000, 2 * MILLISECOND_NS)
        due = self.outbox.due_at(now.mono_ns + delay)
        for event in events:
            self.orders.store.settle(event.order)
        self._unrendered.append((events, now, cancel_id, due))

    def is_due(self, now: Instant) -> bool:
        """Must private messages leave before anything else does?"""
        first = self.outbox.next_due_ns
        return bool(self._unrendered and self._unrendered[0][3] <= now.mono_ns) or (
            first is not None and first <= now.mono_ns
        )

    def render(self) -> None:
        """Make the messages of what was announced: after the REST answer, which does not wait for them, but
        before anything else can change the account."""
        for events, now, cancel_id, due in self._unrendered:
            assets: dict[str, None] = {}
            for event in events:
                self._execution_id += 1
                report = execution_report(event, self._execution_id, cancel_id)
                self._put("order", event.order.listing.symbol, report, due)
                assets |= dict.fromkeys((event.order.listing.base, event.order.listing.quote))
            self._put("balance", "", account_position(self.account, list(assets), now.unix_ms), due)
        self._unrendered.clear()

    def _put(self, kind: str, symbol: str, event: dict[str, object], due_ns: int) -> None:
        self.outbox.put(Message(BINANCE, SPOT, PRIVATE, kind, symbol, "user", orjson.dumps(event)), due_ns)
