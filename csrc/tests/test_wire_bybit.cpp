// Bybit frames: every documented shape gives its values, everything else its reason.
#include <doctest/doctest.h>

#include "arb/wire/bybit.hpp"
#include "test_wire_support.hpp"

using namespace arb;
using namespace arb::wire;

namespace {

const std::string kDelta =
    R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT",)"
    R"("b":[["30247.20","30.028"],["30240.00","0"]],"a":[["30248.70","0"]],"u":177400507,"seq":66544703342},)"
    R"("cts":1687940967464})";
const std::string kTop =
    R"({"topic":"orderbook.1.BTCUSDT","ts":1672304484978,"type":"snapshot","data":{"s":"BTCUSDT",)"
    R"("b":[["16493.50","0.006"]],"a":[["16611.00","0.029"]],"u":18521288,"seq":7961638724},)"
    R"("cts":1672304484976})";

std::string snapshot() {
    return replaced(replaced(replaced(kDelta, "delta", "snapshot"), R"("30240.00","0")", R"("30240.00","1")"),
                    R"("30248.70","0")", R"("30248.70","2.5")");
}

class Bybit {
public:
    Bybit() { symbols_.add("BTCUSDT", InstrumentId{9}, Grid{2, 6}); }
    Owned read(std::string_view text) {
        return decode_exact(text, *levels_, [this](const char* begin, const char* end, LevelBuffer& levels) {
            return reader_.read(begin, end, symbols_, levels);
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
    BybitReader reader_;
    std::unique_ptr<LevelBuffer> levels_ = std::make_unique<LevelBuffer>();
};

}  // namespace

TEST_CASE_FIXTURE(Bybit, "a delta gives its ids, times and levels") {
    const Owned delta = read(kDelta);
    REQUIRE(delta.status == Status::ok);
    CHECK(delta.instrument == InstrumentId{9});
    CHECK(delta.kind == UpdateKind::delta);
    CHECK(delta.last_id == 177400507);
    CHECK(delta.sequence == 66544703342);
    CHECK(delta.first_id == 0);
    CHECK_FALSE(delta.has_prev_id);
    CHECK(delta.event_time == 1687940967466 * kMillisecond);
    CHECK(delta.engine_time == 1687940967464 * kMillisecond);
    CHECK(delta.bids == std::vector{level(3024720, 30028000), level(3024000, 0)});
    CHECK(delta.asks == std::vector{level(3024870, 0)});
    CHECK(read(replaced(kDelta, R"(,"cts":1687940967464)", "")).engine_time == 0);
}

TEST_CASE_FIXTURE(Bybit, "a snapshot is a whole book, of every depth we know") {
    const Owned whole = read(snapshot());
    REQUIRE(whole.status == Status::ok);
    CHECK(whole.kind == UpdateKind::snapshot);
    CHECK(whole.bids.size() == 2);
    for (const char* depth : {".200.", ".500.", ".1000."}) {
        CHECK(read(replaced(snapshot(), ".50.", depth)) == whole);
    }
    CHECK(read(replaced(snapshot(), "177400507", "1")).last_id == 1);
    refuses(replaced(snapshot(), "2.5", "0"), Status::bad_value, "a");
}

TEST_CASE_FIXTURE(Bybit, "level 1 is a ticker, and snapshot-only") {
    const Owned top = read(kTop);
    REQUIRE(top.status == Status::ok);
    CHECK(top.kind == UpdateKind::ticker);
    CHECK(top.last_id == 18521288);
    CHECK(top.bids == std::vector{level(1649350, 6000)});
    CHECK(top.asks == std::vector{level(1661100, 29000)});
    CHECK(read(replaced(kTop, R"([["16493.50","0.006"]])", "[]")).bids.empty());
    refuses(replaced(kTop, "snapshot", "delta"), Status::bad_value, "type");
    refuses(replaced(kTop, R"(["16611.00","0.029"])", R"(["16611.00","0.029"],["16612.00","1"])"),
            Status::bad_value, "a");
}

TEST_CASE_FIXTURE(Bybit, "messages that are no book messages are ignored") {
    for (
        const char* text :
        {R"({"success":true,"ret_msg":"","conn_id":"x","req_id":"","op":"subscribe"})",
         R"({"success":true,"ret_msg":"pong","conn_id":"x","op":"ping"})",
         R"({"req_id":"t","op":"pong","args":["1"]})",
         R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[{"T":1,"s":"BTCUSDT","p":"1"}]})",
         R"({"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT"},"cs":1,"ts":2})",
         R"({"topic":"priceLimit.BTCUSDT","data":{"symbol":"BTCUSDT"},"ts":1})", "{}", "[]", "null",
         R"({"topic":"orderbook.25.BTCUSDT","data":{}})", R"({"topic":"orderbook.50","data":{}})",
         R"({"topic":"orderbook.rpi.BTCUSDT","data":{"s":"BTCUSDT","b":[],"a":[],"u":1,"seq":1}})",
         R"({"topic":"orderbook.full.BTCUSDT","type":"delta","data":{"s":"BTCUSDT","b":[],"a":[]}})"}) {
        CAPTURE(text);
        CHECK(read(text).status == Status::ignored);
    }
    CHECK(read(replaced(replaced(kDelta, "BTCUSDT", "ETHUSDT"), "BTCUSDT", "ETHUSDT")).status ==
          Status::unknown_symbol);
}

TEST_CASE_FIXTURE(Bybit, "a refusal names its reason and its key") {
    refuses(replaced(kDelta, "30247.20", "30247.205"), Status::inexact, "b");
    refuses(replaced(kDelta, "30.028", "30.0280001"), Status::inexact, "b");
    refuses(replaced(kDelta, "30248.70", "-30248.70"), Status::bad_value, "a");
    refuses(replaced(kDelta, "30248.70", "0"), Status::bad_value, "a");
    refuses(replaced(kDelta, R"(["30248.70","0"])", R"(["30248.70","0","1"])"), Status::bad_value, "a");
    refuses(replaced(kDelta, R"([["30248.70","0"]])", R"("x")"), Status::bad_value, "a");
    refuses(replaced(kDelta, R"("delta")", R"("full")"), Status::bad_value, "type");
    refuses(replaced(kDelta, R"("delta")", "1"), Status::bad_value, "type");
    refuses(replaced(kDelta, R"("s":"BTCUSDT")", R"("s":"ETHUSDT")"), Status::bad_value, "s");
    refuses(replaced(kDelta, R"("u":177400507)", R"("u":1.5)"), Status::bad_value, "u");
    refuses(replaced(kDelta, R"("u":177400507)", R"("u":-1)"), Status::bad_value, "u");
    refuses(replaced(kDelta, "66544703342", "9223372036854775808"), Status::overflow, "seq");
    refuses(replaced(kDelta, "1687940967466", "1687940967466000"), Status::overflow, "ts");
    refuses(replaced(kDelta, "1687940967464", "null"), Status::bad_value, "cts");
    refuses(replaced(kDelta, R"("orderbook.50.BTCUSDT")", "5"), Status::bad_value, "topic");
    refuses(replaced(kDelta, "orderbook", R"(\u006frderbook)"), Status::bad_value, "topic");
    refuses(R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":[]})", Status::bad_value, "data");
    refuses(replaced(kDelta, R"("cts")", R"("\u0063ts")"), Status::bad_key, "");
    refuses(kDelta + "]", Status::malformed, "");
    for (const char* key : {"type", "ts", "data", "s", "b", "a", "u", "seq"}) {
        const std::string quoted = "\"" + std::string(key) + "\":";
        refuses(replaced(kDelta, quoted, "\"x\":"), Status::missing_key, key);
        refuses(replaced(kDelta, quoted, quoted + "[]," + quoted), Status::duplicate_key, key);
    }
}

TEST_CASE_FIXTURE(Bybit, "keys come in any order") {
    const Owned want = read(kDelta);
    const std::vector<std::string> datas =
        key_orders({R"("s":"BTCUSDT")", R"("b":[["30247.20","30.028"],["30240.00","0"]])",
                    R"("a":[["30248.70","0"]])", R"("u":177400507)", R"("seq":66544703342)"});
    for (std::size_t i = 0; i < datas.size(); i += 7) {
        for (const std::string& text :
             key_orders({R"("topic":"orderbook.50.BTCUSDT")", R"("type":"delta")", R"("ts":1687940967466)",
                         "\"data\":" + datas[i], R"("cts":1687940967464)"})) {
            CAPTURE(text);
            CHECK(read(text) == want);
        }
    }
}

TEST_CASE_FIXTURE(Bybit, "whitespace is allowed wherever JSON allows it") {
    for (const std::string& sample : {kDelta, kTop, snapshot()}) {
        const Owned want = read(sample);
        REQUIRE(want.status == Status::ok);
        for (const std::size_t gap : gaps(sample)) {
            CHECK(read(insert(sample, gap, "\t \n")) == want);
            CHECK(is_refusal(read(insert(sample, gap, "\f")).status));
        }
        CHECK(read(spaced(sample, "\r\n ")) == want);
    }
}

TEST_CASE_FIXTURE(Bybit, "a frame cut anywhere is refused") {
    for (const std::string& sample : {kDelta, kTop, snapshot()}) {
        for (std::size_t size = 0; size < sample.size(); ++size) {
            CAPTURE(size);
            CHECK(is_refusal(read(std::string_view(sample).substr(0, size)).status));
        }
    }
}
