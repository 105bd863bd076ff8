// The updates that wait for a snapshot: bounded, copied, in order.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "arb/update.hpp"

namespace arb {

class UpdateBuffer {
public:
    // About 50 s of the busiest recorded stream (USD-M BTC: 19 updates and 1,285 levels a second).
    static constexpr std::size_t kUpdates = 1'024;
    static constexpr std::size_t kLevels = 65'536;
    static_assert(kLevels >= kUpdateLevels);  // an empty buffer takes any update

    struct Item {
        Update update;  // its spans view this buffer's own storage
        Nanos recv_ns = 0;
    };

    // Allocates once, when a synchronisation starts for the first time.
    void reserve() {
        items_.reserve(kUpdates);
        levels_.reserve(kLevels);
    }

    void clear() noexcept {
        items_.clear();
        levels_.clear();
    }

    // False when it is full; nothing is kept of the update then.
    bool push(const Update& update, Nanos recv_ns) noexcept {
        const std::size_t count = update.bids.size() + update.asks.size();
        if (items_.size() == kUpdates || count > kLevels - levels_.size()) return false;
        Item item{update, recv_ns};
        item.update.bids = keep(update.bids);
        item.update.asks = keep(update.asks);
        items_.push_back(item);
        return true;
    }

    bool empty() const noexcept { return items_.empty(); }
    std::size_t size() const noexcept { return items_.size(); }
    const Update& newest() const noexcept { return items_.back().update; }  // not on an empty buffer
    std::span<const Item> items() const noexcept { return items_; }

private:
    std::span<const Level> keep(std::span<const Level> levels) noexcept {
        const std::size_t from = levels_.size();
        levels_.insert(levels_.end(), levels.begin(), levels.end());  // reserved: the spans stay valid
        return {levels_.data() + from, levels.size()};
    }

    std::vector<Item> items_;
    std::vector<Level> levels_;
};

}  // namespace arb
