// Binance frames: every documented shape gives its values, everything else its reason.
#include <doctest/doctest.h>

#include "arb/wire/binance.hpp"
#include "test_wire_support.hpp"

using namespace arb;
using namespace arb::wire;

namespace {

const std::string kSpotDepth = R"({"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,)"
                               R"("b":[["0.0024","10"],["0.0023","0"]],"a":[["0.0026","100"]]})";
const std::string kUsdmDepth =
    R"({"e":"depthUpdate","E":123456789,"T":123456788,"s":"BNBUSDT","U":157,"u":160,"pu":149,)"
    R"("b":[["7403.89","0.002"]],"a":[["7405.96","3.340"],["7406.63","4.525"]],"ps":"BNBUSDT","st":1})";
const std::string kSpotTicker =
    R"({"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000",)"
    R"("a":"25.36520000","A":"40.66000000"})";
const std::string kUsdmTicker =
    R"({"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT",)"
    R"("b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000","st":1})";
const std::string kSnapshot =
    R"({"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],)"
    R"("asks":[["4.00000200","12.00000000"]]})";
const std::string kUsdmSnapshot =
    R"({"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,)"
    R"("bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]})";

std::string combined(const std::string& data, const std::string& stream = "bnbusdt@depth@100ms") {
    return R"({"stream":")" + stream + R"(","data":)" + data + "}";
}

class Binance {
public:
    Binance() {
        symbols_.add("BNBBTC", InstrumentId{1}, Grid{8, 8});
        symbols_.add("BNBUSDT", InstrumentId{2}, Grid{4, 3});
    }
    Owned read(std::string_view text) {
        return decode_exact(text, *levels_, [this](const char* begin, const char* end, LevelBuffer& levels) {
            return reader_.read(begin, end, symbols_, levels);
        });
    }
    Owned snapshot(std::string_view text, Grid grid = {8, 8}) {
        return decode_exact(text, *levels_, [&](const char* begin, const char* end, LevelBuffer& levels) {
            return reader_.read_snapshot(begin, end, grid, levels);
        });
    }
    void refuses(std::string_view text, Status status, std::string_view field) {
        const Owned owned = read(text);
        CAPTURE(text);
        CHECK(std::string(name(owned.status)) == name(status));
        CHECK(owned.field == field);
    }

private:
    SymbolTable symbols_;
    BinanceReader reader_;
    std::unique_ptr<LevelBuffer> levels_ = std::make_unique<LevelBuffer>();
};

}  // namespace

TEST_CASE_FIXTURE(Binance, "a spot depthUpdate gives its ids, time and levels") {
    const Owned depth = read(kSpotDepth);
    REQUIRE(depth.status == Status::ok);
    CHECK(depth.instrument == InstrumentId{1});
    CHECK(depth.kind == UpdateKind::delta);
    CHECK(depth.first_id == 157);
    CHECK(depth.last_id == 160);
    CHECK_FALSE(depth.has_prev_id);
    CHECK(depth.event_time == 1672515782136 * kMillisecond);
    CHECK(depth.engine_time == 0);
    CHECK(depth.bids == std::vector{level(240000, 1000000000), level(230000, 0)});
    CHECK(depth.asks == std::vector{level(260000, 10000000000)});
}

TEST_CASE_FIXTURE(Binance, "a futures depthUpdate adds pu and the engine's time") {
    const Owned depth = read(combined(kUsdmDepth));
    REQUIRE(depth.status == Status::ok);
    CHECK(depth.instrument == InstrumentId{2});
    CHECK(depth.has_prev_id);
    CHECK(depth.prev_id == 149);
    CHECK(depth.event_time == 123456789 * kMillisecond);
    CHECK(depth.engine_time == 123456788 * kMillisecond);
    CHECK(depth.bids == std::vector{level(74038900, 2)});
    CHECK(depth.asks == std::vector{level(74059600, 3340), level(74066300, 4525)});
    CHECK(read(kUsdmDepth) == depth);
}

