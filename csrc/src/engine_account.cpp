// What the shell tells besides market data and orders: balances, positions, prices, cash, rules, commands.
#include <algorithm>

#include "arb/engine.hpp"

namespace arb {

bool Engine::balance(VenueId venue, AssetId asset, Amount total, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::balance, event::Balance{t, total, venue, asset});
    const bool is_position =
        std::any_of(instruments_.begin(), instruments_.end(), [venue, asset](const Listing& listing) {
            const Instrument& each = listing.instrument;
            return each.venue == venue && each.base == asset && is_perpetual(each.market);
        });
    return !is_position && ledger_.open(venue, asset, total);
}

PositionResult Engine::position(InstrumentId id, Qty qty, Amount cost, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::position, event::Position{t, cost, qty, id});
    if (ledger_.open_position(id, instruments_[index(id)].instrument, qty, cost)) return PositionResult::opened;
    const Position& ours = ledger_.position(id);
    if (ours.pending_buy.value != 0 || ours.pending_sell.value != 0) return PositionResult::busy;
    if (ours.total() == qty) return PositionResult::agrees;
    ++stats_.positions_differ;
    return PositionResult::differs;
}

void Engine::asset_price(AssetId asset, Amount price, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::asset_price, event::AssetPrice{t, price, asset});
    if (ledger_.price(asset) == price) return;
    Record record;
    record.kind = RecordKind::price;
    record.asset = asset;
    record.amount = price;
    book(record);
}

void Engine::cash(VenueId venue, AssetId asset, Amount amount, CashKind kind, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::cash, event::Cash{t, amount, venue, asset, kind});
    Record record;
    record.kind = RecordKind::cash;
    record.code = static_cast<std::uint8_t>(kind);
    record.venue = venue;
    record.asset = asset;
    record.amount = amount;
    book(record);
}

// A record that belongs to no trade.
void Engine::book(Record record) noexcept {
    record.seq = ++record_seq_;
    record.time = now_;
    ledger_.apply(record, Instrument{});
    emit(ActionKind::record, record);
}

void Engine::rules(InstrumentId id, const Filters& filters, bool tradable, bool fits, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::rules, event::Rules{t, filters, id, tradable, fits});
    Instrument& instrument = instruments_[index(id)].instrument;
    instrument.tradable = tradable;
    if (fits) {
        instrument.filters = filters;
    } else {
        pairs_[index(instrument.pair)].fits = false;
    }
}

void Engine::command(CommandKind kind, Scope scope, std::uint16_t id, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::command, event::Command{t, kind, scope, id});
    if (kind == CommandKind::halt) {
        halt(scope, id, HaltReason::operator_halt);
        return;
    }
    EngineState& state = scope == Scope::global  ? global_state_
                         : scope == Scope::venue ? venues_[id].state
                                                 : pairs_[id].state;
    if (state == EngineState::halt) return;  // a halt is sticky: re-arming it is not a command of this kind
    state = kind == CommandKind::no_new ? EngineState::no_new : EngineState::active;
}

void Engine::id_block(std::uint64_t upto, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::id_block, event::IdBlock{t, upto});
    ids_upto_ = std::max(ids_upto_, upto);
}

}  // namespace arb
