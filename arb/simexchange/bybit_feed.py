"""Bybit public topics of one category: order books by depth as snapshot and deltas, trades, tickers."""

from collections.abc import Callable, Iterable

import orjson

from arb.simexchange.amounts import plain
from arb.simexchange.book import Book
from arb.simexchange.bybit_ticker import Ticker
from arb.simexchange.bybit_topic import SPEEDS, Topic, changes, rows
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.messages import PUBLIC, Message, Subscriptions
from arb.simexchange.orders import Trade
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.spec import BYBIT

REPEAT_NS = 3 * SECOND_NS  # level 1 is sent again unchanged, with the same u


class BybitFeed:
    """Books of one category. `u` of a topic goes up by one a message, `seq` is the id of the book.

    A topic's key is its name; behind a "#" follows the number of the window cut (one of `cuts`), each with a
    `u` of its own.
    """

    def __init__(
        self,
        market: str,
        books: Iterable[Book],
        wanted: Subscriptions,
        perpetuals: Iterable[Perpetual] = (),
        cuts: int = 1,
    ) -> None:
        self.market = market
        self.wanted = wanted
        self.steps_ago: dict[str, int] = {}  # by symbol: how old REST orderbook answers are
        # By symbol: how old the first snapshot of a subscription is, None for now.
        self.first_is_old: Callable[[str, Instant], int | None] = lambda symbol, now: None
        self._cuts = cuts
        self._books = {book.listing.symbol: book for book in books}
        self._topics = {
            topic.key: topic
            for n, book in enumerate(self._books.values())
            for topic in (Topic(book, depth, 100_000 * (n + 1) + 10 * depth) for depth in SPEEDS)
        }
        by_symbol = {perpetual.listing.symbol: perpetual for perpetual in perpetuals}
        self._tickers = {symbol: Ticker(book, by_symbol.get(symbol)) for symbol, book in self._books.items()}

    def stream(self, key: str) -> str:
        """The topic's name in messages: unique on the venue."""
        return f"{self.market}/{key}"

    def has_windows(self, topic: str) -> bool:
        """Is it an orderbook topic?"""
        return topic in self._topics

    def knows(self, topic: str) -> bool:
        kind, _, symbol = topic.rpartition(".")
        return topic in self._topics or (kind in ("publicTrade", "tickers") and symbol in self._books)

    def first(self, key: str, now: Instant) -> bytes | None:
        """What a new subscriber gets before anything else: the snapshot its first delta continues."""
        kind, _, symbol = key.partition(".")
        if kind == "tickers":
            return self._tickers[symbol].snapshot(now, is_followed=key in self.wanted)
        state = self._topic(key)
        if state is None:
            return None
        if key not in self.wanted:  # nobody has followed it: start from the book of this moment
            state.refresh(now.unix_ms)
        steps = self.first_is_old(state.book.listing.symbol, now) if state.depth > 1 else None
        return state.message("snapshot", state.now() if steps is None else state.past(steps), now.unix_ms)

    def past_snapshot(self, stream: str, steps: int, now_ms: int) -> bytes | None:
        """The snapshot of a topic as it stood, None when it is younger than that."""
        state = self._topics[stream.partition("/")[2]]
        return None if state.push_ago(steps) is None else state.message("snapshot", state.past(steps), now_ms)

    def restart(self, stream: str, now_ms: int) -> bytes:
        """The topic begins again with u=1; the snapshot that says so."""
        state = self._topics[stream.partition("/")[2]]
        state.u = 1
        state.history.clear()
        return state.message("snapshot", state.now(), now_ms)

    def advance(self, now: Instant) -> list[Message]:
        messages: list[Message] = []
        if self.wanted.cut:
            for key in self.wanted.cut:
                self._topic(key)
        for key, state in list(self._topics.items()):
            if not state.is_due(now):
                continue
            if key in self.wanted:
                self._push(state, now, messages)
            elif "#" in key:
                del self._topics[key]
            elif state.depth == 1000:  # always: REST shows this level's view and u
                state.refresh(now.unix_ms)
        for symbol, ticker in self._tickers.items():
            topic = f"tickers.{symbol}"
            if topic in self.wanted and (payload := ticker.push(now)) is not None:
                messages.append(self._message("mark", symbol, topic, payload))
        return messages

    def _topic(self, key: str) -> Topic | None:
        """The topic, made when it is the first one of its window cut."""
        state = self._topics.get(key)
        if state is None and "#" in key:
            name, _, cut = key.partition("#")
            base = self._topics[name]
            # A million apart: two connections' ids are never taken for one another's by chance.
            first_u = base.u + 1_000_000 * int(cut)
            state = Topic(base.book, base.depth, first_u, int(cut), self._cuts)
            self._topics[key] = state
        return state

    def _push(self, state: Topic, now: Instant, messages: list[Message]) -> None:
        bids, asks = state.bids, state.asks
        changed = state.refresh(now.unix_ms)
        if state.depth == 1:
            if not changed and now.mono_ns - state.pushed_ns < REPEAT_NS:
                return
            payload = state.message("snapshot", state.now(), now.unix_ms)
        elif not changed:
            return
        else:
            delta = (state.seq, state.u, changes(bids, state.bids), changes(asks, state.asks))
            payload = state.message("delta", delta, now.unix_ms)
        state.pushed_ns = now.mono_ns
        kind = "ticker" if state.depth == 1 else "depth"
        messages.append(self._message(kind, state.book.listing.symbol, state.key, payload))

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
        for symbol, entries in by_symbol.items():
            topic = f"publicTrade.{symbol}"
            payload = orjson.dumps({"topic": topic, "type": "snapshot", "ts": now.unix_ms, "data": entries})
            messages.append(self._message("trade", symbol, topic, payload))
        return messages

    def rest_book(self, symbol: str, limit: int) -> dict[str, object]:
        """REST orderbook: the view and u of the 1000-level stream (or what they were, `steps_ago`)."""
        state = self._topics[f"orderbook.1000.{symbol}"]
        steps = self.steps_ago.get(symbol)
        seq, u, bids, asks = state.now() if steps is None else state.past(steps)
        return {
            "s": symbol,
            "b": rows(bids)[:limit],
            "a": rows(asks)[:limit],
            "ts": state.stamp_ms,
            "u": u,
            "seq": seq,
            "cts": state.stamp_ms,
        }

    def rest_ticker(self, symbol: str, now: Instant) -> dict[str, object]:
        return self._tickers[symbol].rest_row(now)

    def _message(self, kind: str, symbol: str, key: str, payload: bytes) -> Message:
        return Message(BYBIT, self.market, PUBLIC, kind, symbol, self.stream(key), payload)
