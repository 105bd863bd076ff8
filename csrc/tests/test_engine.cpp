// From a frame to the orders of both legs, and everything that must prevent them.
#include <doctest/doctest.h>

#include "support/rig.hpp"

using namespace arb;
using namespace arb::testing;

namespace {

std::uint64_t denials(const Rig& rig, Refusal why) {
    return rig.engine->opportunities().denials[static_cast<std::size_t>(why)];
}

std::uint64_t total_denials(const Rig& rig) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : rig.engine->opportunities().denials) sum += count;
    return sum;
}

}  // namespace

TEST_CASE("a cross between two live books places both legs, buy first") {
    Rig rig;
    rig.start();
    CHECK(rig.engine->book(Rig::market(kBinance)).live());
    CHECK(rig.engine->book(Rig::market(kBybit)).live());
    for (const std::size_t buy : {kBinance, kBybit}) {
        rig.calm();
        const auto places = rig.opened(buy);
        REQUIRE(places.size() == 2);
        CHECK(places[0].body.side == Side::buy);
        CHECK(places[0].body.instrument == Rig::market(buy));
        CHECK(places[0].body.qty == Qty{1000});
        CHECK(places[0].body.price == Price{10010});
        CHECK(places[1].body.side == Side::sell);
        CHECK(places[1].body.instrument == Rig::market(1 - buy));
        CHECK(places[1].body.qty == Qty{1000});
        CHECK(places[1].body.price == Price{10100});
        CHECK(places[0].trigger == rig.t);
        CHECK(places[0].deadline == rig.t + 5 * kMillisecond);
        for (const Action& place : places) rig.execute(place);
        CHECK(rig.engine->open_trades() == 0);
        CHECK(rig.reservations_zero());
    }
    CHECK(rig.engine->stats().balanced == 2);
    CHECK(rig.net_base().value == 0);
}

TEST_CASE("with the fee taken from the base, what arrives is sold, in whole lots") {
    Setup setup;
    setup.buy_mode = FeeMode::base;
    Rig rig(setup);
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(places[0].body.qty == Qty{1000});
    CHECK(places[1].body.qty == Qty{990});  // 0.1 less 0.1 % is 0.0999: 99 lots of 0.001
    for (const Action& place : places) rig.execute(place);
    CHECK(rig.engine->stats().balanced == 1);
    CHECK(rig.engine->ledger().dust(PairId{}) == Amount{base_amount(Qty{9}, kGrid)});
    CHECK(rig.net_base() == base_amount(Qty{9}, kGrid));
}

TEST_CASE("records come before the places they allow, without gaps in their numbers") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.drain();
    rig.cross(kBinance);
    rig.decide();
    const auto actions = rig.drain();
    REQUIRE(actions.size() == 4);
    CHECK(actions[0].kind == ActionKind::record);
    CHECK(actions[1].kind == ActionKind::record);
    CHECK(actions[2].kind == ActionKind::place);
    CHECK(actions[3].kind == ActionKind::place);
    CHECK(actions[0].body.kind == RecordKind::intent);
    CHECK(actions[1].body.seq == actions[0].body.seq + 1);
    CHECK(actions[2].body.order == actions[0].body.order);
    CHECK(actions[3].body.order == actions[1].body.order);
}

TEST_CASE("limits go beyond the deepest level used by the slippage, and no further") {
    Setup setup;
    setup.config.strategy.slippage = Ppm{1000};
    Rig rig(setup);
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(places[0].body.price == Price{10020});  // 100.10 + 0.1 % = 100.2001
    CHECK(places[1].body.price == Price{10090});  // 101.00 - 0.1 % = 100.899
}

TEST_CASE("a cross that does not pay its fees is no opportunity") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.drain();
    rig.book(kBinance, around(9990, 10010, 1000, 1));
    rig.book(kBybit, around(10025, 10040, 1000, 1));  // 15 bp gross, 20 bp fees
    CHECK_FALSE(rig.engine->wants_decide());
    rig.decide();
    CHECK(rig.drain(ActionKind::place).empty());
    CHECK(rig.engine->opportunities().stages[0] == 0);
}

