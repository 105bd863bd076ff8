// Rounding the optimum to what both venues accept, and the worst case at the limit prices.
#include "arb/edge.hpp"

#include <numeric>

namespace arb {
namespace {

constexpr Int128 floor_div(Int128 value, Int128 by) noexcept {
    const Int128 quotient = value / by;
    return quotient * by > value ? quotient - 1 : quotient;
}

constexpr Int128 ceil_div(Int128 value, Int128 by) noexcept { return -floor_div(-value, by); }

constexpr bool is_share(Ppm value) noexcept { return value.value > -kPpmOne && value.value < kPpmOne; }

constexpr bool is_cost(Ppm value) noexcept { return value.value >= 0 && value.value < kPpmOne; }

constexpr bool is_money(Notional value) noexcept {
    return value.value > -kNotionalBound && value.value < kNotionalBound;
}

bool sane(const Filters& filters) noexcept {
    return filters.tick.value > 0 && filters.tick.value < kPriceBound && filters.lot.value > 0 &&
           filters.lot.value < kQtyBound && filters.max_qty.value >= 0 && filters.max_notional.value >= 0;
}

bool refuse(Edge& edge, EdgeReason reason, Side leg = Side::buy) noexcept {
    edge.reason = reason;
    edge.leg = leg;
    return false;
}

// The buy limit: `slippage` past the deepest ask, rounded down to the tick, but never short of that
// ask (an ask left from a finer tick needs the next tick up to be reached; the worst case counts it).
Int128 buy_limit(Price deepest, Ppm slippage, Price tick) noexcept {
    const Int128 reach = ceil_div(deepest.value, tick.value) * tick.value;
    const Int128 slipped = static_cast<Int128>(deepest.value) * (kPpmOne + slippage.value) / kPpmOne;
    return std::max(reach, slipped / tick.value * tick.value);
}

Int128 sell_limit(Price deepest, Ppm slippage, Price tick) noexcept {
    const Int128 reach = deepest.value / tick.value * tick.value;
    const Int128 slipped = ceil_div(static_cast<Int128>(deepest.value) * (kPpmOne - slippage.value), kPpmOne);
    return std::min(reach, ceil_div(slipped, tick.value) * tick.value);
}

bool leg_passes(Edge& edge, Side leg, Price limit, Qty qty, const Filters& filters) noexcept {
    const Notional notional = limit * qty;
    if (limit.value <= 0 || limit < filters.min_price ||
        (filters.max_price.value > 0 && limit > filters.max_price)) {
        return refuse(edge, EdgeReason::outside_price_band, leg);
    }
    if (qty < filters.min_qty) return refuse(edge, EdgeReason::below_min_qty, leg);
    if (notional < filters.min_notional) return refuse(edge, EdgeReason::below_min_notional, leg);
    return true;
}

}  // namespace

const char* name(EdgeReason reason) noexcept {
    switch (reason) {
        case EdgeReason::none: return "none";
        case EdgeReason::no_cross: return "no_cross";
        case EdgeReason::bad_terms: return "bad_terms";
        case EdgeReason::overflow: return "overflow";
        case EdgeReason::below_lot: return "below_lot";
        case EdgeReason::below_min_qty: return "below_min_qty";
        case EdgeReason::below_min_notional: return "below_min_notional";
        case EdgeReason::outside_price_band: return "outside_price_band";
        case EdgeReason::below_min_profit: return "below_min_profit";
        case EdgeReason::negative_worst_case: return "negative_worst_case";
    }
    return "unknown";
}

namespace edge_detail {

bool sane(const EdgeTerms& terms) noexcept {
    return is_share(terms.buy_fee) && is_share(terms.sell_fee) && is_cost(terms.min_edge) &&
           is_cost(terms.slippage) && terms.cap.value >= 0 && is_money(terms.min_profit) &&
           is_money(terms.worst_floor) && arb::sane(terms.buy) && arb::sane(terms.sell);
}

// Quantity caps bind inside the walk: the optimum under a cap is the walk cut short, by concavity.
Int128 most_units(const EdgeTerms& terms, const EdgeFees& fees) noexcept {
    Int128 ordered = std::min(terms.cap.value, kQtyBound);
    if (terms.buy.max_qty.value > 0) ordered = std::min<Int128>(ordered, terms.buy.max_qty.value);
    Int128 sold = terms.sell.max_qty.value > 0 ? std::min(terms.sell.max_qty.value, kQtyBound) : kQtyBound;
    if (terms.fee_mode == FeeMode::base) {
        ordered *= fees.received;
        sold *= kPpmOne;
    }
    return std::min(ordered, sold);
}

void settle_optimum(Edge& edge, const Optimum& optimum, const EdgeFees& fees) noexcept {
    if (fees.mode == FeeMode::base) {
        edge.optimal = {static_cast<std::int64_t>(optimum.units / fees.received)};
        edge.optimal_delivered_ppm = optimum.units;
        // Of d delivered, d/(1-b) was ordered and paid for; sums carry 10^6 already.
        edge.optimal_net_ppm = floor_div(optimum.earned * fees.sell_keep, kPpmOne) -
                               ceil_div(optimum.spent * kPpmOne, fees.received);
    } else {
        edge.optimal = {static_cast<std::int64_t>(optimum.units)};
        edge.optimal_delivered_ppm = optimum.units * kPpmOne;
        edge.optimal_net_ppm = fees.proceeds({optimum.earned}) - fees.cost({optimum.spent});
    }
}

// Down, never up: a smaller size keeps every marginal step positive, so only the minimums can newly fail.
bool round_to_lots(Edge& edge, const Optimum& optimum, const EdgeTerms& terms,
                   const EdgeFees& fees) noexcept {
    Int128 units = optimum.units;
    const Int128 scale = terms.fee_mode == FeeMode::base ? kPpmOne : 1;
    // Upper notional bounds cut the size. The prices taken are the worst the size could be counted at.
    if (terms.buy.max_notional.value > 0) {
        const Int128 limit = buy_limit(optimum.deepest_ask, terms.slippage, terms.buy.tick);
        const Int128 ordered = std::min<Int128>(terms.buy.max_notional.value / limit, kQtyBound);
        units = std::min(units, ordered * (terms.fee_mode == FeeMode::base ? fees.received : 1));
    }
    if (terms.sell.max_notional.value > 0) {
        const Int128 sold = terms.sell.max_notional.value / optimum.best_bid.value;
        units = std::min(units, std::min<Int128>(sold, kQtyBound) * scale);
    }
    if (terms.fee_mode == FeeMode::base) {
        const Int128 ordered = units / fees.received / terms.buy.lot.value * terms.buy.lot.value;
        const Int128 arrives = ordered * fees.received;
        const Int128 sold = arrives / kPpmOne / terms.sell.lot.value * terms.sell.lot.value;
        edge.buy_qty = {static_cast<std::int64_t>(ordered)};
        edge.sell_qty = {static_cast<std::int64_t>(sold)};
        edge.dust_ppm = arrives - sold * kPpmOne;  // less than one sell lot, which D6's cap asks for
        edge.dust = {static_cast<std::int64_t>(edge.dust_ppm / kPpmOne)};
    } else {
        const Int128 common = static_cast<Int128>(terms.buy.lot.value) /
                              std::gcd(terms.buy.lot.value, terms.sell.lot.value) * terms.sell.lot.value;
        edge.buy_qty = edge.sell_qty = {static_cast<std::int64_t>(units / common * common)};
    }
    if (edge.buy_qty.value == 0) return refuse(edge, EdgeReason::below_lot, Side::buy);
    if (edge.sell_qty.value == 0) return refuse(edge, EdgeReason::below_lot, Side::sell);
    return true;
}

void approve(Edge& edge, const Taken& bought, const Taken& sold, const EdgeTerms& terms,
             const EdgeFees& fees) noexcept {
    const Int128 buy_at = buy_limit(bought.deepest, terms.slippage, terms.buy.tick);
    const Int128 sell_at = sell_limit(sold.deepest, terms.slippage, terms.sell.tick);
    if (buy_at >= kPriceBound || buy_at * edge.buy_qty.value >= kNotionalBound) {
        refuse(edge, EdgeReason::overflow, Side::buy);
        return;
    }
    edge.buy_limit = {static_cast<std::int64_t>(buy_at)};
    edge.sell_limit = {static_cast<std::int64_t>(sell_at)};
    edge.levels = bought.levels + sold.levels;
    // Dust is under one sell lot and at least one lot is sold at sell_limit or better, so this product
    // stays under the sum the walk has checked: 2^(100+21).
    edge.dust_value_ppm = floor_div(edge.dust_ppm * sell_at * fees.sell_keep, kPpmOne);
    edge.net_ppm = fees.proceeds(sold.notional) + edge.dust_value_ppm - fees.cost(bought.notional);
    edge.worst_ppm = fees.proceeds(edge.sell_limit * edge.sell_qty) + edge.dust_value_ppm -
                     fees.cost(edge.buy_limit * edge.buy_qty);
    edge.net = {floor_div(edge.net_ppm, kPpmOne)};
    edge.worst = {floor_div(edge.worst_ppm, kPpmOne)};
    edge.reason = EdgeReason::none;
    if (!leg_passes(edge, Side::buy, edge.buy_limit, edge.buy_qty, terms.buy)) return;
    if (!leg_passes(edge, Side::sell, edge.sell_limit, edge.sell_qty, terms.sell)) return;
    if (edge.net_ppm <= terms.min_profit.value * kPpmOne) {
        refuse(edge, EdgeReason::below_min_profit);
    } else if (edge.worst_ppm < terms.worst_floor.value * kPpmOne) {
        refuse(edge, EdgeReason::negative_worst_case);
    }
}

}  // namespace edge_detail
}  // namespace arb
