// Buys where it is cheap and sells where it is dear at the same moment, paying the taker fee on both legs.
#pragma once

#include "arb/strategy/strategy.hpp"

namespace arb {

class Taker final : public Strategy {
public:
    explicit Taker(const StrategyParams& params) noexcept : params_(params) {}
    void on_book(const PairView& view, Proposals& out) noexcept override;
    void on_fill(const Record&) noexcept override {}

private:
    StrategyParams params_;
};

// The most that balances and the order limit allow on the buy leg.
Qty affordable(const PairView& view, const Member& buy, const Member& sell) noexcept;

// The sell quantity that nets what arrives and what earlier trades left over, in whole lots.
Qty netted_sell(const PairView& view, const Member& buy, const Member& sell, Qty buy_qty, Qty planned) noexcept;

}  // namespace arb
