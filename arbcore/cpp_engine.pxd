# Externs of the engine and what it is made of; nothing else.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libcpp cimport bool
from libcpp.string cimport string
from libcpp.string_view cimport string_view


cdef extern from "arb/units.hpp" namespace "arb" nogil:
    cdef cppclass Int128:
        pass

    cdef cppclass Price:
        int64_t value

    cdef cppclass Qty:
        int64_t value

    cdef cppclass Amount:
        Int128 value

    cdef cppclass Ppm:
        int32_t value

    cdef cppclass Notional:
        Int128 value

    cdef cppclass Grid:
        uint8_t price_decimals
        uint8_t qty_decimals

    # Dense indices: enum classes without members, so they are cast from and to integers.
    cdef enum class Side(uint8_t):
        buy
        sell

    cdef enum class VenueId(uint8_t):
        pass

    cdef enum class AssetId(uint8_t):
        pass

    cdef enum class InstrumentId(uint16_t):
        pass

    cdef enum class PairId(uint16_t):
        pass

    cdef enum class ConnId(uint16_t):
        pass


cdef extern from "arb/instrument.hpp" namespace "arb" nogil:
    cdef enum class Market(uint8_t):
        binance_spot
        binance_usdm
        bybit_spot
        bybit_linear

    cdef enum class FeeMode(uint8_t):
        quote
        base

    bint is_perpetual(Market) noexcept

    cdef cppclass Filters:
        Price tick
        Price min_price
        Price max_price
        Qty lot
        Qty min_qty
        Qty max_qty
        Notional min_notional
        Notional max_notional

    cdef cppclass Fees:
        Ppm taker
        Ppm maker
        FeeMode buy_mode

    cdef cppclass Instrument:
        VenueId venue
        Market market
        PairId pair
        AssetId base
        AssetId quote
        bool tradable
        Grid grid
        Filters filters
        Fees fees


cdef extern from "arb/decimal.hpp" namespace "arb" nogil:
    cdef enum class DecimalStatus(uint8_t):
        ok
        malformed
        inexact
        overflow

    DecimalStatus parse_decimal(string_view, int, int64_t&) noexcept
    DecimalStatus parse_amount(string_view, Amount&) noexcept


cdef extern from "arb/text.hpp" namespace "arb" nogil:
    string amount_text "arb::to_text"(Amount) except +
    string price_text "arb::to_text"(Price, Grid) except +
    string qty_text "arb::to_text"(Qty, Grid) except +


cdef extern from "arb/amounts.hpp" namespace "arb" nogil:
    Notional notional_at_least(Amount, Grid) noexcept


cdef extern from "arb/update.hpp" namespace "arb" nogil:
    cdef enum class UpdateKind(uint8_t):
        delta
        snapshot
        ticker

    cdef cppclass Level:
        Price price
        Qty qty

    cdef cppclass LevelSpan "std::span<const arb::Level>":
        LevelSpan()
        LevelSpan(const Level*, size_t)

    cdef cppclass Update:
        UpdateKind kind
        bool has_prev_id
        int64_t first_id
        int64_t last_id
        int64_t prev_id
        int64_t sequence
        int64_t event_time
        int64_t engine_time
        LevelSpan bids
        LevelSpan asks


cdef extern from "arb/order.hpp" namespace "arb" nogil:
    cdef enum class OrderId(uint64_t):
        pass

    cdef cppclass OrderOwner:
        char instance[2]
        uint16_t epoch

    cdef cppclass ClientOrderId:
        char text[16]

    ClientOrderId client_order_id(OrderOwner, OrderId) noexcept

    cdef enum class CoidStatus(uint8_t):
        ours
        other_epoch
        foreign

    CoidStatus parse_client_order_id(OrderOwner, string_view, OrderId&) noexcept

    cdef enum class OrderStatus(uint8_t):
        none
        ack
        open
        partial
        rejected
        expired
        canceled
        filled

    cdef enum class OrderState(uint8_t):
        none
        intent
        sent
        unknown
        resolved

    cdef cppclass Order:
        OrderId id
        Price limit
        Qty qty
        Qty cum
        Qty fills
        InstrumentId instrument
        Side side
        OrderState state
        OrderStatus status
        uint8_t hedge


