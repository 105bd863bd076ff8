// Perpetuals: positions instead of base balances, margin instead of funds, reduce-only orders.
#include <doctest/doctest.h>

#include "support/open.hpp"

using namespace arb;
using namespace arb::testing;

namespace {

Setup perpetuals(Qty first = {}, Qty second = {}) {
    Setup setup;
    setup.perpetual = true;
    setup.opening = {first, second};
    return setup;
}

}  // namespace

TEST_CASE("perpetuals trade both ways without any base, and positions are what the fills made of them") {
    Open open(perpetuals());
    Rig& rig = open.rig;
    CHECK(open.first.body.reduce_only == 0);
    CHECK(open.second.body.reduce_only == 0);
    CHECK(rig.account(kBinance, Rig::btc).total().value == 0);
    CHECK(rig.reservations_zero() == false);  // what is pending is counted
    rig.execute(open.first);
    rig.execute(open.second);
    CHECK(open.trade().state == TradeState::balanced);
    CHECK(rig.engine->ledger().position(Rig::market(kBinance)).total() == Qty{1000});
    CHECK(rig.engine->ledger().position(Rig::market(kBybit)).total() == Qty{-1000});
    CHECK(rig.reservations_zero());

    // The way back closes both, and only then is an order reduce-only. Flat, cash is the wallet.
    rig.calm();
    const auto back = rig.opened(kBybit);
    REQUIRE(back.size() == 2);
    for (const Action& place : back) {
        CHECK(place.body.reduce_only == 1);
        rig.execute(place);
    }
    CHECK(rig.engine->ledger().exposure(Rig::btc).worst().value == 0);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(rig.engine->ledger().position(Rig::market(i)).total().value == 0);
        CHECK(rig.account(i, Rig::btc).total().value == 0);
    }
    const Amount cash = rig.account(0, Rig::usdt).flow + rig.account(1, Rig::usdt).flow;
    CHECK(cash == rig.engine->ledger().realised());
    CHECK(cash.value > 0);
}

TEST_CASE("an order is reduce-only exactly when it cannot pass zero, whatever else executes") {
    struct Case {
        std::int64_t first, second;  // opening positions; 0.1 is bought at the first and sold at the second
        int buy_reduces, sell_reduces;
    };
    for (const Case& each : {Case{0, 0, 0, 0}, Case{-1000, 1000, 1, 1}, Case{-990, 990, 0, 0}, Case{-5000, 0, 1, 0},
                             Case{5000, -5000, 0, 0}}) {
        Open open(perpetuals(Qty{each.first}, Qty{each.second}));
        CHECK(open.first.body.reduce_only == each.buy_reduces);
        CHECK(open.second.body.reduce_only == each.sell_reduces);
    }
    SUBCASE("a hedge that reverses reduces, one that completes does not") {
        for (const bool complete : {true, false}) {
            Open open(perpetuals());
            Rig& rig = open.rig;
            rig.execute(open.first);
            const std::size_t where = complete ? kBybit : kBinance;
            rig.book(where, around(10050, 10060, 2000, 1));
            rig.book(1 - where, around(10040, 10050, 2000, 1));
            rig.drain();
            rig.reject(open.second);
            const auto hedges = rig.hedges();
            REQUIRE(hedges.size() == 1);
            CHECK(hedges[0].body.instrument == Rig::market(where));
            CHECK(hedges[0].body.reduce_only == (complete ? 0 : 1));
        }
    }
}

