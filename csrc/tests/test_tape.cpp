// The tape itself: what is written reads back, and what does not fit is counted, not half written.
#include <doctest/doctest.h>

#include <string_view>

#include "arb/tape.hpp"
#include "support/rig.hpp"

using namespace arb;
using namespace arb::testing;

TEST_CASE("records read back in order, with what follows their body") {
    Tape tape;
    tape.start(1000);
    tape.write(EventKind::decide, std::int64_t{42});
    tape.write(EventKind::frame, std::int32_t{7}, {{"abc", 3}, {"", 0}, {"de", 2}});
    CHECK(tape.events() == 2);
    TapeReader reader(tape.pending());
    TapeReader::Event event;
    REQUIRE(reader.next(event) == TapeReader::Next::event);
    CHECK(event.kind == EventKind::decide);
    CHECK(event.body.size() == 8);
    CHECK(event.body[0] == 42);
    REQUIRE(reader.next(event) == TapeReader::Next::event);
    CHECK(event.kind == EventKind::frame);
    const auto* text = reinterpret_cast<const char*>(event.body.data());
    CHECK(std::string_view(text, event.body.size()).substr(4) == "abcde");
    CHECK(reader.next(event) == TapeReader::Next::end);
}

TEST_CASE("a tape that was not started keeps nothing") {
    Tape tape;
    tape.write(EventKind::decide, std::int64_t{42});
    CHECK(tape.events() == 0);
    CHECK(tape.pending().empty());
    CHECK_FALSE(tape.torn());
}

TEST_CASE("what does not fit is dropped as a whole and counted; room comes back with a drain") {
    Tape tape;
    tape.start(30);  // two records of 13 bytes
    tape.write(EventKind::decide, std::int64_t{1});
    tape.write(EventKind::decide, std::int64_t{2});
    CHECK_FALSE(tape.torn());
    tape.write(EventKind::decide, std::int64_t{3});
    CHECK(tape.torn());
    CHECK(tape.dropped() == 1);
    CHECK(tape.pending().size() == 26);
    tape.drain();
    tape.write(EventKind::decide, std::int64_t{4});
    CHECK(tape.events() == 3);
    CHECK(tape.torn());  // for good: something is missing
}

TEST_CASE("a cut record and an unknown kind are told apart from the end") {
    Tape tape;
    tape.start(100);
    tape.write(EventKind::decide, std::int64_t{1});
    const auto bytes = tape.pending();
    TapeReader::Event event;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        TapeReader reader(bytes.first(size));
        CHECK(reader.next(event) == TapeReader::Next::cut);
        CHECK(reader.left() == size);
    }
    for (const int kind : {0, kLastEventKind + 1, 255}) {
        std::vector<std::uint8_t> other(bytes.begin(), bytes.end());
        other[0] = static_cast<std::uint8_t>(kind);
        TapeReader reader(other);
        CHECK(reader.next(event) == TapeReader::Next::unknown_kind);
    }
    std::vector<std::uint8_t> huge(bytes.begin(), bytes.end());
    huge[1] = huge[2] = huge[3] = huge[4] = 0xff;
    TapeReader reader(huge);
    CHECK(reader.next(event) == TapeReader::Next::cut);
}

TEST_CASE("every call into the engine is on the tape, registration too") {
    Setup setup;
    setup.tape_bytes = 1 << 20;
    Rig rig(setup);
    rig.engine->add_standby(Rig::market(0), rig.engine->add_connection(Rig::venue(0), Market::binance_spot), "BTCUSDT");
    rig.start();
    rig.engine->switch_book(Rig::market(0), rig.t);  // refused, and on the tape all the same
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    rig.sent(places[0]);
    rig.not_sent(places[1]);
    rig.ambiguous(places[0]);
    rig.absent(places[0]);
    rig.report(places[0], OrderStatus::open, Qty{});
    rig.fill(places[0], Qty{10});
    rig.found(places[0], OrderStatus::expired, Qty{10});
    rig.reject(places[0]);
    rig.engine->refused(Rig::conn(0), nullptr, rig.t);
    rig.engine->command(CommandKind::no_new, Scope::global, 0, rig.t);
    rig.engine->update(Rig::market(1), Rig::conn(1), {}, rig.t);
    rig.engine->asset_price(Rig::bnb, Amount{kPow10[18]}, rig.t);
    rig.engine->position(Rig::market(0), Qty{1}, Amount{1}, rig.t);
    rig.engine->rules(Rig::market(0), rig.engine->instrument(Rig::market(0)).filters, false, true, rig.t);
    rig.engine->cash(Rig::venue(0), Rig::usdt, Amount{1}, CashKind::funding, rig.t);
    rig.engine->conn_down(Rig::conn(0), rig.t);
    std::array<int, kLastEventKind + 1> seen{};
    TapeReader reader(rig.engine->tape().pending());
    TapeReader::Event event;
    while (reader.next(event) == TapeReader::Next::event) ++seen[static_cast<std::size_t>(event.kind)];
    CHECK(reader.left() == 0);
    CHECK_FALSE(rig.engine->tape().torn());
    for (std::size_t kind = 1; kind < seen.size(); ++kind) {
        CAPTURE(kind);
        CHECK(seen[kind] > 0);
    }
    CHECK(seen[static_cast<std::size_t>(EventKind::head)] == 1);
}
