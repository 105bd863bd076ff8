"""Trading rules that change while a session runs: when they are asked for, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from arb.live.reload import RulesWatch, difference
from arb.venues.base import ErrorClass, VenueFailure, VenueInstrument
from tests.venues.fakes import FakeClock

BTC = VenueInstrument(
    "BTC/USDT", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", "0.00001", "9000", "5", "0", "0", "0", True
)
ETH = replace(BTC, symbol="ETH/USDT", venue_symbol="ETHUSDT", base="ETH")
OnDone = Callable[[Sequence[VenueInstrument] | VenueFailure], None]


@dataclass
class Lists:
    name: str = "binance"
    asked: list[tuple[str, ...]] = field(default_factory=list)
    waiting: list[OnDone] = field(default_factory=list)

    def instruments(self, symbols: Sequence[str], on_done: OnDone) -> None:
        self.asked.append(tuple(symbols))
        self.waiting.append(on_done)


class Watched:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.venue = Lists()
        self.listed = {"BTC/USDT": BTC, "ETH/USDT": ETH}
        self.told: list[tuple[VenueInstrument, VenueInstrument]] = []
        self.watch = RulesWatch(
            self.venue,  # type: ignore[arg-type]
            self.listed,
            self.clock,
            period_s=60.0,
            on_change=lambda before, now: self.told.append((before, now)),
        )
        self.watch.start()

    def answer(self, *listed: VenueInstrument) -> None:
        self.venue.waiting.pop(0)(list(listed))


def test_rules_are_asked_for_every_period_and_only_changes_are_told() -> None:
    watched = Watched()
    watched.clock.advance(59.9)
    assert watched.venue.asked == []
    watched.clock.advance(0.2)
    assert watched.venue.asked == [("BTC/USDT", "ETH/USDT")]
    watched.answer(BTC, ETH)
    assert watched.told == []
    watched.clock.advance(60.0)
    coarser = replace(BTC, tick="0.1", min_notional="10")
    watched.answer(coarser, ETH)
    assert watched.told == [(BTC, coarser)]
    assert watched.listed["BTC/USDT"] == coarser
    watched.clock.advance(60.0)
    watched.answer(coarser, ETH)
    assert len(watched.told) == 1


def test_a_symbol_that_is_listed_no_more_is_told_as_not_tradable() -> None:
    watched = Watched()
    watched.clock.advance(60.0)
    watched.answer(ETH)
    assert watched.told == [(BTC, replace(BTC, tradable=False))]


def test_a_filter_reject_asks_at_once_but_not_for_each_of_many() -> None:
    watched = Watched()
    watched.clock.advance(10.0)
    for _ in range(5):
        watched.watch.soon()
    watched.clock.advance(0.0)
    assert len(watched.venue.asked) == 1
    watched.watch.soon()  # the answer under way may be older than this reject
    watched.answer(BTC, ETH)
    watched.clock.advance(0.9)
    assert len(watched.venue.asked) == 1
    watched.clock.advance(0.2)
    assert len(watched.venue.asked) == 2
    watched.answer(BTC, ETH)
    watched.clock.advance(59.0)
    assert len(watched.venue.asked) == 2


def test_no_answer_changes_nothing_and_is_asked_for_again() -> None:
    watched = Watched()
    watched.clock.advance(60.0)
    watched.venue.waiting.pop()(VenueFailure(ErrorClass.unknown, 0, "no answer"))
    assert watched.told == []
    assert watched.listed == {"BTC/USDT": BTC, "ETH/USDT": ETH}
    watched.clock.advance(60.0)
    assert len(watched.venue.asked) == 2


def test_after_stop_nothing_is_asked_and_a_late_answer_is_not_told() -> None:
    watched = Watched()
    watched.clock.advance(60.0)
    watched.watch.stop()
    watched.answer(replace(BTC, tradable=False), ETH)
    watched.watch.soon()
    watched.clock.advance(600.0)
    assert watched.told == []
    assert len(watched.venue.asked) == 1


def test_the_difference_is_said_in_the_names_of_the_rules() -> None:
    assert (
        difference(BTC, replace(BTC, tick="0.1", tradable=False))
        == "tick 0.01 -> 0.1, tradable True -> False"
    )
