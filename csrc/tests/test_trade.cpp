// The trade machine against every order of events: truth on one side, what is heard of it on the other.
//
// The explorer walks all states of a small world: two legs of two lots, hedges, and per order what really
// happened to it. Facts are heard late, repeatedly, in any order or never; timers fire whenever they like.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "arb/hash.hpp"
#include "arb/trade.hpp"
#include "support/approve.hpp"

using namespace arb;
using namespace arb::testing;

namespace {

constexpr Grid kGrid{2, 4};
constexpr AssetId kBtc{0};
constexpr AssetId kUsdt{1};
constexpr std::int64_t kLot = 1000;
constexpr std::uint8_t kLots = 2;  // of each leg
constexpr std::size_t kFates = 4;  // two legs, up to two hedges
constexpr Ppm kFee{1000};

// What really happened to an order.
enum class Phase : std::uint8_t {
    none,
    handed,  // to the gateway
    unsent,  // it will never leave
    wire,    // bytes left
    gone,    // lost on the way; nobody is ever told
    rejected,
    alive,  // at the venue
    ended,  // nothing more will execute
};

struct Fate {
    Phase phase = Phase::none;
    std::uint8_t lots = 0;      // ordered
    std::uint8_t executed = 0;  // of them
    std::uint8_t heard = 0;     // fills delivered
};

struct World {
    Trade trade{};
    std::array<Fate, kFates> fates{};
};
static_assert(std::has_unique_object_representations_v<World>);

struct Key {
    std::uint64_t a, b;
    bool operator==(const Key&) const = default;
};
struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return key.a; }
};

Key key_of(const World& world) {
    return {hash_bytes(&world, sizeof world, 1), hash_bytes(&world, sizeof world, 2)};
}

std::array<Instrument, 2> instruments(FeeMode mode) {
    std::array<Instrument, 2> out{};
    for (std::uint8_t i = 0; i < 2; ++i) {
        out[i].venue = VenueId{i};
        out[i].base = kBtc;
        out[i].quote = kUsdt;
        out[i].grid = kGrid;
        out[i].filters.lot = Qty{kLot};
        out[i].fees.taker = kFee;
        out[i].fees.buy_mode = mode;
    }
    return out;
}

struct Rules {
    FeeMode mode = FeeMode::quote;
    std::uint8_t max_hedges = 1;
    bool stale_reports = false;  // every past cumulative quantity may be reported again
    bool liars = false;          // a venue may execute more after it said that the order was over
    bool slow = false;           // a venue may not know an order at the fence and take it afterwards
};

class Explorer {
public:
    explicit Explorer(const Rules& rules) : rules_(rules), desk_(instruments(rules.mode)) {}

