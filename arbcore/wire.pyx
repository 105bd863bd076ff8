# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False, autotestdict=False
"""The C++ frame readers alone, for tests and notebooks: bytes in, plain integers out."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from libcpp.string_view cimport string_view

from arbcore.cpp cimport (
    BinanceReader,
    BybitReader,
    Decoded,
    Grid,
    InstrumentId,
    LevelBuffer,
    LevelSpan,
    Status,
    SymbolTable,
    UpdateKind,
    status_name,
)

VENUES = ("binance", "bybit")


cdef list _rows(const LevelSpan& levels):
    return [(levels[i].price.value, levels[i].qty.value) for i in range(levels.size())]


cdef str _kind(UpdateKind kind):
    if kind == UpdateKind.delta:
        return "delta"
    return "snapshot" if kind == UpdateKind.snapshot else "ticker"


cdef Grid _grid(int price_decimals, int qty_decimals) except *:
    cdef Grid grid
    if price_decimals < 0 or qty_decimals < 0 or price_decimals + qty_decimals > 18:
        raise ValueError(f"decimals out of range: {price_decimals}, {qty_decimals}")
    grid.price_decimals = price_decimals
    grid.qty_decimals = qty_decimals
    return grid


@cython.final
cdef class Reader:
    """One connection's reader: it keeps what it has learnt of the widths of the columns.

    ``grids`` maps venue symbols ("BTCUSDT") to (price decimals, quantity decimals).
    """

    def __cinit__(self, str venue not None, grids):
        cdef bytes name
        cdef string_view text
        cdef int price_decimals, qty_decimals
        if venue not in VENUES:
            raise ValueError(f"venue must be one of {VENUES}, was {venue!r}")
        self.levels = new LevelBuffer()
        self.table = new SymbolTable()
        self.symbols = tuple(grids)
        for i, symbol in enumerate(self.symbols):
            name = symbol.encode("ascii")
            text = string_view(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
            price_decimals, qty_decimals = grids[symbol]
            if not self.table.add(text, <InstrumentId><int>i, _grid(price_decimals, qty_decimals)):
                raise ValueError(f"{symbol!r} is no symbol")
        if venue == "binance":
            self.binance = new BinanceReader()
        else:
            self.bybit = new BybitReader()

    def __dealloc__(self):
        del self.levels
        del self.table
        del self.binance
        del self.bybit

    def read(self, bytes raw not None):
        """A market-stream frame: ("ok", symbol, kind, first_id, last_id, prev_id, sequence, event_time,
        engine_time, bids, asks), else (status, field).

        ``prev_id`` is None where the message has none, times are ns of the venue's clock, levels are (price,
        quantity) on the grid. Statuses up to "unknown_symbol" are no fault; after them the frame is refused.
        """
        return self.decode(raw, NULL)

    def read_snapshot(self, bytes raw not None, int price_decimals, int qty_decimals):
        """The body of Binance's REST depth; as ``read``, its symbol is "". TypeError at Bybit."""
        cdef Grid grid = _grid(price_decimals, qty_decimals)
        if self.binance == NULL:
            raise TypeError("Bybit sends its snapshot in the stream")
        return self.decode(raw, &grid)

    cdef tuple decode(self, bytes raw, const Grid* snapshot):
        # A block of exactly this size: a sanitizer then sees the first byte read past the end, which the
        # NUL after a bytes object would hide.
        cdef Py_ssize_t size = PyBytes_GET_SIZE(raw)
        cdef char* text = <char*>malloc(size if size > 0 else 1)
        cdef const char* begin = text if size > 0 else text + 1  # empty: at the end of the block, not in it
        cdef Decoded decoded
        if text == NULL:
            raise MemoryError
        memcpy(text, PyBytes_AS_STRING(raw), size)
        if snapshot != NULL:
            decoded = self.binance.read_snapshot(begin, begin + size, snapshot[0], self.levels[0])
        elif self.binance != NULL:
            decoded = self.binance.read(begin, begin + size, self.table[0], self.levels[0])
        else:
            decoded = self.bybit.read(begin, begin + size, self.table[0], self.levels[0])
        free(text)
        status = status_name(decoded.status).decode("ascii")
        if decoded.status != Status.ok:
            return status, None if decoded.field == NULL else decoded.field.decode("ascii")
        return (
            status,
            "" if snapshot != NULL else self.symbols[<int>decoded.instrument],
            _kind(decoded.update.kind),
            decoded.update.first_id,
            decoded.update.last_id,
            decoded.update.prev_id if decoded.update.has_prev_id else None,
            decoded.update.sequence,
            decoded.update.event_time,
            decoded.update.engine_time,
            _rows(decoded.update.bids),
            _rows(decoded.update.asks),
        )


def decode(str venue not None, bytes raw not None, grids, snapshot=None):
    """One frame through a new reader, see ``Reader.read``.

    ``snapshot`` = (price decimals, quantity decimals) reads the body of Binance's REST depth instead.
    """
    reader = Reader(venue, grids)
    return reader.read(raw) if snapshot is None else reader.read_snapshot(raw, *snapshot)
