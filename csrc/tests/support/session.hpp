// A random trading session: markets that move, orders whose answers are late, lost, repeated or missing,
// connections that break. Everything follows from the seed.
#pragma once

#include <functional>
#include <map>
#include <random>

#include "rig.hpp"

namespace arb::testing {

struct Chances {  // in per mille
    int dislocation = 500;
    int not_sent = 30;
    int rejected = 30;
    int lost = 3;     // bytes that left and never arrived: the fence ends that
    int overdue = 0;  // bytes that arrive after the fence: the pair halts on it
    int partial = 150;
    int nothing = 150;
    int silent_answer = 150;
    int ambiguous_answer = 150;
    int repeated = 200;
    int gap = 5;
    int refused = 5;
    int reconnect = 5;
    int closing = 5;
    int foreign = 0;  // an execution of a stranger's order: everything halts on it
    int command = 0;
};

class Session {
public:
    Session(std::uint64_t seed, const Setup& setup, const Chances& with = {})
        : rig(setup), chances(with), random_(seed) {
        rig.start();
        collect();
    }

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            pass(pick(0, 40) * kMillisecond + pick(1, 999));
            market();
            faults();
            if (rig.engine->wants_decide() || chance(50)) rig.decide();
            serve();
            collect();
        }
    }

    // Until every answer has arrived and no order is left open.
    void settle() {
        rig.engine->command(CommandKind::no_new, Scope::global, 0, rig.t);
        for (int i = 0; i < 4000; ++i) {
            serve();
            collect();
            const bool over = rig.engine->open_trades() == 0 && rig.engine->unresolved_orders() == 0;
            if (events_.empty() && over && settled()) return;
            pass(20 * kMillisecond);
            if (i % 10 == 0) heal();
        }
    }
    Qty true_position(std::size_t venue) const {
        Qty sum = rig.setup.opening[venue];
        for (const auto& [id, fate] : fates_) {
            if (fate.place.body.venue != Rig::venue(venue)) continue;
            for (const event::Fill& fill : fate.fills) {
                sum += fate.place.body.side == Side::buy ? fill.qty : -fill.qty;
            }
        }
        return sum;
    }
    bool settled() const {
        for (const auto& [id, fate] : fates_) {
            if (fate.lost || fate.state == Fate::handed) continue;
            if (!fate.heard_of()) return false;
        }
        return true;
    }

    // What really happened, to compare with the ledger.
    Amount true_flow(std::size_t venue, AssetId asset) const {
        Amount sum{};
        for (const auto& [id, fate] : fates_) {
            if (fate.place.body.venue != Rig::venue(venue)) continue;
            const bool buy = fate.place.body.side == Side::buy;
            for (const event::Fill& fill : fate.fills) {
                const Amount base = base_amount(fill.qty, kGrid);
                const Amount quote = quote_amount(fill.price * fill.qty, kGrid);
                if (asset == Rig::btc) sum += buy ? base : -base;
                if (asset == Rig::usdt) sum += buy ? -quote : quote;
                if (asset == fill.fee_asset) sum -= fill.fee;
            }
        }
        return sum;
    }

    Rig rig;
    Chances chances;
    std::vector<std::uint8_t> tape;
    std::uint64_t reducing = 0;          // reduce-only orders that reached a venue
    std::uint64_t wrongly_reducing = 0;  // of them, what the venue would have refused

