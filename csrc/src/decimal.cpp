// Exact numbers between text and integers: one scaled parser for both widths, one formatter.
#include "arb/decimal.hpp"

#include <algorithm>
#include <array>

namespace arb {
namespace {

__extension__ using Uint128 = unsigned __int128;

// An int64 is limited to 2^63 - 1 in both directions, an amount to 2^127 - 1.
constexpr Uint128 kInt64Limit = (Uint128{1} << 63) - 1;
constexpr Uint128 kInt128Limit = (Uint128{1} << 127) - 1;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Collects digits up to a limit; once past it, stays past it.
class Magnitude {
public:
    explicit Magnitude(Uint128 limit) noexcept
        : cutoff_(limit / 10), last_(static_cast<unsigned>(limit % 10)) {}

    void append(unsigned digit) noexcept {
        if (overflow_ || value_ > cutoff_ || (value_ == cutoff_ && digit > last_)) {
            overflow_ = true;
        } else {
            value_ = value_ * 10 + digit;
        }
    }
    bool overflow() const noexcept { return overflow_; }
    Uint128 value() const noexcept { return value_; }

private:
    Uint128 cutoff_;  // value x 10 + digit passes the limit exactly beyond (cutoff, last)
    unsigned last_;
    Uint128 value_ = 0;
    bool overflow_ = false;
};

DecimalStatus parse_scaled(std::string_view text, int decimals, Uint128 limit, Int128& out) noexcept {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);

    // The whole text is read before any verdict: "1.25x" is malformed, not inexact.
    Magnitude magnitude(limit);
    std::size_t i = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) magnitude.append(static_cast<unsigned>(text[i] - '0'));
    if (i == 0) return DecimalStatus::malformed;

    bool inexact = false;
    int places = 0;
    if (i < text.size()) {
        if (text[i] != '.' || i + 1 == text.size()) return DecimalStatus::malformed;
        for (++i; i < text.size(); ++i) {
            if (!is_digit(text[i])) return DecimalStatus::malformed;
            if (places < decimals) {
                magnitude.append(static_cast<unsigned>(text[i] - '0'));
                ++places;
            } else if (text[i] != '0') {
                inexact = true;
            }
        }
    }
    for (; places < decimals; ++places) magnitude.append(0);

    if (inexact) return DecimalStatus::inexact;
    if (magnitude.overflow()) return DecimalStatus::overflow;
    const auto value = static_cast<Int128>(magnitude.value());
    out = negative ? -value : value;
    return DecimalStatus::ok;
}

}  // namespace

DecimalStatus parse_decimal(std::string_view text, int decimals, std::int64_t& out) noexcept {
    if (decimals < 0 || decimals > kMaxDecimals) return DecimalStatus::malformed;
    Int128 value = 0;
    const DecimalStatus status = parse_scaled(text, decimals, kInt64Limit, value);
    if (status == DecimalStatus::ok) out = static_cast<std::int64_t>(value);
    return status;
}

DecimalStatus parse_amount(std::string_view text, Amount& out) noexcept {
    return parse_scaled(text, kAmountDecimals, kInt128Limit, out.value);
}

std::string_view format_decimal(Int128 value, int decimals, std::span<char> buffer) noexcept {
    if (decimals < 0 || decimals > kMaxDecimals) return {};
    // Negated as unsigned: the most negative value has no positive twin.
    const auto bits = static_cast<Uint128>(value);
    Uint128 rest = value < 0 ? Uint128{0} - bits : bits;

    // Least significant digit first, in a scratch that fits the longest text.
    std::array<char, kDecimalText> text;
    std::size_t size = 0;
    bool significant = false;
    for (int place = 0; place < decimals; ++place, rest /= 10) {
        const auto digit = static_cast<char>('0' + static_cast<int>(rest % 10));
        significant = significant || digit != '0';
        if (significant) text[size++] = digit;
    }
    if (significant) text[size++] = '.';
    do {
        text[size++] = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
    } while (rest != 0);
    if (value < 0) text[size++] = '-';

    if (size > buffer.size()) return {};
    std::reverse_copy(text.begin(), text.begin() + size, buffer.begin());
    return {buffer.data(), size};
}

}  // namespace arb
