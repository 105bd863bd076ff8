// Which instrument a venue's symbol means on one connection (D9).
//
// Open addressing over symbols stored in place: a look-up is one hash and, nearly always, one compare.
// Filled before the connection opens; adding may allocate, finding never does.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "arb/units.hpp"

namespace arb::wire {

class SymbolTable {
public:
    struct Entry {
        InstrumentId instrument{};
        Grid grid{};
    };

    // Longer than any symbol seen ("1000000BOBUSDT_260925" has 21).
    static constexpr std::size_t kMaxSymbol = 40;

    // Case matters: the symbol as the venue prints it in its messages. False, and nothing changed, where it
    // is empty, too long, or already there.
    bool add(std::string_view venue_symbol, InstrumentId instrument, Grid grid);

    // nullptr where unknown. Valid until the next add.
    const Entry* find(std::string_view venue_symbol) const noexcept;

    std::size_t size() const noexcept { return size_; }

private:
    struct Slot {
        std::array<char, kMaxSymbol> text{};
        std::uint8_t length = 0;  // 0: free
        Entry entry{};

        std::string_view symbol() const noexcept { return {text.data(), length}; }
    };

    static void place(std::vector<Slot>& slots, const Slot& slot) noexcept;

    std::vector<Slot> slots_;  // a power of two, at most half full
    std::size_t size_ = 0;
};

}  // namespace arb::wire
