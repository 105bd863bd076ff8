"""A book kept from one depth stream, and the proof that it is the server's at the same id."""

from decimal import Decimal
from typing import Any

import aiohttp
import orjson

from tests.simexchange.support import Client

Levels = dict[Decimal, Decimal]
MARKETS = [("binance", "spot"), ("binance", "usdm"), ("bybit", "spot"), ("bybit", "linear")]


def apply(levels: Levels, rows: list[list[str]]) -> None:
    for price, qty in rows:
        if Decimal(qty):
            levels[Decimal(price)] = Decimal(qty)
        else:
            levels.pop(Decimal(price), None)


class Follower:
    """Reads the depth of one symbol without judging: `events` as they came, the book as they make it.

    Binance: diffs over a snapshot taken from the server's book when the first of them arrives.
    """

    def __init__(self, client: Client, venue: str, market: str, symbol: str = "BTCUSDT") -> None:
        self.client = client
        self.venue, self.market, self.symbol = venue, market, symbol
        self.bids: Levels = {}
        self.asks: Levels = {}
        self.last: dict[str, Any] = {}
        self.ws: aiohttp.ClientWebSocketResponse
        world: Any = client.server.world
        self.book = world.venues[venue].books[market][symbol]

    async def open(self) -> "Follower":
        if self.venue == "bybit":
            self.ws = await self.client.ws(self.client.bybit_urls["ws_public"] + f"/{self.market}")
            await self.ws.send_json({"op": "subscribe", "args": [f"orderbook.50.{self.symbol}"]})
            assert (await self.ws.receive_json())["success"]
        else:
            base = self.client.endpoints["venues"]["binance"][self.market]["ws"]
            route = "" if self.market == "spot" else "/public"
            name = f"{self.symbol.lower()}@depth@100ms"
            self.ws = await self.client.ws(f"{base}{route}/stream?streams={name}")
        await self.next()
        return self

    async def next(self) -> dict[str, Any]:
        """The next event, applied to the book whatever it says."""
        event = orjson.loads(await self.ws.receive_str(timeout=5))
        data: dict[str, Any] = event["data"]
        is_own = data["s"] == self.symbol
        if self.venue == "bybit":
            if event["type"] == "snapshot":
                self.bids, self.asks = {}, {}
        elif not self.last:
            bids, asks = self.book.at(data["u"], 5000)
            self.bids, self.asks = dict(bids), dict(asks)
        if is_own:
            apply(self.bids, data["b"])
            apply(self.asks, data["a"])
        self.last = data | {"type": event.get("type"), "stream": event.get("stream") or event["topic"]}
        return self.last

    async def some(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]

    def continues(self, before: dict[str, Any], event: dict[str, Any]) -> bool:
        """The venue's own rule."""
        if self.venue == "bybit":
            return bool(event["u"] == before["u"] + 1)
        if self.market == "usdm":
            return bool(event["pu"] == before["u"])
        return bool(event["U"] == before["u"] + 1)

    @property
    def crossed(self) -> bool:
        return max(self.bids) >= min(self.asks)

    def is_the_servers(self) -> bool:
        """Equal to the server's book at the id of the last event."""
        book_id = self.last["seq"] if self.venue == "bybit" else self.last["u"]
        depth = 50 if self.venue == "bybit" else 5000
        return (self.bids, self.asks) == tuple(self.book.at(book_id, depth))
