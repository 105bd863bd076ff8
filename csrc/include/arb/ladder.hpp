// One side of a book: a flat, sorted vector with the best level last.
//
// Why a vector: nine updates in ten fall within ~20 levels of the touch, so inserting there moves a few cache
// lines; measured beside maps, trees and tick windows it is the fastest to update and to walk
// (docs/decisions).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "arb/units.hpp"
#include "arb/update.hpp"

namespace arb {

// Is price a nearer the touch than b? A buyer's best price is the highest, a seller's the lowest.
template <Side S>
constexpr bool better(Price a, Price b) noexcept {
    return S == Side::buy ? a > b : a < b;
}

// Walks one side from the best level to the verified depth. Any type of this shape can be walked (walk,
// edge). Valid until the ladder changes.
template <Side S>
class LevelCursor {
public:
    static constexpr Side side = S;

    constexpr LevelCursor(const Level* worst, const Level* past_best, Price horizon) noexcept
        : worst_(worst), at_(past_best), horizon_(horizon) {}

    constexpr bool done() const noexcept { return at_ == worst_ || better<S>(horizon_, at_[-1].price); }
    constexpr const Level& operator*() const noexcept { return at_[-1]; }
    constexpr const Level* operator->() const noexcept { return at_ - 1; }
    constexpr void next() noexcept { --at_; }

private:
    const Level* worst_;
    const Level* at_;
    Price horizon_;
};

enum class LadderStatus : std::uint8_t { ok, overflow };  // after overflow the contents are not to be used

template <Side S>
class Ladder {
public:
    static constexpr std::size_t kCapacity = 16'384;  // real books, never pruned, reach 5,200 in 6 minutes

    Ladder() { levels_.reserve(kCapacity + kUpdateLevels); }  // the surplus is room for a merge in place
    Ladder(Ladder&&) noexcept = default;
    Ladder& operator=(Ladder&&) noexcept = default;
    Ladder(const Ladder&) = delete;  // a copied vector would lose its reserve
    Ladder& operator=(const Ladder&) = delete;

    std::size_t size() const noexcept { return levels_.size(); }
    bool empty() const noexcept { return levels_.empty(); }
    const Level& best() const noexcept { return levels_.back(); }  // not on an empty side
    const Level& at(std::size_t depth) const noexcept { return levels_[size() - 1 - depth]; }  // 0: best

    // Every level, the worst first; verified or not.
    std::span<const Level> levels() const noexcept { return levels_; }

    LevelCursor<S> cursor() const noexcept {
        return {levels_.data(), levels_.data() + levels_.size(), horizon_};
    }

    void clear() noexcept {
        levels_.clear();
        lift_horizon();
    }

    // Sets one level; quantity 0 deletes, and deleting an absent level is normal.
    LadderStatus set(Level level) noexcept {
        const std::size_t i = find(level.price);
        const auto where = levels_.begin() + static_cast<std::ptrdiff_t>(i);
        if (i < size() && where->price == level.price) {
            if (level.qty.value != 0) where->qty = level.qty;
            else levels_.erase(where);
        } else if (level.qty.value != 0) {
            if (size() >= kCapacity) return LadderStatus::overflow;
            levels_.insert(where, level);
        }
        return LadderStatus::ok;
    }

    // Sets all levels of one message. Venues send sorted arrays, each in a direction of its own (Binance spot
    // bids descend, USD-M bids ascend); a long sorted one is merged in one pass: p99 67 -> 25 us on real
    // USD-M frames.
    LadderStatus apply(std::span<const Level> updates) noexcept {
        if (updates.size() >= kMergeFrom && updates.size() <= kUpdateLevels) {
            const bool worst_first = better<S>(updates[1].price, updates[0].price);
            if (is_sorted(updates, worst_first)) return merge(updates, worst_first);
        }
        for (const Level& level : updates) {
            if (set(level) != LadderStatus::ok) return LadderStatus::overflow;
        }
        return LadderStatus::ok;
    }