cdef extern from "arb/record.hpp" namespace "arb" nogil:
    cdef enum class RecordKind(uint8_t):
        none
        intent
        sent
        report
        fill
        unknown
        resolved
        done
        halt
        adopt

    cdef enum class CashKind(uint8_t):
        funding
        transfer
        other

    cdef enum class UnknownReason(uint8_t):
        none
        ack_timeout
        ambiguous_answer
        connection_lost

    cdef enum class HaltReason(uint8_t):
        none

    const char* halt_name "arb::name"(HaltReason) noexcept

    cdef cppclass Record:
        uint64_t seq
        int64_t time
        OrderId order
        uint64_t ref
        Price price
        Qty qty
        Amount amount
        Amount other
        uint32_t trade
        InstrumentId instrument
        PairId pair
        RecordKind kind
        uint8_t index
        uint8_t code
        Side side
        VenueId venue
        AssetId asset
        uint8_t hedge
        uint8_t reduce_only


cdef extern from "arb/action.hpp" namespace "arb" nogil:
    cdef enum class ActionKind(uint8_t):
        none
        record
        place
        cancel
        query
        resync
        halt
        note

    cdef cppclass CppAction "arb::Action":
        ActionKind kind
        uint8_t code
        uint8_t scope
        int64_t deadline
        int64_t trigger
        Record body


cdef extern from "arb/ledger.hpp" namespace "arb" nogil:
    cdef cppclass Account:
        Amount opening
        Amount flow
        Amount reserved
        Amount fees

    cdef cppclass Position:
        Qty opening
        Qty flow
        Qty low() noexcept
        Qty high() noexcept
        Qty total() noexcept

    cdef cppclass Exposure:
        Amount low
        Amount high

    cdef cppclass Ledger:
        const Account& account(VenueId, AssetId) noexcept
        Exposure exposure(AssetId) noexcept
        Amount dust(PairId) noexcept
        Amount realised() noexcept
        const Position& position(InstrumentId) noexcept
        Amount unpriced(AssetId) noexcept


cdef extern from "arb/risk.hpp" namespace "arb" nogil:
    cdef enum class Refusal(uint8_t):
        none
        kill_flag
        clock
        rate

    const size_t kRefusals
    const char* refusal_name "arb::name"(Refusal) noexcept

    cdef enum class EngineState(uint8_t):
        active
        no_new
        reduce_only
        halt

    cdef cppclass Limits:
        int64_t max_book_age
        int64_t max_feed_lag
        int64_t own_fill_quiet
        int64_t own_fill_block
        int64_t duplicate_window
        Amount max_order_notional
        Amount max_notional
        Amount max_loss
        Amount max_position[32]
        uint32_t max_open_trades
        Ppm max_leverage
        Ppm collar
        Ppm hedge_collar
        Ppm max_edge


cdef extern from "arb/strategy/strategy.hpp" namespace "arb" nogil:
    cdef cppclass StrategyParams:
        Ppm min_edge
        Ppm slippage


cdef extern from "arb/events.hpp" namespace "arb" nogil:
    cdef enum class StreamKind(uint8_t):
        private_stream
        order_entry
        closing

    cdef enum class CommandKind(uint8_t):
        no_new
        active
        halt

    cdef enum class Scope(uint8_t):  # 0 is `global`, which is a word of Cython's
        venue
        pair

    cdef cppclass Timing:
        int64_t ack
        int64_t place_deadline
        int64_t hedge_deadline
        int64_t query[6]
        int64_t query_later
        int64_t fills
        int64_t fence
        int64_t absent_gap
        int64_t lost
        int64_t hedge
        int64_t hedge_retry

    cdef cppclass EngineConfig:
        OrderOwner owner
        uint8_t max_hedges
        Ppm hedge_band
        Limits limits
        StrategyParams strategy
        Timing timing

    cdef cppclass FillEvent "arb::event::Fill":
        int64_t time
        OrderId order
        Price price
        Qty qty
        uint64_t trade_id
        Amount fee
        AssetId fee_asset


