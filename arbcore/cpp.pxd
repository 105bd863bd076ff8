# Declarations of the C++ core; nothing here is compiled on its own. One block per header.
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libcpp cimport bool
from libcpp.string_view cimport string_view


cdef extern from "arb/units.hpp" namespace "arb" nogil:
    ctypedef int64_t Nanos
    # 128 bits: Cython asks the compiler for the size and converts through the bytes of a Python int.
    ctypedef long long Int128

    cdef enum class Side(uint8_t):
        buy
        sell

    cdef cppclass Price:
        int64_t value

    cdef cppclass Qty:
        int64_t value

    cdef cppclass Notional:
        Int128 value

    cdef cppclass Ppm:
        int32_t value

    cdef cppclass Level:
        Price price
        Qty qty

    cdef struct Grid:
        uint8_t price_decimals
        uint8_t qty_decimals

    ctypedef uint16_t InstrumentId  # an enum class without enumerators


cdef extern from "arb/instrument.hpp" namespace "arb" nogil:
    cdef enum class Market(uint8_t):
        binance_spot
        binance_usdm
        bybit_spot
        bybit_linear

    cdef enum class FeeMode(uint8_t):
        quote
        base

    cdef struct Filters:
        Price tick
        Price min_price
        Price max_price
        Qty lot
        Qty min_qty
        Qty max_qty
        Notional min_notional
        Notional max_notional


cdef extern from "arb/update.hpp" namespace "arb" nogil:
    const size_t kUpdateLevels

    cdef enum class UpdateKind(uint8_t):
        delta
        snapshot
        ticker

    cdef cppclass LevelSpan "std::span<const arb::Level>":
        LevelSpan() noexcept
        LevelSpan(const Level*, size_t) noexcept
        size_t size() noexcept
        const Level& operator[](size_t) noexcept

    cdef cppclass LevelBuffer:
        Level* data() noexcept

    cdef cppclass Update:
        UpdateKind kind
        bool has_prev_id
        int64_t first_id
        int64_t last_id
        int64_t prev_id
        int64_t sequence
        Nanos event_time
        Nanos engine_time
        LevelSpan bids
        LevelSpan asks


cdef extern from "arb/wire/status.hpp" namespace "arb::wire" nogil:
    cdef enum class Status(uint8_t):
        ok
        ignored
        unknown_symbol

    bool is_refusal(Status) noexcept
    const char* status_name "arb::wire::name"(Status) noexcept

    cdef cppclass Decoded:
        Status status
        InstrumentId instrument
        Update update
        const char* field


cdef extern from "arb/wire/symbol_table.hpp" namespace "arb::wire" nogil:
    cdef cppclass SymbolTable:
        bool add(string_view, InstrumentId, Grid) except +  # allocates


cdef extern from "arb/wire/binance.hpp" namespace "arb::wire" nogil:
    cdef cppclass BinanceReader:
        Decoded read(const char*, const char*, const SymbolTable&, LevelBuffer&) noexcept
        Decoded read_snapshot(const char*, const char*, Grid, LevelBuffer&) noexcept


cdef extern from "arb/wire/bybit.hpp" namespace "arb::wire" nogil:
    cdef cppclass BybitReader:
        Decoded read(const char*, const char*, const SymbolTable&, LevelBuffer&) noexcept


cdef extern from "arb/ladder.hpp" namespace "arb" nogil:
    cdef cppclass BidCursor "arb::LevelCursor<arb::Side::buy>":
        pass

    cdef cppclass AskCursor "arb::LevelCursor<arb::Side::sell>":
        pass

    cdef cppclass BidLadder "arb::Ladder<arb::Side::buy>":
        size_t size() noexcept
        const Level& at(size_t) noexcept
        BidCursor cursor() noexcept

    cdef cppclass AskLadder "arb::Ladder<arb::Side::sell>":
        size_t size() noexcept
        const Level& at(size_t) noexcept
        AskCursor cursor() noexcept


cdef extern from "arb/order_book.hpp" namespace "arb" nogil:
    cdef cppclass Touch:
        Level bid
        Level ask
        bool has_bid
        bool has_ask

    cdef cppclass CppOrderBook "arb::OrderBook":
        BidLadder bids
        AskLadder asks


cdef extern from "arb/synced_book.hpp" namespace "arb" nogil:
    cdef enum class BookState(uint8_t):
        syncing
        live
        stale

    cdef enum class StaleReason(uint8_t):
        none

    cdef enum class ApplyResult(uint8_t):
        applied
        ignored
        buffered
        stale

    cdef enum class JoinResult(uint8_t):
        joined
        too_old
        gap
        ignored

    const char* stale_name "arb::name"(StaleReason) noexcept
    const char* apply_name "arb::name"(ApplyResult) noexcept
    const char* join_name "arb::name"(JoinResult) noexcept

    cdef cppclass SyncedBook:
        SyncedBook(Market) except +  # reserves its ladders
        ApplyResult on_update(const Update&, Nanos) noexcept
        JoinResult on_snapshot(const Update&, Nanos, size_t) noexcept
        void on_connected(Nanos) noexcept
        void on_disconnected(Nanos) noexcept
        void on_refused(Nanos) noexcept
        bool take_resync_request() noexcept
        BookState state() noexcept
        bool live() noexcept  # inline, as the reads below: a foreign module need not link the core for them
        StaleReason stale_reason() noexcept
        Touch touch() noexcept
        const CppOrderBook& book() noexcept
        Nanos last_recv_ns() noexcept
        int64_t last_id() noexcept
        int64_t sequence() noexcept
        uint64_t applied() noexcept
        uint64_t ignored() noexcept
        uint64_t buffered() noexcept
        uint64_t gaps() noexcept


cdef extern from "arb/walk.hpp" namespace "arb" nogil:
    cdef cppclass Fill:
        Qty filled
        Notional notional

    Fill take_bids "arb::take"(BidCursor, Qty) noexcept
    Fill take_asks "arb::take"(AskCursor, Qty) noexcept


cdef extern from "arb/histogram.hpp" namespace "arb" nogil:
    cdef cppclass CppHistogram "arb::Histogram":
        void record(Nanos) noexcept
        uint64_t count() noexcept
        Nanos min() noexcept
        Nanos max() noexcept
        Nanos quantile(double) noexcept
        void merge(const CppHistogram&) noexcept
        void reset() noexcept


cdef extern from "arb/edge.hpp" namespace "arb" nogil:
    const int64_t kPriceBound
    const int64_t kQtyBound

    cdef cppclass EdgeTerms:
        FeeMode fee_mode
        Ppm buy_fee
        Ppm sell_fee
        Filters buy
        Filters sell
        Qty cap
        Ppm min_edge
        Ppm slippage
        Notional min_profit
        Notional worst_floor

    cdef enum class EdgeReason(uint8_t):
        none

    const char* edge_reason_name "arb::name"(EdgeReason) noexcept

    cdef cppclass CppEdge "arb::Edge":
        EdgeReason reason
        Side leg
        Qty optimal
        Qty buy_qty
        Qty sell_qty
        Price buy_limit
        Price sell_limit
        Int128 net_ppm
        Int128 worst_ppm
        Int128 optimal_net_ppm
        Int128 optimal_delivered_ppm
        Int128 dust_ppm
        Int128 dust_value_ppm
        uint32_t levels

    CppEdge best_edge(AskCursor, BidCursor, const EdgeTerms&) noexcept
