// Registration, market events and the decision. Orders and timers are in engine_orders.cpp.
#include "arb/engine.hpp"

#include <algorithm>

#include "arb/amounts.hpp"

namespace arb {
namespace {

bool is_binance(Market market) noexcept {
    return market == Market::binance_spot || market == Market::binance_usdm;
}

FrameResult as_frame_result(ApplyResult result) noexcept {
    switch (result) {
        case ApplyResult::applied: return FrameResult::applied;
        case ApplyResult::ignored: return FrameResult::ignored;
        case ApplyResult::buffered: return FrameResult::buffered;
        case ApplyResult::stale: return FrameResult::stale;
    }
    return FrameResult::stale;
}

}  // namespace

Engine::Engine(const EngineConfig& config, std::size_t tape_bytes)
    : config_(config), gate_(config.limits), strategy_(make_strategy(config.strategy)) {
    active_.reserve(kTradeSlots);
    if (tape_bytes != 0) tape_.start(tape_bytes);
    tape_.write(EventKind::head, event::Head{kTapeVersion, event::kLayout, config});
}

Engine::~Engine() = default;

VenueId Engine::add_venue(std::string_view name) {
    const auto id = static_cast<VenueId>(venues_.size());
    venues_.emplace_back();
    tape_.write(EventKind::venue, event::Named{static_cast<std::uint16_t>(id)}, {{name.data(), name.size()}});
    return id;
}

AssetId Engine::add_asset(std::string_view name) {
    const auto id = static_cast<AssetId>(assets_++);
    tape_.write(EventKind::asset, event::Named{static_cast<std::uint16_t>(id)}, {{name.data(), name.size()}});
    return id;
}

PairId Engine::add_pair(AssetId base, AssetId quote, Grid grid) {
    const auto id = static_cast<PairId>(pairs_.size());
    Pair& pair = pairs_.emplace_back();
    pair.base = base;
    pair.quote = quote;
    pair.grid = grid;
    pair.members.reserve(kMaxMembers);
    dirty_.reserve(pairs_.size());
    tape_.write(EventKind::pair, event::PairBody{id, base, quote, grid});
    return id;
}

ConnId Engine::add_connection(VenueId venue, Market market) {
    const auto id = static_cast<ConnId>(connections_.size());
    Connection& connection = connections_.emplace_back();
    connection.venue = venue;
    connection.market = market;
    tape_.write(EventKind::connection, event::ConnectionBody{id, venue, market});
    return id;
}

InstrumentId Engine::add_instrument(const Instrument& instrument, ConnId connection, std::string_view symbol) {
    const auto id = static_cast<InstrumentId>(instruments_.size());
    Pair& pair = pairs_[index(instrument.pair)];
    Listing& listing = instruments_.emplace_back();
    listing.instrument = instrument;
    listing.instrument.grid = pair.grid;
    listing.instrument.base = pair.base;
    listing.instrument.quote = pair.quote;
    if (is_perpetual(instrument.market)) listing.instrument.fees.buy_mode = FeeMode::quote;
    listing.slots.reserve(2);
    listing.slots.emplace_back(connection, instrument.market);
    if (pair.members.size() < kMaxMembers) pair.members.push_back(id);
    connections_[index(connection)].symbols.add(symbol, id, pair.grid);
    tape_.write(EventKind::instrument, event::InstrumentBody{id, connection, instrument},
                {{symbol.data(), symbol.size()}});
    return id;
}

void Engine::add_standby(InstrumentId id, ConnId connection, std::string_view symbol) {
    Listing& listing = instruments_[index(id)];
    if (listing.slots.size() == 2 || listing.of(connection) != nullptr) return;
    listing.slots.emplace_back(connection, listing.instrument.market);
    connections_[index(connection)].symbols.add(symbol, id, listing.instrument.grid);
    tape_.write(EventKind::standby, event::StandbyBody{id, connection}, {{symbol.data(), symbol.size()}});
}

void Engine::enter(Nanos t) noexcept {
    if (popped_ != 0) {  // how much room the ring has is an input of the decision
        tape_.write(EventKind::drained, event::Drained{popped_});
        popped_ = 0;
    }
    now_ = std::max(now_, t);
}

bool Engine::pop(Action& out) noexcept {
    const bool any = ring_.pop(out);
    popped_ += any;
    return any;
}

void Engine::conn_up(ConnId conn, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::conn_up, event::Connection{t, conn});
    Connection& connection = connections_[index(conn)];
    connection.up = true;
    connection.closing = false;
    connection.lag.clear();
    for_each_slot(conn, [t](BookSlot& slot) { slot.book.on_connected(t); });
}