TEST_CASE_FIXTURE(Binance, "a bookTicker is a ticker, with and without e") {
    const Owned spot = read(kSpotTicker);
    REQUIRE(spot.status == Status::ok);
    CHECK(spot.kind == UpdateKind::ticker);
    CHECK(spot.last_id == 400900217);
    CHECK(spot.event_time == 0);
    CHECK(spot.bids == std::vector{level(253519, 31210)});
    CHECK(spot.asks == std::vector{level(253652, 40660)});

    Owned usdm = read(combined(kUsdmTicker, "bnbusdt@bookTicker"));
    CHECK(usdm.event_time == 1568014460893 * kMillisecond);
    CHECK(usdm.engine_time == 1568014460891 * kMillisecond);
    usdm.event_time = usdm.engine_time = 0;
    CHECK(usdm == spot);
}

TEST_CASE_FIXTURE(Binance, "a side without orders is empty in a bookTicker") {
    const std::string no_bids =
        replaced(replaced(kSpotTicker, "25.35190000", "0.00000000"), "31.21000000", "0.00000000");
    const Owned ticker = read(no_bids);
    REQUIRE(ticker.status == Status::ok);
    CHECK(ticker.bids.empty());
    CHECK(ticker.asks.size() == 1);
    refuses(replaced(kSpotTicker, "25.35190000", "0.00000000"), Status::bad_value, "b");
    refuses(replaced(kSpotTicker, "31.21000000", "0.00000000"), Status::bad_value, "B");
}

TEST_CASE_FIXTURE(Binance, "a REST snapshot is read on the grid it is given") {
    const Owned spot = snapshot(kSnapshot);
    REQUIRE(spot.status == Status::ok);
    CHECK(spot.kind == UpdateKind::snapshot);
    CHECK(spot.last_id == 1027024);
    CHECK(spot.bids == std::vector{level(400000000, 43100000000)});
    CHECK(spot.asks == std::vector{level(400000200, 1200000000)});
    CHECK(snapshot(kUsdmSnapshot).event_time == 1589436922972 * kMillisecond);
    CHECK(snapshot(kUsdmSnapshot).engine_time == 1589436922959 * kMillisecond);
    CHECK(snapshot(kSnapshot, Grid{6, 0}).asks == std::vector{level(4000002, 12)});
    CHECK(snapshot(kSnapshot, Grid{5, 0}).status == Status::inexact);
    CHECK(snapshot(kSnapshot, Grid{5, 0}).field == "asks");
    // On the frame path the same body is no stream message (spot depth5/10/20 look like it).
    CHECK(read(kSnapshot).status == Status::ignored);
    CHECK(read(combined(kSnapshot, "bnbusdt@depth20")).status == Status::ignored);
    CHECK(snapshot(R"({"code":-1121,"msg":"Invalid symbol."})").status == Status::ignored);
    CHECK(snapshot(replaced(kSnapshot, "431.00000000", "0.00000000")).status == Status::bad_value);
    CHECK(snapshot(replaced(kSnapshot, R"("asks")", R"("bids")")).status == Status::duplicate_key);
    CHECK(snapshot(replaced(kSnapshot, R"("asks")", R"("Asks")")).status == Status::missing_key);
    CHECK(snapshot(replaced(kSnapshot, "1027024", "-1")).status == Status::bad_value);
}

TEST_CASE_FIXTURE(Binance, "messages that are no book messages are ignored") {
    for (
        const char* text :
        {R"({"result":null,"id":1})", R"({"result":["btcusdt@aggTrade"],"id":3})", R"({"code":2,"msg":"x"})",
         "{}", "[]", "1", R"({"e":"serverShutdown","E":1770123456789})",
         R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}})",
         R"({"e":"trade","E":1,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":2,"m":true,"M":true})",
         R"({"e":"aggTrade","E":1,"s":"BNBUSDT","a":5933014,"p":"0.001","f":100,"l":105,"T":2,"m":true})",
         R"([{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11185.87"}])",
         R"({"stream":"!markPrice@arr","data":[{"e":"markPriceUpdate"}]})",
         R"({"e":"24hrTicker","s":"BNBBTC","b":"1","B":"2","a":"3","A":"4","u":1})"}) {
        CAPTURE(text);
        CHECK(read(text).status == Status::ignored);
    }
}

