// Slots and overlays: one book per connection, switched without a gap; the freshest best price on top.
#include <doctest/doctest.h>

#include <vector>

#include "support/rig.hpp"

using namespace arb;
using namespace arb::testing;

namespace {

std::vector<Level> levels(AnyCursor cursor) {
    std::vector<Level> out;
    for (; !cursor.done(); cursor.next()) out.push_back(*cursor);
    return out;
}

constexpr Level level(std::int64_t price, std::int64_t qty) { return {Price{price}, Qty{qty}}; }

// Two connections to Binance, the second a standby, each with a text of its own.
struct Doubled {
    Rig rig;
    ConnId standby = rig.engine->add_connection(Rig::venue(kBinance), Market::binance_spot);
    MarketText text{Market::binance_spot, kGrid, "BTCUSDT"};
    static constexpr InstrumentId id{0};

    Doubled() {
        rig.engine->add_standby(id, standby, "BTCUSDT");
        text.follow(rig.t);
        rig.start();
    }
    FrameResult send(const std::string& frame) {
        return rig.engine->frame(standby, frame.data(), frame.size(), rig.t);
    }
    // Both connections tell of the same book; the windows of the standby are cut elsewhere.
    void sync_standby() {
        while (text.id() < rig.text[kBinance].id()) text.nudge_id();
        text.move(around(9990, 10010));
        rig.engine->conn_up(standby, rig.t);
        const std::string body = text.snapshot();
        REQUIRE(rig.engine->snapshot(id, standby, body.data(), body.size(), 1000, rig.t) == SnapshotResult::joined);
        REQUIRE(send(text.move(around(9990, 10010, 1003))) == FrameResult::applied);
    }
};

}  // namespace

TEST_CASE("a standby syncs beside the active book and changes nothing until the switch") {
    Doubled two;
    const std::int64_t before = two.rig.engine->book(two.id).last_id();
    CHECK_FALSE(two.rig.engine->can_switch(two.id));
    CHECK_FALSE(two.rig.engine->switch_book(two.id, two.rig.t));
    two.sync_standby();
    CHECK(two.rig.engine->book(two.id).last_id() == before);
    CHECK(two.rig.engine->active(two.id).connection == Rig::conn(kBinance));
    CHECK(two.rig.engine->switch_book(two.id, two.rig.t));
    CHECK(two.rig.engine->active(two.id).connection == two.standby);
    CHECK(two.rig.engine->book(two.id).live());
    CHECK(two.rig.engine->book(two.id).touch().bid == level(9990, 1003));
    CHECK(two.rig.engine->book(two.id).gaps() == 0);
}

TEST_CASE("the switch never steps back in time, unless the active book is dead") {
    Doubled two;
    two.sync_standby();
    while (two.rig.text[kBinance].id() <= two.text.id()) two.rig.send(kBinance, two.rig.text[kBinance].nudge());
    CHECK_FALSE(two.rig.engine->can_switch(two.id));
    CHECK_FALSE(two.rig.engine->switch_book(two.id, two.rig.t));
    two.rig.engine->conn_down(Rig::conn(kBinance), two.rig.t);
    CHECK(two.rig.engine->switch_book(two.id, two.rig.t));
    CHECK(two.rig.engine->book(two.id).live());
}

TEST_CASE("after the switch the end of the old connection is nobody's gap") {
    Doubled two;
    two.sync_standby();
    REQUIRE(two.rig.engine->switch_book(two.id, two.rig.t));
    two.rig.engine->conn_down(Rig::conn(kBinance), two.rig.t);
    CHECK(two.rig.engine->book(two.id).live());
    two.rig.drain();
    two.send(two.text.move(around(10100, 10120, 1000, 1)));  // dear here, cheap there
    two.rig.book(kBybit, around(9990, 10010, 1000, 1));
    two.rig.decide();
    CHECK(two.rig.drain(ActionKind::place).size() == 2);
}

TEST_CASE("a gap on the standby asks for a snapshot of that connection only") {
    Doubled two;
    two.sync_standby();
    two.rig.drain();
    two.text.lose_one();
    CHECK(two.send(two.text.nudge()) == FrameResult::stale);
    const auto resyncs = two.rig.drain(ActionKind::resync);
    REQUIRE(resyncs.size() == 1);
    CHECK(resyncs[0].body.ref == index(two.standby));
    CHECK(two.rig.engine->book(two.id).live());
}

