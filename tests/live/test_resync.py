"""When a snapshot is asked for: one at a time, slower while none helps, again while the book is missing."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from arb.live.resync import Resyncs
from arb.venues.base import Failure
from arbcore.actions import Resync
from arbcore.feed import Turn
from arbcore.settings import MS
from tests.binding.test_feed import Loop
from tests.live.market_venue import MarketVenue
from tests.live.rig import BINANCE, BYBIT, CALM, Rig, of
from tests.venues.fakes import FakeClock, FakeHttp


class Desk:
    def __init__(self, instrument: int) -> None:
        self.rig = Rig(t=time.monotonic_ns() - 100 * MS)
        self.instrument = instrument
        self.clock = FakeClock()
        self.http = FakeHttp()
        self.frames: list[bytes] = []
        self.turn = Turn(self.rig.engine, Loop(), lambda _: None)  # type: ignore[arg-type]
        self.venue = MarketVenue("binance" if instrument == BINANCE else "bybit")
        self.resyncs = Resyncs(
            self.venue,  # type: ignore[arg-type]
            instrument,
            {instrument: "BTC/USDT"},
            self.turn,
            self.http,
            self.clock,
            pause_s=0.2,
            levels=1000,
            send=lambda frame: self.frames.append(frame) is None,
        )
        self.rig.engine.conn_up(instrument, self.turn.stamp())
        self.resyncs.begin()

    def carry_out(self) -> None:
        """The engine's wishes, as the session hands them on."""
        for wish in of(Resync, self.rig.engine.drain()):
            self.resyncs.request(wish.instrument)

    def pause(self) -> float:
        """Seconds until the next request leaves."""
        began, asked = self.clock.ns, len(self.http.requests) + len(self.frames)
        while len(self.http.requests) + len(self.frames) == asked:
            self.clock.advance(0.01)
            assert self.clock.ns - began < 70e9, "nothing is asked for"
        return round((self.clock.ns - began) / 1e9, 2)

    def snapshot(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.http.answer("depth", body, status, headers)


def test_a_snapshot_joins_after_one_pause_and_one_request() -> None:
    desk = Desk(BINANCE)
    desk.carry_out()
    desk.resyncs.request(BINANCE)  # wished twice, asked for once
    assert desk.pause() == pytest.approx(0.2, abs=0.02)
    desk.resyncs.request(BINANCE)  # on its way
    desk.clock.advance(30)
    assert len(desk.http.requests) == 1
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    desk.snapshot(desk.rig.binance.snapshot())
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    assert desk.rig.engine.book_state(BINANCE) == "LIVE"


def test_snapshots_that_are_too_old_are_asked_for_again_with_growing_pauses() -> None:
    desk = Desk(BINANCE)
    old = desk.rig.binance.snapshot()
    desk.rig.binance.id += 100
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    pauses = []
    for _ in range(8):
        desk.carry_out()
        pauses.append(desk.pause())
        desk.snapshot(old)
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10], abs=0.05)


def test_a_slow_answer_that_does_not_help_does_not_reset_the_pause() -> None:
    desk = Desk(BINANCE)
    old = desk.rig.binance.snapshot()
    desk.rig.binance.id += 100
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    pauses = []
    for _ in range(3):
        desk.carry_out()
        pauses.append(desk.pause())
        desk.clock.advance(6)
        desk.snapshot(old)
    assert pauses == pytest.approx([0.2, 0.4, 0.8], abs=0.02)


def test_a_snapshot_that_helped_for_a_while_resets_the_pause() -> None:
    desk = Desk(BINANCE)
    old = desk.rig.binance.snapshot()
    desk.rig.binance.id += 100
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    for _ in range(3):
        desk.carry_out()
        desk.pause()
        desk.snapshot(old)
    desk.carry_out()
    desk.pause()
    desk.snapshot(desk.rig.binance.snapshot())
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    assert desk.rig.engine.book_state(BINANCE) == "LIVE"
    desk.clock.advance(6)
    desk.rig.binance.id += 1  # a gap
    desk.rig.engine.frame(BINANCE, desk.rig.binance.move(*CALM), desk.turn.stamp())
    desk.carry_out()
    assert desk.pause() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("pause_s", "least"), [(0.0, 0.4), (7.0, 7.0)])