TEST_CASE_FIXTURE(Binance, "a stream that shows another book is never applied as a change") {
    for (const char* stream :
         {"bnbusdt@depth5@100ms", "bnbusdt@depth10", "bnbusdt@depth20@500ms", "bnbusdt@rpiDepth@500ms"}) {
        CAPTURE(stream);
        CHECK(read(combined(kUsdmDepth, stream)).status == Status::ignored);
        CHECK(read(R"({"data":)" + kUsdmDepth + R"(,"stream":")" + stream + "\"}").status == Status::ignored);
    }
    for (const char* stream : {"bnbusdt@depth", "bnbusdt@depth@500ms", "123"}) {
        CAPTURE(stream);
        CHECK(read(combined(kUsdmDepth, stream)).status == Status::ok);
    }
}

TEST_CASE_FIXTURE(Binance, "an unknown symbol is told apart from a refusal") {
    CHECK(read(replaced(kSpotDepth, "BNBBTC", "BNBETH")).status == Status::unknown_symbol);
    CHECK(read(replaced(kSpotDepth, "BNBBTC", "bnbbtc")).status == Status::unknown_symbol);
    CHECK(read(replaced(kSpotTicker, "BNBUSDT", "BNB")).status == Status::unknown_symbol);
}

TEST_CASE_FIXTURE(Binance, "a refusal names its reason and its key") {
    const std::string& depth = kUsdmDepth;
    refuses(replaced(depth, "7403.89", "7403.89001"), Status::inexact, "b");
    refuses(replaced(depth, "3.340", "3.3401"), Status::inexact, "a");
    refuses(replaced(depth, "7403.89", "-7403.89"), Status::bad_value, "b");
    refuses(replaced(depth, "0.002", "-0.002"), Status::bad_value, "b");
    refuses(replaced(depth, "7403.89", "0.00"), Status::bad_value, "b");
    refuses(replaced(depth, "7403.89", "7e3"), Status::bad_value, "b");
    refuses(replaced(depth, "7403.89", "112589990684.2624"), Status::overflow, "b");
    refuses(replaced(depth, R"("7403.89")", "7403.89"), Status::bad_value, "b");
    refuses(replaced(depth, R"("0.002"])", R"("0.002","1"])"), Status::bad_value, "b");
    refuses(replaced(depth, R"(,"0.002"])", "]"), Status::bad_value, "b");
    refuses(replaced(depth, R"([["7403.89","0.002"]])", "null"), Status::bad_value, "b");
    refuses(replaced(depth, R"([["7403.89","0.002"]])", R"([["7403.89","0.002"],])"), Status::bad_value, "b");
    refuses(replaced(depth, R"("U":157)", R"("U":-1)"), Status::bad_value, "U");
    refuses(replaced(depth, R"("U":157)", R"("U":157.0)"), Status::bad_value, "U");
    refuses(replaced(depth, R"("U":157)", R"("U":1e2)"), Status::bad_value, "U");
    refuses(replaced(depth, R"("U":157)", R"("U":"")"), Status::bad_value, "U");
    refuses(replaced(depth, R"("U":157)", R"("U":true)"), Status::bad_value, "U");
    refuses(replaced(depth, R"("U":157)", R"("U":161)"), Status::bad_value, "u");
    refuses(replaced(depth, R"("u":160)", R"("u":9223372036854775808)"), Status::overflow, "u");
    refuses(replaced(depth, R"("E":123456789)", R"("E":9223372036855)"), Status::overflow, "E");
    refuses(replaced(depth, R"("s":"BNBUSDT")", R"("s":"BNBUS\u0044T")"), Status::bad_value, "s");
    refuses(replaced(depth, R"("s":"BNBUSDT")", "\"s\":\"\xc3\xa9\""), Status::bad_value, "s");
    refuses(replaced(depth, R"("s":"BNBUSDT")", R"("s":1)"), Status::bad_value, "s");
    refuses(replaced(depth, R"("depthUpdate")", "7"), Status::bad_value, "e");
    refuses(replaced(depth, R"("st":1)", R"("st":01)"), Status::malformed, "");
    refuses(replaced(depth, R"("st":1)", "\"st\":\"\xff\""), Status::malformed, "");
    refuses(replaced(depth, R"("st":1)", R"("\u0073t":1)"), Status::bad_key, "");
    refuses(replaced(depth, R"("st":1)", "\"\xc3\xa9\":1"), Status::bad_key, "");
    refuses(replaced(depth, R"("st":1)", "\"st\":" + std::string(40, '[') + std::string(40, ']')),
            Status::too_deep, "");
    refuses(depth + "x", Status::malformed, "");
    refuses(depth + depth, Status::malformed, "");
    refuses(combined(replaced(depth, "0.002", "0.0021")), Status::inexact, "b");
    refuses(R"({"stream":1,"data":{}})", Status::bad_value, "stream");
    refuses(R"({"u":1,"stream":"x","data":)" + depth + "}", Status::bad_value, "data");
    refuses(R"({"stream":"x","data":)" + depth + R"(,"u":1})", Status::bad_value, "u");
    refuses(replaced(kSpotTicker, R"("25.35190000")", "25.35"), Status::bad_value, "b");
    refuses(replaced(kSpotTicker, R"("31.21000000")", R"("31.2105")"), Status::inexact, "B");
}

