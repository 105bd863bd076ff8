// Money: what records do to accounts, reservations and exposure, against a naive model.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

#include "arb/amounts.hpp"
#include "arb/ledger.hpp"

using namespace arb;

namespace {

constexpr Grid kGrid{2, 4};
constexpr AssetId kBtc{0};
constexpr AssetId kUsdt{1};
constexpr AssetId kBnb{2};

Instrument instrument_of(std::uint8_t venue) {
    Instrument out;
    out.venue = VenueId{venue};
    out.base = kBtc;
    out.quote = kUsdt;
    out.grid = kGrid;
    return out;
}

Record record_of(RecordKind kind, std::uint8_t venue, Side side, std::int64_t price, std::int64_t qty) {
    Record out;
    out.kind = kind;
    out.venue = VenueId{venue};
    out.side = side;
    out.price = Price{price};
    out.qty = Qty{qty};
    return out;
}

struct Working {
    std::uint8_t venue;
    Side side;
    std::int64_t limit;
    std::int64_t qty;
    std::int64_t filled = 0;  // fills seen
    std::int64_t final = -1;  // executed, once resolved
    Amount reserved{};
};

// The ledger told again with maps and no cleverness.
struct Naive {
    std::map<std::pair<int, int>, Int128> flow, reserved, fees;
    std::vector<Working> orders;

    Int128 net() const {
        Int128 sum = 0;
        for (const auto& [key, value] : flow) {
            if (key.second == static_cast<int>(index(kBtc))) sum += value;
        }
        return sum;
    }
    // Every order still open may add anything between nothing and all of its rest; a resolved one adds
    // exactly what executed and has not been booked.
    Int128 low() const {
        Int128 sum = net();
        for (const Working& each : orders) {
            if (each.side == Side::sell) sum -= base_amount(Qty{open_rest(each)}, kGrid).value;
        }
        return sum;
    }
    Int128 high() const {
        Int128 sum = net();
        for (const Working& each : orders) {
            if (each.side == Side::buy) sum += base_amount(Qty{open_rest(each)}, kGrid).value;
        }
        return sum;
    }
    static std::int64_t open_rest(const Working& each) {
        return (each.final < 0 ? each.qty : each.final) - each.filled;
    }
};

}  // namespace

