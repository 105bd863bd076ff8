// How much to buy on one book and sell on another: the marginal two-pointer optimum, and the order
// sizes and limits both venues accept.
//
// A step takes from the best ask left and the best bid left. Marginal cost never falls and marginal
// revenue never rises, so net profit is concave in size and the first step that does not pay is the
// optimum. (Stopping where the *average* still pays instead keeps eating levels that lose money.)
//
// Bounds, all refused as `overflow`, none of them wrapping (D5):
//   price < 2^50, level quantity < 2^56, price x quantity of one trade < 2^80 on the grid.
//   |fee|, edge, slippage < 10^6 ppm, so a fee factor is < 2^21 and a product of two < 2^41.
//   marginal test  price x weight          < 2^(50+42) = 2^92
//   one step       units x price           < 2^(56+20+50) = 2^126  (units are 10^-6 grid steps in base mode)
//   sums           checked after each step < 2^(80+20) = 2^100, so sum + step < 2^127
//   fee on a sum   sum x factor            < 2^(100+21) = 2^121
#pragma once

#include <algorithm>
#include <cstdint>

#include "arb/instrument.hpp"
#include "arb/units.hpp"

namespace arb {

inline constexpr std::int64_t kPriceBound = std::int64_t{1} << 50;
inline constexpr std::int64_t kQtyBound = std::int64_t{1} << 56;
inline constexpr Int128 kNotionalBound = Int128{1} << 80;

// Quantities are the asset's own, so "no cap" is a value and zero means zero: a caller whose balance
// is used up must not get an unlimited size.
inline constexpr Qty kNoCap{kQtyBound};

struct EdgeTerms {
    FeeMode fee_mode = FeeMode::quote;  // of the buy leg; a sell pays in quote on both venues
    Ppm buy_fee{};
    Ppm sell_fee{};
    Filters buy{};
    Filters sell{};
    Qty cap = kNoCap;        // most that may be ordered on the buy leg
    Ppm min_edge{};          // a step must earn more than this share of its price
    Ppm slippage{};          // how far the limits go beyond the deepest level used
    Notional min_profit{};   // the rounded size must earn more than this (fixed costs included)
    Notional worst_floor{};  // least worth if both legs fill at their limits; may be negative
};

enum class EdgeReason : std::uint8_t {
    none,                // tradable
    no_cross,            // the touch does not pay its fees, or a side is empty
    bad_terms,           // a fee, filter or cap that makes no sense
    overflow,            // a price, quantity or notional past the bounds above
    below_lot,           // the optimum is less than one lot both venues can trade
    below_min_qty,       // `leg` says which
    below_min_notional,  // at the limit price
    outside_price_band,  // limit under min_price or over max_price
    below_min_profit,
    negative_worst_case,
};
const char* name(EdgeReason) noexcept;

// Money is in grid notional x 10^6 where the name ends in _ppm, else in grid notional rounded down.
struct Edge {
    EdgeReason reason = EdgeReason::no_cross;
    Side leg = Side::buy;   // which leg's filter refused
    Qty optimal{};          // unrounded optimum as ordered on the buy leg (base mode: grid step below it)
    Qty buy_qty{};          // ordered
    Qty sell_qty{};         // ordered; base mode: what arrives, rounded down to the sell lot
    Price buy_limit{};
    Price sell_limit{};
    Notional net{};         // of the rounded size, fees paid, dust valued at the sell limit less fee
    Notional worst{};       // the same if both legs fill at their limits
    std::uint32_t levels = 0;  // levels the rounded size touches, both books together
    Qty dust{};             // bought, paid for, too small to sell: under one sell lot, rounded down
    Int128 dust_ppm = 0;    // the same, exact, in 10^-6 grid steps
    Int128 dust_value_ppm = 0;
    Int128 net_ppm = 0;
    Int128 worst_ppm = 0;
    Int128 optimal_net_ppm = 0;     // base mode: rounded against us, less than 2 under the exact value
    Int128 optimal_delivered_ppm = 0;  // exact: base asset that arrives at the optimum, in 10^-6 grid steps

    constexpr bool tradable() const noexcept { return reason == EdgeReason::none; }
};

// The fee arithmetic of one pair of legs, as integer weights.
struct EdgeFees {
    FeeMode mode;
    std::int64_t buy_cost;   // 10^6 + buy fee (quote mode)
    std::int64_t received;   // 10^6 - buy fee (base mode), else 10^6
    std::int64_t sell_keep;  // 10^6 - sell fee
    std::int64_t ask_weight; // a step pays iff ask x ask_weight < bid x bid_weight
    std::int64_t bid_weight;

    // Of one base unit delivered, in base mode: bid (1-s) - ask/(1-b) > e ask, times (1-b) to stay whole.
    constexpr EdgeFees(FeeMode fee_mode, Ppm buy, Ppm sell, Ppm min_edge = {}) noexcept
        : mode(fee_mode),
          buy_cost(kPpmOne + buy.value),
          received(fee_mode == FeeMode::base ? kPpmOne - buy.value : kPpmOne),
          sell_keep(kPpmOne - sell.value),
          ask_weight(fee_mode == FeeMode::base ? kPpmOne * kPpmOne + min_edge.value * received
                                               : buy_cost + min_edge.value),
          bid_weight(fee_mode == FeeMode::base ? sell_keep * received : sell_keep) {}

