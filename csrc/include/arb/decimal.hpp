// Exact numbers between text and integers: what does not fit is refused, never rounded.
//
// Grammar: optional '-', one or more digits, optionally '.' and one or more digits. No exponent, no
// '+', no bare point: no venue prints them, so they mean that something else is wrong. Trailing zeros
// beyond the grid carry no value and are accepted; any other digit there is `inexact`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "arb/units.hpp"

namespace arb {

enum class DecimalStatus : std::uint8_t { ok, malformed, inexact, overflow };

// More decimals than any grid or amount has; 10^18 is also the largest power of ten in an int64.
inline constexpr int kMaxDecimals = 18;

// Longest text of format_decimal: a sign, 39 digits, a point and one leading zero.
inline constexpr std::size_t kDecimalText = 64;

// `text` in steps of 10^-decimals (0..kMaxDecimals). `out` is written on ok only.
DecimalStatus parse_decimal(std::string_view text, int decimals, std::int64_t& out) noexcept;

// `text` in steps of 1e-18.
DecimalStatus parse_amount(std::string_view text, Amount& out) noexcept;

// `value` x 10^-decimals without exponent and without trailing zeros: "0.1", "12", "-3.05", "0".
// The view points into `buffer`; it is empty where the buffer is too small or decimals not in
// 0..kMaxDecimals.
std::string_view format_decimal(Int128 value, int decimals, std::span<char> buffer) noexcept;

}  // namespace arb
