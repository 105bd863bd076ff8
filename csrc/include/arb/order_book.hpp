// Two ladders and how far each of them can be trusted.
#pragma once

#include <cstddef>
#include <limits>

#include "arb/ladder.hpp"
#include "arb/update.hpp"

namespace arb {

// The best level of each side, by value.
struct Touch {
    Level bid;
    Level ask;
    bool has_bid = false;
    bool has_ask = false;

    constexpr bool crossed() const noexcept { return has_bid && has_ask && bid.price >= ask.price; }
    constexpr bool operator==(const Touch&) const = default;
};

class OrderBook {
public:
    // How many levels a side a snapshot was asked for. A side that came with fewer is whole; any other is
    // verified down to its last level.
    static constexpr std::size_t kWholeBook = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t kLimitUnknown = 0;

    Ladder<Side::buy> bids;
    Ladder<Side::sell> asks;

    LadderStatus apply(const Update& update) noexcept;
    LadderStatus replace(const Update& snapshot, std::size_t limit = kWholeBook) noexcept;
    void clear() noexcept;

    Touch touch() const noexcept;

    bool crossed() const noexcept {
        return !bids.empty() && !asks.empty() && bids.best().price >= asks.best().price;
    }
    bool depth_low() const noexcept { return bids.depth_low() || asks.depth_low(); }
};

}  // namespace arb
