// Each transition of the synced book by hand. The random histories are in test_synced_history.cpp.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "arb/synced_book.hpp"

using namespace arb;

namespace {

// An update that owns its levels.
struct Message {
    Update update;
    std::vector<Level> bids;
    std::vector<Level> asks;

    Message& bid(std::int64_t price, std::int64_t qty) { return bids.push_back({{price}, {qty}}), *this; }
    Message& ask(std::int64_t price, std::int64_t qty) { return asks.push_back({{price}, {qty}}), *this; }
    operator const Update&() {  // NOLINT: reads as the update it is
        update.bids = bids;
        update.asks = asks;
        return update;
    }
};

Message spot(std::int64_t first, std::int64_t last) {
    Message message;
    message.update.first_id = first;
    message.update.last_id = last;
    return message;
}

Message rest(std::int64_t id) {
    Message message;
    message.update.kind = UpdateKind::snapshot;
    message.update.last_id = id;
    return message.bid(99, 1).bid(98, 1).ask(101, 1).ask(102, 1);
}

Message bybit(UpdateKind kind, std::int64_t id, std::int64_t sequence) {
    Message message;
    message.update.kind = kind;
    message.update.last_id = id;
    message.update.sequence = sequence;
    if (kind == UpdateKind::snapshot) message.bid(99, 1).ask(101, 1);
    return message;
}

SyncedBook live_spot_at_100() {
    SyncedBook book(Market::binance_spot);
    book.on_update(spot(95, 100), 1);
    book.on_snapshot(rest(99), 2);
    REQUIRE(book.state() == BookState::live);
    REQUIRE(book.last_id() == 100);
    return book;
}

SyncedBook live_bybit_at_100() {
    SyncedBook book(Market::bybit_spot);
    book.on_update(bybit(UpdateKind::snapshot, 100, 500), 1);
    REQUIRE(book.state() == BookState::live);
    return book;
}

void check_stale(SyncedBook& book, StaleReason reason) {
    CHECK(book.state() == BookState::stale);
    CHECK(std::string(name(book.stale_reason())) == name(reason));
    CHECK(book.take_resync_request());
    CHECK_FALSE(book.take_resync_request());  // once
}

struct Recorder : BookSink {
    std::string text;
    Ladder<Side::buy> bids;
    Ladder<Side::sell> asks;
    void on_reset() override { text += "reset "; bids.clear(); asks.clear(); }
    void on_level(Side side, Level level) override {
        if (side == Side::buy) bids.set(level);
        else asks.set(level);
    }
    void on_end(const Update& update, Nanos) override { text += std::to_string(update.last_id) + " "; }
    void on_state(BookState state, StaleReason reason) override {
        text += name(state);
        if (reason != StaleReason::none) text += std::string(":") + name(reason);
        text += " ";
    }
};

}  // namespace

