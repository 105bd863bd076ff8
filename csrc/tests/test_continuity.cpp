#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "arb/continuity.hpp"

using namespace arb;

namespace {

Update spot(std::int64_t first, std::int64_t last) {
    Update update;
    update.first_id = first;
    update.last_id = last;
    return update;
}

Update usdm(std::int64_t first, std::int64_t last, std::int64_t previous) {
    Update update = spot(first, last);
    update.has_prev_id = true;
    update.prev_id = previous;
    return update;
}

Update bybit(UpdateKind kind, std::int64_t id, std::int64_t sequence) {
    Update update;
    update.kind = kind;
    update.last_id = id;
    update.sequence = sequence;
    return update;
}

constexpr Chain snapshot_at(std::int64_t id) { return {id, 0, false}; }
constexpr Chain book_at(std::int64_t id, std::int64_t sequence = 0) { return {id, sequence, true}; }
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("S1: a spot update that ends at or before the book is old") {
    CHECK(check_binance_spot(snapshot_at(100), spot(90, 99)) == Verdict::old);
    CHECK(check_binance_spot(snapshot_at(100), spot(90, 100)) == Verdict::old);
    CHECK(check_binance_spot(book_at(100), spot(100, 100)) == Verdict::old);
}

TEST_CASE("S2: the first spot update after a snapshot contains the id that follows it") {
    CHECK(check_binance_spot(snapshot_at(100), spot(95, 101)) == Verdict::apply);
    CHECK(check_binance_spot(snapshot_at(100), spot(101, 101)) == Verdict::apply);  // refused by "U <= L"
    CHECK(check_binance_spot(snapshot_at(100), spot(102, 110)) == Verdict::gap);
}

TEST_CASE("S3: a spot update begins where the book ends, or earlier") {
    CHECK(check_binance_spot(book_at(100), spot(101, 120)) == Verdict::apply);
    CHECK(check_binance_spot(book_at(100), spot(99, 120)) == Verdict::apply);
    CHECK(check_binance_spot(book_at(100), spot(102, 120)) == Verdict::gap);
}

TEST_CASE("F1: a USD-M update that ends before the snapshot is old, one that ends with it is kept") {
    CHECK(check_binance_usdm(snapshot_at(100), usdm(90, 99, 80)) == Verdict::old);
    CHECK(check_binance_usdm(snapshot_at(100), usdm(90, 100, 80)) == Verdict::apply);
}

TEST_CASE("F2: the first USD-M update spans the snapshot's id") {
    CHECK(check_binance_usdm(snapshot_at(100), usdm(100, 110, 99)) == Verdict::apply);
    CHECK(check_binance_usdm(snapshot_at(100), usdm(90, 110, 85)) == Verdict::apply);
    CHECK(check_binance_usdm(snapshot_at(100), usdm(101, 110, 101)) == Verdict::gap);
    CHECK(check_binance_usdm(snapshot_at(100), spot(100, 110)) == Verdict::apply);  // pu is not asked for yet
}

TEST_CASE("F3: a first USD-M update behind the snapshot is good when its predecessor is not") {
    CHECK(check_binance_usdm(snapshot_at(100), usdm(105, 110, 100)) == Verdict::apply);
    CHECK(check_binance_usdm(snapshot_at(100), usdm(105, 110, 97)) == Verdict::apply);
    CHECK(check_binance_usdm(snapshot_at(100), usdm(105, 110, 102)) == Verdict::gap);
    CHECK(check_binance_usdm(snapshot_at(100), spot(105, 110)) == Verdict::gap);
}

TEST_CASE("F4: a USD-M update continues the book only by its pu") {
    CHECK(check_binance_usdm(book_at(100), usdm(107, 110, 100)) == Verdict::apply);
    CHECK(check_binance_usdm(book_at(100), usdm(101, 110, 101)) == Verdict::gap);
    CHECK(check_binance_usdm(book_at(100), usdm(101, 110, 99)) == Verdict::gap);
    CHECK(check_binance_usdm(book_at(100), spot(101, 110)) == Verdict::gap);  // without pu
}

TEST_CASE("F5: a repeated USD-M update is old") {
    CHECK(check_binance_usdm(book_at(100), usdm(95, 100, 90)) == Verdict::old);
    CHECK(check_binance_usdm(book_at(100), usdm(85, 90, 80)) == Verdict::old);
}

TEST_CASE("B1: a Bybit snapshot replaces the book whatever its ids") {
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::snapshot, 300, 600)) == Verdict::replace);
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::snapshot, 100, 500)) == Verdict::replace);
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::snapshot, 40, 400)) == Verdict::replace);
}

TEST_CASE("B2: a Bybit update with u 1 replaces the book even as a delta") {
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::delta, 1, 501)) == Verdict::replace);
    CHECK(check_bybit(Chain{}, bybit(UpdateKind::delta, 1, 1)) == Verdict::replace);
}

TEST_CASE("B3: a Bybit delta is the book's u plus one") {
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::delta, 101, 507)) == Verdict::apply);
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::delta, 102, 507)) == Verdict::gap);
}

TEST_CASE("B4: a Bybit delta of an old seq is old, of an old u alone it is a missed restart") {
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::delta, 100, 500)) == Verdict::old);
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::delta, 90, 450)) == Verdict::old);
    CHECK(check_bybit(book_at(100, 500), bybit(UpdateKind::delta, 2, 501)) == Verdict::gap);
}

TEST_CASE("ids at the end of their range do not wrap") {
    CHECK(check_binance_spot(book_at(kMax), spot(1, kMax)) == Verdict::old);
    CHECK(check_binance_spot(book_at(0), spot(kMax, kMax)) == Verdict::gap);
    CHECK(check_binance_spot(book_at(kMax - 1), spot(kMax, kMax)) == Verdict::apply);
    CHECK(check_bybit(book_at(kMax, 1), bybit(UpdateKind::delta, kMax, 1)) == Verdict::old);
    CHECK(check_bybit(book_at(kMax - 1, 1), bybit(UpdateKind::delta, kMax, 2)) == Verdict::apply);
}

TEST_CASE("a ticker never continues a chain, and each market has its own rule") {
    for (const Market market :
         {Market::binance_spot, Market::binance_usdm, Market::bybit_spot, Market::bybit_linear}) {
        Update ticker = usdm(101, 101, 100);
        ticker.kind = UpdateKind::ticker;
        CHECK(check(market, book_at(100), ticker) == Verdict::old);
    }
    CHECK(check(Market::binance_spot, book_at(100), usdm(107, 110, 100)) == Verdict::gap);
    CHECK(check(Market::binance_usdm, book_at(100), usdm(107, 110, 100)) == Verdict::apply);
    CHECK(check(Market::bybit_spot, book_at(100), usdm(107, 110, 100)) == Verdict::gap);
    CHECK(check(Market::bybit_linear, book_at(100), bybit(UpdateKind::snapshot, 5, 5)) == Verdict::replace);
}
