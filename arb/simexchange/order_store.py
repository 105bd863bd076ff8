"""A venue's orders by id and client id, and the log of every order request for the control API."""

from dataclasses import dataclass

from arb.simexchange.amounts import plain
from arb.simexchange.orders import Fill, Order


@dataclass(slots=True)
class LogEntry:
    """One request to place, amend or cancel; `code` 0: accepted. `order` is live: its status moves on."""

    op: str  # place | amend | cancel
    recv_ns: int  # CLOCK_MONOTONIC when the request had arrived
    venue: str
    symbol: str
    client_id: str
    code: int
    message: str
    order: Order | None
    market: str = "spot"
    transport: str = "rest"

    def as_json(self) -> dict[str, object]:
        record: dict[str, object] = {
            "op": self.op,
            "recv_ns": self.recv_ns,
            "venue": self.venue,
            "market": self.market,
            "transport": self.transport,
            "symbol": self.symbol,
            "client_id": self.client_id,
            "code": self.code,
            "message": self.message,
        }
        order = self.order
        if order is not None:
            record |= {
                "order_id": str(order.order_id),
                "client_id": order.client_id,
                "side": "buy" if order.is_buy else "sell",
                "type": order.kind,
                "tif": order.tif,
                "price": None if order.price is None else plain(order.price),
                "qty": plain(order.qty),
                "status": order.status.value,
                "filled": plain(order.filled),
                "filled_quote": plain(order.filled_quote),
                "reduce_only": order.reduce_only,
                "created_ms": order.created_ms,
                "fills": [fill_json(fill) for fill in order.fills],
            }
        return record


def fill_json(fill: Fill) -> dict[str, object]:
    return {
        "trade_id": str(fill.trade_id),
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "fee": plain(fill.fee),
        "fee_asset": fill.fee_asset,
        "maker": fill.is_maker,
        "time_ms": fill.unix_ms,
    }


class OrderStore:
    """Orders of one account. A client id finds its newest order: Binance lets closed ids be used again.

    `hidden` are ids that queries must not find yet; it is set only while a query is served.
    """

    def __init__(self, first_id: int) -> None:
        self.log: list[LogEntry] = []
        self.hidden: frozenset[int] = frozenset()
        self._next_id = first_id
        self._by_id: dict[int, Order] = {}
        self._by_client_id: dict[str, Order] = {}
        self._open: dict[int, Order] = {}

    def next_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def add(self, order: Order) -> None:
        self._by_id[order.order_id] = order
        self._by_client_id[order.client_id] = order
        self.settle(order)

    def settle(self, order: Order) -> None:
        """Keep the open orders right after anything happened to one."""
        if order.status.is_open:
            self._open[order.order_id] = order
        else:
            self._open.pop(order.order_id, None)

    def by_id(self, order_id: int) -> Order | None:
        return self._seen(self._by_id.get(order_id))

    def by_client_id(self, client_id: str) -> Order | None:
        return self._seen(self._by_client_id.get(client_id))

    def open(self, symbol: str | None = None) -> list[Order]:
        return self._of(self._open, symbol)

    def all(self, symbol: str | None = None) -> list[Order]:
        """In the order they were accepted."""
        return self._of(self._by_id, symbol)

    def is_recent(self, order: Order, count: int) -> bool:
        """Is it among the last `count` orders accepted? (Ids are given in sequence.)"""
        return order.order_id > self._next_id - count

    def fills(self, symbol: str | None = None) -> list[tuple[Order, Fill]]:
        pairs = [(order, fill) for order in self.all(symbol) for fill in order.fills]
        pairs.sort(key=lambda pair: pair[1].trade_id)
        return pairs

    def _seen(self, order: Order | None) -> Order | None:
        return None if order is not None and order.order_id in self.hidden else order

    def _of(self, orders: dict[int, Order], symbol: str | None) -> list[Order]:
        return [
            order
            for order in orders.values()
            if symbol in (None, order.listing.symbol) and order.order_id not in self.hidden
        ]
