#include "arb/risk.hpp"

#include <algorithm>

#include "arb/amounts.hpp"

namespace arb {
namespace {

bool within(Price price, Price reference_twice, Ppm band) noexcept {
    // |2 price - (bid + ask)| <= band (bid + ask): the mid without its half.
    const Int128 distance = static_cast<Int128>(price.value) * 2 - reference_twice.value;
    const Int128 size = distance < 0 ? -distance : distance;
    return size * kPpmOne <= static_cast<Int128>(reference_twice.value) * band.value;
}

Price twice_mid(const Touch& touch) noexcept { return {touch.bid.price.value + touch.ask.price.value}; }

bool exceeds(Amount value, Amount limit) noexcept { return limit.value > 0 && value > limit; }

}  // namespace

bool passes_filters(const Intent& intent, const Filters& filters) noexcept {
    if (intent.qty.value <= 0 || intent.limit.value <= 0) return false;
    if (intent.limit.value % filters.tick.value != 0 || intent.qty.value % filters.lot.value != 0) return false;
    if (intent.qty < filters.min_qty || intent.limit < filters.min_price) return false;
    if (filters.max_qty.value != 0 && intent.qty > filters.max_qty) return false;
    if (filters.max_price.value != 0 && intent.limit > filters.max_price) return false;
    const Notional notional = intent.limit * intent.qty;
    if (notional < filters.min_notional) return false;
    return filters.max_notional.value == 0 || notional <= filters.max_notional;
}

Amount margin_room(const Margin& margin, Ppm max_leverage) noexcept {
    return Amount{margin.equity.value / kPpmOne * max_leverage.value} - margin.others;
}

Amount reservation(const Intent& intent, const Instrument& instrument) noexcept {
    if (is_perpetual(instrument.market)) return {};
    if (intent.side == Side::sell) return base_amount(intent.qty, instrument.grid);
    const Amount cost = quote_amount(intent.limit * intent.qty, instrument.grid);
    const bool fee_on_top = instrument.fees.buy_mode == FeeMode::quote && instrument.fees.taker.value > 0;
    return fee_on_top ? cost + ppm_of(cost, instrument.fees.taker) : cost;
}

Refusal Gate::check_leg(const Intent& intent, const MarketView& market, const Ledger& ledger, Profile profile,
                        Nanos now) const noexcept {
    const bool entry = profile == Profile::entry;
    const Instrument& instrument = *market.instrument;
    if (entry && market.scope != EngineState::active) return Refusal::engine_state;
    if (!instrument.tradable || (entry && !market.pair_fits)) return Refusal::instrument;
    if (market.book != BookState::live || !market.connected || market.touch.crossed() ||
        !market.touch.has_bid || !market.touch.has_ask || now - market.book_recv > limits_.max_book_age ||
        market.feed_lag > limits_.max_feed_lag) {
        return Refusal::book_trust;
    }
    if (entry && market.own_fill != 0) {
        // Depth streams go on showing what we took for up to their interval (100 ms).
        const bool shown = market.book_recv - market.own_fill >= limits_.own_fill_quiet;
        if (!shown && now - market.own_fill < limits_.own_fill_block) return Refusal::own_fills;
    }
    if (entry && !market.private_up) return Refusal::stream;
    if (!passes_filters(intent, instrument.filters)) return Refusal::filters;
    if (!within(intent.limit, twice_mid(market.touch), entry ? limits_.collar : limits_.hedge_collar)) {
        return Refusal::collar;
    }
    const Amount notional = quote_amount(intent.limit * intent.qty, instrument.grid);
    if (entry && exceeds(notional, limits_.max_order_notional)) return Refusal::order_size;
    if (is_perpetual(instrument.market)) return carries(intent, market) ? Refusal::none : Refusal::margin;
    const AssetId pays = intent.side == Side::buy ? instrument.quote : instrument.base;
    if (reservation(intent, instrument) > ledger.account(instrument.venue, pays).free()) return Refusal::funds;
    return Refusal::none;
}

// Row 17. What leaves the worst case as it was needs no margin, so an order that reduces always passes.
bool Gate::carries(const Intent& intent, const MarketView& market) const noexcept {
    const Instrument& instrument = *market.instrument;
    Position after = market.position;
    (intent.side == Side::buy ? after.pending_buy : after.pending_sell) += intent.qty;
    if (after.worst() <= market.position.worst()) return true;
    if (!market.margin.known) return false;
    const Price price{std::max(intent.limit.value * 2, twice_mid(market.touch).value)};  // twice
    const Amount carried{quote_amount(price * after.worst(), instrument.grid).value / 2};
    const Amount cost = quote_amount(intent.limit * intent.qty, instrument.grid);
    Margin margin = market.margin;
    margin.equity -= ppm_of(cost, {std::max(instrument.fees.taker.value, 0)});
    return carried <= margin_room(margin, limits_.max_leverage);
}

Gate::Entry Gate::check_entry(const Proposal& proposal, const std::array<MarketView, kEntryLegs>& markets,
                              const PairContext& pair, const Ledger& ledger, Nanos now) const noexcept {
    Entry out;
    const auto refuse = [&out](Refusal why, std::uint8_t leg) {
        out.refusal = why;
        out.leg = leg;
        return out;
    };
    for (std::uint8_t i = 0; i < kEntryLegs; ++i) {
        const Refusal why = check_leg(proposal.legs[i], markets[i], ledger, Profile::entry, now);
        if (why != Refusal::none) return refuse(why, i);
    }
    const Intent& buy = proposal.legs[0];
    const Intent& sell = proposal.legs[1];
    const Instrument& instrument = *markets[0].instrument;
    for (std::uint8_t i = 0; i < kEntryLegs; ++i) {  // row 8 looks at the other venue's mid too
        if (!within(proposal.legs[i].limit, twice_mid(markets[1 - i].touch), limits_.collar)) {
            return refuse(Refusal::collar, i);
        }
    }
    if (pair.pair_busy) return refuse(Refusal::duplicate, 0);
    if (pair.last_entry != 0 && now - pair.last_entry < limits_.duplicate_window && pair.last_qty == buy.qty &&
        pair.last_buy == buy.instrument) {
        return refuse(Refusal::duplicate, 0);
    }
    if (pair.open_trades >= limits_.max_open_trades) return refuse(Refusal::open_count, 0);

    // Rows 12 and 13 at the worst case: each leg alone, on top of all that is pending.
    Exposure exposure = ledger.exposure(instrument.base);
    exposure.high += base_amount(buy.qty, instrument.grid);
    exposure.low -= base_amount(sell.qty, markets[1].instrument->grid);
    if (exceeds(exposure.worst(), limits_.max_position[index(instrument.base)])) return refuse(Refusal::net, 0);
    const Amount bought = quote_amount(buy.limit * buy.qty, instrument.grid);
    const Amount sold = quote_amount(sell.limit * sell.qty, markets[1].instrument->grid);
    if (exceeds(ledger.pending_notional() + bought + sold, limits_.max_notional)) return refuse(Refusal::gross, 0);

    if (proposal.worst < limits_.worst_floor) return refuse(Refusal::edge, 0);
    const Notional spent = buy.limit * buy.qty;
    if (proposal.net.value * kPpmOne > spent.value * limits_.max_edge.value) {
        return refuse(Refusal::edge_too_good, 0);
    }
    if (limits_.max_loss.value > 0 &&
        (-ledger.realised() >= limits_.max_loss || ledger.drawdown() >= limits_.max_loss)) {
        return refuse(Refusal::loss, 0);
    }
    out.legs = {Approved(buy, Profile::entry), Approved(sell, Profile::entry)};
    return out;
}

Gate::Hedge Gate::check_hedge(const Intent& intent, const MarketView& market, Amount imbalance,
                              const Ledger& ledger, Nanos now) const noexcept {
    // A hedge is never blocked by an entry limit; its own rule is that it must shrink the imbalance.
    const Instrument& instrument = *market.instrument;
    if ((intent.side == Side::sell) != (imbalance.value > 0)) return {{}, Refusal::net};
    Amount closes = base_amount(intent.qty, instrument.grid);
    if (intent.side == Side::buy && instrument.fees.buy_mode == FeeMode::base) {
        closes -= ppm_of(closes, instrument.fees.taker);
    }
    if (closes > absolute(imbalance)) return {{}, Refusal::net};
    const Refusal why = check_leg(intent, market, ledger, Profile::hedge, now);
    if (why != Refusal::none) return {{}, why};
    return {Approved(intent, Profile::hedge), Refusal::none};
}

const char* name(Refusal refusal) noexcept {
    static constexpr const char* kNames[kRefusals] = {
        "NONE",   "ENGINE_STATE", "KILL_FLAG", "INSTRUMENT", "BOOK_TRUST",    "OWN_FILLS", "CLOCK",
        "STREAM", "FILTERS",      "COLLAR",    "ORDER_SIZE", "DUPLICATE",     "FUNDS",     "NET",
        "GROSS",  "OPEN_COUNT",   "RATE",      "EDGE",       "EDGE_TOO_GOOD", "MARGIN",    "LOSS",
        "VENUE_HEALTH", "REPEAT", "SELF_MATCH", "RING_FULL", "IDS_EXHAUSTED", "SLOTS_FULL"};
    return kNames[static_cast<std::size_t>(refusal)];
}

}  // namespace arb
