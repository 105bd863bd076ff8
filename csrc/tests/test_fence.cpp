// The fence: an order the venue does not know at a time when it would is over; and what if it was not.
#include <doctest/doctest.h>

#include "support/open.hpp"

using namespace arb;
using namespace arb::testing;

namespace {

// The first leg is bought on neither side's word: bytes left, and nobody answers.
struct Silent : Open {
    explicit Silent(const Setup& setup = {}) : Open(setup) {
        rig.execute(second);
        rig.sent(first);
        sent = rig.t;
        rig.drain();
    }
    // Time goes on to `until` after the send, each query answered `late` later by `answer`; the times of queries.
    template <class Answer>
    std::vector<Nanos> run(Nanos until, Nanos late, Answer answer) {
        std::vector<Nanos> asked;
        while (rig.t < sent + until && !order().resolved()) {
            const Nanos due = rig.engine->next_deadline();
            rig.t = due == 0 || due > sent + until ? sent + until : due;
            rig.time();
            for (const Action& query : rig.drain(ActionKind::query)) {
                asked.push_back((rig.t - sent) / kMillisecond);
                rig.t += late;
                answer(query);
            }
        }
        return asked;
    }
    const Order& order() const { return trade().orders[0]; }
    Nanos sent = 0;
};

}  // namespace

TEST_CASE("an order the venue does not know, asked twice after the fence, executed nothing") {
    Silent silent;
    Rig& rig = silent.rig;
    const auto asked = silent.run(30 * kSecond, kMillisecond, [&](const Action& q) { rig.absent(q); });
    CHECK(asked.back() == 14001);  // a second after the answer to the query of 13 s
    CHECK(*(asked.end() - 2) == 13000);
    CHECK(silent.order().resolved());
    CHECK(silent.order().filled().value == 0);
    CHECK(rig.engine->stats().fenced == 1);
    CHECK(rig.engine->stats().halted == 0);
    rig.book(kBinance, around(9990, 10010));
    const auto hedges = rig.hedges();  // and the other leg is hedged
    REQUIRE(hedges.size() == 1);
    rig.execute(hedges[0]);
    CHECK(silent.trade().state == TradeState::balanced);
    CHECK(rig.reservations_zero());
}

TEST_CASE("the fence is configuration") {
    Setup setup;
    setup.config.timing.fence = 400 * kMillisecond;
    setup.config.timing.absent_gap = 50 * kMillisecond;
    Silent silent(setup);
    const auto asked =
        silent.run(kSecond, kMillisecond, [&](const Action& query) { silent.rig.absent(query); });
    CHECK(asked == std::vector<Nanos>{200, 300, 400, 451});
    CHECK(silent.order().resolved());
}

TEST_CASE("answers to queries that lie closer together than the gap are one answer") {
    Setup setup;
    setup.config.timing.fence = 300 * kMillisecond;
    Silent silent(setup);
    const auto asked =
        silent.run(10 * kSecond, kMillisecond, [&](const Action& query) { silent.rig.absent(query); });
    CHECK(asked == std::vector<Nanos>{200, 300, 500, 1200, 2201});
    CHECK(silent.order().resolved());
}

TEST_CASE("the fence needs two answers in a row, both to queries made after it, a gap apart") {
    Silent silent;
    Rig& rig = silent.rig;
    SUBCASE("what was answered before it proves nothing") {
        silent.run(13 * kSecond - 1, kMillisecond, [&](const Action& query) { rig.absent(query); });
        CHECK(silent.order().unresolved());
    }
    SUBCASE("nor do answers that come after it to what was asked before") {
        silent.run(13 * kSecond - 1, kMillisecond, [](const Action&) {});
        rig.t = silent.sent + 15 * kSecond;
        for (int i = 0; i < 3; ++i) {
            rig.absent(silent.first);
            rig.t += 2 * kSecond;
        }
        CHECK(silent.order().unresolved());
    }
    SUBCASE("nor is it the first of the two") {
        silent.run(13 * kSecond - 1, kMillisecond, [](const Action&) {});
        silent.run(13 * kSecond, kMillisecond, [&](const Action& query) {
            rig.absent(query);  // of an earlier one
            rig.absent(query);  // of this one, but that is not known
        });
        const auto asked = silent.run(30 * kSecond, kMillisecond, [&](const Action& query) { rig.absent(query); });
        CHECK(asked == std::vector<Nanos>{14001, 15002});
        CHECK(silent.order().resolved());
    }
    SUBCASE("one answer repeated is one answer") {
        silent.run(13 * kSecond, kMillisecond, [&](const Action& query) {
            for (int i = 0; i < 5; ++i) rig.absent(query);
        });
        rig.t += 900 * kMillisecond;
        rig.absent(silent.first);
        CHECK(silent.order().unresolved());
    }
    SUBCASE("the venue knew it in between") {
        int n = 0;
        silent.run(40 * kSecond, kMillisecond, [&](const Action& query) {
            if (rig.t < silent.sent + 13 * kSecond || n++ % 2 == 0)
                rig.absent(query);
            else
                rig.found(query, OrderStatus::ack, Qty{});
        });
        CHECK(n > 2);
        CHECK(silent.order().unresolved());
    }
    SUBCASE("failed queries are no answers, and the last two decide") {
        int n = 0;
        const auto asked = silent.run(40 * kSecond, kMillisecond, [&](const Action& query) {
            if (rig.t >= silent.sent + 13 * kSecond && n++ > 0) rig.absent(query);
        });
        CHECK(silent.order().resolved());
        CHECK(asked.back() - 13'000 > 6'000);
    }
}

