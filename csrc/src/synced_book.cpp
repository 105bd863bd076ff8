#include "arb/synced_book.hpp"

namespace arb {

// What is awaited, and what each event does then. "stale R" enters STALE for reason R and requests a
// snapshot; "lost" is the connection.
//
//             | delta                       | stream snapshot | REST snapshot      | refused       | lost
//   down      | found stale                 | found stale     | ignored            | -             | -
//   waiting   | stale no_snapshot (once)    | -> live         | ignored            | stale refused | -> down
//   buffering | buffer; full: stale overflow| ignored         | -> live, bridging; | stale refused | -> down
//             |                             |                 | or too_old         |               |
//   bridging  | bridge -> live; old; gap    | ignored         | later one: again   | stale refused | -> down
//   live      | applied; old; gap; crossed; | -> live         | -> bridging, if    | stale refused | -> down
//             | overflow                    |  (Bybit)        | requested and later|               |
//
// "connected" starts anew in every row: buffering (Binance) or waiting (Bybit), SYNCING. After STALE a
// Binance book buffers at once, from the update that showed the gap on, and a Bybit book waits for the
// stream's snapshot.
BookState SyncedBook::state_of(Phase phase, StaleReason reason) noexcept {
    if (phase == Phase::live) return BookState::live;
    return reason == StaleReason::none ? BookState::syncing : BookState::stale;
}

SyncedBook::SyncedBook(Market market)
    : market_(market), phase_(joins_by_rest(market) ? Phase::buffering : Phase::waiting) {
    if (phase_ == Phase::buffering) buffer_.reserve();  // kept for every later resync
}

ApplyResult SyncedBook::on_update(const Update& update, Nanos recv_ns) noexcept {
    const bool usable = update.kind == UpdateKind::delta ||
                        (update.kind == UpdateKind::snapshot && !joins_by_rest(market_));
    if (!usable) return ApplyResult::ignored;
    switch (phase_) {
        case Phase::live:
        case Phase::bridging: return continue_chain(update, recv_ns);
        case Phase::buffering: return buffer(update, recv_ns);
        case Phase::waiting:
            if (check(market_, {}, update) == Verdict::replace) return restart(update, recv_ns);
            if (reason_ == StaleReason::none) return go_stale(StaleReason::no_snapshot);
            return ApplyResult::stale;
        case Phase::down: break;
    }
    return ApplyResult::stale;
}

ApplyResult SyncedBook::continue_chain(const Update& update, Nanos recv_ns) noexcept {
    switch (check(market_, chain_, update)) {
        case Verdict::old: ++ignored_; return ApplyResult::ignored;
        case Verdict::replace: return restart(update, recv_ns);
        case Verdict::gap: {
            ++gaps_;
            const ApplyResult result = go_stale(StaleReason::gap);
            if (phase_ == Phase::buffering) buffer(update, recv_ns);
            return result;
        }
        case Verdict::apply: break;
    }
    const StaleReason broken = apply(update, recv_ns);
    if (broken != StaleReason::none) return go_stale(broken);
    if (phase_ == Phase::bridging) enter(Phase::live, StaleReason::none);
    if (book_.depth_low() && !renewing_) {
        renewing_ = true;
        request_ = true;
    }
    return ApplyResult::applied;
}

// A hole between two waiting updates: what came before it can never be joined to what comes after, but a
// snapshot under way may still join behind the hole.
ApplyResult SyncedBook::buffer(const Update& update, Nanos recv_ns) noexcept {
    if (!buffer_.empty()) {
        const Verdict verdict = check(market_, advanced(buffer_.newest()), update);
        if (verdict == Verdict::old) return ++ignored_, ApplyResult::ignored;
        if (verdict == Verdict::gap) {
            ++gaps_;
            buffer_.clear();
        }
    }
    ++buffered_;
    if (buffer_.push(update, recv_ns)) return ApplyResult::buffered;
    go_stale(StaleReason::overflow);  // drops all that waited
    buffer_.push(update, recv_ns);
    return ApplyResult::stale;
}

// Bybit's snapshot in the stream.
ApplyResult SyncedBook::restart(const Update& snapshot, Nanos recv_ns) noexcept {
    const StaleReason reason = replace(snapshot, recv_ns, OrderBook::kWholeBook);
    chain_ = advanced(snapshot);
    if (reason != StaleReason::none) return go_stale(reason);
    if (book_.crossed()) return go_stale(StaleReason::crossed);
    request_ = false;
    enter(Phase::live, StaleReason::none);
    return ApplyResult::applied;
}

JoinResult SyncedBook::on_snapshot(const Update& snapshot, Nanos recv_ns, std::size_t limit) noexcept {
    switch (phase_) {
        case Phase::down:
        case Phase::waiting: return JoinResult::ignored;
        case Phase::buffering: return join(snapshot, recv_ns, limit);
        case Phase::bridging:
            if (snapshot.last_id <= chain_.last_id) return JoinResult::ignored;
            return join(snapshot, recv_ns, limit);
        case Phase::live:
            if (!renewing_) return JoinResult::ignored;
            // An older snapshot would need updates that were not kept; the book stays LIVE, the request
            // stands.
            if (snapshot.last_id < chain_.last_id) return request_ = true, JoinResult::too_old;
            return join(snapshot, recv_ns, limit);
    }
    return JoinResult::ignored;
}

JoinResult SyncedBook::join(const Update& snapshot, Nanos recv_ns, std::size_t limit) noexcept {
    const Chain start{snapshot.last_id, snapshot.sequence, false};
    for (const UpdateBuffer::Item& item : buffer_.items()) {
        const Verdict first_kept = check(market_, start, item.update);
        if (first_kept == Verdict::old) continue;
        if (first_kept == Verdict::gap) return request_ = true, JoinResult::too_old;
        break;
    }
    StaleReason broken = replace(snapshot, recv_ns, limit);
    chain_ = start;
    for (const UpdateBuffer::Item& item : buffer_.items()) {
        if (broken != StaleReason::none) break;
        const Verdict verdict = check(market_, chain_, item.update);
        if (verdict == Verdict::apply) broken = apply(item.update, item.recv_ns);
        else ++ignored_;  // the waiting updates are without holes: only old ones are left over
    }
    if (broken == StaleReason::none && book_.crossed()) broken = StaleReason::crossed;
    if (broken != StaleReason::none) return go_stale(broken), JoinResult::gap;
    buffer_.clear();
    request_ = false;
    renewing_ = false;
    enter(chain_.bridged ? Phase::live : Phase::bridging, StaleReason::none);
    return JoinResult::joined;
}

void SyncedBook::on_connected(Nanos /*now_ns*/) noexcept {
    buffer_.clear();
    renewing_ = false;
    request_ = joins_by_rest(market_);  // a new Bybit subscription sends its snapshot unasked
    enter(joins_by_rest(market_) ? Phase::buffering : Phase::waiting, StaleReason::none);
}

// No request: a snapshot is of use only with a stream; on_connected asks for it.
void SyncedBook::on_disconnected(Nanos /*now_ns*/) noexcept {
    if (phase_ == Phase::down) return;
    buffer_.clear();
    renewing_ = false;
    request_ = false;
    ++stales_;
    enter(Phase::down, StaleReason::disconnected);
}

void SyncedBook::on_refused(Nanos /*now_ns*/) noexcept {
    if (phase_ == Phase::down) return;
    // A STALE book that buffers has asked already, and too_old would ask again. (A STALE Bybit book asks each
    // time: the frame may have been the very snapshot it waits for.)
    if (phase_ == Phase::buffering && reason_ != StaleReason::none) return buffer_.clear();
    go_stale(StaleReason::refused);
}

bool SyncedBook::take_resync_request() noexcept {
    const bool request = request_;
    request_ = false;
    return request;
}

void SyncedBook::enter(Phase phase, StaleReason reason) noexcept {
    const BookState before = state();
    const StaleReason reason_before = reason_;
    phase_ = phase;
    reason_ = reason;
    if (sink_ != nullptr && (state() != before || reason != reason_before)) sink_->on_state(state(), reason);
}

ApplyResult SyncedBook::go_stale(StaleReason reason) noexcept {
    buffer_.clear();
    renewing_ = false;
    request_ = true;
    ++stales_;
    enter(joins_by_rest(market_) ? Phase::buffering : Phase::waiting, reason);
    return ApplyResult::stale;
}

StaleReason SyncedBook::apply(const Update& update, Nanos recv_ns) noexcept {
    const LadderStatus status = book_.apply(update);
    chain_ = advanced(update);
    last_recv_ns_ = recv_ns;
    ++applied_;
    if (sink_ != nullptr) report(update, recv_ns);
    if (status != LadderStatus::ok) return StaleReason::overflow;
    return book_.crossed() ? StaleReason::crossed : StaleReason::none;
}

StaleReason SyncedBook::replace(const Update& snapshot, Nanos recv_ns, std::size_t limit) noexcept {
    const LadderStatus status = book_.replace(snapshot, limit);
    last_recv_ns_ = recv_ns;
    ++joins_;
    if (sink_ != nullptr) {
        sink_->on_reset();
        report(snapshot, recv_ns);
    }
    return status == LadderStatus::ok ? StaleReason::none : StaleReason::overflow;
}

void SyncedBook::report(const Update& update, Nanos recv_ns) noexcept {
    for (const Level& level : update.bids) sink_->on_level(Side::buy, level);
    for (const Level& level : update.asks) sink_->on_level(Side::sell, level);
    sink_->on_end(update, recv_ns);
}

const char* name(BookState state) noexcept {
    switch (state) {
        case BookState::syncing: return "syncing";
        case BookState::live: return "live";
        case BookState::stale: return "stale";
    }
    return "unknown";
}

const char* name(StaleReason reason) noexcept {
    switch (reason) {
        case StaleReason::none: return "none";
        case StaleReason::gap: return "gap";
        case StaleReason::crossed: return "crossed";
        case StaleReason::refused: return "refused";
        case StaleReason::disconnected: return "disconnected";
        case StaleReason::overflow: return "overflow";
        case StaleReason::no_snapshot: return "no_snapshot";
    }
    return "unknown";
}

const char* name(ApplyResult result) noexcept {
    switch (result) {
        case ApplyResult::applied: return "applied";
        case ApplyResult::ignored: return "ignored";
        case ApplyResult::buffered: return "buffered";
        case ApplyResult::stale: return "stale";
    }
    return "unknown";
}

const char* name(JoinResult result) noexcept {
    switch (result) {
        case JoinResult::joined: return "joined";
        case JoinResult::too_old: return "too_old";
        case JoinResult::gap: return "gap";
        case JoinResult::ignored: return "ignored";
    }
    return "unknown";
}

}  // namespace arb
