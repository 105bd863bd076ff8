// A session's tape makes a fresh engine do the same again, and a damaged tape does no harm.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <string>

#include "arb/event_checks.hpp"
#include "arb/replay.hpp"
#include "support/session.hpp"

using namespace arb;
using namespace arb::testing;

namespace {

Setup setup_of(std::uint64_t seed) {
    Setup setup;
    setup.tape_bytes = 1 << 20;
    setup.buy_mode = seed % 2 == 0 ? FeeMode::quote : FeeMode::base;
    setup.min_notional = Notional{seed % 3 == 0 ? 300'000 : 0};
    setup.config.max_hedges = static_cast<std::uint8_t>(seed % 20 == 0 ? 0 : 1 + seed % 3);
    setup.perpetual = seed % 4 == 3;
    if (setup.perpetual) setup.opening = {Qty{700}, Qty{-300}};
    setup.config.strategy.slippage = Ppm{static_cast<std::int32_t>(seed % 5) * 100};
    return setup;
}

std::vector<std::uint8_t> small_tape() {
    Session session(4, setup_of(4));
    session.run(80);
    REQUIRE(session.rig.engine->stats().trades > 0);
    return session.tape;
}

// How often a test repeats itself; more where a person asks for it.
int repetitions(const char* variable, int usual) {
    const char* wish = std::getenv(variable);
    return wish == nullptr ? usual : std::atoi(wish);
}

}  // namespace

TEST_CASE("random sessions end as the truth has it, and their tapes replay to the same actions and state") {
    std::uint64_t trades = 0, hedges = 0, halted = 0, unknowns = 0, fenced = 0, broken = 0, reducing = 0, events = 0, duplicates = 0, stale = 0;
    const int seeds = repetitions("ARB_TEST_SEEDS", 200);
    for (int seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        Chances chances;
        if (seed % 10 == 9) chances.command = 10;
        if (seed % 20 == 19) chances.foreign = 1;
        if (seed % 10 == 4) chances.overdue = 10;
        Session session(static_cast<std::uint64_t>(seed), setup_of(static_cast<std::uint64_t>(seed)),
                        chances);
        session.run(400);
        session.settle();
        const Engine& engine = *session.rig.engine;

        // Nothing is forgotten: each order is resolved, each reservation given back, each fill booked once.
        CHECK(session.settled());
        CHECK(engine.unresolved_orders() == 0);
        CHECK(engine.open_trades() == 0);
        CHECK(session.rig.reservations_zero());
        const Exposure exposure = engine.ledger().exposure(Rig::btc);
        CHECK(exposure.low == exposure.high);
        CHECK(exposure.low == session.rig.net_base());
        for (std::size_t venue = 0; venue < 2; ++venue) {
            for (const AssetId asset : {Rig::btc, Rig::usdt, Rig::bnb}) {
                CHECK(session.rig.account(venue, asset).flow == session.true_flow(venue, asset));
            }
        }
        for (std::size_t venue = 0; venue < 2 && session.rig.setup.perpetual; ++venue) {
            const Position& position = engine.ledger().position(Rig::market(venue));
            CHECK(position.total() == session.true_position(venue));
            CHECK(position.low() == position.high());
            CHECK(session.rig.account(venue, Rig::btc).total() == base_amount(position.total(), kGrid));
        }
        reducing += session.reducing;
        CHECK(session.wrongly_reducing == 0);
        // Without a halt all that is left over is the dust that the ledger knows.
        if (engine.stats().halted == 0) {
            CHECK(session.rig.net_base() == engine.ledger().dust(PairId{}));
            CHECK(engine.stats().balanced == engine.stats().trades);
        }

        const ReplayResult result = replay(session.tape);
        REQUIRE(result.status == ReplayStatus::ok);
        CHECK(result.actions == engine.actions());
        CHECK(result.action_hash == engine.action_hash());
        CHECK(result.state_hash == engine.state_hash());
        CHECK(result.left == 0);
        trades += engine.stats().trades;
        hedges += engine.stats().hedges;
        halted += engine.stats().halted;
        unknowns += engine.stats().unknowns;
        fenced += engine.stats().fenced;
        broken += engine.stats().fence_broken;
        duplicates += engine.stats().duplicate_fills;
        stale += engine.book(Rig::market(0)).stales() + engine.book(Rig::market(1)).stales();
        events += result.events;
    }
    MESSAGE(seeds, " seeds: ", events, " events, ", trades, " trades, ", hedges, " hedges, ", halted,
            " halted, ", unknowns, " unknown, ", fenced, " fenced, ", broken, " seen after that, ", reducing,
            " reduce-only orders, ", duplicates, " repeated fills, ", stale, " stale books");
    CHECK(trades > 0);
    CHECK(fenced > 0);
    CHECK(broken > 0);
    CHECK(reducing > 0);
}

TEST_CASE("a tape cut at any byte replays what stood before the cut") {
    const std::vector<std::uint8_t> tape = small_tape();
    const ReplayResult whole = replay(tape);
    REQUIRE(whole.status == ReplayStatus::ok);
    CHECK(whole.events > 100);
    std::size_t complete = 0;
    const std::size_t stride = tape.size() > 4000 ? tape.size() / 2000 : 1;
    for (std::size_t size = 0; size < tape.size(); size = size < 2000 ? size + 1 : size + stride) {
        const std::vector<std::uint8_t> part(tape.begin(), tape.begin() + static_cast<std::ptrdiff_t>(size));
        const ReplayResult result = replay(part);
        REQUIRE(result.events < whole.events);
        if (size == 0)
            REQUIRE(result.status == ReplayStatus::no_head);
        else
            REQUIRE((result.status == ReplayStatus::cut || result.status == ReplayStatus::ok));
        REQUIRE((result.status == ReplayStatus::cut) == (result.left != 0));
        complete += result.status == ReplayStatus::ok;
    }
    CHECK(complete > 0);
}

TEST_CASE("a tape with any damaged bytes is refused or replayed, never trusted blindly") {
    const std::vector<std::uint8_t> tape = small_tape();
    std::mt19937_64 random(11);
    const int flips = repetitions("ARB_TEST_FLIPS", 2000);
    std::array<int, 8> outcomes{};
    for (int i = 0; i < flips; ++i) {
        std::vector<std::uint8_t> broken = tape;
        // Half of the damage goes to the registration at the front, where structures are.
        const std::size_t within = i % 2 == 0 ? std::min<std::size_t>(1500, broken.size()) : broken.size();
        for (std::uint64_t bytes = 1 + random() % 4; bytes > 0; --bytes) {
            std::uint8_t& byte = broken[random() % within];
            byte = random() % 2 == 0 ? static_cast<std::uint8_t>(byte ^ 1u << random() % 8)
                                     : static_cast<std::uint8_t>(random());
        }
        const ReplayResult result = replay(broken);
        ++outcomes[static_cast<std::size_t>(result.status)];
    }
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i] != 0) MESSAGE(std::string(name(static_cast<ReplayStatus>(i))), ": ", outcomes[i]);
    }
    CHECK(outcomes[static_cast<std::size_t>(ReplayStatus::malformed)] > 0);
}

