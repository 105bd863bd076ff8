"""The order channel: written at once or not at all, and every request ends exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from hypothesis import given, settings
from hypothesis import strategies as st

from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import StreamCause, StreamKind, StreamState, VenueError
from arb.venues.order_channel import OrderChannel, Said
from arb.venues.settings import VenueSettings

from .fakes import EventLog, FakeClock, FakeSocket, FakeSockets
from .waiting import until


class Words:
    """`{"hello":1}` is answered by `{"welcome":1}`; a request `{"id":..}` by `{"id":..}`."""

    def __init__(
        self, url: str = "ws://127.0.0.1:1/orders", *, logon: bool = True, pings: bool = False
    ) -> None:
        self.url = url
        self._logon = logon
        self._pings = pings

    def logon(self) -> bytes | None:
        return b'{"hello":1}' if self._logon else None

    def ping(self) -> bytes | None:
        return b'{"ping":1}' if self._pings else None

    def on_message(self, message: Mapping[str, Any]) -> Said | None:
        if "welcome" in message:
            return Said(logged_on=True)
        if "refused" in message:
            return Said(lost=StreamCause.auth, detail="refused")
        if "odd" in message:
            raise VenueError("odd: cannot be read")
        if "bye" in message:
            return Said(id=message.get("id", ""), leaving=True, detail="bye")
        return Said(id=message["id"]) if "id" in message else None


class Bench:
    def __init__(self, words: Words | None = None, **changes: Any) -> None:
        self.clock, self.sockets, self.events = FakeClock(), FakeSockets(), EventLog()
        self.channel = OrderChannel(
            words or Words(),
            self.sockets,
            self.clock,
            self.events,
            VenueSettings(**changes),
            random=lambda: 0.0,
        )
        self.ends: list[tuple[str, str]] = []

    def up(self) -> FakeSocket:
        self.channel.start()
        self.sockets.last.open()
        self.sockets.last.say({"welcome": 1})
        assert self.channel.ready
        self.events.take()
        return self.sockets.last

    def request(self, id: str) -> bool:
        return self.channel.request(
            json.dumps({"id": id}).encode(),
            id,
            lambda message: self.ends.append((id, "answer")),
            lambda reason: self.ends.append((id, "lost")),
        )


def states(events: EventLog) -> list[tuple[StreamState, StreamCause]]:
    assert all(entry[:2] == ("stream", StreamKind.order) for entry in events.log)
    return [(entry[2], entry[3]) for entry in events.take()]


def test_it_takes_requests_only_after_the_log_on() -> None:
    bench = Bench()
    assert not bench.request("1")
    bench.channel.start()
    assert not bench.request("1")
    bench.sockets.last.open()
    assert bench.sockets.last.sent == [{"hello": 1}]
    assert not bench.channel.ready
    assert not bench.request("1")
    bench.sockets.last.say({"welcome": 1})
    assert bench.channel.ready
    assert bench.request("1")
    assert bench.sockets.last.sent[1:] == [{"id": "1"}]
    assert states(bench.events) == [(StreamState.up, StreamCause.none)]
    assert bench.ends == []


def test_without_a_log_on_it_is_ready_once_open() -> None:
    bench = Bench(Words(logon=False))
    bench.channel.start()
    bench.sockets.last.open()
    assert bench.channel.ready
    assert bench.sockets.last.sent == []


def test_answers_are_matched_by_id_in_any_order() -> None:
    bench = Bench()
    socket = bench.up()
    for id in ("a", "b", "c"):
        assert bench.request(id)
    assert not bench.request("b"), "an id in flight was taken twice"
    for id in ("c", "a", "a", "z"):
        socket.say({"id": id})
    assert bench.ends == [("c", "answer"), ("a", "answer")]
    assert bench.channel.in_flight == 1
    assert bench.channel.strays == 2


def test_a_lost_connection_loses_what_is_in_flight_and_comes_back() -> None:
    bench = Bench()
    socket = bench.up()
    bench.request("a")
    bench.request("b")
    socket.say({"id": "a"})
    socket.end()
    assert bench.ends == [("a", "answer"), ("b", "lost")]
    assert not bench.channel.ready
    assert not bench.request("c"), "nothing is kept for later"
    assert states(bench.events) == [(StreamState.down, StreamCause.closed)]
    bench.clock.advance(1.0)
    assert len(bench.sockets.sockets) == 2
    bench.sockets.last.open()
    bench.sockets.last.say({"welcome": 1})
    assert bench.request("c")
    assert {"id": "b"} not in bench.sockets.last.sent, "what was lost is never repeated"


def test_a_socket_that_is_closing_takes_nothing() -> None:
    bench = Bench()
    socket = bench.up()
    socket.dead = True  # a CLOSE was sent, its end was not told yet
    assert not bench.channel.ready
    assert not bench.request("a")
    assert bench.channel.in_flight == 0


def test_nothing_is_put_behind_bytes_that_did_not_leave() -> None:
    bench = Bench()
    socket = bench.up()
    socket.unsent = 1
    assert not bench.channel.ready
    assert not bench.request("a")
    socket.unsent = 0
    assert bench.request("a")


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ({"refused": 1}, StreamCause.auth),
        ({"odd": 1}, StreamCause.malformed),
        (b"<html>", StreamCause.malformed),
        ([1], StreamCause.malformed),
    ],
)
def test_what_ends_the_connection(message: Any, cause: StreamCause) -> None:
    bench = Bench()
    socket = bench.up()
    bench.request("a")
    socket.say(message)
    assert bench.ends == [("a", "lost")]
    assert states(bench.events) == [(StreamState.down, cause)]
    assert socket.dead


def test_a_log_on_that_is_not_answered_is_given_up() -> None:
    bench = Bench(subscribe_timeout_s=2.0)
    bench.channel.start()
    bench.sockets.last.open()
    bench.clock.advance(2.0)
    assert states(bench.events) == [(StreamState.down, StreamCause.silent)]
    bench.clock.advance(0.2)
    assert bench.channel.connects == 2


def test_a_missing_answer_ends_its_request_alone_while_the_peer_talks() -> None:
    bench = Bench(order_timeout_s=3.0)
    socket = bench.up()
    bench.request("a")
    bench.clock.advance(1.0)
    bench.request("b")
    socket.say({"id": "b"})
    bench.clock.advance(2.5)
    assert bench.ends == [("b", "answer"), ("a", "lost")]
    assert bench.channel.ready
    socket.say({"id": "a"})
    assert bench.ends == [("b", "answer"), ("a", "lost")], "a late answer ended a request twice"


def test_a_silent_peer_is_left_when_a_request_times_out() -> None:
    bench = Bench(order_timeout_s=3.0)
    bench.up()
    bench.clock.advance(1.0)
    bench.request("a")
    bench.clock.advance(1.0)
    bench.request("b")
    bench.clock.advance(2.0)
    assert sorted(bench.ends) == [("a", "lost"), ("b", "lost")]
    assert states(bench.events) == [(StreamState.down, StreamCause.silent)]


def test_a_peer_that_leaves_answers_what_it_has_first() -> None:
    bench = Bench()
    socket = bench.up()
    bench.request("a")
    socket.say({"bye": 1})
    assert not bench.channel.ready
    assert not bench.request("b")
    assert bench.ends == []
    socket.say({"id": "a"})
    assert bench.ends == [("a", "answer")]
    assert states(bench.events) == [(StreamState.down, StreamCause.shutdown)]


def test_a_connection_is_left_at_the_end_of_its_life() -> None:
    bench = Bench(channel_life_s=100.0)
    bench.up()
    bench.clock.advance(99.0)
    assert bench.channel.ready
    bench.clock.advance(1.0)
    assert states(bench.events) == [(StreamState.down, StreamCause.shutdown)]
    bench.clock.advance(1.0)
    assert bench.channel.connects == 2


def test_pings_go_out_and_an_unanswered_one_ends_the_connection() -> None:
    bench = Bench(Words(pings=True), ping_period_s=10.0)
    socket = bench.up()
    bench.clock.advance(10.0)
    assert socket.sent[-1] == {"ping": 1}
    bench.clock.advance(1.0)
    socket.say({"pong": 1})
    bench.clock.advance(9.0)
    assert socket.sent.count({"ping": 1}) == 2
    bench.clock.advance(10.0)
    assert states(bench.events) == [(StreamState.down, StreamCause.silent)]


def test_stop_ends_everything_for_good() -> None:
    bench = Bench()
    socket = bench.up()
    bench.request("a")
    bench.channel.stop()
    assert bench.ends == [("a", "lost")]
    assert states(bench.events) == [(StreamState.down, StreamCause.stopped)]
    socket.end()
    bench.clock.advance(100.0)
    assert len(bench.sockets.sockets) == 1
    assert bench.events.log == []
    assert not any(not timer.canceled for timer in bench.clock.timers)


STEPS = st.lists(
    st.sampled_from(["ask", "answer", "late", "repeat", "cut", "wait", "short", "bye", "odd", "say"]),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_every_request_that_was_taken_ends_exactly_once(steps: list[str]) -> None:
    bench = Bench(order_timeout_s=3.0, channel_life_s=50.0)
    bench.channel.start()
    taken: list[str] = []
    for number, step in enumerate(steps):
        socket = bench.sockets.last
        if not socket.opened and not socket.dead and not socket.closed:
            socket.open()
            socket.say({"welcome": 1})
        live = not socket.dead and not socket.closed
        if step == "ask" and bench.request(str(number)):
            taken.append(str(number))
        elif step == "answer" and taken and live:
            socket.say({"id": taken[-1]})
        elif step in ("late", "repeat") and taken and live:
            socket.say({"id": taken[0 if step == "late" else len(taken) // 2]})
        elif step == "cut" and not socket.closed:
            socket.end()
        elif step == "wait":
            bench.clock.advance(4.0)
        elif step == "short":
            bench.clock.advance(0.7)
        elif step in ("bye", "odd", "say") and live:
            socket.say({step: 1})
    bench.channel.stop()
    assert sorted(id for id, _ in bench.ends) == sorted(taken)


# Over real sockets.


class Peer:
    """Answers requests as told: `answer`, `nothing`, or `cut` the connection."""

    def __init__(self) -> None:
        self.behaviour = "answer"
        self.got: list[Any] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            body = json.loads(message.data)
            if "hello" in body:
                await ws.send_str('{"welcome":1}')
                continue
            self.got.append(body)
            if self.behaviour == "deaf":
                assert request.transport is not None
                request.transport.pause_reading()
            if self.behaviour == "answer":
                await ws.send_str(json.dumps({"id": body["id"], "done": True}))
            elif self.behaviour == "cut":
                assert request.transport is not None
                request.transport.abort()
        return ws


def over_sockets(talk: Callable[[Peer, OrderChannel, EventLog], Any], **changes: Any) -> None:
    async def main() -> None:
        peer = Peer()
        app = web.Application()
        app.router.add_get("/orders", peer.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        sockets, events = LiveSocketPort(), EventLog()
        channel = OrderChannel(
            Words(f"ws://127.0.0.1:{port}/orders"),
            sockets,
            LoopClock(asyncio.get_running_loop()),
            events,
            VenueSettings(backoff_base_s=0.05, **changes),
            random=lambda: 0.0,
        )
        with contextlib.ExitStack() as stack:
            stack.callback(channel.stop)
            channel.start()
            await until(lambda: channel.ready)
            await talk(peer, channel, events)
        await sockets.close()
        await runner.cleanup()

    asyncio.run(main())


def ask(channel: OrderChannel, id: str, log: list[tuple[str, str]]) -> bool:
    frame = json.dumps({"id": id}).encode()
    return channel.request(
        frame, id, lambda m: log.append((id, "answer")), lambda reason: log.append((id, "lost"))
    )


def test_over_real_sockets_requests_are_answered() -> None:
    async def talk(peer: Peer, channel: OrderChannel, events: EventLog) -> None:
        log: list[tuple[str, str]] = []
        for number in range(50):
            assert ask(channel, str(number), log)
        assert log == [], "called back from inside request"
        await until(lambda: len(log) == 50)
        assert {what for _, what in log} == {"answer"}

    over_sockets(talk)


def test_over_real_sockets_a_cut_loses_what_is_in_flight_and_the_next_connection_serves() -> None:
    async def talk(peer: Peer, channel: OrderChannel, events: EventLog) -> None:
        log: list[tuple[str, str]] = []
        peer.behaviour = "cut"
        assert ask(channel, "a", log)
        await until(lambda: log)
        assert log == [("a", "lost")]
        assert not ask(channel, "b", log)
        peer.behaviour = "answer"
        await until(lambda: channel.ready)
        assert ask(channel, "b", log)
        await until(lambda: len(log) == 2)
        assert log[1] == ("b", "answer")
        assert peer.got == [{"id": "a"}, {"id": "b"}]

    over_sockets(talk)


def test_over_real_sockets_a_peer_that_does_not_read_is_noticed_before_an_order_ages() -> None:
    async def talk(peer: Peer, channel: OrderChannel, events: EventLog) -> None:
        log: list[tuple[str, str]] = []
        peer.behaviour = "deaf"
        assert ask(channel, "a", log)
        await until(lambda: peer.got)
        for number in range(10_000):
            frame = json.dumps({"id": f"b{number}", "more": "x" * 10_000}).encode()
            if not channel.request(frame, f"b{number}", lambda m: None, lambda reason: None):
                break
        else:
            raise AssertionError("100 MB were taken for a peer that reads nothing")
        assert not channel.ready
        assert not ask(channel, "c", log)

    over_sockets(talk)


def test_over_real_sockets_a_missing_answer_is_told_in_time() -> None:
    async def talk(peer: Peer, channel: OrderChannel, events: EventLog) -> None:
        log: list[tuple[str, str]] = []
        peer.behaviour = "nothing"
        assert ask(channel, "a", log)
        await until(lambda: log, 2.0)
        assert log == [("a", "lost")]

    over_sockets(talk, order_timeout_s=0.2)