TEST_CASE("the order size follows balances and the order limit") {
    SUBCASE("quote of the buying venue") {
        Setup setup;
        setup.usdt = Amount{Int128{5} * kPow10[18]};
        Rig rig(setup);
        rig.start();
        rig.calm();
        const auto places = rig.opened(kBinance);
        REQUIRE(places.size() == 2);
        CHECK(places[0].body.qty == Qty{490});  // 5 / (100.10 x 1.001 x 1.01 headroom), lots of 0.001
    }
    SUBCASE("base of the selling venue") {
        Setup setup;
        setup.btc = base_amount(Qty{305}, kGrid);
        Rig rig(setup);
        rig.start();
        rig.calm();
        const auto places = rig.opened(kBinance);
        REQUIRE(places.size() == 2);
        CHECK(places[1].body.qty == Qty{300});
    }
    SUBCASE("largest order") {
        Setup setup;
        setup.config.limits.max_order_notional = Amount{Int128{3} * kPow10[18]};
        Rig rig(setup);
        rig.start();
        rig.calm();
        const auto places = rig.opened(kBinance);
        REQUIRE(places.size() == 2);
        CHECK(places[0].body.qty == Qty{290});
    }
    SUBCASE("nothing to sell") {
        Setup setup;
        setup.btc = Amount{};
        Rig rig(setup);
        rig.start();
        rig.calm();
        CHECK(rig.opened(kBinance).empty());
    }
}

TEST_CASE("nothing is sent on a STALE book") {
    for (const std::size_t broken : {kBinance, kBybit}) {
        Rig rig;
        rig.start();
        rig.calm();
        rig.cross(kBinance);
        rig.text[broken].lose_one();
        CHECK(rig.book(broken, around(9990, 10010)) == FrameResult::stale);
        CHECK(rig.engine->book(Rig::market(broken)).state() == BookState::stale);
        rig.decide();
        CHECK(rig.drain(ActionKind::place).empty());
        CHECK(rig.engine->stats().trades == 0);
    }
}

TEST_CASE("a gap asks for a new snapshot, once, and the book trades again after it") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.drain();
    rig.text[kBinance].lose_one();
    rig.book(kBinance, around(9990, 10010));
    rig.book(kBinance, around(9990, 10020));
    auto resyncs = rig.drain(ActionKind::resync);
    REQUIRE(resyncs.size() == 1);
    CHECK(resyncs[0].body.instrument == Rig::market(kBinance));
    CHECK(resyncs[0].body.venue == Rig::venue(kBinance));
    CHECK(resyncs[0].code == static_cast<std::uint8_t>(StaleReason::gap));
    CHECK(rig.snapshot(kBinance) == SnapshotResult::joined);
    rig.book(kBinance, around(9990, 10010));
    CHECK(rig.engine->book(Rig::market(kBinance)).live());

    rig.text[kBybit].lose_one();
    rig.book(kBybit, around(9990, 10010));
    resyncs = rig.drain(ActionKind::resync);
    REQUIRE(resyncs.size() == 1);
    CHECK(resyncs[0].body.instrument == Rig::market(kBybit));
    CHECK(rig.send(kBybit, rig.text[kBybit].snapshot()) == FrameResult::applied);
    rig.calm();
    CHECK(rig.opened(kBybit).size() == 2);
}

TEST_CASE("a frame nobody could read makes the book STALE, not the connection's other frames") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.cross(kBinance);
    CHECK(rig.send(kBybit, R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":)") ==
          FrameResult::refused);
    CHECK(rig.engine->book(Rig::market(kBybit)).live());  // until the slow path has spoken
    const InstrumentId which = Rig::market(kBybit);
    SUBCASE("named") { rig.engine->refused(Rig::conn(kBybit), &which, rig.t); }
    SUBCASE("unnamed") { rig.engine->refused(Rig::conn(kBybit), nullptr, rig.t); }
    CHECK(rig.engine->book(which).stale_reason() == StaleReason::refused);
    CHECK(rig.engine->book(Rig::market(kBinance)).live());
    rig.decide();
    CHECK(rig.drain(ActionKind::place).empty());
}

