// What becomes of orders: events to the trade machine, its wishes to actions and timers, hedges, halts.
#include <algorithm>

#include "arb/amounts.hpp"
#include "arb/engine.hpp"

namespace arb {
namespace {

Price floor_to(Price price, Price tick) noexcept { return {price.value / tick.value * tick.value}; }
Price ceil_to(Price price, Price tick) noexcept { return floor_to({price.value + tick.value - 1}, tick); }

// The hedge's limit: the touch widened by the band, rounded inwards.
Price hedge_limit(const Touch& touch, Side side, Ppm band, Price tick) noexcept {
    const bool buy = side == Side::buy;
    const std::int64_t price = (buy ? touch.ask : touch.bid).price.value;
    const auto reach = static_cast<std::int64_t>(static_cast<Int128>(price) * band.value / kPpmOne);
    return buy ? floor_to({price + reach}, tick) : ceil_to({price - reach}, tick);
}

// Whole lots that close `imbalance` at most; a buy that pays its fee in base orders that much more.
Qty hedge_qty(Amount imbalance, Side side, const Instrument& instrument) noexcept {
    Amount order = absolute(imbalance);
    if (side == Side::buy && instrument.fees.buy_mode == FeeMode::base) {
        order = {order.value / (kPpmOne - instrument.fees.taker.value) * kPpmOne};
    }
    const std::int64_t lot = instrument.filters.lot.value;
    return {base_qty(order, instrument.grid).value / lot * lot};
}

}  // namespace

Trade* Engine::find(OrderId id, std::uint8_t& order_index) noexcept {
    const OrderKey key = order_key(id);
    Trade& trade = trades_[key.seq % kTradeSlots];
    if (trade.state == TradeState::free || trade.seq != key.seq) return nullptr;
    for (std::uint8_t i = 0; i < trade.order_count; ++i) {
        if (trade.orders[i].id == id) {
            order_index = i;
            return &trade;
        }
    }
    return nullptr;
}

OrderResult Engine::feed(OrderId id, Input input) noexcept {
    Trade* trade = find(id, input.index);
    if (trade == nullptr) {
        ++stats_.foreign;
        return OrderResult::foreign;
    }
    run(*trade, input);
    return OrderResult::known;
}

void Engine::sent(OrderId id, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::sent, event::OrderBody{t, id, {}, {}, 0});
    feed(id, {.kind = InputKind::sent});
}

void Engine::not_sent(OrderId id, Refusal why, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::not_sent, event::OrderBody{t, id, {}, {}, static_cast<std::uint8_t>(why)});
    ++stats_.not_sent;
    feed(id, {.kind = InputKind::not_sent, .code = static_cast<std::uint8_t>(why)});
}

OrderResult Engine::report(OrderId id, OrderStatus status, Qty cum, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::report, event::OrderBody{t, id, cum, status, 0});
    return feed(id, {.kind = InputKind::report, .status = status, .qty = cum});
}

OrderResult Engine::fill(const event::Fill& fill) noexcept {
    enter(fill.time);
    tape_.write(EventKind::fill, fill);
    std::uint8_t at = 0;
    Trade* trade = find(fill.order, at);
    // A trade id is the venue's and may serve both sides of a match; with the order it is one execution. Hashed
    // twice, because a seed is only mixed in by exclusive or: ids 4 and 5 of neighbours would be one key.
    const std::uint64_t order = hash_word(static_cast<std::uint64_t>(fill.order), kHashSeed);
    if (!fills_seen_.insert(hash_word(fill.trade_id, order))) {
        ++stats_.duplicate_fills;
        return OrderResult::duplicate;
    }
    if (trade == nullptr) {  // an execution nobody here asked for: somebody must look
        ++stats_.foreign;
        halt(Scope::global, 0, HaltReason::foreign_fill);
        return OrderResult::foreign;
    }
    ++stats_.fills;
    instruments_[index(trade->orders[at].instrument)].own_fill = now_;
    run(*trade, {.kind = InputKind::fill,
                 .index = at,
                 .fee_asset = fill.fee_asset,
                 .qty = fill.qty,
                 .price = fill.price,
                 .fee = fill.fee,
                 .ref = fill.trade_id});
    return OrderResult::known;
}