TEST_CASE("a fill moves base, quote and fee, and nothing else") {
    Ledger ledger;
    Record fill = record_of(RecordKind::fill, 1, Side::buy, 10'000, 2'500);  // 0.25 at 100.00
    fill.amount = Amount{777};
    fill.asset = kBnb;
    ledger.apply(fill, instrument_of(1));
    CHECK(ledger.account(VenueId{1}, kBtc).flow == base_amount(Qty{2'500}, kGrid));
    CHECK(ledger.account(VenueId{1}, kUsdt).flow == Amount{Int128{-25} * kPow10[18]});
    CHECK(ledger.account(VenueId{1}, kBnb).flow == Amount{-777});
    CHECK(ledger.account(VenueId{1}, kBnb).fees == Amount{777});
    CHECK(ledger.account(VenueId{0}, kBtc).flow == Amount{});
}

TEST_CASE("an opening balance is refused once a record touched the account, even if it is back at zero") {
    Ledger ledger;
    const Instrument instrument = instrument_of(0);
    CHECK(ledger.open(VenueId{0}, kUsdt, Amount{100}));
    CHECK(ledger.open(VenueId{0}, kUsdt, Amount{200}));
    Record intent = record_of(RecordKind::intent, 0, Side::buy, 1, 1);
    intent.amount = Amount{50};
    ledger.apply(intent, instrument);
    CHECK(ledger.account(VenueId{0}, kUsdt).free() == Amount{150});
    CHECK_FALSE(ledger.open(VenueId{0}, kUsdt, Amount{300}));
    Record resolved = record_of(RecordKind::resolved, 0, Side::buy, 1, 0);
    resolved.amount = Amount{50};
    resolved.ref = 1;
    resolved.other = base_amount(Qty{1}, kGrid);
    ledger.apply(resolved, instrument);
    CHECK(ledger.account(VenueId{0}, kUsdt).free() == Amount{200});
    CHECK_FALSE(ledger.open(VenueId{0}, kUsdt, Amount{300}));
    CHECK(ledger.account(VenueId{0}, kUsdt).opening == Amount{200});
    CHECK(ledger.open(VenueId{0}, kBtc, Amount{5}));

    // Bought and sold again on one venue: the flow is zero, the account is not untouched.
    ledger.apply(record_of(RecordKind::fill, 1, Side::buy, 10, 3), instrument_of(1));
    ledger.apply(record_of(RecordKind::fill, 1, Side::sell, 10, 3), instrument_of(1));
    CHECK(ledger.account(VenueId{1}, kBtc).flow == Amount{});
    CHECK_FALSE(ledger.open(VenueId{1}, kBtc, Amount{5}));
}

TEST_CASE("a trade's end books dust and result, and the drawdown is from the peak") {
    Ledger ledger;
    Record done = record_of(RecordKind::done, 0, Side::buy, 0, 0);
    const auto finish = [&](std::int64_t result, std::int64_t dust) {
        done.other = Amount{result};
        done.amount = Amount{dust};
        ledger.apply(done, instrument_of(0));
    };
    finish(100, 7);
    finish(-30, -2);
    CHECK(ledger.realised() == Amount{70});
    CHECK(ledger.peak() == Amount{100});
    CHECK(ledger.drawdown() == Amount{30});
    CHECK(ledger.dust(PairId{0}) == Amount{-2});
    CHECK(ledger.dust(PairId{1}) == Amount{});
}

TEST_CASE("records that tell of no execution change no money") {
    Ledger ledger;
    const std::uint64_t hash = ledger.state_hash(1);
    for (const RecordKind kind :
         {RecordKind::none, RecordKind::sent, RecordKind::report, RecordKind::unknown, RecordKind::halt}) {
        Record record = record_of(kind, 0, Side::buy, 5, 5);
        record.amount = record.other = Amount{9};
        ledger.apply(record, instrument_of(0));
        CHECK(ledger.state_hash(1) == hash);
    }
    ledger.apply(record_of(RecordKind::fill, 0, Side::buy, 5, 5), instrument_of(0));
    CHECK(ledger.state_hash(1) != hash);
}

TEST_CASE("the ledger agrees with a naive model over random lives of orders") {
    std::size_t checks = 0;
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        const auto pick = [&](std::int64_t from, std::int64_t to) {
            return from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from + 1));
        };
        Ledger ledger;
        Naive naive;
        Int128 pending_notional = 0;
        Int128 traded_base = 0;
        Int128 traded_quote = 0;
        const auto account_key = [](std::uint8_t venue, AssetId asset) {
            return std::pair<int, int>{venue, static_cast<int>(index(asset))};
        };
        const auto book = [&](Working& order, std::int64_t qty, bool adopt) {
            const Instrument instrument = instrument_of(order.venue);
            if (adopt) {
                ledger.apply(record_of(RecordKind::adopt, order.venue, order.side, 0, qty), instrument);
                order.final += qty;
            }
            Record fill =
                record_of(RecordKind::fill, order.venue, order.side, order.limit + pick(-5, 5), qty);
            fill.asset = AssetId{static_cast<std::uint8_t>(pick(0, 2))};
            if (fill.asset == kBtc && order.side == Side::sell) fill.asset = kUsdt;  // no venue does that
            fill.amount = Amount{pick(0, 1000)};
            ledger.apply(fill, instrument);
            const Int128 sign = order.side == Side::buy ? 1 : -1;
            const Int128 base = base_amount(fill.qty, kGrid).value;
            const Int128 quote = quote_amount(fill.price * fill.qty, kGrid).value;
            naive.flow[account_key(order.venue, kBtc)] += sign * base;
            naive.flow[account_key(order.venue, kUsdt)] -= sign * quote;
            naive.flow[account_key(order.venue, fill.asset)] -= fill.amount.value;
            naive.fees[account_key(order.venue, fill.asset)] += fill.amount.value;
            order.filled += qty;
            traded_base += sign * base;
            traded_quote -= sign * quote;
        };
        for (int event = 0; event < 120; ++event) {
            const std::int64_t what = event < 80 ? pick(0, 9) : pick(3, 9);
            if (what < 3 && naive.orders.size() < 30) {
                Working order{static_cast<std::uint8_t>(pick(0, 2)), pick(0, 1) != 0 ? Side::sell : Side::buy,
                              pick(100, 200), pick(1, 50)};
                order.reserved = Amount{pick(1, 10'000)};
                Record intent =
                    record_of(RecordKind::intent, order.venue, order.side, order.limit, order.qty);
                intent.amount = order.reserved;
                ledger.apply(intent, instrument_of(order.venue));
                naive.reserved[account_key(order.venue, order.side == Side::buy ? kUsdt : kBtc)] +=
                    order.reserved.value;
                pending_notional += quote_amount(Price{order.limit} * Qty{order.qty}, kGrid).value;
                naive.orders.push_back(order);
            } else if (!naive.orders.empty()) {
                Working& order = naive.orders[static_cast<std::size_t>(
                    pick(0, static_cast<std::int64_t>(naive.orders.size()) - 1))];
                const std::int64_t rest = Naive::open_rest(order);
                if (what < 7 && rest > 0) {
                    book(order, pick(1, rest), false);
                } else if (what < 9 && order.final < 0) {
                    order.final = pick(order.filled, order.qty);
                    Record resolved =
                        record_of(RecordKind::resolved, order.venue, order.side, order.limit, order.final);
                    resolved.ref = static_cast<std::uint64_t>(order.qty);
                    resolved.amount = order.reserved;
                    resolved.other = base_amount(Qty{order.qty - order.final}, kGrid);
                    ledger.apply(resolved, instrument_of(order.venue));
                    naive.reserved[account_key(order.venue, order.side == Side::buy ? kUsdt : kBtc)] -=
                        order.reserved.value;
                    pending_notional -= quote_amount(Price{order.limit} * Qty{order.qty}, kGrid).value;
                } else if (what == 9 && order.final >= 0 && rest == 0) {
                    book(order, pick(1, 5), true);  // a late execution
                }
            }
            Int128 all_base = 0;
            Int128 all_quote = 0;
            Int128 fees_base = 0;
            Int128 fees_quote = 0;
            for (std::uint8_t venue = 0; venue < 3; ++venue) {
                for (const AssetId asset : {kBtc, kUsdt, kBnb}) {
                    const Account& account = ledger.account(VenueId{venue}, asset);
                    const auto key = account_key(venue, asset);
                    REQUIRE(account.flow.value == naive.flow[key]);
                    REQUIRE(account.reserved.value == naive.reserved[key]);
                    REQUIRE(account.fees.value == naive.fees[key]);
                }
                all_base += ledger.account(VenueId{venue}, kBtc).flow.value;
                fees_base += ledger.account(VenueId{venue}, kBtc).fees.value;
                all_quote += ledger.account(VenueId{venue}, kUsdt).flow.value;
                fees_quote += ledger.account(VenueId{venue}, kUsdt).fees.value;
            }
            // Accounts, fees and the counterparties' side sum to zero.
            REQUIRE(all_base + fees_base - traded_base == 0);
            REQUIRE(all_quote + fees_quote - traded_quote == 0);
            REQUIRE(ledger.pending_notional().value == pending_notional);
            const Exposure exposure = ledger.exposure(kBtc);
            REQUIRE(exposure.low.value == naive.low());
            REQUIRE(exposure.high.value == naive.high());
            REQUIRE(exposure.low <= exposure.high);
            ++checks;
        }
        // Whatever becomes of the open orders, the result lies within the interval of before.
        const Exposure before = ledger.exposure(kBtc);
        for (Working& order : naive.orders) {
            const std::int64_t rest = Naive::open_rest(order);
            const std::int64_t executes = order.final >= 0 ? rest : pick(0, rest);
            if (executes > 0) {
                ledger.apply(record_of(RecordKind::fill, order.venue, order.side, order.limit, executes),
                             instrument_of(order.venue));
            }
            if (order.final >= 0) continue;
            Record resolved = record_of(RecordKind::resolved, order.venue, order.side, order.limit,
                                        order.filled + executes);
            resolved.ref = static_cast<std::uint64_t>(order.qty);
            resolved.amount = order.reserved;
            resolved.other = base_amount(Qty{rest - executes}, kGrid);
            ledger.apply(resolved, instrument_of(order.venue));
        }
        const Exposure after = ledger.exposure(kBtc);
        REQUIRE(after.low == after.high);
        REQUIRE(after.low >= before.low);
        REQUIRE(after.high <= before.high);
        REQUIRE(ledger.pending_notional().value == 0);
        for (std::uint8_t venue = 0; venue < 3; ++venue) {
            for (const AssetId asset : {kBtc, kUsdt, kBnb}) {
                REQUIRE(ledger.account(VenueId{venue}, asset).reserved.value == 0);
            }
        }
    }
    CHECK(checks == 24'000);
}

TEST_CASE("an exposure is as bad as its worse end") {
    CHECK(Exposure{Amount{-5}, Amount{3}}.worst() == Amount{5});
    CHECK(Exposure{Amount{-2}, Amount{3}}.worst() == Amount{3});
    CHECK(Exposure{Amount{2}, Amount{3}}.worst() == Amount{3});
}

TEST_CASE("amounts round a fee away from zero, and quantities towards it") {
    CHECK(ppm_of(Amount{1}, Ppm{1}) == Amount{1});
    CHECK(ppm_of(Amount{1'000'000}, Ppm{1}) == Amount{1});
    CHECK(ppm_of(Amount{1'000'001}, Ppm{1}) == Amount{2});
    CHECK(ppm_of(Amount{-1'000'001}, Ppm{1}) == Amount{-2});
    CHECK(ppm_of(Amount{1'000'001}, Ppm{-1}) == Amount{-2});
    CHECK(ppm_of(Amount{}, Ppm{1000}) == Amount{});
    CHECK(base_qty(base_amount(Qty{7}, kGrid) - Amount{1}, kGrid) == Qty{6});
    CHECK(base_qty(-base_amount(Qty{7}, kGrid) + Amount{1}, kGrid) == Qty{-6});
    CHECK(quote_amount(Price{1} * Qty{1}, Grid{9, 9}) == Amount{1});
}
