// A strict JSON cursor over [begin, end): every byte of a frame is validated, none beyond it is read.
//
// What it passes, orjson passes too (DECISIONS D10): RFC 8259 grammar, valid UTF-8 and escapes, any legal
// whitespace. It is stricter in three places: keys are plain ASCII, nesting is capped, and numbers too
// long for a double are refused (orjson would refuse those that become infinite).
// The first failure sticks in status(); every function returns false from then on.
#pragma once

#include <cstdint>
#include <string_view>

#include "arb/wire/status.hpp"

namespace arb::wire {

// The span of one validated value: an object, array, string with its quotes, number or literal.
struct Token {
    static constexpr std::int64_t kNoInteger = -1;

    const char* begin;
    const char* end;
    std::int64_t integer;  // of a number without sign, fraction and exponent, below 10^18
    bool plain;            // of a string: no escapes, no byte >= 0x80

    bool is_string() const noexcept { return *begin == '"'; }
    // Between the quotes; meaningful for a plain string.
    std::string_view text() const noexcept { return {begin + 1, static_cast<std::size_t>(end - begin - 2)}; }
};

class Cursor {
public:
    // Deepest nesting of a skipped value. Book messages have 4 levels, the deepest fixture 7.
    static constexpr int kMaxDepth = 32;

    Cursor(const char* begin, const char* end) noexcept : p_(begin), end_(end) {}

    Status status() const noexcept { return status_; }
    bool fail(Status status) noexcept {
        if (status_ == Status::ok) status_ = status;
        return false;
    }

    // What comes next is not what must come: another value, or the frame is cut off.
    bool wrong_value() noexcept { return fail(p_ == end_ ? Status::malformed : Status::bad_value); }

    // For readers with their own inner loop (levels): where we are, where the frame ends, go on there.
    const char* position() const noexcept { return p_; }
    const char* end() const noexcept { return end_; }
    void seek(const char* p) noexcept { p_ = p; }

    void skip_space() noexcept {
        while (p_ != end_ && is_space(*p_)) ++p_;
    }
    // The next byte that is no whitespace is `c`; not consumed.
    bool at(char c) noexcept {
        skip_space();
        return p_ != end_ && *p_ == c;
    }
    bool take(char c) noexcept {
        if (!at(c)) return false;
        ++p_;
        return true;
    }
    bool expect(char c) noexcept { return take(c) || fail(Status::malformed); }

    // A member's key and its ':'.
    bool key(std::string_view& out) noexcept {
        if (!expect('"')) return false;
        const char* const begin = p_;
        for (; p_ != end_; ++p_) {
            const auto c = static_cast<unsigned char>(*p_);
            if (c == '"') {
                out = {begin, static_cast<std::size_t>(p_ - begin)};
                ++p_;
                return expect(':');
            }
            if (c == '\\' || c >= 0x80) return fail(Status::bad_key);
            if (c < 0x20) return fail(Status::malformed);
        }
        return fail(Status::malformed);
    }

    // Any value, validated to its last byte.
    bool value(Token& out) noexcept;
    bool skip() noexcept {
        Token token;
        return value(token);
    }

    // Nothing but whitespace is left.
    bool finish() noexcept {
        skip_space();
        return p_ == end_ || fail(Status::malformed);
    }

    // Calls on_member(key) for each member of the object that must come next; on_member consumes the value
    // and returns false to stop.
    template <class OnMember>
    bool members(OnMember&& on_member) noexcept {
        if (!expect('{')) return false;
        if (take('}')) return true;
        do {
            std::string_view name;
            if (!key(name) || !on_member(name)) return false;
        } while (take(','));
        return expect('}');
    }

private:
    static bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

    bool string(bool& plain) noexcept;  // after the opening quote
    bool integer(Token& out) noexcept;  // false: no plain integer, nothing consumed
    bool escape() noexcept;             // after the backslash
    bool hex4(unsigned& unit) noexcept;
    bool utf8() noexcept;  // one character of more than one byte
    bool number() noexcept;
    bool literal(std::string_view word) noexcept;
    bool scalar(bool& plain) noexcept;
    bool nested() noexcept;  // an object or array, at its opening bracket

    const char* p_;
    const char* end_;
    Status status_ = Status::ok;
};

}  // namespace arb::wire
