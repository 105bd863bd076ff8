// The cursor passes legal JSON and nothing else, and reads no byte beyond the end.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>

#include "arb/wire/cursor.hpp"

using namespace arb::wire;

namespace {

// The text in a block of exactly its size, so that the sanitizer sees a byte too far.
Status check(const std::string& text) {
    const auto block = std::make_unique<char[]>(text.size());
    std::memcpy(block.get(), text.data(), text.size());
    Cursor cursor(block.get(), block.get() + text.size());
    if (cursor.skip()) cursor.finish();
    return cursor.status();
}

}  // namespace

TEST_CASE("legal values pass") {
    for (const char* text : {"0",
                             "-0",
                             "-12.5e+3",
                             "1E9",
                             "123456789012345678901234567890",
                             "0.000",
                             "true",
                             "false",
                             "null",
                             "\"\"",
                             "\"plain\"",
                             "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
                             "\"\\ud83d\\uDE00\"",
                             "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
                             "{}",
                             "[]",
                             "[[],{}]",
                             "{\"a\":1,\"b\":[1,{\"c\":null}],\"\":{}}",
                             " \t\r\n[ 1 , 2 ] \n",
                             "\"\x7f\"",
                             "{\"\\u0061\":{\"\xc3\xa9\":1}}",
                             "[1,2,{\"a\":[]}]"}) {
        CAPTURE(text);
        CHECK(check(text) == Status::ok);
    }
}

TEST_CASE("what is no JSON is malformed") {
    for (const char* text : {"",
                             " ",
                             "tru",
                             "True",
                             "nul",
                             "nan",
                             "01",
                             "-",
                             "-a",
                             "+1",
                             "1.",
                             ".5",
                             "1e",
                             "1e+",
                             "0x1",
                             "\"",
                             "\"a",
                             "'a'",
                             "\"\\",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "\"\\ud83d\"",
                             "\"\\ude00\"",
                             "\"\\ud83d\\n\"",
                             "\"\\ud83d\\u0041\"",
                             "\"\t\"",
                             "\"\n\"",
                             "\"\xc3\"",
                             "\"\xc0\x80\"",
                             "\"\xed\xa0\x80\"",
                             "\"\xf4\x90\x80\x80\"",
                             "\"\xe0\x80\x80\"",
                             "\"\xff\"",
                             "\"\x80\"",
                             "\"\xe2\x82",
                             "[",
                             "]",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "[1,2",
                             "{",
                             "}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{\"a\":1 \"b\":2}",
                             "{1:2}",
                             "[1}",
                             "{\"a\":1]",
                             "1 2",
                             "{}{}",
                             "[]x",
                             "\xef\xbb\xbf{}"}) {
        CAPTURE(text);
        CHECK(check(text) == Status::malformed);
    }
    CHECK(check(std::string("{}\0", 3)) == Status::malformed);
    CHECK(check(std::string("\"\\\0\"", 4)) == Status::malformed);
}

TEST_CASE("nesting is capped") {
    const auto nested = [](int depth) {
        const auto n = static_cast<std::size_t>(depth);
        return std::string(n, '[') + std::string(n, ']');
    };
    CHECK(check(nested(Cursor::kMaxDepth)) == Status::ok);
    CHECK(check(nested(Cursor::kMaxDepth + 1)) == Status::too_deep);
    CHECK(check(std::string(100'000, '[')) == Status::too_deep);
}

TEST_CASE("a number that could be infinite as a double is refused") {
    CHECK(check("1e99") == Status::ok);
    CHECK(check("1e999") == Status::overflow);
    CHECK(check(std::string(400, '9')) == Status::overflow);
}

TEST_CASE("a key with an escape or a byte above 0x7f is refused") {
    for (const char* text : {"{\"\\u0065\":1}", "{\"\xc3\xa9\":1}", "{\"a\\\"\":1}"}) {
        CAPTURE(text);
        Cursor cursor(text, text + std::strlen(text));
        CHECK_FALSE(cursor.members([&](std::string_view) { return cursor.skip(); }));
        CHECK(cursor.status() == Status::bad_key);
    }
}

TEST_CASE("a token knows its span and whether its text is plain") {
    const std::string text = " [\"a\",\"\\n\",\"\xc3\xa9\", -1.5 ]";
    Cursor cursor(text.data(), text.data() + text.size());
    REQUIRE(cursor.take('['));
    Token token;
    REQUIRE(cursor.value(token));
    CHECK(token.is_string());
    CHECK(token.plain);
    CHECK(token.text() == "a");
    REQUIRE((cursor.take(',') && cursor.value(token)));
    CHECK_FALSE(token.plain);
    REQUIRE((cursor.take(',') && cursor.value(token)));
    CHECK_FALSE(token.plain);
    REQUIRE((cursor.take(',') && cursor.value(token)));
    CHECK_FALSE(token.is_string());
    CHECK(std::string(token.begin, token.end) == "-1.5");
}

TEST_CASE("every status has a name of its own") {
    for (std::size_t i = 0; i < kStatusCount; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            CHECK(std::strcmp(name(static_cast<Status>(i)), name(static_cast<Status>(j))) != 0);
        }
    }
    CHECK(std::strcmp(name(Status::too_many_levels), "too_many_levels") == 0);
}