TEST_CASE("the fence waits for a private stream that is up and reconciled") {
    Silent silent;
    Rig& rig = silent.rig;
    rig.engine->stream(StreamKind::private_stream, kBinance, false, rig.t);
    const auto absent = [&](const Action& query) { rig.absent(query); };
    silent.run(19 * kSecond, kMillisecond, absent);
    CHECK(silent.order().unresolved());
    rig.engine->stream(StreamKind::private_stream, kBinance, true, rig.t);
    silent.run(30 * kSecond, kMillisecond, absent);
    CHECK(silent.order().resolved());
    CHECK(rig.engine->stats().fenced == 1);
}

TEST_CASE("an order whose venue has spoken of it is never fenced: it halts the pair, at its worst") {
    Silent silent;
    Rig& rig = silent.rig;
    rig.report(silent.first, OrderStatus::open, Qty{});
    silent.run(40 * kSecond, kMillisecond, [&](const Action& query) { rig.absent(query); });
    CHECK(silent.order().unresolved());
    CHECK(silent.trade().halt == HaltReason::order_lost);
}

TEST_CASE("an order that is seen after its fence is adopted at its worst, and the pair halts") {
    for (const int way : {0, 1, 2, 3}) {
        CAPTURE(way);
        Silent silent;
        Rig& rig = silent.rig;
        silent.run(30 * kSecond, kMillisecond, [&](const Action& query) { rig.absent(query); });
        REQUIRE(rig.engine->stats().fenced == 1);
        rig.book(kBinance, around(9990, 10010));
        const auto hedges = rig.hedges();
        REQUIRE(hedges.size() == 1);
        rig.execute(hedges[0]);
        REQUIRE(silent.trade().state == TradeState::balanced);
        rig.calm();
        rig.drain();

        const Amount all = base_amount(Qty{1000}, kGrid);
        const auto exposure = [&] { return rig.engine->ledger().exposure(Rig::btc); };
        if (way == 0) rig.report(silent.first, OrderStatus::open, Qty{});
        if (way == 1) rig.report(silent.first, OrderStatus::partial, Qty{300});
        if (way == 2) rig.fill(silent.first, Qty{300});
        if (way == 3) rig.fill(silent.first, Qty{1000});
        const auto actions = rig.drain();
        const auto halts = of_kind(actions, ActionKind::halt);
        REQUIRE(halts.size() == 1);
        CHECK(reason_of(halts[0]) == HaltReason::fence_broken);
        CHECK(of_kind(actions, ActionKind::query).size() == (way == 3 ? 0 : 1));
        CHECK(rig.engine->stats().fence_broken == 1);
        CHECK(rig.engine->stats().balanced == 0);
        CHECK(silent.trade().state == TradeState::halted);
        CHECK(exposure().high == all);
        CHECK(exposure().low.value == (way < 2 ? 0 : base_amount(Qty{way == 2 ? 300 : 1000}, kGrid).value));
        CHECK(rig.reservations_zero() == (way == 3));
        if (way == 3) continue;
        // It is asked for until it has a true end, and an absent order is no end any more.
        silent.run(120 * kSecond, kMillisecond, [&](const Action& query) { rig.absent(query); });
        CHECK(silent.order().unresolved());
        rig.found(silent.first, OrderStatus::expired, Qty{400});
        rig.fill(silent.first, Qty{way == 2 ? 100 : 400});
        CHECK(silent.order().resolved());
        CHECK(exposure().low == base_amount(Qty{400}, kGrid));
        CHECK(exposure().high == exposure().low);
        CHECK(rig.net_base() == exposure().low);
        CHECK(rig.reservations_zero());
        CHECK(silent.trade().state == TradeState::halted);
    }
}

TEST_CASE("what executed stays reserved until its fills have moved the balance") {
    Open open;
    Rig& rig = open.rig;
    const Amount all = rig.account(kBinance, Rig::usdt).reserved;
    REQUIRE(all.value > 0);
    const Amount free = rig.account(kBinance, Rig::usdt).free();
    rig.sent(open.first);
    rig.fill(open.first, Qty{250});
    CHECK(rig.account(kBinance, Rig::usdt).reserved == Amount{all.value / 4 * 3});
    rig.report(open.first, OrderStatus::expired, Qty{750});
    CHECK(rig.account(kBinance, Rig::usdt).reserved == Amount{all.value / 2});
    CHECK(rig.account(kBinance, Rig::usdt).free() >= free);
    rig.fill(open.first, Qty{500});
    CHECK(rig.account(kBinance, Rig::usdt).reserved.value == 0);
}