cdef extern from "arb/hash.hpp" namespace "arb" nogil:
    uint64_t hash_text(string_view) noexcept


cdef extern from "arb/synced_book.hpp" namespace "arb" nogil:
    cdef enum class BookState(uint8_t):
        syncing
        live
        stale

    cdef enum class StaleReason(uint8_t):
        none

    const char* book_state_name "arb::name"(BookState) noexcept
    const char* stale_reason_name "arb::name"(StaleReason) noexcept

    cdef cppclass Touch:
        Level bid
        Level ask
        bool has_bid
        bool has_ask

    cdef cppclass BidLadder "arb::Ladder<arb::Side::buy>":
        size_t size() noexcept
        const Level& at(size_t) noexcept

    cdef cppclass AskLadder "arb::Ladder<arb::Side::sell>":
        size_t size() noexcept
        const Level& at(size_t) noexcept

    cdef cppclass CppOrderBook "arb::OrderBook":
        BidLadder bids
        AskLadder asks

    cdef cppclass SyncedBook:
        BookState state() noexcept
        const CppOrderBook& book() noexcept
        StaleReason stale_reason() noexcept
        Touch touch() noexcept
        int64_t last_recv_ns() noexcept
        int64_t last_id() noexcept
        uint64_t applied() noexcept
        uint64_t gaps() noexcept
        uint64_t joins() noexcept
        uint64_t stales() noexcept


cdef extern from "arb/book_slot.hpp" namespace "arb" nogil:
    cdef cppclass BookSlot:
        ConnId connection
        SyncedBook book
        int64_t book_heard
        int64_t best_heard
        Touch touch() noexcept
        int64_t key() noexcept

    cdef cppclass BookSlots "std::span<const arb::BookSlot>":
        size_t size()
        const BookSlot& operator[](size_t)


cdef extern from "arb/wire/status.hpp" namespace "arb::wire" nogil:
    cdef enum class Status(uint8_t):
        ok
        ignored
        unknown_symbol

    const char* status_name "arb::wire::name"(Status) noexcept

    cdef cppclass Decoded:
        Status status
        const char* field


cdef extern from "arb/episode.hpp" namespace "arb" nogil:
    cdef cppclass Opportunities:
        uint64_t stages[6]
        uint64_t refusals[64]
        uint64_t denials[64]


cdef extern from "arb/tape.hpp" namespace "arb" nogil:
    cdef cppclass ByteSpan "std::span<const std::uint8_t>":
        ByteSpan()
        ByteSpan(const uint8_t*, size_t)
        const uint8_t* data()
        size_t size()

    cdef cppclass Tape:
        bool torn() noexcept
        uint64_t dropped() noexcept
        uint64_t events() noexcept
        ByteSpan pending() noexcept
        void drain() noexcept


