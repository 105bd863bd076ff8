// Sizing: the optimum against brute force, the rounded size against both venues' rules.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arb/edge.hpp"

using namespace arb;

namespace {

struct VectorCursor {
    const std::vector<Level>* levels;
    std::size_t at = 0;
    bool done() const noexcept { return at >= levels->size(); }
    const Level& operator*() const noexcept { return (*levels)[at]; }
    void next() noexcept { ++at; }
};

using Book = std::vector<Level>;

Edge edge_of(const Book& asks, const Book& bids, const EdgeTerms& terms) {
    return best_edge(VectorCursor{&asks}, VectorCursor{&bids}, terms);
}

Level level(std::int64_t price, std::int64_t qty) { return {Price{price}, Qty{qty}}; }

// Sum of quantity x price over the first `units` of a side whose levels hold qty x scale units.
Int128 walked(const Book& book, Int128 units, std::int64_t scale) {
    Int128 sum = 0;
    for (const Level& each : book) {
        const Int128 part = std::min<Int128>(units, static_cast<Int128>(each.qty.value) * scale);
        sum += part * each.price.value;
        units -= part;
    }
    REQUIRE(units == 0);
    return sum;
}

Int128 depth(const Book& book, std::int64_t scale) {
    Int128 sum = 0;
    for (const Level& each : book) sum += static_cast<Int128>(each.qty.value) * scale;
    return sum;
}

struct Best {
    Int128 units = 0;
    Int128 score = 0;
};

// Net profit is piecewise linear in size, so its maximum is at a step boundary: all of them are tried,
// without the two-pointer order or any early stop. The score is net x 10^12 x (1 - base fee) in base
// mode and net x 10^6 in quote mode: whole numbers, so no rounding can hide a difference.
Best brute_force(const Book& asks, const Book& bids, const EdgeTerms& terms) {
    const bool base = terms.fee_mode == FeeMode::base;
    const std::int64_t received = kPpmOne - terms.buy_fee.value;
    const std::int64_t ask_scale = base ? received : 1;
    const std::int64_t bid_scale = base ? kPpmOne : 1;
    std::vector<Int128> sizes;
    Int128 sum = 0;
    for (const Level& each : asks) sizes.push_back(sum += static_cast<Int128>(each.qty.value) * ask_scale);
    sum = 0;
    for (const Level& each : bids) sizes.push_back(sum += static_cast<Int128>(each.qty.value) * bid_scale);
    const Int128 cap = static_cast<Int128>(terms.cap.value) * ask_scale;
    const Int128 most = std::min({cap, depth(asks, ask_scale), depth(bids, bid_scale)});
    sizes.push_back(most);
    Best best;
    for (const Int128 size : sizes) {
        if (size > most) continue;
        const Int128 keep = kPpmOne - terms.sell_fee.value;
        const Int128 score = base ? walked(bids, size, bid_scale) * keep * received -
                                        walked(asks, size, ask_scale) * kPpmOne * kPpmOne
                                  : walked(bids, size, 1) * keep -
                                        walked(asks, size, 1) * (kPpmOne + terms.buy_fee.value);
        if (score > best.score || (score == best.score && size < best.units)) best = {size, score};
    }
    return best;
}

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
    }
    bool chance(int percent) { return between(1, 100) <= percent; }
    // Prices step away from `start`; most pairs made of two such sides overlap.
    Book side(std::int64_t start, int direction) {
        Book book;
        std::int64_t price = start;
        for (std::int64_t n = between(0, 12); n > 0; --n) {
            book.push_back(level(price, between(1, chance(20) ? 100'000 : 400)));
            price += direction * between(1, 40);
        }
        return book;
    }
    EdgeTerms terms() {
        EdgeTerms terms;
        terms.fee_mode = chance(50) ? FeeMode::base : FeeMode::quote;
        terms.buy_fee = {static_cast<std::int32_t>(between(-200, 2'000))};
        terms.sell_fee = {static_cast<std::int32_t>(between(-200, 2'000))};
        if (chance(30)) terms.cap = {between(0, 1'500)};
        return terms;
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace

TEST_CASE("the check case: 10 bp a side eat a naive gain of 0.20 in either fee mode") {
    const Book asks{level(1000000, 100)};  // 100 at four decimals
    const Book bids{level(1002000, 100)};  // 100.20
    for (const FeeMode mode : {FeeMode::quote, FeeMode::base}) {
        CHECK_FALSE(crosses(asks[0].price, Ppm{1000}, bids[0].price, Ppm{1000}, mode));
        CHECK(crosses(asks[0].price, Ppm{990}, bids[0].price, Ppm{990}, mode));
        const EdgeTerms terms{.fee_mode = mode, .buy_fee = {1000}, .sell_fee = {1000}};
        CHECK(edge_of(asks, bids, terms).reason == EdgeReason::no_cross);
    }
    CHECK(edge_of(asks, bids, {}).net.value == 2000 * 100);
}

TEST_CASE("a step of exactly no profit is not taken") {
    const EdgeTerms terms{.buy_fee = {100'000}, .sell_fee = {100'000}};
    CHECK(edge_of({level(9, 5)}, {level(11, 5)}, terms).reason == EdgeReason::no_cross);  // 9.9
    CHECK(edge_of({level(9, 5)}, {level(12, 5)}, terms).optimal == Qty{5});
}

TEST_CASE("the unrounded optimum equals brute force over every step boundary, in both fee modes") {
    Random random(20250611);
    int crossed[2] = {0, 0};
    for (int pair = 0; pair < 24'000; ++pair) {
        const Book asks = random.side(random.between(9'800, 10'050), +1);
        const Book bids = random.side(random.between(9'950, 10'200), -1);
        const EdgeTerms terms = random.terms();
        const bool base = terms.fee_mode == FeeMode::base;
        const Edge edge = edge_of(asks, bids, terms);
        const Best best = brute_force(asks, bids, terms);
        CHECK(edge.optimal_delivered_ppm == best.units * (base ? 1 : kPpmOne));
        if (best.units == 0) continue;
        ++crossed[base];
        if (base) {
            // Reported net is rounded against us by less than 2; the score carries 10^6 (1 - fee) more.
            const Int128 unit = static_cast<Int128>(kPpmOne) * (kPpmOne - terms.buy_fee.value);
            const Int128 lost = best.score - edge.optimal_net_ppm * unit;
            CHECK(lost >= 0);
            CHECK(lost < 2 * unit);
        } else {
            CHECK(edge.optimal_net_ppm == best.score);
        }
    }
    CHECK(crossed[0] > 5'000);
    CHECK(crossed[1] > 5'000);
}

TEST_CASE("the rounded size is feasible on both legs and never of negative worth") {
    Random random(7);
    int tradable = 0;
    for (int pair = 0; pair < 24'000; ++pair) {
        const Book asks = random.side(random.between(9'800, 10'050), +1);
        const Book bids = random.side(random.between(9'950, 10'200), -1);
        EdgeTerms terms = random.terms();
        const std::int64_t lots[] = {1, 2, 5, 10, 7, 100};
        for (Filters* filters : {&terms.buy, &terms.sell}) {
            filters->lot = {lots[random.between(0, 5)]};
            filters->tick = {random.chance(70) ? 1 : 5};
            filters->min_qty = {random.between(0, 30)};
            filters->min_notional = {random.between(0, 300'000)};
            if (random.chance(30)) filters->max_qty = {random.between(50, 500)};
            if (random.chance(30)) filters->max_notional = {random.between(500'000, 5'000'000)};
        }
        terms.slippage = {random.chance(50) ? 0 : static_cast<std::int32_t>(random.between(0, 400))};
        terms.min_edge = {random.chance(50) ? 0 : static_cast<std::int32_t>(random.between(0, 1'000))};
        const Edge edge = edge_of(asks, bids, terms);
        if (!edge.tradable()) continue;
        ++tradable;
        const bool base = terms.fee_mode == FeeMode::base;
        const Int128 received = kPpmOne - (base ? terms.buy_fee.value : 0);
        CHECK(edge.sell_qty.value * Int128{kPpmOne} + edge.dust_ppm == edge.buy_qty.value * received);
        CHECK(edge.dust_ppm >= 0);
        CHECK(edge.dust_ppm < std::max(terms.buy.lot, terms.sell.lot).value * Int128{kPpmOne});
        CHECK(edge.buy_qty <= std::min(edge.optimal, terms.cap));
        const std::tuple<Qty, Price, Filters> legs[] = {{edge.buy_qty, edge.buy_limit, terms.buy},
                                                        {edge.sell_qty, edge.sell_limit, terms.sell}};
        for (const auto& [qty, limit, filters] : legs) {
            CHECK(qty.value > 0);
            CHECK(qty.value % filters.lot.value == 0);
            CHECK(limit.value % filters.tick.value == 0);
            CHECK(qty >= filters.min_qty);
            CHECK((filters.max_qty.value == 0 || qty <= filters.max_qty));
            CHECK(limit * qty >= filters.min_notional);
            CHECK((filters.max_notional.value == 0 || limit * qty <= filters.max_notional));
        }
        // Both legs fill completely inside their limits.
        Int128 bought = 0;
        for (const Level& each : asks) {
            if (each.price <= edge.buy_limit) bought += each.qty.value;
        }
        Int128 sold = 0;
        for (const Level& each : bids) {
            if (each.price >= edge.sell_limit) sold += each.qty.value;
        }
        CHECK(bought >= edge.buy_qty.value);
        CHECK(sold >= edge.sell_qty.value);
        CHECK(edge.worst_ppm >= 0);
        CHECK(edge.net_ppm > 0);
        CHECK(edge.net_ppm >= edge.worst_ppm);
        // Dust is valued at the sell limit, which may be above the deeper bids that would have taken it.
        CHECK(edge.net_ppm - edge.dust_value_ppm <= edge.optimal_net_ppm + 2);
        CHECK(edge.dust_value_ppm * kPpmOne <=
              edge.dust_ppm * edge.sell_limit.value * (kPpmOne - terms.sell_fee.value));
        // Net, counted again the slow way.
        const std::int64_t buy_cost = kPpmOne + (base ? 0 : terms.buy_fee.value);
        const Int128 cost = walked(asks, edge.buy_qty.value, 1) * buy_cost;
        const Int128 proceeds = walked(bids, edge.sell_qty.value, 1) * (kPpmOne - terms.sell_fee.value);
        CHECK(edge.net_ppm == proceeds - cost + edge.dust_value_ppm);
    }
    CHECK(tradable > 3'000);
}

TEST_CASE("quote fees round both legs to the common lot, base fees leave dust under one sell lot") {
    const Book asks{level(10'000, 1'000)};
    const Book bids{level(10'200, 1'000)};
    EdgeTerms terms;
    terms.buy.lot = {6};
    terms.sell.lot = {4};
    Edge edge = edge_of(asks, bids, terms);
    CHECK(edge.buy_qty == Qty{996});  // lcm(6, 4) = 12
    CHECK(edge.sell_qty == edge.buy_qty);
    CHECK(edge.dust_ppm == 0);

    terms.fee_mode = FeeMode::base;
    terms.buy_fee = {1'000};
    terms.buy.lot = {10};
    terms.sell.lot = {100};
    edge = edge_of(asks, bids, terms);
    CHECK(edge.optimal == Qty{1'000});
    CHECK(edge.buy_qty == Qty{1'000});
    CHECK(edge.sell_qty == Qty{900});
    CHECK(edge.dust == Qty{99});
    CHECK(edge.tradable());  // with the dust worth nothing this trade would lose 820,000
    CHECK(edge.net.value == 900 * 10'200 + 99 * 10'200 - 1'000 * 10'000);
}

TEST_CASE("each refusal names its reason and leg") {
    const Book asks{level(10'000, 100)};
    const Book bids{level(10'200, 100)};
    const auto refused = [&](auto change) {
        EdgeTerms terms;
        change(terms);
        const Edge edge = edge_of(asks, bids, terms);
        return std::pair{edge.reason, edge.leg};
    };
    using R = EdgeReason;
    CHECK(refused([](EdgeTerms& t) { t.cap = {}; }).first == R::below_lot);
    CHECK(refused([](EdgeTerms& t) { t.sell.lot = {101}; }).first == R::below_lot);
    CHECK(refused([](EdgeTerms& t) { t.sell.lot = {}; }).first == R::bad_terms);
    CHECK(refused([](EdgeTerms& t) { t.buy_fee = {1'000'000}; }).first == R::bad_terms);
    CHECK(refused([](EdgeTerms& t) { t.slippage = {-1}; }).first == R::bad_terms);
    CHECK(refused([](EdgeTerms& t) { t.sell.min_qty = {101}; }) == std::pair{R::below_min_qty, Side::sell});
    CHECK(refused([](EdgeTerms& t) { t.buy.min_qty = {101}; }) == std::pair{R::below_min_qty, Side::buy});
    CHECK(refused([](EdgeTerms& t) { t.buy.min_qty = t.sell.min_qty = {100}; }).first == R::none);
    CHECK(refused([](EdgeTerms& t) { t.buy.min_notional = {1'000'001}; }) ==
          std::pair{R::below_min_notional, Side::buy});
    CHECK(refused([](EdgeTerms& t) { t.sell.min_notional = {1'020'001}; }) ==
          std::pair{R::below_min_notional, Side::sell});
    CHECK(refused([](EdgeTerms& t) { t.sell.max_price = {10'199}; }) ==
          std::pair{R::outside_price_band, Side::sell});
    CHECK(refused([](EdgeTerms& t) { t.buy.min_price = {10'001}; }) ==
          std::pair{R::outside_price_band, Side::buy});
    CHECK(refused([](EdgeTerms& t) { t.min_profit = {20'000}; }).first == R::below_min_profit);
    CHECK(refused([](EdgeTerms& t) { t.min_profit = {19'999}; }).first == R::none);
    CHECK(refused([](EdgeTerms& t) { t.min_edge = {20'000}; }).first == R::no_cross);
    CHECK(refused([](EdgeTerms& t) { t.min_edge = {19'999}; }).first == R::none);
    CHECK(refused([](EdgeTerms& t) { t.slippage = {10'000}; }).first == R::negative_worst_case);
    CHECK(refused([](EdgeTerms& t) {
              t.slippage = {10'000};
              t.worst_floor = {-200};
          }).first == R::none);  // 10,098 against 10,100
    CHECK(name(R::negative_worst_case) == std::string("negative_worst_case"));
}

TEST_CASE("a minimum notional is checked at the limit price, not at the touch") {
    const Book asks{level(10'000, 50), level(10'010, 50)};
    const Book bids{level(10'200, 50), level(10'150, 50)};
    EdgeTerms terms;
    terms.sell.min_notional = {1'015'000};
    CHECK(edge_of(asks, bids, terms).tradable());
    terms.sell.min_notional = {1'015'001};  // the fills would be worth 1,017,500
    CHECK(edge_of(asks, bids, terms).reason == EdgeReason::below_min_notional);
}

TEST_CASE("a limit reaches levels that are off the venue's tick, and the worst case counts it") {
    EdgeTerms terms;
    terms.buy.tick = terms.sell.tick = {10};
    const Edge edge = edge_of({level(10'003, 10)}, {level(10'058, 10)}, terms);
    CHECK(edge.buy_limit == Price{10'010});
    CHECK(edge.sell_limit == Price{10'050});
    CHECK(edge.worst.value == 400);
    CHECK(edge_of({level(10'003, 10)}, {level(10'009, 10)}, terms).reason == EdgeReason::negative_worst_case);
}

TEST_CASE("slippage moves the limits away from the fills, rounded towards safety") {
    EdgeTerms terms{.slippage = {150}};
    const Edge edge = edge_of({level(10'000, 10)}, {level(10'200, 10)}, terms);
    CHECK(edge.buy_limit == Price{10'001});   // 10,001.5 down
    CHECK(edge.sell_limit == Price{10'199});  // 10,198.47 up
    CHECK(edge.net.value == 2'000);
    CHECK(edge.worst.value == 1'980);
    terms = {.slippage = {2'500}};
    terms.buy.tick = terms.sell.tick = {10};
    const Edge ticked = edge_of({level(10'000, 10)}, {level(10'200, 10)}, terms);
    CHECK(ticked.buy_limit == Price{10'020});   // 10,025 down
    CHECK(ticked.sell_limit == Price{10'180});  // 10,174.5 up
}

TEST_CASE("values past the bounds are refused, at the bounds exact") {
    EdgeTerms terms;
    const std::int64_t price = kPriceBound - 1;
    CHECK(edge_of({level(price - 1, 1 << 29)}, {level(price, 1 << 29)}, terms).net.value == 1 << 29);
    CHECK(edge_of({level(price - 1, 1 << 30)}, {level(price, (1 << 30) + 1)}, terms).tradable());
    const std::int64_t big = std::int64_t{1} << 31;
    CHECK(edge_of({level(price - 1, big)}, {level(price, big)}, terms).reason == EdgeReason::overflow);
    CHECK(edge_of({level(1, big)}, {level(price, big)}, terms).reason == EdgeReason::overflow);  // proceeds
    CHECK(edge_of({level(kPriceBound, 1)}, {level(price, 1)}, terms).reason == EdgeReason::overflow);
    CHECK(edge_of({level(1, kQtyBound)}, {level(2, 1)}, terms).reason == EdgeReason::overflow);
    CHECK(edge_of({level(1, kQtyBound - 1)}, {level(2, kQtyBound - 1)}, terms).optimal == Qty{kQtyBound - 1});
    CHECK(edge_of({level(0, 1)}, {level(2, 1)}, terms).reason == EdgeReason::overflow);
    CHECK(edge_of({level(1, -5)}, {level(2, 1)}, terms).reason == EdgeReason::overflow);
    // The largest factors of both fees at once, with the largest legal notional.
    terms = {.fee_mode = FeeMode::base, .buy_fee = {-999'999}, .sell_fee = {-999'999}};
    const Edge edge = edge_of({level(1, kQtyBound - 1)}, {level((1 << 23), kQtyBound - 1)}, terms);
    CHECK(edge.optimal_net_ppm > 0);
    CHECK(edge.tradable());
}

TEST_CASE("rounding costs little: its loss against the best pair of lots is known") {
    // Best lot: every multiple of the buy lot is tried, with the same value for its dust.
    Random random(99);
    double worst_share = 0;
    double lost = 0;
    double total = 0;
    int differed = 0;
    int compared = 0;
    for (int pair = 0; pair < 3'000; ++pair) {
        const Book asks = random.side(random.between(9'800, 10'050), +1);
        const Book bids = random.side(random.between(9'950, 10'200), -1);
        EdgeTerms terms = random.terms();
        const std::int64_t lots[] = {1, 10, 100};
        terms.buy.lot = {lots[random.between(0, 2)]};
        terms.sell.lot = {lots[random.between(0, 2)]};
        const Edge edge = edge_of(asks, bids, terms);
        if (edge.reason == EdgeReason::no_cross) continue;
        const bool base = terms.fee_mode == FeeMode::base;
        const std::int64_t step = base ? terms.buy.lot.value : std::max(terms.buy.lot, terms.sell.lot).value;
        const EdgeFees fees(terms.fee_mode, terms.buy_fee, terms.sell_fee);
        Int128 best = 0;
        const auto most = static_cast<std::int64_t>(
            std::min<Int128>({terms.cap.value, depth(asks, 1), edge.optimal.value + 2 * step}));
        for (std::int64_t qty = step; qty <= most; qty += step) {
            const Int128 arrives = static_cast<Int128>(qty) * fees.received;
            const auto sold =
                static_cast<std::int64_t>(arrives / kPpmOne / terms.sell.lot.value * terms.sell.lot.value);
            if (sold == 0 || sold > depth(bids, 1)) continue;
            edge_detail::Taken taken = edge_detail::take_first(VectorCursor{&bids}, Qty{sold});
            const Int128 dust =
                std::min<Int128>(arrives - static_cast<Int128>(sold) * kPpmOne,
                                 std::max(terms.buy.lot, terms.sell.lot).value * Int128{kPpmOne});
            const Int128 net = fees.proceeds(taken.notional) +
                               dust * taken.deepest.value * fees.sell_keep / kPpmOne -
                               fees.cost({walked(asks, qty, 1)});
            best = std::max(best, net);
        }
        const Int128 ours = edge.tradable() ? edge.net_ppm : 0;
        CHECK(ours <= best);
        if (best == 0) continue;
        ++compared;
        differed += ours != best;
        lost += static_cast<double>(best - ours);
        total += static_cast<double>(best);
        worst_share = std::max(worst_share, static_cast<double>(best - ours) / static_cast<double>(best));
    }
    MESSAGE("best lot missed in " << differed << " of " << compared << " crosses; profit lost "
                                  << 100 * lost / total << " % in total, " << 100 * worst_share
                                  << " % at worst (small sizes)");
    CHECK(compared > 1'000);
    CHECK(lost < 0.02 * total);
}
