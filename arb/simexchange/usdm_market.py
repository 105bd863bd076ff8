"""Binance USD-M as one piece: books, the account on them, its calls, its private events, funding."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random

from arb.simexchange.amounts import plain
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Call
from arb.simexchange.binance_feed import BinanceFeed
from arb.simexchange.binance_private import Announcer
from arb.simexchange.book import Book
from arb.simexchange.instant import Instant
from arb.simexchange.market import BookStep
from arb.simexchange.orders import Event, Order, Trade
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.spec import WorldSpec
from arb.simexchange.usdm_account_calls import UsdmAccountCalls
from arb.simexchange.usdm_calls import UsdmOrderCalls
from arb.simexchange.usdm_instruments import FEES
from arb.simexchange.usdm_listen import ListenKeys
from arb.simexchange.usdm_market_calls import UsdmMarketCalls
from arb.simexchange.usdm_matching import UsdmMatching
from arb.simexchange.usdm_orders import UsdmOrders
from arb.simexchange.usdm_private import UsdmEvents
from arb.simexchange.usdm_wallet import UsdmWallet
from arb.simexchange.weights import Weights


class UsdmMarket:
    """`announcer` takes the private events, `first_trade` is where the ids of trades begin."""

    def __init__(
        self,
        spec: WorldSpec,
        books: Mapping[str, Book],
        perpetuals: Mapping[str, Perpetual],
        feed: BinanceFeed,
        weights: Weights,
        counts: OrderCounts,
        announcer: Announcer,
        first_trade: int,
    ) -> None:
        margin = {asset: amount for asset, amount in spec.balances.items() if asset == "USDT"}
        self.wallet = UsdmWallet(margin, perpetuals)
        self.matching = UsdmMatching(books.values(), self.wallet, FEES, first_trade)
        self.orders = UsdmOrders(self.matching, self.wallet, perpetuals, spec.seed)
        self.listen_keys = ListenKeys(spec.seed, self._listen_key_expired)
        self._perpetuals = perpetuals
        self._announcer = announcer
        self._events = UsdmEvents(self.wallet, self.listen_keys, Random(f"{spec.seed}:usdm:events"))
        self._order_calls = UsdmOrderCalls(self.orders, counts, self.announce)
        self._account_calls = UsdmAccountCalls(
            self.wallet, self.orders, perpetuals, FEES, self.listen_keys, self._configured
        )
        self._market_calls = UsdmMarketCalls(feed, perpetuals, weights, counts)
        self._funding_ms: dict[str, int] = {}  # symbol -> when the next payment is due

    def calls(self) -> dict[str, Call]:
        return self._market_calls.table() | self._order_calls.table() | self._account_calls.table()

    def apply(self, step: BookStep, now: Instant) -> None:
        """One step of the generated market."""
        symbol = step.listing.symbol
        events = self.matching.move_background(symbol, step.changes, step.trades, now.unix_ms)
        if events:
            self.announce(events, now)

    def advance(self, now: Instant) -> list[Trade]:
        """What is due by the clock; the public trades since the last call."""
        self.listen_keys.advance(now)
        self._order_calls.advance(now)
        for symbol, perpetual in self._perpetuals.items():
            due_ms = self._funding_ms.setdefault(symbol, perpetual.next_funding_ms(now.unix_ms))
            if now.unix_ms >= due_ms:
                self._funding_ms[symbol] = perpetual.next_funding_ms(now.unix_ms)
                self.fund(symbol, now)
        trades, self.matching.trades = self.matching.trades, []
        return trades

    def fund(self, symbol: str, now: Instant) -> None:
        """Settle the funding of a symbol at this instant."""
        self._perpetuals[symbol].refresh(now)
        change = self.wallet.fund(symbol, now.unix_ms)
        if change:
            self._announcer.announce(
                lambda: self._events.account("FUNDING_FEE", (), now, change, symbol), now
            )

    def force_close(self, symbol: str, qty: Decimal, client_id: str, now: Instant) -> Order | None:
        """Close up to `qty` of a position at the market, as the venue does it itself: `client_id` is
        "autoclose-…" for a liquidation and "adl_autoclose" for a deleveraging. None without a position."""
        held = self.wallet.positions[symbol].qty
        if not held:
            return None
        listing = self.matching.books[symbol].listing
        number, size = self.orders.store.next_id(), min(qty, abs(held))
        order = Order(
            number, client_id, listing, held < 0, "MARKET", "GTC", None, size, now.unix_ms, reduce_only=True
        )
        events = self.matching.place(order, now.unix_ms)
        assert isinstance(events, list)
        self.orders.store.add(order)
        self.announce(events, now)
        return order

    def as_json(self) -> dict[str, object]:
        """The account for the control API, exact."""
        return {
            "balances": {asset: plain(amount) for asset, amount in self.wallet.wallet.items()},
            "positions": {
                symbol: {
                    "qty": plain(position.qty),
                    "entry_price": plain(position.entry),
                    "cost": plain(position.cost),
                    "realised": plain(position.realised),
                    "fees": plain(position.fees),
                    "funding": plain(position.funding),
                }
                for symbol, position in self.wallet.positions.items()
            },
        }

    def announce(self, events: Sequence[Event], now: Instant) -> None:
        for event in events:
            self.orders.store.settle(event.order)
        self._announcer.announce(lambda: self._events.orders(events, now), now)

    def _configured(self, symbol: str, leverage: int, now: Instant) -> None:
        self._announcer.announce(lambda: self._events.leverage(symbol, leverage, now), now)

    def _listen_key_expired(self, key: str, now: Instant) -> None:
        self._announcer.announce(lambda: [self._events.expired(key, now)], now)
