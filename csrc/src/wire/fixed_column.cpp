// The byte-by-byte parser of a column, and what the memo derives from the widths it found.
#include "arb/wire/fixed_column.hpp"

namespace arb::wire {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

Status parse_fixed_scalar(const char*& p, const char* end, int decimals, std::int64_t max, std::int64_t& out,
                          NumberWidths& widths) noexcept {
    // max x 10 + 9 fits an int64 as max is below 2^56. Past max the value sticks; the text is still read to
    // its quote, because a wrong byte there outranks the overflow.
    std::int64_t value = 0;
    bool overflow = false;
    const auto append = [&](int digit) noexcept {
        if (overflow) return;
        value = value * 10 + digit;
        overflow = value > max;
    };

    const char* q = p;
    for (; q != end && is_digit(*q); ++q) append(*q - '0');
    widths = {static_cast<int>(q - p), 0};
    if (q == p) return Status::bad_value;

    bool inexact = false;
    int places = 0;
    if (q != end && *q == '.') {
        const char* const first = ++q;
        for (; q != end && is_digit(*q); ++q) {
            if (places < decimals) {
                append(*q - '0');
                ++places;
            } else if (*q != '0') {
                inexact = true;
            }
        }
        widths.fraction = static_cast<int>(q - first);
        if (q == first) return Status::bad_value;
    }
    if (q == end) return Status::malformed;
    if (*q != '"') return Status::bad_value;
    for (; places < decimals; ++places) append(0);

    if (inexact) return Status::inexact;
    if (overflow) return Status::overflow;
    out = value;
    p = q;
    return Status::ok;
}

void FixedColumn::change_grid(int decimals) noexcept {
    decimals_ = decimals;
    whole_fill_ = kNoMemo;
    scale_ = 1;
    for (int i = 0; i < decimals; ++i) scale_ *= 10;
}

// The widths of the text at `p`, if a memo can hold them: up to eight digits before and behind the point.
bool FixedColumn::measure(const char* p) noexcept {
    NumberWidths widths;
    widths.integer = leading_digits(load_eight(p));
    const char* tail = p + widths.integer;
    if (*tail == '.') {
        widths.fraction = leading_digits(load_eight(tail + 1));
        if (widths.fraction == 0) return false;
        tail += 1 + widths.fraction;
    }
    if (widths.integer == 0 || *tail != '"' || decimals_ > 8) return false;
    remember(widths);
    return true;
}

void FixedColumn::remember(NumberWidths widths) noexcept {
    const int kept = widths.fraction < decimals_ ? widths.fraction : decimals_;

    point_ = widths.integer;
    width_ = widths.fraction == 0 ? widths.integer : widths.integer + 1 + widths.fraction;

    // Digits move to the high bytes, '0' fills the low ones: "123" becomes "00000123".
    whole_shift_ = 8 * (8 - widths.integer);
    whole_fill_ = kEightZeros & first_bytes(8 - widths.integer);

    // The same, with the grid's missing places behind: "5" on three decimals becomes "00000500".
    part_keep_ = first_bytes(kept);
    part_shift_ = decimals_ == 0 ? 0 : 8 * (8 - decimals_);
    part_fill_ = kEightZeros & ~(part_keep_ << part_shift_);
    beyond_ = first_bytes(widths.fraction) & ~part_keep_;
}

}  // namespace arb::wire
