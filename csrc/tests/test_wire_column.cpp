// The column memo equals the byte-by-byte parser on every text, and symbols are found exactly.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "arb/wire/fixed_column.hpp"
#include "arb/wire/symbol_table.hpp"

using namespace arb;
using namespace arb::wire;

namespace {

struct Result {
    Status status;
    std::int64_t value;
    std::ptrdiff_t consumed;
    bool operator==(const Result&) const = default;
};

Result scalar(const std::string& text, int decimals, std::int64_t max) {
    const char* p = text.data();
    std::int64_t value = -1;
    NumberWidths widths;
    const Status status = parse_fixed_scalar(p, text.data() + text.size(), decimals, max, value, widths);
    return {status, value, p - text.data()};
}

Result with_memo(FixedColumn& column, const std::string& text) {
    const auto block = std::make_unique<char[]>(text.size());
    std::memcpy(block.get(), text.data(), text.size());
    const char* p = block.get();
    std::int64_t value = -1;
    const Status status = column.read(p, block.get() + text.size(), value);
    return {status, value, p - block.get()};
}

std::string random_number(std::mt19937_64& random, int integer, int fraction) {
    std::string text;
    for (int i = 0; i < integer; ++i) text += static_cast<char>('0' + random() % 10);
    if (fraction > 0) text += '.';
    for (int i = 0; i < fraction; ++i)
        text += static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
    return text;
}

}  // namespace

TEST_CASE("the byte parser reads the grid exactly") {
    CHECK(scalar("61685.99\"", 2, kMaxPrice) == Result{Status::ok, 6168599, 8});
    CHECK(scalar("61685.99000000\"", 2, kMaxPrice) == Result{Status::ok, 6168599, 14});
    CHECK(scalar("10605\"", 8, kMaxQty) == Result{Status::ok, 1060500000000, 5});
    CHECK(scalar("0.00000001\"", 8, kMaxQty) == Result{Status::ok, 1, 10});
    CHECK(scalar("0.123\"", 2, kMaxQty).status == Status::inexact);
    CHECK(scalar("11258999.06842623\"", 8, kMaxPrice).value == kMaxPrice);
    CHECK(scalar("11258999.06842624\"", 8, kMaxPrice).status == Status::overflow);
    CHECK(scalar("720575940.37927935\"", 8, kMaxQty).value == kMaxQty);
    CHECK(scalar("720575940.37927936\"", 8, kMaxQty).status == Status::overflow);
    for (const char* text :
         {"\"", "-1\"", "+1\"", ".5\"", "5.\"", "1e3\"", "1.2.3\"", "1,\"", "1\\u0030\"", " 1\""}) {
        CAPTURE(text);
        CHECK(scalar(text, 8, kMaxQty).status == Status::bad_value);
    }
    CHECK(scalar("12", 8, kMaxQty).status == Status::malformed);
    CHECK(scalar("12.5", 8, kMaxQty).status == Status::malformed);
}

TEST_CASE("the memo equals the byte parser on random texts with changing widths") {
    std::mt19937_64 random(11);
    FixedColumn column(kMaxPrice);
    int from_memo = 0;
    int integer = 5;
    int fraction = 2;
    for (int i = 0; i < 400'000; ++i) {
        if (random() % 4 == 0) integer = static_cast<int>(random() % 11);
        if (random() % 4 == 0) fraction = static_cast<int>(random() % 11);
        if (random() % 64 == 0) column.use(static_cast<int>(random() % 10));
        const int decimals = column.decimals();
        if (decimals < 0) {
            column.use(8);
            continue;
        }
        std::string text = random_number(random, integer, fraction) + '"';
        // What a frame goes on with; sometimes too short for the memo, sometimes a broken byte.
        text += std::string(random() % 40, random() % 2 == 0 ? ',' : '0');
        if (random() % 8 == 0) text[random() % text.size()] = static_cast<char>(random());

        if (column.has_memo() && text.size() >= FixedColumn::kReach) {
            const char* p = text.data();
            std::int64_t value = 0;
            from_memo += column.read_memo(p, value) ? 1 : 0;
        }
        CAPTURE(text);
        CAPTURE(decimals);
        REQUIRE(with_memo(column, text) == scalar(text, decimals, kMaxPrice));
    }
    // The comparison means something only where the memo answered often.
    CHECK(from_memo > 30'000);
}

TEST_CASE("a column follows a change of widths and of the grid") {
    FixedColumn column(kMaxQty);
    column.use(8);
    const std::string rest = "\",\"                          ";
    CHECK_FALSE(column.has_memo());
    CHECK(with_memo(column, "0.50000000" + rest).value == 50'000'000);
    CHECK(column.has_memo());
    CHECK(with_memo(column, "10605" + rest).value == 1'060'500'000'000);
    CHECK(with_memo(column, "10606" + rest).value == 1'060'600'000'000);
    CHECK(with_memo(column, "7.25" + rest).value == 725'000'000);
    column.use(2);
    CHECK_FALSE(column.has_memo());
    CHECK(with_memo(column, "7.25" + rest).value == 725);
    CHECK(with_memo(column, "8.25" + rest).value == 825);
    CHECK(with_memo(column, "8.250" + rest).value == 825);
    CHECK(with_memo(column, "8.260" + rest).value == 826);
    CHECK(with_memo(column, "8.251" + rest).status == Status::inexact);
    column.use(0);
    CHECK(with_memo(column, "8.0" + rest).value == 8);
    CHECK(with_memo(column, "9.0" + rest).value == 9);
    CHECK(with_memo(column, "9.5" + rest).status == Status::inexact);
}

TEST_CASE("a symbol is found exactly as the venue prints it") {
    SymbolTable table;
    CHECK(table.find("BTCUSDT") == nullptr);
    CHECK(table.add("BTCUSDT", InstrumentId{3}, Grid{2, 6}));
    CHECK_FALSE(table.add("BTCUSDT", InstrumentId{4}, Grid{}));
    CHECK_FALSE(table.add("", InstrumentId{4}, Grid{}));
    CHECK_FALSE(table.add(std::string(SymbolTable::kMaxSymbol + 1, 'A'), InstrumentId{4}, Grid{}));
    const auto* entry = table.find("BTCUSDT");
    REQUIRE(entry != nullptr);
    CHECK(entry->instrument == InstrumentId{3});
    CHECK(entry->grid == Grid{2, 6});
    for (const char* other : {"btcusdt", "BTCUSD", "BTCUSDTX", "BTCUSDC", "", "B"}) {
        CAPTURE(other);
        CHECK(table.find(other) == nullptr);
    }
}

TEST_CASE("a table of a full connection keeps its symbols apart") {
    SymbolTable table;
    const auto symbol = [](int i) { return "LONGCOMMONPREFIX" + std::to_string(i) + "USDT"; };
    for (int i = 0; i < 1024; ++i) REQUIRE(table.add(symbol(i), static_cast<InstrumentId>(i), Grid{}));
    CHECK(table.size() == 1024);
    for (int i = 0; i < 1024; ++i) {
        const auto* entry = table.find(symbol(i));
        REQUIRE(entry != nullptr);
        REQUIRE(entry->instrument == static_cast<InstrumentId>(i));
    }
    CHECK(table.find(symbol(1024)) == nullptr);
}
