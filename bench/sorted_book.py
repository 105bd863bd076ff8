"""The baseline: the same book as most Python programs keep it, orjson, Decimal and a SortedDict a side."""

from collections.abc import Iterator
from decimal import Decimal

import orjson
from sortedcontainers import SortedDict


class SortedBook:
    """Applies Binance depth frames after a REST snapshot; checks that the touch does not cross."""

    def __init__(self, snapshot: bytes) -> None:
        body = orjson.loads(snapshot)
        self.last_id: int = body["lastUpdateId"]
        self.bids: SortedDict[Decimal, Decimal] = SortedDict()
        self.asks: SortedDict[Decimal, Decimal] = SortedDict()
        self._apply(body["bids"], body["asks"])

    def on_frame(self, raw: bytes) -> bool:
        """False for an update older than the book; ValueError where the touch crosses."""
        body = orjson.loads(raw)
        data = body.get("data", body)
        if data["u"] <= self.last_id:
            return False
        self._apply(data["b"], data["a"])
        self.last_id = data["u"]
        if self.bids.peekitem(-1)[0] >= self.asks.peekitem(0)[0]:
            raise ValueError("crossed")
        return True

    def _apply(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for side, rows in ((self.bids, bids), (self.asks, asks)):
            for price, qty in rows:
                size = Decimal(qty)
                if size:
                    side[Decimal(price)] = size
                else:
                    side.pop(Decimal(price), None)

    def best_bids(self) -> Iterator[tuple[Decimal, Decimal]]:
        return ((price, self.bids[price]) for price in reversed(self.bids))

    def best_asks(self) -> Iterator[tuple[Decimal, Decimal]]:
        return iter(self.asks.items())