void Engine::reject(OrderId id, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::reject, event::OrderBody{t, id, {}, {}, 0});
    ++stats_.rejects;
    feed(id, {.kind = InputKind::reject});
}

void Engine::ambiguous(OrderId id, UnknownReason why, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::ambiguous, event::OrderBody{t, id, {}, {}, static_cast<std::uint8_t>(why)});
    feed(id, {.kind = InputKind::ambiguous, .code = static_cast<std::uint8_t>(why)});
}

void Engine::found(OrderId id, OrderStatus status, Qty cum, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::found, event::OrderBody{t, id, cum, status, 0});
    feed(id, {.kind = InputKind::found, .status = status, .qty = cum});
}

void Engine::absent(OrderId id, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::absent, event::OrderBody{t, id, {}, {}, 0});
    std::uint8_t at = 0;
    Trade* trade = find(id, at);
    if (trade == nullptr) return;
    OrderTimers& timers = clockwork(*trade).orders[at];
    // Answers are not told apart, so this one is taken for that of the oldest query it can belong to.
    const Nanos asked = timers.asked;
    timers.asked = 0;
    const Order& order = trade->orders[at];
    if (order.state != OrderState::unknown || timers.fence == 0 || now_ < timers.fence) return;
    // A fill that executed while the private stream was down is heard of when it is up and reconciled.
    const bool would_know = venues_[index(order.venue)].private_up;
    if (asked >= timers.fence) {
        if (timers.absent == 0) {
            timers.absent = asked;
        } else if (asked - timers.absent >= config_.timing.absent_gap && would_know) {
            run(*trade, {.kind = InputKind::fenced, .index = at});
        }
    }
    const Nanos soon = now_ + config_.timing.absent_gap;
    if (order.state == OrderState::unknown && would_know && timers.query > soon) timers.query = soon;
}

void Engine::run(Trade& trade, const Input& input) noexcept {
    const bool seen = input.kind == InputKind::report || input.kind == InputKind::found ||
                      input.kind == InputKind::fill;
    if (seen) clockwork(trade).orders[input.index].absent = 0;  // two answers in a row it takes
    if (input.kind == InputKind::found) clockwork(trade).orders[input.index].asked = 0;
    carry_out(trade, step(trade, input));
}

void Engine::carry_out(Trade& trade, const Step& decided) noexcept {
    for (Record record : decided.written()) {
        record.seq = ++record_seq_;
        record.time = now_;
        const TradeState before = trade.state;
        apply(trade, record);
        if (is_final(trade.state) && !is_final(before)) {
            --pairs_[index(trade.pair)].open;
            --open_trades_;
        }
        if (trade.state == TradeState::halted && before != TradeState::halted) ++stats_.halted;
        if (trade.state == TradeState::halted && before == TradeState::balanced) {
            --stats_.balanced;
            active_.push_back(static_cast<std::uint16_t>(trade.seq % kTradeSlots));  // its slot is kept again
        }
        ledger_.apply(record, instruments_[index(record.instrument)].instrument);
        emit(ActionKind::record, record);
        on_record(trade, record);
        watch_fence(trade, record);
    }
    for (const Wish& wish : decided.wished()) {
        OrderTimers& timers = clockwork(trade).orders[wish.index];
        switch (wish.kind) {
            case WishKind::place: place(trade, wish.index); break;
            case WishKind::query: wish_query(trade, wish.index); break;
            case WishKind::ack_timer: timers.ack = now_ + config_.timing.ack; break;
            case WishKind::lost_timer: timers.lost = now_ + config_.timing.lost; break;
            case WishKind::hedge: offer_hedge(trade); break;
        }
    }
}