TEST_CASE_FIXTURE(Binance, "a key that comes twice is refused, whichever it is") {
    for (const char* member : {R"("e":"depthUpdate")", R"("E":1)", R"("T":1)", R"("s":"BNBUSDT")", R"("U":1)",
                               R"("u":1)", R"("pu":1)", R"("b":[])", R"("a":[])"}) {
        const std::string key(member + 1, std::strchr(member + 1, '"'));
        refuses("{" + std::string(member) + "," + kUsdmDepth.substr(1), Status::duplicate_key, key);
    }
    refuses(combined(kUsdmDepth).insert(1, R"("stream":"x",)"), Status::duplicate_key, "stream");
    refuses(combined(kUsdmDepth).insert(1, R"("data":1,)"), Status::duplicate_key, "data");
    // Keys we do not read may: orjson keeps the last, and neither matters.
    CHECK(read("{\"st\":2," + kUsdmDepth.substr(1)).status == Status::ok);
}

TEST_CASE_FIXTURE(Binance, "a message without a mandatory key is refused") {
    for (const char* key : {"E", "s", "U", "u", "b", "a"}) {
        const std::string quoted = "\"" + std::string(key) + "\":";
        refuses(replaced(kUsdmDepth, quoted, "\"x\":"), Status::missing_key, key);
    }
    for (const char* key : {"b", "B", "a", "A"}) {
        const std::string quoted = "\"" + std::string(key) + "\":";
        refuses(replaced(kSpotTicker, quoted, "\"x\":"), Status::missing_key, key);
    }
    CHECK(read(replaced(kUsdmDepth, "\"T\":", "\"x\":")).engine_time == 0);
    CHECK_FALSE(read(replaced(kUsdmDepth, "\"pu\":", "\"x\":")).has_prev_id);
}

TEST_CASE_FIXTURE(Binance, "ids and times may be strings of digits") {
    const Owned want = read(kUsdmDepth);
    for (const char* number : {"123456789", "123456788", "157", "160", "149"}) {
        CAPTURE(number);
        const std::string text = ":" + std::string(number) + ",";
        CHECK(read(replaced(kUsdmDepth, text, ":\"" + std::string(number) + "\",")) == want);
    }
    CHECK(read(replaced(kUsdmDepth, R"("u":160)", R"("u":9223372036854775807)")).last_id ==
          9223372036854775807);
}

