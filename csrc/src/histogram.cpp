#include "arb/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace arb {

Nanos Histogram::quantile(double q) const noexcept {
    if (count_ == 0) return 0;
    const double share = std::clamp(q, 0.0, 1.0);
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t i = bucket_of(min_); i < kBuckets; ++i) {
        seen += counts_[i];
        if (seen < rank) continue;
        if (i < 2 * kSubBuckets) return static_cast<Nanos>(i);
        const std::size_t shift = i / kSubBuckets - 1;
        const std::uint64_t low = static_cast<std::uint64_t>(kSubBuckets + i % kSubBuckets) << shift;
        const auto middle = static_cast<Nanos>(low + (std::uint64_t{1} << shift) / 2);
        return std::clamp(middle, min_, max_);
    }
    return max_;
}

void Histogram::merge(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

void Histogram::reset() noexcept { *this = Histogram{}; }

}  // namespace arb
