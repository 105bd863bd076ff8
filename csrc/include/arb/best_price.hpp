// The best price as the fast stream tells it (bookTicker, level 1), laid over the depth book and never
// written into it.
//
// It leads the 100 ms depth stream by 1 to 10 ms. Written into the ladder it would stay wrong where a level
// changes and returns inside one window, because the next diff need not name it. So it is in force while its
// id is above the book's, and the depth update that reaches its id drops it.
#pragma once

#include "arb/instrument.hpp"
#include "arb/order_book.hpp"
#include "arb/synced_book.hpp"
#include "arb/update.hpp"

namespace arb {

// What orders a market's messages across its streams: Binance numbers both streams with one update id,
// Bybit's `u` counts per topic and `seq` per symbol.
constexpr bool ordered_by_sequence(Market market) noexcept {
    return market == Market::bybit_spot || market == Market::bybit_linear;
}

class BestPrice {
public:
    // Keeps the newer of two; a repeated one is the same.
    void set(const Update& ticker, Market market) noexcept {
        const std::int64_t id = ordered_by_sequence(market) ? ticker.sequence : ticker.last_id;
        if (id < id_) return;
        id_ = id;
        touch_ = {};
        touch_.has_bid = !ticker.bids.empty();
        touch_.has_ask = !ticker.asks.empty();
        if (touch_.has_bid) touch_.bid = ticker.bids.front();
        if (touch_.has_ask) touch_.ask = ticker.asks.front();
    }
    void clear() noexcept { *this = {}; }

    bool in_force(const SyncedBook& book) const noexcept {
        return id_ > (ordered_by_sequence(book.market()) ? book.sequence() : book.last_id());
    }
    const Touch& touch() const noexcept { return touch_; }
    std::int64_t id() const noexcept { return id_; }

private:
    std::int64_t id_ = 0;
    Touch touch_{};
};

}  // namespace arb
