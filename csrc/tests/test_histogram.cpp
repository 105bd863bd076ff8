#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "arb/histogram.hpp"

using namespace arb;

TEST_CASE("a quantile is within 0.4 percent of the exact one") {
    std::mt19937_64 random(3);
    const auto histogram = std::make_unique<Histogram>();
    for (const double spread : {0.5, 2.0, 6.0}) {
        std::lognormal_distribution<double> durations(10.0, spread);
        std::vector<Nanos> exact;
        histogram->reset();
        for (int i = 0; i < 20'000; ++i) {
            const auto ns = static_cast<Nanos>(std::min(durations(random), 1e18));
            exact.push_back(ns);
            histogram->record(ns);
        }
        std::sort(exact.begin(), exact.end());
        for (const double q : {0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
            const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * 20'000.0)));
            const auto truth = static_cast<double>(exact[rank - 1]);
            const auto measured = static_cast<double>(histogram->quantile(q));
            INFO("q ", q, ", exact ", truth, ", histogram ", measured);
            CHECK(std::abs(measured - truth) <= 0.004 * truth);
        }
        CHECK(histogram->min() == exact.front());
        CHECK(histogram->max() == exact.back());
    }
}

TEST_CASE("values below 256 are exact") {
    for (Nanos ns = 0; ns < 256; ++ns) {
        Histogram histogram;
        histogram.record(ns);
        histogram.record(1'000'000);
        CHECK(histogram.quantile(0.5) == ns);
    }
}

TEST_CASE("buckets follow one another up to the largest duration") {
    CHECK(Histogram::bucket_of(0) == 0);
    CHECK(Histogram::bucket_of(std::numeric_limits<Nanos>::max()) == Histogram::kBuckets - 1);
    for (int bit = 7; bit < 63; ++bit) {
        const Nanos power = Nanos{1} << bit;
        CHECK(Histogram::bucket_of(power) == Histogram::bucket_of(power - 1) + 1);
    }
}

TEST_CASE("an empty histogram answers 0, a negative duration counts as 0") {
    Histogram histogram;
    CHECK(histogram.quantile(0.5) == 0);
    CHECK(histogram.min() == 0);
    CHECK(histogram.max() == 0);
    histogram.record(-5);
    CHECK(histogram.count() == 1);
    CHECK(histogram.quantile(1.0) == 0);
}

TEST_CASE("merged histograms equal one that saw everything") {
    Histogram odd, even, all;
    for (Nanos ns = 1; ns < 5'000; ++ns) {
        (ns % 2 == 0 ? even : odd).record(ns * ns);
        all.record(ns * ns);
    }
    odd.merge(even);
    odd.merge(Histogram{});
    CHECK(odd.count() == all.count());
    CHECK(odd.min() == all.min());
    CHECK(odd.max() == all.max());
    for (const double q : {0.1, 0.5, 0.9, 0.99}) CHECK(odd.quantile(q) == all.quantile(q));
}
