// What becomes of the orders of a trade: answers in every order, hedges, halts, timers.
#include <doctest/doctest.h>

#include <algorithm>

#include "support/open.hpp"

using namespace arb;
using namespace arb::testing;

TEST_CASE("the end is the same in whatever order the answers of both legs arrive") {
    std::array<int, 6> order{0, 1, 2, 3, 4, 5};
    std::uint64_t ledger = 0;
    int tried = 0;
    do {
        Open open;
        Rig& rig = open.rig;
        const std::array<event::Fill, 2> fills{rig.fill_of(open.first, Qty{1000}, 1),
                                               rig.fill_of(open.second, Qty{1000}, 2)};
        for (const int what : order) {
            const Action& place = what % 2 == 0 ? open.first : open.second;
            if (what < 2)
                rig.sent(place);
            else if (what < 4)
                rig.fill(fills[static_cast<std::size_t>(what % 2)]);
            else
                rig.report(place, OrderStatus::filled, Qty{1000});
        }
        REQUIRE(open.trade().state == TradeState::balanced);
        REQUIRE(rig.reservations_zero());
        REQUIRE(rig.engine->unresolved_orders() == 0);
        const std::uint64_t hash = rig.engine->ledger().state_hash(0);
        if (tried++ == 0) ledger = hash;
        REQUIRE(hash == ledger);
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(tried == 720);
}

TEST_CASE("a repeated fill is counted once, by whichever way it comes") {
    Open open;
    Rig& rig = open.rig;
    const event::Fill fill = rig.fill_of(open.first, Qty{400}, 9);
    CHECK(rig.fill(fill) == OrderResult::known);
    CHECK(rig.fill(fill) == OrderResult::duplicate);
    CHECK(open.trade().orders[0].fills == Qty{400});
    const event::Fill other_side = rig.fill_of(open.second, Qty{400}, 9);  // same trade id, the other order
    CHECK(rig.fill(other_side) == OrderResult::known);
    CHECK(rig.engine->stats().duplicate_fills == 1);
}

TEST_CASE("a fill repeated long after its trade was forgotten is still a repetition") {
    Rig rig;
    rig.start();
    event::Fill first{};
    for (std::size_t i = 0; i <= Engine::kTradeSlots; ++i) {
        rig.calm();
        const auto places = rig.opened(kBinance, 500 + static_cast<std::int64_t>(i));
        REQUIRE(places.size() == 2);
        if (i == 0) {
            first = rig.fill_of(places[0], places[0].body.qty, 123'456);
            rig.fill(first);
            rig.report(places[0], OrderStatus::filled, places[0].body.qty);
        } else {
            rig.execute(places[0]);
        }
        rig.execute(places[1]);
    }
    CHECK(rig.fill(first) == OrderResult::duplicate);
    CHECK(rig.engine->state() == EngineState::active);
}

TEST_CASE("an execution of an order that nobody here sent halts everything") {
    Rig rig;
    rig.start();
    rig.drain();
    event::Fill fill{};
    fill.time = rig.t;
    fill.order = order_id({77, 0, 0});
    fill.price = Price{10000};
    fill.qty = Qty{10};
    fill.trade_id = 5;
    CHECK(rig.fill(fill) == OrderResult::foreign);
    CHECK(rig.fill(fill) == OrderResult::duplicate);
    const auto halts = rig.drain(ActionKind::halt);
    REQUIRE(halts.size() == 1);
    CHECK(reason_of(halts[0]) == HaltReason::foreign_fill);
    CHECK(rig.engine->state() == EngineState::halt);
}

TEST_CASE("nothing executed on either leg leaves nothing behind") {
    for (int way = 0; way < 3; ++way) {
        Open open;
        Rig& rig = open.rig;
        const std::uint64_t flows = rig.engine->stats().fills;
        for (const Action& place : {open.first, open.second}) {
            if (way == 0) rig.execute(place, Qty{0});
            if (way == 1) rig.not_sent(place);
            if (way == 2) {
                rig.sent(place);
                rig.reject(place);
            }
        }
        CHECK(open.trade().state == TradeState::balanced);
        CHECK(rig.reservations_zero());
        CHECK(rig.engine->open_trades() == 0);
        CHECK(rig.engine->stats().fills == flows);
        CHECK(rig.engine->stats().hedges == 0);
        CHECK(rig.engine->ledger().exposure(Rig::btc).worst().value == 0);
        CHECK(rig.engine->next_deadline() == 0);
    }
}

TEST_CASE("a leg that was not sent, rejected or found empty is hedged where it costs least") {
    for (int way = 0; way < 3; ++way) {
        for (const bool complete : {true, false}) {
            Open open;
            Rig& rig = open.rig;
            rig.execute(open.first);  // bought 0.1 on Binance
            // Selling on Bybit completes, selling on Binance reverses: the better bid wins.
            const std::size_t where = complete ? kBybit : kBinance;
            rig.book(where, around(10050, 10060, 2000, 1));
            rig.book(1 - where, around(10040, 10050, 2000, 1));
            rig.drain();
            if (way == 0) rig.not_sent(open.second);
            if (way == 1) rig.reject(open.second);
            if (way == 2) {
                rig.sent(open.second);
                rig.found(open.second, OrderStatus::expired, Qty{0});
            }
            const auto hedges = rig.hedges();
            REQUIRE(hedges.size() == 1);
            CHECK(hedges[0].body.hedge == 1);
            CHECK(hedges[0].body.side == Side::sell);
            CHECK(hedges[0].body.qty == Qty{1000});
            CHECK(hedges[0].body.instrument == Rig::market(where));
            CHECK(hedges[0].body.price == Price{9950});  // 1 % below the bid is 99.495, up to the tick
            CHECK(hedges[0].deadline == rig.t + 50 * kMillisecond);
            CHECK(order_key(hedges[0].body.order) == OrderKey{1, 2, 0});
            rig.execute(hedges[0]);
            CHECK(open.trade().state == TradeState::balanced);
            CHECK(rig.net_base().value == 0);
            CHECK(rig.reservations_zero());
            CHECK(rig.engine->stats().hedges == 1);
            CHECK(rig.engine->stats().halted == 0);
        }
    }
}

TEST_CASE("a partial fill is completed by the difference, in base fee mode by what arrives") {
    SUBCASE("sold too little") {
        Open open;
        Rig& rig = open.rig;
        rig.execute(open.first);
        rig.drain();
        rig.execute(open.second, Qty{640});
        const auto hedges = rig.hedges();
        REQUIRE(hedges.size() == 1);
        CHECK(hedges[0].body.side == Side::sell);
        CHECK(hedges[0].body.qty == Qty{360});
    }
    SUBCASE("bought too little, fee in base") {
        Setup setup;
        setup.buy_mode = FeeMode::base;
        Open open(setup);
        Rig& rig = open.rig;
        rig.execute(open.second);  // sold 0.099
        rig.drain();
        rig.execute(open.first, Qty{400});  // 0.0400 less fee: 0.03996
        const auto hedges = rig.hedges();
        REQUIRE(hedges.size() == 1);
        CHECK(hedges[0].body.side == Side::buy);
        CHECK(hedges[0].body.qty == Qty{590});  // 0.05904 / 0.999 = 0.0590990..., whole lots
        rig.execute(hedges[0]);
        CHECK(open.trade().state == TradeState::balanced);
        CHECK(absolute(rig.net_base()) < rig.lot());
        CHECK(rig.engine->ledger().dust(PairId{}) == rig.net_base());
    }
}

TEST_CASE("a buy that pays in base orders as much more as the fee takes") {
    Setup setup;
    setup.buy_mode = FeeMode::base;
    Rig rig(setup);
    rig.start();
    rig.calm();
    const auto places = rig.opened(kBinance, 20'000);
    REQUIRE(places.size() == 2);
    REQUIRE(places[1].body.qty == Qty{19'980});
    rig.execute(places[1]);
    rig.execute(places[0], Qty{0});
    const auto hedges = rig.hedges();
    REQUIRE(hedges.size() == 1);
    CHECK(hedges[0].body.qty == Qty{20'000});
    rig.execute(hedges[0]);
    CHECK(rig.net_base().value == 0);
}

TEST_CASE("before its fills are heard of, what a base fee will take is estimated") {
    Setup setup;
    setup.buy_mode = FeeMode::base;
    Open open(setup);
    Rig& rig = open.rig;
    rig.sent(open.first);
    rig.report(open.first, OrderStatus::filled, Qty{1000});
    rig.drain();
    rig.reject(open.second);
    const auto hedges = rig.hedges();
    REQUIRE(hedges.size() == 1);
    CHECK(hedges[0].body.qty == Qty{990});  // 0.0999 will have arrived
}

TEST_CASE("a hedge does not go by the book of a closing connection") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.engine->stream(StreamKind::closing, static_cast<std::uint16_t>(kBybit), true, rig.t);
    rig.drain();
    rig.reject(open.second);
    const auto hedges = rig.hedges();  // Bybit bids 101.00, Binance 99.90
    REQUIRE(hedges.size() == 1);
    CHECK(hedges[0].body.instrument == Rig::market(kBinance));
}

TEST_CASE("no hedge goes out while the other leg may still execute") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.sent(open.second);
    rig.drain();
    rig.ambiguous(open.second);
    for (int i = 0; i < 100; ++i) {
        rig.pass(100 * kMillisecond);
        rig.absent(open.second);
        CHECK(of_kind(rig.drain(), ActionKind::place).empty());
    }
    rig.book(kBinance, around(9990, 10010));
    rig.book(kBybit, around(9990, 10010));
    rig.found(open.second, OrderStatus::expired, Qty{0});
    CHECK(rig.hedges().size() == 1);
}

TEST_CASE("an imbalance below the venues' minimum becomes dust and is netted later") {
    Setup setup;
    setup.min_notional = Notional{2 * 1'000'000};  // 2.00 USDT on the grid of 2 + 4 decimals
    Open open(setup);
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.drain();
    rig.execute(open.second, Qty{900});  // 0.01 left, about 1 USDT: no venue takes that
    CHECK(rig.hedges().empty());
    CHECK(open.trade().state == TradeState::balanced);
    CHECK(rig.engine->ledger().dust(PairId{}) == base_amount(Qty{100}, kGrid));
    rig.calm();
    const auto places = rig.opened(kBinance, 500);
    REQUIRE(places.size() == 2);
    CHECK(places[0].body.qty == Qty{500});
    CHECK(places[1].body.qty == Qty{600});
    for (const Action& place : places) rig.execute(place);
    CHECK(rig.engine->ledger().dust(PairId{}).value == 0);
    CHECK(rig.net_base().value == 0);
}

TEST_CASE("after the allowed hedges the pair halts, and stays so") {
    for (const std::uint8_t allowed : {1, 3, 4, 200}) {
        Setup setup;
        setup.config.max_hedges = allowed;
        Open open(setup);
        Rig& rig = open.rig;
        rig.execute(open.first);
        rig.drain();
        rig.reject(open.second);
        const int most = std::min<int>(allowed, static_cast<int>(kMaxOrders - kEntryLegs));
        for (int i = 0; i < most; ++i) {
            const auto hedges = rig.hedges();
            REQUIRE(hedges.size() == 1);
            CHECK(order_key(hedges[0].body.order) == OrderKey{1, 2, static_cast<std::uint8_t>(i)});
            rig.execute(hedges[0], Qty{0});
        }
        const auto rest = rig.drain();
        CHECK(of_kind(rest, ActionKind::place).empty());
        const auto halts = of_kind(rest, ActionKind::halt);
        REQUIRE(halts.size() == 1);
        CHECK(reason_of(halts[0]) == HaltReason::hedges_spent);
        CHECK(halts[0].scope == static_cast<std::uint8_t>(Scope::pair));
        CHECK(open.trade().state == TradeState::halted);
        CHECK(rig.engine->stats().halted == 1);
        CHECK(rig.engine->stats().balanced == 0);
        CHECK(rig.reservations_zero());
        CHECK(rig.engine->ledger().exposure(Rig::btc).worst() == base_amount(Qty{1000}, kGrid));
        rig.calm();
        CHECK(rig.opened(kBinance).empty());
    }
}

TEST_CASE("a hedge waits for a usable book, and halts when none comes in time") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.engine->conn_down(Rig::conn(kBinance), rig.t);
    rig.engine->conn_down(Rig::conn(kBybit), rig.t);
    rig.drain();
    rig.reject(open.second);
    CHECK(rig.drain(ActionKind::place).empty());
    CHECK(open.trade().state == TradeState::resolving);
    const Nanos from = rig.t;
    CHECK(rig.engine->next_deadline() == from + 20 * kMillisecond);
    SUBCASE("one book comes back") {
        rig.pass(100 * kMillisecond);
        rig.engine->conn_up(Rig::conn(kBybit), rig.t);
        rig.send(kBybit, rig.text[kBybit].snapshot());
        rig.drain();
        rig.pass(20 * kMillisecond);
        const auto hedges = rig.hedges();
        REQUIRE(hedges.size() == 1);
        CHECK(hedges[0].body.instrument == Rig::market(kBybit));
        CHECK(rig.engine->next_deadline() == hedges[0].deadline + 150 * kMillisecond);  // its answer is due
    }
    SUBCASE("none comes") {
        while (rig.t < from + 1490 * kMillisecond) rig.pass(10 * kMillisecond);
        CHECK(open.trade().state == TradeState::resolving);
        rig.drain();
        rig.pass(10 * kMillisecond);
        const auto halts = rig.drain(ActionKind::halt);
        REQUIRE(halts.size() == 1);
        CHECK(reason_of(halts[0]) == HaltReason::no_hedge_book);
        CHECK(open.trade().state == TradeState::halted);
        CHECK(rig.engine->next_deadline() == 0);
    }
}

TEST_CASE("a hedge is priced by a book later than the orders' ends, or one that stays silent") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.drain();
    rig.reject(open.second);
    const Nanos from = rig.t;
    rig.pass(20 * kMillisecond);
    CHECK(rig.drain(ActionKind::place).empty());
    SUBCASE("one venue's next frame makes that venue usable") {
        rig.send(kBinance, rig.text[kBinance].nudge());
        rig.pass(20 * kMillisecond);
        const auto hedges = rig.drain(ActionKind::place);
        REQUIRE(hedges.size() == 1);
        CHECK(hedges[0].body.instrument == Rig::market(kBinance));
    }
    SUBCASE("silence") {
        while (rig.t < from + 240 * kMillisecond) rig.pass(10 * kMillisecond);
        CHECK(rig.drain(ActionKind::place).empty());
        rig.pass(20 * kMillisecond);
        CHECK(rig.drain(ActionKind::place).size() == 1);
    }
}

TEST_CASE("a hedge goes out in spite of entry limits and a halted pair") {
    Setup setup;
    setup.config.limits.max_order_notional = Amount{Int128{20} * kPow10[18]};
    setup.config.limits.max_notional = Amount{Int128{25} * kPow10[18]};
    setup.config.limits.max_open_trades = 1;
    Open open(setup);
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.engine->command(CommandKind::halt, Scope::global, 0, rig.t);
    rig.engine->stream(StreamKind::private_stream, 0, false, rig.t);
    rig.engine->stream(StreamKind::private_stream, 1, false, rig.t);
    rig.drain();
    rig.reject(open.second);
    const auto hedges = rig.hedges();
    REQUIRE(hedges.size() == 1);
    rig.execute(hedges[0]);
    CHECK(open.trade().state == TradeState::balanced);
}

TEST_CASE("an order without an answer is unknown after its time, and asked for on the schedule") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.second);
    rig.sent(open.first);
    rig.drain();
    const Nanos from = rig.t;
    CHECK(rig.engine->next_deadline() == from + 200 * kMillisecond);
    rig.t = from + 200 * kMillisecond - 1;
    rig.time();
    CHECK(rig.drain().empty());
    std::vector<Nanos> asked;
    while (rig.t < from + 10 * kSecond) {
        rig.t = rig.engine->next_deadline();
        rig.time();
        for (const Action& query : rig.drain(ActionKind::query)) {
            CHECK(query.body.order == open.first.body.order);
            CHECK(query.body.instrument == open.first.body.instrument);
            asked.push_back((rig.t - from) / kMillisecond);
        }
    }
    CHECK(asked == std::vector<Nanos>{200, 300, 500, 1200, 3200, 10200});
    CHECK(rig.engine->next_deadline() == from + 13 * kSecond);  // the fence
    while (rig.t < from + 21 * kSecond) {
        rig.t = rig.engine->next_deadline();
        rig.time();
        for (const Action& query : rig.drain(ActionKind::query)) {
            CHECK(query.body.order == open.first.body.order);
            asked.push_back((rig.t - from) / kMillisecond);
        }
    }
    CHECK(std::vector<Nanos>(asked.begin() + 6, asked.end()) == std::vector<Nanos>{13000, 18000, 23000});
    CHECK(rig.engine->stats().unknowns == 1);
    CHECK(open.trade().state == TradeState::halted);  // 20 s unknown
    // And it still ends properly: counted, released, but a person decides.
    rig.found(open.first, OrderStatus::filled, Qty{1000});
    rig.fill(open.first, Qty{1000});
    CHECK(rig.engine->unresolved_orders() == 0);
    CHECK(rig.reservations_zero());
    CHECK(rig.net_base().value == 0);
    CHECK(open.trade().state == TradeState::halted);
}

TEST_CASE("an order that stays lost halts the pair with its worst case, and queries go on") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.second);
    rig.sent(open.first);
    rig.ambiguous(open.first);
    rig.drain();
    const Nanos from = rig.t;
    rig.t = from + 20 * kSecond - 1;
    rig.time();
    CHECK(rig.drain(ActionKind::halt).empty());
    rig.t = from + 20 * kSecond;
    rig.time();
    const auto halts = rig.drain(ActionKind::halt);
    REQUIRE(halts.size() == 1);
    CHECK(reason_of(halts[0]) == HaltReason::order_lost);
    const Exposure exposure = rig.engine->ledger().exposure(Rig::btc);
    CHECK(exposure.low == -base_amount(Qty{1000}, kGrid));
    CHECK(exposure.high.value == 0);
    CHECK_FALSE(rig.reservations_zero());
    rig.pass(10 * kSecond);
    CHECK(rig.drain(ActionKind::query).size() == 1);
    CHECK(rig.engine->unresolved_orders() == 1);
}