void Engine::conn_down(ConnId conn, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::conn_down, event::Connection{t, conn});
    connections_[index(conn)].up = false;
    for_each_slot(conn, [t](BookSlot& slot) {
        slot.book.on_disconnected(t);
        slot.best.clear();
    });
}

// Runs `change` on every book the connection carries, and what follows from it.
template <class Change>
void Engine::for_each_slot(ConnId conn, Change change) noexcept {
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        if (BookSlot* slot = instruments_[i].of(conn)) {
            change(*slot);
            after_book_change(static_cast<InstrumentId>(i), *slot);
        }
    }
}

void Engine::stream(StreamKind kind, std::uint16_t id, bool up, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::stream, event::Stream{t, id, kind, up});
    switch (kind) {
        case StreamKind::private_stream: venues_[id].private_up = up; break;
        case StreamKind::order_entry: venues_[id].order_up = up; break;
        case StreamKind::closing: connections_[id].closing = up; break;
    }
}

FrameResult Engine::frame(ConnId conn, const char* data, std::size_t size, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::frame, event::Frame{t, conn}, {{data, size}});
    Connection& connection = connections_[index(conn)];
    const char* const end = data + size;
    const wire::Decoded decoded = is_binance(connection.market)
                                      ? connection.binance.read(data, end, connection.symbols, levels_)
                                      : connection.bybit.read(data, end, connection.symbols, levels_);
    ++stats_.frames;
    ++stats_.frames_by_status[static_cast<std::size_t>(decoded.status)];
    last_decoded_.status = decoded.status;
    last_decoded_.field = decoded.field;
    if (decoded.status != wire::Status::ok) {
        return wire::is_refusal(decoded.status) ? FrameResult::refused : FrameResult::ignored;
    }
    connection.lag.observe(t, decoded.update.event_time);
    // The symbol table of a connection names only instruments with a slot for it.
    return on_update(decoded.instrument, *instruments_[index(decoded.instrument)].of(conn), decoded.update, t);
}

FrameResult Engine::update(InstrumentId id, ConnId conn, const Update& update, Nanos t) noexcept {
    enter(t);
    const event::UpdateBody body{t,
                                 id,
                                 conn,
                                 update.kind,
                                 update.has_prev_id,
                                 {update.first_id, update.last_id, update.prev_id, update.sequence},
                                 {update.event_time, update.engine_time},
                                 static_cast<std::uint32_t>(update.bids.size()),
                                 static_cast<std::uint32_t>(update.asks.size())};
    tape_.write(EventKind::update, body,
                {{update.bids.data(), update.bids.size_bytes()}, {update.asks.data(), update.asks.size_bytes()}});
    ++stats_.slow_updates;
    BookSlot* slot = instruments_[index(id)].of(conn);
    if (slot == nullptr) return FrameResult::ignored;
    connections_[index(conn)].lag.observe(t, update.event_time);
    return on_update(id, *slot, update, t);
}

FrameResult Engine::on_update(InstrumentId id, BookSlot& slot, const Update& update, Nanos t) noexcept {
    if (update.kind == UpdateKind::ticker) {
        ++stats_.tickers;
        slot.best_heard = t;
        slot.best.set(update, slot.book.market());
        after_book_change(id, slot);
        return FrameResult::ignored;  // of no concern to the depth book
    }
    slot.book_heard = t;
    const ApplyResult result = slot.book.on_update(update, t);
    after_book_change(id, slot);
    return as_frame_result(result);
}

