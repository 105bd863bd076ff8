#include "arb/trade.hpp"

#include "arb/amounts.hpp"

namespace arb {
namespace {

// The part of `held` that `part` of `whole` stands for, rounded down; all of it for the last part.
Amount share(Amount held, Qty part, Qty whole) noexcept {
    if (part.value <= 0) return {};
    if (part >= whole) return held;
    return {held.value / whole.value * part.value};
}

// Collects a step: records are applied to a copy at once, so later rules see their effect.
class Writer {
public:
    explicit Writer(const Trade& trade) noexcept : trade_(trade) {}

    void write(Record record) noexcept {
        record.trade = static_cast<std::uint32_t>(trade_.seq);
        record.pair = trade_.pair;
        step_.records[step_.record_count++] = record;
        apply(trade_, record);
    }

    void write(RecordKind kind, std::uint8_t index, std::uint8_t code, Qty qty = {}) noexcept {
        Record record = about(index);
        record.kind = kind;
        record.code = code;
        record.qty = qty;
        write(record);
    }

    Record about(std::uint8_t index) const noexcept {
        const Order& order = trade_.orders[index];
        Record record;
        record.order = order.id;
        record.index = index;
        record.instrument = order.instrument;
        record.venue = order.venue;
        record.side = order.side;
        record.hedge = order.hedge;
        record.price = order.limit;
        return record;
    }

    void resolve(std::uint8_t index, ResolveSource source, Qty cum) noexcept {
        const Order& order = trade_.orders[index];
        Record record = about(index);
        record.kind = RecordKind::resolved;
        record.code = static_cast<std::uint8_t>(source);
        record.qty = cum;
        record.ref = static_cast<std::uint64_t>(order.qty.value);
        // What executed and has no fill yet goes on holding its share: the fill takes it from the balance.
        const Qty open = order.qty - order.fills;
        record.amount = order.held - share(order.held, cum - order.fills, open);
        record.other = base_amount(order.qty - cum, trade_.grid);
        write(record);
    }

    void halt(HaltReason reason) noexcept {
        Record record;
        record.kind = RecordKind::halt;
        record.code = static_cast<std::uint8_t>(reason);
        record.amount = net(trade_);
        if (trade_.order_count != 0) record.instrument = trade_.orders[0].instrument;
        write(record);
    }

    void wish(WishKind kind, std::uint8_t index = 0) noexcept { step_.wishes[step_.wish_count++] = {kind, index}; }