void Engine::on_record(Trade& trade, const Record& record) noexcept {
    Clockwork& clocks = clockwork(trade);
    Pair& pair = pairs_[index(trade.pair)];
    switch (record.kind) {
        case RecordKind::fill:
            strategy_->on_fill(record);
            break;
        case RecordKind::unknown:
            ++stats_.unknowns;
            break;
        case RecordKind::adopt:
            if (record.code == static_cast<std::uint8_t>(AdoptCode::reopened)) ++stats_.fence_broken;
            break;
        case RecordKind::resolved:
            if (record.code == static_cast<std::uint8_t>(ResolveSource::fence)) ++stats_.fenced;
            clocks.orders[record.index] = {};
            instruments_[index(record.instrument)].order_end = now_;
            break;
        case RecordKind::done: {
            clocks = {.episode = clocks.episode};
            std::erase(active_, static_cast<std::uint16_t>(trade.seq % kTradeSlots));
            ++stats_.balanced;
            Episode& episode = pair.episodes[clocks.episode];
            const bool both = trade.orders[0].filled() == trade.orders[0].qty &&
                              trade.orders[1].filled() == trade.orders[1].qty;
            if (both) episode.reach(Stage::both_filled, opportunities_);
            if (both && record.other.value > 0) episode.reach(Stage::profitable, opportunities_);
            const Amount limit = gate_.limits().max_loss;
            if (limit.value > 0 && (-ledger_.realised() >= limit || ledger_.drawdown() >= limit)) {
                halt(Scope::global, 0, HaltReason::loss_limit);
            }
            break;
        }
        case RecordKind::halt:
            clocks.hedge = clocks.hedge_retry = 0;  // its orders go on being asked for
            halt(Scope::pair, static_cast<std::uint16_t>(trade.pair), static_cast<HaltReason>(record.code));
            break;
        default:
            break;
    }
}

// The fence counts from the first word that bytes may have left: never earlier than they did.
void Engine::watch_fence(const Trade& trade, const Record& record) noexcept {
    const Order& order = trade.orders[record.index];
    OrderTimers& timers = clockwork(trade).orders[record.index];
    if (order.handed == 0 || !order.unresolved() || timers.fence != 0) return;
    timers.fence = now_ + config_.timing.fence;
    if (timers.query > timers.fence) timers.query = timers.fence;
}

void Engine::place(Trade& trade, std::uint8_t at) noexcept {
    const Order& order = trade.orders[at];
    Record body;
    body.order = order.id;
    body.instrument = order.instrument;
    body.venue = order.venue;
    body.pair = trade.pair;
    body.side = order.side;
    body.price = order.limit;
    body.qty = order.qty;
    body.hedge = order.hedge;
    if (is_perpetual(instruments_[index(order.instrument)].instrument.market)) {
        // The order's own intent is in the interval already: if that cannot pass zero, it can only shrink.
        const Position& position = ledger_.position(order.instrument);
        body.reduce_only = order.side == Side::sell ? position.low().value >= 0 : position.high().value <= 0;
    }
    body.index = at;
    body.trade = static_cast<std::uint32_t>(trade.seq);
    const Nanos within = order.hedge ? config_.timing.hedge_deadline : config_.timing.place_deadline;
    ++stats_.orders;
    stats_.hedges += order.hedge;
    emit(ActionKind::place, body, 0, now_ + within, clockwork(trade).trigger);
}

void Engine::ask(Trade& trade, std::uint8_t at) noexcept {
    OrderTimers& timers = clockwork(trade).orders[at];
    const std::size_t next = static_cast<std::size_t>(timers.queries) + 1;
    timers.query = now_ + (next < std::size(config_.timing.query) ? config_.timing.query[next] - config_.timing.query[next - 1]
                                                                  : config_.timing.query_later);
    if (timers.fence > now_ && timers.query > timers.fence) timers.query = timers.fence;
    if (timers.asked == 0) timers.asked = now_;
    if (timers.queries < 255) ++timers.queries;
    ++stats_.queries;
    const Order& order = trade.orders[at];
    Record body;
    body.order = order.id;
    body.instrument = order.instrument;
    body.venue = order.venue;
    body.pair = trade.pair;
    emit(ActionKind::query, body);
}

