#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "arb/ladder.hpp"
#include "arb/walk.hpp"

using namespace arb;

namespace {

// The readable oracle: 128 bits at every level.
template <Side S>
Fill plain_take(const std::vector<Level>& best_first, Qty want, Price limit) {
    Fill fill;
    if (want.value <= 0) return fill;
    for (const Level& level : best_first) {
        if (fill.filled == want) return fill;
        if (better<S>(limit, level.price)) return fill.end = WalkEnd::limit, fill;
        const Qty qty = std::min(level.qty, want - fill.filled);
        fill.filled += qty;
        fill.notional += level.price * qty;
        fill.worst = level.price;
        ++fill.levels;
    }
    if (fill.filled < want) fill.end = WalkEnd::depth;
    return fill;
}

template <Side S>
void compare_with_oracle(std::mt19937_64& random, int price_bits, int qty_bits) {
    Ladder<S> ladder;
    std::vector<Level> levels;
    const std::size_t count = random() % 40;
    for (std::size_t i = 0; i < count; ++i) {
        levels.push_back({{1 + static_cast<std::int64_t>(random() >> (64 - price_bits))},
                          {1 + static_cast<std::int64_t>(random() >> (64 - qty_bits))}});
    }
    ladder.apply(levels);
    std::vector<Level> best_first(ladder.levels().rbegin(), ladder.levels().rend());
    const Qty want{static_cast<std::int64_t>(random() >> (63 - std::min(62, qty_bits + 4)))};
    const Price limit = random() % 3 == 0 || best_first.empty()
                            ? no_limit<S>()
                            : Price{best_first[random() % best_first.size()].price.value +
                                    static_cast<std::int64_t>(random() % 3) - 1};
    const Fill fill = take(ladder.cursor(), want, limit);
    const Fill plain = plain_take<S>(best_first, want, limit);
    INFO("price bits ", price_bits, ", quantity bits ", qty_bits, ", want ", want.value);
    INFO("limit ", limit.value);
    REQUIRE(fill.filled == plain.filled);
    REQUIRE(fill.notional == plain.notional);
    REQUIRE(fill.worst == plain.worst);
    REQUIRE(fill.levels == plain.levels);
    REQUIRE(fill.end == plain.end);

    Int128 standing = 0;
    for (const Level& level : best_first) {
        if (!better<S>(limit, level.price)) standing += level.qty.value;
    }
    REQUIRE(quantity_to_price(ladder.cursor(), limit).value ==
            std::min<Int128>(standing, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace

TEST_CASE("a walk equals the plain 128-bit sum at every size of price and quantity") {
    std::mt19937_64 random(11);
    for (int round = 0; round < 20'000; ++round) {
        const int price_bits = 1 + static_cast<int>(random() % 61);
        const int qty_bits = 1 + static_cast<int>(random() % 60);
        compare_with_oracle<Side::buy>(random, price_bits, qty_bits);
        compare_with_oracle<Side::sell>(random, price_bits, qty_bits);
    }
}

TEST_CASE("buying walks the asks upwards") {
    Ladder<Side::sell> asks;
    for (const std::int64_t price : {100, 101, 103}) asks.set({{price}, {10}});
    const Fill fill = take(asks.cursor(), {25});
    CHECK(fill.filled == Qty{25});
    CHECK(fill.notional == Notional{100 * 10 + 101 * 10 + 103 * 5});
    CHECK(fill.worst == Price{103});
    CHECK(fill.levels == 3);
    CHECK(fill.end == WalkEnd::filled);
}

TEST_CASE("a quantity that ends a level exactly does not touch the next") {
    Ladder<Side::buy> bids;
    for (const std::int64_t price : {100, 99}) bids.set({{price}, {10}});
    const Fill fill = take(bids.cursor(), {10});
    CHECK(fill.worst == Price{100});
    CHECK(fill.levels == 1);
    CHECK(fill.end == WalkEnd::filled);
}

TEST_CASE("a walk says whether the limit or the verified depth ended it") {
    Ladder<Side::buy> bids;
    for (const std::int64_t price : {100, 99, 98}) bids.set({{price}, {10}});
    CHECK(take(bids.cursor(), {30}, {99}).end == WalkEnd::limit);
    CHECK(take(bids.cursor(), {30}, {99}).filled == Qty{20});
    CHECK(take(bids.cursor(), {30}, {101}) == Fill{{}, {}, {}, 0, WalkEnd::limit});
    bids.set_horizon({99});
    CHECK(take(bids.cursor(), {30}).end == WalkEnd::depth);
    CHECK(take(bids.cursor(), {30}).filled == Qty{20});
    CHECK(quantity_to_price(bids.cursor(), {1}) == Qty{20});
}

TEST_CASE("nothing wanted is filled at no price, nothing there at none either") {
    Ladder<Side::sell> asks;
    CHECK(take(asks.cursor(), {1}) == Fill{{}, {}, {}, 0, WalkEnd::depth});
    asks.set({{100}, {1}});
    CHECK(take(asks.cursor(), {0}) == Fill{});
    CHECK(take(asks.cursor(), {-1}) == Fill{});
}
