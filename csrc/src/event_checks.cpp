#include "arb/event_checks.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "arb/amounts.hpp"

namespace arb::event {
namespace {

constexpr Nanos kTimeBound = Nanos{1} << 62;       // two of them still add up
constexpr Nanos kDurationBound = Nanos{1} << 60;   // 36 years
constexpr Int128 kAmountBound = Int128{1} << 106;  // what a fee may be taken of, see ppm_of

bool is_time(Nanos t) noexcept { return t >= 0 && t < kTimeBound; }
bool is_duration(Nanos span) noexcept { return span >= 0 && span < kDurationBound; }
bool is_amount(Amount amount) noexcept { return amount.value > -kAmountBound && amount.value < kAmountBound; }
bool is_price(Price price) noexcept { return price.value >= 0 && price.value < kPriceBound; }
bool is_qty(Qty qty) noexcept { return qty.value >= 0 && qty.value < kQtyBound; }
bool is_notional(Notional n) noexcept { return n.value > -kNotionalBound && n.value < kNotionalBound; }
bool is_share(Ppm rate) noexcept { return rate.value > -kPpmOne && rate.value < kPpmOne; }

template <class Enum>
bool is_one_of(Enum value, Enum last) noexcept {
    return value <= last;
}

// Loading a bool whose byte is neither 0 nor 1 is undefined: its byte is looked at instead.
bool is_flag(const bool& flag) noexcept {
    std::uint8_t byte;
    std::memcpy(&byte, &flag, 1);
    return byte <= 1;
}

// D3 gives three decimals or more to quantities; with these bounds no amount of a pair passes 2^127.
bool is_grid(Grid grid) noexcept {
    const int both = grid.price_decimals + grid.qty_decimals;
    return grid.qty_decimals >= 3 && both >= 4 && both <= 18;
}

bool sound_filters(const Filters& f) noexcept {
    return is_price(f.tick) && f.tick.value > 0 && is_price(f.min_price) && is_price(f.max_price) &&
           is_qty(f.lot) && f.lot.value > 0 && is_qty(f.min_qty) && is_qty(f.max_qty) &&
           is_notional(f.min_notional) && is_notional(f.max_notional);
}

bool sound_limits(const Limits& limits) noexcept {
    const std::array spans{limits.max_book_age, limits.max_feed_lag, limits.own_fill_quiet,
                           limits.own_fill_block, limits.duplicate_window};
    return std::all_of(spans.begin(), spans.end(), is_duration) &&
           std::all_of(limits.max_position.begin(), limits.max_position.end(), is_amount) &&
           is_amount(limits.max_order_notional) && is_amount(limits.max_notional) &&
           is_amount(limits.max_loss) && is_notional(limits.worst_floor) && limits.max_leverage.value > 0;
}

bool sound_timing(const Timing& timing) noexcept {
    const std::array spans{timing.ack,   timing.place_deadline, timing.hedge_deadline, timing.query_later,
                           timing.fills, timing.fence,          timing.absent_gap,     timing.lost,
                           timing.hedge, timing.hedge_retry};
    return std::all_of(spans.begin(), spans.end(), is_duration) &&
           std::all_of(std::begin(timing.query), std::end(timing.query), is_duration);
}

}  // namespace

// Of another version or build nothing can be said.
bool sound(const Head& head) noexcept {
    if (head.version != kTapeVersion || head.layout != kLayout) return true;
    const EngineConfig& config = head.config;
    return is_share(config.hedge_band) && sound_limits(config.limits) && sound_timing(config.timing) &&
           is_one_of(config.strategy.kind, StrategyKind::taker) && is_share(config.strategy.min_edge) &&
           is_share(config.strategy.slippage);
}

bool sound(const PairBody& body) noexcept { return is_grid(body.grid); }

bool sound(const InstrumentBody& body) noexcept {
    const Instrument& instrument = body.instrument;
    return is_flag(instrument.tradable) && is_one_of(instrument.market, Market::bybit_linear) &&
           is_one_of(instrument.fees.buy_mode, FeeMode::base) && is_share(instrument.fees.taker) &&
           is_share(instrument.fees.maker) && sound_filters(instrument.filters);
}

bool sound(const ConnectionBody& body) noexcept { return is_one_of(body.market, Market::bybit_linear); }
bool sound(const Connection& body) noexcept { return is_time(body.time); }

bool sound(const Stream& body) noexcept {
    return is_time(body.time) && is_one_of(body.kind, StreamKind::closing) && is_flag(body.up);
}

bool sound(const Switch& body) noexcept { return is_time(body.time); }
bool sound(const Frame& body) noexcept { return is_time(body.time); }

bool sound(const UpdateBody& body) noexcept {
    return is_time(body.time) && is_one_of(body.kind, UpdateKind::ticker) && is_flag(body.has_prev_id) &&
           std::size_t{body.bids} + body.asks <= kUpdateLevels;
}

bool sound(const Refused& body) noexcept { return is_time(body.time) && is_flag(body.whole_connection); }
bool sound(const Snapshot& body) noexcept { return is_time(body.time); }
bool sound(const Time& body) noexcept { return is_time(body.time); }

bool sound(const OrderBody& body) noexcept {
    return is_time(body.time) && is_qty(body.cum) && is_one_of(body.status, OrderStatus::filled) &&
           body.code < kRefusals;
}

bool sound(const Fill& body) noexcept {
    return is_time(body.time) && is_price(body.price) && is_qty(body.qty) &&
           is_notional(body.price * body.qty) && is_amount(body.fee);
}

bool sound(const Balance& body) noexcept { return is_time(body.time) && is_amount(body.total); }

bool sound(const Command& body) noexcept {
    return is_time(body.time) && is_one_of(body.kind, CommandKind::halt) &&
           is_one_of(body.scope, Scope::pair);
}

bool sound(const IdBlock& body) noexcept { return is_time(body.time); }

bool sound(const AssetPrice& body) noexcept {
    return is_time(body.time) && body.price.value > 0 && body.price.value < kAssetPriceBound;
}

bool sound(const Position& body) noexcept {
    const bool bounded = body.qty.value > -kQtyBound && body.qty.value < kQtyBound;
    return is_time(body.time) && is_amount(body.cost) && bounded;
}

bool sound(const Rules& body) noexcept {
    return is_time(body.time) && is_flag(body.tradable) && is_flag(body.fits) && sound_filters(body.filters);
}

bool sound(const Cash& body) noexcept {
    return is_time(body.time) && is_amount(body.amount) && is_one_of(body.kind, CashKind::other);
}

bool sound(const Level& level) noexcept {
    return is_price(level.price) && is_qty(level.qty) && level.price.value > 0;
}

}  // namespace arb::event