TEST_CASE("an update by the slow path is the same as the frame") {
    Rig rig;
    rig.start();
    rig.calm();
    const std::vector<Level> none;
    const std::vector<Level> bid{{Price{10200}, Qty{500}}};
    const std::vector<Level> gone{{Price{10010}, Qty{}}, {Price{10020}, Qty{}}, {Price{10030}, Qty{}}};
    Update update;
    update.last_id = rig.text[kBybit].id() + 1;
    update.sequence = update.last_id;
    update.bids = bid;
    update.asks = gone;
    CHECK(rig.engine->update(Rig::market(kBybit), Rig::conn(kBybit), update, rig.t) == FrameResult::applied);
    CHECK(rig.engine->book(Rig::market(kBybit)).touch().bid.price == Price{10200});
    CHECK(rig.engine->stats().slow_updates == 1);
}

TEST_CASE("a connection that is closing or down is not traded on") {
    for (const std::size_t which : {kBinance, kBybit}) {
        Rig rig;
        rig.start();
        rig.calm();
        rig.drain();
        rig.cross(kBinance);
        rig.engine->stream(StreamKind::closing, static_cast<std::uint16_t>(which), true, rig.t);
        rig.decide();
        CHECK(rig.drain(ActionKind::place).empty());

        rig.engine->conn_down(Rig::conn(which), rig.t);
        CHECK(rig.engine->book(Rig::market(which)).stale_reason() == StaleReason::disconnected);
        rig.decide();
        CHECK(rig.drain(ActionKind::place).empty());

        rig.engine->conn_up(Rig::conn(which), rig.t);
        if (which == kBinance) {
            CHECK(rig.drain(ActionKind::resync).size() == 1);
            CHECK(rig.snapshot(which) == SnapshotResult::joined);
        } else {
            CHECK(rig.send(which, rig.text[which].snapshot()) == FrameResult::applied);
        }
        rig.calm();
        CHECK(rig.opened(kBinance).size() == 2);
    }
}

TEST_CASE("without the private stream of both venues nothing opens") {
    for (const std::uint16_t which : {0, 1}) {
        Rig rig;
        rig.start();
        rig.calm();
        rig.engine->stream(StreamKind::private_stream, which, false, rig.t);
        CHECK(rig.opened(kBinance).empty());
        CHECK(denials(rig, Refusal::stream) == 1);
    }
}

TEST_CASE("an old book is not traded on") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.book(kBybit, around(10100, 10120, 1000, 1));
    rig.t += 500 * kMillisecond + 1;
    rig.book(kBinance, around(9990, 10010, 1000, 1));
    rig.decide();
    CHECK(denials(rig, Refusal::book_trust) == 1);
    CHECK(rig.engine->stats().trades == 0);
}

TEST_CASE("after our own fill a book must show a later frame, or time must pass") {
    Rig rig;
    rig.start();
    rig.calm();
    auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    for (const Action& place : places) rig.execute(place);
    REQUIRE(rig.engine->open_trades() == 0);

    rig.t += 149 * kMillisecond;
    CHECK(rig.opened(kBinance, 800).empty());
    CHECK(denials(rig, Refusal::own_fills) == 1);

    SUBCASE("a frame 150 ms after it shows what we took") {
        rig.t += kMillisecond;
        CHECK(rig.opened(kBinance, 700).size() == 2);
    }
    SUBCASE("one book alone with a later frame is not enough") {
        rig.t += kMillisecond;
        rig.book(kBinance, around(9990, 10010, 700, 1));
        rig.decide();
        CHECK(denials(rig, Refusal::own_fills) == 2);
        CHECK(rig.engine->stats().trades == 1);
    }
    SUBCASE("after 250 ms the book is trusted as it is") {
        rig.t += 101 * kMillisecond;
        rig.book(kBinance, around(9990, 10010, 700, 1));
        rig.decide();
        CHECK(rig.drain(ActionKind::place).size() == 2);
    }
}

