// What the shell tells besides orders: prices, cash, trading rules, commands.
#include <doctest/doctest.h>

#include "support/open.hpp"

using namespace arb;
using namespace arb::testing;

TEST_CASE("a fee in a third asset is part of the result at its price, or at the first one that comes") {
    for (const bool known : {true, false}) {
        CAPTURE(known);
        Open open;
        Rig& rig = open.rig;
        const auto realised = [&] { return rig.engine->ledger().realised(); };
        const Amount fee{Int128{2} * kPow10[15]};  // 0.002 BNB
        if (known) rig.engine->asset_price(Rig::bnb, Amount{600 * kPow10[18] + 1}, rig.t);
        event::Fill fill = rig.fill_of(open.first, Qty{1000}, 1);
        fill.fee_asset = Rig::bnb;
        fill.fee = fee;
        rig.fill(fill);
        const Amount worth{kPow10[17] * 12 + 1};  // rounded against us
        CHECK(realised() == (known ? -worth : Amount{}));
        CHECK(rig.engine->ledger().unpriced(Rig::bnb) == (known ? Amount{} : fee));
        rig.engine->asset_price(Rig::bnb, Amount{600 * kPow10[18] + 1}, rig.t);
        CHECK(realised() == -worth);
        CHECK(rig.engine->ledger().unpriced(Rig::bnb).value == 0);
        rig.engine->asset_price(Rig::bnb, Amount{700 * kPow10[18]}, rig.t);  // what was paid was paid
        CHECK(realised() == -worth);
        rig.execute(open.second);
        const Amount sold = quote_amount(Price{10100} * Qty{1000}, kGrid);
        const Amount bought = quote_amount(Price{10010} * Qty{1000}, kGrid);
        CHECK(realised() == sold - bought - ppm_of(sold, rig.setup.taker) - worth);
    }
}

TEST_CASE("a fee in the trade's own assets is not counted a second time when they have a price") {
    Setup setup;
    setup.buy_mode = FeeMode::base;
    Open open(setup);
    Rig& rig = open.rig;
    rig.engine->asset_price(Rig::usdt, Amount{kPow10[18]}, rig.t);
    rig.engine->asset_price(Rig::btc, Amount{100 * kPow10[18]}, rig.t);
    rig.fill(open.first, open.first.body.qty);
    rig.fill(open.second, open.second.body.qty);
    CHECK(rig.account(kBinance, Rig::btc).fees.value > 0);
    CHECK(rig.account(kBybit, Rig::usdt).fees.value > 0);
    CHECK(open.trade().state == TradeState::balanced);
    // The result is what the accounts hold more, the base at the sell limit.
    const Amount cash = rig.account(0, Rig::usdt).flow + rig.account(1, Rig::usdt).flow;
    CHECK(rig.engine->ledger().realised() == cash + worth_of(rig.net_base(), Amount{101 * kPow10[18]}));
}

TEST_CASE("worth is exact where the product passes 128 bits, and rounds away from zero") {
    const Amount one{kPow10[18]};
    CHECK(worth_of(one, one) == one);
    CHECK(worth_of(Amount{1}, Amount{1}) == Amount{1});
    CHECK(worth_of(Amount{-1}, Amount{1}) == Amount{-1});
    CHECK(worth_of({}, one) == Amount{});
    const Amount many{1'234'567 * kPow10[18] + 891};
    CHECK(worth_of(many, Amount{600 * kPow10[18] + kPow10[17]}) ==
          Amount{1'234'567 * (600 * kPow10[18] + kPow10[17]) + 891 * 600 + 90});
    CHECK(worth_of(Amount{(Int128{1} << 106) - 1}, Amount{kAssetPriceBound - 1}).value > 0);
}

TEST_CASE("funding is part of the result and a transfer is not; both move the account") {
    Rig rig;
    rig.start();
    rig.engine->asset_price(Rig::usdt, Amount{kPow10[18]}, rig.t);
    rig.engine->cash(Rig::venue(0), Rig::usdt, Amount{-5}, CashKind::funding, rig.t);
    rig.engine->cash(Rig::venue(0), Rig::usdt, Amount{70}, CashKind::transfer, rig.t);
    CHECK(rig.engine->ledger().realised() == Amount{-5});
    CHECK(rig.account(0, Rig::usdt).flow == Amount{65});
    CHECK_FALSE(rig.engine->balance(Rig::venue(0), Rig::usdt, Amount{1}, rig.t));
    CHECK(rig.drain(ActionKind::record).size() == 3);
}

TEST_CASE("rules that changed count from the next check") {
    Rig rig;
    rig.start();
    const auto denied = [&](Refusal why) {
        return rig.engine->opportunities().denials[static_cast<std::size_t>(why)];
    };
    const auto opens = [&] {
        rig.calm();
        const auto places = rig.opened(kBinance);
        for (const Action& place : places) rig.execute(place);
        return places.size() == 2;
    };
    const auto change = [&](auto what, bool tradable = true, bool fits = true) {
        Filters filters = rig.engine->instrument(Rig::market(kBybit)).filters;
        what(filters);
        rig.engine->rules(Rig::market(kBybit), filters, tradable, fits, rig.t);
    };
    const auto nothing = [](Filters&) {};
    CHECK(opens());
    change([](Filters& f) { f.max_price = Price{10'000}; });  // the band of a venue that is calmer than its book
    CHECK_FALSE(opens());
    change([](Filters& f) { f.max_price = {}; });
    CHECK(opens());
    change(nothing, false);
    CHECK_FALSE(opens());
    CHECK(denied(Refusal::instrument) > 0);
    change(nothing);
    CHECK(opens());
    change([](Filters& f) { f.lot = Qty{30}; });
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    CHECK(places[1].body.qty.value % 30 == 0);
    for (const Action& place : places) rig.execute(place);
    // What the grid cannot hold ends the entries of the pair for good, and the old filters go on for hedges.
    change([](Filters& f) { f.lot = Qty{1}; }, true, false);
    CHECK(rig.engine->instrument(Rig::market(kBybit)).filters.lot == Qty{30});
    CHECK_FALSE(opens());
    change(nothing);
    CHECK_FALSE(opens());
}

TEST_CASE("a venue without new trades goes back to active, and neither way undoes a halt") {
    for (const Scope scope : {Scope::venue, Scope::pair, Scope::global}) {
        Rig rig;
        rig.start();
        const auto opens = [&] {
            rig.calm();
            const auto places = rig.opened(kBinance);
            for (const Action& place : places) rig.execute(place);
            return places.size() == 2;
        };
        const auto command = [&](CommandKind kind, Scope where) { rig.engine->command(kind, where, 0, rig.t); };
        command(CommandKind::no_new, scope);
        CHECK_FALSE(opens());
        command(CommandKind::active, scope);
        CHECK(opens());
        // Each scope has its own state, and the strictest counts.
        command(CommandKind::no_new, scope);
        for (const Scope other : {Scope::venue, Scope::pair, Scope::global}) {
            if (other != scope) command(CommandKind::active, other);
        }
        CHECK_FALSE(opens());
        command(CommandKind::halt, scope);
        command(CommandKind::no_new, scope);
        command(CommandKind::active, scope);
        CHECK_FALSE(opens());
    }
}
