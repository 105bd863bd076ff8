# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False, autotestdict=False
"""One instrument's order book, fed with a venue's own bytes."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t
from libcpp.string_view cimport string_view

from arbcore.cpp cimport (
    ApplyResult,
    BinanceReader,
    BookState,
    BybitReader,
    Decoded,
    Fill,
    InstrumentId,
    JoinResult,
    Level,
    LevelBuffer,
    LevelSpan,
    Market,
    Nanos,
    Qty,
    Status,
    StaleReason,
    SymbolTable,
    SyncedBook,
    Touch,
    Update,
    UpdateKind,
    apply_name,
    is_refusal,
    join_name,
    kQtyBound,
    kUpdateLevels,
    stale_name,
    take_asks,
    take_bids,
)

from arbcore.exact import average, to_decimal, to_steps
from arbcore.slowpath import READERS as _READERS, Refused, read_binance_snapshot

cdef tuple _APPLY = tuple([apply_name(<ApplyResult><int>i).decode("ascii") for i in range(4)])
cdef tuple _JOIN = tuple([join_name(<JoinResult><int>i).decode("ascii") for i in range(4)])
cdef tuple _MARKETS = ("binance:spot", "binance:perpetual", "bybit:spot", "bybit:perpetual")


cdef _parse(str instrument):
    """Market index and venue symbol; ValueError where it is no instrument of a known venue."""
    venue, _, symbol = instrument.partition(":")
    pair, perpetual, settle = symbol.partition(":")
    base, slash, quote = pair.partition("/")
    kind = f"{venue}:{'perpetual' if perpetual else 'spot'}"
    if not slash or not (base + quote).isalnum() or not base or not quote:
        raise ValueError(
            f"instrument must look like binance:BTC/USDT or bybit:BTC/USDT:USDT, was {instrument!r}"
        )
    if kind not in _MARKETS:
        raise ValueError(f"venue must be binance or bybit, was {venue!r} in {instrument!r}")
    if perpetual and settle != quote:
        raise ValueError(f"a perpetual must settle in its quote asset, was {instrument!r}")
    return _MARKETS.index(kind), base + quote


cdef int _is_bids(str side) except -1:
    if side in ("bid", "bids"):
        return 1
    if side in ("ask", "asks"):
        return 0
    raise ValueError(f'side must be "bid" or "ask", was {side!r}')


@cython.final
cdef class OrderBook:
    """The order book of one instrument at one venue, kept from the venue's own messages.

    ``instrument`` is ``venue:SYMBOL`` with a ccxt symbol: ``binance:BTC/USDT`` (spot) or
    ``bybit:BTC/USDT:USDT`` (perpetual). Prices and quantities are kept as integers on a grid of
    ``price_decimals`` and ``qty_decimals``; a message with a finer digit is refused, never rounded.
    Not thread-safe.

    Raises ValueError for an instrument or decimals that make no sense.
    """

    def __cinit__(self, str instrument not None, int price_decimals, int qty_decimals):
        cdef bytes symbol
        cdef string_view text
        market, self.symbol = _parse(instrument)
        if price_decimals < 0 or qty_decimals < 0 or price_decimals + qty_decimals > 18:
            raise ValueError(
                "decimals must be 0 or more and 18 at most together, "
                f"were {price_decimals} and {qty_decimals}"
            )
        self.instrument = instrument
        self.grid.price_decimals = price_decimals
        self.grid.qty_decimals = qty_decimals
        self.grids = {self.symbol: (price_decimals, qty_decimals)}
        self.book = new SyncedBook(<Market><int>market)
        self.buffer = new LevelBuffer()
        self.symbols = new SymbolTable()
        symbol = self.symbol.encode("ascii")
        text = string_view(PyBytes_AS_STRING(symbol), PyBytes_GET_SIZE(symbol))
        if not self.symbols.add(text, <InstrumentId>0, self.grid):
            raise ValueError(f"symbol is too long: {self.symbol!r}")
        if instrument.startswith("binance:"):
            self.binance = new BinanceReader()
        else:
            self.bybit = new BybitReader()

    def __dealloc__(self):
        del self.book
        del self.buffer
        del self.symbols
        del self.binance
        del self.bybit

    def __repr__(self):
        cdef size_t bids = self.book.book().bids.size()
        cdef size_t asks = self.book.book().asks.size()
        return f"<OrderBook {self.instrument} {self.state}, {bids} x {asks} levels>"

    def on_frame(self, bytes raw not None, Nanos recv_ns=0):
        """Applies one WebSocket message, as bytes.

        Returns "applied"; "ignored" (old, repeated, of another symbol or no depth message: a best-price
        message only sets ``ticker``); "buffered" (waits for ``on_snapshot``); "stale" (it does not fit: the
        book is not usable until it has synced again, see ``stale_reason``); "refused" (it cannot be read: the
        book is STALE, see ``last_refusal``). ``recv_ns`` is the receive time on the caller's clock.
        """
        cdef const char* begin = PyBytes_AS_STRING(raw)
        cdef const char* end = begin + PyBytes_GET_SIZE(raw)
        cdef Decoded decoded
        if self.binance != NULL:
            decoded = self.binance.read(begin, end, self.symbols[0], self.buffer[0])
        else:
            decoded = self.bybit.read(begin, end, self.symbols[0], self.buffer[0])
        if not is_refusal(decoded.status):
            return self.take(decoded.update, recv_ns) if decoded.status == Status.ok else "ignored"
        try:
            slow = _READERS["binance" if self.binance != NULL else "bybit"](raw, self.grids)
        except Refused as refusal:
            self.refused += 1
            self.last_refusal = (refusal.reason, refusal.field)
            self.book.on_refused(recv_ns)
            return "refused"
        self.slow += 1
        return "ignored" if slow is None else self.take(self.spread(slow), recv_ns)

    def on_snapshot(self, bytes raw not None, size_t limit=0, Nanos recv_ns=0):
        """Joins the body of Binance's REST depth.

        ``limit`` is the number of levels a side that was asked for; a side with fewer is whole, any other is
        verified (for ``vwap`` and ``best_edge``) down to its last level only.
        Returns "joined" (LIVE now, or with the next message), "too_old" (fetch another), "gap" (what follows
        does not fit, fetch another) or "ignored" (not wanted). Raises Refused, naming the field, for a body
        that cannot be read, and TypeError at Bybit, where the snapshot comes in the stream.
        """
        cdef const char* begin = PyBytes_AS_STRING(raw)
        cdef Decoded decoded
        if self.binance == NULL:
            raise TypeError(f"{self.instrument} gets its snapshot in the stream: pass it to on_frame")
        decoded = self.binance.read_snapshot(begin, begin + PyBytes_GET_SIZE(raw), self.grid, self.buffer[0])
        if decoded.status != Status.ok:
            try:
                slow = read_binance_snapshot(raw, (self.grid.price_decimals, self.grid.qty_decimals))
            except Refused as refusal:
                self.refused += 1
                self.last_refusal = (refusal.reason, refusal.field)
                raise
            self.slow += 1
            decoded.update = self.spread(slow)
        return _JOIN[<int>self.book.on_snapshot(decoded.update, recv_ns, limit)]

    def on_connected(self, Nanos now_ns=0):
        """A new connection: syncing starts anew."""
        self.book.on_connected(now_ns)

    def on_disconnected(self, Nanos now_ns=0):
        """The connection is gone: STALE until the next one has synced."""
        self.book.on_disconnected(now_ns)

    def take_resync_request(self):
        """True once per needed snapshot (Binance) or new subscription (Bybit)."""
        return self.book.take_resync_request()

    cdef str take(self, const Update& update, Nanos recv_ns):
        if update.kind == UpdateKind.ticker:
            self.note_ticker(update)
            return "ignored"
        return _APPLY[<int>self.book.on_update(update, recv_ns)]

    cdef Update spread(self, object slow):
        cdef Update update
        cdef Level* out = self.buffer.data()
        cdef size_t bids = len(slow.bids)
        cdef size_t used = 0
        if bids + len(slow.asks) > kUpdateLevels:
            raise OverflowError("more levels than a buffer holds")  # the slow path has refused those
        for price, qty in (*slow.bids, *slow.asks):
            out[used].price.value = price
            out[used].qty.value = qty
            used += 1
        if slow.kind == "snapshot":
            update.kind = UpdateKind.snapshot
        elif slow.kind == "ticker":
            update.kind = UpdateKind.ticker
        update.first_id = slow.first_id
        update.last_id = slow.last_id
        if slow.prev_id is not None:
            update.has_prev_id = True
            update.prev_id = slow.prev_id
        update.sequence = slow.sequence
        update.event_time = slow.event_time
        update.engine_time = slow.engine_time
        update.bids = LevelSpan(out, bids)
        update.asks = LevelSpan(out + bids, used - bids)
        return update

    cdef void note_ticker(self, const Update& update) noexcept:
        self.has_ticker = True
        self.ticker_id = update.last_id
        self.ticker_bid = self.ticker_bid_qty = self.ticker_ask = self.ticker_ask_qty = 0
        if update.bids.size() != 0:
            self.ticker_bid = update.bids[0].price.value
            self.ticker_bid_qty = update.bids[0].qty.value
        if update.asks.size() != 0:
            self.ticker_ask = update.asks[0].price.value
            self.ticker_ask_qty = update.asks[0].qty.value

    @property
    def state(self):
        """ "SYNCING", "LIVE" or "STALE". Only a LIVE book is proven equal to the venue's."""
        cdef BookState state = self.book.state()
        if state == BookState.live:
            return "LIVE"
        return "SYNCING" if state == BookState.syncing else "STALE"

    @property
    def stale_reason(self):
        """Why it is STALE ("gap", "crossed", "refused", "disconnected", ...), or None."""
        cdef StaleReason reason = self.book.stale_reason()
        return None if reason == StaleReason.none else stale_name(reason).decode("ascii")

    @property
    def best_bid(self):
        """(price, quantity) of the depth book, LIVE or last known; None where the side is empty."""
        cdef Touch touch = self.book.touch()
        return self._level(touch.bid) if touch.has_bid else None

    @property
    def best_ask(self):
        """(price, quantity) of the depth book, LIVE or last known; None where the side is empty."""
        cdef Touch touch = self.book.touch()
        return self._level(touch.ask) if touch.has_ask else None

    cdef tuple _level(self, Level level):
        return (
            to_decimal(level.price.value, self.grid.price_decimals),
            to_decimal(level.qty.value, self.grid.qty_decimals),
        )

    def depth(self, str side not None, n=None):
        """The best ``n`` levels (all without it) as two int64 arrays, prices and quantities on the grid.

        ``side`` is "bid" or "ask"; the best level is first. A number is its integer / 10**decimals. Levels
        beyond the verified depth are included.
        """
        cdef bint bids = _is_bids(side)
        cdef size_t size = self.book.book().bids.size() if bids else self.book.book().asks.size()
        cdef size_t i
        cdef int64_t[::1] price_view
        cdef int64_t[::1] qty_view
        cdef Level level
        if n is not None:
            if n < 0:
                raise ValueError(f"n must be 0 or more, was {n}")
            size = min(size, <size_t>min(n, 1 << 40))
        import numpy  # here, so that importing arbcore does not cost 70 ms

        prices = numpy.empty(size, dtype=numpy.int64)
        quantities = numpy.empty(size, dtype=numpy.int64)
        if size != 0:
            price_view = prices
            qty_view = quantities
            for i in range(size):
                level = self.book.book().bids.at(i) if bids else self.book.book().asks.at(i)
                price_view[i] = level.price.value
                qty_view[i] = level.qty.value
        return prices, quantities

    def vwap(self, str side not None, qty):
        """(average price, filled quantity) of taking ``qty`` (str, Decimal or int) from one side.

        ``side`` names what is taken: "ask" is what a buyer pays, "bid" what a seller gets. Filled is less
        than ``qty`` where the verified depth ends; None where it is nothing. The average has 28 digits.
        """
        cdef bint bids = _is_bids(side)
        cdef Fill fill
        cdef Qty want
        steps = to_steps(qty, self.grid.qty_decimals, "qty")
        if not 0 < steps < kQtyBound:
            raise ValueError(f"qty must be positive and below 2**56 steps, was {qty!r}")
        want.value = steps
        if bids:
            fill = take_bids(self.book.book().bids.cursor(), want)
        else:
            fill = take_asks(self.book.book().asks.cursor(), want)
        if fill.filled.value == 0:
            return None
        return (
            average(fill.notional.value, fill.filled.value, self.grid.price_decimals),
            to_decimal(fill.filled.value, self.grid.qty_decimals),
        )

    @property
    def levels(self):
        """How many (bid, ask) levels the book has, nothing pruned."""
        return self.book.book().bids.size(), self.book.book().asks.size()

    @property
    def ticker(self):
        """(id, bid, bid quantity, ask, ask quantity) of the last bookTicker or level-1 message, or None.

        An empty side is 0, as the venue prints it.
        """
        cdef int price = self.grid.price_decimals
        cdef int qty = self.grid.qty_decimals
        if not self.has_ticker:
            return None
        return (
            self.ticker_id,
            to_decimal(self.ticker_bid, price),
            to_decimal(self.ticker_bid_qty, qty),
            to_decimal(self.ticker_ask, price),
            to_decimal(self.ticker_ask_qty, qty),
        )

    @property
    def price_decimals(self):
        return self.grid.price_decimals

    @property
    def qty_decimals(self):
        return self.grid.qty_decimals

    @property
    def last_id(self):
        """The venue's id of the newest update or snapshot in the book."""
        return self.book.last_id()

    @property
    def sequence(self):
        """Bybit's ``seq`` of the newest update in the book; 0 at Binance."""
        return self.book.sequence()

    @property
    def last_recv_ns(self):
        """When the newest data in the book was received."""
        return self.book.last_recv_ns()

    @property
    def applied(self):
        """Depth updates put into the book since the first join, those that had waited for it included."""
        return self.book.applied()

    @property
    def ignored(self):
        """Depth updates that were old or repeated."""
        return self.book.ignored()

    @property
    def buffered(self):
        """Depth updates that had to wait for a snapshot."""
        return self.book.buffered()

    @property
    def gaps(self):
        """Holes met in the venue's numbering."""
        return self.book.gaps()
