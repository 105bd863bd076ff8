// Events in, actions out: the whole of arb that decides. No clock, no I/O, no threads, no randomness.
//
// `frame` applies, `decide` evaluates what changed, once per loop turn: deciding on each frame instead
// answers 748 phantom crosses where once per turn answers 8 to 24 (one jump, seen on one venue first).
// Registration comes first, in any order that names what exists; every call after it is an event.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "arb/action.hpp"
#include "arb/episode.hpp"
#include "arb/events.hpp"
#include "arb/fill_set.hpp"
#include "arb/feed_lag.hpp"
#include "arb/synced_book.hpp"
#include "arb/tape.hpp"
#include "arb/trade.hpp"
#include "arb/wire/binance.hpp"
#include "arb/wire/bybit.hpp"

namespace arb {

enum class FrameResult : std::uint8_t {
    applied,
    ignored,
    buffered,
    stale,
    refused,  // nothing was done: the caller tries the slow path and comes back with `update` or `refused`
};
enum class SnapshotResult : std::uint8_t { joined, too_old, gap, ignored, refused };
enum class OrderResult : std::uint8_t { known, duplicate, foreign };
enum class PositionResult : std::uint8_t { opened, agrees, differs, busy };

struct EngineStats {
    std::uint64_t frames = 0;
    std::array<std::uint64_t, wire::kStatusCount> frames_by_status{};
    std::uint64_t slow_updates = 0;
    std::uint64_t tickers = 0;
    std::uint64_t decides = 0;
    std::uint64_t resyncs = 0;
    std::uint64_t switches = 0;
    std::uint64_t trades = 0;
    std::uint64_t balanced = 0;
    std::uint64_t halted = 0;
    std::uint64_t orders = 0;
    std::uint64_t hedges = 0;
    std::uint64_t fills = 0;
    std::uint64_t duplicate_fills = 0;
    std::uint64_t unknowns = 0;
    std::uint64_t fenced = 0;        // orders that the fence ended
    std::uint64_t fence_broken = 0;  // of them, seen afterwards
    std::uint64_t queries = 0;
    std::uint64_t foreign = 0;
    std::uint64_t not_sent = 0;
    std::uint64_t rejects = 0;
    std::uint64_t positions_differ = 0;
};

class Engine {
public:
    static constexpr std::size_t kMaxMembers = 8;        // venues of one pair
    static constexpr std::size_t kTradeSlots = 256;      // finished ones stay until their slot is needed
    static constexpr std::size_t kRoomForTrade = 64;     // ring slots kept for each open trade

    explicit Engine(const EngineConfig& config, std::size_t tape_bytes = 0);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    // Registration. Ids are given in order, from 0; nothing is registered after the first event.
    VenueId add_venue(std::string_view name);
    AssetId add_asset(std::string_view name);
    PairId add_pair(AssetId base, AssetId quote, Grid grid);
    ConnId add_connection(VenueId venue, Market market);
    // `symbol` as the venue prints it on that connection. The instrument's grid is its pair's.
    InstrumentId add_instrument(const Instrument& instrument, ConnId connection, std::string_view symbol);
    // A second connection that may carry the instrument: it syncs a book of its own, and `switch_book` makes it
    // the one that counts. Planned rotation goes to and fro between the two.
    void add_standby(InstrumentId id, ConnId connection, std::string_view symbol);

    // Market events.
    void conn_up(ConnId conn, Nanos t) noexcept;
    void conn_down(ConnId conn, Nanos t) noexcept;
    void stream(StreamKind kind, std::uint16_t id, bool up, Nanos t) noexcept;
    FrameResult frame(ConnId conn, const char* data, std::size_t size, Nanos t) noexcept;
    FrameResult update(InstrumentId id, ConnId conn, const Update& update, Nanos t) noexcept;
    // The slow path refused too. Without an instrument every book of the connection is in doubt.
    void refused(ConnId conn, const InstrumentId* id, Nanos t) noexcept;
    SnapshotResult snapshot(InstrumentId id, ConnId conn, const char* data, std::size_t size, std::uint32_t limit,
                            Nanos t) noexcept;
    // The standby book becomes the active one, if it is LIVE and not behind; false, and nothing changed, else.
    bool switch_book(InstrumentId id, Nanos t) noexcept;
    bool can_switch(InstrumentId id) const noexcept;
    bool wants_decide() const noexcept { return !dirty_.empty(); }
    void decide(Nanos t) noexcept;

