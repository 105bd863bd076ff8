"""The constant part of every order of an instrument and side, laid out once for both transports.

On the path nothing is escaped or encoded: id, quantity and price are put in their places. REST signs the body
as it is sent; a WebSocket that logged on signs nothing.
"""

from __future__ import annotations

from arb.venues.base import OrderRequest, Side, TimeInForce, VenueInstrument
from arb.venues.bybit import tables
from arb.venues.bybit.order_markets import OrderMarket

Key = tuple[str, Side, TimeInForce, bool]  # ccxt symbol, side, time in force, reduce only


class OrderTemplate:
    __slots__ = ("_head",)

    def __init__(
        self,
        market: OrderMarket,
        instrument: VenueInstrument,
        side: Side,
        tif: TimeInForce,
        reduce_only: bool,
    ) -> None:
        reduces = ',"reduceOnly":true' if reduce_only else ""
        self._head = (
            f'{{"category":"{market.category}","symbol":"{instrument.venue_symbol}",'
            f'"side":"{tables.SIDES[side]}","orderType":"Limit","timeInForce":"{tables.TIMES_IN_FORCE[tif]}",'
            f'{market.constants}{reduces},"orderLinkId":"'
        )

    def body(self, order: OrderRequest) -> str:
        return f'{self._head}{order.coid}","qty":"{order.qty}","price":"{order.price}"}}'


def cancel_body(category: str, venue_symbol: str, coid: str) -> str:
    return f'{{"category":"{category}","symbol":"{venue_symbol}","orderLinkId":"{coid}"}}'


def frame(operation: str, id: str, stamp_ms: int, window_ms: int, body: str) -> bytes:
    """One request of WebSocket order entry. `id` needs no escaping."""
    return (
        f'{{"reqId":"{id}","header":{{"X-BAPI-TIMESTAMP":"{stamp_ms}","X-BAPI-RECV-WINDOW":"{window_ms}"}},'
        f'"op":"{operation}","args":[{body}]}}'
    ).encode()
