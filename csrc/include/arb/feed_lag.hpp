// How far a connection runs behind: receive time less event time, above its own minimum of the last ten
// minutes. Receive age cannot see what waits in the kernel; this can, and needs no synchronised clocks.
#pragma once

#include <algorithm>
#include <array>
#include <limits>

#include "arb/units.hpp"

namespace arb {

class FeedLag {
public:
    static constexpr Nanos kBucket = 60 * kSecond;
    static constexpr std::size_t kBuckets = 10;

    // `event` is of the venue's clock; 0 means that the message carried none.
    void observe(Nanos receive, Nanos event) noexcept {
        if (event == 0) return;
        const std::int64_t bucket = receive / kBucket;
        if (bucket != bucket_) {
            // Buckets without a message keep nothing: a minimum older than the window is forgotten.
            const std::int64_t passed = std::min<std::int64_t>(bucket - bucket_, kBuckets);
            for (std::int64_t i = 1; i <= passed; ++i) minima_[slot(bucket - passed + i)] = kNone;
            bucket_ = bucket;
        }
        difference_ = std::clamp(receive - event, -kBound, kBound);
        Nanos& lowest = minima_[slot(bucket)];
        lowest = std::min(lowest, difference_);
    }

    Nanos lag() const noexcept {
        const Nanos lowest = *std::min_element(minima_.begin(), minima_.end());
        return lowest == kNone ? 0 : difference_ - lowest;
    }
    void clear() noexcept { *this = {}; }

private:
    static constexpr Nanos kBound = Nanos{1} << 61;  // two of them subtract; real offsets are below
    static constexpr Nanos kNone = std::numeric_limits<Nanos>::max();
    static constexpr std::size_t slot(std::int64_t bucket) noexcept {
        return static_cast<std::size_t>(bucket % static_cast<std::int64_t>(kBuckets));
    }
    static constexpr std::array<Nanos, kBuckets> none() noexcept {
        std::array<Nanos, kBuckets> all{};
        all.fill(kNone);
        return all;
    }

    std::array<Nanos, kBuckets> minima_ = none();
    std::int64_t bucket_ = 0;
    Nanos difference_ = 0;
};

}  // namespace arb