TEST_CASE("late words that nothing was sent are no proof") {
    Open open;
    Rig& rig = open.rig;
    rig.sent(open.first);
    rig.not_sent(open.first);
    CHECK(open.trade().orders[0].state == OrderState::sent);
    CHECK(rig.engine->unresolved_orders() == 2);
}

TEST_CASE("an execution after the order was resolved is adopted, and the pair halts") {
    for (const bool balanced : {true, false}) {
        for (const bool by_fill : {true, false}) {
            Open open;
            Rig& rig = open.rig;
            rig.execute(open.first, Qty{0});
            if (balanced) rig.execute(open.second, Qty{0});
            rig.drain();
            if (by_fill)
                rig.fill(open.first, Qty{300});
            else
                rig.report(open.first, OrderStatus::filled, Qty{300});
            const auto halts = rig.drain(ActionKind::halt);
            REQUIRE(halts.size() == 1);
            CHECK(reason_of(halts[0]) == HaltReason::late_execution);
            CHECK(open.trade().state == TradeState::halted);
            CHECK(rig.engine->stats().halted == 1);
            CHECK(rig.engine->stats().balanced == 0);
            if (!by_fill) {  // its price is not known yet: it is asked for, though the trade is halted
                rig.pass(100 * kMillisecond);
                CHECK(rig.drain(ActionKind::query).size() == 1);
                rig.fill(open.first, Qty{300});
            }
            if (!balanced) rig.execute(open.second, Qty{0});
            CHECK(rig.net_base() == base_amount(Qty{300}, kGrid));
            const Exposure exposure = rig.engine->ledger().exposure(Rig::btc);
            CHECK(exposure.low == exposure.high);
            CHECK(exposure.low == rig.net_base());
            CHECK(rig.reservations_zero());
            CHECK(rig.engine->open_trades() == 0);
        }
    }
}

