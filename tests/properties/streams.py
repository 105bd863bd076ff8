"""A venue that tells its book as real frames, over a bad line: what a synced book must survive."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

Levels = dict[int, int]

PRICE_DECIMALS = 2
QTY_DECIMALS = 3
INSTRUMENTS = {
    "binance_spot": "binance:BTC/USDT",
    "binance_usdm": "binance:BTC/USDT:USDT",
    "bybit_spot": "bybit:BTC/USDT",
    "bybit_linear": "bybit:BTC/USDT:USDT",
}


def text(n: int, decimals: int) -> str:
    """n x 10^-decimals, plain."""
    return f"{n // 10**decimals}.{n % 10**decimals:0{decimals}}"


@dataclass(slots=True)
class Venue:
    """Changes some levels per message; remembers every state, by the id its clients know it by."""

    market: str
    rng: random.Random
    middle: int = 10_000
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    last_id: int = 100
    sequence: int = 5_000
    states: dict[tuple[int, int], tuple[Levels, Levels]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for _ in range(30):
            self._change()
        self._remember()

    def key(self, last_id: int, sequence: int) -> tuple[int, int]:
        """Names one state of the book. Bybit's u starts anew with each restart, its seq does not."""
        return last_id, sequence if self.market.startswith("bybit") else 0

    def delta(self) -> bytes:
        """The next message of the stream."""
        changes: tuple[Levels, Levels] = ({}, {})
        first = self.last_id + 1
        steps = self.rng.choice((1, 1, 2, 5, 40))
        for _ in range(steps):
            for side, changed in zip(changes, self._change(), strict=True):
                side |= changed
        previous = self.last_id
        if self.market == "binance_usdm":  # ids are shared by all symbols
            first += self.rng.randrange(4)
            self.last_id = first + self.rng.randrange(6)
        elif self.market == "binance_spot":
            self.last_id += steps
        else:
            self.last_id += 1
        self.sequence += self.rng.randrange(1, 9)
        self._remember()
        return self._frame("delta", first, previous, *changes)

    def snapshot(self) -> bytes:
        """The whole book: a REST body (Binance) or a message of the stream (Bybit)."""
        return self._frame("snapshot", 0, 0, self.bids, self.asks)

    def restart(self) -> bytes:
        """Bybit after a restart of its service: u falls back to 1, the whole book whatever the type says."""
        self.last_id = 1
        self._remember()
        return self._frame(self.rng.choice(("snapshot", "delta")), 0, 0, self.bids, self.asks)

    def ticker(self) -> bytes:
        """The best price, as of now."""
        bid, ask = max(self.bids), min(self.asks)
        best = (
            text(bid, PRICE_DECIMALS),
            text(self.bids[bid], QTY_DECIMALS),
            text(ask, PRICE_DECIMALS),
            text(self.asks[ask], QTY_DECIMALS),
        )
        if self.market.startswith("binance"):
            message: dict[str, Any] = {"u": self.last_id, "s": "BTCUSDT"}
            message |= dict(zip("bBaA", best, strict=True))
            return json.dumps(message).encode()
        data = {"s": "BTCUSDT", "b": [best[:2]], "a": [best[2:]], "u": self.last_id, "seq": self.sequence}
        return json.dumps(
            {"topic": "orderbook.1.BTCUSDT", "type": "snapshot", "ts": 1, "data": data}
        ).encode()

    def _change(self) -> tuple[Levels, Levels]:
        """One step of the book: a level set, resized or deleted, and now and then the price moves on."""
        rng = self.rng
        bids: Levels = {}
        asks: Levels = {}
        if rng.random() < 0.1:
            self.middle += rng.randrange(-6, 7)
            bids |= dict.fromkeys([price for price in self.bids if price >= self.middle], 0)
            asks |= dict.fromkeys([price for price in self.asks if price <= self.middle], 0)
        gap = rng.choice((1, 1, 2, 3, 8, 30))
        side, price = (bids, self.middle - gap) if rng.random() < 0.5 else (asks, self.middle + gap)
        side[price] = rng.choice((0, rng.randrange(1, 9_000)))
        if not [p for p in (self.bids | bids) if (self.bids | bids)[p]]:
            bids[self.middle - 1] = 7
        if not [p for p in (self.asks | asks) if (self.asks | asks)[p]]:
            asks[self.middle + 1] = 7
        for book, changed in ((self.bids, bids), (self.asks, asks)):
            book |= changed
            for gone in [p for p, qty in book.items() if qty == 0]:
                del book[gone]
        return bids, asks

    def _remember(self) -> None:
        self.states[self.key(self.last_id, self.sequence)] = (dict(self.bids), dict(self.asks))

    def _frame(self, kind: str, first: int, previous: int, bids: Levels, asks: Levels) -> bytes:
        sides = []
        for levels in (bids, asks):
            items = list(levels.items())
            if self.rng.random() < 0.7:
                items.sort(reverse=self.rng.random() < 0.5)
            sides.append([[text(price, PRICE_DECIMALS), text(qty, QTY_DECIMALS)] for price, qty in items])
        b, a = sides
        message: dict[str, Any]
        if self.market.startswith("bybit"):
            data = {"s": "BTCUSDT", "b": b, "a": a, "u": self.last_id, "seq": self.sequence}
            message = {"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": 1, "data": data, "cts": 1}
        elif kind == "snapshot":
            message = {"lastUpdateId": self.last_id, "bids": b, "asks": a}
        else:
            message = {
                "e": "depthUpdate",
                "E": 1,
                "s": "BTCUSDT",
                "U": first,
                "u": self.last_id,
                "b": b,
                "a": a,
            }
            if self.market == "binance_usdm":
                message |= {"T": 1, "pu": previous}
        return json.dumps(message).encode()