TEST_CASE("a position in the opening is worth what its price makes it, and cost what it cost") {
    Rig rig(perpetuals(Qty{20'000}, Qty{-10'000}));  // +2 and -1 at 100, wallets of 1,000,000
    rig.start();
    CHECK(rig.account(0, Rig::btc).total() == base_amount(Qty{20'000}, kGrid));
    CHECK(rig.account(0, Rig::usdt).total() == rig.setup.usdt - Amount{200 * kPow10[18]});
    CHECK(rig.account(1, Rig::usdt).total() == rig.setup.usdt + Amount{100 * kPow10[18]});
    CHECK(rig.engine->ledger().exposure(Rig::btc).worst().value == 0);  // against the opening
    // In whatever order wallet and position come, and corrected before the first order.
    rig.engine->position(Rig::market(0), Qty{0}, {}, rig.t);
    CHECK(rig.account(0, Rig::usdt).total() == rig.setup.usdt);
    CHECK(rig.engine->position(Rig::market(0), Qty{10'000}, Rig::cost(Qty{10'000}), rig.t) == PositionResult::opened);
    CHECK(rig.engine->balance(Rig::venue(0), Rig::usdt, Amount{500 * kPow10[18]}, rig.t));
    CHECK(rig.account(0, Rig::usdt).total() == Amount{400 * kPow10[18]});
    // The position is no balance.
    CHECK_FALSE(rig.engine->balance(Rig::venue(0), Rig::btc, Amount{77}, rig.t));
    CHECK(rig.account(0, Rig::btc).total() == base_amount(Qty{10'000}, kGrid));
}

TEST_CASE("a position told later is compared, once no order can change it") {
    Open open(perpetuals());
    Rig& rig = open.rig;
    const auto told = [&](std::int64_t qty) { return rig.engine->position(Rig::market(0), Qty{qty}, {}, rig.t); };
    CHECK(told(0) == PositionResult::busy);
    rig.execute(open.first);
    CHECK(told(1000) == PositionResult::agrees);
    CHECK(rig.engine->stats().positions_differ == 0);
    CHECK(told(990) == PositionResult::differs);
    CHECK(rig.engine->stats().positions_differ == 1);
    CHECK(rig.engine->ledger().position(Rig::market(0)).total() == Qty{1000});
}

TEST_CASE("margin is shared by all positions of the account") {
    Setup setup = perpetuals();
    setup.usdt = Amount{50 * kPow10[18]};
    Rig rig(setup);
    const AssetId eth = rig.engine->add_asset("ETH");
    const PairId pair = rig.engine->add_pair(eth, Rig::usdt, kGrid);
    Instrument instrument = rig.engine->instrument(Rig::market(0));
    instrument.pair = pair;
    const InstrumentId other = rig.engine->add_instrument(instrument, Rig::conn(0), "ETHUSDT");
    rig.start();
    const auto denied = [&] { return rig.engine->opportunities().denials[static_cast<std::size_t>(Refusal::margin)]; };
    SUBCASE("nothing else is held") {
        rig.calm();
        CHECK(rig.opened(kBinance).size() == 2);
    }
    SUBCASE("the position that is traded counts once") {
        rig.engine->position(Rig::market(0), Qty{3'000}, Rig::cost(Qty{3'000}), rig.t);
        rig.calm();
        const auto places = rig.opened(kBinance);
        REQUIRE(places.size() == 2);
        CHECK(places[0].body.qty == Qty{1000});
    }
    SUBCASE("a position without a price") {
        rig.engine->position(other, Qty{1}, {}, rig.t);
        rig.calm();
        CHECK(rig.opened(kBinance).empty());
        CHECK(denied() > 0);
    }
    SUBCASE("a position that takes all of it, and one that leaves enough") {
        MarketText text(Market::bybit_linear, kGrid, "ETHUSDT");
        text.follow(rig.t);
        text.move(around(9990, 10010));
        rig.send(0, text.snapshot());
        const auto hold = [&](Qty qty) { rig.engine->position(other, qty, Rig::cost(qty), rig.t); };
        hold(Qty{-5'000});
        rig.calm();
        CHECK(rig.opened(kBinance).empty());
        CHECK(denied() > 0);
        hold(Qty{-4'500});  // 5 USDT are left
        rig.calm();
        const auto places = rig.opened(kBinance);
        REQUIRE(places.size() == 2);
        CHECK(places[0].body.qty.value > 480);
        CHECK(places[0].body.qty.value < 500);
    }
}
