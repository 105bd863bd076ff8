"""One BTC/USDT on two venues: an engine that knows it, and the messages that move its books."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TypeVar

from arbcore.actions import Action, Halt, Place, Query, Record, Resync
from arbcore.engine import Engine
from arbcore.settings import MS, EngineSettings, InstrumentRules, Limits

SYMBOL = "BTCUSDT"
GRID = (2, 5)  # price and quantity decimals
BINANCE, BYBIT = 0, 1
Levels = dict[str, str]  # price -> quantity


def rows(levels: Levels) -> list[list[str]]:
    return [[price, qty] for price, qty in levels.items()]


@dataclass
class BinanceText:
    """What Binance sends of one book."""

    symbol: str = SYMBOL
    id: int = 1_000
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)

    def move(self, bids: Levels, asks: Levels) -> bytes:
        """The delta that makes the book equal to these."""
        self.id += 1
        message = {
            "e": "depthUpdate",
            "E": 1_700_000_000_000 + self.id,
            "s": self.symbol,
            "U": self.id,
            "u": self.id,
            "b": rows({price: "0" for price in self.bids if price not in bids} | bids),
            "a": rows({price: "0" for price in self.asks if price not in asks} | asks),
        }
        self.bids, self.asks = bids, asks
        return json.dumps(message, separators=(",", ":")).encode()

    def snapshot(self) -> bytes:
        message = {"lastUpdateId": self.id, "bids": rows(self.bids), "asks": rows(self.asks)}
        return json.dumps(message, separators=(",", ":")).encode()


@dataclass
class BybitText:
    """What Bybit sends of one book."""

    symbol: str = SYMBOL
    id: int = 500
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)

    def move(self, bids: Levels, asks: Levels) -> bytes:
        self.id += 1
        message = self._message(
            "delta",
            rows({price: "0" for price in self.bids if price not in bids} | bids),
            rows({price: "0" for price in self.asks if price not in asks} | asks),
        )
        self.bids, self.asks = bids, asks
        return message

    def snapshot(self) -> bytes:
        return self._message("snapshot", rows(self.bids), rows(self.asks))

    def _message(self, kind: str, bids: list[list[str]], asks: list[list[str]]) -> bytes:
        message = {
            "topic": f"orderbook.50.{self.symbol}",
            "type": kind,
            "ts": 1_700_000_000_000 + self.id,
            "data": {"s": self.symbol, "b": bids, "a": asks, "u": self.id, "seq": self.id},
            "cts": 1_700_000_000_000 + self.id,
        }
        return json.dumps(message, separators=(",", ":")).encode()


CALM: tuple[Levels, Levels] = ({"99.90": "1"}, {"100.00": "1"})
DEAR: tuple[Levels, Levels] = ({"101.00": "1"}, {"101.10": "1"})


def rules(**changes: str) -> InstrumentRules:
    base = InstrumentRules(
        tick="0.01",
        lot="0.00010",
        min_qty="0.0001",
        min_notional="5",
        taker_fee_bps="10",
        buy_fee_in_base=False,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def settings(**limits: int | str) -> EngineSettings:
    return EngineSettings(
        instance="t2",
        epoch=7,
        limits=replace(Limits(max_order_notional="1000", max_open_trades=4), **limits),  # type: ignore[arg-type]
    )


class Rig:
    """The engine, its clock `t` (ns) and both venues' texts; `live()` makes both books LIVE and calm."""

    def __init__(
        self, engine_settings: EngineSettings | None = None, tape_bytes: int = 1 << 20, t: int = 10**9
    ) -> None:
        self.engine = Engine(engine_settings or settings(), tape_bytes=tape_bytes)
        self.t = t
        engine = self.engine
        self.btc, self.usdt = engine.add_asset("BTC"), engine.add_asset("USDT")
        for name in ("binance", "bybit"):
            engine.add_venue(name)
        self.pair = engine.add_pair(self.btc, self.usdt, *GRID)
        for venue, market in enumerate(("binance_spot", "bybit_spot")):
            engine.add_connection(venue, market)
            engine.add_instrument(
                "BTC/USDT",
                venue=venue,
                market=market,
                pair=self.pair,
                connection=venue,
                venue_symbol=SYMBOL,
                price_decimals=GRID[0],
                qty_decimals=GRID[1],
                rules=rules(),
            )
        self.binance, self.bybit = BinanceText(), BybitText()

    def tick(self, ns: int = MS) -> int:
        self.t += ns
        return self.t

    def account(self) -> None:
        """Money, private streams and order ids: all that trading needs but books."""
        for venue in (BINANCE, BYBIT):
            assert self.engine.balance(venue, self.btc, "10", self.tick())
            assert self.engine.balance(venue, self.usdt, "100000.5", self.tick())
            self.engine.stream("private", venue, True, self.tick())
        self.engine.id_block(1_000_000, self.tick())

    def live(self) -> None:
        self.engine.conn_up(BINANCE, self.tick())
        self.engine.conn_up(BYBIT, self.tick())
        assert self.engine.frame(BINANCE, self.binance.move(*CALM), self.tick()) == "buffered"
        assert self.engine.snapshot(BINANCE, self.binance.snapshot(), 1000, self.tick()) == "joined"
        assert self.engine.frame(BINANCE, self.binance.move(*CALM), self.tick()) == "applied"
        self.bybit.bids, self.bybit.asks = CALM
        assert self.engine.frame(BYBIT, self.bybit.snapshot(), self.tick()) == "applied"

    def cross(self) -> list[Place]:
        """Bybit pays more than Binance asks, and one decision on it."""
        assert self.engine.frame(BYBIT, self.bybit.move(*DEAR), self.tick()) == "applied"
        assert self.engine.wants_decide
        self.engine.decide(self.t)
        return of(Place, self.engine.drain())

    def fill(self, place: Place, trade_id: str, *, qty: str | None = None, fee: str = "0.01") -> str:
        return self.engine.fill(
            place.coid,
            trade_id,
            place.price,
            qty or place.qty,
            fee,
            self.usdt,
            place.instrument,
            self.tick(),
        )


A = TypeVar("A", Place, Query, Record, Resync, Halt)


def of(kind: type[A], actions: list[Action]) -> list[A]:
    return [action for action in actions if isinstance(action, kind)]