def test_a_refused_request_is_repeated_when_the_address_may_ask_again(pause_s: float, least: float) -> None:
    desk = Desk(BINANCE)
    desk.carry_out()
    desk.pause()
    desk.venue.budget.refused(desk.clock.ns, pause_s)
    desk.snapshot(b"busy", 429)
    assert desk.pause() == pytest.approx(least, abs=0.02)
    assert [done.status for done in desk.venue.observed] == [429]


def test_a_snapshot_waits_for_the_budget_that_all_symbols_share() -> None:
    desk = Desk(BINANCE)
    desk.venue.budget.spend(2_960, desk.clock.ns)  # half of 6,000 is for reads in the background
    desk.carry_out()
    assert desk.pause() == pytest.approx(60.5, abs=0.1)
    assert len(desk.http.requests) == 1


def test_a_request_without_an_answer_is_repeated() -> None:
    desk = Desk(BINANCE)
    desk.carry_out()
    desk.pause()
    desk.http.fail("depth", Failure.timeout)
    assert desk.pause() == pytest.approx(0.4, abs=0.02)


def test_an_unreadable_snapshot_is_asked_for_again() -> None:
    desk = Desk(BINANCE)
    desk.carry_out()
    desk.pause()
    desk.snapshot(b"<html>")
    assert desk.rig.engine.book_state(BINANCE) == "SYNCING"
    assert desk.pause() == pytest.approx(0.4, abs=0.02)


def test_an_answer_of_an_earlier_connection_is_not_used() -> None:
    desk = Desk(BINANCE)
    desk.carry_out()
    desk.pause()
    desk.resyncs.end()
    desk.rig.engine.conn_down(BINANCE, desk.turn.stamp())
    desk.rig.engine.conn_up(BINANCE, desk.turn.stamp())
    desk.resyncs.begin()
    desk.snapshot(desk.rig.binance.snapshot())
    assert desk.rig.engine.book(BINANCE)["joins"] == 0
    desk.carry_out()
    assert desk.pause() == pytest.approx(0.2, abs=0.02)


def test_nothing_is_asked_for_without_a_connection_and_no_timer_is_left() -> None:
    desk = Desk(BINANCE)
    desk.carry_out()
    desk.resyncs.end()
    desk.resyncs.request(BINANCE)
    desk.clock.advance(60)
    assert desk.http.requests == []
    assert all(timer.canceled for timer in desk.clock.timers)


def test_a_venue_with_snapshots_in_the_stream_is_subscribed_anew() -> None:
    desk = Desk(BYBIT)
    desk.rig.engine.frame(BYBIT, desk.rig.bybit.move(*CALM), desk.turn.stamp())  # a delta before any snapshot
    desk.carry_out()
    assert desk.pause() == pytest.approx(0.2, abs=0.02)
    assert desk.frames == [b'{"op":"unsubscribe"}', b'{"op":"resubscribe"}']
    desk.rig.engine.frame(BYBIT, desk.rig.bybit.snapshot(), desk.turn.stamp())
    assert desk.rig.engine.book_state(BYBIT) == "LIVE"
    desk.clock.advance(6)
    desk.rig.engine.refused(BYBIT, desk.turn.stamp())
    desk.carry_out()
    assert desk.pause() == pytest.approx(0.2, abs=0.02)  # it helped, so no longer pause


def test_a_book_that_does_not_come_back_is_asked_for_again_and_again_but_ever_more_rarely() -> None:
    desk = Desk(BYBIT)  # its subscription was refused: nothing ever comes
    asked = []
    for _ in range(600):
        before = len(desk.frames)
        desk.clock.advance(0.1)
        desk.resyncs.look()
        if len(desk.frames) > before:
            asked.append(desk.clock.ns)
    gaps = [(later - earlier) / 1e9 for earlier, later in pairwise(asked)]
    assert 4 <= len(asked) <= 12
    assert gaps[0] >= 5
    assert gaps == sorted(gaps)


def test_a_live_book_is_left_alone() -> None:
    desk = Desk(BYBIT)
    desk.rig.bybit.bids, desk.rig.bybit.asks = CALM
    desk.rig.engine.frame(BYBIT, desk.rig.bybit.snapshot(), desk.turn.stamp())
    for _ in range(100):
        desk.clock.advance(1)
        desk.resyncs.look()
    assert desk.frames == []