TEST_CASE("rotation to and fro leaves no gap and never a book that is not LIVE") {
    Doubled two;
    bool to_standby = true;
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        MarketText& next = to_standby ? two.text : two.rig.text[kBinance];
        MarketText& old = to_standby ? two.rig.text[kBinance] : two.text;
        const ConnId conn = to_standby ? two.standby : Rig::conn(kBinance);
        while (next.id() < old.id()) next.nudge_id();
        next.move(around(9990, 10010, 1000 + round));
        two.rig.engine->conn_up(conn, two.rig.t);
        const std::string body = next.snapshot();
        two.rig.engine->snapshot(two.id, conn, body.data(), body.size(), 1000, two.rig.t);
        const std::string bridge = next.nudge();
        two.rig.engine->frame(conn, bridge.data(), bridge.size(), two.rig.t);
        REQUIRE(two.rig.engine->switch_book(two.id, two.rig.t));
        two.rig.engine->conn_down(to_standby ? Rig::conn(kBinance) : two.standby, two.rig.t);
        CHECK(two.rig.engine->book(two.id).live());
        CHECK(two.rig.engine->book(two.id).gaps() == 0);
        two.rig.t += kSecond;
        to_standby = !to_standby;
    }
    CHECK(two.rig.engine->stats().switches == 20);
}

TEST_CASE("a fresher best price lies over the book, and the depth update that reaches its id drops it") {
    for (const std::size_t which : {kBinance, kBybit}) {
        CAPTURE(which);
        Rig rig;
        rig.start();
        rig.book(which, around(9990, 10010, 1000, 3));  // 9990 9980 9970 | 10010 10020 10030
        const BookSlot& slot = rig.engine->active(Rig::market(which));
        rig.send(which, rig.text[which].ticker(level(9980, 5), level(9995, 7), 1));
        CHECK(slot.touch().bid == level(9980, 5));
        CHECK(slot.touch().ask == level(9995, 7));
        // Levels better than the best price are gone whatever the ladder shows; its own level counts once.
        CHECK(levels(view(slot).bids) == std::vector<Level>{level(9980, 5), level(9970, 1000)});
        CHECK(levels(view(slot).asks) ==
              std::vector<Level>{level(9995, 7), level(10010, 1000), level(10020, 1000), level(10030, 1000)});
        CHECK(slot.book.touch().bid == level(9990, 1000));  // never written into it
        rig.book(which, around(9980, 10000, 9, 1));
        CHECK(slot.touch().bid == level(9980, 9));
        CHECK(slot.touch().ask == level(10000, 9));
    }
}

TEST_CASE("an old or repeated best price changes nothing") {
    Rig rig;
    rig.start();
    const BookSlot& slot = rig.engine->active(Rig::market(kBinance));
    rig.send(kBinance, rig.text[kBinance].ticker(level(9000, 1), level(9001, 1), 0));  // the book's own id
    CHECK(slot.touch() == slot.book.touch());
    rig.send(kBinance, rig.text[kBinance].ticker(level(9985, 1), level(10005, 1), 5));
    rig.send(kBinance, rig.text[kBinance].ticker(level(9000, 1), level(9001, 1), 3));
    CHECK(slot.touch().bid == level(9985, 1));
}

TEST_CASE("a cross seen by the fast stream alone is decided on") {
    Rig rig;
    rig.start();
    rig.send(kBybit, rig.text[kBybit].ticker(level(10100, 1000), level(10120, 1000), 1));
    CHECK(rig.engine->wants_decide());
    rig.decide();
    const auto places = rig.drain(ActionKind::place);
    REQUIRE(places.size() == 2);
    CHECK(places[1].body.price == Price{10100});
}

TEST_CASE("a connection that runs behind is not traded on") {
    Rig rig;
    rig.start();
    const Nanos behind = rig.t;
    rig.text[kBybit].follow(behind);  // its times stand still while ours pass
    for (int i = 0; i < 3; ++i) {
        rig.pass(100 * kMillisecond);
        rig.send(kBybit, rig.text[kBybit].nudge());
        rig.book(kBinance, around(9990, 10010, 1000 + i));
    }
    CHECK(rig.engine->feed_lag(Rig::conn(kBybit)) == 300 * kMillisecond);
    rig.cross(kBinance);
    rig.decide();
    CHECK(rig.drain(ActionKind::place).empty());
    CHECK(rig.engine->opportunities().denials[static_cast<std::size_t>(Refusal::book_trust)] == 1);
}
