"""What a Bybit account says of orders, executions and balances; reads alone, over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from arb.venues.answers import converted
from arb.venues.base import Balance, FillUpdate, OrderUpdate, VenueFailure
from arb.venues.bybit import parse_private, tables
from arb.venues.bybit.order_markets import OrderMarket
from arb.venues.bybit.rest import BybitRest
from arb.venues.bybit.tables import Endpoint
from arb.venues.symbols import Symbols

T = TypeVar("T")
OnFills = Callable[[Sequence[FillUpdate] | VenueFailure], None]
Rows = Sequence[Mapping[str, Any]]

# A question about executions reaches this far at most; an hour less, so that its end lies safely within.
_HISTORY_MS = (7 * 24 - 1) * 3_600_000


class OrderReads:
    def __init__(self, market: OrderMarket, rest: BybitRest, symbols: Symbols) -> None:
        self._market = market
        self._rest = rest
        self._symbols = symbols

    def fetch_fills(self, order: OrderUpdate, on_done: OnFills) -> None:
        venue_symbol = self._symbols.to_venue_symbol(order.symbol)
        query = (
            f"category={self._market.category}&symbol={venue_symbol}&orderLinkId={order.coid}"
            f"&limit={tables.EXECUTIONS_LIMIT}"
        )

        def fills(found: Rows) -> list[FillUpdate]:
            own = (row for row in found if row.get("orderId") == order.venue_order_id)
            return [parse_private.fill(row, self._symbols) for row in own if parse_private.is_own_fill(row)]

        self.rows(tables.EXECUTIONS, query, fills, on_done)

    def recent_fills(self, symbols: Sequence[str], since_ms: int, on_done: OnFills) -> None:
        """One question for all symbols and each week; trades that the venue made are among the answers."""
        wanted = {symbol: rank for rank, symbol in enumerate(symbols)}
        found: list[FillUpdate] = []

        def fills(rows: Rows) -> list[FillUpdate]:
            every = (parse_private.fill(row, self._symbols) for row in rows if parse_private.is_fill(row))
            return [fill for fill in every if fill.symbol in wanted]

        def ask(from_ms: int) -> None:
            until_ms = from_ms + _HISTORY_MS
            is_last = until_ms > self._rest.clock.stamp_ms()
            query = f"category={self._market.category}&startTime={from_ms}"
            if not is_last:
                query += f"&endTime={until_ms}"

            def answered(answer: list[FillUpdate] | VenueFailure) -> None:
                if isinstance(answer, VenueFailure):
                    on_done(answer)
                    return
                found.extend(answer)
                if is_last:
                    found.sort(key=lambda fill: (wanted[fill.symbol], fill.venue_time_ms))
                    on_done(found)
                else:
                    ask(until_ms)

            self.rows(tables.EXECUTIONS, f"{query}&limit={tables.EXECUTIONS_LIMIT}", fills, answered)

        ask(since_ms)

    def open_orders(self, on_done: Callable[[Sequence[OrderUpdate] | VenueFailure], None]) -> None:
        category = self._market.category
        query = f"category={category}{self._market.every}&openOnly=0&limit={tables.ORDERS_LIMIT}"
        self.rows(
            tables.REALTIME,
            query,
            lambda found: [parse_private.order(row, self._symbols) for row in found],
            on_done,
        )

    def balances(self, on_done: Callable[[Sequence[Balance] | VenueFailure], None]) -> None:
        self.rows(tables.WALLET, "accountType=UNIFIED", self._market.balances_of, on_done)

    def rows(
        self,
        endpoint: Endpoint,
        query: str,
        to_value: Callable[[Rows], T],
        on_done: Callable[[T | VenueFailure], None],
    ) -> None:
        """The rows of all pages."""

        self._rest.read_pages(endpoint, query, True, converted(to_value, on_done, endpoint.path))
