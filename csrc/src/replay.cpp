#include "arb/replay.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "arb/event_checks.hpp"

namespace arb {
namespace {

using Body = std::span<const std::uint8_t>;

// A body is a structure and what follows it.
template <class T>
bool take(Body& body, T& out) noexcept {
    if (body.size() < sizeof(T)) return false;
    std::memcpy(&out, body.data(), sizeof(T));
    body = body.subspan(sizeof(T));
    return event::sound(out);
}

const char* text(Body body) noexcept { return reinterpret_cast<const char*>(body.data()); }

class Replayer {
public:
    explicit Replayer(ReplayWatcher* watcher) : watcher_(watcher) {}

    ReplayStatus run(EventKind kind, Body body);
    void fill(ReplayResult& result) const {
        if (!engine_) return;
        result.actions = engine_->actions();
        result.action_hash = engine_->action_hash();
        result.state_hash = engine_->state_hash();
    }

private:
    ReplayStatus begin(Body body);
    ReplayStatus register_one(EventKind kind, Body body);
    ReplayStatus market_event(EventKind kind, Body body);
    ReplayStatus order_event(EventKind kind, Body body);
    ReplayStatus account_event(EventKind kind, Body body);
    ReplayStatus other_event(EventKind kind, Body body);
    void watch(InstrumentId id, Nanos t);
    void watch_all(Nanos t) {
        for (std::size_t i = 0; i < states_.size(); ++i) watch(static_cast<InstrumentId>(i), t);
    }