void Engine::refused(ConnId conn, const InstrumentId* id, Nanos t) noexcept {
    enter(t);
    const event::Refused body{t, conn, id == nullptr ? InstrumentId{} : *id, id == nullptr};
    tape_.write(EventKind::refused, body);
    if (id == nullptr) {
        for_each_slot(conn, [t](BookSlot& slot) { slot.book.on_refused(t); });
    } else if (BookSlot* slot = instruments_[index(*id)].of(conn)) {
        slot->book.on_refused(t);
        after_book_change(*id, *slot);
    }
}

SnapshotResult Engine::snapshot(InstrumentId id, ConnId conn, const char* data, std::size_t size,
                                std::uint32_t limit, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::snapshot, event::Snapshot{t, id, conn, limit}, {{data, size}});
    Listing& listing = instruments_[index(id)];
    BookSlot* slot = listing.of(conn);
    if (slot == nullptr) return SnapshotResult::ignored;
    wire::BinanceReader& reader = connections_[index(conn)].binance;
    const wire::Decoded decoded = reader.read_snapshot(data, data + size, listing.instrument.grid, levels_);
    if (decoded.status != wire::Status::ok) {
        last_decoded_.status = decoded.status;
        last_decoded_.field = decoded.field;
        return SnapshotResult::refused;
    }
    const JoinResult result = slot->book.on_snapshot(decoded.update, t, limit);
    after_book_change(id, *slot);
    switch (result) {
        case JoinResult::joined: return SnapshotResult::joined;
        case JoinResult::too_old: return SnapshotResult::too_old;
        case JoinResult::gap: return SnapshotResult::gap;
        case JoinResult::ignored: return SnapshotResult::ignored;
    }
    return SnapshotResult::refused;
}

bool Engine::can_switch(InstrumentId id) const noexcept {
    const Listing& listing = instruments_[index(id)];
    if (listing.slots.size() != 2) return false;
    const BookSlot& standby = listing.slots[1 - listing.active];
    if (!standby.book.live() || !connections_[index(standby.connection)].up) return false;
    // Never a step back; a dead book holds nobody up.
    return !listing.now().book.live() || standby.key() >= listing.now().key();
}

bool Engine::switch_book(InstrumentId id, Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::switch_book, event::Switch{t, id});
    if (!can_switch(id)) return false;
    Listing& listing = instruments_[index(id)];
    listing.active = static_cast<std::uint8_t>(1 - listing.active);
    ++stats_.switches;
    after_book_change(id, listing.now());
    return true;
}

void Engine::after_book_change(InstrumentId id, BookSlot& slot) noexcept {
    Listing& listing = instruments_[index(id)];
    if (slot.book.take_resync_request()) {
        ++stats_.resyncs;
        Record body;
        body.instrument = id;
        body.venue = listing.instrument.venue;
        body.pair = listing.instrument.pair;
        body.ref = index(slot.connection);
        emit(ActionKind::resync, body, static_cast<std::uint8_t>(slot.book.stale_reason()));
    }
    if (&slot != &listing.now()) return;  // a standby is nobody's price
    if (slot.book.live()) {
        compare_touches(id);
    } else {
        end_episodes(id);
    }
}

// Could the pair cross now? A few integer compares; nearly always no.
void Engine::compare_touches(InstrumentId id) noexcept {
    const Instrument& mine = instruments_[index(id)].instrument;
    const Touch touch = instruments_[index(id)].now().touch();
    Pair& pair = pairs_[index(mine.pair)];
    const std::size_t count = pair.members.size();
    std::size_t me = 0;
    while (me < count && pair.members[me] != id) ++me;
    if (me == count) return;  // one more than a pair has room for: its book is kept, but never decided on
    for (std::size_t other = 0; other < count; ++other) {
        if (other == me) continue;
        const Listing& there = instruments_[index(pair.members[other])];
        if (!there.now().book.live()) continue;
        const Touch theirs = there.now().touch();
        const Fees& fees = there.instrument.fees;
        const bool buy_here = touch.has_ask && theirs.has_bid &&
                              crosses(touch.ask.price, mine.fees.taker, theirs.bid.price, fees.taker,
                                      mine.fees.buy_mode);
        const bool buy_there = theirs.has_ask && touch.has_bid &&
                               crosses(theirs.ask.price, fees.taker, touch.bid.price, mine.fees.taker,
                                       fees.buy_mode);
        if (!buy_here) pair.episodes[me * kMaxMembers + other].end(now_);
        if (!buy_there) pair.episodes[other * kMaxMembers + me].end(now_);
        if ((buy_here || buy_there) && !pair.dirty) {
            pair.dirty = true;
            dirty_.push_back(mine.pair);
        }
    }
}

