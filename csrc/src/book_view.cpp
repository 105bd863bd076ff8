#include "arb/book_view.hpp"

namespace arb {
namespace {

template <Side S>
bool read_ladder(const void* source, std::int64_t& depth, Level& out) noexcept {
    const auto& ladder = *static_cast<const Ladder<S>*>(source);
    const auto at = static_cast<std::size_t>(depth);
    if (at >= ladder.size()) return false;
    out = ladder.at(at);
    if (better<S>(ladder.horizon(), out.price)) return false;  // beyond the verified depth
    ++depth;
    return true;
}

}  // namespace

BookView view(const SyncedBook& book) noexcept {
    const OrderBook& levels = book.book();
    return {book.state(), book.touch(), AnyCursor(&levels.bids, read_ladder<Side::buy>),
            AnyCursor(&levels.asks, read_ladder<Side::sell>)};
}

}  // namespace arb