private:
    struct Fate {
        enum State { handed, wire, over } state = handed;
        Action place{};
        bool lost = false;
        OrderStatus status{};
        Qty cum{};
        std::vector<event::Fill> fills;
        std::size_t heard = 0;  // bit mask of fills delivered at least once
        bool end_heard = false;
        // The last fill of a full order is its end too.
        bool heard_of() const {
            return state == over && (end_heard || cum == place.body.qty) &&
                   heard == (std::size_t{1} << fills.size()) - 1;
        }
    };

    std::int64_t pick(std::int64_t from, std::int64_t to) {
        return from + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(to - from + 1));
    }
    bool chance(int per_mille) { return pick(0, 999) < per_mille; }

    void at(Nanos when, std::function<void()> what) { events_.emplace(when, std::move(what)); }

    // Time goes on, event by event, with a heartbeat now and then and at every deadline.
    void pass(Nanos by) {
        const Nanos until = rig.t + by;
        for (;;) {
            const Nanos due = rig.engine->next_deadline();
            const Nanos next = events_.empty() ? until : std::min(until, events_.begin()->first);
            if (due != 0 && due <= next && due >= rig.t) {
                rig.t = due;
                rig.time();
                if (rig.engine->next_deadline() == due) break;  // more are due than one call fires
                serve();
                continue;
            }
            if (events_.empty() || events_.begin()->first > until) break;
            const auto event = events_.begin();
            rig.t = std::max(rig.t, event->first);
            const auto what = std::move(event->second);
            events_.erase(event);
            what();
            serve();
        }
        rig.t = std::max(rig.t, until);
        rig.time();
    }

    void market() {
        if (chance(500)) return;
        mid_ += pick(-15, 15);
        const std::int64_t shift = chance(chances.dislocation) ? pick(-150, 150) : 0;
        const std::size_t first = static_cast<std::size_t>(pick(0, 1));
        const bool both = chance(700);
        for (const std::size_t i : {first, 1 - first}) {
            if (i != first && !both) continue;
            const std::int64_t here = mid_ + (i == kBinance ? shift : 0);
            rig.book(
                i, around(here - pick(1, 9), here + pick(1, 9), pick(20, 900), static_cast<int>(pick(1, 4))));
        }
    }

    void faults() {
        const std::size_t i = static_cast<std::size_t>(pick(0, 1));
        const auto number = static_cast<std::uint16_t>(i);
        if (chance(chances.gap)) rig.text[i].lose_one();
        if (chance(chances.refused) &&
            rig.send(i, R"({"topic":"orderbook.50.BTCUSDT","type":)") == FrameResult::refused) {
            const InstrumentId which = Rig::market(i);
            rig.engine->refused(Rig::conn(i), chance(500) ? &which : nullptr, rig.t);
        }
        if (chance(chances.closing)) rig.engine->stream(StreamKind::closing, number, chance(500), rig.t);
        if (chance(chances.reconnect)) {
            rig.engine->conn_down(Rig::conn(i), rig.t);
            rig.engine->stream(StreamKind::private_stream, number, false, rig.t);
            at(rig.t + pick(1, 200) * kMillisecond, [this, i, number] {
                rig.engine->conn_up(Rig::conn(i), rig.t);
                rig.engine->stream(StreamKind::private_stream, number, true, rig.t);
                if (!rig.text[i].joins_by_rest()) rig.send(i, rig.text[i].snapshot());
            });
        }
        if (chance(chances.command)) {
            const auto kind = static_cast<CommandKind>(pick(0, 20) == 0 ? 2 : pick(0, 1));
            rig.engine->command(kind, static_cast<Scope>(pick(0, 2)), 0, rig.t);
        }
        if (chance(chances.foreign)) {
            event::Fill fill{};
            fill.time = rig.t;
            fill.order = order_id({1'000'000, 0, 0});
            fill.price = Price{10'000};
            fill.qty = Qty{1};
            fill.trade_id = ++trade_ids_;
            rig.fill(fill);
        }
    }
    void heal() {  // both venues up and calm, so that hedges find a book
        for (std::size_t i = 0; i < 2; ++i) {
            if (!rig.engine->book(Rig::market(i)).live()) {
                rig.engine->conn_up(Rig::conn(i), rig.t);
                resync(i);
            }
            rig.engine->stream(StreamKind::closing, static_cast<std::uint16_t>(i), false, rig.t);
            rig.book(i, around(mid_ - 5, mid_ + 5, pick(800, 900)));
        }
    }
    void resync(std::size_t i) {
        if (rig.text[i].joins_by_rest())
            rig.snapshot(i);
        else
            rig.send(i, rig.text[i].snapshot());
    }

    void serve() {
        for (;;) {
            const std::vector<Action> actions = rig.drain();
            if (actions.empty()) return;
            for (const Action& action : actions) {
                if (action.kind == ActionKind::place) place(action);
                if (action.kind == ActionKind::query) query(action.body.order);
                if (action.kind == ActionKind::resync) {
                    const std::size_t i = index(action.body.instrument);
                    at(rig.t + pick(1, 30) * kMillisecond, [this, i] { resync(i); });
                }
            }
        }
    }

    void place(const Action& action) {
        Fate& fate = fates_[action.body.order];
        fate.place = action;
        const OrderId id = action.body.order;
        if (chance(chances.not_sent)) {
            at(rig.t + pick(0, 3) * kMillisecond, [this, id] {
                Fate& mine = fates_[id];
                mine.state = Fate::over;
                mine.status = OrderStatus::rejected;
                mine.end_heard = true;
                rig.not_sent(mine.place);
            });
            return;
        }
        at(rig.t + pick(0, 2) * kMillisecond, [this, id] {
            Fate& mine = fates_[id];
            mine.state = Fate::wire;
            rig.sent(mine.place);
            if (chance(chances.lost)) {
                mine.lost = true;
                return;
            }
            if (chance(chances.overdue)) {
                at(rig.t + pick(15, 40) * kSecond, [this, id] { execute(id); });
                return;
            }
            at(rig.t + pick(1, chance(50) ? 600 : 40) * kMillisecond, [this, id] { execute(id); });
        });
    }

    void execute(OrderId id) {
        Fate& fate = fates_[id];
        fate.state = Fate::over;
        if (chance(chances.rejected)) {
            fate.status = OrderStatus::rejected;
            answer(id, [this, id] {
                fates_[id].end_heard = true;
                rig.reject(fates_[id].place);
            });
            return;
        }
        if (rig.setup.perpetual) {  // a reduce-only order never passes zero, whatever executed before it
            const Qty held = true_position(index(fate.place.body.venue));
            const Qty after = fate.place.body.side == Side::buy ? held + fate.place.body.qty
                                                                : held - fate.place.body.qty;
            const bool shrinks = held.value > 0 ? after.value >= 0 && after < held
                                 : held.value < 0 ? after.value <= 0 && held < after : false;
            if (fate.place.body.reduce_only != 0) ++reducing;
            if (fate.place.body.reduce_only != 0 && !shrinks) ++wrongly_reducing;
        }
        const std::int64_t lot = rig.setup.lot.value;
        const std::int64_t lots = fate.place.body.qty.value / lot;
        std::int64_t done = chance(chances.nothing) ? 0 : chance(chances.partial) ? pick(0, lots) : lots;
        fate.cum = Qty{done * lot};
        fate.status = done == lots  ? OrderStatus::filled
                      : chance(500) ? OrderStatus::expired
                                    : OrderStatus::canceled;
        while (done > 0) {
            const std::int64_t part = fate.fills.size() == 3 ? done : pick(1, done);
            fate.fills.push_back(rig.fill_of(fate.place, Qty{part * lot}, ++trade_ids_));
            done -= part;
        }
        for (std::size_t i = 0; i < fate.fills.size(); ++i) {
            for (int copy = chance(chances.repeated) ? 2 : 1; copy > 0; --copy)
                answer(id, [this, id, i] { tell_fill(id, i); });
        }
        if (chance(300)) answer(id, [this, id] { rig.report(fates_[id].place, OrderStatus::open, Qty{}); });
        for (int copy = chance(chances.repeated) ? 2 : 1; copy > 0; --copy)
            answer(id, [this, id] { tell_end(id); });
        if (chance(chances.ambiguous_answer))
            at(rig.t + pick(0, 300) * kMillisecond, [this, id] { rig.ambiguous(fates_[id].place); });
    }

    // One message on its way: usually it arrives.
    template <class What>
    void answer(OrderId, What what) {
        if (!chance(chances.silent_answer)) at(rig.t + pick(0, 60) * kMillisecond, what);
    }
    void tell_fill(OrderId id, std::size_t i) {
        Fate& fate = fates_[id];
        event::Fill fill = fate.fills[i];
        fill.time = rig.t;
        fate.heard |= std::size_t{1} << i;
        rig.fill(fill);
    }
    void tell_end(OrderId id) {
        Fate& fate = fates_[id];
        fate.end_heard = true;
        rig.report(fate.place, fate.status, fate.cum);
    }

    void query(OrderId id) {
        if (chance(200)) return;  // the query failed
        at(rig.t + pick(1, 30) * kMillisecond, [this, id] {
            Fate& fate = fates_[id];
            if (fate.state != Fate::over || fate.lost) {
                rig.absent(fate.place);
                return;
            }
            if (fate.status == OrderStatus::rejected && chance(500)) {
                fate.end_heard = true;
                rig.reject(fate.place);
                return;
            }
            for (std::size_t i = 0; i < fate.fills.size(); ++i) tell_fill(id, i);
            fate.end_heard = true;
            rig.found(fate.place, fate.status, fate.cum);
        });
    }

    void collect() {
        const auto pending = rig.engine->tape().pending();
        tape.insert(tape.end(), pending.begin(), pending.end());
        rig.engine->tape().drain();
    }

    std::mt19937_64 random_;
    std::multimap<Nanos, std::function<void()>> events_;
    std::map<OrderId, Fate> fates_;
    std::int64_t mid_ = 10'000;
    std::uint64_t trade_ids_ = 0;
};

}  // namespace arb::testing
