#include "arb/order_book.hpp"

namespace arb {
namespace {

template <Side S>
LadderStatus replace_side(Ladder<S>& ladder, std::span<const Level> levels, std::size_t limit) noexcept {
    const LadderStatus status = ladder.assign(levels);
    if (levels.size() >= limit && !ladder.empty()) ladder.set_horizon(ladder.levels().front().price);
    return status;
}

}  // namespace

LadderStatus OrderBook::apply(const Update& update) noexcept {
    const LadderStatus bid_status = bids.apply(update.bids);
    const LadderStatus ask_status = asks.apply(update.asks);
    return bid_status != LadderStatus::ok ? bid_status : ask_status;
}

LadderStatus OrderBook::replace(const Update& snapshot, std::size_t limit) noexcept {
    const LadderStatus bid_status = replace_side(bids, snapshot.bids, limit);
    const LadderStatus ask_status = replace_side(asks, snapshot.asks, limit);
    return bid_status != LadderStatus::ok ? bid_status : ask_status;
}

void OrderBook::clear() noexcept {
    bids.clear();
    asks.clear();
}

Touch OrderBook::touch() const noexcept {
    Touch touch;
    if (!bids.empty()) {
        touch.bid = bids.best();
        touch.has_bid = true;
    }
    if (!asks.empty()) {
        touch.ask = asks.best();
        touch.has_ask = true;
    }
    return touch;
}

}  // namespace arb