    // Order events.
    void sent(OrderId id, Nanos t) noexcept;
    void not_sent(OrderId id, Refusal why, Nanos t) noexcept;
    OrderResult report(OrderId id, OrderStatus status, Qty cum, Nanos t) noexcept;
    OrderResult fill(const event::Fill& fill) noexcept;
    void reject(OrderId id, Nanos t) noexcept;
    void ambiguous(OrderId id, UnknownReason why, Nanos t) noexcept;
    void found(OrderId id, OrderStatus status, Qty cum, Nanos t) noexcept;
    // An answer, to the oldest query without one; it proves nothing before the fence.
    void absent(OrderId id, Nanos t) noexcept;
    // An opening balance; of a perpetual's venue the wallet. False, and nothing changed, once a record touched
    // the account, and for the base asset of a perpetual: that account is its position.
    bool balance(VenueId venue, AssetId asset, Amount total, Nanos t) noexcept;
    // A perpetual's position as the venue has it, and what it cost (quantity times entry price). Before the first
    // record it is the opening; later it is compared, unless orders may still change it (`busy`).
    PositionResult position(InstrumentId id, Qty qty, Amount cost, Nanos t) noexcept;
    void asset_price(AssetId asset, Amount price, Nanos t) noexcept;  // of one unit, in the accounting currency
    void cash(VenueId venue, AssetId asset, Amount amount, CashKind kind, Nanos t) noexcept;
    // The venue's rules now; they count from the next check. If its tick or lot do not fit the grid (`fits` is
    // false) the filters stay and the pair makes no entries any more.
    void rules(InstrumentId id, const Filters& filters, bool tradable, bool fits, Nanos t) noexcept;
    void command(CommandKind kind, Scope scope, std::uint16_t id, Nanos t) noexcept;
    void id_block(std::uint64_t upto, Nanos t) noexcept;  // trade numbers below `upto` may be used
    void time(Nanos t) noexcept;                          // heartbeat, and every timer due by t

    bool pop(Action& out) noexcept;
    Nanos next_deadline() const noexcept;  // 0: no timer is armed

    // To look at.
    const EngineConfig& config() const noexcept { return config_; }
    const Instrument& instrument(InstrumentId id) const noexcept { return instruments_[index(id)].instrument; }
    // The active book, and the slot it is in.
    const SyncedBook& book(InstrumentId id) const noexcept { return instruments_[index(id)].now().book; }
    const BookSlot& active(InstrumentId id) const noexcept { return instruments_[index(id)].now(); }
    std::span<const BookSlot> slots(InstrumentId id) const noexcept { return instruments_[index(id)].slots; }
    Nanos feed_lag(ConnId id) const noexcept { return connections_[index(id)].lag.lag(); }
    const wire::SymbolTable& symbols(ConnId id) const noexcept { return connections_[index(id)].symbols; }
    Market market(ConnId id) const noexcept { return connections_[index(id)].market; }
    const Ledger& ledger() const noexcept { return ledger_; }
    const EngineStats& stats() const noexcept { return stats_; }
    const Opportunities& opportunities() const noexcept { return opportunities_; }
    const Trade& slot(std::size_t at) const noexcept { return trades_[at]; }
    std::uint32_t open_trades() const noexcept { return open_trades_; }
    std::uint32_t unresolved_orders() const noexcept;
    EngineState state() const noexcept { return global_state_; }
    std::uint64_t action_hash() const noexcept { return ring_.hash(); }
    std::uint64_t actions() const noexcept { return ring_.pushed(); }
    std::uint64_t state_hash() const noexcept;
    Tape& tape() noexcept { return tape_; }
    // Status and field of the newest frame or snapshot; its update is gone.
    const wire::Decoded& last_decoded() const noexcept { return last_decoded_; }
    // Sees every state change of every book; for recordings and tests, not part of the decision.
    void set_sink(InstrumentId id, BookSink* sink) noexcept {
        for (BookSlot& slot : instruments_[index(id)].slots) slot.book.set_sink(sink);
    }

private:
    struct Connection {
        VenueId venue{};
        Market market{};
        bool up = false;
        bool closing = false;
        FeedLag lag;
        wire::SymbolTable symbols;
        wire::BinanceReader binance;
        wire::BybitReader bybit;
    };
    struct Listing {  // an instrument with the books of the connections that carry it
        Instrument instrument{};
        std::vector<BookSlot> slots;  // at most two: the active one and a standby
        std::uint8_t active = 0;
        Nanos own_fill = 0;
        Nanos order_end = 0;  // when an order of ours was last resolved here