TEST_CASE("a book is SYNCING until a snapshot and its bridging update are in") {
    SyncedBook book(Market::binance_spot);
    book.on_connected(0);
    CHECK(book.take_resync_request());
    CHECK(book.on_snapshot(rest(100), 1) == JoinResult::joined);
    CHECK(book.state() == BookState::syncing);
    CHECK(book.on_update(spot(90, 100), 2) == ApplyResult::ignored);
    CHECK(book.state() == BookState::syncing);
    CHECK(book.on_update(spot(101, 105).bid(100, 5), 3) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
    CHECK(book.touch().bid == Level{{100}, {5}});
    CHECK(book.applied() == 1);
    CHECK(book.ignored() == 1);
}

TEST_CASE("waiting updates are joined behind the snapshot, old ones among them dropped") {
    SyncedBook book(Market::binance_spot);
    CHECK(book.on_update(spot(91, 95).bid(97, 9), 1) == ApplyResult::buffered);
    CHECK(book.on_update(spot(96, 100).bid(98, 9), 2) == ApplyResult::buffered);
    CHECK(book.on_update(spot(101, 103).ask(101, 7), 3) == ApplyResult::buffered);
    CHECK(book.on_snapshot(rest(98), 4) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
    CHECK(book.last_id() == 103);
    CHECK(book.last_recv_ns() == 3);  // of the newest data, not of the join
    CHECK(book.book().bids.size() == 2);
    CHECK(book.book().bids.at(1) == Level{{98}, {9}});
    CHECK(book.touch().ask == Level{{101}, {7}});
    CHECK(book.buffered() == 3);
    CHECK(book.applied() == 2);
    CHECK(book.ignored() == 1);
    CHECK(book.gaps() == 0);
}

TEST_CASE("a snapshot older than the waiting updates is too old, and another one is requested") {
    SyncedBook book(Market::binance_spot);
    book.on_update(spot(101, 105), 1);
    CHECK(book.on_snapshot(rest(99), 2) == JoinResult::too_old);
    CHECK(book.state() == BookState::syncing);
    CHECK(book.take_resync_request());
    CHECK(book.on_snapshot(rest(100), 3) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("a hole behind the joined snapshot is a gap, and that update waits for the next one") {
    SyncedBook book(Market::binance_spot);
    book.on_snapshot(rest(100), 1);
    CHECK(book.on_update(spot(102, 105), 2) == ApplyResult::stale);
    check_stale(book, StaleReason::gap);
    CHECK(book.on_snapshot(rest(103), 3) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
    CHECK(book.last_id() == 105);
}

TEST_CASE("a gap makes a LIVE book STALE at that very update, unchanged") {
    SyncedBook book = live_spot_at_100();
    const Touch before = book.touch();
    CHECK(book.on_update(spot(102, 110).bid(100, 5), 5) == ApplyResult::stale);
    check_stale(book, StaleReason::gap);
    CHECK(book.touch() == before);
    CHECK(book.gaps() == 1);
    CHECK(book.on_update(spot(111, 112), 6) == ApplyResult::buffered);
    CHECK(book.state() == BookState::stale);
    CHECK(book.on_snapshot(rest(110), 7) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
    CHECK(book.stale_reason() == StaleReason::none);
}

TEST_CASE("a snapshot that ends behind all waiting updates waits for its bridge") {
    SyncedBook book = live_spot_at_100();
    book.on_update(spot(102, 110), 5);
    CHECK(book.on_snapshot(rest(115), 6) == JoinResult::joined);
    CHECK(book.state() == BookState::syncing);
    CHECK(book.on_update(spot(111, 120), 7) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("a hole among waiting updates drops what came before it") {
    SyncedBook book(Market::binance_spot);
    book.on_update(spot(91, 95), 1);
    CHECK(book.on_update(spot(97, 99), 2) == ApplyResult::buffered);
    CHECK(book.gaps() == 1);
    CHECK(book.on_snapshot(rest(94), 3) == JoinResult::too_old);
    CHECK(book.on_snapshot(rest(96), 4) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("old and repeated updates leave a LIVE book as it is, and no younger") {
    SyncedBook book = live_spot_at_100();
    const Touch before = book.touch();
    const Nanos age = book.last_recv_ns();
    CHECK(book.on_update(spot(95, 100).bid(100, 9), 50) == ApplyResult::ignored);
    CHECK(book.on_update(spot(80, 90).bid(100, 9), 51) == ApplyResult::ignored);
    CHECK(book.touch() == before);
    CHECK(book.last_recv_ns() == age);
    CHECK(book.last_id() == 100);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("a crossed book is STALE before anybody can decide on it") {
    SyncedBook book = live_spot_at_100();
    CHECK(book.on_update(spot(101, 101).bid(101, 5), 5) == ApplyResult::stale);
    check_stale(book, StaleReason::crossed);
    SyncedBook stream = live_bybit_at_100();
    CHECK(stream.on_update(bybit(UpdateKind::delta, 101, 501).ask(98, 1), 5) == ApplyResult::stale);
    check_stale(stream, StaleReason::crossed);
}

TEST_CASE("a crossed snapshot is never LIVE") {
    SyncedBook book(Market::binance_spot);
    CHECK(book.on_snapshot(rest(100).bid(101, 1), 1) == JoinResult::gap);
    check_stale(book, StaleReason::crossed);
    SyncedBook stream(Market::bybit_linear);
    CHECK(stream.on_update(bybit(UpdateKind::snapshot, 5, 5).bid(101, 1), 1) == ApplyResult::stale);
    check_stale(stream, StaleReason::crossed);
}

TEST_CASE("a waiting update that crosses the snapshot's book breaks the join") {
    SyncedBook book(Market::binance_spot);
    book.on_update(spot(101, 101).bid(101, 5), 1);
    CHECK(book.on_snapshot(rest(100), 2) == JoinResult::gap);
    check_stale(book, StaleReason::crossed);
}

TEST_CASE("a refused frame makes the book STALE in every phase, and what waited is dropped") {
    SyncedBook live = live_spot_at_100();
    live.on_refused(5);
    check_stale(live, StaleReason::refused);

    live.on_update(spot(103, 104), 6);
    live.on_refused(7);  // asked already
    CHECK_FALSE(live.take_resync_request());
    CHECK(live.stale_reason() == StaleReason::refused);
    live.on_update(spot(106, 107), 8);
    CHECK(live.gaps() == 0);
    CHECK(live.on_snapshot(rest(104), 9) == JoinResult::too_old);
    CHECK(live.on_snapshot(rest(105), 9) == JoinResult::joined);
    CHECK(live.state() == BookState::live);

    SyncedBook bridging(Market::binance_spot);
    bridging.on_snapshot(rest(100), 1);
    bridging.on_refused(2);
    check_stale(bridging, StaleReason::refused);

    SyncedBook waiting(Market::bybit_spot);
    waiting.on_refused(1);  // it may have been the snapshot
    check_stale(waiting, StaleReason::refused);
    waiting.on_refused(2);
    CHECK(waiting.take_resync_request());
}

TEST_CASE("a disconnected book is STALE, asks for nothing, and starts anew with the next connection") {
    SyncedBook book = live_spot_at_100();
    book.on_disconnected(5);
    CHECK(book.state() == BookState::stale);
    CHECK(book.stale_reason() == StaleReason::disconnected);
    CHECK_FALSE(book.take_resync_request());
    CHECK(book.on_update(spot(101, 102), 6) == ApplyResult::stale);
    CHECK(book.on_snapshot(rest(101), 7) == JoinResult::ignored);
    book.on_refused(8);
    CHECK(book.stale_reason() == StaleReason::disconnected);
    book.on_connected(9);
    CHECK(book.state() == BookState::syncing);
    CHECK(book.take_resync_request());
    CHECK(book.on_update(spot(201, 202), 10) == ApplyResult::buffered);  // not a gap: a new chain
    CHECK(book.gaps() == 0);
    CHECK(book.on_snapshot(rest(200), 11) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("a new connection starts anew even when the end of the old one was not seen") {
    SyncedBook book(Market::binance_spot);
    book.on_update(spot(91, 95), 1);
    book.on_connected(2);
    book.on_update(spot(201, 202), 3);
    CHECK(book.gaps() == 0);
    CHECK(book.on_snapshot(rest(200), 4) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
    book.on_connected(5);
    CHECK(book.state() == BookState::syncing);
}

TEST_CASE("too many waiting updates are all dropped, visibly") {
    SyncedBook book(Market::binance_spot);
    for (std::int64_t id = 1; id <= static_cast<std::int64_t>(UpdateBuffer::kUpdates); ++id) {
        REQUIRE(book.on_update(spot(id, id), id) == ApplyResult::buffered);
    }
    const auto next = static_cast<std::int64_t>(UpdateBuffer::kUpdates) + 1;
    CHECK(book.on_update(spot(next, next), next) == ApplyResult::stale);
    check_stale(book, StaleReason::overflow);
    CHECK(book.on_snapshot(rest(next - 2), next) == JoinResult::too_old);
    CHECK(book.on_snapshot(rest(next - 1), next) == JoinResult::joined);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("too many waiting levels overflow as well") {
    std::vector<Level> many(kUpdateLevels);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = {{static_cast<std::int64_t>(i + 1)}, {1}};
    SyncedBook book(Market::binance_spot);
    Update update;
    update.bids = many;
    ApplyResult result = ApplyResult::buffered;
    for (std::int64_t id = 1; id <= 9; ++id) {
        update.first_id = update.last_id = id;
        result = book.on_update(update, id);
        CHECK(result == (id <= 8 ? ApplyResult::buffered : ApplyResult::stale));
    }
    check_stale(book, StaleReason::overflow);
}

TEST_CASE("more levels than a ladder holds make the book STALE") {
    SyncedBook book = live_spot_at_100();
    std::vector<Level> many(kUpdateLevels);
    Update update;
    ApplyResult result = ApplyResult::applied;
    for (std::int64_t round = 0; round < 3 && result == ApplyResult::applied; ++round) {
        for (std::size_t i = 0; i < many.size(); ++i) {
            many[i] = {{1000 + round + 3 * static_cast<std::int64_t>(i)}, {1}};
        }
        update.asks = many;
        update.first_id = update.last_id = book.last_id() + 1;
        result = book.on_update(update, 1);
    }
    CHECK(result == ApplyResult::stale);
    check_stale(book, StaleReason::overflow);
}

TEST_CASE("a REST snapshot nobody asked for leaves a LIVE book alone") {
    SyncedBook book = live_spot_at_100();
    book.on_update(spot(101, 105).bid(100, 5), 3);
    CHECK(book.on_snapshot(rest(100), 4) == JoinResult::ignored);
    CHECK(book.on_snapshot(rest(120), 5) == JoinResult::ignored);
    CHECK(book.state() == BookState::live);
    CHECK(book.touch().bid == Level{{100}, {5}});
}

TEST_CASE("a second snapshot before the bridge is taken only when it is later") {
    SyncedBook book(Market::binance_spot);
    book.on_snapshot(rest(100), 1);
    CHECK(book.on_snapshot(rest(99), 2) == JoinResult::ignored);
    CHECK(book.on_snapshot(rest(100), 2) == JoinResult::ignored);
    CHECK(book.on_snapshot(rest(110).bid(100, 2), 3) == JoinResult::joined);
    CHECK(book.last_id() == 110);
    CHECK(book.touch().bid.price == Price{100});
    CHECK(book.on_update(spot(105, 111), 4) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("a touch that has used half of the verified depth asks once for a new snapshot, still LIVE") {
    SyncedBook book(Market::binance_spot);
    book.on_snapshot(rest(100).bid(89, 1), 1, 3);  // verified 99 to 89; the asks came whole
    book.on_update(spot(101, 101).bid(99, 0).bid(98, 0).bid(93, 1), 2);
    CHECK(book.state() == BookState::live);
    CHECK(book.take_resync_request());
    CHECK(book.on_update(spot(102, 102), 3) == ApplyResult::applied);
    CHECK_FALSE(book.take_resync_request());

    CHECK(book.on_snapshot(rest(101), 4) == JoinResult::too_old);
    CHECK(book.state() == BookState::live);
    CHECK(book.take_resync_request());
    CHECK(book.on_snapshot(rest(105), 5) == JoinResult::joined);
    CHECK(book.state() == BookState::syncing);
    CHECK(book.on_update(spot(103, 106), 6) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
    CHECK(book.book().bids.horizon() == Price{98});
    CHECK_FALSE(book.take_resync_request());
}

TEST_CASE("USD-M is joined by its own rule and continued by pu") {
    const auto usdm = [](std::int64_t first, std::int64_t last, std::int64_t previous) {
        Message message = spot(first, last);
        message.update.has_prev_id = true;
        message.update.prev_id = previous;
        return message;
    };
    SyncedBook book(Market::binance_usdm);
    book.on_update(usdm(80, 90, 70), 1);
    book.on_update(usdm(95, 100, 90), 2);  // U is not the previous u + 1
    CHECK(book.gaps() == 0);
    CHECK(book.on_snapshot(rest(100), 3) == JoinResult::joined);  // the update with u == L is the bridge
    CHECK(book.state() == BookState::live);
    CHECK(book.on_update(usdm(140, 150, 100), 4) == ApplyResult::applied);
    CHECK(book.on_update(usdm(140, 150, 100), 5) == ApplyResult::ignored);
    CHECK(book.on_update(usdm(151, 160, 149), 6) == ApplyResult::stale);
    check_stale(book, StaleReason::gap);
    CHECK(book.on_snapshot(rest(150), 7) == JoinResult::joined);  // U 151 > L, but pu 149 <= L
    CHECK(book.state() == BookState::live);
}

TEST_CASE("Bybit is LIVE with the snapshot in the stream, and again with each later one") {
    SyncedBook book(Market::bybit_linear);
    book.on_connected(0);
    CHECK_FALSE(book.take_resync_request());  // the subscription sends it unasked
    CHECK(book.on_update(bybit(UpdateKind::snapshot, 100, 500), 1) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
    CHECK(book.on_update(bybit(UpdateKind::delta, 101, 505).bid(100, 2), 2) == ApplyResult::applied);
    CHECK(book.sequence() == 505);
    CHECK(book.applied() == 1);
    CHECK(book.joins() == 1);
    CHECK(book.on_update(bybit(UpdateKind::snapshot, 300, 600), 3) == ApplyResult::applied);
    CHECK(book.touch().bid.price == Price{99});
    CHECK_FALSE(book.book().bids.has_horizon());
    CHECK(book.on_update(bybit(UpdateKind::delta, 1, 700).bid(90, 1).ask(95, 1), 4) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
    CHECK(book.book().bids.size() == 1);
    CHECK(book.on_update(bybit(UpdateKind::delta, 2, 701), 5) == ApplyResult::applied);
}

TEST_CASE("a Bybit gap waits for a snapshot and takes no REST one") {
    SyncedBook book = live_bybit_at_100();
    CHECK(book.on_update(bybit(UpdateKind::delta, 102, 510), 2) == ApplyResult::stale);
    check_stale(book, StaleReason::gap);
    CHECK(book.on_update(bybit(UpdateKind::delta, 103, 511), 3) == ApplyResult::stale);
    CHECK_FALSE(book.take_resync_request());
    CHECK(book.on_snapshot(rest(103), 4) == JoinResult::ignored);
    CHECK(book.on_update(bybit(UpdateKind::snapshot, 104, 512), 5) == ApplyResult::applied);
    CHECK(book.state() == BookState::live);
}

TEST_CASE("a Bybit delta before any snapshot is not applied, and a new subscription is requested") {
    SyncedBook book(Market::bybit_spot);
    CHECK(book.on_update(bybit(UpdateKind::delta, 7, 7).bid(99, 1), 1) == ApplyResult::stale);
    check_stale(book, StaleReason::no_snapshot);
    CHECK(book.book().bids.empty());
}

TEST_CASE("tickers, and stream snapshots on Binance, are not for the depth book") {
    SyncedBook book = live_spot_at_100();
    Message ticker = spot(101, 101);
    ticker.update.kind = UpdateKind::ticker;
    CHECK(book.on_update(ticker, 1) == ApplyResult::ignored);
    CHECK(book.on_update(rest(200), 1) == ApplyResult::ignored);
    CHECK(book.last_id() == 100);
    CHECK(book.ignored() == 0);
}

TEST_CASE("the sink sees joins, levels and states, and rebuilds the same book") {
    Recorder sink;
    SyncedBook book(Market::binance_spot);
    book.set_sink(&sink);
    book.on_update(spot(101, 103).bid(97, 4), 1);
    book.on_snapshot(rest(100), 2);
    book.on_update(spot(104, 104).bid(99, 0), 3);
    book.on_update(spot(104, 104).bid(99, 0), 3);
    CHECK(sink.text == "reset 100 103 live 104 ");
    CHECK(std::vector<Level>(sink.bids.levels().begin(), sink.bids.levels().end()) ==
          std::vector<Level>{{{97}, {4}}, {{98}, {1}}});
    CHECK(sink.asks.size() == 2);
    sink.text.clear();
    book.on_update(spot(109, 109), 4);
    book.on_disconnected(5);
    book.on_connected(6);
    CHECK(sink.text == "stale:gap stale:disconnected syncing ");
}
