"""Subscriptions of one connection: one bad topic costs itself, a lost answer is asked for again, no hurry."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from arb.venues.binance.streams import BinanceDialect
from arb.venues.bybit.streams import BybitDialect
from arb.venues.subscriptions import ReplyKind, Subscriptions, TopicState

from .fixtures import fixture

S = 1_000_000_000
TIMEOUT_NS = 5 * S


def bybit(*batches: tuple[str, ...]) -> Subscriptions:
    return Subscriptions(BybitDialect(), batches, timeout_ns=TIMEOUT_NS)


def binance(*batches: tuple[str, ...], in_url: tuple[str, ...] = ()) -> Subscriptions:
    return Subscriptions(BinanceDialect(4), batches, in_url, timeout_ns=TIMEOUT_NS)


def hear(subscriptions: Subscriptions, message: Any, now_ns: int = 0) -> Any:
    return subscriptions.hear(orjson.dumps(message), now_ns)


class BybitServer:
    """Answers as the venue does: one bad topic refuses the whole request."""

    def __init__(self, *bad: str, spot: bool = True) -> None:
        self.bad = set(bad)
        self.word = "subscribe" if spot else ""
        self.topics: set[str] = set()
        self.requests = 0

    def answer(self, frame: bytes) -> dict[str, Any]:
        request = orjson.loads(frame)
        self.requests += 1
        ack = {"success": True, "ret_msg": self.word, "conn_id": "x", "req_id": request["req_id"]}
        for topic in request["args"]:
            if topic in self.bad:
                return ack | {"success": False, "ret_msg": f"Invalid topic: {topic}", "op": "subscribe"}
            if topic in self.topics:
                text = f"error:already subscribed,topic:{topic}"
                return ack | {"success": False, "ret_msg": text, "op": "subscribe"}
        self.topics.update(request["args"])
        return ack | {"op": "subscribe"}

    def serve(self, subscriptions: Subscriptions) -> None:
        while frames := subscriptions.frames(0):
            for frame in frames:
                hear(subscriptions, self.answer(frame))


@pytest.mark.parametrize("spot", [True, False])
@pytest.mark.parametrize("bad_at", [0, 4, 9])
def test_one_bad_topic_is_refused_alone(bad_at: int, spot: bool) -> None:
    topics = tuple(f"orderbook.50.T{i}" for i in range(10))
    others = tuple(f"orderbook.1.T{i}" for i in range(10))
    subscriptions, server = bybit(topics, others), BybitServer(topics[bad_at], spot=spot)
    server.serve(subscriptions)
    assert subscriptions.refused == {topics[bad_at]: f"Invalid topic: {topics[bad_at]}"}
    assert subscriptions.state(topics[bad_at]) is TopicState.refused
    good = {*topics, *others} - {topics[bad_at]}
    assert set(subscriptions.confirmed) == good == server.topics
    assert subscriptions.pending == ()
    assert server.requests <= 2 + 2 * 4, "halving asks about twice the depth of the tree"


def test_several_bad_topics_cost_none_of_the_good_ones() -> None:
    topics = tuple(f"t{i}" for i in range(100))
    bad = {"t0", "t1", "t50", "t99"}
    subscriptions, server = bybit(topics), BybitServer(*bad)
    server.serve(subscriptions)
    assert set(subscriptions.refused) == bad
    assert set(subscriptions.confirmed) == set(topics) - bad


def test_a_topic_that_is_subscribed_already_counts_as_confirmed() -> None:
    subscriptions, server = bybit(("a", "b")), BybitServer()
    server.topics.add("b")
    server.serve(subscriptions)
    assert set(subscriptions.confirmed) == {"a", "b"}
    assert subscriptions.refused == {}


def test_a_lost_answer_is_asked_for_again_under_the_same_number_and_not_for_ever() -> None:
    subscriptions = binance(("a@depth",))
    [first] = subscriptions.frames(0)
    assert subscriptions.frames(TIMEOUT_NS - 1) == []
    assert subscriptions.overdue(TIMEOUT_NS - 1) == ()
    assert subscriptions.overdue(TIMEOUT_NS) == ("a@depth",)
    assert subscriptions.frames(TIMEOUT_NS) == [first]
    assert subscriptions.frames(2 * TIMEOUT_NS) == [first]
    assert subscriptions.frames(3 * TIMEOUT_NS) == []
    assert subscriptions.pending == ("a@depth",)
    reply = hear(subscriptions, {"result": None, "id": 1})
    assert (reply.kind, reply.topics) == (ReplyKind.confirmed, ("a@depth",))
    assert subscriptions.overdue(4 * TIMEOUT_NS) == ()
    # The answers to the repetitions say nothing new, and no error.
    assert hear(subscriptions, {"result": None, "id": 1}).kind is ReplyKind.other


def test_the_refusal_of_a_repetition_whose_first_was_confirmed_says_nothing() -> None:
    subscriptions = bybit(("a", "b"))
    subscriptions.frames(0)
    subscriptions.frames(TIMEOUT_NS)
    server = BybitServer()
    [frame] = bybit(("a", "b")).frames(0)
    hear(subscriptions, server.answer(frame))
    late = server.answer(frame)
    assert late["success"] is False
    assert hear(subscriptions, late).kind is ReplyKind.other
    assert set(subscriptions.confirmed) == {"a", "b"}


def test_no_more_is_said_in_a_second_than_the_venue_takes() -> None:
    subscriptions = binance(*((f"t{i}",) for i in range(10)))
    said = {at: len(subscriptions.frames(at)) for at in (0, S // 2, S - 1, S, S + S // 2, 2 * S)}
    assert said == {0: 4, S // 2: 0, S - 1: 0, S: 4, S + S // 2: 0, 2 * S: 2}


def test_an_error_without_an_id_is_about_the_oldest_request() -> None:
    subscriptions = binance(("a",), ("b",))
    subscriptions.frames(0)
    reply = hear(subscriptions, {"code": 2, "msg": "Invalid request: unknown variant"})
    assert (reply.kind, reply.topics) == (ReplyKind.refused, ("a",))
    reply = hear(subscriptions, {"error": {"code": 2, "msg": "no"}, "id": 2})
    assert (reply.kind, reply.topics, reply.message) == (ReplyKind.refused, ("b",), "2 no")


def test_an_error_that_is_nobody_s_is_told() -> None:
    reply = hear(binance(), {"code": 3, "msg": "Invalid JSON"})
    assert (reply.kind, reply.message) == (ReplyKind.error, "3 Invalid JSON")
    assert binance().hear(b"\xff{", 0).kind is ReplyKind.error
    assert binance().hear(b"[]", 0).kind is ReplyKind.other


def test_a_topic_that_a_listing_misses_is_asked_for_again() -> None:
    subscriptions = binance(("c",), in_url=("a", "b"))
    subscriptions.frames(0)
    hear(subscriptions, {"result": None, "id": 1})
    assert subscriptions.state("a") is TopicState.assumed
    assert subscriptions.ask_list()
    assert subscriptions.ask_list(), "asked for already"
    [frame] = subscriptions.frames(0)
    assert orjson.loads(frame) == {"method": "LIST_SUBSCRIPTIONS", "id": 2}
    assert subscriptions.listing
    reply = hear(subscriptions, {"result": ["a", "c"], "id": 2})
    assert (reply.kind, reply.topics) == (ReplyKind.listed, ("b",))
    assert not subscriptions.listing
    [frame] = subscriptions.frames(0)
    assert orjson.loads(frame) == {"method": "SUBSCRIBE", "params": ["b"], "id": 3}
    assert set(subscriptions.confirmed) == {"a", "c"}


def test_many_symbols_subscribed_anew_at_once_keep_to_the_pace_and_the_order() -> None:
    subscriptions = binance(in_url=tuple("abcdef"))
    for topic in "abcdef":
        subscriptions.renew([topic])
    said = [[orjson.loads(frame) for frame in subscriptions.frames(at * S)] for at in range(4)]
    assert [len(frames) for frames in said] == [4, 4, 4, 0]
    words = [(frame["method"], *frame["params"]) for frames in said for frame in frames]
    assert words[:6] == [("UNSUBSCRIBE", topic) for topic in "abcdef"]
    assert sorted(words[6:]) == [("SUBSCRIBE", topic) for topic in "abcdef"]
    assert hear(subscriptions, {"result": None, "id": "off"}).kind is ReplyKind.other
    for number in range(1, 7):
        hear(subscriptions, {"result": None, "id": number})
    assert set(subscriptions.confirmed) == set("abcdef")


def test_what_was_refused_is_not_asked_for_anew() -> None:
    subscriptions, server = bybit(("a", "bad")), BybitServer("bad")
    server.serve(subscriptions)
    subscriptions.renew(["a", "bad"])
    off, on = (orjson.loads(frame) for frame in subscriptions.frames(0))
    assert (off["op"], off["args"], on["op"], on["args"]) == ("unsubscribe", ["a"], "subscribe", ["a"])
    subscriptions.renew(["bad"])
    assert subscriptions.frames(0) == []


def test_bybit_cannot_be_asked_for_a_listing() -> None:
    subscriptions = bybit(("a",))
    assert not subscriptions.ask_list()
    assert len(subscriptions.frames(0)) == 1


@pytest.mark.parametrize("name", ["ws_server_shutdown_raw", "ws_server_shutdown_combined"])
def test_an_announced_shutdown_is_told(name: str) -> None:
    assert hear(binance(), fixture("binance_spot", name)).kind is ReplyKind.shutdown


def test_the_frames_of_the_documentation_are_ours() -> None:
    request = fixture("binance_spot", "ws_subscribe_request")
    made = BinanceDialect(4).subscribe(request["id"], request["params"])
    assert orjson.loads(made) == request
    listing = BinanceDialect(4).answer(fixture("binance_spot", "ws_list_subscriptions_response"))
    assert listing is not None
    assert listing.topics
    request = fixture("bybit", "ws_subscribe_request")
    made = BybitDialect().subscribe(7, request["args"])
    assert orjson.loads(made) == request | {"req_id": "7"}


@pytest.mark.parametrize("name", ["ws_subscribe_ack_spot", "ws_subscribe_ack_linear"])
def test_bybit_acks_of_the_documentation_confirm(name: str) -> None:
    subscriptions = bybit(("a",))
    subscriptions.frames(0)
    message = fixture("bybit", name)
    if message["req_id"]:
        message["req_id"] = "1"
    assert hear(subscriptions, message).kind is ReplyKind.confirmed


@pytest.mark.parametrize("name", ["ws_pong_spot", "ws_pong_linear"])
def test_a_pong_confirms_nothing(name: str) -> None:
    subscriptions = bybit(("a",))
    subscriptions.frames(0)
    assert hear(subscriptions, fixture("bybit", name)).kind is ReplyKind.other
    assert subscriptions.pending == ("a",)


def test_a_bybit_refusal_of_the_documentation_refuses() -> None:
    subscriptions = bybit(("orderbook.37.BTCUSDT",))
    subscriptions.frames(0)
    message = fixture("bybit", "syn_ws_subscribe_failure") | {"req_id": "1"}
    reply = hear(subscriptions, message)
    assert (reply.kind, reply.topics) == (ReplyKind.refused, ("orderbook.37.BTCUSDT",))


def test_answers_to_other_frames_of_ours_change_nothing() -> None:
    subscriptions = bybit(("a",))
    subscriptions.frames(0)
    for message in (
        {"success": True, "ret_msg": "", "op": "unsubscribe", "req_id": "r"},
        {"success": True, "ret_msg": "", "op": "subscribe", "req_id": "r"},
        {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "data": []},
    ):
        assert hear(subscriptions, message).kind is ReplyKind.other
    assert subscriptions.pending == ("a",)
