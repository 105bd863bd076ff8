// The gate every outbound order passes, hedges too: all rows of a trade or none of it.
//
// Rows and codes are those of the gate table in docs/risk.md; a refusal is typed and counted.
#pragma once

#include <array>
#include <optional>

#include "arb/book_view.hpp"
#include "arb/instrument.hpp"
#include "arb/intent.hpp"
#include "arb/ledger.hpp"

namespace arb {

enum class Refusal : std::uint8_t {
    none,
    engine_state,   // row 1
    kill_flag,      // row 2, answered by the gateway
    instrument,     // row 3
    book_trust,     // row 4: not LIVE, crossed, too old
    own_fills,      // row 4: the book may still show what we took
    clock,          // row 5, answered by the gateway
    stream,         // row 6
    filters,        // row 7
    collar,         // row 8
    order_size,     // row 9
    duplicate,      // row 10
    funds,          // row 11
    net,            // row 12
    gross,          // row 13
    open_count,     // row 14
    rate,           // row 15, answered by the gateway
    edge,           // row 16: worst case below the floor
    edge_too_good,  // row 16: rather bad data than a present
    margin,         // row 17, perpetuals
    loss,           // row 18
    venue_health,   // row 19
    repeat,         // row 20
    self_match,     // row 21
    ring_full,      // no room for the whole trade's actions
    ids_exhausted,  // outside the reserved block of order ids
    slots_full,     // no room for another open trade
};
inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::slots_full) + 1;
const char* name(Refusal refusal) noexcept;

// Ordered: a scope's state only matters where it is stricter than the wider one's.
enum class EngineState : std::uint8_t { active, no_new, reduce_only, halt };

struct Limits {
    Nanos max_book_age = 500 * kMillisecond;
    Nanos max_feed_lag = 250 * kMillisecond;        // what waits in the kernel is invisible to the age
    Nanos own_fill_quiet = 150 * kMillisecond;      // a frame this long after our fill shows it
    Nanos own_fill_block = 250 * kMillisecond;      // and after this we trust the book anyway
    Nanos duplicate_window = 250 * kMillisecond;
    Amount max_order_notional{};                    // quote asset; 0 is no limit, here and below
    Amount max_notional{};                          // of all unresolved orders together
    Amount max_loss{};                              // realised, and from the peak: sticky halt
    std::array<Amount, kMaxAssets> max_position{};  // worst-case net of a base asset over all venues
    std::uint32_t max_open_trades = 16;
    Ppm max_leverage{1'000'000};  // worst-case position of a perpetual account over its equity
    Ppm collar{50'000};        // entry limit against each involved book's mid
    Ppm hedge_collar{50'000};
    Ppm max_edge{50'000};      // sanity: above 5 % the data is wrong
    Notional worst_floor{};    // least worth at the limits
};

// Of a perpetual's account, which all its perpetuals of that quote asset share.
struct Margin {
    Amount equity{};    // cash, and every position at its mid
    Amount others{};    // worst case of the other positions, at their mids
    bool known = true;  // every one of them has a price
};

// What the account can carry beside its other positions.
Amount margin_room(const Margin& margin, Ppm max_leverage) noexcept;

// What the gate must know of one instrument at the moment of the check.
struct MarketView {
    const Instrument* instrument = nullptr;
    BookState book = BookState::syncing;
    Touch touch{};
    Nanos book_recv = 0;      // when its last frame came
    Nanos feed_lag = 0;       // of its connection
    Nanos own_fill = 0;       // when we last took from it; 0 is never
    bool connected = false;   // market connection up and not closing
    bool private_up = false;  // private stream up and reconciled
    EngineState scope = EngineState::active;  // strictest of global, venue and pair
    bool pair_fits = true;    // no venue of the pair has a tick or lot that its grid cannot hold
    Position position{};      // of a perpetual, as the next
    Margin margin{};
};

// What it must know of the pair.
struct PairContext {
    std::uint32_t open_trades = 0;      // of all pairs
    bool pair_busy = false;             // this pair has a trade that is not finished
    Nanos last_entry = 0;
    Qty last_qty{};
    InstrumentId last_buy{};
};

class Gate {
public:
    explicit Gate(const Limits& limits) noexcept : limits_(limits) {}

    struct Entry {
        std::array<std::optional<Approved>, kEntryLegs> legs;
        Refusal refusal = Refusal::none;
        std::uint8_t leg = 0;  // whose row refused, where one leg's did
    };
    Entry check_entry(const Proposal& proposal, const std::array<MarketView, kEntryLegs>& markets,
                      const PairContext& pair, const Ledger& ledger, Nanos now) const noexcept;

    struct Hedge {
        std::optional<Approved> order;
        Refusal refusal = Refusal::none;
    };
    // `imbalance` is the net, positive if there is too much base: the order must close a part of it or all.
    Hedge check_hedge(const Intent& intent, const MarketView& market, Amount imbalance, const Ledger& ledger,
                      Nanos now) const noexcept;

    const Limits& limits() const noexcept { return limits_; }
    void tighten(const Limits& limits) noexcept { limits_ = limits; }

private:
    Refusal check_leg(const Intent& intent, const MarketView& market, const Ledger& ledger, Profile profile,
                      Nanos now) const noexcept;

    bool carries(const Intent& intent, const MarketView& market) const noexcept;

    Limits limits_;
};

// Row 7 alone: the venue's filters for an order at its limit price.
bool passes_filters(const Intent& intent, const Filters& filters) noexcept;

// What an intent holds until it is resolved: a buy the quote at its limit plus a quote fee, a sell its base. A
// perpetual holds nothing: its worst case counts against the margin.
Amount reservation(const Intent& intent, const Instrument& instrument) noexcept;

}  // namespace arb
