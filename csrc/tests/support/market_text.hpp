// What a venue sends about one symbol: a small book, and its messages in the venue's own words.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "arb/instrument.hpp"

namespace arb::testing {

struct Sides {
    std::vector<Level> bids;  // best first
    std::vector<Level> asks;
};

inline std::string decimal_text(std::int64_t value, int decimals) {
    std::string digits = std::to_string(value);
    if (decimals == 0) return digits;
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, ".");
    return digits;
}

class MarketText {
public:
    MarketText(Market market, Grid grid, std::string symbol)
        : market_(market), grid_(grid), symbol_(symbol) {}

    // Event times follow this clock: a venue whose times stand still looks ever further behind.
    void follow(const Nanos& clock) { clock_ = &clock; }

    // Makes the book equal to `sides`; returns the delta that tells of it.
    std::string move(const Sides& sides) {
        ++id_;
        const std::string bids = difference(bids_, sides.bids);
        const std::string asks = difference(asks_, sides.asks);
        const std::string id = std::to_string(id_);
        if (market_ == Market::binance_spot) {
            return R"({"e":"depthUpdate","E":)" + time() + R"(,"s":")" + symbol_ + R"(","U":)" + id + R"(,"u":)" +
                   id + R"(,"b":)" + bids + R"(,"a":)" + asks + "}";
        }
        return bybit("delta", bids, asks);
    }

    // A delta that changes next to nothing: the book is as it was, but newer.
    std::string nudge() {
        Sides same;
        for (const auto& [price, qty] : bids_) same.bids.push_back({Price{price}, Qty{qty}});
        for (const auto& [price, qty] : asks_) same.asks.push_back({Price{price}, Qty{qty}});
        same.bids.front().qty.value += 1;
        return move(same);
    }

    // Binance: the body of REST depth. Bybit: the stream's snapshot.
    std::string snapshot() const {
        const std::string bids = list(bids_);
        const std::string asks = list(asks_);
        if (market_ == Market::binance_spot) {
            return R"({"lastUpdateId":)" + std::to_string(id_) + R"(,"bids":)" + bids + R"(,"asks":)" + asks +
                   "}";
        }
        return bybit("snapshot", bids, asks);
    }

    // The best prices as the fast stream has them, at the newest id or a later one.
    std::string ticker(Level bid, Level ask, std::int64_t ahead = 0) const {
        const std::string id = std::to_string(id_ + ahead);
        const auto price = [this](Price p) { return decimal_text(p.value, grid_.price_decimals); };
        const auto qty = [this](Qty q) { return decimal_text(q.value, grid_.qty_decimals); };
        if (market_ == Market::binance_spot) {
            return R"({"u":)" + id + R"(,"s":")" + symbol_ + R"(","b":")" + price(bid.price) + R"(","B":")" +
                   qty(bid.qty) + R"(","a":")" + price(ask.price) + R"(","A":")" + qty(ask.qty) + R"("})";
        }
        return R"({"topic":"orderbook.1.)" + symbol_ + R"(","type":"snapshot","ts":)" + time() +
               R"(,"data":{"s":")" + symbol_ + R"(","b":[)" + row(bid.price.value, bid.qty.value) + R"(],"a":[)" +
               row(ask.price.value, ask.qty.value) + R"(],"u":7,"seq":)" + id + R"(},"cts":)" + time() + "}";
    }

    void lose_one() { ++id_; }  // a message that never arrives
    void nudge_id() { ++id_; }  // time passes at the venue
    std::int64_t id() const { return id_; }
    bool joins_by_rest() const { return market_ == Market::binance_spot; }

private:
    std::string time() const { return std::to_string(1'700'000'000'000 + (clock_ ? *clock_ / kMillisecond : 0)); }

    using Ladder = std::map<std::int64_t, std::int64_t>;

    std::string bybit(const char* type, const std::string& bids, const std::string& asks) const {
        const std::string id = std::to_string(id_);
        return R"({"topic":"orderbook.50.)" + symbol_ + R"(","type":")" + type +
               R"(","ts":)" + time() + R"(,"data":{"s":")" + symbol_ + R"(","b":)" + bids + R"(,"a":)" + asks +
               R"(,"u":)" + id + R"(,"seq":)" + id + R"(},"cts":)" + time() + "}";
    }
    std::string row(std::int64_t price, std::int64_t qty) const {
        return R"([")" + decimal_text(price, grid_.price_decimals) + R"(",")" +
               decimal_text(qty, grid_.qty_decimals) + R"("])";
    }
    std::string list(const Ladder& ladder) const {
        std::string out = "[";
        for (const auto& [price, qty] : ladder) out += (out.size() > 1 ? "," : "") + row(price, qty);
        return out + "]";
    }
    std::string difference(Ladder& ladder, const std::vector<Level>& wanted) {
        Ladder next;
        for (const Level& level : wanted) next[level.price.value] = level.qty.value;
        std::string out = "[";
        const auto put = [&](std::int64_t price, std::int64_t qty) {
            out += (out.size() > 1 ? "," : "") + row(price, qty);
        };
        for (const auto& [price, qty] : ladder) {
            if (!next.contains(price)) put(price, 0);
        }
        for (const auto& [price, qty] : next) {
            const auto had = ladder.find(price);
            if (had == ladder.end() || had->second != qty) put(price, qty);
        }
        ladder = next;
        return out + "]";
    }

    Market market_;
    Grid grid_;
    std::string symbol_;
    std::int64_t id_ = 1000;
    const Nanos* clock_ = nullptr;
    Ladder bids_;
    Ladder asks_;
};

}  // namespace arb::testing