TEST_CASE("a jump of both venues within one turn is no cross, though frame by frame it was one") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.drain();
    rig.book(kBinance, around(10190, 10210));
    CHECK(rig.engine->wants_decide());  // deciding here would answer a phantom
    rig.book(kBybit, around(10190, 10210));
    rig.decide();
    CHECK(rig.drain(ActionKind::place).empty());
    CHECK(rig.engine->opportunities().stages[0] == 0);

    Rig hasty;
    hasty.start();
    hasty.calm();
    hasty.drain();
    hasty.book(kBinance, around(10190, 10210));
    hasty.decide();
    hasty.book(kBybit, around(10190, 10210));
    hasty.decide();
    CHECK(hasty.drain(ActionKind::place).size() == 2);
}

TEST_CASE("a decision without new market data does nothing") {
    Rig rig;
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    for (const Action& place : places) rig.execute(place, Qty{0});
    rig.t += kSecond / 4;
    CHECK_FALSE(rig.engine->wants_decide());
    rig.decide();
    CHECK(rig.drain(ActionKind::place).empty());
    CHECK(rig.engine->stats().trades == 1);
}

TEST_CASE("the same trade is not opened twice within the window, and one pair has one trade") {
    Rig rig;
    rig.start();
    rig.calm();
    auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(rig.opened(kBinance, 900).empty());  // still open
    CHECK(denials(rig, Refusal::duplicate) == 1);
    for (const Action& place : places) rig.execute(place, Qty{0});
    CHECK(rig.opened(kBinance, 1000).empty());  // same size, same moment
    CHECK(denials(rig, Refusal::duplicate) == 2);
    rig.t += 250 * kMillisecond;
    CHECK(rig.opened(kBinance, 1000).size() == 2);
}

TEST_CASE("an operator's halt is sticky, no_new is not") {
    Rig rig;
    rig.start();
    rig.calm();
    SUBCASE("no new") {
        rig.engine->command(CommandKind::no_new, Scope::global, 0, rig.t);
        CHECK(rig.opened(kBinance).empty());
        CHECK(denials(rig, Refusal::engine_state) == 1);
        rig.engine->command(CommandKind::active, Scope::global, 0, rig.t);
        rig.calm();
        CHECK(rig.opened(kBinance).size() == 2);
    }
    SUBCASE("halt of each scope") {
        for (const Scope scope : {Scope::global, Scope::venue, Scope::pair}) {
            Rig each;
            each.start();
            each.calm();
            each.drain();
            each.engine->command(CommandKind::halt, scope, 0, each.t);
            const auto halts = each.drain(ActionKind::halt);
            REQUIRE(halts.size() == 1);
            CHECK(halts[0].scope == static_cast<std::uint8_t>(scope));
            CHECK(halts[0].code == static_cast<std::uint8_t>(HaltReason::operator_halt));
            each.engine->command(CommandKind::halt, scope, 0, each.t);
            each.engine->command(CommandKind::active, scope, 0, each.t);
            CHECK(each.drain(ActionKind::halt).empty());
            CHECK(each.opened(kBinance).empty());
            CHECK(denials(each, Refusal::engine_state) == 1);
        }
    }
}

TEST_CASE("order ids are used only inside the reserved block") {
    Setup setup;
    setup.ids = 2;  // trade 1 only
    Rig rig(setup);
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(order_key(places[0].body.order) == OrderKey{1, 0, 0});
    CHECK(order_key(places[1].body.order) == OrderKey{1, 1, 0});
    for (const Action& place : places) rig.execute(place);
    rig.calm();
    CHECK(rig.opened(kBinance).empty());
    CHECK(denials(rig, Refusal::ids_exhausted) == 1);
    rig.engine->id_block(1, rig.t);  // never shrinks, never grows by less
    rig.calm();
    CHECK(rig.opened(kBinance).empty());
    rig.engine->id_block(3, rig.t);
    rig.calm();
    CHECK(rig.opened(kBinance).size() == 2);
}

