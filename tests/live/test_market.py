"""A market connection over real sockets: subscribed, watched, replaced, and closed without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from picows import WSMsgType

from arb.live.loop_clock import LoopClock
from arb.live.market import MarketConnection
from arb.live.slow_path import SlowPath
from arb.venues.backoff import Backoff
from arb.venues.base import BookProbe, MarketStream
from arb.venues.liveness import LivenessRules
from arb.venues.subscriptions import Subscriptions
from arbcore.actions import Action, Resync
from arbcore.engine import replay_tape
from arbcore.feed import Turn
from arbcore.settings import MS
from tests.live.market_venue import PATIENT, TOPICS, MarketVenue, stream
from tests.live.peer import MarketServer, Peer, market_server
from tests.live.rig import BINANCE, BYBIT, CALM, GRID, SYMBOL, Rig
from tests.venues.fakes import FakeHttp
from tests.venues.waiting import until

CONFIRMED = b'{"result":null,"id":1}'


class Desk:
    def __init__(
        self, server: MarketServer, instrument: int, rules: LivenessRules = PATIENT, url: str = ""
    ) -> None:
        name = "binance" if instrument == BINANCE else "bybit"
        loop = asyncio.get_running_loop()
        self.errors: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self.rig = Rig()
        self.instrument = instrument
        self.server = server
        self.http = FakeHttp()
        self.reasons: list[str] = []
        self.actions: list[Action] = []
        self.turn = Turn(self.rig.engine, loop, self._act)
        self.venue = MarketVenue(name, rules)
        self.market = MarketConnection(
            venue=self.venue,  # type: ignore[arg-type]
            stream=stream(url or server.url),
            connection=instrument,
            instruments={"BTC/USDT": instrument},
            turn=self.turn,
            http=self.http,
            clock=LoopClock(loop),
            backoff=Backoff(0.02, 0.05, lambda: 0.5),
            slow_path=SlowPath(name, self.turn, {SYMBOL: (instrument, GRID)}),
            healthy_s=60,
            resync_pause_s=0.02,
            snapshot_levels=1000,
            on_state=self.reasons.append,
            on_replace=lambda: self.reasons.append("shutdown announced"),
        )

    def _act(self, actions: list[Action]) -> None:
        self.actions += actions
        for action in actions:
            if isinstance(action, Resync):
                self.market.resync(action.instrument)

    @property
    def state(self) -> str:
        return self.rig.engine.book_state(self.instrument)

    def bybit_live(self, peer: Peer) -> None:
        self.rig.bybit.bids, self.rig.bybit.asks = CALM
        peer.say(self.rig.bybit.snapshot())


@contextlib.asynccontextmanager
async def desk(instrument: int, rules: LivenessRules = PATIENT) -> AsyncIterator[Desk]:
    async with market_server() as server:
        desk = Desk(server, instrument, rules)
        desk.market.start()
        try:
            yield desk
        finally:
            await desk.market.stop()
            desk.turn.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert not {task for task in others if "market" in task.get_name()}
            result = replay_tape(desk.rig.engine.drain_tape())
            assert (result["status"], result["action_hash"]) == ("ok", desk.rig.engine.action_hash)


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(scenario())


def test_it_subscribes_pings_and_joins_the_snapshot() -> None:
    async def scenario() -> None:
        async with desk(BINANCE) as d:
            peer = await d.server.connected(1)
            await until(lambda: len(peer.heard) >= 3)
            assert orjson.loads(peer.heard[0]) == {"method": "SUBSCRIBE", "params": list(TOPICS), "id": 1}
            assert set(peer.heard[1:]) == {b'{"op":"ping"}'}
            peer.say(d.rig.binance.move(*CALM))
            await until(lambda: d.http.open)
            d.http.answer("depth", d.rig.binance.snapshot())
            peer.say(d.rig.binance.move(*CALM))
            await until(lambda: d.state == "LIVE")
            assert d.errors == []

    run(scenario)


def test_a_lost_connection_is_stale_at_once_and_replaced_with_one_up_and_one_down_each() -> None:
    async def scenario() -> None:
        async with desk(BYBIT) as d:
            for number in range(1, 4):
                peer = await d.server.connected(number)
                await until(lambda: d.market.connects == number)  # noqa: B023
                d.bybit_live(peer)
                await until(lambda: d.state == "LIVE")
                peer.reset()
                await until(lambda: d.rig.engine.book(BYBIT)["reason"] == "disconnected")
            await d.server.connected(4)
            assert d.rig.engine.book(BYBIT)["stales"] == 3
            assert d.reasons[:3] == ["connection lost"] * 3

    run(scenario)


def test_a_reconnect_while_a_snapshot_is_on_its_way_asks_anew_and_drops_the_old_answer() -> None:
    async def scenario() -> None:
        async with desk(BINANCE) as d:
            first = await d.server.connected(1)
            first.say(d.rig.binance.move(*CALM))
            await until(lambda: d.http.open)
            late = d.http.next()
            first.reset()
            second = await d.server.connected(2)
            d.rig.binance.id += 50  # the stream went on meanwhile
            second.say(d.rig.binance.move(*CALM))
            await until(lambda: len(d.http.open) == 2)
            d.http.answer("depth", b'{"lastUpdateId":1,"bids":[],"asks":[]}')
            assert late.answered
            assert d.rig.engine.book(BINANCE)["joins"] == 0
            d.http.answer("depth", d.rig.binance.snapshot())
            second.say(d.rig.binance.move(*CALM))
            await until(lambda: d.state == "LIVE")

    run(scenario)


def test_a_best_price_that_is_not_repeated_ends_the_connection_although_the_peer_answers_pings() -> None:
    async def scenario() -> None:
        async with market_server() as server:
            server.on_text = lambda peer, text: peer.say(b'{"success":true,"ret_msg":"pong","op":"ping"}')
            d = Desk(server, BYBIT, replace(PATIENT, repeat_ns=300 * MS))
            d.market.start()
            await server.connected(2)
            assert d.reasons[0] == "the best price was not repeated for 0.3 s"
            assert len(server.peers[0].heard) > 2
            await d.market.stop()

    run(scenario)


def test_a_steady_stream_is_left_alone() -> None:
    async def scenario() -> None:
        async with desk(BYBIT, replace(PATIENT, quiet_ns=300 * MS, grace_ns=100 * MS)) as d:
            peer = await d.server.connected(1)
            d.bybit_live(peer)
            for _ in range(10):
                await asyncio.sleep(0.1)
                peer.say(d.rig.bybit.move(*CALM))
            assert d.market.connects == 1
            assert d.state == "LIVE"

    run(scenario)


@pytest.mark.parametrize(
    ("instrument", "error"),
    [
        (BYBIT, b'{"success": false, "ret_msg": "error:handler not found", "op": "subscribe"}'),
        (BINANCE, b'{"error":{"code":2,"msg":"Invalid request"},"id":9}'),
        (BINANCE, b'{"code":-1121,"msg":"Invalid symbol."}'),
    ],
)
def test_an_error_on_the_stream_is_said_and_kept(
    instrument: int, error: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with desk(instrument) as d:
            peer = await d.server.connected(1)
            peer.say(b'{"success":true,"ret_msg":"","op":"subscribe"}' if instrument == BYBIT else CONFIRMED)
            peer.say(error)
            await until(lambda: d.market.last_error)
            assert d.market.last_error
            assert d.market.last_error in error.decode().replace(',"msg":"', " ")

    with caplog.at_level(logging.ERROR):
        run(scenario)
    assert len([record for record in caplog.records if record.name == "arb.feed"]) == 1


def test_garbage_makes_the_book_stale_and_it_comes_back_by_itself() -> None:
    async def scenario() -> None:
        async with desk(BYBIT) as d:
            peer = await d.server.connected(1)
            d.bybit_live(peer)
            await until(lambda: d.state == "LIVE")
            peer.say(b"garbage")
            await until(lambda: d.state == "STALE")
            await until(lambda: peer.heard[-1] == b'{"op":"resubscribe"}')
            d.bybit_live(peer)
            await until(lambda: d.state == "LIVE")
            assert d.market.connects == 1

    run(scenario)


def test_a_frame_the_stream_does_not_have_and_a_close_replace_the_connection() -> None:
    async def scenario() -> None:
        async with desk(BYBIT) as d:
            (await d.server.connected(1)).say(b"\x00", WSMsgType.BINARY)
            second = await d.server.connected(2)
            assert second.transport is not None
            second.transport.send_close()
            await d.server.connected(3)
            assert "binary" in d.reasons[0]
            assert "closed by the venue" in d.reasons[1]
            assert d.errors == []

    run(scenario)


def test_an_oversized_frame_is_the_peers_error_and_not_ours() -> None:
    async def scenario() -> None:
        async with desk(BYBIT) as d:
            (await d.server.connected(1)).say(b'"' + b"x" * (1 << 20) + b'"')
            await d.server.connected(2)
            assert d.rig.engine.state == "ACTIVE"
            assert d.errors == []
            assert "WSProtocolError" in d.reasons[0]

    run(scenario)


def test_an_error_of_our_own_halts_and_the_connection_is_replaced() -> None:
    async def scenario() -> None:
        async with desk(BYBIT) as d:
            peer = await d.server.connected(1)

            def explode(payload: bytes, grids: object) -> None:
                raise RuntimeError("bug")

            d.market._slow_path._read = explode  # type: ignore[assignment]
            peer.say(b"garbage")
            await d.server.connected(2)
            assert d.rig.engine.state == "HALT"
            assert [type(error["exception"]) for error in d.errors] == [RuntimeError]
            assert "internal error" in d.reasons[0]

    run(scenario)


def test_a_server_that_is_not_there_is_tried_again() -> None:
    async def scenario() -> None:
        async with market_server() as server:
            d = Desk(server, BYBIT, url="ws://127.0.0.1:9/")
            d.market.start()
            await until(lambda: len(d.reasons) >= 2)
            d.market._stream = stream(server.url)
            await server.connected(1)
            await d.market.stop()
            assert d.rig.engine.book(BYBIT)["stales"] <= 1

    run(scenario)


def test_an_address_elsewhere_is_refused_before_anything_is_opened() -> None:
    async def scenario() -> None:
        async with market_server() as server:
            d = Desk(server, BYBIT, url="ws://192.0.2.1:1/")
            with pytest.raises(PermissionError, match="not on this machine"):
                d.market.start()

    run(scenario)


def test_a_stop_before_the_handshake_is_done_leaves_nothing() -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(1000):
                pass
            gone.set()
            writer.close()

        silent = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
        async with silent, market_server() as server:
            port = silent.sockets[0].getsockname()[1]
            d = Desk(server, BYBIT, url=f"ws://127.0.0.1:{port}/")
            d.market.start()
            await asyncio.sleep(0.05)
            await d.market.stop()
            async with asyncio.timeout(1):
                await gone.wait()
            assert d.rig.engine.drain() == []
            assert d.errors == []

    run(scenario)


def test_a_loop_that_cannot_go_on_halts_and_says_so() -> None:
    async def scenario() -> None:
        async with market_server() as server:
            d = Desk(server, BYBIT)
            d.market.start()
            peer = await server.connected(1)

            def explode(stream: MarketStream) -> Subscriptions:
                raise ValueError("symbols: gone")

            d.venue.subscriptions = explode  # type: ignore[method-assign]
            peer.reset()
            await until(lambda: d.market.failure)
            assert d.rig.engine.state == "HALT"
            assert [type(error["exception"]) for error in d.errors] == [ValueError]
            await d.market.stop()

    run(scenario)


# Quiet or dead.


def test_a_symbol_that_is_quiet_and_listed_is_left_alone_while_the_venue_stands_where_the_book_does() -> None:
    async def scenario() -> None:
        rules = replace(PATIENT, quiet_ns=200 * MS, retry_ns=200 * MS, can_list=True)
        async with desk(BINANCE, rules) as d:
            d.server.on_text = answer_listings
            peer = await d.server.connected(1)
            peer.say(d.rig.binance.move(*CALM))
            await until(lambda: d.http.open)
            d.http.answer("depth", d.rig.binance.snapshot())
            peer.say(d.rig.binance.move(*CALM))
            await until(lambda: d.state == "LIVE")
            d.venue.probe = BookProbe(d.rig.engine.book(BINANCE)["key"], None, None)
            for _ in range(2):
                await until(lambda: any("probe" in exchange.request.url for exchange in d.http.open))
                d.http.answer("probe", b"{}")
            await asyncio.sleep(0.3)
            assert (d.market.connects, d.state) == (1, "LIVE")

    run(scenario)


def test_a_venue_that_moved_on_without_telling_us_proves_the_stream_dead() -> None:
    async def scenario() -> None:
        rules = replace(PATIENT, first_ns=200 * MS, grace_ns=200 * MS, can_list=True)
        async with desk(BINANCE, rules) as d:
            d.server.on_text = answer_listings  # a wrong route: acknowledged, listed and silent
            await d.server.connected(1)
            for number in (100, 200):
                d.venue.probe = BookProbe(number, ("1", "1"), ("2", "1"))
                await until(lambda: any("probe" in exchange.request.url for exchange in d.http.open))
                d.http.answer("probe", b"{}")
            await d.server.connected(2)
            assert d.reasons[0] == "the venue is at 200, the stream at 100"

    run(scenario)


def test_a_connection_that_answers_nothing_is_dead() -> None:
    async def scenario() -> None:
        rules = replace(PATIENT, first_ns=200 * MS, answer_ns=200 * MS, can_list=True)
        async with desk(BINANCE, rules) as d:
            await d.server.connected(2)
            assert "no answer to LIST_SUBSCRIPTIONS" in d.reasons[0]

    run(scenario)


def test_a_refused_topic_is_no_reason_to_connect_anew() -> None:
    async def scenario() -> None:
        rules = replace(PATIENT, first_ns=200 * MS, begins_with_snapshot=True)
        async with desk(BYBIT, rules) as d:
            d.server.on_text = refuse
            await d.server.connected(1)
            await until(lambda: set(d.market.refused) == set(TOPICS))
            assert d.market.refused["depth"] == "Invalid topic"
            await asyncio.sleep(0.6)
            assert d.market.connects == 1

    run(scenario)


def answer_listings(peer: Peer, text: bytes) -> None:
    message = orjson.loads(text)
    if message.get("method") == "LIST_SUBSCRIPTIONS":
        peer.say(orjson.dumps({"result": list(TOPICS), "id": message["id"]}))
    elif message.get("method") == "SUBSCRIBE":
        peer.say(orjson.dumps({"result": None, "id": message["id"]}))


def refuse(peer: Peer, text: bytes) -> None:
    message = orjson.loads(text)
    if message.get("op") == "subscribe":
        answer = {
            "success": False,
            "ret_msg": "Invalid topic",
            "op": "subscribe",
            "req_id": message["req_id"],
        }
        peer.say(orjson.dumps(answer))
