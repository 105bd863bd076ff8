from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int64_t

from arbcore.cpp_engine cimport (
    Amount, AssetId, Grid, HaltReason, InstrumentId, Order, OrderId, OrderStatus, PairId, Price, Qty, Record,
)


cdef extern from "arb/trade.hpp" namespace "arb" nogil:
    cdef enum class TradeState(uint8_t):
        free
        working
        resolving
        balanced
        halted

    cdef cppclass Trade:
        uint64_t seq
        PairId pair
        AssetId base
        AssetId quote
        Grid grid
        TradeState state
        uint8_t max_hedges
        Amount dust_in
        Amount lot
        uint8_t order_count
        uint8_t hedges
        HaltReason halt
        Order orders[6]

    cdef enum class InputKind(uint8_t):
        sent

    cdef cppclass Input:
        InputKind kind
        uint8_t index
        OrderStatus status
        uint8_t code
        AssetId fee_asset
        Qty qty
        Price price
        Amount fee
        uint64_t ref

    cdef enum class WishKind(uint8_t):
        place

    cdef cppclass Wish:
        WishKind kind
        uint8_t index

    cdef cppclass Step:
        Record records[8]
        Wish wishes[8]
        uint8_t record_count
        uint8_t wish_count

    Amount net(const Trade&) noexcept
    Step step(const Trade&, const Input&) noexcept
    void apply(Trade&, const Record&) noexcept