TEST_CASE_FIXTURE(Binance, "keys come in any order") {
    const Owned depth = read(kUsdmDepth);
    for (const std::string& text :
         key_orders({R"("e":"depthUpdate")", R"("E":123456789)", R"("T":123456788)", R"("s":"BNBUSDT")",
                     R"("U":157)", R"("u":160)", R"("pu":149)", R"("b":[["7403.89","0.002"]])",
                     R"("a":[["7405.96","3.340"],["7406.63","4.525"]])"})) {
        CAPTURE(text);
        CHECK(read(text) == depth);
        CHECK(read(combined(text)) == depth);
        CHECK(read(R"({"data":)" + text + R"(,"stream":"x"})") == depth);
    }
    const Owned ticker = read(kSpotTicker);
    for (const std::string& text :
         key_orders({R"("u":400900217)", R"("s":"BNBUSDT")", R"("b":"25.35190000")", R"("B":"31.21000000")",
                     R"("a":"25.36520000")", R"("A":"40.66000000")"})) {
        CHECK(read(text) == ticker);
    }
    const Owned body = snapshot(kSnapshot);
    for (const std::string& text :
         key_orders({R"("lastUpdateId":1027024)", R"("bids":[["4.00000000","431.00000000"]])",
                     R"("asks":[["4.00000200","12.00000000"]])", R"("x":{"bids":1})"})) {
        CHECK(snapshot(text) == body);
    }
}

TEST_CASE_FIXTURE(Binance, "whitespace is allowed wherever JSON allows it") {
    for (const std::string& sample :
         {kSpotDepth, kUsdmDepth, kSpotTicker, combined(kUsdmTicker), combined(kUsdmDepth)}) {
        const Owned want = read(sample);
        REQUIRE(want.status == Status::ok);
        for (const std::size_t gap : gaps(sample)) {
            CHECK(read(insert(sample, gap, " ")) == want);
            CHECK(read(insert(sample, gap, "\r\n\t")) == want);
            CHECK(is_refusal(read(insert(sample, gap, "\v")).status));
        }
        CHECK(read(spaced(sample, "\n ")) == want);
    }
    CHECK(snapshot(spaced(kSnapshot, "\t")) == snapshot(kSnapshot));
}

TEST_CASE_FIXTURE(Binance, "a frame cut anywhere is refused") {
    for (const std::string& sample :
         {kSpotDepth, kUsdmDepth, kSpotTicker, kUsdmTicker, combined(kUsdmDepth)}) {
        for (std::size_t size = 0; size < sample.size(); ++size) {
            CAPTURE(size);
            CHECK(is_refusal(read(std::string_view(sample).substr(0, size)).status));
        }
    }
    for (std::size_t size = 0; size < kSnapshot.size(); ++size) {
        CHECK(is_refusal(snapshot(std::string_view(kSnapshot).substr(0, size)).status));
    }
}

TEST_CASE_FIXTURE(Binance, "a long list keeps its values through changes of width") {
    std::string bids;
    std::vector<Level> want;
    for (int i = 1; i <= 300; ++i) {
        const int whole = i % 7 == 0 ? 123456 : 60000 + i;
        const int lots = i % 5 == 0 ? 1234 * i : i;
        bids +=
            (i > 1 ? ",[\"" : "[\"") + std::to_string(whole) + ".50\",\"" + std::to_string(lots) + ".250\"]";
        want.push_back(level(std::int64_t{whole} * 10000 + 5000, std::int64_t{lots} * 1000 + 250));
    }
    const Owned depth = read(replaced(kUsdmDepth, R"(["7403.89","0.002"])", bids));
    REQUIRE(depth.status == Status::ok);
    CHECK(depth.bids == want);
}

TEST_CASE_FIXTURE(Binance, "more levels than the buffer holds are refused") {
    const auto rows = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += i == 0 ? R"(["1.5","2"])" : R"(,["1.5","2"])";
        return text;
    };
    const std::string one_side = rows(kUpdateLevels - 2);
    CHECK(read(replaced(kUsdmDepth, R"(["7403.89","0.002"])", one_side)).bids.size() == kUpdateLevels - 2);
    refuses(replaced(kUsdmDepth, R"(["7403.89","0.002"])", rows(kUpdateLevels - 1)), Status::too_many_levels,
            "a");
    refuses(replaced(kUsdmDepth, R"(["7403.89","0.002"])", rows(kUpdateLevels + 1)), Status::too_many_levels,
            "b");
}
