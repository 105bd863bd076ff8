"""Turns and market listeners: one stamp a turn, one decision at its end, and no error in silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from picows import WSMsgType, ws_connect

from arbcore.actions import Action, Halt, Place, Resync
from arbcore.engine import replay_tape
from arbcore.feed import MarketListener, Turn
from arbcore.settings import MS
from tests.live.frames import frame
from tests.live.peer import market_server
from tests.live.rig import BINANCE, BYBIT, CALM, DEAR, Rig, of
from tests.venues.waiting import until


class Loop:
    """A loop that turns when it is told to."""

    def __init__(self) -> None:
        self.ready: list[Callable[[], None]] = []
        self.errors: list[dict[str, Any]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.ready.append(callback)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    def turn(self) -> None:
        ready, self.ready = self.ready, []
        for callback in ready:
            callback()


class Feed:
    """A rig behind a turn and a listener, without a socket."""

    def __init__(self) -> None:
        self.rig = Rig(t=time.monotonic_ns() - 100 * MS)  # a turn's stamps are of that clock
        self.loop = Loop()
        self.handed: list[list[Action]] = []
        self.on_actions: Callable[[list[Action]], None] = self.handed.append
        self.turn = Turn(self.rig.engine, self.loop, lambda actions: self.on_actions(actions))  # type: ignore[arg-type]
        self.slow: list[tuple[int, bytes]] = []
        self.texts: list[bytes] = []
        self.closed: list[str] = []
        self.listener = self.listen(BINANCE)

    def listen(self, connection: int) -> MarketListener:
        return MarketListener(
            self.turn,
            connection,
            lambda conn, payload: self.slow.append((conn, payload)),
            self.texts.append,
            self.closed.append,
        )

    @property
    def actions(self) -> list[Action]:
        return [action for actions in self.handed for action in actions]


def no_transport(listener: MarketListener) -> None:
    listener.on_ws_connected(None)  # type: ignore[arg-type]  # as picows calls it; nothing is written in these tests


# Stamps.


def test_a_turn_has_one_stamp_in_us_and_its_events_count_on_in_ns() -> None:
    feed = Feed()
    before = time.monotonic_ns() // 1000
    stamps = [feed.turn.stamp() for _ in range(5)]
    assert stamps[0] % 1000 == 0
    assert before <= stamps[0] // 1000 <= time.monotonic_ns() // 1000
    assert stamps == [stamps[0] + k for k in range(5)]
    assert len(feed.loop.ready) == 1  # its end is scheduled once


def test_stamps_grow_strictly_from_turn_to_turn_however_fast_they_follow() -> None:
    feed = Feed()
    stamps = []
    for _ in range(2000):
        stamps.append(feed.turn.stamp())
        feed.turn.close()
    assert all(later // 1000 > earlier // 1000 for earlier, later in pairwise(stamps))


def test_a_turn_of_more_than_a_thousand_events_is_closed_and_another_begun() -> None:
    feed = Feed()
    stamps = [feed.turn.stamp() for _ in range(3500)]
    assert all(later > earlier for earlier, later in pairwise(stamps))
    sizes: dict[int, int] = {}
    for stamp in stamps:
        sizes[stamp // 1000] = sizes.get(stamp // 1000, 0) + 1
    assert len(sizes) == 4
    assert max(sizes.values()) < 1000


def test_a_full_turn_is_decided_before_the_next_frame_enters() -> None:
    feed = Feed()
    feed.rig.account()
    feed.rig.live()
    feed.rig.engine.drain()
    bybit = feed.listen(BYBIT)
    no_transport(bybit)
    feed.turn.close()
    feed.rig.bybit.bids, feed.rig.bybit.asks = CALM
    bybit.on_ws_frame(None, frame(feed.rig.bybit.snapshot()))  # type: ignore[arg-type]
    decides = feed.rig.engine.stats["decides"]
    for _ in range(600):
        for book in (DEAR, CALM):
            bybit.on_ws_frame(None, frame(feed.rig.bybit.move(*book)))  # type: ignore[arg-type]
    assert feed.rig.engine.stats["decides"] == decides + 1


# The end of a turn.


def live_feed() -> Feed:
    feed = Feed()
    feed.rig.account()
    feed.rig.live()
    feed.rig.engine.drain()
    return feed


def test_the_decision_comes_once_at_the_end_of_the_turn_with_a_stamp_after_its_last_frame() -> None:
    feed = live_feed()
    last = 0
    for _ in range(3):
        for book in (CALM, DEAR):
            last = feed.turn.stamp()
            feed.rig.engine.frame(BYBIT, feed.rig.bybit.move(*book), last)
    assert feed.handed == []
    feed.loop.turn()
    assert feed.rig.engine.stats["decides"] == 1
    [actions] = feed.handed
    buy, _ = of(Place, actions)
    assert buy.trigger_ns == last + 1
    assert buy.trigger_ns // 1000 == last // 1000


def test_a_turn_in_which_nothing_crossed_decides_nothing_and_hands_nothing_over() -> None:
    feed = live_feed()
    feed.rig.engine.frame(BYBIT, feed.rig.bybit.move(*CALM), feed.turn.stamp())
    feed.loop.turn()
    assert feed.rig.engine.stats["decides"] == 0
    assert feed.handed == []


def test_an_error_behind_the_actions_halts_is_told_and_leaves_no_turn_open() -> None:
    feed = live_feed()
    broken = RuntimeError("no way out")

    def explode(actions: list[Action]) -> None:
        feed.on_actions = feed.handed.append
        raise broken

    feed.on_actions = explode
    feed.rig.engine.frame(BYBIT, feed.rig.bybit.move(*DEAR), feed.turn.stamp())
    feed.loop.turn()
    assert [error["exception"] for error in feed.loop.errors] == [broken]
    assert feed.rig.engine.state == "HALT"
    feed.loop.turn()
    assert len(of(Halt, feed.actions)) == 1
    first = feed.turn.stamp()
    feed.loop.turn()
    assert feed.turn.stamp() // 1000 > first // 1000


def test_actions_born_while_others_are_carried_out_come_after_them() -> None:
    feed = live_feed()
    order: list[str] = []

    def carry_out(actions: list[Action]) -> None:
        order.append("in")
        if len(order) == 1:
            for _ in range(1500):  # a turn fills up in the middle of it
                feed.turn.stamp()
            feed.rig.engine.command("halt", feed.turn.stamp())
            feed.turn.close()
        feed.handed.append(actions)
        order.append("out")

    feed.on_actions = carry_out
    feed.rig.engine.frame(BYBIT, feed.rig.bybit.move(*DEAR), feed.turn.stamp())
    feed.loop.turn()
    assert order == ["in", "out", "in", "out"]
    assert len(of(Place, feed.handed[0])) == 2
    assert len(of(Halt, feed.handed[1])) == 1


# The listener.


def test_frames_go_to_the_engine_and_other_messages_to_the_text_callback() -> None:
    feed = Feed()
    no_transport(feed.listener)
    assert feed.listener.up
    feed.listener.on_ws_frame(None, frame(feed.rig.binance.move(*CALM)))  # type: ignore[arg-type]
    feed.listener.on_ws_frame(None, frame(b'{"result":null,"id":1}'))  # type: ignore[arg-type]
    assert feed.rig.engine.stats["frames"] == 2
    assert feed.texts == [b'{"result":null,"id":1}']
    assert (feed.listener.frames, feed.listener.refused) == (2, 0)
    feed.loop.turn()
    assert of(Resync, feed.actions) == [Resync(BINANCE, "none", BINANCE)]


def test_an_answer_to_a_ping_is_no_data() -> None:
    feed = Feed()
    no_transport(feed.listener)
    feed.listener.on_ws_frame(None, frame(feed.rig.binance.move(*CALM)))  # type: ignore[arg-type]
    data = feed.listener.last_frame_ns
    feed.listener.on_ws_frame(None, frame(b'{"success":true,"op":"pong"}'))  # type: ignore[arg-type]
    assert feed.listener.last_frame_ns == data
    feed.listener.on_ws_frame(None, frame(feed.rig.binance.move(*CALM)))  # type: ignore[arg-type]
    assert feed.listener.last_frame_ns == data + 2


def test_a_refused_frame_goes_to_the_slow_path_with_its_bytes() -> None:
    feed = Feed()
    no_transport(feed.listener)
    feed.listener.on_ws_frame(None, frame(b'{"e":"depthUpdate","e":1}'))  # type: ignore[arg-type]
    assert feed.slow == [(BINANCE, b'{"e":"depthUpdate","e":1}')]
    assert feed.listener.last_frame_ns % 1000 == 1  # not understood, but the feed is not silent
    assert feed.listener.refused == 1


@pytest.mark.parametrize("text", [b"{}", b"garbage"])
def test_an_error_in_a_callback_ends_the_connection_halts_and_makes_its_books_stale(text: bytes) -> None:
    feed = live_feed()
    broken = RuntimeError("bug")

    def explode(*_: Any) -> None:
        raise broken

    listener = MarketListener(feed.turn, BINANCE, explode, explode, feed.closed.append)
    no_transport(listener)
    feed.rig.engine.frame(BINANCE, feed.rig.binance.move(*CALM), feed.turn.stamp())
    listener.on_ws_frame(None, frame(text))  # type: ignore[arg-type]
    assert [error["exception"] for error in feed.loop.errors] == [broken]
    assert feed.rig.engine.state == "HALT"
    assert feed.rig.engine.book_state(BINANCE) == "STALE"
    assert "internal error: RuntimeError: bug" in listener.reason
    assert listener.closing


@pytest.mark.parametrize(
    ("kind", "flags", "reason"),
    [
        (WSMsgType.TEXT, {"fin": False}, "compressed, fragmented or binary"),
        (WSMsgType.TEXT, {"rsv1": True}, "compressed, fragmented or binary"),
        (WSMsgType.CONTINUATION, {}, "compressed, fragmented or binary"),
        (WSMsgType.BINARY, {}, "compressed, fragmented or binary"),
        (WSMsgType.CLOSE, {}, "closed by the venue"),
    ],
)
def test_frames_a_market_stream_does_not_have_end_the_connection(
    kind: WSMsgType, flags: dict[str, bool], reason: str
) -> None:
    feed = Feed()
    no_transport(feed.listener)
    payload = b"\x03\xe9bye" if kind is WSMsgType.CLOSE else feed.rig.binance.move(*CALM)
    feed.listener.on_ws_frame(None, frame(payload, kind, **flags))  # type: ignore[arg-type]
    assert reason in feed.listener.reason
    assert feed.rig.engine.stats["frames"] == 0


def test_frames_after_a_drop_are_not_used() -> None:
    feed = Feed()
    no_transport(feed.listener)
    feed.listener.drop("first reason")
    feed.listener.drop("second reason")
    feed.listener.on_ws_frame(None, frame(feed.rig.binance.move(*CALM)))  # type: ignore[arg-type]
    assert feed.rig.engine.stats["frames"] == 0
    assert feed.listener.reason == "first reason"
    assert not feed.listener.send(b"x")


def test_a_connection_comes_up_and_goes_down_once_for_the_engine() -> None:
    feed = Feed()
    no_transport(feed.listener)
    feed.listener.on_ws_disconnected(None)  # type: ignore[arg-type]
    assert feed.closed == ["connection lost"]
    assert not feed.listener.up
    assert feed.rig.engine.book(BINANCE)["reason"] == "disconnected"
    assert feed.rig.engine.book(BINANCE)["stales"] == 1


def test_a_connection_that_never_came_up_does_not_go_down_for_the_engine() -> None:
    feed = Feed()
    no_transport(feed.listener)  # another connection of the same books
    late = feed.listen(BINANCE)
    late.drop("stopped while connecting")
    late.on_ws_disconnected(None)  # type: ignore[arg-type]
    assert feed.rig.engine.book_state(BINANCE) == "SYNCING"
    assert feed.closed == ["stopped while connecting"]


# Over a real socket.


def test_a_connection_in_doubt_is_asked_before_the_decision_and_the_tape_has_its_answer() -> None:
    async def main() -> None:
        rig = Rig()
        rig.account()
        handed: list[Action] = []
        closed: list[str] = []
        turn = Turn(rig.engine, asyncio.get_running_loop(), handed.extend)
        async with market_server() as server:
            listeners = {}
            for connection in (BINANCE, BYBIT):
                listener = MarketListener(turn, connection, print, print, closed.append)
                await ws_connect(lambda listener=listener: listener, server.url)
                listeners[connection] = listener
            binance, bybit = server.peers
            binance.say(rig.binance.move(*CALM))
            await until(lambda: listeners[BINANCE].frames == 1)
            rig.engine.snapshot(BINANCE, rig.binance.snapshot(), 1000, turn.stamp())
            binance.say(rig.binance.move(*CALM))
            rig.bybit.bids, rig.bybit.asks = CALM
            bybit.say(rig.bybit.snapshot())
            await until(lambda: {rig.engine.book_state(0), rig.engine.book_state(1)} == {"LIVE"})
            assert not listeners[BYBIT].closing
            # The frame that crosses and the end of its connection, in one turn.
            rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), turn.stamp())
            listeners[BYBIT].drop("in doubt")
            assert rig.engine.wants_decide
            await until(lambda: closed)
            assert of(Place, handed) == []
            assert closed == ["in doubt"]
            assert rig.engine.stats["decides"] == 1
            # The other one is asked too and is well.
            assert not listeners[BINANCE].closing
            listeners[BINANCE].drop("end")
            await until(lambda: len(closed) == 2)
        turn.close()
        result = replay_tape(rig.engine.drain_tape())
        assert result["status"] == "ok"
        assert result["action_hash"] == rig.engine.action_hash
        assert {listener.up for listener in listeners.values()} == {False}

    asyncio.run(main())


def test_a_listener_dropped_during_the_handshake_closes_the_socket_and_says_nothing_to_the_engine() -> None:
    async def main() -> None:
        rig = Rig()
        turn = Turn(rig.engine, asyncio.get_running_loop(), lambda _: None)
        async with market_server() as server:
            listener = MarketListener(turn, BINANCE, print, print, lambda _: None)
            listener.drop("stopped")
            await ws_connect(lambda: listener, server.url)
            await until(lambda: server.peers and server.last.gone)
        assert not listener.up
        assert rig.engine.drain() == []

    asyncio.run(main())