TEST_CASE("a trade opens only if the ring has room for all its actions") {
    Rig rig;
    rig.start();
    rig.calm();
    rig.drain();
    // Each connection made anew leaves one Resync undrained.
    const std::size_t fill = ActionRing::kCapacity - Engine::kRoomForTrade + 1;
    for (std::size_t i = 0; i < fill; ++i) rig.engine->conn_up(Rig::conn(kBinance), rig.t);
    rig.snapshot(kBinance);
    rig.book(kBinance, around(9990, 10010, 1002));
    REQUIRE(rig.engine->book(Rig::market(kBinance)).live());
    rig.cross(kBinance);
    rig.decide();
    CHECK(denials(rig, Refusal::ring_full) == 1);
    Action action;
    REQUIRE(rig.engine->pop(action));
    rig.cross(kBinance, 900);
    rig.decide();
    CHECK(rig.drain(ActionKind::place).size() == 2);
    CHECK(rig.engine->state() == EngineState::active);
}

TEST_CASE("an action that finds the ring full halts the engine") {
    Rig rig;
    rig.start();
    rig.drain();
    for (std::size_t i = 0; i < ActionRing::kCapacity; ++i) rig.engine->conn_up(Rig::conn(kBinance), rig.t);
    CHECK(rig.engine->state() == EngineState::active);
    rig.engine->conn_up(Rig::conn(kBinance), rig.t);
    CHECK(rig.engine->state() == EngineState::halt);
}

TEST_CASE("one dislocation is one opportunity, however many frames it lasts") {
    Rig rig;
    rig.start();
    rig.engine->command(CommandKind::no_new, Scope::global, 0, rig.t);
    rig.calm();
    for (int i = 0; i < 20; ++i) {
        rig.t += 10 * kMillisecond;
        rig.cross(kBinance, 500 + i);
        rig.decide();
    }
    CHECK(rig.engine->opportunities().stages[static_cast<std::size_t>(Stage::seen)] == 1);
    CHECK(denials(rig, Refusal::engine_state) == 20);
    CHECK(total_denials(rig) == 20);
    CHECK(rig.engine->opportunities().refusals[static_cast<std::size_t>(Refusal::engine_state)] == 1);

    SUBCASE("an interruption of 50 ms joins") {
        rig.book(kBybit, around(9990, 10010));
        rig.t += 50 * kMillisecond;
        rig.cross(kBinance, 400);
        rig.decide();
        CHECK(rig.engine->opportunities().stages[0] == 1);
    }
    SUBCASE("a longer one begins another") {
        rig.book(kBybit, around(9990, 10010));
        rig.t += 50 * kMillisecond + 1;
        rig.cross(kBinance, 400);
        rig.decide();
        CHECK(rig.engine->opportunities().stages[0] == 2);
    }
    SUBCASE("so does one after the book was lost") {
        rig.engine->conn_down(Rig::conn(kBybit), rig.t);
        rig.engine->conn_up(Rig::conn(kBybit), rig.t);
        rig.t += 51 * kMillisecond;
        rig.send(kBybit, rig.text[kBybit].snapshot());
        rig.cross(kBinance, 400);
        rig.decide();
        CHECK(rig.engine->opportunities().stages[0] == 2);
    }
}

TEST_CASE("a completed trade that earned reaches the last stage") {
    Rig rig;
    rig.start();
    rig.calm();
    for (const Action& place : rig.opened(kBinance)) rig.execute(place);
    for (const std::uint64_t count : rig.engine->opportunities().stages) CHECK(count == 1);
}

