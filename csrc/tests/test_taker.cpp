// The taker strategy: which legs it proposes, how large, and how it nets what was left over.
#include <doctest/doctest.h>

#include <vector>

#include "arb/amounts.hpp"
#include "arb/strategy/taker.hpp"

using namespace arb;

namespace {

constexpr Grid kGrid{2, 4};
constexpr AssetId kBtc{0};
constexpr AssetId kUsdt{1};

bool read_levels(const void* source, std::int64_t& at, Level& out) noexcept {
    const auto& levels = *static_cast<const std::vector<Level>*>(source);
    if (static_cast<std::size_t>(at) >= levels.size()) return false;
    out = levels[static_cast<std::size_t>(at++)];
    return true;
}

struct Venues {
    std::vector<Instrument> instruments;
    std::vector<std::vector<Level>> bids, asks;
    std::vector<BookState> states;
    Ledger ledger{};
    Limits limits{};
    StrategyParams params{};
    Amount dust{};

    void add(std::int64_t bid, std::int64_t ask, std::int64_t qty = 1000) {
        Instrument instrument;
        instrument.venue = VenueId{static_cast<std::uint8_t>(instruments.size())};
        instrument.base = kBtc;
        instrument.quote = kUsdt;
        instrument.grid = kGrid;
        instrument.filters.lot = Qty{10};
        instrument.fees.taker = Ppm{1000};
        ledger.open(instrument.venue, kBtc, base_amount(Qty{1'000'000}, kGrid));
        ledger.open(instrument.venue, kUsdt, Amount{Int128{1'000'000} * kPow10[18]});
        instruments.push_back(instrument);
        bids.push_back({{Price{bid}, Qty{qty}}, {Price{bid - 10}, Qty{qty}}});
        asks.push_back({{Price{ask}, Qty{qty}}, {Price{ask + 10}, Qty{qty}}});
        states.push_back(BookState::live);
    }
    std::vector<Member> members() const {
        std::vector<Member> out;
        for (std::size_t i = 0; i < instruments.size(); ++i) {
            BookView book;
            book.state = states[i];
            book.bids = AnyCursor(&bids[i], read_levels);
            book.asks = AnyCursor(&asks[i], read_levels);
            book.touch.has_bid = !bids[i].empty();
            book.touch.has_ask = !asks[i].empty();
            if (book.touch.has_bid) book.touch.bid = bids[i][0];
            if (book.touch.has_ask) book.touch.ask = asks[i][0];
            out.push_back({InstrumentId{static_cast<std::uint16_t>(i)}, &instruments[i], book});
        }
        return out;
    }
    std::vector<Proposal> proposals() const {
        const std::vector<Member> all = members();
        Proposals out;
        Taker(params).on_book({PairId{3}, all, dust, ledger, limits}, out);
        return {out.items().begin(), out.items().end()};
    }
};

}  // namespace

TEST_CASE("the taker buys cheap and sells dear, over all pairs of venues that pay") {
    Venues venues;
    venues.add(9990, 10010);
    venues.add(10100, 10120);
    auto out = venues.proposals();
    REQUIRE(out.size() == 1);
    CHECK(out[0].pair == PairId{3});
    CHECK(out[0].legs[0].instrument == InstrumentId{0});
    CHECK(out[0].legs[0].side == Side::buy);
    CHECK(out[0].legs[1].instrument == InstrumentId{1});
    CHECK(out[0].legs[1].side == Side::sell);
    CHECK(out[0].legs[0].qty == Qty{2000});  // both levels pay
    CHECK(out[0].legs[0].limit == Price{10020});
    CHECK(out[0].legs[1].limit == Price{10090});
    CHECK(out[0].net > out[0].worst);
    CHECK(out[0].worst.value > 0);

    venues.add(10200, 10220);  // a third, dearer still: 0-1, 0-2 and 1-2
    out = venues.proposals();
    CHECK(out.size() == 3);
}

TEST_CASE("the taker proposes nothing on a book that is not LIVE or has an empty side") {
    for (std::size_t which = 0; which < 2; ++which) {
        Venues venues;
        venues.add(9990, 10010);
        venues.add(10100, 10120);
        venues.states[which] = BookState::stale;
        CHECK(venues.proposals().empty());
        venues.states[which] = BookState::live;
        (which == 0 ? venues.asks : venues.bids)[which].clear();
        CHECK(venues.proposals().empty());
    }
}

TEST_CASE("the least edge is asked of the last step, not of the average") {
    Venues venues;
    venues.add(9990, 10010);
    venues.add(10100, 10120);
    venues.asks[0] = {{Price{10010}, Qty{500}}, {Price{10050}, Qty{500}}};
    venues.params.min_edge = Ppm{4000};  // the second level earns 0.3 %, the average 0.5 %
    const auto out = venues.proposals();
    REQUIRE(out.size() == 1);
    CHECK(out[0].legs[0].qty == Qty{500});
}

