// The two-leg trade: `step` decides and writes records, `apply` alone changes the state.
//
// The machine is pure and holds no clock: timers are wishes that come back as inputs, so a model
// checker may let each of them fire whenever it likes. Rules it keeps:
//   * an order leaves `sent` and `unknown` only by a terminal report, a query that found it terminal, a
//     definite reject, proof that no byte left, or the fence: the venue does not know it when it would;
//   * a hedge goes out only when every other order of the trade is resolved, so the imbalance is known;
//   * an imbalance is completed or reversed `max_hedges` times, then the pair halts: never an
//     unbounded price, never a guess.
#pragma once

#include <array>
#include <span>

#include "arb/ledger.hpp"
#include "arb/record.hpp"
#include "arb/risk.hpp"

namespace arb {

inline constexpr std::size_t kMaxOrders = 6;  // two legs and up to four hedges

enum class TradeState : std::uint8_t {
    free,       // the slot is not in use
    working,    // an order is unresolved
    resolving,  // all resolved: waits for a hedge or for the fills of what executed
    balanced,   // flat up to dust
    halted,     // a person decides
};
constexpr bool is_final(TradeState state) noexcept { return state >= TradeState::balanced; }

struct Trade {
    std::uint64_t seq = 0;
    PairId pair{};
    AssetId base{};
    AssetId quote{};
    Grid grid{};
    TradeState state = TradeState::free;
    std::uint8_t max_hedges = 1;
    Amount dust_in{};  // left over by earlier trades of the pair, netted here
    Amount lot{};      // one lot of the coarser leg: a net below it is dust
    std::uint8_t order_count = 0;
    std::uint8_t hedges = 0;
    HaltReason halt = HaltReason::none;
    std::uint8_t spare[5] = {};
    std::uint64_t spare_word = 0;
    std::array<Order, kMaxOrders> orders{};

    std::span<const Order> used() const noexcept { return {orders.data(), order_count}; }
};
static_assert(std::is_trivially_copyable_v<Trade> && std::has_unique_object_representations_v<Trade>);

enum class InputKind : std::uint8_t {
    sent,         // bytes handed to the transport
    not_sent,     // proof that none were
    report,       // status, cum
    fill,         // new by its trade id; price, qty, fee, fee_asset
    reject,       // definite: never accepted
    ambiguous,    // a time-out, a reset, a 5xx: code = UnknownReason
    found,        // a query's answer: status, cum
    ack_timer,
    query_timer,
    lost_timer,   // unknown for too long
    no_hedge,     // every venue's minimum is above what is left: it becomes dust
    hedge_timer,  // no usable book within the hedge time
    fenced,       // the venue did not know it, asked twice after the fence
};

struct Input {
    InputKind kind{};
    std::uint8_t index = 0;  // of the order
    OrderStatus status{};
    std::uint8_t code = 0;
    AssetId fee_asset{};
    Qty qty{};  // of a fill, or the cumulative quantity of a report
    Price price{};
    Amount fee{};
    std::uint64_t ref = 0;  // hash of the venue's trade id
};

enum class WishKind : std::uint8_t {
    place,       // the order at `index`, after its records are committed
    query,       // the order and its fills, now; then on the schedule
    ack_timer,   // arm
    lost_timer,  // arm
    hedge,       // find and approve an order that closes the net
};

struct Wish {
    WishKind kind{};
    std::uint8_t index = 0;
};

struct Step {
    static constexpr std::size_t kMost = 8;
    std::array<Record, kMost> records{};
    std::array<Wish, kMost> wishes{};
    std::uint8_t record_count = 0;
    std::uint8_t wish_count = 0;

    std::span<const Record> written() const noexcept { return {records.data(), record_count}; }
    std::span<const Wish> wished() const noexcept { return {wishes.data(), wish_count}; }
};

// The base the trade holds too much (positive) or too little, dust carried in included.
Amount net(const Trade& trade) noexcept;

// Opens: intents and places of both legs. `terms[i]` are the instruments of the legs.
Step open_legs(const Trade& trade, std::span<const Approved* const> legs,
               std::span<const Instrument* const> instruments) noexcept;

Step step(const Trade& trade, const Input& input) noexcept;

// The intent and place of an approved hedge; nothing if the machine no longer wants one.
Step hedge_order(const Trade& trade, const Approved& order, const Instrument& instrument) noexcept;

void apply(Trade& trade, const Record& record) noexcept;

}  // namespace arb