    World start() {
        World world;
        world.trade.seq = 7;
        world.trade.base = kBtc;
        world.trade.quote = kUsdt;
        world.trade.grid = kGrid;
        world.trade.state = TradeState::working;
        world.trade.max_hedges = rules_.max_hedges;
        world.trade.lot = base_amount(Qty{kLot}, kGrid);
        const auto legs = desk_.entry({InstrumentId{0}, Side::buy, Qty{kLots * kLot}, Price{10'000}},
                                      {InstrumentId{1}, Side::sell, Qty{kLots * kLot}, Price{10'100}});
        const std::array<const Approved*, 2> approved{&*legs[0], &*legs[1]};
        const std::array<const Instrument*, 2> where{&desk_.instrument(0), &desk_.instrument(1)};
        take(world, open_legs(world.trade, approved, where));
        return world;
    }

    void run() {
        visit(start());
        while (!stack_.empty()) {
            const World world = stack_.back();
            stack_.pop_back();
            expand(world);
            if (states_ % 61 == 0) check_way_out(world);
        }
    }

    std::size_t states() const { return states_; }
    std::size_t edges() const { return edges_; }
    std::size_t done() const { return done_; }
    std::size_t halted(HaltReason reason) const { return halts_[static_cast<std::size_t>(reason)]; }

private:
    void visit(const World& world) {
        ++edges_;
        if (!seen_.insert(key_of(world)).second) return;
        ++states_;
        check_state(world);
        stack_.push_back(world);
    }

    // The quantity side of a trade as the ledger must see it.
    struct Book {
        Amount reserved[2][2]{};  // by venue, base and quote
        Amount low{}, high{};
        Amount notional{};
    };
    // Nothing without anything outstanding, all of it before the first fill, else at least what is outstanding.
    Amount held(const Order& order) const {
        const std::int64_t lots = order.outstanding().value / kLot;
        const std::int64_t all = order.qty.value / kLot;
        if (!rules_.liars) REQUIRE(order.held.value * all >= order.reserved.value * lots);
        if (lots == 0) REQUIRE(order.held.value == 0);
        if (order.unresolved() && lots == all) REQUIRE(order.held == order.reserved);
        REQUIRE(order.held <= order.reserved);
        return order.held;
    }
    Book book_of(const Trade& trade) const {
        Book book;
        for (const Order& order : trade.used()) {
            const bool buy = order.side == Side::buy;
            const Amount executed = base_amount(order.fills, kGrid);
            const Amount net = (buy ? executed : -executed) - order.base_fee;
            const Amount open =
                base_amount((order.resolved() ? order.filled() : order.qty) - order.fills, kGrid);
            book.low += buy ? net : net - open;
            book.high += buy ? net + open : net;
            book.reserved[index(order.venue)][buy ? 1 : 0] += held(order);
            if (order.resolved()) continue;
            book.notional += quote_amount(order.limit * order.qty, kGrid);
        }
        return book;
    }

    // Applies a step to trade, a fresh ledger and the fates, and checks what it did.
    void take(World& world, const Step& step) {
        const Trade before = world.trade;
        Ledger ledger;
        REQUIRE(step.record_count <= Step::kMost);
        REQUIRE(step.wish_count <= Step::kMost);
        for (const Record& record : step.written()) {
            REQUIRE(record.trade == 7);
            if (record.kind == RecordKind::intent && record.hedge != 0) {
                for (const Order& order : world.trade.used()) REQUIRE(order.resolved());
                REQUIRE(absolute(net(world.trade)) >= world.trade.lot);
                REQUIRE(base_amount(record.qty, kGrid) <= absolute(net(world.trade)));
            }
            if (record.kind == RecordKind::halt)
                check_halt(world.trade, static_cast<HaltReason>(record.code));
            arb::apply(world.trade, record);
            ledger.apply(record, desk_.instrument(index(record.instrument)));
            if (record.kind == RecordKind::intent) {
                world.fates[record.index] = {Phase::handed,
                                             static_cast<std::uint8_t>(record.qty.value / kLot), 0, 0};
            }
            if (record.kind == RecordKind::done) check_done(world, record);
        }
        for (const Wish& wish : step.wished()) {
            REQUIRE(wish.index < kMaxOrders);
            if (wish.kind == WishKind::hedge) {
                REQUIRE(wants_hedge(world.trade));
            }
            if (wish.kind == WishKind::query) REQUIRE(wish.index < world.trade.order_count);
        }
        // The ledger moved by exactly what the trade did.
        const Book was = book_of(before);
        const Book is = book_of(world.trade);
        for (std::uint8_t venue = 0; venue < 2; ++venue) {
            REQUIRE(ledger.account(VenueId{venue}, kBtc).reserved ==
                    is.reserved[venue][0] - was.reserved[venue][0]);
            REQUIRE(ledger.account(VenueId{venue}, kUsdt).reserved ==
                    is.reserved[venue][1] - was.reserved[venue][1]);
        }
        REQUIRE(ledger.exposure(kBtc).low == is.low - was.low);
        REQUIRE(ledger.exposure(kBtc).high == is.high - was.high);
        REQUIRE(ledger.pending_notional() == is.notional - was.notional);
        // Final states are left in one way only.
        if (is_final(before.state)) {
            REQUIRE(is_final(world.trade.state));
            if (before.state == TradeState::halted) REQUIRE(world.trade.state == TradeState::halted);
            if (before.state != world.trade.state) {
                const HaltReason why = world.trade.halt;
                REQUIRE((why == HaltReason::late_execution || why == HaltReason::fence_broken));
            }
        }
    }

    // What executed without its fills being known is asked for in every step from then on, of a halted trade too.
    static void check_asked(const Trade& trade, const Step& step) {
        if (trade.state == TradeState::working || wants_hedge(trade)) return;
        for (std::uint8_t i = 0; i < trade.order_count; ++i) {
            if (!trade.orders[i].resolved() || !trade.orders[i].fills_missing()) continue;
            const auto wished = step.wished();
            const bool asked = std::any_of(wished.begin(), wished.end(), [i](const Wish& wish) {
                return wish.kind == WishKind::query && wish.index == i;
            });
            REQUIRE(asked);
        }
    }

    static bool wants_hedge(const Trade& trade) {
        return trade.state == TradeState::resolving && absolute(net(trade)) >= trade.lot &&
               trade.hedges < trade.max_hedges;
    }

    void check_halt(const Trade& trade, HaltReason reason) {
        ++halts_[static_cast<std::size_t>(reason)];
        switch (reason) {
            case HaltReason::hedges_spent:
                REQUIRE(trade.hedges == trade.max_hedges);
                REQUIRE(absolute(net(trade)) >= trade.lot);
                for (const Order& order : trade.used()) REQUIRE(order.resolved());
                break;
            case HaltReason::no_hedge_book: REQUIRE(absolute(net(trade)) >= trade.lot); break;
            case HaltReason::order_lost: {
                const auto used = trade.used();
                REQUIRE(std::any_of(used.begin(), used.end(),
                                    [](const Order& o) { return o.state == OrderState::unknown; }));
                break;
            }
            case HaltReason::late_execution: REQUIRE(rules_.liars); break;
            case HaltReason::fence_broken: REQUIRE(rules_.slow); break;
            default: FAIL("a reason the machine does not have");
        }
    }

    // At DONE what is believed is what is true.
    void check_done(const World& world, const Record& record) {
        ++done_;
        Amount truth{};
        for (std::uint8_t i = 0; i < world.trade.order_count; ++i) {
            const Order& order = world.trade.orders[i];
            REQUIRE(order.resolved());
            REQUIRE_FALSE(order.fills_missing());
            const Amount executed = base_amount(Qty{world.fates[i].executed * kLot}, kGrid);
            const bool buy = order.side == Side::buy;
            truth += buy ? executed : -executed;
            if (buy && rules_.mode == FeeMode::base) truth -= ppm_of(executed, kFee);
        }
        if (!rules_.liars && !rules_.slow) REQUIRE(record.amount == truth);
        if (!no_hedge_given_) REQUIRE(absolute(record.amount) < world.trade.lot);
    }

    void check_state(const World& world) {
        std::size_t unresolved = 0;
        for (std::uint8_t i = 0; i < world.trade.order_count; ++i) {
            const Order& order = world.trade.orders[i];
            const Fate& fate = world.fates[i];
            unresolved += order.unresolved();
            REQUIRE(order.fills == Qty{fate.heard * kLot});
            REQUIRE(order.filled() <= Qty{fate.executed * kLot});  // nothing is believed that did not happen
            if (order.resolved()) {
                const bool over = fate.phase == Phase::unsent || fate.phase == Phase::rejected ||
                                  fate.phase == Phase::ended || fate.executed == fate.lots ||
                                  (order.fenced == 1 && (rules_.slow || fate.phase == Phase::gone));
                REQUIRE(over);  // only by proof
                if (!rules_.liars && order.fenced != 1) REQUIRE(order.filled() == Qty{fate.executed * kLot});
            }
            if (order.fenced == 2) REQUIRE(world.trade.state == TradeState::halted);
            if (order.hedge != 0 && order.unresolved() && world.trade.state != TradeState::halted) {
                for (std::uint8_t j = 0; j < i; ++j) REQUIRE(world.trade.orders[j].resolved());
            }
        }
        if (world.trade.state == TradeState::working) REQUIRE(unresolved > 0);
        if (world.trade.state == TradeState::resolving || world.trade.state == TradeState::balanced)
            REQUIRE(unresolved == 0);
    }

    void hear(const World& world, const Input& input) {
        World next = world;
        if (input.kind == InputKind::fill) ++next.fates[input.index].heard;
        no_hedge_given_ = input.kind == InputKind::no_hedge;
        const Step decided = step(world.trade, input);
        take(next, decided);
        check_proof(next, input);
        if (input.kind != InputKind::query_timer) check_asked(next.trade, decided);
        visit(next);
    }

    // What proves an order's end resolves it, at once.
    static void check_proof(const World& next, const Input& input) {
        const Order& order = next.trade.orders[input.index];
        const bool told = input.kind == InputKind::reject ||
                          ((input.kind == InputKind::report || input.kind == InputKind::found) &&
                           is_terminal(input.status)) ||
                          (input.kind == InputKind::fill && order.fills >= order.qty);
        if (told) REQUIRE(order.resolved());
        if (input.kind == InputKind::ack_timer || input.kind == InputKind::ambiguous) {
            REQUIRE((order.resolved() || order.state == OrderState::unknown));
        }
    }

    void turn(const World& world, std::size_t i, Phase phase, std::uint8_t executed) {
        World next = world;
        next.fates[i].phase = phase;
        next.fates[i].executed = executed;
        visit(next);
    }

    void expand(const World& world) {
        for (std::uint8_t i = 0; i < world.trade.order_count; ++i) {
            truth_moves(world, i);
            for (const Input& input : facts(world, i)) hear(world, input);
            const Order& order = world.trade.orders[i];
            if (world.fates[i].phase >= Phase::wire)
                hear(world, {.kind = InputKind::ambiguous, .index = i, .code = 2});
            if (!order.resolved()) hear(world, {.kind = InputKind::ack_timer, .index = i});
            hear(world, {.kind = InputKind::query_timer, .index = i});
            if (order.state == OrderState::unknown) hear(world, {.kind = InputKind::lost_timer, .index = i});
            if (order.state == OrderState::unknown && order.handed != 0 && not_known(world.fates[i])) {
                hear(world, {.kind = InputKind::fenced, .index = i});
            }
        }
        if (wants_hedge(world.trade)) {
            hear(world, {.kind = InputKind::no_hedge});
            hear(world, {.kind = InputKind::hedge_timer});
            hedge(world);
        }
    }

    // What a venue may say of an order at the fence.
    bool not_known(const Fate& fate) const {
        if (fate.phase == Phase::gone) return true;
        return rules_.slow && (fate.phase == Phase::wire || fate.phase == Phase::alive) && fate.executed == 0;
    }

    void truth_moves(const World& world, std::size_t i) {
        const Fate& fate = world.fates[i];
        switch (fate.phase) {
            case Phase::handed:
                turn(world, i, Phase::unsent, 0);
                turn(world, i, Phase::wire, 0);
                break;
            case Phase::wire:
                turn(world, i, Phase::gone, 0);
                turn(world, i, Phase::rejected, 0);
                turn(world, i, Phase::alive, 0);
                break;
            case Phase::alive:
                if (fate.executed < fate.lots)
                    turn(world, i, Phase::alive, static_cast<std::uint8_t>(fate.executed + 1));
                turn(world, i, Phase::ended, fate.executed);
                break;
            case Phase::ended:
                if (rules_.liars && fate.executed < fate.lots) {
                    turn(world, i, Phase::ended, static_cast<std::uint8_t>(fate.executed + 1));
                }
                break;
            default: break;
        }
    }

    // Everything that may truthfully be heard about an order now, first or again.
    std::vector<Input> facts(const World& world, std::uint8_t i) const {
        const Fate& fate = world.fates[i];
        const Order& order = world.trade.orders[i];
        std::vector<Input> out;
        const auto report = [&](OrderStatus status, std::uint8_t lots) {
            out.push_back({.kind = InputKind::report, .index = i, .status = status, .qty = Qty{lots * kLot}});
            out.push_back({.kind = InputKind::found, .index = i, .status = status, .qty = Qty{lots * kLot}});
        };
        if (fate.phase == Phase::unsent) out.push_back({.kind = InputKind::not_sent, .index = i});
        if (fate.phase >= Phase::wire) out.push_back({.kind = InputKind::sent, .index = i});
        if (fate.phase == Phase::rejected) out.push_back({.kind = InputKind::reject, .index = i});
        if (fate.phase < Phase::alive) return out;
        report(OrderStatus::open, 0);
        const std::uint8_t from =
            rules_.stale_reports ? std::uint8_t{1} : std::max<std::uint8_t>(fate.executed, 1);
        for (std::uint8_t lots = from; lots <= fate.executed; ++lots) report(OrderStatus::partial, lots);
        if (fate.phase == Phase::ended) {
            report(fate.executed == fate.lots ? OrderStatus::filled : OrderStatus::canceled, fate.executed);
        }
        if (fate.heard < fate.executed) {
            const bool buy = order.side == Side::buy;
            const bool in_base = buy && rules_.mode == FeeMode::base;
            const Amount base = base_amount(Qty{kLot}, kGrid);
            const Amount quote = quote_amount(order.limit * Qty{kLot}, kGrid);
            out.push_back({.kind = InputKind::fill,
                           .index = i,
                           .fee_asset = in_base ? kBtc : kUsdt,
                           .qty = Qty{kLot},
                           .price = order.limit,
                           .fee = ppm_of(in_base ? base : quote, kFee),
                           .ref = fate.heard + 1u});
        }
        return out;
    }

    void hedge(const World& world) {
        const Amount imbalance = net(world.trade);
        const bool sell = imbalance.value > 0;
        const std::int64_t lots = base_qty(absolute(imbalance), kGrid).value / kLot;
        const auto approved = desk_.hedge({InstrumentId{sell ? std::uint16_t{1} : std::uint16_t{0}},
                                           sell ? Side::sell : Side::buy, Qty{lots * kLot}, Price{10'050}},
                                          imbalance);
        REQUIRE(approved);
        World next = world;
        take(next, hedge_order(world.trade, *approved, desk_.instrument(sell ? 1 : 0)));
        REQUIRE(next.trade.order_count == world.trade.order_count + 1);
        visit(next);
    }

    // From here the trade can still end: let all that is under way arrive, and let hedges fill.
    void check_way_out(World world) {
        for (int round = 0; round < 40 && !is_final(world.trade.state); ++round) {
            bool lost = false;
            for (std::uint8_t i = 0; i < world.trade.order_count; ++i) {
                Fate& fate = world.fates[i];
                if (fate.phase == Phase::gone) {
                    take(world, step(world.trade, {.kind = InputKind::ambiguous, .index = i, .code = 2}));
                    take(world, step(world.trade, {.kind = InputKind::fenced, .index = i}));
                    REQUIRE(world.trade.orders[i].resolved());
                }
                if (fate.phase == Phase::handed || fate.phase == Phase::wire) fate.phase = Phase::alive;
                if (fate.phase == Phase::alive) {
                    if (world.trade.orders[i].hedge != 0) fate.executed = fate.lots;
                    fate.phase = Phase::ended;
                }
                if (fate.phase == Phase::unsent && world.trade.orders[i].state == OrderState::unknown)
                    lost = true;
                for (const Input& input : facts(world, i)) {
                    if (input.kind == InputKind::fill) ++fate.heard;
                    take(world, step(world.trade, input));
                }
            }
            if (lost) return;  // unknown, and never handed over: the gateway's proof is due
            if (wants_hedge(world.trade)) {
                const Amount imbalance = net(world.trade);
                const bool sell = imbalance.value > 0;
                const std::int64_t lots = base_qty(absolute(imbalance), kGrid).value / kLot;
                const auto approved =
                    desk_.hedge({InstrumentId{sell ? std::uint16_t{1} : std::uint16_t{0}},
                                 sell ? Side::sell : Side::buy, Qty{lots * kLot}, Price{10'050}},
                                imbalance);
                REQUIRE(approved);
                take(world, hedge_order(world.trade, *approved, desk_.instrument(sell ? 1 : 0)));
            }
        }
        REQUIRE(is_final(world.trade.state));
    }

    Rules rules_;
    Permissive desk_;
    std::unordered_set<Key, KeyHash> seen_;
    std::vector<World> stack_;
    std::size_t states_ = 0;
    std::size_t edges_ = 0;
    std::size_t done_ = 0;
    std::array<std::size_t, 16> halts_{};
    bool no_hedge_given_ = false;
};

void report(const std::string& what, const Explorer& explorer) {
    MESSAGE(what, ": ", explorer.states(), " states, ", explorer.edges(), " transitions, ", explorer.done(),
            " ends");
}

}  // namespace

TEST_CASE("a query is wished for while anything about an order is missing, and no longer") {
    Explorer explorer({});
    World world = explorer.start();
    const auto wishes = [&] {
        return step(world.trade, {.kind = InputKind::query_timer, .index = 0}).wish_count;
    };
    const auto feed = [&](const Input& input) {
        const Step decided = step(world.trade, input);
        for (const Record& record : decided.written()) arb::apply(world.trade, record);
    };
    CHECK(wishes() == 1);
    feed({.kind = InputKind::report, .index = 0, .status = OrderStatus::filled, .qty = Qty{kLots * kLot}});
    CHECK(world.trade.orders[0].resolved());
    CHECK(wishes() == 1);  // its fills
    feed({.kind = InputKind::fill,
          .index = 0,
          .fee_asset = kUsdt,
          .qty = Qty{kLots * kLot},
          .price = Price{10'000},
          .ref = 1});
    CHECK(wishes() == 0);
}

TEST_CASE("every order of events ends in what is true, or halts for a reason that holds") {
    Explorer explorer({});
    explorer.run();
    report("two legs, one hedge", explorer);
    CHECK(explorer.states() > 10'000);
    CHECK(explorer.done() > 0);
    CHECK(explorer.halted(HaltReason::hedges_spent) > 0);
    CHECK(explorer.halted(HaltReason::order_lost) > 0);
    CHECK(explorer.halted(HaltReason::no_hedge_book) > 0);
    CHECK(explorer.halted(HaltReason::late_execution) == 0);
}

TEST_CASE("so it does with two hedges") {
    Explorer explorer({.max_hedges = 2});
    explorer.run();
    report("two legs, two hedges", explorer);
    CHECK(explorer.halted(HaltReason::hedges_spent) > 0);
}

TEST_CASE("so it does with the fee in base and without any hedge allowed") {
    Explorer explorer({.mode = FeeMode::base, .max_hedges = 0, .stale_reports = true});
    explorer.run();
    report("fee in base, every past report again", explorer);
    CHECK(explorer.done() > 0);
    CHECK(explorer.halted(HaltReason::hedges_spent) > 0);
}

TEST_CASE("an order that shows up after its fence is followed to its true end, in every order of events") {
    Explorer explorer({.max_hedges = 1, .slow = true});
    explorer.run();
    report("venues slower than the fence assumes", explorer);
    CHECK(explorer.halted(HaltReason::fence_broken) > 0);
    CHECK(explorer.halted(HaltReason::late_execution) == 0);
}

TEST_CASE("the fence ends only an order that is unknown, was handed over and was never heard of") {
    Explorer explorer({.slow = true});
    const auto fenced = [&](std::initializer_list<Input> before) {
        World world = explorer.start();
        const auto feed = [&](Input input) {
            const Step decided = step(world.trade, input);
            for (const Record& record : decided.written()) arb::apply(world.trade, record);
        };
        for (const Input& input : before) feed(input);
        feed({.kind = InputKind::fenced});
        return world.trade.orders[0].resolved();
    };
    const Input sent{.kind = InputKind::sent};
    const Input unknown{.kind = InputKind::ambiguous, .code = 2};
    const Input ack{.kind = InputKind::report, .status = OrderStatus::ack};
    CHECK(fenced({unknown}));
    CHECK(fenced({sent, {.kind = InputKind::ack_timer}}));
    CHECK(fenced({ack, unknown}));  // an ack is no order state
    CHECK_FALSE(fenced({}));
    CHECK_FALSE(fenced({sent}));
    CHECK_FALSE(fenced({{.kind = InputKind::ack_timer}}));  // it may not even have left
    CHECK_FALSE(fenced({unknown, {.kind = InputKind::report, .status = OrderStatus::open}}));
    CHECK_FALSE(fenced({unknown, {.kind = InputKind::fill, .qty = Qty{kLot}, .price = Price{10'000}, .ref = 1}}));
}

TEST_CASE("a venue that says late that it rejected the order only says what the fence concluded") {
    Explorer explorer({.slow = true});
    World world = explorer.start();
    const auto feed = [&](const Input& input) {
        const Step decided = step(world.trade, input);
        for (const Record& record : decided.written()) arb::apply(world.trade, record);
    };
    feed({.kind = InputKind::ambiguous, .code = 2});
    feed({.kind = InputKind::fenced});
    feed({.kind = InputKind::reject});
    feed({.kind = InputKind::report, .status = OrderStatus::rejected});
    CHECK(world.trade.state == TradeState::working);  // the other leg
    CHECK(world.trade.orders[0].resolved());
    feed({.kind = InputKind::report, .status = OrderStatus::canceled});  // it was there, though empty
    CHECK(world.trade.halt == HaltReason::fence_broken);
    CHECK(world.trade.orders[0].resolved());
}

TEST_CASE("an execution after the end is adopted in every order of events, and halts") {
    Explorer explorer({.max_hedges = 0, .liars = true});
    explorer.run();
    report("venues that execute after the end", explorer);
    CHECK(explorer.halted(HaltReason::late_execution) > 0);
}
