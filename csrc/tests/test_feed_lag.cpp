// Feed lag: what a connection runs behind its own best, without any clock in common.
#include <doctest/doctest.h>

#include "arb/feed_lag.hpp"

using namespace arb;

TEST_CASE("lag is what a message is later than the quickest one") {
    FeedLag lag;
    CHECK(lag.lag() == 0);
    const Nanos venue = 1'700'000'000 * kSecond;  // clocks need not agree
    lag.observe(10 * kSecond, venue);
    CHECK(lag.lag() == 0);
    lag.observe(11 * kSecond + 30 * kMillisecond, venue + kSecond);
    CHECK(lag.lag() == 30 * kMillisecond);
    lag.observe(12 * kSecond - 5 * kMillisecond, venue + 2 * kSecond);  // quicker than all before
    CHECK(lag.lag() == 0);
    lag.observe(13 * kSecond, venue + 3 * kSecond);
    CHECK(lag.lag() == 5 * kMillisecond);
}

TEST_CASE("a message without a time says nothing") {
    FeedLag lag;
    lag.observe(10 * kSecond, 5 * kSecond);
    lag.observe(20 * kSecond, 0);
    CHECK(lag.lag() == 0);
}

TEST_CASE("the minimum is forgotten after ten minutes, so a drifting clock is followed") {
    FeedLag lag;
    lag.observe(1 * kSecond, 1 * kSecond);
    for (int minute = 1; minute < 10; ++minute) {
        lag.observe(minute * FeedLag::kBucket, minute * FeedLag::kBucket - kSecond);
        CHECK(lag.lag() == kSecond);
    }
    lag.observe(10 * FeedLag::kBucket, 10 * FeedLag::kBucket - kSecond);
    CHECK(lag.lag() == 0);
    lag.observe(100 * FeedLag::kBucket, 100 * FeedLag::kBucket - 3 * kSecond);  // a long silence
    CHECK(lag.lag() == 0);
}

TEST_CASE("times beyond all reason do not overflow") {
    FeedLag lag;
    lag.observe(1, std::numeric_limits<Nanos>::max());
    lag.observe(2, 1);
    CHECK(lag.lag() > 0);
}
