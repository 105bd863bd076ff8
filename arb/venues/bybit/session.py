"""Everything of a Bybit market that needs credentials: orders, the private stream and the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arb.venues.base import ClockPort, Credentials, SocketPort, VenueError, VenueEvents
from arb.venues.bybit.account import BybitAccount
from arb.venues.bybit.errors import LINEAR
from arb.venues.bybit.order_markets import OrderMarket
from arb.venues.bybit.orders import BybitOrders
from arb.venues.bybit.private import BybitDialogue
from arb.venues.bybit.rest import BybitRest
from arb.venues.endpoints import endpoint
from arb.venues.private_stream import ReconnectingStream
from arb.venues.symbols import Symbols


class BybitSession:
    """`urls`: `ws_private` complete, `ws_trade` too (without it orders go by REST)."""

    def __init__(
        self,
        market: OrderMarket,
        name: str,
        urls: Mapping[str, str | None],
        rest: BybitRest,
        symbols: Symbols,
        sockets: SocketPort,
        port: ClockPort,
        events: VenueEvents,
        credentials: Credentials,
        random: Callable[[], float],
        measure_clock: Callable[[Callable[[bool], None] | None], None],
    ) -> None:
        if rest.signer is None:
            raise VenueError(f"{name}: order entry needs credentials")
        if rest.settings.order_transport == "ws":
            endpoint(urls, "ws_trade", name)
        rest.errors = market.errors
        self.orders = BybitOrders(
            market,
            rest,
            symbols,
            events,
            port,
            sockets,
            random,
            ws_url=urls.get("ws_trade") or "",
            measure_clock=measure_clock,
        )
        self.account = BybitAccount(market, rest, symbols)
        dialogue = BybitDialogue(
            market,
            endpoint(urls, "ws_private", name),
            credentials,
            rest.signer,
            rest.clock,
            symbols,
            events,
            self.orders.hold_entries,
            self.orders.hold.refused,
        )
        self.private = ReconnectingStream(
            dialogue,
            sockets,
            port,
            events,
            self.orders,
            rest.settings,
            random,
            venue_ms=rest.clock.stamp_ms,
            positions=self.account.positions if market.category == LINEAR else None,
        )
