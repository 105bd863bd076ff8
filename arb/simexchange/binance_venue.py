"""Binance as a whole, without I/O: `handle(request, now) -> response`, `advance(now) -> messages`."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from arb.simexchange.account import Account
from arb.simexchange.api_keys import ApiKey, KeyStore, ed25519_pair
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Desk
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.binance_instruments import ORDER_LIMITS
from arb.simexchange.binance_matching import BinanceMatching
from arb.simexchange.binance_orders import BinanceOrders
from arb.simexchange.binance_private import Announcer, SpotEvents
from arb.simexchange.binance_rest import BinanceRest
from arb.simexchange.binance_routes import WS_METHODS
from arb.simexchange.binance_sapi import sapi_calls
from arb.simexchange.binance_spot_calls import SpotCalls
from arb.simexchange.binance_ws_api import WsApi
from arb.simexchange.book import Book
from arb.simexchange.instant import Instant
from arb.simexchange.market import BookStep
from arb.simexchange.matching import Matching
from arb.simexchange.messages import Message, Outbox, Request, Response, Subscriptions
from arb.simexchange.order_store import OrderStore
from arb.simexchange.orders import Event, Order, market_order
from arb.simexchange.perpetual import Perpetual, SpotIndex
from arb.simexchange.spec import BINANCE, SPOT, USDM, WorldSpec
from arb.simexchange.usdm_instruments import ORDER_LIMITS as USDM_ORDER_LIMITS
from arb.simexchange.usdm_market import UsdmMarket
from arb.simexchange.weights import WEIGHT_LIMITS, Weights

UID = 354937868


class BinanceVenue:
    """Spot, and USD-M where it is listed. `index` gets the spot books and prices the perpetuals."""

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
        self.matching = BinanceMatching(self.books[SPOT].values(), self.account, spec.fees)
        self.orders = BinanceOrders(self.matching, spec.seed)
        index.add(self.books[SPOT].values())
        self.perpetuals = {
            # Not all intervals are the usual 8 h: who takes that for granted reads a wrong rate.
            symbol: Perpetual(book, index, 4 if book.listing.base == "ETH" else 8)
            for symbol, book in self.books.get(USDM, {}).items()
        }
        first_trade = rng.randrange(5_000_000, 9_000_000)
        self.feeds = {
            market: BinanceFeed(
                market,
                self.books[market].values(),
                self.wanted[market],
                self.perpetuals.values() if market == USDM else (),
                spec.window_cuts,
            )
            for market in self.markets
        }
        self.ed25519 = ed25519_pair("simed25519" + "0" * 54, f"{spec.seed}:ed25519")
        own_key = ApiKey(spec.credentials.key, spec.credentials.secret)
        self.keys = KeyStore([own_key, self.ed25519.key], UID)
        self.limits = {market: Weights(WEIGHT_LIMITS[market]) for market in self.markets}
        self.order_counts = {
            SPOT: OrderCounts(ORDER_LIMITS, only_unfilled=True),
            USDM: OrderCounts(USDM_ORDER_LIMITS, only_unfilled=False),
        }
        self._announcer = Announcer(rng)
        self._spot_events = SpotEvents(self.account)
        spot = SpotCalls(
            self.orders,
            self.matching,
            self.feeds[SPOT],
            spec.fees,
            self.order_counts[SPOT],
            self.limits[SPOT],
            self._announce,
        )
        calls = spot.table() | sapi_calls(self.books[SPOT], spec.fees, self.keys)
        self.desks = {
            SPOT: Desk(SPOT, calls, self.limits[SPOT], lambda key: key.rights.may_trade(futures=False))
        }
        self.usdm: UsdmMarket | None = None
        if USDM in self.markets:
            self.usdm = UsdmMarket(
                spec,
                self.books[USDM],
                self.perpetuals,
                self.feeds[USDM],
                self.limits[USDM],
                self.order_counts[USDM],
                self._announcer,
                first_trade,
            )
            self.desks[USDM] = Desk(
                USDM, self.usdm.calls(), self.limits[USDM], lambda key: key.rights.may_trade(futures=True)
            )
        self._rest = BinanceRest(self.desks, self.order_counts, self.keys)

    @property
    def order_sides(self) -> dict[str, tuple[OrderStore, Matching]]:
        """The orders of each market and what matches them."""
        sides: dict[str, tuple[OrderStore, Matching]] = {SPOT: (self.orders.store, self.matching)}
        if self.usdm is not None:
            sides[USDM] = (self.usdm.orders.store, self.usdm.matching)
        return sides

    @property
    def outbox(self) -> Outbox:
        return self._announcer.outbox

    def ws_api(self, market: str) -> WsApi:
        """What the WS-API connections of one market share."""
        return WsApi(
            self.desks[market], self.keys, self.order_counts[market], WS_METHODS[market], self.render
        )

    def handle(self, request: Request, now: Instant) -> Response:
        self.render()
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
        store, matching = self.order_sides[market]
        order = market_order(
            store.next_id(), client_id, matching.books[symbol].listing, is_buy, qty, now, price
        )
        events = matching.place(order, now.unix_ms)
        if not isinstance(events, list):
            return None
        store.add(order)
        if market == SPOT:
            self._announce(events, now, "")
        elif self.usdm is not None:
            self.usdm.announce(events, now)
        return order

    def force_close(self, market: str, symbol: str, qty: Decimal, kind: str, now: Instant) -> Order | None:
        """Liquidation or deleveraging; None without a position."""
        if self.usdm is None or market != USDM:
            return None
        client_id = f"autoclose-{now.unix_ms}" if kind == "liquidation" else "adl_autoclose"
        return self.usdm.force_close(symbol, qty, client_id, now)

    def use_fee_asset(self, market: str, asset: str, amount: Decimal, price: Decimal) -> bool:
        """Fees in a third asset from now on; False where the market takes none."""
        if market == SPOT:
            self.matching.use_fee_asset(asset, amount, price)
        elif self.usdm is not None:
            self.usdm.matching.use_fee_asset(asset, amount, price)
        return market == SPOT or self.usdm is not None

    def apply(self, step: BookStep, now: Instant) -> None:
        """One step of the generated market."""
        listing = step.listing
        if listing.market == SPOT:
            events = self.matching.move_background(listing.symbol, step.changes, step.trades, now.unix_ms)
            if events:
                self._announce(events, now, "")
        elif self.usdm is not None:
            self.usdm.apply(step, now)

    def advance(self, now: Instant) -> list[Message]:
        """Stream messages due now."""
        trades = [] if self.usdm is None else self.usdm.advance(now)
        self.render()
        messages = self.outbox.take(now.mono_ns)
        messages += self.feeds[SPOT].trades(self.matching.trades)
        self.matching.trades.clear()
        if USDM in self.feeds:
            messages += self.feeds[USDM].trades(trades)
        for feed in self.feeds.values():
            messages += feed.advance(now)
        return messages

    def is_due(self, now: Instant) -> bool:
        """Must private messages leave before anything else does?"""
        return self._announcer.is_due(now)

    def render(self) -> None:
        """Make the messages of what was announced."""
        self._announcer.render()

    def _announce(self, events: Sequence[Event], now: Instant, cancel_id: str) -> None:
        for event in events:
            self.orders.store.settle(event.order)
            if event.fill is not None and event.filled == event.fill.qty:
                self.order_counts[SPOT].give_back()
        self._announcer.announce(lambda: self._spot_events.messages(events, now, cancel_id), now)
