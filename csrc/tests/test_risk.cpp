// The gate, row by row: each code is reached, and the neighbouring value passes.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "arb/amounts.hpp"
#include "arb/risk.hpp"

using namespace arb;

namespace {

constexpr Grid kGrid{2, 4};
constexpr AssetId kBtc{0};
constexpr AssetId kUsdt{1};
constexpr Nanos kNow = 1000 * kSecond;

constexpr Amount usdt(std::int64_t whole) { return {whole * kPow10[18]}; }

// Buy 0.1 at 100.10 on venue 0, sell 0.1 at 101.00 on venue 1, all in order; a test breaks one thing.
struct Desk {
    std::array<Instrument, 2> instruments{};
    std::array<MarketView, 2> markets{};
    Proposal proposal{};
    PairContext pair{};
    Ledger ledger{};
    Limits limits{};

    Desk() {
        for (std::uint8_t i = 0; i < 2; ++i) {
            instruments[i].venue = VenueId{i};
            instruments[i].base = kBtc;
            instruments[i].quote = kUsdt;
            instruments[i].grid = kGrid;
            instruments[i].fees.taker = Ppm{1000};
            instruments[i].filters.lot = Qty{10};
            MarketView& market = markets[i];
            market.book = BookState::live;
            market.touch = {{Price{i == 0 ? 10'000 : 10'100}, Qty{1000}},
                            {Price{i == 0 ? 10'010 : 10'120}, Qty{1000}},
                            true,
                            true};
            market.book_recv = kNow;
            market.connected = true;
            market.private_up = true;
            ledger.open(VenueId{i}, kBtc, base_amount(Qty{100'000}, kGrid));
            ledger.open(VenueId{i}, kUsdt, usdt(10'000));
        }
        proposal.legs[0] = {InstrumentId{0}, Side::buy, Qty{1000}, Price{10'010}};
        proposal.legs[1] = {InstrumentId{1}, Side::sell, Qty{1000}, Price{10'100}};
        proposal.net = Notional{50'000};
        proposal.worst = Notional{50'000};
    }

    Gate::Entry entry(Nanos now = kNow) {
        for (std::size_t i = 0; i < 2; ++i) markets[i].instrument = &instruments[i];
        return Gate(limits).check_entry(proposal, markets, pair, ledger, now);
    }
    Refusal refusal(Nanos now = kNow) {
        const Gate::Entry result = entry(now);
        // All or nothing.
        CHECK(result.legs[0].has_value() == (result.refusal == Refusal::none));
        CHECK(result.legs[1].has_value() == (result.refusal == Refusal::none));
        return result.refusal;
    }
    Gate::Hedge hedge(const Intent& intent, Amount imbalance, Nanos now = kNow) {
        for (std::size_t i = 0; i < 2; ++i) markets[i].instrument = &instruments[i];
        return Gate(limits).check_hedge(intent, markets[index(intent.instrument)], imbalance, ledger, now);
    }
};

}  // namespace

TEST_CASE("an entry in order is approved as it was proposed") {
    Desk desk;
    const Gate::Entry entry = desk.entry();
    REQUIRE(entry.refusal == Refusal::none);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(entry.legs[i]->profile() == Profile::entry);
        CHECK(entry.legs[i]->intent().qty == Qty{1000});
        CHECK(entry.legs[i]->intent().limit == desk.proposal.legs[i].limit);
        CHECK(entry.legs[i]->intent().side == (i == 0 ? Side::buy : Side::sell));
    }
}

TEST_CASE("row 3: a pair with a venue whose tick or lot its grid cannot hold makes no entries, and still hedges") {
    for (std::size_t leg = 0; leg < 2; ++leg) {
        Desk desk;
        desk.markets[leg].pair_fits = false;
        CHECK(desk.refusal() == Refusal::instrument);
        desk.markets[1].pair_fits = false;
        CHECK(desk.hedge({InstrumentId{1}, Side::sell, Qty{1000}, Price{10'090}}, base_amount(Qty{1000}, kGrid)).order);
    }
}

namespace {

// Perpetuals at both venues, with 10 USDT of equity against legs of about 10.
struct Perpetuals : Desk {
    Perpetuals() {
        for (std::size_t i = 0; i < 2; ++i) {
            instruments[i].market = i == 0 ? Market::binance_usdm : Market::bybit_linear;
            ledger.open(VenueId{static_cast<std::uint8_t>(i)}, kBtc, {});
            ledger.open(VenueId{static_cast<std::uint8_t>(i)}, kUsdt, {});
            markets[i].margin.equity = usdt(11);
        }
    }
};

}  // namespace

TEST_CASE("row 17: perpetuals need margin instead of funds, in either direction, without any base") {
    for (std::size_t leg = 0; leg < 2; ++leg) {
        CAPTURE(leg);
        Perpetuals desk;
        CHECK(desk.refusal() == Refusal::none);
        MarketView& market = desk.markets[leg];
        SUBCASE("the position at its limit or mid, whichever is dearer, and the fee") {
            const std::int64_t price = leg == 0 ? 10'010 : 10'110;  // twice the mid is 20,220
            const Amount carried = quote_amount(Price{price} * Qty{1000}, kGrid);
            const Amount cost = quote_amount(desk.proposal.legs[leg].limit * Qty{1000}, kGrid);
            const Amount least = carried + ppm_of(cost, Ppm{1000});
            market.margin.equity = Amount{(least.value / 1'000'000 + 1) * 1'000'000};
            CHECK(desk.refusal() == Refusal::none);
            market.margin.equity = Amount{least.value / 1'000'000 * 1'000'000 - 1'000'000};
            CHECK(desk.refusal() == Refusal::margin);
        }
        SUBCASE("leverage") {
            market.margin.equity = usdt(6);
            CHECK(desk.refusal() == Refusal::margin);
            desk.limits.max_leverage = Ppm{2'000'000};
            CHECK(desk.refusal() == Refusal::none);
        }
        SUBCASE("what the account carries beside it, and what is pending on it") {
            market.margin.others = usdt(1);
            CHECK(desk.refusal() == Refusal::margin);
            market.margin.others = {};
            (leg == 0 ? market.position.pending_buy : market.position.pending_sell) = Qty{200};
            CHECK(desk.refusal() == Refusal::margin);
            (leg == 0 ? market.position.pending_buy : market.position.pending_sell) = {};
            market.position.opening = leg == 0 ? Qty{200} : Qty{-200};
            CHECK(desk.refusal() == Refusal::margin);
        }
        SUBCASE("a position without a price") {
            market.margin.known = false;
            CHECK(desk.refusal() == Refusal::margin);
        }
        SUBCASE("what reduces passes without any") {
            market.margin.equity = usdt(-1);
            market.margin.known = false;
            CHECK(desk.refusal() == Refusal::margin);
            market.position.opening = leg == 0 ? Qty{-1000} : Qty{1000};
            CHECK(desk.refusal() == Refusal::none);
            market.position.opening = leg == 0 ? Qty{-500} : Qty{500};  // turned round, no larger than it was
            CHECK(desk.refusal() == Refusal::none);
            market.position.opening = leg == 0 ? Qty{-499} : Qty{499};
            CHECK(desk.refusal() == Refusal::margin);
        }
    }
}

TEST_CASE("a perpetual reserves nothing") {
    Perpetuals desk;
    for (const Intent& leg : desk.proposal.legs) CHECK(reservation(leg, desk.instruments[0]).value == 0);
}

TEST_CASE("row 1: any state but active stops entries, on either leg") {
    for (std::uint8_t leg = 0; leg < 2; ++leg) {
        for (const EngineState state : {EngineState::no_new, EngineState::reduce_only, EngineState::halt}) {
            Desk desk;
            desk.markets[leg].scope = state;
            const Gate::Entry entry = desk.entry();
            CHECK(entry.refusal == Refusal::engine_state);
            CHECK(entry.leg == leg);
        }
    }
}

TEST_CASE("row 3: an instrument that is not tradable stops entries") {
    for (std::size_t leg = 0; leg < 2; ++leg) {
        Desk desk;
        desk.instruments[leg].tradable = false;
        CHECK(desk.refusal() == Refusal::instrument);
    }
}

TEST_CASE("row 4: both books must be live, connected, whole, uncrossed and young") {
    for (std::size_t leg = 0; leg < 2; ++leg) {
        CAPTURE(leg);
        Desk desk;
        MarketView& market = desk.markets[leg];
        const MarketView good = market;
        for (const BookState state : {BookState::syncing, BookState::stale}) {
            market.book = state;
            CHECK(desk.refusal() == Refusal::book_trust);
        }
        market = good;
        market.connected = false;
        CHECK(desk.refusal() == Refusal::book_trust);
        market = good;
        market.touch.has_bid = false;
        CHECK(desk.refusal() == Refusal::book_trust);
        market = good;
        market.touch.has_ask = false;
        CHECK(desk.refusal() == Refusal::book_trust);
        market = good;
        market.touch.bid.price = market.touch.ask.price;
        CHECK(desk.refusal() == Refusal::book_trust);
        market.touch.bid.price.value -= 1;
        CHECK(desk.refusal() == Refusal::none);
        market = good;
        market.book_recv = kNow - desk.limits.max_book_age;
        CHECK(desk.refusal() == Refusal::none);
        market.book_recv -= 1;
        CHECK(desk.refusal() == Refusal::book_trust);
    }
}

TEST_CASE(
    "row 4: after our own fill the book must have shown a frame late enough, or enough time must pass") {
    for (std::size_t leg = 0; leg < 2; ++leg) {
        Desk desk;
        MarketView& market = desk.markets[leg];
        market.own_fill = kNow - 150 * kMillisecond;
        CHECK(desk.refusal() == Refusal::none);  // the frame of now is 150 ms later
        market.own_fill += 1;
        CHECK(desk.refusal() == Refusal::own_fills);
        market.book_recv = market.own_fill;
        CHECK(desk.refusal(market.own_fill + 250 * kMillisecond - 1) == Refusal::own_fills);
        CHECK(desk.refusal(market.own_fill + 250 * kMillisecond) == Refusal::none);
    }
}

TEST_CASE("row 6: without the private stream nothing opens") {
    for (std::size_t leg = 0; leg < 2; ++leg) {
        Desk desk;
        desk.markets[leg].private_up = false;
        CHECK(desk.refusal() == Refusal::stream);
    }
}

TEST_CASE("row 7: each of the venue's filters") {
    const Intent intent{InstrumentId{0}, Side::buy, Qty{1000}, Price{10'010}};
    struct Row {
        const char* what;
        Filters passes;
        Filters fails;
    };
    const auto with = [](auto change) {
        Filters filters;
        change(filters);
        return filters;
    };
    const Row rows[] = {
        {"tick", with([](Filters& f) { f.tick = Price{10}; }), with([](Filters& f) { f.tick = Price{20}; })},
        {"lot", with([](Filters& f) { f.lot = Qty{500}; }), with([](Filters& f) { f.lot = Qty{300}; })},
        {"least quantity", with([](Filters& f) { f.min_qty = Qty{1000}; }),
         with([](Filters& f) { f.min_qty = Qty{1001}; })},
        {"most quantity", with([](Filters& f) { f.max_qty = Qty{1000}; }),
         with([](Filters& f) { f.max_qty = Qty{999}; })},
        {"least price", with([](Filters& f) { f.min_price = Price{10'010}; }),
         with([](Filters& f) { f.min_price = Price{10'011}; })},
        {"most price", with([](Filters& f) { f.max_price = Price{10'010}; }),
         with([](Filters& f) { f.max_price = Price{10'009}; })},
        {"least notional", with([](Filters& f) { f.min_notional = Notional{10'010'000}; }),
         with([](Filters& f) { f.min_notional = Notional{10'010'001}; })},
        {"most notional", with([](Filters& f) { f.max_notional = Notional{10'010'000}; }),
         with([](Filters& f) { f.max_notional = Notional{10'009'999}; })},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK(passes_filters(intent, row.passes));
        CHECK_FALSE(passes_filters(intent, row.fails));
        Desk desk;
        desk.instruments[0].filters = row.fails;
        CHECK(desk.refusal() == Refusal::filters);
    }
    for (const Intent& bad : {Intent{InstrumentId{0}, Side::buy, Qty{0}, Price{10}},
                              Intent{InstrumentId{0}, Side::buy, Qty{-10}, Price{10}},
                              Intent{InstrumentId{0}, Side::buy, Qty{10}, Price{0}},
                              Intent{InstrumentId{0}, Side::buy, Qty{10}, Price{-1}}}) {
        CHECK_FALSE(passes_filters(bad, {}));
    }
}

TEST_CASE("row 8: limits stay near both books' mids") {
    Desk desk;
    // Mids 100.05 and 101.10. The buy at 100.10 is 0.98912 % from the far one, the sell at 101.00 0.9495 % from it.
    desk.limits.collar = Ppm{9891};
    CHECK(desk.refusal() == Refusal::collar);
    desk.limits.collar = Ppm{9892};
    CHECK(desk.refusal() == Refusal::none);

    Desk own;  // its own book's: exactly 1 % above a mid of 100.00
    own.limits.collar = Ppm{20'000};
    own.markets[0].touch.bid.price = Price{9'990};
    own.proposal.legs[0].limit = Price{10'200};
    CHECK(own.refusal() == Refusal::none);
    own.proposal.legs[0].limit = Price{10'201};
    const Gate::Entry entry = own.entry();
    CHECK(entry.refusal == Refusal::collar);
    CHECK(entry.leg == 0);
    own.proposal.legs[0].limit = Price{9'800};
    own.markets[1].touch = own.markets[0].touch;
    own.proposal.legs[1].limit = Price{9'990};
    CHECK(own.refusal() == Refusal::none);
    own.proposal.legs[0].limit = Price{9'799};
    CHECK(own.refusal() == Refusal::collar);
}

TEST_CASE("row 9: the largest order") {
    Desk desk;
    desk.limits.max_order_notional = quote_amount(Price{10'100} * Qty{1000}, kGrid);
    CHECK(desk.refusal() == Refusal::none);
    desk.limits.max_order_notional.value -= 1;
    CHECK(desk.entry().leg == 1);
    CHECK(desk.refusal() == Refusal::order_size);
}

TEST_CASE("row 10: one trade a pair, and not the same again within the window") {
    Desk desk;
    desk.pair.pair_busy = true;
    CHECK(desk.refusal() == Refusal::duplicate);
    desk.pair.pair_busy = false;
    desk.pair.last_entry = kNow - desk.limits.duplicate_window + 1;
    desk.pair.last_qty = Qty{1000};
    desk.pair.last_buy = InstrumentId{0};
    CHECK(desk.refusal() == Refusal::duplicate);
    CHECK(desk.refusal(kNow + 1) == Refusal::none);
    desk.pair.last_qty = Qty{990};
    CHECK(desk.refusal() == Refusal::none);
    desk.pair.last_qty = Qty{1000};
    desk.pair.last_buy = InstrumentId{1};
    CHECK(desk.refusal() == Refusal::none);
}

TEST_CASE("row 11: a buy needs its quote and the fee on top, a sell its base") {
    Desk desk;
    Ledger ledger;
    // 0.1 at 100.10 is 10.01, with 0.1 % fee 10.02001.
    const Amount need{quote_amount(Price{10'010} * Qty{1000}, kGrid).value / 1000 * 1001};
    for (const std::int64_t short_by : {0, 1}) {
        ledger.open(VenueId{0}, kUsdt, need - Amount{short_by});
        ledger.open(VenueId{1}, kBtc, base_amount(Qty{1000}, kGrid));
        desk.ledger = ledger;
        CHECK(desk.refusal() == (short_by == 0 ? Refusal::none : Refusal::funds));
    }
    CHECK(desk.entry().leg == 0);
    desk.instruments[0].fees.buy_mode = FeeMode::base;  // then nothing is on top
    CHECK(desk.refusal() == Refusal::none);
    ledger.open(VenueId{1}, kBtc, base_amount(Qty{1000}, kGrid) - Amount{1});
    desk.ledger = ledger;
    CHECK(desk.refusal() == Refusal::funds);
    CHECK(desk.entry().leg == 1);
}

TEST_CASE("row 11: what other orders reserved is not free") {
    Desk desk;
    Record intent;
    intent.kind = RecordKind::intent;
    intent.venue = VenueId{1};
    intent.side = Side::sell;
    intent.price = Price{1};
    intent.qty = Qty{1};
    intent.amount = base_amount(Qty{99'000}, kGrid);
    desk.ledger.apply(intent, desk.instruments[1]);
    CHECK(desk.refusal() == Refusal::none);
    intent.amount = Amount{1};
    desk.ledger.apply(intent, desk.instruments[1]);
    CHECK(desk.refusal() == Refusal::funds);
}

TEST_CASE("row 12: the worst case of the net, pending orders included") {
    Desk desk;
    desk.limits.max_position[index(kBtc)] = base_amount(Qty{1000}, kGrid);
    CHECK(desk.refusal() == Refusal::none);
    desk.limits.max_position[index(kBtc)].value -= 1;
    CHECK(desk.refusal() == Refusal::net);
    desk.limits.max_position[index(kBtc)] = base_amount(Qty{1000}, kGrid);
    Record intent;
    intent.kind = RecordKind::intent;
    intent.side = Side::sell;
    intent.price = Price{1};
    intent.qty = Qty{1};
    desk.ledger.apply(intent, desk.instruments[0]);  // a pending sell widens the low end
    CHECK(desk.refusal() == Refusal::net);
}

TEST_CASE("row 13: all pending notional together") {
    Desk desk;
    const Amount both = quote_amount(Price{10'010} * Qty{1000} + Price{10'100} * Qty{1000}, kGrid);
    desk.limits.max_notional = both;
    CHECK(desk.refusal() == Refusal::none);
    desk.limits.max_notional.value -= 1;
    CHECK(desk.refusal() == Refusal::gross);
    desk.limits.max_notional = both;
    Record intent;
    intent.kind = RecordKind::intent;
    intent.price = Price{1};
    intent.qty = Qty{1};
    desk.ledger.apply(intent, desk.instruments[0]);
    CHECK(desk.refusal() == Refusal::gross);
}

TEST_CASE("row 14: the number of open trades") {
    Desk desk;
    desk.limits.max_open_trades = 3;
    desk.pair.open_trades = 2;
    CHECK(desk.refusal() == Refusal::none);
    desk.pair.open_trades = 3;
    CHECK(desk.refusal() == Refusal::open_count);
}

TEST_CASE("row 16: the worst case must reach the floor, and too good is bad data") {
    Desk desk;
    desk.limits.worst_floor = desk.proposal.worst;
    CHECK(desk.refusal() == Refusal::none);
    desk.limits.worst_floor.value += 1;
    CHECK(desk.refusal() == Refusal::edge);
    desk.limits.worst_floor = {};
    desk.limits.max_edge = Ppm{10'000};  // 1 % of 10,010,000
    desk.proposal.net = Notional{100'100};
    CHECK(desk.refusal() == Refusal::none);
    desk.proposal.net.value += 1;
    CHECK(desk.refusal() == Refusal::edge_too_good);
}

TEST_CASE("row 18: a loss, or a fall from the peak, stops entries") {
    Desk desk;
    Record done;
    done.kind = RecordKind::done;
    desk.limits.max_loss = Amount{100};
    done.other = Amount{-99};
    desk.ledger.apply(done, desk.instruments[0]);
    CHECK(desk.refusal() == Refusal::none);
    done.other = Amount{-1};
    desk.ledger.apply(done, desk.instruments[0]);
    CHECK(desk.refusal() == Refusal::loss);

    Desk fallen;
    fallen.limits.max_loss = Amount{100};
    done.other = Amount{500};
    fallen.ledger.apply(done, fallen.instruments[0]);
    done.other = Amount{-99};
    fallen.ledger.apply(done, fallen.instruments[0]);
    CHECK(fallen.refusal() == Refusal::none);
    done.other = Amount{-1};
    fallen.ledger.apply(done, fallen.instruments[0]);
    CHECK(fallen.refusal() == Refusal::loss);
    fallen.limits.max_loss = {};
    CHECK(fallen.refusal() == Refusal::none);
}

TEST_CASE("a hedge skips every entry limit") {
    Desk desk;
    desk.limits.max_order_notional = desk.limits.max_notional = desk.limits.max_loss = Amount{1};
    desk.limits.max_position[index(kBtc)] = Amount{1};
    desk.limits.max_open_trades = 0;
    desk.limits.worst_floor = Notional{1'000'000};
    Record done;
    done.kind = RecordKind::done;
    done.other = Amount{-1000};
    desk.ledger.apply(done, desk.instruments[0]);
    for (MarketView& market : desk.markets) {
        market.scope = EngineState::halt;
        market.private_up = false;
        market.own_fill = kNow;
    }
    const Gate::Hedge hedge =
        desk.hedge({InstrumentId{1}, Side::sell, Qty{1000}, Price{10'100}}, base_amount(Qty{1000}, kGrid));
    REQUIRE(hedge.order);
    CHECK(hedge.refusal == Refusal::none);
    CHECK(hedge.order->profile() == Profile::hedge);
}

TEST_CASE("a hedge must shrink the imbalance") {
    Desk desk;
    const Amount too_much = base_amount(Qty{1000}, kGrid);
    const Intent sell{InstrumentId{1}, Side::sell, Qty{1000}, Price{10'100}};
    const Intent buy{InstrumentId{0}, Side::buy, Qty{1000}, Price{10'010}};
    CHECK(desk.hedge(sell, too_much).order);
    CHECK(desk.hedge(buy, -too_much).order);
    CHECK(desk.hedge(sell, too_much - Amount{1}).refusal == Refusal::net);
    CHECK(desk.hedge(buy, -too_much + Amount{1}).refusal == Refusal::net);
    CHECK(desk.hedge(sell, -too_much).refusal == Refusal::net);  // the wrong way
    CHECK(desk.hedge(buy, too_much).refusal == Refusal::net);
    CHECK(desk.hedge(sell, Amount{}).refusal == Refusal::net);
    CHECK(desk.hedge(buy, Amount{}).refusal == Refusal::net);

    // A buy that pays in base brings in less than it orders.
    desk.instruments[0].fees.buy_mode = FeeMode::base;
    const Amount arrives = too_much - ppm_of(too_much, Ppm{1000});
    CHECK(desk.hedge(buy, -arrives).order);
    CHECK(desk.hedge(buy, -arrives + Amount{1}).refusal == Refusal::net);
}

TEST_CASE("a hedge obeys the rows that are its own") {
    const Intent sell{InstrumentId{1}, Side::sell, Qty{1000}, Price{10'100}};
    const Amount imbalance = base_amount(Qty{1000}, kGrid);
    const auto refused = [&](auto change) {
        Desk desk;
        change(desk);
        const Gate::Hedge hedge = desk.hedge(sell, imbalance);
        CHECK(hedge.order.has_value() == (hedge.refusal == Refusal::none));
        return hedge.refusal;
    };
    CHECK(refused([](Desk& desk) { desk.instruments[1].tradable = false; }) == Refusal::instrument);
    CHECK(refused([](Desk& desk) { desk.markets[1].book = BookState::stale; }) == Refusal::book_trust);
    CHECK(refused([](Desk& desk) { desk.markets[1].connected = false; }) == Refusal::book_trust);
    CHECK(refused([](Desk& desk) { desk.markets[1].book_recv = kNow - kSecond; }) == Refusal::book_trust);
    CHECK(refused([](Desk& desk) { desk.markets[0].book = BookState::stale; }) ==
          Refusal::none);  // the other venue
    CHECK(refused([](Desk& desk) { desk.instruments[1].filters.lot = Qty{300}; }) == Refusal::filters);
    CHECK(refused([](Desk& desk) { desk.limits.hedge_collar = Ppm{989}; }) == Refusal::collar);  // 0.0989 %
    CHECK(refused([](Desk& desk) { desk.limits.hedge_collar = Ppm{990}; }) == Refusal::none);
    CHECK(refused([](Desk& desk) { desk.ledger = Ledger{}; }) == Refusal::funds);
}

TEST_CASE("a reservation is the most an order may take from its account") {
    Desk desk;
    const Intent buy{InstrumentId{0}, Side::buy, Qty{1000}, Price{10'010}};
    const Intent sell{InstrumentId{1}, Side::sell, Qty{1000}, Price{10'100}};
    const Amount cost = quote_amount(Price{10'010} * Qty{1000}, kGrid);
    CHECK(reservation(buy, desk.instruments[0]) == cost + ppm_of(cost, Ppm{1000}));
    CHECK(reservation(sell, desk.instruments[1]) == base_amount(Qty{1000}, kGrid));
    desk.instruments[0].fees.buy_mode = FeeMode::base;
    CHECK(reservation(buy, desk.instruments[0]) == cost);
    desk.instruments[0].fees.buy_mode = FeeMode::quote;
    desk.instruments[0].fees.taker = Ppm{-100};  // a rebate is not counted on
    CHECK(reservation(buy, desk.instruments[0]) == cost);
}

TEST_CASE("every refusal has a name of its own") {
    std::set<std::string> names;
    for (std::size_t i = 0; i < kRefusals; ++i) names.insert(name(static_cast<Refusal>(i)));
    CHECK(names.size() == kRefusals);
    CHECK(std::string(name(Refusal::own_fills)) == "OWN_FILLS");
    CHECK(std::string(name(Refusal::slots_full)) == "SLOTS_FULL");
}
