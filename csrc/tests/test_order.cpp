// Client order ids, and the merge of everything heard about one order.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "arb/order.hpp"

using namespace arb;

namespace {

struct Report {
    OrderStatus status;
    std::int64_t cum;
};

Order merged(const std::vector<Report>& reports) {
    Order order;
    order.qty = Qty{100};
    for (const Report& report : reports) merge_report(order, report.status, Qty{report.cum});
    return order;
}

bool same(const Order& a, const Order& b) { return a.cum == b.cum && a.status == b.status; }

}  // namespace

TEST_CASE("order ids and their keys are each other's inverse") {
    for (const std::uint64_t seq :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{123'456}, kMaxTradeSeq}) {
        for (const std::uint8_t leg : {0, 1, 2, 31}) {
            for (const std::uint8_t attempt : {0, 1, 31}) {
                const OrderKey key{seq, leg, attempt};
                CHECK(order_key(order_id(key)) == key);
            }
        }
    }
}

TEST_CASE("a client order id is 16 characters of a-z and 2-7 and reads back as the same order") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        const OrderOwner owner{{'b', 'q'}, static_cast<std::uint16_t>(random())};
        const OrderId id = order_id({random() & kMaxTradeSeq, static_cast<std::uint8_t>(random() & 31),
                                     static_cast<std::uint8_t>(random() & 31)});
        const ClientOrderId coid = client_order_id(owner, id);
        CHECK(coid.view().size() == 16);
        CHECK(coid.view().find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string_view::npos);
        OrderId back{};
        CHECK(parse_client_order_id(owner, coid.view(), back) == CoidStatus::ours);
        CHECK(back == id);
    }
    CHECK(client_order_id({{'a', 'a'}, 1}, order_id({1, 1, 0})).view() == "aaaaaabaaaaaabba");
}

TEST_CASE("different orders have different client order ids") {
    std::vector<std::string> seen;
    for (std::uint16_t epoch = 0; epoch < 3; ++epoch) {
        for (std::uint64_t seq = 0; seq < 40; ++seq) {
            for (std::uint8_t leg = 0; leg < 3; ++leg) {
                for (std::uint8_t attempt = 0; attempt < 4; ++attempt) {
                    seen.emplace_back(
                        client_order_id({{'a', 'b'}, epoch}, order_id({seq, leg, attempt})).view());
                }
            }
        }
    }
    std::sort(seen.begin(), seen.end());
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("an id of another epoch is told from a foreign one") {
    const OrderOwner owner{{'a', 'b'}, 7};
    OrderId out{order_id({99, 0, 0})};
    const OrderId before = out;
    const std::string ours(client_order_id(owner, order_id({5, 1, 0})).view());
    CHECK(parse_client_order_id({{'a', 'b'}, 8}, ours, out) == CoidStatus::other_epoch);
    CHECK(parse_client_order_id({{'a', 'c'}, 7}, ours, out) == CoidStatus::foreign);
    std::vector<std::string> foreign{"",
                                     "a",
                                     "web_1234567890ab",
                                     "autoclose-123456",
                                     ours.substr(0, 15),
                                     ours + "a",
                                     "b" + ours.substr(1),
                                     std::string(16, '\0')};
    for (std::size_t i = 0; i < ours.size(); ++i) {
        for (const char bad : {'A', '0', '1', '8', '9', '-', '\0', '\xff'}) {
            std::string broken = ours;
            broken[i] = bad;
            foreign.push_back(broken);
        }
    }
    for (const std::string& text : foreign)
        CHECK(parse_client_order_id(owner, text, out) == CoidStatus::foreign);
    CHECK(out == before);  // only an id of ours is handed out
}

TEST_CASE("reports commute and repeat freely") {
    std::mt19937 random(2);
    constexpr OrderStatus kStatuses[] = {OrderStatus::ack,      OrderStatus::open,    OrderStatus::partial,
                                         OrderStatus::rejected, OrderStatus::expired, OrderStatus::canceled,
                                         OrderStatus::filled};
    for (int round = 0; round < 100; ++round) {
        std::vector<Report> reports;
        for (int i = 0; i < 5; ++i) {
            reports.push_back(
                {kStatuses[random() % std::size(kStatuses)], static_cast<std::int64_t>(random() % 101)});
        }
        const Order reference = merged(reports);
        std::vector<std::size_t> order{0, 1, 2, 3, 4};
        do {
            std::vector<Report> shuffled;
            for (const std::size_t i : order) {
                shuffled.push_back(reports[i]);
                if (random() % 3 == 0)
                    shuffled.push_back(reports[order[random() % (shuffled.size() > 4 ? 5 : 1)]]);
            }
            REQUIRE(same(merged(shuffled), reference));
            shuffled.insert(shuffled.end(), reports.begin(), reports.end());
            REQUIRE(same(merged(shuffled), reference));
        } while (std::next_permutation(order.begin(), order.end()));
    }
}

TEST_CASE("rows that really occur: regressions, overtaking, late growth") {
    using S = OrderStatus;
    CHECK(same(merged({{S::filled, 100}}),
               merged({{S::open, 0}, {S::partial, 40}, {S::filled, 100}})));  // SENT -> FILLED
    CHECK(merged({{S::filled, 100}, {S::open, 0}}).status == S::filled);      // NEW after FILLED
    CHECK(merged({{S::filled, 100}, {S::open, 0}}).cum == Qty{100});
    CHECK(merged({{S::canceled, 30}, {S::partial, 50}}).status == S::canceled);  // CANCELED -> larger cum
    CHECK(merged({{S::canceled, 30}, {S::partial, 50}}).cum == Qty{50});
    CHECK(merged({{S::canceled, 30}, {S::filled, 100}}).status == S::filled);  // the cancel lost its race
    CHECK(merged({{S::ack, 0}, {S::rejected, 0}}).status == S::rejected);      // accepted, then rejected
    CHECK(merged({{S::filled, 100}, {S::filled, 100}}).cum == Qty{100});       // two FILLED
    CHECK(merged({{S::partial, 40}, {S::ack, 0}}).status == S::partial);       // the ack came last
}

TEST_CASE("the running total and the fills tell of the same executions: the larger counts, never the sum") {
    Order order;
    order.qty = Qty{100};
    order.cum = Qty{60};
    order.fills = Qty{40};
    CHECK(order.filled() == Qty{60});
    CHECK(order.fills_missing());
    order.fills = Qty{70};
    CHECK(order.filled() == Qty{70});
    CHECK_FALSE(order.fills_missing());
}