TEST_CASE("a second late execution of a halted trade does not count it as halted twice") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.first, Qty{0});
    rig.execute(open.second, Qty{0});
    rig.fill(open.first, Qty{100});
    rig.fill(open.first, Qty{100});
    CHECK(rig.engine->stats().halted == 1);
    CHECK(rig.net_base() == base_amount(Qty{200}, kGrid));
    CHECK(rig.engine->ledger().exposure(Rig::btc).high == rig.net_base());
}

TEST_CASE("an order that executed is asked for its fills, and the trade ends when they are in") {
    Open open;
    Rig& rig = open.rig;
    rig.execute(open.first);
    rig.sent(open.second);
    rig.drain();
    rig.report(open.second, OrderStatus::filled, Qty{1000});
    CHECK(open.trade().state == TradeState::resolving);
    rig.report(open.second, OrderStatus::filled, Qty{1000});  // said again: still not asked at once
    CHECK(rig.drain(ActionKind::query).empty());              // nearly always they come by themselves
    CHECK(rig.engine->next_deadline() == rig.t + 100 * kMillisecond);
    rig.pass(100 * kMillisecond);
    CHECK(rig.drain(ActionKind::query).size() == 1);
    rig.fill(open.second, Qty{600});
    CHECK(open.trade().state == TradeState::resolving);
    rig.fill(open.second, Qty{400});
    CHECK(open.trade().state == TradeState::balanced);
    CHECK(rig.engine->next_deadline() == 0);
}

