"""Binance market streams of one market: diff depth with U/u ids, best price, trades, partial depth."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import orjson

from arb.simexchange.amounts import ZERO, fixed8
from arb.simexchange.book import Book, Level, Pending
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.messages import PUBLIC, Message, Subscriptions
from arb.simexchange.orders import Trade
from arb.simexchange.spec import BINANCE, SPOT

# stream name -> push interval in ms
SPOT_SPEEDS: Mapping[str, int] = {"depth@100ms": 100, "depth": 1000}
USDM_SPEEDS: Mapping[str, int] = {"depth@100ms": 100, "depth": 250, "depth@500ms": 500}
PARTIAL_DEPTHS = (5, 10, 20)


class _Diffs:
    """One depth stream of one symbol: the changes collected since its last push."""

    __slots__ = ("next_ns", "pending", "period_ns", "stream")

    def __init__(self, book: Book, speed: str, period_ms: int) -> None:
        self.stream = f"{book.listing.symbol.lower()}@{speed}"
        self.period_ns = period_ms * MILLISECOND_NS
        self.next_ns = 0
        self.pending: Pending = book.track()


class BinanceFeed:
    """Turns books into stream messages. Spot prints eight decimals, USD-M those of the tick and the lot."""

    def __init__(self, market: str, books: Iterable[Book], wanted: Subscriptions) -> None:
        self.market = market
        self.wanted = wanted
        self.is_spot = market == SPOT
        self._text: Callable[[Decimal], str] = fixed8 if self.is_spot else (lambda value: f"{value:f}")
        speeds = SPOT_SPEEDS if self.is_spot else USDM_SPEEDS
        self._books = {book.listing.symbol: book for book in books}
        self._diffs = {
            symbol: [_Diffs(book, speed, period) for speed, period in speeds.items()]
            for symbol, book in self._books.items()
        }
        self._touch: dict[str, tuple[Level | None, Level | None]] = {}

    def advance(self, now: Instant) -> list[Message]:
        """Messages due now: best prices that changed, depth whose interval is over."""
        messages: list[Message] = []
        for symbol, book in self._books.items():
            touch = (book.best(True), book.best(False))
            if self._touch.get(symbol) != touch:
                self._touch[symbol] = touch
                stream = f"{symbol.lower()}@bookTicker"
                if stream in self.wanted and touch[0] and touch[1]:
                    payload = self._ticker(book, touch[0], touch[1], now.unix_ms)
                    messages.append(self._message("ticker", symbol, stream, payload))
            for diffs in self._diffs[symbol]:
                if now.mono_ns >= diffs.next_ns:
                    # All symbols push on the same raster, wherever the clock started.
                    diffs.next_ns = (now.mono_ns // diffs.period_ns + 1) * diffs.period_ns
                    self._push(book, diffs, now.unix_ms, messages)
        return messages

    def trades(self, trades: Iterable[Trade]) -> list[Message]:
        messages: list[Message] = []
        for trade in trades:
            symbol = trade.listing.symbol
            common = {
                "s": symbol,
                "p": self._text(trade.price),
                "q": self._text(trade.qty),
                "T": trade.unix_ms,
            }
            maker = not trade.taker_buys
            stream = f"{symbol.lower()}@trade"
            if stream in self.wanted:
                payload: dict[str, object] = {"e": "trade", "E": trade.unix_ms, "t": trade.trade_id}
                payload |= common | {"m": maker, "M": True}
                messages.append(self._message("trade", symbol, stream, orjson.dumps(payload)))
            stream = f"{symbol.lower()}@aggTrade"
            if stream in self.wanted:
                ids = {"a": trade.trade_id, "f": trade.trade_id, "l": trade.trade_id}
                payload = {"e": "aggTrade", "E": trade.unix_ms, **ids, **common, "m": maker}
                messages.append(self._message("trade", symbol, stream, orjson.dumps(payload)))
        return messages

    def snapshot(self, symbol: str, limit: int, now_ms: int) -> bytes:
        """REST depth: the book as it is now, under the id that the streams number their changes with."""
        book = self._books[symbol]
        body: dict[str, object] = {"lastUpdateId": book.last_id}
        if not self.is_spot:
            body |= {"E": now_ms, "T": now_ms}
        body |= {"bids": self._rows(book.top(True, limit)), "asks": self._rows(book.top(False, limit))}
        return orjson.dumps(body)

    def best(self, symbol: str) -> dict[str, str]:
        """REST bookTicker."""
        book = self._books[symbol]
        bid, ask = book.best(True) or (ZERO, ZERO), book.best(False) or (ZERO, ZERO)
        values = (bid[0], bid[1], ask[0], ask[1])
        names = ("bidPrice", "bidQty", "askPrice", "askQty")
        return {"symbol": symbol} | {
            name: self._text(value) for name, value in zip(names, values, strict=True)
        }

    def _rows(self, levels: Mapping[Decimal, Decimal]) -> list[tuple[str, str]]:
        text = self._text
        return [(text(price), text(qty)) for price, qty in levels.items()]

    def _message(self, kind: str, symbol: str, stream: str, payload: bytes) -> Message:
        return Message(BINANCE, self.market, PUBLIC, kind, symbol, stream, payload)

    def _ticker(self, book: Book, bid: Level, ask: Level, now_ms: int) -> bytes:
        text = self._text
        symbol = book.listing.symbol
        prices = {"b": text(bid[0]), "B": text(bid[1]), "a": text(ask[0]), "A": text(ask[1])}
        if self.is_spot:
            return orjson.dumps({"u": book.last_id, "s": symbol, **prices})
        times = {"E": now_ms, "T": now_ms, "s": symbol, "ps": symbol}
        return orjson.dumps({"e": "bookTicker", "u": book.last_id, **times, **prices, "st": 1})

    def _push(self, book: Book, diffs: _Diffs, now_ms: int, messages: list[Message]) -> None:
        pending = diffs.pending
        first, last = pending.last_id + 1, book.last_id
        if last >= first:
            if diffs.stream in self.wanted:
                payload = self._diff(book, pending, first, now_ms)
                messages.append(self._message("depth", book.listing.symbol, diffs.stream, payload))
            book.restart(pending)
        if diffs.period_ns == 100 * MILLISECOND_NS:
            self._partial(book, "@100ms", messages)
        elif diffs.period_ns == 1000 * MILLISECOND_NS:
            self._partial(book, "", messages)

    def _diff(self, book: Book, pending: Pending, first: int, now_ms: int) -> bytes:
        text, symbol = self._text, book.listing.symbol
        bids = [
            (text(price), text(book.bids.get(price, ZERO))) for price in sorted(pending.bids, reverse=True)
        ]
        asks = [(text(price), text(book.asks.get(price, ZERO))) for price in sorted(pending.asks)]
        head: dict[str, object] = {"e": "depthUpdate", "E": now_ms}
        if self.is_spot:
            head |= {"s": symbol, "U": first, "u": book.last_id, "b": bids, "a": asks}
        else:
            head |= {"T": now_ms, "s": symbol, "U": first, "u": book.last_id, "pu": pending.last_id}
            head |= {"b": bids, "a": asks, "ps": symbol, "st": 1}
        return orjson.dumps(head)

    def _partial(self, book: Book, suffix: str, messages: list[Message]) -> None:
        if not self.is_spot:
            return
        symbol = book.listing.symbol
        for depth in PARTIAL_DEPTHS:
            stream = f"{symbol.lower()}@depth{depth}{suffix}"
            if stream in self.wanted:
                messages.append(self._message("partial", symbol, stream, self.snapshot(symbol, depth, 0)))
