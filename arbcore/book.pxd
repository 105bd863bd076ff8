from libc.stdint cimport int64_t, uint64_t

from arbcore.cpp cimport (
    BinanceReader,
    BybitReader,
    Grid,
    Level,
    LevelBuffer,
    Nanos,
    SymbolTable,
    SyncedBook,
    Update,
)


cdef class OrderBook:
    cdef SyncedBook* book  # pointers: the C++ objects have no state worth default-constructing first
    cdef LevelBuffer* buffer
    cdef SymbolTable* symbols
    cdef BinanceReader* binance  # NULL at Bybit
    cdef BybitReader* bybit  # NULL at Binance
    cdef Grid grid
    cdef readonly str instrument
    cdef readonly str symbol
    cdef readonly tuple last_refusal
    cdef readonly uint64_t refused
    cdef readonly uint64_t slow
    cdef object grids  # of the slow path
    cdef bint has_ticker
    cdef int64_t ticker_id
    cdef int64_t ticker_bid
    cdef int64_t ticker_bid_qty
    cdef int64_t ticker_ask
    cdef int64_t ticker_ask_qty

    cdef tuple _level(self, Level level)
    cdef str take(self, const Update& update, Nanos recv_ns)
    cdef Update spread(self, object slow)  # its levels live in self.buffer
    cdef void note_ticker(self, const Update& update) noexcept

