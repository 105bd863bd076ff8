// Symbol look-up: hash of the first and last eight bytes, linear probing.
#include "arb/wire/symbol_table.hpp"

#include <algorithm>
#include <cstring>

namespace arb::wire {
namespace {

// Two overlapping words cover symbols of 8 to 16 bytes whole; longer ones differ at their ends too.
std::size_t hash(std::string_view text) noexcept {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    const std::size_t n = std::min<std::size_t>(text.size(), 8);
    std::memcpy(&head, text.data(), n);
    std::memcpy(&tail, text.data() + text.size() - n, n);
    std::uint64_t mixed = (head ^ (text.size() << 56)) * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 32) ^ tail) * 0xD6E8FEB86659FD93u;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

}  // namespace

void SymbolTable::place(std::vector<Slot>& slots, const Slot& slot) noexcept {
    const std::size_t mask = slots.size() - 1;
    std::size_t i = hash(slot.symbol()) & mask;
    while (slots[i].length != 0) i = (i + 1) & mask;
    slots[i] = slot;
}

bool SymbolTable::add(std::string_view venue_symbol, InstrumentId instrument, Grid grid) {
    if (venue_symbol.empty() || venue_symbol.size() > kMaxSymbol || find(venue_symbol) != nullptr)
        return false;
    if (2 * (size_ + 1) > slots_.size()) {
        std::vector<Slot> larger(std::max<std::size_t>(16, 2 * slots_.size()));
        for (const Slot& slot : slots_) {
            if (slot.length != 0) place(larger, slot);
        }
        slots_.swap(larger);
    }
    Slot slot;
    std::copy(venue_symbol.begin(), venue_symbol.end(), slot.text.begin());
    slot.length = static_cast<std::uint8_t>(venue_symbol.size());
    slot.entry = {instrument, grid};
    place(slots_, slot);
    ++size_;
    return true;
}

const SymbolTable::Entry* SymbolTable::find(std::string_view venue_symbol) const noexcept {
    if (size_ == 0 || venue_symbol.empty()) return nullptr;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash(venue_symbol) & mask; slots_[i].length != 0; i = (i + 1) & mask) {
        if (slots_[i].symbol() == venue_symbol) return &slots_[i].entry;
    }
    return nullptr;
}

}  // namespace arb::wire