TEST_CASE("a halted trade keeps its slot, and new ids step over it within the block") {
    Setup setup;
    setup.ids = Engine::kTradeSlots + 2;
    Rig rig(setup);
    // A second pair on the same connections goes on trading while the first is halted.
    const AssetId eth = rig.engine->add_asset("ETH");
    const PairId pair = rig.engine->add_pair(eth, Rig::usdt, kGrid);
    std::array<MarketText, 2> text{MarketText{Market::binance_spot, kGrid, "ETHUSDT"},
                                   MarketText{Market::bybit_spot, kGrid, "ETHUSDT"}};
    for (std::size_t i = 0; i < 2; ++i) {
        Instrument instrument = rig.engine->instrument(Rig::market(i));
        instrument.pair = pair;
        rig.engine->add_instrument(instrument, Rig::conn(i), "ETHUSDT");
        text[i].follow(rig.t);
        text[i].move(around(9990, 10010));
    }
    rig.start();
    rig.engine->balance(Rig::venue(kBybit), eth, setup.btc, rig.t);
    const std::string body = text[kBinance].snapshot();
    rig.engine->snapshot(static_cast<InstrumentId>(2), Rig::conn(kBinance), body.data(), body.size(), 1000, rig.t);
    rig.send(kBinance, text[kBinance].move(around(9990, 10010, 1001)));
    rig.send(kBybit, text[kBybit].snapshot());

    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    rig.execute(places[0], Qty{0});
    rig.execute(places[1], Qty{0});
    rig.fill(places[0], Qty{100});  // late: halts the first pair only
    REQUIRE(rig.engine->slot(1).state == TradeState::halted);

    const auto trade = [&](std::size_t i) {
        rig.pass(300 * kMillisecond);
        rig.send(kBinance,
                 text[kBinance].move(around(9990, 10010, 500 + static_cast<std::int64_t>(i % 9), 1)));
        rig.send(kBybit, text[kBybit].move(around(10100, 10120, 1000, 1)));
        rig.decide();
        const auto orders = rig.drain(ActionKind::place);
        for (const Action& order : orders) rig.execute(order);
        return orders.empty() ? std::uint64_t{0} : order_key(orders[0].body.order).seq;
    };
    for (std::size_t i = 2; i <= Engine::kTradeSlots; ++i) REQUIRE(trade(i) == i);
    CHECK(trade(1) == 0);  // 257 would take the slot of trade 1, and 258 is not reserved yet
    CHECK(rig.engine->opportunities().denials[static_cast<std::size_t>(Refusal::ids_exhausted)] == 1);
    rig.engine->id_block(setup.ids + 1, rig.t);
    CHECK(trade(2) == Engine::kTradeSlots + 2);
    CHECK(rig.engine->slot(1).state == TradeState::halted);
}