cdef extern from "arb/engine.hpp" namespace "arb" nogil:
    cdef enum class FrameResult(uint8_t):
        applied
        ignored
        buffered
        stale
        refused

    cdef enum class SnapshotResult(uint8_t):
        joined
        too_old
        gap
        ignored
        refused

    cdef enum class OrderResult(uint8_t):
        known
        duplicate
        foreign

    cdef enum class PositionResult(uint8_t):
        opened
        agrees
        differs
        busy

    cdef cppclass EngineStats:
        uint64_t frames
        uint64_t slow_updates
        uint64_t tickers
        uint64_t decides
        uint64_t resyncs
        uint64_t switches
        uint64_t trades
        uint64_t balanced
        uint64_t halted
        uint64_t orders
        uint64_t hedges
        uint64_t fills
        uint64_t duplicate_fills
        uint64_t unknowns
        uint64_t fenced
        uint64_t fence_broken
        uint64_t queries
        uint64_t foreign
        uint64_t not_sent
        uint64_t rejects
        uint64_t positions_differ

    cdef cppclass CppEngine "arb::Engine":
        CppEngine(const EngineConfig&, size_t) except +
        VenueId add_venue(string_view) except +
        AssetId add_asset(string_view) except +
        PairId add_pair(AssetId, AssetId, Grid) except +
        ConnId add_connection(VenueId, Market) except +
        InstrumentId add_instrument(const Instrument&, ConnId, string_view) except +

        void conn_up(ConnId, int64_t) noexcept
        void conn_down(ConnId, int64_t) noexcept
        void stream(StreamKind, uint16_t, bool, int64_t) noexcept
        FrameResult frame(ConnId, const char*, size_t, int64_t) noexcept
        FrameResult update(InstrumentId, ConnId, const Update&, int64_t) noexcept
        void refused(ConnId, const InstrumentId*, int64_t) noexcept
        void add_standby(InstrumentId, ConnId, string_view) except +
        bool switch_book(InstrumentId, int64_t) noexcept
        bool can_switch(InstrumentId) noexcept
        const BookSlot& active(InstrumentId) noexcept
        BookSlots slots(InstrumentId) noexcept
        int64_t feed_lag(ConnId) noexcept
        SnapshotResult snapshot(InstrumentId, ConnId, const char*, size_t, uint32_t, int64_t) noexcept
        bool wants_decide() noexcept
        void decide(int64_t) noexcept

        void sent(OrderId, int64_t) noexcept
        void not_sent(OrderId, Refusal, int64_t) noexcept
        OrderResult report(OrderId, OrderStatus, Qty, int64_t) noexcept
        OrderResult fill(const FillEvent&) noexcept
        void reject(OrderId, int64_t) noexcept
        void ambiguous(OrderId, UnknownReason, int64_t) noexcept
        void found(OrderId, OrderStatus, Qty, int64_t) noexcept
        void absent(OrderId, int64_t) noexcept
        bool balance(VenueId, AssetId, Amount, int64_t) noexcept
        PositionResult position(InstrumentId, Qty, Amount, int64_t) noexcept
        void asset_price(AssetId, Amount, int64_t) noexcept
        void cash(VenueId, AssetId, Amount, CashKind, int64_t) noexcept
        void rules(InstrumentId, const Filters&, bool, bool, int64_t) noexcept
        void command(CommandKind, Scope, uint16_t, int64_t) noexcept
        void id_block(uint64_t, int64_t) noexcept
        void time(int64_t) noexcept

        bool pop(CppAction&) noexcept
        int64_t next_deadline() noexcept
        const EngineConfig& config() noexcept
        const Instrument& instrument(InstrumentId) noexcept
        const SyncedBook& book(InstrumentId) noexcept
        Market market(ConnId) noexcept
        const Ledger& ledger() noexcept
        const EngineStats& stats() noexcept
        const Opportunities& opportunities() noexcept
        uint32_t open_trades() noexcept
        uint32_t unresolved_orders() noexcept
        EngineState state() noexcept
        uint64_t action_hash() noexcept
        uint64_t actions() noexcept
        uint64_t state_hash() noexcept
        Tape& tape() noexcept
        const Decoded& last_decoded() noexcept


cdef extern from "arb/replay.hpp" namespace "arb" nogil:
    cdef enum class ReplayStatus(uint8_t):
        ok

    const char* replay_name "arb::name"(ReplayStatus) noexcept

    cdef cppclass ReplayWatcher:
        pass

    cdef cppclass ReplayResult:
        ReplayStatus status
        uint64_t events
        uint64_t actions
        uint64_t action_hash
        uint64_t state_hash
        size_t left

    ReplayResult replay(ByteSpan, ReplayWatcher*) except +


cdef extern from "arb/replay_log.hpp" namespace "arb" nogil:
    cdef cppclass BookChange "arb::ReplayLog::BookChange":
        int64_t time
        InstrumentId instrument
        BookState state
        StaleReason reason

    cdef cppclass Placed "arb::ReplayLog::Placed":
        int64_t time
        OrderId order
        InstrumentId instrument
        bool hedge
        BookState book

    cdef cppclass BookChanges "std::vector<arb::ReplayLog::BookChange>":
        size_t size()
        BookChange& operator[](size_t)

    cdef cppclass Places "std::vector<arb::ReplayLog::Placed>":
        size_t size()
        Placed& operator[](size_t)

    cdef cppclass ReplayLog(ReplayWatcher):
        ReplayLog()
        BookChanges books
        Places placed
