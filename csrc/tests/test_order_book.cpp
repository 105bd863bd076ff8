#include <doctest/doctest.h>

#include <vector>

#include "arb/order_book.hpp"

using namespace arb;

namespace {

const std::vector<Level> kBids{{{99}, {1}}, {{98}, {2}}, {{97}, {3}}};
const std::vector<Level> kAsks{{{101}, {4}}, {{102}, {5}}};

Update snapshot() {
    Update update;
    update.kind = UpdateKind::snapshot;
    update.bids = kBids;
    update.asks = kAsks;
    return update;
}

template <Side S>
std::size_t verified_levels(const Ladder<S>& ladder) {
    std::size_t count = 0;
    for (auto cursor = ladder.cursor(); !cursor.done(); cursor.next()) ++count;
    return count;
}

}  // namespace

TEST_CASE("the touch is the best of both sides") {
    OrderBook book;
    CHECK(book.touch() == Touch{});
    book.replace(snapshot());
    CHECK(book.touch() == Touch{{{99}, {1}}, {{101}, {4}}, true, true});
    CHECK_FALSE(book.crossed());
}

TEST_CASE("a bid at the ask's price is crossed, an empty side is not") {
    OrderBook book;
    book.bids.set({{101}, {1}});
    CHECK_FALSE(book.crossed());
    CHECK_FALSE(book.touch().crossed());
    book.asks.set({{102}, {1}});
    CHECK_FALSE(book.crossed());
    book.bids.set({{102}, {1}});
    CHECK(book.crossed());
    CHECK(book.touch().crossed());
}

TEST_CASE("a replaced book keeps nothing of the old one") {
    OrderBook book;
    book.bids.set({{50}, {1}});
    book.asks.set({{150}, {1}});
    book.replace(snapshot(), 3);
    CHECK(book.bids.size() == 3);
    CHECK(book.asks.size() == 2);
    book.clear();
    CHECK(book.touch() == Touch{});
    CHECK_FALSE(book.bids.has_horizon());
}

TEST_CASE("a side that came with fewer levels than asked for is whole, the other ends at its last level") {
    OrderBook book;
    book.replace(snapshot(), 3);
    CHECK(book.bids.horizon() == Price{97});
    CHECK_FALSE(book.asks.has_horizon());
    Update deeper;
    const std::vector<Level> bids{{{90}, {1}}};
    const std::vector<Level> asks{{{110}, {1}}};
    deeper.bids = bids;
    deeper.asks = asks;
    book.apply(deeper);
    CHECK(book.bids.size() == 4);  // nothing is pruned
    CHECK(verified_levels(book.bids) == 3);
    CHECK(verified_levels(book.asks) == 3);
}

TEST_CASE("without a known limit both sides end at their last level, a whole book nowhere") {
    OrderBook book;
    book.replace(snapshot(), OrderBook::kLimitUnknown);
    CHECK(book.bids.horizon() == Price{97});
    CHECK(book.asks.horizon() == Price{102});
    book.replace(snapshot());
    CHECK_FALSE(book.bids.has_horizon());
    CHECK_FALSE(book.asks.has_horizon());
}

TEST_CASE("an overflow of either side is reported") {
    std::vector<Level> many(kUpdateLevels);
    Update update;
    OrderBook book;
    LadderStatus last = LadderStatus::ok;
    for (std::int64_t round = 0; round < 3; ++round) {
        std::int64_t price = 1 + round;
        for (Level& level : many) level = {{price += 3}, {1}};
        update.bids = many;
        last = book.apply(update);
    }
    CHECK(last == LadderStatus::overflow);
}
