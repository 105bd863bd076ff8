// From frame to book: decode, continuity, apply, cross check. Median and tail per frame.
//
//   bench_book                        uniform frames of 20 + 20 levels
//   bench_book binance|usdm FILE...   recordings as plain text, "<recv_ns> <raw json>" a line
//
// Rounds of "decode only" and "decode and apply" alternate; every round starts with a new book, since a book
// that is replayed onto itself grows and doubles the times.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "arb/decimal.hpp"
#include "arb/histogram.hpp"
#include "arb/synced_book.hpp"
#include "arb/wire/binance.hpp"
#include "arb/wire/symbol_table.hpp"

using namespace arb;

namespace {

constexpr Grid kGrid{8, 8};
constexpr int kRounds = 9;

struct Frame {
    std::string json;
    bool snapshot = false;
};

std::vector<Frame> uniform_frames() {
    std::mt19937_64 random(1);
    const auto levels = [&random](bool bids, int count, int spread, bool deletes) {
        std::vector<int> ticks;
        while (static_cast<int>(ticks.size()) < count) {
            const int tick = 1 + static_cast<int>(random() % static_cast<unsigned>(spread));
            if (std::find(ticks.begin(), ticks.end(), tick) == ticks.end()) ticks.push_back(tick);
        }
        std::sort(ticks.begin(), ticks.end());
        std::string text;
        for (const int tick : ticks) {
            const int cents = 6'000'000 + (bids ? -tick : tick);
            const int qty = deletes && random() % 3 == 0 ? 0 : 1 + static_cast<int>(random() % 8);
            char row[80];
            std::snprintf(row, sizeof row, "%s[\"%d.%02d000000\",\"%d.%08d\"]", text.empty() ? "" : ",",
                          cents / 100, cents % 100, qty, 0);
            text += row;
        }
        return text;
    };
    std::vector<Frame> frames;
    frames.push_back({"{\"lastUpdateId\":1,\"bids\":[" + levels(true, 1000, 1500, false) + "],\"asks\":[" +
                          levels(false, 1000, 1500, false) + "]}",
                      true});
    for (int i = 2; i < 20'002; ++i) {
        const std::string id = std::to_string(i);
        frames.push_back({"{\"e\":\"depthUpdate\",\"E\":1672515782136,\"s\":\"BTCUSDT\",\"U\":" + id +
                          ",\"u\":" + id + ",\"b\":[" + levels(true, 20, 60, true) + "],\"a\":[" +
                          levels(false, 20, 60, true) + "]}"});
    }
    return frames;
}

std::vector<Frame> recorded_frames(int count, char** files) {
    std::vector<Frame> frames;
    for (int i = 0; i < count; ++i) {
        std::ifstream file(files[i]);
        for (std::string line; std::getline(file, line);) {
            const std::size_t space = line.find(' ');
            if (space == std::string::npos) continue;
            Frame frame{line.substr(space + 1), false};
            frame.snapshot = frame.json.rfind("{\"lastUpdateId\"", 0) == 0;
            if (frame.snapshot || frame.json.find("depthUpdate") != std::string::npos) {
                frames.push_back(std::move(frame));
            }
        }
    }
    return frames;
}

struct Bench {
    Market market;
    std::vector<Frame> frames;
    wire::SymbolTable symbols;
    wire::BinanceReader reader;
    std::unique_ptr<LevelBuffer> levels = std::make_unique<LevelBuffer>();

    wire::Decoded decode(const Frame& frame) {
        const char* const begin = frame.json.data();
        const char* const end = begin + frame.json.size();
        return frame.snapshot ? reader.read_snapshot(begin, end, kGrid, *levels)
                              : reader.read(begin, end, symbols, *levels);
    }

    // One pass over all frames; only LIVE updates are timed.
    void round(bool apply, Histogram& times, SyncedBook& book) {
        bool live = false;
        for (const Frame& frame : frames) {
            const auto start = std::chrono::steady_clock::now();
            const wire::Decoded decoded = decode(frame);
            const bool is_update = decoded.status == wire::Status::ok && !frame.snapshot;
            if (is_update && apply) book.on_update(decoded.update, 1);
            const auto end = std::chrono::steady_clock::now();
            if (decoded.status != wire::Status::ok) {
                std::printf("refused: %s\n", wire::name(decoded.status));
                std::exit(1);
            }
            if (frame.snapshot && apply) book.on_snapshot(decoded.update, 1, 1000);
            live = live || frame.snapshot;
            if (live && !frame.snapshot) times.record((end - start) / std::chrono::nanoseconds(1));
        }
    }
};

std::string text(Price price) {
    char buffer[64];
    return std::string(format_decimal(price.value, kGrid.price_decimals, buffer));
}

std::string text(Qty qty) {
    char buffer[64];
    return std::string(format_decimal(qty.value, kGrid.qty_decimals, buffer));
}

void print(const char* what, std::vector<Histogram>& rounds) {
    const auto middle = [&rounds](double q) {
        std::vector<Nanos> values;
        for (const Histogram& times : rounds) values.push_back(times.quantile(q));
        std::sort(values.begin(), values.end());
        return values[values.size() / 2];
    };
    std::printf("%-18s p50 %6lld ns  p99 %6lld ns  p99.9 %6lld ns  (%llu frames)\n", what,
                static_cast<long long>(middle(0.5)), static_cast<long long>(middle(0.99)),
                static_cast<long long>(middle(0.999)), static_cast<unsigned long long>(rounds[0].count()));
}

}  // namespace

int main(int argc, char** argv) {
    Bench bench{argc > 1 && std::string_view(argv[1]) == "usdm" ? Market::binance_usdm : Market::binance_spot,
                argc > 2 ? recorded_frames(argc - 2, argv + 2) : uniform_frames(), {}, {}};
    bench.symbols.add("BTCUSDT", InstrumentId{0}, kGrid);
    bench.symbols.add("ETHUSDT", InstrumentId{1}, kGrid);
    std::vector<Histogram> decode_only(kRounds), decode_and_apply(kRounds);
    std::unique_ptr<SyncedBook> book;
    for (std::size_t i = 0; i < kRounds; ++i) {
        book = std::make_unique<SyncedBook>(bench.market);
        bench.round(false, decode_only[i], *book);
        bench.round(true, decode_and_apply[i], *book);
    }
    print("decode", decode_only);
    print("decode and apply", decode_and_apply);
    const Touch touch = book->touch();
    std::printf("%s, %llu applied, %llu ignored, %llu gaps, bid %s x %s, ask %s x %s, levels %zu x %zu\n",
                name(book->state()), static_cast<unsigned long long>(book->applied()),
                static_cast<unsigned long long>(book->ignored()),
                static_cast<unsigned long long>(book->gaps()),
                text(touch.bid.price).c_str(), text(touch.bid.qty).c_str(), text(touch.ask.price).c_str(),
                text(touch.ask.qty).c_str(), book->book().bids.size(), book->book().asks.size());
}
