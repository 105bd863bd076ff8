"""What is asked of Binance about orders that exist: fills, open orders, balances. By REST alone.

Binance's trade lists carry no client ids. Those of orders we saw are remembered, any other is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from arb.venues import fields
from arb.venues.answers import converted
from arb.venues.base import Balance, FillUpdate, OrderUpdate, VenueFailure
from arb.venues.binance.order_markets import OrderMarket
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.tables import Endpoint
from arb.venues.symbols import Symbols

T = TypeVar("T")
OnFills = Callable[[Sequence[FillUpdate] | VenueFailure], None]

PAGE = 1_000  # rows of a trade list
_KEPT_IDS = 10_000


class OrderIds:
    """Client ids by order id, of the newest orders seen."""

    __slots__ = ("_coids",)

    def __init__(self) -> None:
        self._coids: dict[str, str] = {}  # oldest first

    def note(self, order_id: str, coid: str) -> None:
        if order_id not in self._coids:
            self._coids[order_id] = coid
            if len(self._coids) > _KEPT_IDS:
                del self._coids[next(iter(self._coids))]

    def get(self, order_id: str) -> str | None:
        return self._coids.get(order_id)


class OrderReads:
    def __init__(self, market: OrderMarket, rest: BinanceRest, symbols: Symbols, ids: OrderIds) -> None:
        self._market = market
        self._rest = rest
        self._symbols = symbols
        self._ids = ids

    def fetch_fills(self, order: OrderUpdate, on_done: OnFills) -> None:
        """The fills of one order."""

        def fills(body: Any) -> list[FillUpdate]:
            found = (self._market.trade(row, order.coid, order.symbol) for row in fields.rows(body, "trades"))
            return [fill for fill in found if fill.venue_order_id == order.venue_order_id]

        venue_symbol = self._symbols.to_venue_symbol(order.symbol)
        query = f"symbol={venue_symbol}&orderId={order.venue_order_id}&limit={PAGE}"
        self._read(self._market.trades_of_order, query, fills, on_done)

    def recent_fills(self, symbols: Sequence[str], since_ms: int, on_done: OnFills) -> None:
        """One symbol after the other, page by page. A single answer that is missing fails the whole."""
        oldest_ms = self._rest.clock.stamp_ms() - self._market.history_ms + 60_000
        _History(self, symbols, max(since_ms, oldest_ms), on_done).next()

    def open_orders(self, on_done: Callable[[Sequence[OrderUpdate] | VenueFailure], None]) -> None:
        def orders(body: Any) -> list[OrderUpdate]:
            found = [
                self._market.order(row, self._symbols.to_symbol) for row in fields.rows(body, "openOrders")
            ]
            for order in found:
                self._ids.note(order.venue_order_id, order.coid)
            return found

        self._read(self._market.open_orders, "", orders, on_done)

    def balances(self, on_done: Callable[[Sequence[Balance] | VenueFailure], None]) -> None:
        self._read(self._market.balances, self._market.balances_query, self._market.balances_of, on_done)

    # For the history.

    def page(self, symbol: str, rest_of_query: str, on_done: OnFills) -> None:
        """Fills with "" for the client ids that are not known."""

        def fills(body: Any) -> list[FillUpdate]:
            return [
                self._market.trade(row, self._ids.get(str(fields.integer(row, "orderId"))) or "", symbol)
                for row in fields.rows(body, "trades")
            ]

        query = f"symbol={self._symbols.to_venue_symbol(symbol)}&{rest_of_query}&limit={PAGE}"
        self._read(self._market.trades, query, fills, on_done)

    def coid(self, symbol: str, order_id: str, on_done: Callable[[str | VenueFailure], None]) -> None:
        def found(body: Any) -> str:
            coid = fields.text(fields.mapping(body, "order"), "clientOrderId")
            self._ids.note(order_id, coid)
            return coid

        query = f"symbol={self._symbols.to_venue_symbol(symbol)}&orderId={order_id}"
        self._read(self._market.query, query, found, on_done)

    def _read(
        self,
        endpoint: Endpoint,
        query: str,
        to_value: Callable[[Any], T],
        on_done: Callable[[T | VenueFailure], None],
    ) -> None:
        self._rest.read(endpoint, query, converted(to_value, on_done, "unreadable answer"))


class _History:
    """One walk through the trade lists of some symbols."""

    def __init__(self, reads: OrderReads, symbols: Sequence[str], since_ms: int, on_done: OnFills) -> None:
        self._reads = reads
        self._left = list(symbols)
        self._since_ms = since_ms
        self._on_done = on_done
        self._fills: list[FillUpdate] = []

    def next(self) -> None:
        """The first page of the next symbol, or the ids that are still missing."""
        if not self._left:
            self._name(self._unnamed())
            return
        symbol = self._left.pop(0)
        self._reads.page(symbol, f"startTime={self._since_ms}", partial(self._page, symbol))

    def _page(self, symbol: str, answer: Sequence[FillUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._on_done(answer)
            return
        self._fills.extend(answer)
        if len(answer) < PAGE:
            self.next()
            return
        from_id = max(int(fill.trade_id) for fill in answer) + 1
        self._reads.page(symbol, f"fromId={from_id}", partial(self._page, symbol))

    def _unnamed(self) -> Iterator[tuple[str, str]]:
        return iter({(f.symbol, f.venue_order_id): None for f in self._fills if not f.coid})

    def _name(self, missing: Iterator[tuple[str, str]]) -> None:
        wanted = next(missing, None)
        if wanted is None:
            self._on_done(self._fills)
            return
        symbol, order_id = wanted

        def named(answer: str | VenueFailure) -> None:
            if isinstance(answer, VenueFailure):
                self._on_done(answer)
                return
            self._fills = [
                replace(fill, coid=answer)
                if (fill.symbol, fill.venue_order_id) == (symbol, order_id)
                else fill
                for fill in self._fills
            ]
            self._name(missing)

        self._reads.coid(symbol, order_id, named)
