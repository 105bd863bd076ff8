// Validation of values that are not interpreted on the spot.
#include "arb/wire/cursor.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "arb/wire/digits.hpp"

namespace arb::wire {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// A double holds up to 1e308; integer part and exponent of a skipped number stay well below that.
constexpr int kMaxIntegerDigits = 100;
constexpr int kMaxExponentDigits = 2;

// 18 digits fit an int64 whatever they are.
constexpr int kMaxPlainDigits = 18;

// 0 where eight bytes are plain text of a string. Otherwise the lowest bit set is in the first byte that is a
// quote, backslash, control character or >= 0x80. Taking n off a byte below n sets its high bit (and may
// borrow from bytes above it, hence only the lowest counts).
constexpr std::uint64_t special_bytes(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = 0x8080808080808080;
    const std::uint64_t quote = (word ^ ones * '"') - ones;
    const std::uint64_t backslash = (word ^ ones * '\\') - ones;
    const std::uint64_t control = word - ones * 0x20;
    return (word | quote | backslash | control) & high;
}

}  // namespace

bool Cursor::value(Token& out) noexcept {
    skip_space();
    if (p_ == end_) return fail(Status::malformed);
    out.begin = p_;
    out.plain = true;
    out.integer = Token::kNoInteger;
    bool good = false;
    if (*p_ == '"') {
        ++p_;
        good = string(out.plain);
    } else if (is_digit(*p_)) {
        good = integer(out) || number();
    } else {
        good = *p_ == '{' || *p_ == '[' ? nested() : scalar(out.plain);
    }
    out.end = p_;
    return good;
}

// Ids and times, which are most values of a book message, are converted as they are passed.
bool Cursor::integer(Token& out) noexcept {
    const char* q = p_;
    std::int64_t value = 0;
    if (end_ - q >= 16 && not_digits(load_eight(q)) == 0) {
        value = static_cast<std::int64_t>(eight_digits(load_eight(q)));
        q += 8;
    }
    while (q != end_ && is_digit(*q) && q - p_ < kMaxPlainDigits) value = value * 10 + (*q++ - '0');
    if (q == p_ || q == end_) return false;
    // More digits, leading zeros, fractions and exponents are for number() to judge.
    if (is_digit(*q) || (*p_ == '0' && q - p_ > 1) || *q == '.' || *q == 'e' || *q == 'E') return false;
    out.integer = value;
    p_ = q;
    return true;
}

bool Cursor::scalar(bool& plain) noexcept {
    switch (*p_) {
        case '"': ++p_; return string(plain);
        case 't': return literal("true");
        case 'f': return literal("false");
        case 'n': return literal("null");
        default: return number();
    }
}

// Brackets are a stack of bits (1: object), so depth costs neither recursion nor memory.
bool Cursor::nested() noexcept {
    std::uint64_t objects = 0;
    int depth = 0;
    for (;;) {
        // A value must come next, and p_ is at its first byte.
        bool plain = true;
        if (*p_ == '{' || *p_ == '[') {
            const bool object = *p_ == '{';
            if (depth == kMaxDepth) return fail(Status::too_deep);
            ++p_;
            ++depth;
            objects = objects << 1 | static_cast<std::uint64_t>(object);
            if (!take(object ? '}' : ']')) {
                if (object && (!expect('"') || !string(plain) || !expect(':'))) return false;
                skip_space();
                if (p_ == end_) return fail(Status::malformed);
                continue;
            }
            --depth;
            objects >>= 1;
        } else if (!scalar(plain)) {
            return false;
        }
        // A value is complete: close what ends here, or go on to the next member or element.
        for (;;) {
            if (depth == 0) return true;
            const bool object = (objects & 1) != 0;
            if (take(',')) {
                if (object && (!expect('"') || !string(plain) || !expect(':'))) return false;
                skip_space();
                if (p_ == end_) return fail(Status::malformed);
                break;
            }
            if (!expect(object ? '}' : ']')) return false;
            --depth;
            objects >>= 1;
        }
    }
}