TEST_CASE("an event body that means nothing is not sound") {
    const event::OrderBody order{1, order_id({1, 0, 0}), Qty{5}, OrderStatus::filled, 0};
    CHECK(event::sound(order));
    const auto worse = [&](auto change) {
        event::OrderBody changed = order;
        change(changed);
        return event::sound(changed);
    };
    CHECK_FALSE(worse([](event::OrderBody& body) { body.status = static_cast<OrderStatus>(8); }));
    CHECK_FALSE(worse([](event::OrderBody& body) { body.code = kRefusals; }));
    CHECK_FALSE(worse([](event::OrderBody& body) { body.cum = Qty{-1}; }));
    CHECK_FALSE(worse([](event::OrderBody& body) { body.time = -1; }));
    CHECK_FALSE(event::sound(event::Command{1, CommandKind::halt, static_cast<Scope>(3), 0}));
    CHECK_FALSE(event::sound(event::Command{1, static_cast<CommandKind>(3), Scope::global, 0}));
    CHECK_FALSE(event::sound(event::PairBody{{}, {}, {}, Grid{16, 3}}));
    CHECK(event::sound(event::PairBody{{}, {}, {}, kGrid}));
    CHECK_FALSE(event::sound(Level{Price{0}, Qty{1}}));
    CHECK(event::sound(Level{Price{1}, Qty{0}}));

    // And a tape that holds one is refused where it stands.
    std::vector<std::uint8_t> tape = small_tape();
    TapeReader reader(tape);
    TapeReader::Event at;
    while (reader.next(at) == TapeReader::Next::event && at.kind != EventKind::report) {
    }
    REQUIRE(at.kind == EventKind::report);
    const auto body = static_cast<std::size_t>(at.body.data() - tape.data());
    tape[body + offsetof(event::OrderBody, status)] = 99;
    const ReplayResult result = replay(tape);
    CHECK(result.status == ReplayStatus::malformed);
    CHECK(result.events > 10);
}

