// Exact decimals: what fits is equal, what does not fit is refused.
#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <random>
#include <string>

#include "arb/decimal.hpp"

using namespace arb;

namespace {

DecimalStatus status_of(std::string_view text, int decimals) {
    std::int64_t out = 0;
    return parse_decimal(text, decimals, out);
}

std::int64_t value_of(std::string_view text, int decimals) {
    std::int64_t out = -1;
    CAPTURE(text);
    REQUIRE(parse_decimal(text, decimals, out) == DecimalStatus::ok);
    return out;
}

std::string format(Int128 value, int decimals) {
    std::array<char, kDecimalText> buffer;
    return std::string(format_decimal(value, decimals, buffer));
}

}  // namespace

TEST_CASE("a decimal becomes steps of its grid") {
    CHECK(value_of("61685.99", 8) == 6168599000000);
    CHECK(value_of("61685.99000000", 2) == 6168599);
    CHECK(value_of("0", 8) == 0);
    CHECK(value_of("-0", 8) == 0);
    CHECK(value_of("-3.05", 2) == -305);
    CHECK(value_of("007.5", 1) == 75);
    CHECK(value_of("12", 0) == 12);
    CHECK(value_of("0.000000000000000001", 18) == 1);
    CHECK(value_of("1.5000000000000000000000000000000000000000000", 1) == 15);
}

TEST_CASE("a digit beyond the grid is inexact, never rounded") {
    CHECK(status_of("0.123", 2) == DecimalStatus::inexact);
    CHECK(status_of("0.1200000000000000000000001", 2) == DecimalStatus::inexact);
    CHECK(status_of("1.5", 0) == DecimalStatus::inexact);
}

TEST_CASE("the bounds of 64 bits are exact") {
    CHECK(value_of("9223372036854775807", 0) == std::numeric_limits<std::int64_t>::max());
    CHECK(value_of("-92233720368.54775807", 8) == -std::numeric_limits<std::int64_t>::max());
    CHECK(status_of("9223372036854775808", 0) == DecimalStatus::overflow);
    CHECK(status_of("92233720368.54775808", 8) == DecimalStatus::overflow);
    CHECK(status_of("9.3", 18) == DecimalStatus::overflow);
    CHECK(status_of("99999999999999999999999999999999999999999999999", 0) == DecimalStatus::overflow);
}

TEST_CASE("other ways to write a number are malformed") {
    for (const char* text : {"", "-", "+1", ".5", "5.", "1e3", "1E-8", " 1", "1 ", "1,5", "1.2.3", "--1",
                             "0x1", "1.-2", "NaN", "inf", "1_0", "1.23x"}) {
        CAPTURE(text);
        CHECK(status_of(text, 1) == DecimalStatus::malformed);
    }
    CHECK(status_of("1", -1) == DecimalStatus::malformed);
    CHECK(status_of("1", kMaxDecimals + 1) == DecimalStatus::malformed);
}

TEST_CASE("a refused text leaves the output alone") {
    std::int64_t out = 42;
    CHECK(parse_decimal("0.123", 2, out) == DecimalStatus::inexact);
    CHECK(out == 42);
    Amount amount{42};
    CHECK(parse_amount("1x", amount) == DecimalStatus::malformed);
    CHECK(amount.value == Int128{42});
}

TEST_CASE("an amount has eighteen decimals and 128 bits") {
    Amount amount;
    REQUIRE(parse_amount("123456789012345678.000000000000000001", amount) == DecimalStatus::ok);
    CHECK(format(amount.value, kAmountDecimals) == "123456789012345678.000000000000000001");
    REQUIRE(parse_amount("170141183460469231731.687303715884105727", amount) == DecimalStatus::ok);
    CHECK(amount.value == static_cast<Int128>(~(static_cast<unsigned __int128>(1) << 127)));
    CHECK(parse_amount("170141183460469231731.687303715884105728", amount) == DecimalStatus::overflow);
    CHECK(parse_amount("0.0000000000000000001", amount) == DecimalStatus::inexact);
    REQUIRE(parse_amount("-0.00075", amount) == DecimalStatus::ok);
    CHECK(amount.value == -Int128{750'000'000'000'000});
}

TEST_CASE("formatting is plain and without trailing zeros") {
    CHECK(format(0, 8) == "0");
    CHECK(format(10'000'000, 8) == "0.1");
    CHECK(format(1'200'000'000, 8) == "12");
    CHECK(format(-305, 2) == "-3.05");
    CHECK(format(-1, 18) == "-0.000000000000000001");
    CHECK(format(120, 0) == "120");
    const Int128 lowest = static_cast<Int128>(static_cast<unsigned __int128>(1) << 127);
    CHECK(format(lowest, 0) == "-170141183460469231731687303715884105728");
    CHECK(format(lowest, 18) == "-170141183460469231731.687303715884105728");
    CHECK(format(1, -1).empty());
    std::array<char, 3> small;
    CHECK(format_decimal(1234, 0, small).empty());
    CHECK(format_decimal(123, 0, small) == "123");
}

TEST_CASE("formatting and parsing are inverse on random values") {
    std::mt19937_64 random(7);
    for (int i = 0; i < 100'000; ++i) {
        const auto value = static_cast<std::int64_t>(random()) >> (random() % 64);
        if (value == std::numeric_limits<std::int64_t>::min()) continue;
        const int decimals = static_cast<int>(random() % (kMaxDecimals + 1));
        const std::string text = format(value, decimals);
        CAPTURE(text);
        std::int64_t back = 0;
        REQUIRE(parse_decimal(text, decimals, back) == DecimalStatus::ok);
        REQUIRE(back == value);
    }
}
