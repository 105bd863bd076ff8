"""Bybit public topics of one category: order books by depth as snapshot and deltas, trades, tickers."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import orjson

from arb.simexchange.amounts import plain
from arb.simexchange.book import Book
from arb.simexchange.instant import MILLISECOND_NS, SECOND_NS, Instant
from arb.simexchange.messages import PUBLIC, Message, Subscriptions
from arb.simexchange.orders import Trade
from arb.simexchange.spec import BYBIT, SPOT

# depth -> push interval in ms
SPEEDS: Mapping[int, int] = {1: 10, 50: 20, 200: 100, 1000: 200}
REPEAT_NS = 3 * SECOND_NS  # level 1 is sent again unchanged, with the same u

View = dict[Decimal, Decimal]


class _Topic:
    """What the subscribers of one orderbook topic have: the view of the last push and its u."""

    __slots__ = (
        "asks",
        "bids",
        "book",
        "depth",
        "next_ns",
        "period_ns",
        "pushed_ns",
        "seq",
        "stamp_ms",
        "topic",
        "u",
    )

    def __init__(self, book: Book, depth: int, first_u: int) -> None:
        self.book = book
        self.depth = depth
        self.topic = f"orderbook.{depth}.{book.listing.symbol}"
        self.period_ns = SPEEDS[depth] * MILLISECOND_NS
        self.next_ns = 0
        self.pushed_ns = 0
        self.u = first_u
        self.seq = -1
        self.stamp_ms = 0
        self.bids: View = {}
        self.asks: View = {}

    def refresh(self, now_ms: int) -> bool:
        """Take the book as it is now; False when nothing of it changed for this depth."""
        if self.book.last_id == self.seq:
            return False
        bids, asks = self.book.top(True, self.depth), self.book.top(False, self.depth)
        self.seq = self.book.last_id
        if bids == self.bids and asks == self.asks:
            return False
        self.bids, self.asks = bids, asks
        self.stamp_ms = now_ms
        self.u += 1
        return True


class BybitFeed:
    """Books of one category. `u` of a topic goes up by one a message, `seq` is the id of the book."""

    def __init__(self, market: str, books: Iterable[Book], wanted: Subscriptions) -> None:
        self.market = market
        self.wanted = wanted
        self._books = {book.listing.symbol: book for book in books}
        self._topics = {
            topic.topic: topic
            for n, book in enumerate(self._books.values())
            for topic in (_Topic(book, depth, 100_000 * (n + 1) + 10 * depth) for depth in SPEEDS)
        }

    def stream(self, topic: str) -> str:
        """The topic's name in messages: unique on the venue."""
        return f"{self.market}/{topic}"

    def knows(self, topic: str) -> bool:
        kind, _, symbol = topic.rpartition(".")
        if topic in self._topics:
            return True
        return kind in ("publicTrade", "tickers") and symbol in self._books

    def first(self, topic: str, now: Instant) -> bytes | None:
        """What a new subscriber gets before anything else: the snapshot its first delta continues."""
        state = self._topics.get(topic)
        if state is None:
            kind, _, symbol = topic.partition(".")
            return self._ticker(symbol, now.unix_ms) if kind == "tickers" else None
        if state.topic not in self.wanted:  # nobody has followed it: start from the book of this moment
            state.refresh(now.unix_ms)
        return self._message(state, "snapshot", state.bids, state.asks, now.unix_ms)

    def advance(self, now: Instant) -> list[Message]:
        messages: list[Message] = []
        for state in self._topics.values():
            if now.mono_ns < state.next_ns:
                continue
            state.next_ns = (now.mono_ns // state.period_ns + 1) * state.period_ns
            if state.depth == 1000:
                self._push(state, now, messages)  # always: REST shows this level's view and u
            elif state.topic in self.wanted:
                self._push(state, now, messages)
        return messages

    def _push(self, state: _Topic, now: Instant, messages: list[Message]) -> None:
        bids, asks = state.bids, state.asks
        changed = state.refresh(now.unix_ms)
        if state.topic not in self.wanted:
            return
        if state.depth == 1:
            if not changed and now.mono_ns - state.pushed_ns < REPEAT_NS:
                return
            payload = self._message(state, "snapshot", state.bids, state.asks, now.unix_ms)
        elif not changed:
            return
        else:
            payload = self._message(
                state, "delta", _delta(bids, state.bids), _delta(asks, state.asks), now.unix_ms
            )
        state.pushed_ns = now.mono_ns
        kind = "ticker" if state.depth == 1 else "depth"
        symbol = state.book.listing.symbol
        stream = self.stream(state.topic)
        messages.append(Message(BYBIT, self.market, PUBLIC, kind, symbol, stream, payload))

    def trades(self, trades: Iterable[Trade], now: Instant) -> list[Message]:
        by_symbol: dict[str, list[dict[str, object]]] = {}
        for trade in trades:
            symbol = trade.listing.symbol
            if f"publicTrade.{symbol}" not in self.wanted:
                continue
            row = {
                "T": trade.unix_ms,
                "s": symbol,
                "S": "Buy" if trade.taker_buys else "Sell",
                "v": plain(trade.qty),
                "p": plain(trade.price),
                "L": "PlusTick" if trade.taker_buys else "MinusTick",
                "i": str(2_100_000_000_000_000_000 + trade.trade_id),
                "BT": False,
                "RPI": False,
                "seq": self._books[symbol].last_id,
            }
            by_symbol.setdefault(symbol, []).append(row)
        messages: list[Message] = []
        for symbol, rows in by_symbol.items():
            topic = f"publicTrade.{symbol}"
            payload = orjson.dumps({"topic": topic, "type": "snapshot", "ts": now.unix_ms, "data": rows})
            messages.append(Message(BYBIT, self.market, PUBLIC, "trade", symbol, self.stream(topic), payload))
        return messages

    def rest_book(self, symbol: str, limit: int) -> dict[str, object]:
        """REST orderbook: the view and u of the 1000-level stream, cut to `limit`."""
        state = self._topics[f"orderbook.1000.{symbol}"]
        return {
            "s": symbol,
            "b": _rows(state.bids)[:limit],
            "a": _rows(state.asks)[:limit],
            "ts": state.stamp_ms,
            "u": state.u,
            "seq": state.seq,
            "cts": state.stamp_ms,
        }

    def rest_ticker(self, symbol: str) -> dict[str, object]:
        book = self._books[symbol]
        row: dict[str, object] = {"symbol": symbol}
        for name, is_bid in (("bid1", True), ("ask1", False)):
            best = book.best(is_bid)
            row |= {
                f"{name}Price": plain(best[0]) if best else "",
                f"{name}Size": plain(best[1]) if best else "",
            }
        last = book.best(True)
        row |= dict.fromkeys(
            ("lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h"), plain(last[0]) if last else ""
        )
        return row | {"price24hPcnt": "0", "turnover24h": "0", "volume24h": "0"}

    def _ticker(self, symbol: str, now_ms: int) -> bytes:
        row = self.rest_ticker(symbol)
        if self.market == SPOT:  # the spot ticker has no best prices
            row = {name: value for name, value in row.items() if "1" not in name}
        body = {
            "topic": f"tickers.{symbol}",
            "ts": now_ms,
            "type": "snapshot",
            "cs": self._books[symbol].last_id,
        }
        return orjson.dumps(body | {"data": row})

    def _message(
        self,
        state: _Topic,
        kind: str,
        bids: Mapping[Decimal, Decimal],
        asks: Mapping[Decimal, Decimal],
        now_ms: int,
    ) -> bytes:
        data = {
            "s": state.book.listing.symbol,
            "b": _rows(bids),
            "a": _rows(asks),
            "u": state.u,
            "seq": state.seq,
        }
        head: dict[str, object]
        if self.market == SPOT or state.depth == 1:  # key order as the venue prints it
            head = {"topic": state.topic, "ts": now_ms, "type": kind}
        else:
            head = {"topic": state.topic, "type": kind, "ts": now_ms}
        return orjson.dumps(head | {"data": data, "cts": state.stamp_ms})


def _rows(levels: Mapping[Decimal, Decimal]) -> list[tuple[str, str]]:
    return [(f"{price:f}", plain(qty)) for price, qty in levels.items()]


def _delta(before: View, after: View) -> View:
    """Levels to set, and with size 0 those that are gone or have left the depth."""
    changes = {price: qty for price, qty in after.items() if before.get(price) != qty}
    changes.update((price, Decimal(0)) for price in before if price not in after)
    return changes
