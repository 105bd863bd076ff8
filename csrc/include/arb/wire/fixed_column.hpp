// A column of quoted decimal numbers whose widths hardly change, read eight digits at once.
//
// A venue writes a column with nearly constant widths ("61685.99000000" down a whole frame). Reading digit
// by digit costs a branch a digit; searching '.' and '"' by word tricks makes each number wait for the one
// before. The memo tries the last integer and fraction widths first and *checks* them, so the branch
// predictor runs ahead into the next number. Other widths are measured and checked in the same way. In doubt,
// and near the end of the frame, the byte-by-byte parser decides: it is the readable oracle, and the fast
// ways must equal it (tests compare them).
// Worst case: widths that change at every number cost a mispredicted branch and the measuring, each time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arb/decimal.hpp"
#include "arb/wire/digits.hpp"
#include "arb/wire/status.hpp"

namespace arb::wire {

// What a pair's numbers are bounded by: price x quantity x 10^6 ppm then fits 126 bits (BUILD.md section 7).
inline constexpr std::int64_t kMaxPrice = (std::int64_t{1} << 50) - 1;
inline constexpr std::int64_t kMaxQty = (std::int64_t{1} << 56) - 1;

// Widths of a number's text. fraction 0: no point.
struct NumberWidths {
    int integer = 0;
    int fraction = 0;
};

// The oracle. `p` is after the opening quote; on ok it is moved to the closing quote. Digits, optionally '.'
// and digits; no sign, no exponent. Refuses non-zero digits beyond `decimals` and values above `max`.
Status parse_fixed_scalar(const char*& p, const char* end, int decimals, std::int64_t max, std::int64_t& out,
                          NumberWidths& widths) noexcept;

class FixedColumn {
public:
    // A memo look-up reads at most 18 bytes; 24 keeps the rule simple.
    static constexpr std::ptrdiff_t kReach = 24;

    explicit FixedColumn(std::int64_t max) noexcept : max_(max) {}

    // The grid of the numbers to come, to be named before the first. A change forgets the widths, as the
    // masks depend on it.
    void use(int decimals) noexcept {
        if (decimals != decimals_) change_grid(decimals);
    }
    int decimals() const noexcept { return decimals_; }

    // Same contract as parse_fixed_scalar.
    Status read(const char*& p, const char* end, std::int64_t& out) noexcept {
        if (end - p >= kReach && read_fast(p, out)) return Status::ok;
        NumberWidths widths;
        return parse_fixed_scalar(p, end, decimals_, max_, out, widths);
    }

    // At least kReach bytes must be readable. False says nothing about the text: the byte parser decides.
    bool read_fast(const char*& p, std::int64_t& out) noexcept {
        return read_memo(p, out) || (measure(p) && read_memo(p, out));
    }

    // True where the text at `p` has the remembered widths and is exact and in bounds. Without a memo the
    // fill is no digit, so that no text has them.
    bool read_memo(const char*& p, std::int64_t& out) const noexcept {
        const char* const tail = p + point_;
        std::uint64_t whole = load_eight(p);
        std::uint64_t part = load_eight(tail + 1);
        const bool framed = p[width_] == '"' && (*tail == '.' || point_ == width_);
        const bool zeros_beyond = ((part ^ kEightZeros) & beyond_) == 0;
        whole = (whole << whole_shift_) | whole_fill_;
        part = ((part & part_keep_) << part_shift_) | part_fill_;
        if (!framed || !zeros_beyond || (not_digits(whole) | not_digits(part)) != 0) return false;
        const auto value = static_cast<std::int64_t>(eight_digits(whole) * scale_ + eight_digits(part));
        if (value > max_) return false;
        out = value;
        p += width_;
        return true;
    }
    bool has_memo() const noexcept { return whole_fill_ != kNoMemo; }

private:
    static constexpr std::uint64_t kNoMemo = ~std::uint64_t{0};

    void change_grid(int decimals) noexcept;
    bool measure(const char* p) noexcept;
    void remember(NumberWidths widths) noexcept;

    std::int64_t max_;
    int decimals_ = -1;

    // Derived from the widths. A number without point has point_ == width_, and its "fraction" is all fill.
    std::ptrdiff_t point_ = 0;
    std::ptrdiff_t width_ = 0;
    std::uint64_t whole_fill_ = kNoMemo;
    std::uint64_t part_keep_ = 0;  // fraction digits on the grid
    std::uint64_t part_fill_ = 0;
    std::uint64_t beyond_ = 0;  // fraction digits beyond the grid: must be zeros
    std::uint64_t scale_ = 1;   // 10^decimals
    int whole_shift_ = 0;
    int part_shift_ = 0;
};

}  // namespace arb::wire
