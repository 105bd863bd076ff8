// What a reader made of a frame, and the reason where it refused one.
#pragma once

#include <cstdint>

#include "arb/update.hpp"

namespace arb::wire {

enum class Status : std::uint8_t {
    ok,
    ignored,         // legal JSON, but no book message: ack, pong, trade, partial depth
    unknown_symbol,  // a book message of an instrument this connection does not follow
    // From here on the frame is refused; the slow path decides.
    malformed,        // not JSON, or cut off
    too_deep,         // nesting beyond Cursor::kMaxDepth
    bad_key,          // an escape or a byte >= 0x80 in a key that would have to be compared
    duplicate_key,    // a key we read, twice: which one is meant?
    missing_key,      // a key the message cannot do without
    bad_value,        // another type or another text than the venue documents
    inexact,          // non-zero digits beyond the grid
    overflow,         // beyond the bound of prices, quantities, ids or times
    too_many_levels,  // more than a LevelBuffer holds
};
inline constexpr std::size_t kStatusCount = 12;

constexpr bool is_refusal(Status status) noexcept { return status > Status::unknown_symbol; }

// Static text, the enumerator's own name.
const char* name(Status status) noexcept;

// The answer of a reader. `update` (its levels live in the caller's LevelBuffer) and `instrument` are
// meaningful on ok; `field` is the static name of the key that was refused, or nullptr.
struct Decoded {
    Status status = Status::malformed;
    InstrumentId instrument{};
    Update update{};
    const char* field = nullptr;
};

}  // namespace arb::wire