// A first query goes out at once when the order is unknown, and a moment later when only its fills are
// missing: they nearly always come by themselves. A query that is due anyway is not doubled.
void Engine::wish_query(Trade& trade, std::uint8_t at) noexcept {
    OrderTimers& timers = clockwork(trade).orders[at];
    if (timers.query > now_) return;
    if (timers.query == 0 && trade.orders[at].resolved()) {
        timers.query = now_ + config_.timing.fills;
        return;
    }
    ask(trade, at);
}

void Engine::offer_hedge(Trade& trade) noexcept {
    Clockwork& clocks = clockwork(trade);
    if (clocks.hedge == 0) clocks.hedge = now_ + config_.timing.hedge;
    clocks.hedge_retry = now_ + config_.timing.hedge_retry;
    const Amount imbalance = net(trade);
    const Side side = imbalance.value > 0 ? Side::sell : Side::buy;
    const Pair& pair = pairs_[index(trade.pair)];

    std::optional<Approved> best;
    const Instrument* where = nullptr;
    Int128 best_score = 0;
    bool all_too_small = true;
    for (const InstrumentId id : pair.members) {
        const MarketView market = market_view(id, trade.pair);
        const Instrument& instrument = *market.instrument;
        // What an order of ours has just met is news to a book that is 100 ms old: a hedge priced by it
        // misses as the leg did (2 of 116 trades halted so). The next frame knows; a book that stays silent for
        // longer than its interval has nothing new to say.
        const Nanos end = instruments_[index(id)].order_end;
        const bool outdated = market.book_recv <= end && now_ - end < gate_.limits().own_fill_block;
        if (market.book != BookState::live || outdated || !market.touch.has_bid || !market.touch.has_ask) {
            all_too_small = false;  // cannot be judged now
            continue;
        }
        const Intent intent{id, side, hedge_qty(imbalance, side, instrument),
                            hedge_limit(market.touch, side, config_.hedge_band, instrument.filters.tick)};
        const bool too_small = intent.qty.value == 0 || intent.qty < instrument.filters.min_qty ||
                               intent.limit * intent.qty < instrument.filters.min_notional;
        if (too_small) continue;
        all_too_small = false;
        const Gate::Hedge checked = gate_.check_hedge(intent, market, imbalance, ledger_, now_);
        if (!checked.order) continue;
        // Completing and reversing are the same order on another venue: the better price after fees wins.
        const std::int64_t fee = instrument.fees.taker.value;
        const Int128 score = side == Side::sell
                                 ? static_cast<Int128>(market.touch.bid.price.value) * (kPpmOne - fee)
                                 : -static_cast<Int128>(market.touch.ask.price.value) * (kPpmOne + fee);
        if (where == nullptr || score > best_score) {
            best.emplace(*checked.order);
            where = &instrument;
            best_score = score;
        }
    }
    if (where != nullptr) {
        clocks.hedge = clocks.hedge_retry = 0;
        carry_out(trade, hedge_order(trade, *best, *where));
    } else if (all_too_small) {
        clocks.hedge = clocks.hedge_retry = 0;
        run(trade, {.kind = InputKind::no_hedge});
    }
}

void Engine::halt(Scope scope, std::uint16_t id, HaltReason reason) noexcept {
    EngineState& state = scope == Scope::global  ? global_state_
                         : scope == Scope::venue ? venues_[id].state
                                                 : pairs_[id].state;
    if (state == EngineState::halt) return;
    state = EngineState::halt;
    Record body;
    if (scope == Scope::pair) body.pair = static_cast<PairId>(id);
    if (scope == Scope::venue) body.venue = static_cast<VenueId>(id);
    emit(ActionKind::halt, body, static_cast<std::uint8_t>(reason), 0, 0, scope);
}