TEST_CASE(
    "what is affordable: quote with fee on the buying venue, base on the selling one, the order limit") {
    Venues venues;
    venues.add(9990, 10000);
    venues.add(10100, 10120);
    const auto most = [&] {
        const std::vector<Member> all = venues.members();
        return affordable({PairId{}, all, {}, venues.ledger, venues.limits}, all[0], all[1]);
    };
    venues.ledger.open(VenueId{0}, kUsdt, Amount{Int128{101} * kPow10[18]});
    CHECK(most() == Qty{9990});  // 101 / (100 x 1.001 x 1.01) = 0.99900
    venues.ledger.open(VenueId{1}, kBtc, base_amount(Qty{123}, kGrid) + Amount{1});
    CHECK(most() == Qty{123});
    venues.limits.max_order_notional = Amount{Int128{1} * kPow10[18]};
    CHECK(most() == Qty{98});
    venues.ledger.open(VenueId{0}, kUsdt, Amount{-1});
    CHECK(most() == Qty{0});
}

TEST_CASE("what is affordable on perpetuals: margin in either direction, and what closes a position") {
    Venues venues;
    venues.add(9990, 10000);
    venues.add(10100, 10120);
    for (std::size_t i = 0; i < 2; ++i) {
        venues.instruments[i].market = Market::bybit_linear;
        venues.ledger.open(VenueId{static_cast<std::uint8_t>(i)}, kBtc, {});
        venues.ledger.open(VenueId{static_cast<std::uint8_t>(i)}, kUsdt, {});
    }
    std::vector<Member> all = venues.members();
    const auto most = [&] {
        return affordable({PairId{}, all, {}, venues.ledger, venues.limits}, all[0], all[1]);
    };
    CHECK(most() == Qty{0});
    all[0].margin_room = Amount{Int128{101} * kPow10[18]};
    all[1].margin_room = Amount{Int128{1010} * kPow10[18]};
    CHECK(most() == Qty{9990});
    all[0].position.opening = Qty{100};
    CHECK(most() == Qty{9890});
    all[0].position.pending_buy = Qty{10};
    CHECK(most() == Qty{9880});
    all[0].position.opening = Qty{-100};  // is bought back first
    CHECK(most() == Qty{10080});
    all[1].margin_room = Amount{Int128{101} * kPow10[18]};
    CHECK(most() == Qty{9891});  // 101 / (101 x 1.001 x 1.01)
    all[1].position.opening = Qty{50};
    CHECK(most() == Qty{9941});
}

TEST_CASE("without funds the smallest order is proposed, so that the gate can say what is missing") {
    Venues venues;
    venues.add(9990, 10000);
    venues.add(10100, 10120);
    venues.ledger.open(VenueId{0}, kUsdt, Amount{});
    const auto out = venues.proposals();
    REQUIRE(out.size() == 1);
    const Filters& filters = venues.members()[0].instrument->filters;
    CHECK(out[0].legs[0].qty.value > 0);
    CHECK(out[0].legs[0].qty >= filters.min_qty);
    CHECK(out[0].legs[0].qty.value <= filters.min_qty.value + 3 * filters.lot.value);
}

TEST_CASE("the sell leg nets what earlier trades left over, in whole lots") {
    Venues venues;
    venues.add(9990, 10010);
    venues.add(10100, 10120);
    const std::vector<Member> all = venues.members();
    const auto sold = [&](Amount dust, std::int64_t buy = 1000) {
        return netted_sell({PairId{}, all, dust, venues.ledger, venues.limits}, all[0], all[1], Qty{buy},
                           Qty{buy});
    };
    CHECK(sold({}) == Qty{1000});
    CHECK(sold(base_amount(Qty{9}, kGrid)) == Qty{1000});
    CHECK(sold(base_amount(Qty{10}, kGrid)) == Qty{1010});
    CHECK(sold(base_amount(Qty{-1}, kGrid)) == Qty{990});
    CHECK(sold(base_amount(Qty{-10}, kGrid)) == Qty{990});
    CHECK(sold(base_amount(Qty{-5000}, kGrid)) == Qty{0});    // never a negative order
    CHECK(sold(base_amount(Qty{5000}, kGrid)) == Qty{2000});  // never more than twice the plan
    venues.instruments[0].fees.buy_mode = FeeMode::base;
    CHECK(sold({}) == Qty{990});
    CHECK(sold(base_amount(Qty{1}, kGrid)) == Qty{1000});
}