    constexpr bool pays(Price ask, Price bid) const noexcept {
        return static_cast<Int128>(ask.value) * ask_weight < static_cast<Int128>(bid.value) * bid_weight;
    }
    // Grid notional x 10^6 that ordering for `spent` costs; the base fee is already gone from what arrives.
    constexpr Int128 cost(Notional spent) const noexcept {
        return spent.value * (mode == FeeMode::base ? kPpmOne : buy_cost);
    }
    constexpr Int128 proceeds(Notional earned) const noexcept { return earned.value * sell_keep; }
};

// The touch compare: whether buying at `ask` and selling at `bid` pays both fees. No division.
constexpr bool crosses(Price ask, Ppm buy_fee, Price bid, Ppm sell_fee, FeeMode mode) noexcept {
    return EdgeFees(mode, buy_fee, sell_fee).pays(ask, bid);
}

namespace edge_detail {

constexpr bool in_bounds(const Level& level) noexcept {
    return level.price.value > 0 && level.price.value < kPriceBound && level.qty.value > 0 &&
           level.qty.value < kQtyBound;
}

// What the walk found. Units are grid steps in quote mode, 10^-6 grid steps in base mode, where a
// level delivers quantity x (10^6 - fee) of them: exact, nothing is rounded before the sums are done.
struct Optimum {
    bool overflow = false;
    Int128 units = 0;
    Int128 spent = 0;   // sum of units x ask
    Int128 earned = 0;  // sum of units x bid
    Price deepest_ask{};
    Price best_bid{};
};

// `Units` is int64 in quote mode and 128 bit in base mode: most accounts pay in quote or in a third
// asset, and the narrow walk is twice as fast.
template <class Units, class Asks, class Bids>
Optimum walk(Asks asks, Bids bids, const EdgeFees& fees, Units ask_scale, Units bid_scale,
             Units most) noexcept {
    Optimum out;
    if (asks.done() || bids.done()) return out;
    const Int128 bound = kNotionalBound * bid_scale;
    Level ask = *asks;
    Level bid = *bids;
    if (!in_bounds(ask) || !in_bounds(bid)) return {.overflow = true};
    out.best_bid = bid.price;
    Units ask_left = ask.qty.value * ask_scale;
    Units bid_left = bid.qty.value * bid_scale;
    Units left = most;
    while (left > 0 && fees.pays(ask.price, bid.price)) {
        const Units step = std::min({ask_left, bid_left, left});
        out.spent += static_cast<Int128>(step) * ask.price.value;
        out.earned += static_cast<Int128>(step) * bid.price.value;
        if (out.spent >= bound || out.earned >= bound) return {.overflow = true};
        out.deepest_ask = ask.price;
        left -= step;
        ask_left -= step;
        bid_left -= step;
        if (ask_left == 0) {
            asks.next();
            if (asks.done()) break;
            ask = *asks;
            if (!in_bounds(ask)) return {.overflow = true};
            ask_left = ask.qty.value * ask_scale;
        }
        if (bid_left == 0) {
            bids.next();
            if (bids.done()) break;
            bid = *bids;
            if (!in_bounds(bid)) return {.overflow = true};
            bid_left = bid.qty.value * bid_scale;
        }
    }
    out.units = most - left;
    return out;
}

struct Taken {
    Notional notional{};
    Price deepest{};
    std::uint32_t levels = 0;
};

// The first `want` of a side; it is there, because the optimum was.
template <class Cursor>
Taken take_first(Cursor cursor, Qty want) noexcept {
    Taken out;
    while (want.value > 0 && !cursor.done()) {
        const Level level = *cursor;
        const Qty part{std::min(want.value, level.qty.value)};
        out.notional += level.price * part;
        out.deepest = level.price;
        ++out.levels;
        want -= part;
        cursor.next();
    }
    return out;
}

bool sane(const EdgeTerms& terms) noexcept;
Int128 most_units(const EdgeTerms& terms, const EdgeFees& fees) noexcept;
void settle_optimum(Edge& edge, const Optimum& optimum, const EdgeFees& fees) noexcept;
// Fills buy_qty, sell_qty and dust; false with the reason set if no lot fits.
bool round_to_lots(Edge& edge, const Optimum& optimum, const EdgeTerms& terms, const EdgeFees& fees) noexcept;
// Fills limits, net, worst and the reason.
void approve(Edge& edge, const Taken& bought, const Taken& sold, const EdgeTerms& terms,
             const EdgeFees& fees) noexcept;

}  // namespace edge_detail

// The best trade between one book's asks and another's bids, from the best levels on. Any cursor with
// `done()`, `operator*` -> Level and `next()` will do; it ends where the book is no longer verified.
template <class Asks, class Bids>
Edge best_edge(Asks asks, Bids bids, const EdgeTerms& terms) noexcept {
    namespace detail = edge_detail;
    Edge edge;
    if (!detail::sane(terms)) {
        edge.reason = EdgeReason::bad_terms;
        return edge;
    }
    const EdgeFees fees(terms.fee_mode, terms.buy_fee, terms.sell_fee, terms.min_edge);
    const Int128 most = detail::most_units(terms, fees);
    const detail::Optimum optimum =
        terms.fee_mode == FeeMode::base
            ? detail::walk<Int128>(asks, bids, fees, fees.received, kPpmOne, most)
            : detail::walk<std::int64_t>(asks, bids, fees, 1, 1, static_cast<std::int64_t>(most));
    if (optimum.overflow) {
        edge.reason = EdgeReason::overflow;
        return edge;
    }
    if (optimum.units == 0) {
        edge.reason = most == 0 ? EdgeReason::below_lot : EdgeReason::no_cross;
        return edge;
    }
    detail::settle_optimum(edge, optimum, fees);
    if (!detail::round_to_lots(edge, optimum, terms, fees)) return edge;
    const detail::Taken bought = detail::take_first(asks, edge.buy_qty);
    const detail::Taken sold = detail::take_first(bids, edge.sell_qty);
    detail::approve(edge, bought, sold, terms, fees);
    return edge;
}

}  // namespace arb