void Engine::emit(ActionKind kind, const Record& body, std::uint8_t code, Nanos deadline, Nanos trigger,
                  Scope scope) noexcept {
    Action action;
    action.kind = kind;
    action.code = code;
    action.scope = static_cast<std::uint8_t>(scope);
    action.deadline = deadline;
    action.trigger = trigger;
    action.body = body;
    // A full ring loses an action, and with it the certainty of what is on the way: stop taking risks.
    if (!ring_.push(action)) global_state_ = EngineState::halt;
}

void Engine::time(Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::time, event::Time{t});
    // Each timer fires at most once per call: one armed for "now" waits for the next heartbeat.
    for (std::size_t budget = kTradeSlots; budget != 0 && fire_next(t); --budget) {
    }
}

bool Engine::fire_next(Nanos t) noexcept {
    Nanos* due = nullptr;
    InputKind kind{};
    std::uint8_t at = 0;
    Trade* owner = nullptr;
    const auto consider = [&](Trade& trade, Nanos& when, InputKind input, std::uint8_t order) {
        if (when == 0 || when > t || (due != nullptr && *due <= when)) return;
        due = &when;
        kind = input;
        at = order;
        owner = &trade;
    };
    for (const std::uint16_t slot : active_) {
        Trade& trade = trades_[slot];
        Clockwork& clocks = clockworks_[slot];
        for (std::uint8_t i = 0; i < trade.order_count; ++i) {
            consider(trade, clocks.orders[i].ack, InputKind::ack_timer, i);
            consider(trade, clocks.orders[i].query, InputKind::query_timer, i);
            consider(trade, clocks.orders[i].lost, InputKind::lost_timer, i);
        }
        consider(trade, clocks.hedge, InputKind::hedge_timer, 0);
        consider(trade, clocks.hedge_retry, InputKind::no_hedge, kMaxOrders);  // marks the retry
    }
    if (due == nullptr) return false;
    *due = 0;
    if (at == kMaxOrders) {
        offer_hedge(*owner);
    } else if (kind == InputKind::query_timer) {
        if (owner->orders[at].unresolved() || owner->orders[at].fills_missing()) ask(*owner, at);
    } else {
        run(*owner, {.kind = kind, .index = at});
    }
    return true;
}

Nanos Engine::next_deadline() const noexcept {
    Nanos next = 0;
    const auto consider = [&next](Nanos when) {
        if (when != 0 && (next == 0 || when < next)) next = when;
    };
    for (const std::uint16_t slot : active_) {
        const Trade& trade = trades_[slot];
        const Clockwork& clocks = clockworks_[slot];
        for (std::uint8_t i = 0; i < trade.order_count; ++i) {
            consider(clocks.orders[i].ack);
            consider(clocks.orders[i].query);
            consider(clocks.orders[i].lost);
        }
        consider(clocks.hedge);
        consider(clocks.hedge_retry);
    }
    return next;
}

std::uint32_t Engine::unresolved_orders() const noexcept {
    std::uint32_t count = 0;
    for (const Trade& trade : trades_) {
        if (trade.state == TradeState::free) continue;
        for (const Order& order : trade.used()) count += order.unresolved();
    }
    return count;
}

std::uint64_t Engine::state_hash() const noexcept {
    std::uint64_t h = ledger_.state_hash(kHashSeed);
    h = hash_bytes(trades_.data(), sizeof trades_, h);
    h = hash_word(next_seq_, h);
    h = hash_word(static_cast<std::uint64_t>(global_state_), h);
    for (const Venue& venue : venues_) h = hash_word(static_cast<std::uint64_t>(venue.state), h);
    for (const Pair& pair : pairs_) {
        h = hash_word(static_cast<std::uint64_t>(pair.state), h);
        h = hash_word(pair.fits, h);
    }
    return h;
}

}  // namespace arb
