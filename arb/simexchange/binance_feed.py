"""Binance market streams of one market: diff depth with U/u ids, best price, trades, marks, partial depth."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import orjson

from arb.simexchange.amounts import ZERO, fixed8
from arb.simexchange.book import Book, Level, Pending
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.messages import PUBLIC, Message, Subscriptions
from arb.simexchange.orders import Trade
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.spec import BINANCE, SPOT

# stream name -> push interval in ms
SPOT_SPEEDS: Mapping[str, int] = {"depth@100ms": 100, "depth": 1000}
USDM_SPEEDS: Mapping[str, int] = {"depth@100ms": 100, "depth": 250, "depth@500ms": 500}
PARTIAL_DEPTHS = (5, 10, 20)
MARK_SPEEDS: Mapping[str, int] = {"markPrice@1s": 1_000, "markPrice": 3_000}


class _Diffs:
    """One depth stream of one symbol: the changes collected since its last push.

    With `cut` of `cuts` its windows end that share of the period later than those of the others.
    """

    __slots__ = ("next_ns", "offset_ns", "pending", "period_ns", "stream")

    def __init__(self, book: Book, speed: str, period_ms: int, cut: int = 0, cuts: int = 1) -> None:
        self.stream = f"{book.listing.symbol.lower()}@{speed}" + (f"#{cut}" if cut else "")
        self.period_ns = period_ms * MILLISECOND_NS
        self.offset_ns = self.period_ns * cut // cuts
        self.next_ns = 0
        self.pending: Pending = book.track()

    def is_due(self, now: Instant) -> bool:
        """Has a window ended? All symbols push on the same raster, wherever the clock started."""
        if now.mono_ns < self.next_ns:
            return False
        windows = (now.mono_ns - self.offset_ns) // self.period_ns
        self.next_ns = (windows + 1) * self.period_ns + self.offset_ns
        return True


class BinanceFeed:
    """Turns books into stream messages. Spot prints eight decimals, USD-M those of the tick and the lot."""

    def __init__(
        self,
        market: str,
        books: Iterable[Book],
        wanted: Subscriptions,
        perpetuals: Iterable[Perpetual] = (),
        cuts: int = 1,
    ) -> None:
        self.market = market
        self.steps_ago: dict[str, int] = {}  # by symbol: how old REST depth answers are
        self.wanted = wanted
        self.is_spot = market == SPOT
        self._text: Callable[[Decimal], str] = fixed8 if self.is_spot else (lambda value: f"{value:f}")
        self._speeds = SPOT_SPEEDS if self.is_spot else USDM_SPEEDS
        self._cuts = cuts
        self._cut: dict[str, tuple[Book, _Diffs]] = {}
        self._perpetuals = {perpetual.listing.symbol: perpetual for perpetual in perpetuals}
        self._mark_ns = dict.fromkeys(MARK_SPEEDS, 0)
        self._books = {book.listing.symbol: book for book in books}
        self._diffs = {
            symbol: [_Diffs(book, speed, period) for speed, period in self._speeds.items()]
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
                if diffs.is_due(now):
                    self._push(book, diffs, now.unix_ms, messages)
                    if diffs.period_ns == 100 * MILLISECOND_NS:
                        self._partial(book, "@100ms", messages)
                    elif diffs.period_ns == 1000 * MILLISECOND_NS:
                        self._partial(book, "", messages)
        if self.wanted.cut or self._cut:
            self._follow_cuts()
            for book, diffs in self._cut.values():
                if diffs.is_due(now):
                    self._push(book, diffs, now.unix_ms, messages)
        if self._perpetuals:
            self._marks(now, messages)
        return messages

    def has_diffs(self, stream: str) -> bool:
        """Is it a diff depth stream of a symbol that is listed?"""
        symbol, _, speed = stream.partition("@")
        return speed in self._speeds and symbol.upper() in self._books

    def _follow_cuts(self) -> None:
        for stream in self.wanted.cut:
            if stream not in self._cut:
                name, _, cut = stream.partition("#")
                symbol, _, speed = name.partition("@")
                book = self._books[symbol.upper()]
                diffs = _Diffs(book, speed, self._speeds[speed], int(cut), self._cuts)
                self._cut[stream] = (book, diffs)
        for stream in [stream for stream in self._cut if stream not in self.wanted]:
            book, diffs = self._cut.pop(stream)
            book.untrack(diffs.pending)

    def _marks(self, now: Instant, messages: list[Message]) -> None:
        for perpetual in self._perpetuals.values():
            perpetual.refresh(now)
        for speed, period_ms in MARK_SPEEDS.items():
            if now.mono_ns < self._mark_ns[speed]:
                continue
            period_ns = period_ms * MILLISECOND_NS
            self._mark_ns[speed] = (now.mono_ns // period_ns + 1) * period_ns
            for symbol, perpetual in self._perpetuals.items():
                stream = f"{symbol.lower()}@{speed}"
                if stream in self.wanted:
                    payload = _mark(perpetual, now.unix_ms)
                    messages.append(self._message("mark", symbol, stream, payload))

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
                if not self.is_spot:
                    payload |= {"nq": common["q"], "st": 1}
                messages.append(self._message("trade", symbol, stream, orjson.dumps(payload)))
        return messages

    def snapshot(self, symbol: str, limit: int, now_ms: int) -> bytes:
        """REST depth: the book as it is now (or was, `steps_ago`), under the id that the streams number
        their changes with."""
        book = self._books[symbol]
        book_id = book.last_id
        steps = self.steps_ago.get(symbol)
        if steps is None:
            bids, asks = book.top(True, limit), book.top(False, limit)
        else:
            book_id = book.id_ago(steps)
            bids, asks = book.at(book_id, limit)
        body: dict[str, object] = {"lastUpdateId": book_id}
        if not self.is_spot:
            body |= {"E": now_ms, "T": now_ms}
        return orjson.dumps(body | {"bids": self._rows(bids), "asks": self._rows(asks)})

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


def _mark(perpetual: Perpetual, now_ms: int) -> bytes:
    mark = f"{perpetual.mark:.8f}"
    return orjson.dumps(
        {
            "e": "markPriceUpdate",
            "E": now_ms,
            "s": perpetual.listing.symbol,
            "p": mark,
            "i": f"{perpetual.index:.8f}",
            "P": mark,
            "r": f"{perpetual.rate:.8f}",
            "ap": mark,
            "T": perpetual.next_funding_ms(now_ms),
            "st": 1,
        }
    )