TEST_CASE("an answer about an order we never had is counted and changes nothing") {
    Open open;
    Rig& rig = open.rig;
    const std::uint64_t state = rig.engine->state_hash();
    Action stranger = open.first;
    stranger.body.order = order_id({order_key(open.first.body.order).seq + Engine::kTradeSlots, 0, 0});
    rig.report(stranger, OrderStatus::filled, Qty{10});
    stranger.body.order = order_id({order_key(open.first.body.order).seq, 2, 0});
    rig.found(stranger, OrderStatus::filled, Qty{10});
    rig.reject(stranger);
    CHECK(rig.engine->stats().foreign == 3);
    CHECK(rig.engine->state_hash() == state);
}

TEST_CASE("a fee in a third asset is booked there") {
    Open open;
    Rig& rig = open.rig;
    event::Fill fill = rig.fill_of(open.first, Qty{1000}, 1);
    fill.fee_asset = Rig::bnb;
    fill.fee = Amount{12345};
    rig.fill(fill);
    rig.execute(open.second);
    CHECK(rig.account(kBinance, Rig::bnb).flow == Amount{-12345});
    CHECK(rig.account(kBinance, Rig::bnb).fees == Amount{12345});
    CHECK(rig.account(kBinance, Rig::usdt).flow == -quote_amount(Price{10010} * Qty{1000}, kGrid));
    CHECK(open.trade().state == TradeState::balanced);
}