TEST_CASE("what is no tape is told from a tape of another version or build") {
    CHECK(replay({}).status == ReplayStatus::no_head);
    const std::vector<std::uint8_t> tape = small_tape();
    const auto with = [&](std::size_t at, std::uint8_t value) {
        std::vector<std::uint8_t> changed = tape;
        changed[at] = value;
        return replay(changed).status;
    };
    CHECK(with(5, 99) == ReplayStatus::other_version);  // the head's body begins after kind and length
    CHECK(with(9, static_cast<std::uint8_t>(tape[9] + 1)) == ReplayStatus::other_build);
    CHECK(with(0, 200) == ReplayStatus::unknown_kind);
    CHECK(with(0, static_cast<std::uint8_t>(EventKind::decide)) == ReplayStatus::no_head);

    std::vector<std::uint8_t> twice = tape;
    twice.insert(twice.end(), tape.begin(), tape.end());
    const ReplayResult result = replay(twice);
    CHECK(result.status == ReplayStatus::malformed);  // a second head
}

TEST_CASE("a changed input changes the actions") {
    Session session(5, setup_of(5));
    session.run(200);
    const ReplayResult whole = replay(session.tape);
    REQUIRE(whole.status == ReplayStatus::ok);
    // Leave out one decision that led to something.
    TapeReader reader(session.tape);
    TapeReader::Event event;
    std::size_t differing = 0, tried = 0;
    for (std::size_t from = 0; reader.next(event) == TapeReader::Next::event;) {
        const std::size_t to = session.tape.size() - reader.left();
        if (event.kind == EventKind::fill && tried < 20) {
            std::vector<std::uint8_t> without(session.tape.begin(),
                                              session.tape.begin() + static_cast<std::ptrdiff_t>(from));
            without.insert(without.end(), session.tape.begin() + static_cast<std::ptrdiff_t>(to),
                           session.tape.end());
            const ReplayResult result = replay(without);
            differing += result.action_hash != whole.action_hash;
            ++tried;
        }
        from = to;
    }
    CHECK(tried > 10);
    CHECK(differing > 0);
}

TEST_CASE("whoever watches a replay sees every action and every change of a book") {
    struct Watcher : ReplayWatcher {
        std::uint64_t places = 0, books = 0;
        bool live[2] = {};
        bool sent_on_stale = false;
        void on_book(InstrumentId id, BookState state, StaleReason, Nanos) override {
            ++books;
            live[index(id)] = state == BookState::live;
        }
        void on_action(const Action& action) override {
            if (action.kind != ActionKind::place) return;
            ++places;
            if (action.body.hedge == 0) sent_on_stale = sent_on_stale || !live[0] || !live[1];
        }
    } watcher;
    Chances chances;
    chances.gap = chances.refused = chances.reconnect = 20;
    Session session(8, setup_of(8), chances);
    session.run(1500);
    const ReplayResult result = replay(session.tape, &watcher);
    REQUIRE(result.status == ReplayStatus::ok);
    CHECK(watcher.places == session.rig.engine->stats().orders);
    CHECK(watcher.places > 10);
    CHECK(watcher.books > 50);
    CHECK_FALSE(watcher.sent_on_stale);
}
