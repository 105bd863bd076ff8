"""What the compiled reader refuses: read once more, or the book is STALE; on real frames of both venues."""

from __future__ import annotations

import logging
import time

import pytest

from arb.live.slow_path import SlowPath
from arbcore.feed import MarketListener, Turn
from arbcore.settings import MS
from tests.binding.test_feed import Loop, no_transport
from tests.live.frames import frame
from tests.live.rig import BINANCE, BYBIT, CALM, DEAR, GRID, SYMBOL, Rig


class Wired:
    """Both venues' books LIVE behind listeners with the real slow path."""

    def __init__(self) -> None:
        self.rig = Rig(t=time.monotonic_ns() - 100 * MS)
        self.loop = Loop()
        self.turn = Turn(self.rig.engine, self.loop, lambda _: None)  # type: ignore[arg-type]
        self.paths = {
            BINANCE: SlowPath("binance", self.turn, {SYMBOL: (BINANCE, GRID)}),
            BYBIT: SlowPath("bybit", self.turn, {SYMBOL: (BYBIT, GRID)}),
        }
        self.listeners = {}
        for connection, path in self.paths.items():
            listener = MarketListener(self.turn, connection, path, print, print)
            no_transport(listener)
            self.listeners[connection] = listener
        rig = self.rig
        self.say(BINANCE, rig.binance.move(*CALM))
        rig.engine.snapshot(BINANCE, rig.binance.snapshot(), 1000, self.turn.stamp())
        self.say(BINANCE, rig.binance.move(*CALM))
        rig.bybit.bids, rig.bybit.asks = CALM
        self.say(BYBIT, rig.bybit.snapshot())
        assert (self.state(BINANCE), self.state(BYBIT)) == ("LIVE", "LIVE")

    def say(self, connection: int, payload: bytes) -> None:
        self.listeners[connection].on_ws_frame(None, frame(payload))  # type: ignore[arg-type]

    def state(self, instrument: int) -> str:
        return self.rig.engine.book_state(instrument)


@pytest.mark.parametrize(
    ("venue", "plain", "escaped"), [(BINANCE, b'"u"', b'"\\u0075"'), (BYBIT, b'"seq"', b'"\\u0073eq"')]
)
def test_a_frame_with_an_escaped_key_is_refused_by_the_reader_and_applied_by_the_slow_path(
    venue: int, plain: bytes, escaped: bytes
) -> None:
    wired = Wired()
    text = (wired.rig.binance, wired.rig.bybit)[venue]
    payload = text.move(*DEAR).replace(plain, escaped)
    assert escaped in payload
    wired.say(venue, payload)
    assert wired.listeners[venue].refused == 1
    assert (wired.paths[venue].read, wired.paths[venue].refused) == (1, 0)
    book = wired.rig.engine.book(venue)
    assert (book["state"], book["bid"], book["id"]) == ("LIVE", ["101", "1"], text.id)
    wired.say(venue, text.move(*CALM))  # and the chain goes on
    assert wired.rig.engine.book(venue)["bid"] == ["99.9", "1"]
    assert wired.rig.engine.stats["slow_updates"] == 1


@pytest.mark.parametrize("payload", [b"garbage", b'{"e":"depthUpdate","s":', b"\xff\xfe"])
def test_garbage_makes_every_book_of_the_connection_stale_and_no_other(payload: bytes) -> None:
    wired = Wired()
    wired.say(BINANCE, payload)
    assert wired.paths[BINANCE].refused == 1
    assert (wired.state(BINANCE), wired.state(BYBIT)) == ("STALE", "LIVE")
    assert wired.rig.engine.book(BINANCE)["reason"] == "refused"


def test_digits_beyond_the_grid_make_the_book_stale_rather_than_rounded() -> None:
    wired = Wired()
    wired.say(BYBIT, wired.rig.bybit.move({"101.005": "1"}, {"101.10": "1"}))
    assert (wired.state(BINANCE), wired.state(BYBIT)) == ("LIVE", "STALE")


def test_a_frame_of_another_symbol_is_nobodys() -> None:
    wired = Wired()
    payload = wired.rig.bybit.move(*DEAR).replace(b"BTCUSDT", b"XYZUSDT")
    wired.say(BYBIT, payload.replace(b'"topic"', b'"\\u0074opic"'))
    assert wired.paths[BYBIT].read == 1
    assert wired.rig.engine.book(BYBIT)["bid"] == ["99.9", "1"]


def test_one_instrument_is_meant_when_its_symbol_alone_stands_in_the_frame() -> None:
    rig = Rig()
    turn = Turn(rig.engine, Loop(), lambda _: None)  # type: ignore[arg-type]
    path = SlowPath("bybit", turn, {"BTCUSDT": (0, GRID), "BTCUSDTPERP": (1, GRID)})
    assert path._meant(b'{"s":"BTCUSDT"') == 0
    assert path._meant(b'{"s":"BTCUSDTPERP"') == 1
    assert path._meant(b'["BTCUSDT","BTCUSDTPERP"]') is None
    assert path._meant(b"garbage") is None


def test_a_flood_of_refused_frames_is_said_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    wired = Wired()
    with caplog.at_level(logging.ERROR):
        for _ in range(500):
            wired.say(BINANCE, b"garbage")
    assert wired.paths[BINANCE].refused == 500
    assert len(caplog.records) <= 2
