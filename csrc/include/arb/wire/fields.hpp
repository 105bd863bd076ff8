// What every reader does with the members it met: remember each once, read it when its turn has come.
//
// Keys come in any order, and the meaning of one may depend on another that is still to come (a level list
// needs the symbol's grid). So a walk over an object keeps validated spans, and reads on the spot only what
// it already can (D9).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "arb/wire/cursor.hpp"
#include "arb/wire/level_list.hpp"

namespace arb::wire {

// An id: an integer, or a string of digits where a venue changes its mind; 0 .. 2^63 - 1.
Status to_id(const Token& token, std::int64_t& out) noexcept;

// Milliseconds of the venue, written like an id.
Status to_time(const Token& token, Nanos& out) noexcept;

// A string without escapes and without bytes >= 0x80.
Status to_text(const Token& token, std::string_view& out) noexcept;

// A quoted decimal on the grid of `column`. `end` is the end of the frame, not of the token: the memo may
// look further than the number.
Status to_number(const Token& token, const char* end, FixedColumn& column, std::int64_t& out) noexcept;

// The members of a message by key; Field is an enum of 0 .. Count-1, `count` the last enumerator.
template <class Field>
class Fields {
public:
    bool has(Field field) const noexcept { return (seen_ >> index(field) & 1) != 0; }
    bool empty() const noexcept { return seen_ == 0; }
    const Token& operator[](Field field) const noexcept { return tokens_[index(field)]; }

    // A key may come once.
    bool claim(Cursor& cursor, Field field) noexcept {
        if (has(field)) return cursor.fail(Status::duplicate_key);
        seen_ |= std::uint32_t{1} << index(field);
        return true;
    }
    bool keep(Cursor& cursor, Field field) noexcept { return cursor.value(tokens_[index(field)]); }

private:
    static constexpr std::size_t kCount = index(Field::count);

    std::uint32_t seen_ = 0;
    std::array<Token, kCount> tokens_;  // meaningful where seen
};

// The level lists of one message, in the caller's buffer.
class SidesReader {
public:
    SidesReader(LevelColumns& bids, LevelColumns& asks, LevelBuffer& buffer) noexcept
        : columns_{&bids, &asks}, next_(buffer.data()), limit_(buffer.data() + buffer.size()) {}

    bool read(Cursor& cursor, Side side, Grid grid) noexcept {
        LevelColumns& columns = *columns_[static_cast<std::size_t>(side)];
        columns.use(grid);
        const Level* const first = next_;
        if (!read_levels(cursor, columns, next_, limit_)) return false;
        levels_[static_cast<std::size_t>(side)] = {first, next_};
        done_[static_cast<std::size_t>(side)] = true;
        return true;
    }

    // One level given by two single values. Both 0: the side is empty (a bookTicker of a one-sided book).
    // On failure `bad_price` tells which of the two was refused.
    Status read_touch(const Token& price, const Token& qty, const char* end, Side side, Grid grid,
                      bool& bad_price) noexcept;

    bool done(Side side) const noexcept { return done_[static_cast<std::size_t>(side)]; }
    std::span<const Level> levels(Side side) const noexcept {
        return levels_[static_cast<std::size_t>(side)];
    }

    // A book given whole has no quantity 0; nothing could be meant by it.
    bool has_empty_level(Side side) const noexcept;

private:
    std::array<LevelColumns*, 2> columns_;
    Level* next_;
    const Level* limit_;
    std::array<std::span<const Level>, 2> levels_{};
    std::array<bool, 2> done_{};
};

// An answer without an update.
inline Decoded refuse(Status status, const char* field = nullptr) noexcept { return {status, {}, {}, field}; }

}  // namespace arb::wire
