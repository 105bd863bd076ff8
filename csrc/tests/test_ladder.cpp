#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "arb/ladder.hpp"

using namespace arb;

namespace {

// The readable oracle: price -> quantity, one set at a time.
template <Side S>
struct MapLadder {
    struct WorstFirst {
        bool operator()(Price a, Price b) const { return better<S>(b, a); }
    };
    std::map<Price, Qty, WorstFirst> levels;

    void apply(const std::vector<Level>& updates) {
        for (const Level& level : updates) {
            if (level.qty.value == 0) levels.erase(level.price);
            else levels[level.price] = level.qty;
        }
    }
    std::vector<Level> all() const {
        std::vector<Level> out;
        for (const auto& [price, qty] : levels) out.push_back({price, qty});
        return out;
    }
};

template <Side S>
std::vector<Level> all(const Ladder<S>& ladder) {
    return {ladder.levels().begin(), ladder.levels().end()};
}

template <Side S>
std::vector<Level> walked(const Ladder<S>& ladder) {
    std::vector<Level> out;
    for (auto cursor = ladder.cursor(); !cursor.done(); cursor.next()) out.push_back(*cursor);
    return out;
}

enum class Order { ascending, descending, shuffled, with_duplicates };

std::vector<Level> random_updates(std::mt19937_64& random, std::size_t count, std::int64_t range,
                                  Order order) {
    std::vector<std::int64_t> prices(static_cast<std::size_t>(range));
    for (std::size_t i = 0; i < prices.size(); ++i) prices[i] = 1000 + static_cast<std::int64_t>(i);
    std::shuffle(prices.begin(), prices.end(), random);
    prices.resize(std::min(count, prices.size()));
    if (order != Order::shuffled) std::sort(prices.begin(), prices.end());
    if (order == Order::descending) std::reverse(prices.begin(), prices.end());
    if (order == Order::with_duplicates) {
        for (std::size_t i = 1; i < prices.size(); i += 3) prices[i] = prices[i - 1];
    }
    std::vector<Level> updates;
    for (const std::int64_t price : prices) {
        const auto qty = 1 + static_cast<std::int64_t>(random() % 1000);
        updates.push_back({{price}, {random() % 3 == 0 ? 0 : qty}});
    }
    return updates;
}

template <Side side>
void compare_with_oracle() {
    std::mt19937_64 random(7);
    for (const std::int64_t range : {20, 200, 3000}) {
        Ladder<side> ladder;
        MapLadder<side> oracle;
        for (int round = 0; round < 600; ++round) {
            const auto order = static_cast<Order>(random() % 4);
            const std::size_t count = random() % (random() % 8 == 0 ? 900 : 30);
            const std::vector<Level> updates = random_updates(random, count, range, order);
            REQUIRE(ladder.apply(updates) == LadderStatus::ok);
            oracle.apply(updates);
            REQUIRE(all(ladder) == oracle.all());
        }
        std::vector<Level> best_first = oracle.all();
        std::reverse(best_first.begin(), best_first.end());
        CHECK(walked(ladder) == best_first);
    }
}

}  // namespace

TEST_CASE("a bid ladder equals a map after any arrays of updates") { compare_with_oracle<Side::buy>(); }
TEST_CASE("an ask ladder equals a map after any arrays of updates") { compare_with_oracle<Side::sell>(); }

TEST_CASE("the last of two updates of one price wins, in sorted arrays too") {
    std::vector<Level> updates;
    for (std::int64_t i = 0; i < 20; ++i) updates.push_back({{100 + i}, {1}});
    updates.insert(updates.begin() + 10, Level{{109}, {7}});  // after the first 109
    Ladder<Side::sell> ladder;
    ladder.apply(updates);
    CHECK(ladder.size() == 20);
    CHECK(ladder.at(9) == Level{{109}, {7}});
}

TEST_CASE("the best bid is the highest price, the best ask the lowest") {
    Ladder<Side::buy> bids;
    Ladder<Side::sell> asks;
    for (const std::int64_t price : {10, 12, 11}) {
        bids.set({{price}, {1}});
        asks.set({{price}, {1}});
    }
    CHECK(bids.best().price == Price{12});
    CHECK(asks.best().price == Price{10});
    CHECK(bids.at(2).price == Price{10});
    CHECK(asks.at(2).price == Price{12});
}

TEST_CASE("deleting an absent level changes nothing") {
    Ladder<Side::buy> bids;
    CHECK(bids.set({{10}, {0}}) == LadderStatus::ok);
    bids.set({{10}, {5}});
    bids.set({{11}, {0}});
    CHECK(all(bids) == std::vector<Level>{{{10}, {5}}});
}

TEST_CASE("a full ladder overflows instead of allocating, level by level and merged") {
    std::vector<Level> half(Ladder<Side::sell>::kCapacity / 2);
    for (std::size_t i = 0; i < half.size(); ++i) half[i] = {{static_cast<std::int64_t>(10 * i)}, {1}};
    Ladder<Side::sell> ladder;
    const Level* const storage = ladder.levels().data();
    REQUIRE(ladder.apply(half) == LadderStatus::ok);
    for (Level& level : half) level.price.value += 5;
    REQUIRE(ladder.apply(half) == LadderStatus::ok);
    CHECK(ladder.size() == Ladder<Side::sell>::kCapacity);
    CHECK(ladder.set({{3}, {1}}) == LadderStatus::overflow);
    CHECK(ladder.set({{5}, {2}}) == LadderStatus::ok);  // no new level
    for (Level& level : half) level.price.value += 1;
    CHECK(ladder.apply(half) == LadderStatus::overflow);
    CHECK(ladder.levels().data() == storage);
}

TEST_CASE("a cursor ends at the verified depth") {
    Ladder<Side::buy> bids;
    for (const std::int64_t price : {100, 99, 98, 97}) bids.set({{price}, {1}});
    bids.set_horizon({98});
    bids.set({{95}, {1}});
    CHECK(bids.size() == 5);
    CHECK(walked(bids).size() == 3);
    CHECK(walked(bids).back().price == Price{98});
    bids.lift_horizon();
    CHECK(walked(bids).size() == 5);

    Ladder<Side::sell> asks;
    for (const std::int64_t price : {100, 101, 103}) asks.set({{price}, {1}});
    asks.set_horizon({101});
    CHECK(walked(asks).size() == 2);
}

TEST_CASE("a touch beyond the verified depth has no verified level") {
    Ladder<Side::buy> bids;
    bids.set({{100}, {1}});
    bids.set_horizon({100});
    bids.set({{99}, {1}});
    bids.set({{100}, {0}});
    CHECK(bids.best().price == Price{99});
    CHECK(bids.cursor().done());
    CHECK(bids.depth_low());
}

TEST_CASE("the depth is low once the touch has used more than half of it") {
    Ladder<Side::sell> asks;
    for (const std::int64_t price : {100, 104, 105, 106, 110}) asks.set({{price}, {1}});
    CHECK_FALSE(asks.depth_low());  // no horizon, no end
    asks.set_horizon({110});
    asks.set({{100}, {0}});
    CHECK_FALSE(asks.depth_low());
    asks.set({{104}, {0}});
    CHECK_FALSE(asks.depth_low());  // exactly half
    asks.set({{105}, {0}});
    CHECK(asks.depth_low());
    asks.clear();
    CHECK_FALSE(asks.has_horizon());
}
