// An engine between two scripted spot venues: real frames go in, actions come out, the test answers them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "allocation_count.hpp"
#include "arb/amounts.hpp"
#include "arb/engine.hpp"
#include "market_text.hpp"

namespace arb::testing {

inline constexpr Grid kGrid{2, 4};
inline constexpr std::size_t kBinance = 0;
inline constexpr std::size_t kBybit = 1;

struct Setup {
    bool perpetual = false;         // both venues, with Bybit's wire format
    std::array<Qty, 2> opening{};   // positions of perpetuals
    FeeMode buy_mode = FeeMode::quote;
    Ppm taker{1000};
    Qty lot{10};      // 0.001
    Qty bybit_lot{};  // 0: the same
    Notional min_notional{};
    Amount usdt{Int128{1'000'000} * kPow10[18]};
    Amount btc{Int128{1'000} * kPow10[18]};
    std::uint64_t ids = 1'000'000;
    std::size_t tape_bytes = 0;
    EngineConfig config{};

    Setup() {
        config.limits.collar = config.limits.hedge_collar = Ppm{100'000};
        config.limits.max_edge = Ppm{200'000};
    }
};

// A book of `levels` levels a side, one tick of 10 apart.
inline Sides around(std::int64_t bid, std::int64_t ask, std::int64_t qty = 1000, int levels = 3) {
    Sides sides;
    for (int i = 0; i < levels; ++i) {
        sides.bids.push_back({Price{bid - 10 * i}, Qty{qty}});
        sides.asks.push_back({Price{ask + 10 * i}, Qty{qty}});
    }
    return sides;
}

class Rig {
public:
    explicit Rig(const Setup& with = {})
        : setup(with),
          engine(std::make_unique<Engine>(with.config, with.tape_bytes)),
          text{MarketText{kind(with, kBinance), kGrid, "BTCUSDT"},
               MarketText{kind(with, kBybit), kGrid, "BTCUSDT"}} {
        for (MarketText& each : text) each.follow(t);
        for (const char* name : {"binance", "bybit"}) engine->add_venue(name);
        for (const char* name : {"BTC", "USDT", "BNB"}) engine->add_asset(name);
        engine->add_pair(btc, usdt, kGrid);
        for (std::size_t i = 0; i < 2; ++i) {
            const Market market = kind(with, i);
            engine->add_connection(venue(i), market);
            Instrument instrument;
            instrument.venue = venue(i);
            instrument.market = market;
            instrument.filters.lot = i == kBybit && with.bybit_lot.value != 0 ? with.bybit_lot : with.lot;
            instrument.filters.min_notional = with.min_notional;
            instrument.fees.taker = with.taker;
            instrument.fees.buy_mode = with.buy_mode;
            engine->add_instrument(instrument, conn(i), "BTCUSDT");
        }
    }

    // Everything up, both books LIVE and calm around 100.00.
    void start() {
        engine->id_block(setup.ids, t);
        for (std::size_t i = 0; i < 2; ++i) {
            engine->balance(venue(i), btc, setup.btc, t);
            engine->balance(venue(i), usdt, setup.usdt, t);
            if (setup.perpetual) engine->position(market(i), setup.opening[i], cost(setup.opening[i]), t);
            engine->stream(StreamKind::private_stream, static_cast<std::uint16_t>(i), true, t);
            engine->stream(StreamKind::order_entry, static_cast<std::uint16_t>(i), true, t);
            text[i].move(around(9990, 10010));
            engine->conn_up(conn(i), t);
            if (text[i].joins_by_rest()) {
                snapshot(i);
                book(i, around(9990, 10010, 1001));
            } else {
                send(i, text[i].snapshot());
            }
        }
        drain();
    }

    static Market kind(const Setup& setup, std::size_t i) {
        if (setup.perpetual) return Market::bybit_linear;
        return i == kBinance ? Market::binance_spot : Market::bybit_spot;
    }
    static Amount cost(Qty position) { return quote_amount(Price{10'000} * position, kGrid); }  // entered at 100
    static VenueId venue(std::size_t i) { return static_cast<VenueId>(i); }
    static ConnId conn(std::size_t i) { return static_cast<ConnId>(i); }
    static InstrumentId market(std::size_t i) { return static_cast<InstrumentId>(i); }

    // Market data.
    FrameResult send(std::size_t i, const std::string& frame) {
        Counted counted;
        return engine->frame(conn(i), frame.data(), frame.size(), t);
    }
    FrameResult book(std::size_t i, const Sides& sides) { return send(i, text[i].move(sides)); }
    SnapshotResult snapshot(std::size_t i) {
        const std::string body = text[i].snapshot();
        Counted counted;
        return engine->snapshot(market(i), conn(i), body.data(), body.size(), 1000, t);
    }
    // Both venues calm, a moment later: D11 and row 10 have nothing to say any more.
    void calm() {
        pass(300 * kMillisecond);
        for (std::size_t i = 0; i < 2; ++i) book(i, around(9990, 10010, 1000 + text[i].id() % 7));
    }
    // `buy` is cheap, the other dear: 100.10 against 101.00, `qty` at the touch. (No decision yet.)
    void cross(std::size_t buy, std::int64_t qty = 1000) {
        book(buy, around(9990, 10010, qty, 1));
        book(1 - buy, around(10100, 10120, qty, 1));
    }
    void decide() {
        Counted counted;
        engine->decide(t);
    }

    // Time.
    void pass(Nanos by) {
        t += by;
        time();
    }
    void time() {
        Counted counted;
        engine->time(t);
    }

    std::vector<Action> drain() {
        std::vector<Action> out;
        Action action;
        for (;;) {
            bool any;
            {
                Counted counted;
                any = engine->pop(action);
            }
            if (!any) return out;
            out.push_back(action);
        }
    }
    std::vector<Action> drain(ActionKind kind) {
        std::vector<Action> out;
        for (const Action& action : drain()) {
            if (action.kind == kind) out.push_back(action);
        }
        return out;
    }
    // The hedges that follow once the books have shown a frame later than the end of the orders.
    std::vector<Action> hedges() {
        pass(kMillisecond);
        for (std::size_t i = 0; i < 2; ++i) {
            if (engine->book(market(i)).live()) send(i, text[i].nudge());
        }
        pass(20 * kMillisecond);
        return drain(ActionKind::place);
    }
    // A cross, a decision, and the places it led to.
    std::vector<Action> opened(std::size_t buy, std::int64_t qty = 1000) {
        drain();
        cross(buy, qty);
        decide();
        return drain(ActionKind::place);
    }

    // Answers about the order of a place action.
    void sent(const Action& place) {
        Counted counted;
        engine->sent(place.body.order, t);
    }
    void not_sent(const Action& place) {
        Counted counted;
        engine->not_sent(place.body.order, Refusal::rate, t);
    }
    void report(const Action& place, OrderStatus status, Qty cum) {
        Counted counted;
        engine->report(place.body.order, status, cum, t);
    }
    void reject(const Action& place) {
        Counted counted;
        engine->reject(place.body.order, t);
    }
    void ambiguous(const Action& place) {
        Counted counted;
        engine->ambiguous(place.body.order, UnknownReason::ambiguous_answer, t);
    }
    void found(const Action& place, OrderStatus status, Qty cum) {
        Counted counted;
        engine->found(place.body.order, status, cum, t);
    }
    void absent(const Action& place) {
        Counted counted;
        engine->absent(place.body.order, t);
    }
    OrderResult fill(const event::Fill& what) {
        Counted counted;
        return engine->fill(what);
    }
    event::Fill fill_of(const Action& place, Qty qty, std::uint64_t trade_id) const {
        event::Fill out{};
        out.time = t;
        out.order = place.body.order;
        out.price = place.body.price;
        out.qty = qty;
        out.trade_id = trade_id;
        const bool buy = place.body.side == Side::buy;
        const bool in_base = buy && setup.buy_mode == FeeMode::base && !setup.perpetual;
        out.fee_asset = in_base ? btc : usdt;
        out.fee =
            ppm_of(in_base ? base_amount(qty, kGrid) : quote_amount(out.price * qty, kGrid), setup.taker);
        return out;
    }
    OrderResult fill(const Action& place, Qty qty) { return fill(fill_of(place, qty, ++trade_ids)); }

    // The usual life over HTTP: the fill is heard of before the answer to the request.
    void execute(const Action& place, Qty qty) {
        sent(place);
        if (qty.value != 0) fill(place, qty);
        const OrderStatus status = qty == place.body.qty ? OrderStatus::filled : OrderStatus::expired;
        report(place, status, qty);
    }
    void execute(const Action& place) { execute(place, place.body.qty); }

    const Account& account(std::size_t i, AssetId asset) const {
        return engine->ledger().account(venue(i), asset);
    }
    bool reservations_zero() const {
        for (std::size_t i = 0; i < 2; ++i) {
            for (const AssetId asset : {btc, usdt, bnb}) {
                if (account(i, asset).reserved.value != 0) return false;
            }
        }
        return engine->ledger().pending_notional().value == 0;
    }
    // Base over all venues, against the start.
    Amount net_base() const { return account(0, btc).flow + account(1, btc).flow; }
    Amount lot() const { return base_amount(setup.lot, kGrid); }

    static constexpr AssetId btc{0};
    static constexpr AssetId usdt{1};
    static constexpr AssetId bnb{2};

    Setup setup;
    std::unique_ptr<Engine> engine;
    std::array<MarketText, 2> text;
    Nanos t = 1000 * kSecond;
    std::uint64_t trade_ids = 0;
};

}  // namespace arb::testing
