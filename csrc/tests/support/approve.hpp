// Approved orders for tests of the trade machine: a gate that has nothing against them.
#pragma once

#include <array>

#include "arb/amounts.hpp"
#include "arb/risk.hpp"

namespace arb::testing {

class Permissive {
public:
    explicit Permissive(const std::array<Instrument, 2>& instruments) : instruments_(instruments) {
        for (std::size_t i = 0; i < 2; ++i) {
            for (const AssetId asset : {instruments_[i].base, instruments_[i].quote}) {
                ledger_.open(instruments_[i].venue, asset, Amount{Int128{1'000'000'000} * kPow10[18]});
            }
            markets_[i].instrument = &instruments_[i];
            markets_[i].book = BookState::live;
            markets_[i].connected = markets_[i].private_up = true;
        }
        limits_.collar = limits_.hedge_collar = Ppm{1'000'000};
        limits_.worst_floor = Notional{-(Int128{1} << 80)};
    }
    Permissive(const Permissive&) = delete;
    Permissive& operator=(const Permissive&) = delete;

    std::array<std::optional<Approved>, kEntryLegs> entry(const Intent& buy, const Intent& sell) {
        Proposal proposal;
        proposal.legs = {buy, sell};
        quote(0, buy.limit);
        quote(1, sell.limit);
        return Gate(limits_).check_entry(proposal, markets_, {}, ledger_, 1).legs;
    }
    std::optional<Approved> hedge(const Intent& intent, Amount imbalance) {
        const std::size_t at = index(intent.instrument);
        quote(at, intent.limit);
        return Gate(limits_).check_hedge(intent, markets_[at], imbalance, ledger_, 1).order;
    }
    const Instrument& instrument(std::size_t i) const { return instruments_[i]; }

private:
    void quote(std::size_t i, Price price) {
        markets_[i].touch = {{Price{price.value - 1}, Qty{1}}, {Price{price.value + 1}, Qty{1}}, true, true};
        markets_[i].book_recv = 1;
    }

    std::array<Instrument, 2> instruments_;
    std::array<MarketView, 2> markets_{};
    Ledger ledger_{};
    Limits limits_{};
};

}  // namespace arb::testing
