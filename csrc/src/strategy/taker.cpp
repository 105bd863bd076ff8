#include "arb/strategy/taker.hpp"

#include <algorithm>

#include "arb/amounts.hpp"

namespace arb {
namespace {

constexpr std::int64_t kHeadroomPercent = 101;  // limits may lie deeper than the touch the size is judged by

// How much of it `quote` pays for, or as margin carries.
Qty carried_by(Amount quote, Price price, const Instrument& instrument) noexcept {
    const Amount step = quote_amount(price * Qty{1}, instrument.grid);
    const Amount with_fee = step + ppm_of(step, Ppm{std::max(instrument.fees.taker.value, 0)});
    const Int128 steps = quote.value * 100 / (with_fee.value * kHeadroomPercent);
    return {static_cast<std::int64_t>(std::clamp<Int128>(steps, 0, kQtyBound))};
}

Qty bought_with(Amount quote, const Member& buy) noexcept {
    return carried_by(quote, buy.book.touch.ask.price, *buy.instrument);
}

// The smallest order both venues accept at their touch. Proposing at least that much leaves it to the gate to say
// why nothing is traded (FUNDS, ORDER_SIZE) instead of falling silent.
Qty smallest(const Member& buy, const Member& sell) noexcept {
    const Filters& on_buy = buy.instrument->filters;
    const Filters& on_sell = sell.instrument->filters;
    const auto reaching = [](Notional notional, Price price) {
        return static_cast<std::int64_t>((notional.value + price.value - 1) / price.value);
    };
    const std::int64_t least =
        std::max({on_buy.min_qty.value, on_sell.min_qty.value,
                  reaching(on_buy.min_notional, buy.book.touch.ask.price),
                  reaching(on_sell.min_notional, sell.book.touch.bid.price)});
    const std::int64_t lot = std::max(on_buy.lot.value, on_sell.lot.value);
    return {(least / lot + 2) * lot};  // one lot for the rounding up, one for a fee taken from the base
}

}  // namespace

Qty affordable(const PairView& view, const Member& buy, const Member& sell) noexcept {
    const Instrument& on_buy = *buy.instrument;
    const Instrument& on_sell = *sell.instrument;
    Qty most = is_perpetual(on_buy.market)
                   ? carried_by(buy.margin_room, buy.book.touch.ask.price, on_buy) - buy.position.high()
                   : bought_with(view.ledger.account(on_buy.venue, on_buy.quote).free(), buy);
    if (view.limits.max_order_notional.value > 0) {
        most = std::min(most, bought_with(view.limits.max_order_notional, buy));
    }
    if (is_perpetual(on_sell.market)) {
        most = std::min(most, carried_by(sell.margin_room, sell.book.touch.bid.price, on_sell) + sell.position.low());
    } else {
        most = std::min(most, base_qty(view.ledger.account(on_sell.venue, on_sell.base).free(), on_sell.grid));
    }
    return std::max(Qty{0}, most);
}

Qty netted_sell(const PairView& view, const Member& buy, const Member& sell, Qty buy_qty, Qty planned) noexcept {
    const Grid grid = buy.instrument->grid;
    Amount arrives = base_amount(buy_qty, grid);
    if (buy.instrument->fees.buy_mode == FeeMode::base) arrives -= ppm_of(arrives, buy.instrument->fees.taker);
    const std::int64_t lot = sell.instrument->filters.lot.value;
    Qty sellable = base_qty(arrives + view.dust, grid);
    if (!is_perpetual(sell.instrument->market)) {  // a perpetual may be sold short
        const Amount held = view.ledger.account(sell.instrument->venue, sell.instrument->base).free();
        sellable = std::min(sellable, std::max(planned, base_qty(held, grid)));
    }
    const std::int64_t whole = sellable.value / lot * lot;
    // What was left over is worth a few lots at most; more than the plan again is not dust but a mistake.
    return {std::clamp<std::int64_t>(whole, 0, 2 * planned.value)};
}

void Taker::on_book(const PairView& view, Proposals& out) noexcept {
    for (const Member& buy : view.members) {
        for (const Member& sell : view.members) {
            if (&buy == &sell || buy.book.state != BookState::live || sell.book.state != BookState::live) continue;
            if (buy.book.asks.done() || sell.book.bids.done()) continue;
            EdgeTerms terms;
            terms.fee_mode = buy.instrument->fees.buy_mode;
            terms.buy_fee = buy.instrument->fees.taker;
            terms.sell_fee = sell.instrument->fees.taker;
            terms.buy = buy.instrument->filters;
            terms.sell = sell.instrument->filters;
            terms.min_edge = params_.min_edge;
            terms.slippage = params_.slippage;
            terms.worst_floor = view.limits.worst_floor;
            terms.cap = std::max(affordable(view, buy, sell), smallest(buy, sell));
            const Edge edge = best_edge(buy.book.asks, sell.book.bids, terms);
            if (!edge.tradable()) continue;
            Proposal proposal;
            proposal.pair = view.pair;
            proposal.net = edge.net;
            proposal.worst = edge.worst;
            proposal.legs[0] = {buy.id, Side::buy, edge.buy_qty, edge.buy_limit};
            proposal.legs[1] = {sell.id, Side::sell, netted_sell(view, buy, sell, edge.buy_qty, edge.sell_qty),
                                edge.sell_limit};
            out.add(proposal);
        }
    }
}

std::unique_ptr<Strategy> make_strategy(const StrategyParams& params) {
    switch (params.kind) {
        case StrategyKind::taker: return std::make_unique<Taker>(params);
    }
    return nullptr;
}

}  // namespace arb
