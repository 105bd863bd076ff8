"""The market side of the four markets on fake ports: where to connect, what to say, what REST is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arb.venues.base import BookProbe, ErrorClass, HttpDone, VenueError, VenueFailure
from arb.venues.rate_budget import Lane
from arb.venues.registry import MARKETS, venue_class

from .fixtures import fixture
from .market_setup import INFO, KINDS, PERPETUALS, market
from .setup import envelope

ALL = pytest.mark.parametrize("kind", KINDS)
BINANCE = pytest.mark.parametrize("kind", ["binance_spot", "binance_usdm"])
BYBIT = pytest.mark.parametrize("kind", ["bybit_spot", "bybit_linear"])
S = 1_000_000_000


def done(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpDone:
    return HttpDone(True, status, json.dumps(body).encode(), headers or {})


def test_all_markets_are_registered_and_no_other() -> None:
    assert tuple("_".join(market) for market in MARKETS) == KINDS
    with pytest.raises(KeyError):
        venue_class("binance", "coinm")


@ALL
def test_without_credentials_there_is_nothing_but_market_data(kind: str) -> None:
    venue = market(kind).venue
    assert (venue.orders, venue.private, venue.account) == (None, None, None)
    assert (venue.mark_stream([market(kind).symbols[0]], print, print) is None) == (kind not in PERPETUALS)


def test_depth_and_best_price_come_on_the_route_that_delivers_them() -> None:
    topics = "btcusdt@depth@100ms/btcusdt@bookTicker/ethusdt@depth@100ms/ethusdt@bookTicker"
    urls = {}
    for kind in KINDS:
        bench = market(kind)
        [stream] = bench.venue.market_streams(bench.symbols)
        assert list(stream.topics) == bench.symbols
        urls[kind] = stream.url
    assert urls == {
        "binance_spot": f"ws://127.0.0.1:2/stream?streams={topics}",
        "binance_usdm": f"ws://127.0.0.1:2/public/stream?streams={topics}",
        "bybit_spot": "ws://127.0.0.1:4/v5/public/spot",
        "bybit_linear": "ws://127.0.0.1:4/v5/public/linear",
    }


@ALL
@pytest.mark.parametrize("count", [2, 700])
def test_the_frames_of_a_stream_are_those_of_its_subscriptions(kind: str, count: int) -> None:
    bench = market(kind)
    row = bench.venue._symbols.get(bench.symbols[0])
    names = [f"C{i}{'/USDT:USDT' if kind in PERPETUALS else '/USDT'}" for i in range(count)]
    for at, name in enumerate(names):
        object.__setattr__(row, "symbol", name)
        object.__setattr__(row, "venue_symbol", f"C{at}USDT")
        bench.venue._symbols.update([type(row)(*(getattr(row, f) for f in row.__dataclass_fields__))])
    streams = bench.venue.market_streams(names)
    assert [symbol for stream in streams for symbol in stream.topics] == names
    for stream in streams:
        subscriptions, frames = bench.venue.subscriptions(stream), []
        for second in range(20):
            frames += subscriptions.frames(second * S // 10**3)
        assert tuple(frames) == stream.frames
        topics = [topic for own in stream.topics.values() for topic in own]
        assert sorted(topics) == sorted([*stream.in_url, *subscriptions.pending])
    if count == 700:
        with pytest.raises(VenueError, match="700 symbols need"):
            bench.venue.market_stream(names)


def test_trades_are_subscribed_only_where_they_are_wanted() -> None:
    wanted = {
        "binance_spot": {"btcusdt@trade", "ethusdt@trade"},
        "binance_usdm": set(),  # on another route
        "bybit_spot": {"publicTrade.BTCUSDT", "publicTrade.ETHUSDT"},
        "bybit_linear": {"publicTrade.BTCUSDT", "publicTrade.ETHUSDT"},
    }
    for kind in KINDS:
        found = {}
        for trades in (False, True):
            bench = market(kind, trades=trades)
            [stream] = bench.venue.market_streams(bench.symbols)
            found[trades] = {topic for own in stream.topics.values() for topic in own}
        assert found[True] - found[False] == wanted[kind]
        assert found[False] < found[True] or kind == "binance_usdm"


def test_trades_of_usdm_are_asked_for_on_the_route_that_delivers_them() -> None:
    seen: list[bytes] = []
    bench = market("binance_usdm", trades=True)
    feed = bench.venue.mark_stream(["BTC/USDT:USDT"], lambda _: None, lambda *_: None, seen.append)
    feed.start()
    assert (
        bench.sockets.last.url
        == "ws://127.0.0.1:2/market/stream?streams=btcusdt@markPrice@1s/btcusdt@aggTrade"
    )
    bench.sockets.last.open()
    trade = {"stream": "btcusdt@aggTrade", "data": fixture("binance_usdm", "ws_aggregate_trade_streams")}
    bench.sockets.last.say(trade)
    assert [json.loads(text) for text in seen] == [trade]


# Snapshots.


@pytest.mark.parametrize(
    ("kind", "wanted", "levels", "weight"),
    [
        ("binance_spot", 1_000, 1_000, 50),
        ("binance_spot", 100, 100, 5),
        ("binance_spot", 101, 101, 25),
        ("binance_spot", 5_000, 5_000, 250),
        ("binance_spot", 9_000, 5_000, 250),
        ("binance_usdm", 1_000, 1_000, 20),
        ("binance_usdm", 101, 500, 10),
        ("binance_usdm", 50, 50, 2),
        ("binance_usdm", 5_000, 1_000, 20),
    ],
)
def test_a_snapshot_asks_for_a_depth_that_is_served_and_knows_its_weight(
    kind: str, wanted: int, levels: int, weight: int
) -> None:
    bench = market(kind, snapshot_levels=wanted)
    request = bench.venue.snapshot_request(bench.symbols[0])
    assert request.url.endswith(f"/depth?symbol=BTCUSDT&limit={levels}")
    assert bench.venue.snapshot_levels == levels
    assert request.weight == weight


@BYBIT
def test_bybit_s_snapshot_comes_by_subscribing_the_depth_anew(kind: str) -> None:
    bench = market(kind, stream_levels=200)
    assert bench.venue.snapshot_request(bench.symbols[0]) is None
    frames = [json.loads(frame) for frame in bench.venue.resubscribe_frames(bench.symbols[0])]
    assert [(frame["op"], frame["args"]) for frame in frames] == [
        ("unsubscribe", ["orderbook.200.BTCUSDT"]),
        ("subscribe", ["orderbook.200.BTCUSDT"]),
    ]
    [stream] = bench.venue.market_streams(bench.symbols)
    subscriptions = bench.venue.subscriptions(stream)
    subscriptions.frames(0)
    subscriptions.hear(b'{"success":true,"ret_msg":"","req_id":"r","op":"subscribe"}', 0)
    assert len(subscriptions.pending) == 4, "its answer is no answer to the first subscription"


@BYBIT
def test_bybit_serves_certain_depths_only(kind: str) -> None:
    with pytest.raises(VenueError, match="stream_levels"):
        market(kind, ready=False, stream_levels=500)


# Probes.


@pytest.mark.parametrize(
    ("kind", "url", "weight"),
    [
        ("binance_spot", "http://127.0.0.1:1/api/v3/depth?symbol=BTCUSDT&limit=5", 5),
        ("binance_usdm", "http://127.0.0.1:1/fapi/v1/depth?symbol=BTCUSDT&limit=5", 2),
        ("bybit_spot", "http://127.0.0.1:1/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=5", 1),
        ("bybit_linear", "http://127.0.0.1:1/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=5", 1),
    ],
)
def test_a_probe_is_a_small_book(kind: str, url: str, weight: int) -> None:
    bench = market(kind)
    request = bench.venue.probe_request(bench.symbols[0])
    assert (request.method, request.url, request.weight) == ("GET", url, weight)


def test_probe_answers_of_the_documentation() -> None:
    book = BookProbe(1027024, ("4.00000000", "431.00000000"), ("4.00000200", "12.00000000"))
    assert market("binance_spot").venue.probe_answer(done(fixture("binance_spot", "rest_depth"))) == book
    assert market("binance_usdm").venue.probe_answer(done(fixture("binance_usdm", "rest_order_book"))) == book
    body = fixture("bybit", "rest_orderbook_spot")
    book = BookProbe(1432604333, ("65485.47", "47.081829"), ("65557.7", "16.606555"))
    assert market("bybit_spot").venue.probe_answer(done(body)) == book, "seq is comparable, u is not"


@ALL
@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"lastUpdateId":1,"bids":7,"asks":[]}'])
def test_a_probe_that_cannot_be_read_is_a_failure(kind: str, answer: bytes) -> None:
    body = answer if kind.startswith("binance") else b'{"retCode":0,"result":' + answer + b"}"
    assert isinstance(market(kind).venue.probe_answer(HttpDone(True, 200, body)), VenueFailure)


@ALL
def test_an_empty_side_is_no_failure(kind: str) -> None:
    book = {"lastUpdateId": 7, "bids": [], "asks": [["2", "3"]]}
    if kind.startswith("bybit"):
        book = envelope({"s": "BTCUSDT", "b": [], "a": [["2", "3"]], "u": 1, "seq": 7})
    assert market(kind).venue.probe_answer(done(book)) == BookProbe(7, None, ("2", "3"))


@ALL
def test_periods_of_the_liveness_rules_are_configuration(kind: str) -> None:
    rules = market(
        kind,
        quiet_s=1.0,
        first_frame_s=2.0,
        listing_timeout_s=3.0,
        moved_grace_s=4.0,
        probe_retry_s=5.0,
        best_repeat_s=6.0,
    ).venue.liveness_rules
    assert (rules.quiet_ns, rules.first_ns, rules.answer_ns, rules.grace_ns, rules.retry_ns) == (
        1 * S,
        2 * S,
        3 * S,
        4 * S,
        5 * S,
    )
    bybit = kind.startswith("bybit")
    assert (rules.repeat_ns, rules.can_list, rules.begins_with_snapshot) == (6 * S * bybit, not bybit, bybit)


# One budget.


@pytest.mark.parametrize(
    ("kind", "status"),
    [(kind, status) for kind in KINDS for status in (429, 418, 403) if status != 418 or "binance" in kind],
)
def test_a_refused_snapshot_stops_every_read_until_the_stated_time(kind: str, status: int) -> None:
    bench, answers = market(kind, shed_pause_s=7.0), []
    began = bench.clock.ns
    bench.venue.observe(done({"code": -1003, "msg": "Too many requests."}, status, {"Retry-After": "7"}))
    pause_s = 600 if kind.startswith("bybit") and status == 403 else 7
    budget = bench.venue.budget
    assert budget.stopped_until_ns == began + pause_s * S
    assert budget.take(1, bench.clock.ns, Lane.cancel) == began + pause_s * S
    [(_, limit)] = bench.events.take()
    assert (limit.pause_s, limit.banned) == (pause_s, status in (403, 418))
    bench.venue.instruments(bench.symbols, answers.append)
    assert answers == [], "no answer from inside the call"
    bench.clock.advance(0.001)
    assert bench.http.requests == []
    assert answers[0].error_class is ErrorClass.notsent
    bench.clock.advance(pause_s)
    bench.venue.instruments(bench.symbols, answers.append)
    bench.http.answer("", INFO[kind])
    assert [i.symbol for i in answers[1]] == bench.symbols


@BINANCE
def test_the_venue_s_own_count_and_limit_are_taken_over(kind: str) -> None:
    bench = market(kind, ready=False)
    bench.venue.instruments(bench.symbols, lambda _: None)
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1_234},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61_000},
    ]
    bench.http.answer("", {**INFO[kind], "rateLimits": limits}, headers={"X-MBX-USED-WEIGHT-1M": "600"})
    assert bench.venue.budget.limit == 1_234
    assert bench.venue.budget.spent(bench.clock.ns) == 600
    bench.venue.observe(done({}, 200, {"X-MBX-USED-WEIGHT-1M": "650"}))
    assert bench.venue.budget.spent(bench.clock.ns) == 650
    assert bench.venue.budget.take(20, bench.clock.ns, Lane.background) is not None


@BYBIT
def test_every_request_counts_for_the_address_on_bybit(kind: str) -> None:
    bench = market(kind)
    assert bench.venue.budget.limit == 600
    before = bench.venue.budget.spent(bench.clock.ns)
    for _ in range(3):
        bench.venue.measure_clock()
    assert bench.venue.budget.spent(bench.clock.ns) == before + 3
    bench.clock.advance(5.3)
    assert bench.venue.budget.spent(bench.clock.ns) == 0


@ALL
def test_the_clock_is_not_known_before_it_was_measured(kind: str) -> None:
    bench = market(kind)
    assert (bench.venue.clock_ms(), bench.venue.clock_half_width_ns()) == (None, None)
    bench.venue.measure_clock()
    now_ms = 1_700_000_123_456
    bybit = kind.startswith("bybit")
    bench.http.answer("/time", envelope({"timeNano": f"{now_ms}999999"}) if bybit else {"serverTime": now_ms})
    assert abs(bench.venue.clock_ms() - now_ms) <= 1
    assert bench.venue.clock_half_width_ns() is not None