        BookSlot& now() noexcept { return slots[active]; }
        const BookSlot& now() const noexcept { return slots[active]; }
        BookSlot* of(ConnId connection) noexcept {
            for (BookSlot& slot : slots) {
                if (slot.connection == connection) return &slot;
            }
            return nullptr;
        }
    };
    struct Venue {
        bool private_up = false;
        bool order_up = false;
        EngineState state = EngineState::active;
    };
    struct Pair {
        AssetId base{};
        AssetId quote{};
        Grid grid{};
        EngineState state = EngineState::active;
        bool fits = true;
        bool dirty = false;
        std::uint32_t open = 0;
        Nanos last_entry = 0;
        Qty last_qty{};
        InstrumentId last_buy{};
        std::vector<InstrumentId> members;
        std::array<Episode, kMaxMembers * kMaxMembers> episodes{};
    };
    struct OrderTimers {
        Nanos ack = 0;
        Nanos query = 0;
        Nanos lost = 0;
        Nanos fence = 0;    // from then on the venue must know the order if it ever took it; 0: not sent yet
        Nanos asked = 0;    // the oldest query that has no answer yet
        Nanos absent = 0;   // when the first query past the fence was asked that did not find it
        std::uint8_t queries = 0;
    };
    struct Clockwork {  // the timers of one trade, and what belongs to it but not to its state
        std::array<OrderTimers, kMaxOrders> orders{};
        Nanos hedge = 0;
        Nanos hedge_retry = 0;
        Nanos trigger = 0;
        std::size_t episode = 0;
    };

    void enter(Nanos t) noexcept;
    template <class Change>
    void for_each_slot(ConnId conn, Change change) noexcept;
    FrameResult on_update(InstrumentId id, BookSlot& slot, const Update& update, Nanos t) noexcept;
    void after_book_change(InstrumentId id, BookSlot& slot) noexcept;
    void compare_touches(InstrumentId id) noexcept;
    void end_episodes(InstrumentId id) noexcept;
    void evaluate(PairId id) noexcept;
    Refusal try_open(const Proposal& proposal, std::size_t episode) noexcept;
    MarketView market_view(InstrumentId id, PairId pair) const noexcept;
    EngineState scope_state(VenueId venue, PairId pair) const noexcept;
    Margin margin_of(InstrumentId id) const noexcept;

    Trade* find(OrderId id, std::uint8_t& order_index) noexcept;
    OrderResult feed(OrderId id, Input input) noexcept;
    void run(Trade& trade, const Input& input) noexcept;
    void carry_out(Trade& trade, const Step& step) noexcept;
    void on_record(Trade& trade, const Record& record) noexcept;
    void place(Trade& trade, std::uint8_t index) noexcept;
    void ask(Trade& trade, std::uint8_t index) noexcept;
    void watch_fence(const Trade& trade, const Record& record) noexcept;
    void wish_query(Trade& trade, std::uint8_t index) noexcept;
    void offer_hedge(Trade& trade) noexcept;
    void halt(Scope scope, std::uint16_t id, HaltReason reason) noexcept;
    void book(Record record) noexcept;
    void emit(ActionKind kind, const Record& body, std::uint8_t code = 0, Nanos deadline = 0,
              Nanos trigger = 0, Scope scope = Scope::global) noexcept;
    Clockwork& clockwork(const Trade& trade) noexcept { return clockworks_[trade.seq % kTradeSlots]; }
    bool fire_next(Nanos t) noexcept;

    EngineConfig config_;
    Gate gate_;
    std::unique_ptr<Strategy> strategy_;
    std::vector<Venue> venues_;
    std::size_t assets_ = 0;
    std::vector<Connection> connections_;
    std::vector<Listing> instruments_;
    std::vector<Pair> pairs_;
    std::vector<PairId> dirty_;  // reserved for all pairs
    LevelBuffer levels_{};
    Ledger ledger_;
    FillSet fills_seen_;
    std::array<Trade, kTradeSlots> trades_{};
    std::array<Clockwork, kTradeSlots> clockworks_{};
    std::vector<std::uint16_t> active_;  // slots of trades that are open, or halted; reserved for all
    std::uint64_t next_seq_ = 1;
    std::uint64_t ids_upto_ = 0;
    std::uint64_t record_seq_ = 0;
    std::uint32_t open_trades_ = 0;
    EngineState global_state_ = EngineState::active;
    Nanos now_ = 0;
    std::uint64_t popped_ = 0;
    ActionRing ring_;
    Tape tape_;
    EngineStats stats_;
    Opportunities opportunities_;
    wire::Decoded last_decoded_;
};

}  // namespace arb
