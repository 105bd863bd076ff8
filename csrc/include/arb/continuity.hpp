// Each venue's rule that tells the next update from an old one and from one after a hole.
//
// Pure functions; `Chain` is what the book knows so far. The rules are quoted in continuity.cpp.
#pragma once

#include <cstdint>

#include "arb/instrument.hpp"
#include "arb/update.hpp"

namespace arb {

enum class Verdict : std::uint8_t {
    apply,    // continues the chain (or bridges the snapshot)
    replace,  // a snapshot: overwrites the book, whatever its ids
    old,      // already contained: ignore
    gap,      // something between was not seen: the book is not usable
};

struct Chain {
    std::int64_t last_id = 0;   // of the newest update or snapshot in the book
    std::int64_t sequence = 0;  // Bybit seq
    bool bridged = false;       // false: last_id is a REST snapshot's, no update has been applied to it yet
};

Verdict check_binance_spot(const Chain& chain, const Update& update) noexcept;
Verdict check_binance_usdm(const Chain& chain, const Update& update) noexcept;
Verdict check_bybit(const Chain& chain, const Update& update) noexcept;

Verdict check(Market market, const Chain& chain, const Update& update) noexcept;

// The chain after an update that was applied or has replaced the book.
constexpr Chain advanced(const Update& update) noexcept { return {update.last_id, update.sequence, true}; }

// Does the first snapshot come by REST, to be joined with the stream? (Else it is the stream's first
// message.)
constexpr bool joins_by_rest(Market market) noexcept {
    return market == Market::binance_spot || market == Market::binance_usdm;
}

}  // namespace arb