bool Cursor::string(bool& plain) noexcept {
    for (;;) {
        while (end_ - p_ >= 8) {
            const std::uint64_t special = special_bytes(load_eight(p_));
            p_ += special == 0 ? 8 : std::countr_zero(special) / 8;
            if (special != 0) break;
        }
        if (p_ == end_) return fail(Status::malformed);
        const auto c = static_cast<unsigned char>(*p_);
        if (c == '"') {
            ++p_;
            return true;
        }
        if (c < 0x20) return fail(Status::malformed);
        if (c == '\\') {
            plain = false;
            ++p_;
            if (!escape()) return false;
        } else if (c >= 0x80) {
            plain = false;
            if (!utf8()) return false;
        } else {
            ++p_;
        }
    }
}

bool Cursor::escape() noexcept {
    if (p_ == end_) return fail(Status::malformed);
    const char c = *p_++;
    if (c != 'u')
        return std::strchr("\"\\/bfnrt", c) != nullptr && c != '\0' ? true : fail(Status::malformed);
    unsigned unit = 0;
    if (!hex4(unit)) return false;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    // A surrogate counts only as a pair, high half first.
    if (unit > 0xDBFF || end_ - p_ < 2 || p_[0] != '\\' || p_[1] != 'u') return fail(Status::malformed);
    p_ += 2;
    if (!hex4(unit)) return false;
    return (unit >= 0xDC00 && unit <= 0xDFFF) || fail(Status::malformed);
}

bool Cursor::hex4(unsigned& unit) noexcept {
    if (end_ - p_ < 4) return fail(Status::malformed);
    unit = 0;
    for (int i = 0; i < 4; ++i) {
        const char c = *p_++;
        const char lower = static_cast<char>(c | 0x20);
        unsigned digit = 0;
        if (is_digit(c)) {
            digit = static_cast<unsigned>(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            digit = static_cast<unsigned>(lower - 'a') + 10;
        } else {
            return fail(Status::malformed);
        }
        unit = unit << 4 | digit;
    }
    return true;
}

// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool Cursor::utf8() noexcept {
    const auto lead = static_cast<unsigned char>(*p_);
    const int more = lead >= 0xC2 && lead <= 0xDF   ? 1
                     : (lead & 0xF0) == 0xE0        ? 2
                     : lead >= 0xF0 && lead <= 0xF4 ? 3
                                                    : 0;
    if (more == 0 || end_ - p_ <= more) return fail(Status::malformed);
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    for (int i = 1; i <= more; ++i) {
        const auto c = static_cast<unsigned char>(p_[i]);
        if (c < low || c > high) return fail(Status::malformed);
        low = 0x80;
        high = 0xBF;
    }
    p_ += more + 1;
    return true;
}

bool Cursor::number() noexcept {
    const auto digits = [this]() noexcept {
        const char* const begin = p_;
        while (p_ != end_ && is_digit(*p_)) ++p_;
        return p_ - begin;
    };
    if (*p_ == '-') ++p_;
    const char* const first = p_;
    const auto integer = digits();
    // Leading zeros are no JSON.
    if (integer == 0 || (*first == '0' && integer > 1)) return fail(Status::malformed);
    if (integer > kMaxIntegerDigits) return fail(Status::overflow);
    if (p_ != end_ && *p_ == '.') {
        ++p_;
        if (digits() == 0) return fail(Status::malformed);
    }
    if (p_ != end_ && (*p_ == 'e' || *p_ == 'E')) {
        ++p_;
        if (p_ != end_ && (*p_ == '+' || *p_ == '-')) ++p_;
        const auto exponent = digits();
        if (exponent == 0) return fail(Status::malformed);
        if (exponent > kMaxExponentDigits) return fail(Status::overflow);
    }
    return true;
}

bool Cursor::literal(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) {
        return fail(Status::malformed);
    }
    p_ += word.size();
    return true;
}

}  // namespace arb::wire