    struct Seen {
        BookState state = BookState::syncing;
        StaleReason reason = StaleReason::none;
    };
    ReplayWatcher* watcher_;
    std::unique_ptr<Engine> engine_;
    std::vector<Seen> states_;
    std::size_t venues_ = 0, assets_ = 0, pairs_ = 0, connections_ = 0;
    std::vector<Level> levels_;  // aligned copies: a tape is not
    std::vector<char> bytes_;
};

ReplayStatus Replayer::begin(Body body) {
    event::Head head;
    if (body.size() < sizeof head) return ReplayStatus::no_head;
    if (!take(body, head)) return ReplayStatus::malformed;
    if (head.version != kTapeVersion) return ReplayStatus::other_version;
    if (head.layout != event::kLayout) return ReplayStatus::other_build;
    engine_ = std::make_unique<Engine>(head.config);
    return ReplayStatus::ok;
}

ReplayStatus Replayer::register_one(EventKind kind, Body body) {
    event::Named named;
    event::PairBody pair;
    event::ConnectionBody connection;
    event::InstrumentBody instrument;
    event::StandbyBody standby;
    switch (kind) {
        case EventKind::venue:
            if (!take(body, named) || venues_ == kMaxVenues) return ReplayStatus::malformed;
            engine_->add_venue({text(body), body.size()});
            ++venues_;
            return ReplayStatus::ok;
        case EventKind::asset:
            if (!take(body, named) || assets_ == kMaxAssets) return ReplayStatus::malformed;
            engine_->add_asset({text(body), body.size()});
            ++assets_;
            return ReplayStatus::ok;
        case EventKind::pair:
            if (!take(body, pair) || index(pair.base) >= assets_ || index(pair.quote) >= assets_ ||
                pairs_ == kMaxPairs) {
                return ReplayStatus::malformed;
            }
            engine_->add_pair(pair.base, pair.quote, pair.grid);
            ++pairs_;
            return ReplayStatus::ok;
        case EventKind::connection:
            if (!take(body, connection) || index(connection.venue) >= venues_) return ReplayStatus::malformed;
            engine_->add_connection(connection.venue, connection.market);
            ++connections_;
            return ReplayStatus::ok;
        case EventKind::standby:
            if (!take(body, standby) || index(standby.connection) >= connections_ ||
                index(standby.id) >= states_.size()) {
                return ReplayStatus::malformed;
            }
            engine_->add_standby(standby.id, standby.connection, {text(body), body.size()});
            return ReplayStatus::ok;
        default:
            if (!take(body, instrument) || index(instrument.connection) >= connections_ ||
                index(instrument.instrument.pair) >= pairs_ || index(instrument.instrument.venue) >= venues_ ||
                states_.size() == kMaxInstruments) {
                return ReplayStatus::malformed;
            }
            engine_->add_instrument(instrument.instrument, instrument.connection, {text(body), body.size()});
            states_.emplace_back();
            return ReplayStatus::ok;
    }
}

ReplayStatus Replayer::market_event(EventKind kind, Body body) {
    event::Connection connection;
    event::Stream stream;
    event::Frame frame;
    event::UpdateBody update;
    event::Refused refused;
    event::Snapshot snapshot;
    event::Switch change;
    switch (kind) {
        case EventKind::conn_up:
        case EventKind::conn_down:
            if (!take(body, connection) || index(connection.id) >= connections_) return ReplayStatus::malformed;
            if (kind == EventKind::conn_up) engine_->conn_up(connection.id, connection.time);
            else engine_->conn_down(connection.id, connection.time);
            watch_all(connection.time);
            return ReplayStatus::ok;
        case EventKind::stream:
            if (!take(body, stream) ||
                stream.id >= (stream.kind == StreamKind::closing ? connections_ : venues_)) {
                return ReplayStatus::malformed;
            }
            engine_->stream(stream.kind, stream.id, stream.up, stream.time);
            return ReplayStatus::ok;
        case EventKind::frame:
            if (!take(body, frame) || index(frame.connection) >= connections_) return ReplayStatus::malformed;
            engine_->frame(frame.connection, text(body), body.size(), frame.time);
            watch_all(frame.time);
            return ReplayStatus::ok;
        case EventKind::update: {
            if (!take(body, update) || index(update.instrument) >= states_.size() ||
                index(update.connection) >= connections_) {
                return ReplayStatus::malformed;
            }
            const std::size_t count = std::size_t{update.bids} + update.asks;
            if (body.size() != count * sizeof(Level)) return ReplayStatus::malformed;
            levels_.resize(count);
            if (count != 0) std::memcpy(levels_.data(), body.data(), body.size());
            const std::span<const Level> all(levels_);
            if (!std::all_of(all.begin(), all.end(), [](const Level& each) { return event::sound(each); })) {
                return ReplayStatus::malformed;
            }
            engine_->update(update.instrument, update.connection,
                            {update.kind, update.has_prev_id, update.ids[0], update.ids[1], update.ids[2],
                             update.ids[3], update.stamps[0], update.stamps[1], all.first(update.bids),
                             all.subspan(update.bids)},
                            update.time);
            watch(update.instrument, update.time);
            return ReplayStatus::ok;
        }
        case EventKind::refused:
            if (!take(body, refused) || index(refused.connection) >= connections_ ||
                (!refused.whole_connection && index(refused.instrument) >= states_.size())) {
                return ReplayStatus::malformed;
            }
            engine_->refused(refused.connection, refused.whole_connection ? nullptr : &refused.instrument,
                             refused.time);
            watch_all(refused.time);
            return ReplayStatus::ok;
        case EventKind::switch_book:
            if (!take(body, change) || index(change.instrument) >= states_.size()) return ReplayStatus::malformed;
            engine_->switch_book(change.instrument, change.time);
            watch(change.instrument, change.time);
            return ReplayStatus::ok;
        default:
            if (!take(body, snapshot) || index(snapshot.instrument) >= states_.size() ||
                index(snapshot.connection) >= connections_) {
                return ReplayStatus::malformed;
            }
            engine_->snapshot(snapshot.instrument, snapshot.connection, text(body), body.size(), snapshot.limit,
                              snapshot.time);
            watch(snapshot.instrument, snapshot.time);
            return ReplayStatus::ok;
    }
}

ReplayStatus Replayer::order_event(EventKind kind, Body body) {
    if (kind == EventKind::fill) {
        event::Fill fill;
        if (!take(body, fill) || index(fill.fee_asset) >= assets_) return ReplayStatus::malformed;
        engine_->fill(fill);
        return ReplayStatus::ok;
    }
    event::OrderBody order;
    if (!take(body, order)) return ReplayStatus::malformed;
    switch (kind) {
        case EventKind::sent: engine_->sent(order.order, order.time); break;
        case EventKind::not_sent:
            engine_->not_sent(order.order, static_cast<Refusal>(order.code), order.time);
            break;
        case EventKind::report: engine_->report(order.order, order.status, order.cum, order.time); break;
        case EventKind::reject: engine_->reject(order.order, order.time); break;
        case EventKind::ambiguous:
            engine_->ambiguous(order.order, static_cast<UnknownReason>(order.code), order.time);
            break;
        case EventKind::found: engine_->found(order.order, order.status, order.cum, order.time); break;
        default: engine_->absent(order.order, order.time); break;
    }
    return ReplayStatus::ok;
}

ReplayStatus Replayer::account_event(EventKind kind, Body body) {
    event::Balance balance;
    event::AssetPrice price;
    event::Position position;
    event::Rules rules;
    event::Cash cash;
    const auto known = [this](VenueId venue, AssetId asset) {
        return index(venue) < venues_ && index(asset) < assets_;
    };
    switch (kind) {
        case EventKind::balance:
            if (!take(body, balance) || !known(balance.venue, balance.asset)) return ReplayStatus::malformed;
            engine_->balance(balance.venue, balance.asset, balance.total, balance.time);
            return ReplayStatus::ok;
        case EventKind::asset_price:
            if (!take(body, price) || index(price.asset) >= assets_) return ReplayStatus::malformed;
            engine_->asset_price(price.asset, price.price, price.time);
            return ReplayStatus::ok;
        case EventKind::position:
            if (!take(body, position) || index(position.instrument) >= states_.size()) return ReplayStatus::malformed;
            engine_->position(position.instrument, position.qty, position.cost, position.time);
            return ReplayStatus::ok;
        case EventKind::rules:
            if (!take(body, rules) || index(rules.instrument) >= states_.size()) return ReplayStatus::malformed;
            engine_->rules(rules.instrument, rules.filters, rules.tradable, rules.fits, rules.time);
            return ReplayStatus::ok;
        default:
            if (!take(body, cash) || !known(cash.venue, cash.asset)) return ReplayStatus::malformed;
            engine_->cash(cash.venue, cash.asset, cash.amount, cash.kind, cash.time);
            return ReplayStatus::ok;
    }
}

ReplayStatus Replayer::other_event(EventKind kind, Body body) {
    event::Time time;
    event::Drained drained;
    event::Command command;
    event::IdBlock block;
    switch (kind) {
        case EventKind::decide:
            if (!take(body, time)) return ReplayStatus::malformed;
            engine_->decide(time.time);
            return ReplayStatus::ok;
        case EventKind::drained: {
            if (!take(body, drained)) return ReplayStatus::malformed;
            Action action;
            for (std::uint64_t i = 0; i < drained.count; ++i) {
                if (!engine_->pop(action)) return ReplayStatus::malformed;  // the actions differ already
                if (watcher_ != nullptr) watcher_->on_action(action);
            }
            return ReplayStatus::ok;
        }
        case EventKind::command:
            if (!take(body, command) ||
                (command.scope == Scope::venue && command.id >= venues_) ||
                (command.scope == Scope::pair && command.id >= pairs_)) {
                return ReplayStatus::malformed;
            }
            engine_->command(command.kind, command.scope, command.id, command.time);
            return ReplayStatus::ok;
        case EventKind::id_block:
            if (!take(body, block)) return ReplayStatus::malformed;
            engine_->id_block(block.upto, block.time);
            return ReplayStatus::ok;
        default:
            if (!take(body, time)) return ReplayStatus::malformed;
            engine_->time(time.time);
            return ReplayStatus::ok;
    }
}

ReplayStatus Replayer::run(EventKind kind, Body body) {
    if (kind == EventKind::head) return engine_ ? ReplayStatus::malformed : begin(body);
    if (!engine_) return ReplayStatus::no_head;
    switch (kind) {
        case EventKind::venue:
        case EventKind::asset:
        case EventKind::pair:
        case EventKind::connection:
        case EventKind::instrument:
        case EventKind::standby:
            return register_one(kind, body);
        case EventKind::conn_up:
        case EventKind::conn_down:
        case EventKind::stream:
        case EventKind::frame:
        case EventKind::update:
        case EventKind::refused:
        case EventKind::snapshot:
        case EventKind::switch_book:
            return market_event(kind, body);
        case EventKind::sent:
        case EventKind::not_sent:
        case EventKind::report:
        case EventKind::fill:
        case EventKind::reject:
        case EventKind::ambiguous:
        case EventKind::found:
        case EventKind::absent:
            return order_event(kind, body);
        case EventKind::balance:
        case EventKind::asset_price:
        case EventKind::position:
        case EventKind::rules:
        case EventKind::cash:
            return account_event(kind, body);
        default:
            return other_event(kind, body);
    }
}

void Replayer::watch(InstrumentId id, Nanos t) {
    if (watcher_ == nullptr) return;
    Seen& seen = states_[index(id)];
    const SyncedBook& book = engine_->book(id);
    if (seen.state == book.state() && seen.reason == book.stale_reason()) return;
    seen = {book.state(), book.stale_reason()};
    watcher_->on_book(id, seen.state, seen.reason, t);
}

}  // namespace

ReplayResult replay(std::span<const std::uint8_t> tape, ReplayWatcher* watcher) {
    ReplayResult result;
    Replayer replayer(watcher);
    TapeReader reader(tape);
    for (;;) {
        TapeReader::Event event;
        const TapeReader::Next next = reader.next(event);
        if (next == TapeReader::Next::event) {
            result.status = replayer.run(event.kind, event.body);
            if (result.status != ReplayStatus::ok) break;
            ++result.events;
            continue;
        }
        if (next == TapeReader::Next::cut) result.status = ReplayStatus::cut;
        if (next == TapeReader::Next::unknown_kind) result.status = ReplayStatus::unknown_kind;
        break;
    }
    result.left = reader.left();
    replayer.fill(result);
    return result;
}

const char* name(ReplayStatus status) noexcept {
    switch (status) {
        case ReplayStatus::ok: return "ok";
        case ReplayStatus::no_head: return "no head";
        case ReplayStatus::other_version: return "other version";
        case ReplayStatus::other_build: return "other build";
        case ReplayStatus::cut: return "cut";
        case ReplayStatus::unknown_kind: return "unknown kind";
        case ReplayStatus::malformed: return "malformed";
    }
    return "?";
}

}  // namespace arb