TEST_CASE("a trade's result is what it earned less fees, its dust at the sell limit") {
    Setup setup;
    SUBCASE("fee in quote") {
        Rig rig(setup);
        rig.start();
        rig.calm();
        for (const Action& place : rig.opened(kBinance)) rig.execute(place);
        // 10.10 - 10.01, less 0.1 % of both
        CHECK(rig.engine->ledger().realised() == Amount{Int128{69'890'000'000'000'000}});
        CHECK(rig.engine->ledger().realised() ==
              rig.account(0, Rig::usdt).flow + rig.account(1, Rig::usdt).flow);
    }
    SUBCASE("fee in base") {
        setup.buy_mode = FeeMode::base;
        Rig rig(setup);
        rig.start();
        rig.calm();
        for (const Action& place : rig.opened(kBinance)) rig.execute(place);
        // Bought 0.1 for 10.01, 0.0999 arrived, 0.099 sold for 9.999 less 0.1 %, 0.0009 at 101.00 left
        const Amount cash = rig.account(0, Rig::usdt).flow + rig.account(1, Rig::usdt).flow;
        CHECK(rig.engine->ledger().realised() == cash + Amount{Int128{90'900'000'000'000'000}});
    }
}

TEST_CASE("what the coarser lot cannot trade is dust") {
    Setup setup;
    setup.buy_mode = FeeMode::base;
    setup.bybit_lot = Qty{100};
    Rig rig(setup);
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(places[1].body.qty == Qty{900});
    for (const Action& place : places) rig.execute(place);
    CHECK(rig.hedges().empty());
    CHECK(rig.engine->stats().balanced == 1);
    CHECK(rig.engine->ledger().dust(PairId{}) == base_amount(Qty{99}, kGrid));
}

TEST_CASE("the engine's time never goes backwards") {
    Rig rig;
    rig.start();
    rig.calm();
    const Nanos latest = rig.t;
    rig.t -= 100 * kMillisecond;
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(places[0].trigger == latest);
}

TEST_CASE("a frame of an unknown symbol or another topic changes nothing") {
    Rig rig;
    rig.start();
    const std::uint64_t hash = rig.engine->action_hash();
    CHECK(rig.send(kBinance, R"({"result":null,"id":1})") == FrameResult::ignored);
    CHECK(rig.send(kBinance, R"({"u":1,"s":"BTCUSDT","b":"99.90","B":"1","a":"100.10","A":"1"})") ==
          FrameResult::ignored);
    CHECK(rig.engine->stats().tickers == 1);
    CHECK(rig.engine->action_hash() == hash);
}

TEST_CASE("dust is netted into the next trades: it stays below one lot over 200 trades") {
    Setup setup;
    setup.buy_mode = FeeMode::base;
    Rig rig(setup);
    rig.start();
    Amount most{};
    for (int i = 0; i < 200; ++i) {
        rig.calm();
        const auto places = rig.opened(i % 3 == 0 ? kBybit : kBinance, 1000 + i * 7 % 130);
        REQUIRE(places.size() == 2);
        for (const Action& place : places) rig.execute(place);
        REQUIRE(rig.engine->open_trades() == 0);
        most = std::max(most, absolute(rig.engine->ledger().dust(PairId{})));
        CHECK(rig.engine->ledger().dust(PairId{}) == rig.net_base());
    }
    CHECK(rig.engine->stats().balanced == 200);
    CHECK(most < rig.lot());
    CHECK(rig.reservations_zero());
}

TEST_CASE("a loss beyond the limit halts everything") {
    Setup setup;
    setup.config.limits.max_loss = Amount{Int128{1} * kPow10[16]};  // 0.01
    Rig rig(setup);
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    rig.execute(places[0]);
    event::Fill bad = rig.fill_of(places[1], places[1].body.qty, 77);
    bad.price = Price{9900};  // worse than its limit: no venue does this, the loss is what counts
    rig.drain();
    rig.fill(bad);
    CHECK(rig.engine->state() == EngineState::halt);
    const auto halts = rig.drain(ActionKind::halt);
    REQUIRE(halts.size() == 1);
    CHECK(halts[0].code == static_cast<std::uint8_t>(HaltReason::loss_limit));
    CHECK(halts[0].scope == static_cast<std::uint8_t>(Scope::global));
}

TEST_CASE("a balance is the opening only until the first order touches the account") {
    Rig rig;
    rig.start();
    CHECK(rig.engine->balance(Rig::venue(kBinance), Rig::usdt, rig.setup.usdt, rig.t));
    rig.calm();
    REQUIRE(rig.opened(kBinance).size() == 2);
    CHECK_FALSE(rig.engine->balance(Rig::venue(kBinance), Rig::usdt, Amount{1}, rig.t));
    CHECK_FALSE(rig.engine->balance(Rig::venue(kBybit), Rig::btc, Amount{1}, rig.t));
    CHECK(rig.engine->balance(Rig::venue(kBybit), Rig::bnb, Amount{1}, rig.t));
}