    const Trade& trade() const noexcept { return trade_; }
    const Order& order(std::uint8_t index) const noexcept { return trade_.orders[index]; }
    const Step& step() const noexcept { return step_; }

private:
    Trade trade_;
    Step step_;
};

Record intent_record(const Approved& approved, const Instrument& instrument, OrderKey key, std::uint8_t index) {
    const Intent& intent = approved.intent();
    Record record;
    record.kind = RecordKind::intent;
    record.order = order_id(key);
    record.index = index;
    record.instrument = intent.instrument;
    record.venue = instrument.venue;
    record.side = intent.side;
    record.hedge = approved.profile() == Profile::hedge;
    record.price = intent.limit;
    record.qty = intent.qty;
    record.amount = reservation(intent, instrument);
    const bool pays_base = intent.side == Side::buy && instrument.fees.buy_mode == FeeMode::base;
    record.ref = pays_base ? static_cast<std::uint64_t>(instrument.fees.taker.value) : 0;
    return record;
}

// Quote result, with what changed in base valued at the last sell limit, rounded down.
Amount result(const Trade& trade) noexcept {
    Amount cash{};
    Price value_at = trade.orders[0].limit;
    for (const Order& order : trade.used()) {
        cash += order.side == Side::sell ? order.notional : -order.notional;
        cash -= order.quote_fee;
        if (order.side == Side::sell) value_at = order.limit;
    }
    const Int128 left = (net(trade) - trade.dust_in).value;
    const Int128 scale = kPow10[trade.grid.price_decimals];
    const Int128 worth = left * value_at.value;
    const Int128 rounded = worth >= 0 ? worth / scale : -((-worth + scale - 1) / scale);
    return cash + Amount{rounded};
}

void finish(Writer& out) noexcept {
    const Trade& trade = out.trade();
    Record record;
    record.kind = RecordKind::done;
    record.amount = net(trade);
    record.other = result(trade);
    record.instrument = trade.orders[0].instrument;
    out.write(record);
}

// True if something was missing: what executed is known, its price and fee are not.
bool ask_for_fills(Writer& out) noexcept {
    bool missing = false;
    for (std::uint8_t i = 0; i < out.trade().order_count; ++i) {
        const Order& order = out.order(i);
        if (!order.resolved() || !order.fills_missing()) continue;
        out.wish(WishKind::query, i);
        missing = true;
    }
    return missing;
}

// What a trade needs after each input: nothing before all its orders are resolved, then a hedge, or the fills
// that have not been heard of. A halted one is only asked about.
void settle(Writer& out, bool net_is_dust) noexcept {
    const Trade& trade = out.trade();
    if (is_final(trade.state)) {
        ask_for_fills(out);
        return;
    }
    for (const Order& order : trade.used()) {
        if (order.unresolved()) return;
    }
    if (!net_is_dust && absolute(net(trade)) >= trade.lot) {
        if (trade.hedges < trade.max_hedges) {
            out.wish(WishKind::hedge);
        } else {
            out.halt(HaltReason::hedges_spent);
            ask_for_fills(out);
        }
        return;
    }
    if (!ask_for_fills(out)) finish(out);
}

// An order that the fence had ended is there after all: it may execute in full, so it is open again, at its worst.
// How far the venue lags is an assumption, and here it failed: the pair halts, whatever the order turns out to be.
void reopen(Writer& out, std::uint8_t index) noexcept {
    const Order& order = out.order(index);
    Record record = out.about(index);
    record.kind = RecordKind::adopt;
    record.code = static_cast<std::uint8_t>(AdoptCode::reopened);
    record.qty = order.qty - order.filled();
    record.ref = static_cast<std::uint64_t>(order.qty.value);
    record.amount = order.reserved;
    out.write(record);
}

void broken_fence(Writer& out, std::uint8_t index) noexcept {
    if (out.order(index).unresolved()) out.wish(WishKind::query, index);
    out.halt(HaltReason::fence_broken);
}

bool ended_by_fence(const Order& order) noexcept { return order.resolved() && order.fenced == 1; }

// A venue that never took an order may say so late: that is what the fence concluded.
bool contradicts_fence(const Order& order, OrderStatus status, Qty cum) noexcept {
    const bool news = status > order.status && status != OrderStatus::rejected;
    return ended_by_fence(order) && (news || cum > order.filled());
}

void take_report(Writer& out, std::uint8_t index, OrderStatus status, Qty cum, ResolveSource source) noexcept {
    const Order& order = out.order(index);
    const Qty known = order.filled();
    const bool reopened = contradicts_fence(order, status, cum);
    if (reopened) {
        reopen(out, index);
    } else if (order.resolved() && cum > known) {  // INV-2 broken: count it, then stop the pair
        out.write(RecordKind::adopt, index, 0, cum - known);
        out.write(RecordKind::report, index, static_cast<std::uint8_t>(status), cum);
        out.halt(HaltReason::late_execution);
        return;
    }
    if (status > order.status || cum > order.cum) {
        out.write(RecordKind::report, index, static_cast<std::uint8_t>(status), cum);
    }
    if (!order.resolved() && is_terminal(status)) out.resolve(index, source, out.order(index).filled());
    if (reopened) broken_fence(out, index);
}

void take_fill(Writer& out, const Input& input) noexcept {
    const Order& before = out.order(input.index);
    const bool reopened = ended_by_fence(before);
    if (reopened) reopen(out, input.index);
    const bool late = before.resolved() && before.fills + input.qty > before.filled();
    if (late) {
        const Qty extra = before.fills + input.qty - before.filled();
        out.write(RecordKind::adopt, input.index, 0, extra);
    }
    Record record = out.about(input.index);
    record.kind = RecordKind::fill;
    record.price = input.price;
    record.qty = input.qty;
    record.amount = input.fee;
    record.asset = input.fee_asset;
    record.ref = input.ref;
    record.other = share(before.held, input.qty, before.outstanding());
    out.write(record);
    if (late) {
        out.halt(HaltReason::late_execution);
        return;
    }
    const Order& order = out.order(input.index);
    // All of it executed: nothing is left that a later word could change.
    if (!order.resolved() && order.fills >= order.qty) {
        out.resolve(input.index, ResolveSource::report, order.fills);
    }
    if (reopened) broken_fence(out, input.index);
}

void lose_sight(Writer& out, std::uint8_t index, UnknownReason reason) noexcept {
    const Order& order = out.order(index);
    if (order.resolved()) return;
    if (order.state != OrderState::unknown) {
        out.write(RecordKind::unknown, index, static_cast<std::uint8_t>(reason));
        out.wish(WishKind::lost_timer, index);
        out.wish(WishKind::query, index);
    } else if (order.handed == 0 && reason != UnknownReason::ack_timeout) {
        out.write(RecordKind::sent, index, 0);  // its time was up before it was known that bytes had left
    }
}

}  // namespace

Amount net(const Trade& trade) noexcept {
    Amount sum = trade.dust_in;
    for (const Order& order : trade.used()) {
        const Amount executed = base_amount(order.filled(), trade.grid);
        sum += order.side == Side::buy ? executed : -executed;
        sum -= order.base_fee;
        if (order.fills_missing()) sum -= ppm_of(base_amount(order.cum - order.fills, trade.grid), order.base_fee_rate);
    }
    return sum;
}

Step open_legs(const Trade& trade, std::span<const Approved* const> legs,
               std::span<const Instrument* const> instruments) noexcept {
    Writer out(trade);
    for (std::uint8_t i = 0; i < legs.size(); ++i) {
        out.write(intent_record(*legs[i], *instruments[i], {trade.seq, i, 0}, i));
    }
    for (std::uint8_t i = 0; i < legs.size(); ++i) {
        out.wish(WishKind::place, i);
        out.wish(WishKind::ack_timer, i);
    }
    return out.step();
}

Step hedge_order(const Trade& trade, const Approved& approved, const Instrument& instrument) noexcept {
    Writer out(trade);
    if (is_final(trade.state) || trade.hedges >= trade.max_hedges) return out.step();
    for (const Order& order : trade.used()) {
        if (order.unresolved()) return out.step();
    }
    const std::uint8_t index = trade.order_count;
    out.write(intent_record(approved, instrument, {trade.seq, 2, trade.hedges}, index));
    out.wish(WishKind::place, index);
    out.wish(WishKind::ack_timer, index);
    return out.step();
}

Step step(const Trade& trade, const Input& input) noexcept {
    Writer out(trade);
    const std::uint8_t index = input.index;
    const Order& order = trade.orders[index];
    bool net_is_dust = false;
    switch (input.kind) {
        case InputKind::sent:
            if (order.unresolved() && order.handed == 0) out.write(RecordKind::sent, index, 0);
            break;
        case InputKind::not_sent:
            // Proof exists only while no byte was handed over; later words to that effect are no proof. An order
            // whose ack timer ran first, because the loop was blocked, is proven unsent all the same.
            if (order.unresolved() && order.handed == 0) {
                out.resolve(index, ResolveSource::not_sent, order.filled());
            }
            break;
        case InputKind::report:
            take_report(out, index, input.status, input.qty, ResolveSource::report);
            break;
        case InputKind::found:
            take_report(out, index, input.status, input.qty, ResolveSource::query);
            break;
        case InputKind::reject:
            if (!order.resolved()) {
                out.write(RecordKind::report, index, static_cast<std::uint8_t>(OrderStatus::rejected), order.cum);
                out.resolve(index, ResolveSource::reject, order.filled());
            }
            break;
        case InputKind::fill:
            take_fill(out, input);
            break;
        case InputKind::ambiguous:
            lose_sight(out, index, static_cast<UnknownReason>(input.code));
            break;
        case InputKind::ack_timer:
            lose_sight(out, index, UnknownReason::ack_timeout);
            break;
        case InputKind::query_timer:
            if (order.unresolved() || order.fills_missing()) out.wish(WishKind::query, index);
            return out.step();  // nothing changed, so nothing is decided
        case InputKind::lost_timer:
            if (order.state == OrderState::unknown && !is_final(trade.state)) out.halt(HaltReason::order_lost);
            break;
        case InputKind::fenced:
            // A venue that has spoken of the order contradicts itself when it says that it does not know it.
            if (order.state == OrderState::unknown && order.handed != 0 && order.fenced == 0 &&
                order.status <= OrderStatus::ack && order.filled().value == 0) {
                out.resolve(index, ResolveSource::fence, {});
            }
            break;
        case InputKind::no_hedge:
            net_is_dust = true;
            break;
        case InputKind::hedge_timer:
            // Only an imbalance that waits for a hedge can have waited too long.
            if (trade.state == TradeState::resolving && absolute(net(trade)) >= trade.lot) {
                out.halt(HaltReason::no_hedge_book);
            }
            break;
    }
    settle(out, net_is_dust);
    return out.step();
}

void apply(Trade& trade, const Record& record) noexcept {
    Order& order = trade.orders[record.index];
    switch (record.kind) {
        case RecordKind::intent:
            order = {};
            order.id = record.order;
            order.limit = record.price;
            order.qty = record.qty;
            order.instrument = record.instrument;
            order.side = record.side;
            order.venue = record.venue;
            order.hedge = record.hedge;
            order.state = OrderState::intent;
            order.reserved = order.held = record.amount;
            order.base_fee_rate = {static_cast<std::int32_t>(record.ref)};
            trade.order_count = static_cast<std::uint8_t>(record.index + 1);
            trade.hedges = static_cast<std::uint8_t>(trade.hedges + record.hedge);
            trade.state = TradeState::working;
            break;
        case RecordKind::sent:
            order.handed = 1;
            if (order.state == OrderState::intent) order.state = OrderState::sent;
            break;
        case RecordKind::report:
            order.handed = 1;  // the venue speaks of it
            merge_report(order, static_cast<OrderStatus>(record.code), record.qty);
            break;
        case RecordKind::fill:
            order.handed = 1;
            order.fills += record.qty;
            order.held -= record.other;
            order.notional += quote_amount(record.price * record.qty, trade.grid);
            if (record.asset == trade.base) order.base_fee += record.amount;
            if (record.asset == trade.quote) order.quote_fee += record.amount;
            ++order.fill_count;
            break;
        case RecordKind::unknown:
            order.state = OrderState::unknown;
            if (record.code != static_cast<std::uint8_t>(UnknownReason::ack_timeout)) order.handed = 1;
            break;
        case RecordKind::resolved: {
            order.state = OrderState::resolved;
            order.held -= record.amount;
            if (record.code == static_cast<std::uint8_t>(ResolveSource::fence)) order.fenced = 1;
            if (record.qty > order.cum) order.cum = record.qty;
            bool all = true;
            for (const Order& each : trade.used()) all = all && !each.unresolved();
            if (all && !is_final(trade.state)) trade.state = TradeState::resolving;
            break;
        }
        case RecordKind::done:
            trade.state = TradeState::balanced;
            break;
        case RecordKind::halt:
            trade.state = TradeState::halted;
            trade.halt = static_cast<HaltReason>(record.code);
            break;
        case RecordKind::adopt:
            if (record.code == static_cast<std::uint8_t>(AdoptCode::reopened)) {
                order.state = OrderState::unknown;
                order.fenced = 2;
                order.held += record.amount;
            }
            break;
        case RecordKind::none:
        case RecordKind::price:
        case RecordKind::cash:
            break;
    }
}

const char* name(HaltReason reason) noexcept {
    switch (reason) {
        case HaltReason::none: return "NONE";
        case HaltReason::hedges_spent: return "HEDGES_SPENT";
        case HaltReason::no_hedge_book: return "NO_HEDGE_BOOK";
        case HaltReason::order_lost: return "ORDER_LOST";
        case HaltReason::late_execution: return "LATE_EXECUTION";
        case HaltReason::foreign_fill: return "FOREIGN_FILL";
        case HaltReason::loss_limit: return "LOSS_LIMIT";
        case HaltReason::operator_halt: return "OPERATOR_HALT";
        case HaltReason::bad_input: return "BAD_INPUT";
        case HaltReason::fence_broken: return "FENCE_BROKEN";
    }
    return "?";
}

}  // namespace arb