    // Replaces everything; the side is then taken to be complete.
    LadderStatus assign(std::span<const Level> levels) noexcept {
        clear();
        return apply(levels);
    }

    // Verified depth: the worst price down to which no level can be missing. Diffs carry only what changes,
    // so what lay beyond a snapshot's last level stays unknown until it changes; walks must not count on it.
    bool has_horizon() const noexcept { return horizon_ != kNoHorizon; }
    Price horizon() const noexcept { return horizon_; }

    void set_horizon(Price price) noexcept {
        horizon_ = price;
        verified_span_ = empty() ? 0 : distance(best().price, price);
    }
    void lift_horizon() noexcept { horizon_ = kNoHorizon; }

    // The touch has used up half of the verified depth: time for a new snapshot.
    bool depth_low() const noexcept {
        if (!has_horizon()) return false;
        return empty() || 2 * distance(best().price, horizon_) < verified_span_;
    }

private:
    static constexpr std::size_t kNear = 32;       // levels searched one by one before halving
    static constexpr std::size_t kMergeFrom = 12;  // shorter arrays are cheaper set by set
    static constexpr Price kNoHorizon{S == Side::buy ? std::numeric_limits<std::int64_t>::min()
                                                     : std::numeric_limits<std::int64_t>::max()};

    static constexpr std::int64_t distance(Price from_best, Price to) noexcept {
        return S == Side::buy ? from_best.value - to.value : to.value - from_best.value;
    }

    // Index of the worst level that is not worse than `price`; size() when it would be the new best.
    std::size_t find(Price price) const noexcept {
        const Level* const base = levels_.data();
        std::size_t i = size();
        const std::size_t stop = i > kNear ? i - kNear : 0;
        while (i > stop && !better<S>(price, base[i - 1].price)) --i;
        if (i != stop || stop == 0) return i;
        const auto worse = [price](const Level& level) { return better<S>(price, level.price); };
        return static_cast<std::size_t>(std::partition_point(base, base + stop, worse) - base);
    }

    static bool is_sorted(std::span<const Level> updates, bool worst_first) noexcept {
        bool sorted = true;  // strictly: of two updates of one price the last must win, as set by set
        for (std::size_t i = 1; i < updates.size(); ++i) {
            const Price worse = updates[worst_first ? i - 1 : i].price;
            const Price nearer = updates[worst_first ? i : i - 1].price;
            sorted &= better<S>(nearer, worse);
        }
        return sorted;
    }

    // Opens a gap of k slots below the touched part and merges upwards into it: the writer never passes the
    // reader, since it is ahead by at most one slot per update used.
    LadderStatus merge(std::span<const Level> updates, bool worst_first) noexcept {
        const std::size_t k = updates.size();
        const std::size_t old_size = size();
        const std::size_t from = find(updates[worst_first ? 0 : k - 1].price);
        levels_.resize(old_size + k);
        Level* const base = levels_.data();
        std::copy_backward(base + from, base + old_size, base + old_size + k);
        Level* out = base + from;
        const Level* in = base + from + k;
        const Level* const end = base + old_size + k;
        for (std::size_t j = 0; j < k; ++j) {
            const Level& update = updates[worst_first ? j : k - 1 - j];
            while (in != end && better<S>(update.price, in->price)) *out++ = *in++;
            if (in != end && in->price == update.price) ++in;
            if (update.qty.value != 0) *out++ = update;
        }
        out = std::copy(in, end, out);
        levels_.resize(static_cast<std::size_t>(out - base));
        return size() <= kCapacity ? LadderStatus::ok : LadderStatus::overflow;
    }

    std::vector<Level> levels_;
    Price horizon_ = kNoHorizon;
    std::int64_t verified_span_ = 0;  // distance from the touch to the horizon when it was set
};

}  // namespace arb
