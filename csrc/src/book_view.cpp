#include "arb/book_view.hpp"

namespace arb {
namespace {

template <Side S>
const Ladder<S>& ladder_of(const BookSlot& slot) noexcept {
    if constexpr (S == Side::buy) {
        return slot.book.book().bids;
    } else {
        return slot.book.book().asks;
    }
}

template <Side S>
bool read_ladder(const void* source, std::int64_t& depth, Level& out) noexcept {
    const Ladder<S>& ladder = ladder_of<S>(*static_cast<const BookSlot*>(source));
    const auto at = static_cast<std::size_t>(depth);
    if (at >= ladder.size()) return false;
    out = ladder.at(at);
    if (better<S>(ladder.horizon(), out.price)) return false;  // beyond the verified depth
    ++depth;
    return true;
}

// First the best price, then the levels worse than it: better ones are gone, whatever the ladder still shows.
template <Side S>
bool read_overlaid(const void* source, std::int64_t& state, Level& out) noexcept {
    const Touch& touch = static_cast<const BookSlot*>(source)->best.touch();
    if (!(S == Side::buy ? touch.has_bid : touch.has_ask)) return false;
    const Level best = S == Side::buy ? touch.bid : touch.ask;
    if (state == 0) {
        state = 1;
        out = best;
        return true;
    }
    std::int64_t depth = state - 1;
    do {
        if (!read_ladder<S>(source, depth, out)) return false;
    } while (!better<S>(best.price, out.price));
    state = depth + 1;
    return true;
}

}  // namespace

BookView view(const BookSlot& slot) noexcept {
    if (slot.best.in_force(slot.book)) {
        return {slot.book.state(), slot.best.touch(), AnyCursor(&slot, read_overlaid<Side::buy>),
                AnyCursor(&slot, read_overlaid<Side::sell>)};
    }
    return {slot.book.state(), slot.book.touch(), AnyCursor(&slot, read_ladder<Side::buy>),
            AnyCursor(&slot, read_ladder<Side::sell>)};
}

}  // namespace arb