void Engine::end_episodes(InstrumentId id) noexcept {
    Pair& pair = pairs_[index(instruments_[index(id)].instrument.pair)];
    std::size_t me = 0;
    while (me < pair.members.size() && pair.members[me] != id) ++me;
    if (me == pair.members.size()) return;
    for (std::size_t other = 0; other < kMaxMembers; ++other) {
        pair.episodes[me * kMaxMembers + other].end(now_);
        pair.episodes[other * kMaxMembers + me].end(now_);
    }
}

void Engine::decide(Nanos t) noexcept {
    enter(t);
    tape_.write(EventKind::decide, event::Time{t});
    ++stats_.decides;
    for (const PairId id : dirty_) {
        pairs_[index(id)].dirty = false;
        evaluate(id);
    }
    dirty_.clear();
}

void Engine::evaluate(PairId id) noexcept {
    Pair& pair = pairs_[index(id)];
    std::array<Member, kMaxMembers> members{};
    const std::size_t count = pair.members.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Listing& listing = instruments_[index(pair.members[i])];
        const Connection& connection = connections_[index(listing.now().connection)];
        members[i] = {pair.members[i], &listing.instrument, view(listing.now()), {}, {}};
        if (is_perpetual(listing.instrument.market)) {
            const Margin margin = margin_of(pair.members[i]);
            members[i].position = ledger_.position(pair.members[i]);
            if (margin.known) members[i].margin_room = margin_room(margin, gate_.limits().max_leverage);
        }
        // A connection that has begun to close may have lost frames that would have said otherwise.
        if (!connection.up || connection.closing) members[i].book.state = BookState::stale;
    }
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < count; ++j) {
            const BookView& buy = members[i].book;
            const BookView& sell = members[j].book;
            if (i == j || buy.state != BookState::live || sell.state != BookState::live) continue;
            if (!buy.touch.has_ask || !sell.touch.has_bid) continue;
            if (crosses(buy.touch.ask.price, members[i].instrument->fees.taker, sell.touch.bid.price,
                        members[j].instrument->fees.taker, members[i].instrument->fees.buy_mode)) {
                pair.episodes[i * kMaxMembers + j].seen(now_, opportunities_);
            }
        }
    }
    Proposals proposals;
    strategy_->on_book({id, {members.data(), count}, ledger_.dust(id), ledger_, gate_.limits()}, proposals);
    for (const Proposal& proposal : proposals.items()) {
        std::size_t episode = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (pair.members[i] == proposal.legs[0].instrument) episode += i * kMaxMembers;
            if (pair.members[i] == proposal.legs[1].instrument) episode += i;
        }
        pair.episodes[episode].reach(Stage::over_threshold, opportunities_);
        const Refusal refusal = try_open(proposal, episode);
        if (refusal != Refusal::none) pair.episodes[episode].refuse(refusal, opportunities_);
    }
}

MarketView Engine::market_view(InstrumentId id, PairId pair) const noexcept {
    const Listing& listing = instruments_[index(id)];
    const BookSlot& slot = listing.now();
    const Connection& connection = connections_[index(slot.connection)];
    MarketView out;
    out.instrument = &listing.instrument;
    out.book = slot.book.state();
    out.touch = slot.touch();
    out.book_recv = slot.book.last_recv_ns();
    out.feed_lag = connection.lag.lag();
    out.own_fill = listing.own_fill;
    out.connected = connection.up && !connection.closing;
    out.private_up = venues_[index(listing.instrument.venue)].private_up;
    out.scope = scope_state(listing.instrument.venue, pair);
    out.pair_fits = pairs_[index(pair)].fits;
    if (is_perpetual(listing.instrument.market)) {
        out.position = ledger_.position(id);
        out.margin = margin_of(id);
    }
    return out;
}

Margin Engine::margin_of(InstrumentId id) const noexcept {
    const Instrument& mine = instruments_[index(id)].instrument;
    Margin out;
    out.equity = ledger_.account(mine.venue, mine.quote).total();
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        const Instrument& each = instruments_[i].instrument;
        if (each.venue != mine.venue || each.quote != mine.quote || !is_perpetual(each.market)) continue;
        const Position& position = ledger_.position(static_cast<InstrumentId>(i));
        if (position.total().value == 0 && position.worst().value == 0) continue;
        const Touch touch = instruments_[i].now().touch();
        if (!touch.has_bid || !touch.has_ask) {
            out.known = false;
            continue;
        }
        const Price twice_mid{touch.bid.price.value + touch.ask.price.value};
        out.equity += {quote_amount(twice_mid * position.total(), each.grid).value / 2};
        if (i != index(id)) out.others += {quote_amount(twice_mid * position.worst(), each.grid).value / 2};
    }
    return out;
}

EngineState Engine::scope_state(VenueId venue, PairId pair) const noexcept {
    return std::max({global_state_, venues_[index(venue)].state, pairs_[index(pair)].state});
}

Refusal Engine::try_open(const Proposal& proposal, std::size_t episode) noexcept {
    Pair& pair = pairs_[index(proposal.pair)];
    const std::array<MarketView, kEntryLegs> markets{market_view(proposal.legs[0].instrument, proposal.pair),
                                                     market_view(proposal.legs[1].instrument, proposal.pair)};
    PairContext context;
    context.open_trades = open_trades_;
    context.pair_busy = pair.open != 0;
    context.last_entry = pair.last_entry;
    context.last_qty = pair.last_qty;
    context.last_buy = pair.last_buy;
    const Gate::Entry entry = gate_.check_entry(proposal, markets, context, ledger_, now_);
    if (entry.refusal != Refusal::none) return entry.refusal;
    if (ring_.room() < kRoomForTrade * (open_trades_ + 1)) return Refusal::ring_full;
    if (active_.size() == kTradeSlots) return Refusal::slots_full;
    while (std::find(active_.begin(), active_.end(), next_seq_ % kTradeSlots) != active_.end()) ++next_seq_;
    if (next_seq_ >= ids_upto_ || next_seq_ > kMaxTradeSeq) return Refusal::ids_exhausted;
    Trade& trade = trades_[next_seq_ % kTradeSlots];

    pair.episodes[episode].reach(Stage::risk_ok, opportunities_);
    trade = {};
    trade.seq = next_seq_++;
    trade.pair = proposal.pair;
    trade.base = pair.base;
    trade.quote = pair.quote;
    trade.grid = pair.grid;
    trade.state = TradeState::working;
    trade.max_hedges = std::min<std::uint8_t>(config_.max_hedges, kMaxOrders - kEntryLegs);
    trade.dust_in = ledger_.dust(proposal.pair);
    const std::array<const Instrument*, kEntryLegs> instruments{markets[0].instrument, markets[1].instrument};
    trade.lot = base_amount(std::max(instruments[0]->filters.lot, instruments[1]->filters.lot), pair.grid);
    Clockwork& clocks = clockwork(trade);
    clocks = {};
    clocks.trigger = now_;
    clocks.episode = episode;
    active_.push_back(static_cast<std::uint16_t>(trade.seq % kTradeSlots));
    ++pair.open;
    ++open_trades_;
    ++stats_.trades;
    pair.last_entry = now_;
    pair.last_qty = proposal.legs[0].qty;
    pair.last_buy = proposal.legs[0].instrument;

    const std::array<const Approved*, kEntryLegs> legs{&*entry.legs[0], &*entry.legs[1]};
    carry_out(trade, open_legs(trade, legs, instruments));
    pair.episodes[episode].reach(Stage::sent, opportunities_);
    return Refusal::none;
}

}  // namespace arb
