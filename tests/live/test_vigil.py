"""One connection's symbols: who is asked about, and what a dead one leads to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from arb.live.vigil import Vigil
from arb.venues.base import BookProbe, MarketStream
from arb.venues.liveness import LivenessRules
from arbcore.settings import MS, S
from tests.live.market_venue import PATIENT, MarketVenue
from tests.venues.fakes import FakeHttp

SYMBOLS = {"BTC/USDT": 0, "ETH/USDT": 1}
TOPICS = {"BTC/USDT": ("btc",), "ETH/USDT": ("eth",)}


class Books:
    """What the engine knows of the two books on connection 7."""

    def __init__(self) -> None:
        self.heard = {0: 0, 1: 0}
        self.state = "LIVE"
        self.key = 100

    def book(self, instrument: int, connection: int) -> dict[str, Any]:
        assert connection == 7
        heard = self.heard[instrument]
        return {"heard_ns": heard, "best_ns": heard, "state": self.state, "key": self.key}

    def depth(self, instrument: int, n: int, connection: int) -> tuple[list[list[str]], list[list[str]]]:
        assert (n, connection) == (1, 7)
        return [["1.0", "5"]], [["2", "5"]]


class Watch:
    def __init__(self, name: str, rules: LivenessRules) -> None:
        self.books = Books()
        self.http = FakeHttp()
        self.sent: list[bytes] = []
        self.dropped: list[str] = []
        self.replaced: list[int] = []
        self.venue = MarketVenue(name, rules)
        self.now = 10 * S
        stream = MarketStream("ws://127.0.0.1:1/", (), None, 0, topics=TOPICS, batches=(("btc", "eth"),))
        self.vigil = Vigil(
            self.venue,  # type: ignore[arg-type]
            stream,
            SYMBOLS,
            self.books,  # type: ignore[arg-type]
            7,
            self.http,
            send=lambda frame: self.sent.append(frame) is None,
            drop=self.dropped.append,
            replace=lambda: self.replaced.append(self.now),
        )
        self.vigil.begin(self.now)

    def later(self, ms: int, *heard: int) -> None:
        self.now += ms * MS
        for instrument in heard:
            self.books.heard[instrument] = self.now
        self.vigil.look(self.now)


SNAPSHOTS = replace(PATIENT, first_ns=300 * MS, begins_with_snapshot=True)
LISTED = replace(PATIENT, quiet_ns=300 * MS, answer_ns=200 * MS, grace_ns=200 * MS, can_list=True)


def test_a_dead_symbol_beside_a_living_one_is_subscribed_anew_and_never_costs_the_other_its_connection() -> (
    None
):
    watch = Watch("bybit", SNAPSHOTS)
    for _ in range(4):
        watch.later(100, 0)
    assert [orjson.loads(frame)["op"] for frame in watch.sent[1:]] == ["unsubscribe", "subscribe"]
    assert orjson.loads(watch.sent[-1])["args"] == ["eth"]
    for _ in range(4):
        watch.later(100, 0)
    assert watch.replaced == []
    for _ in range(12):
        watch.later(100, 0)
    assert len(watch.replaced) == 1  # one to take over when it is better; asked for once
    assert watch.dropped == []


def test_symbols_that_die_one_after_the_other_are_a_dead_connection() -> None:
    watch = Watch("bybit", replace(PATIENT, repeat_ns=300 * MS))
    watch.later(100, 1)
    for _ in range(3):
        watch.later(100, 1)  # BTC is dead first
    assert len(watch.sent) == 3
    assert watch.dropped == []
    for _ in range(3):
        watch.later(100)
    assert watch.dropped == ["the best price was not repeated for 0.3 s"]


def test_a_symbol_that_was_heard_again_begins_anew_with_its_tries() -> None:
    watch = Watch("bybit", replace(PATIENT, repeat_ns=300 * MS))
    for _ in range(6):  # BTC dies and comes back, six times
        for _ in range(3):
            watch.later(100, 1)
        watch.later(100, 0, 1)
    assert len(watch.sent) > 6
    assert (watch.replaced, watch.dropped) == ([], [])


def test_a_symbol_that_comes_back_after_it_was_subscribed_anew_is_left_alone() -> None:
    watch = Watch("bybit", SNAPSHOTS)
    for _ in range(4):
        watch.later(100, 0)
    for _ in range(20):
        watch.later(100, 0, 1)
    assert len(watch.sent) == 3
    assert watch.dropped == []


def test_a_venue_that_moved_on_while_one_symbol_is_silent_has_it_subscribed_anew() -> None:
    watch = Watch("binance", LISTED)
    watch.venue.probe = BookProbe(101, ("1", "4"), ("2", "5"))
    watch.later(100, 0, 1)
    for _ in range(4):
        watch.later(100, 0)
    watch.vigil.hear(b'{"result":["btc","eth"],"id":2}', watch.now)
    watch.later(10, 0)
    watch.http.answer("probe", b"{}")
    watch.later(250, 0)
    assert watch.dropped == []
    asked = [orjson.loads(frame) for frame in watch.sent[-2:]]
    assert [(frame["method"], frame["params"]) for frame in asked] == [
        ("UNSUBSCRIBE", ["eth"]),
        ("SUBSCRIBE", ["eth"]),
    ]


def test_the_same_touch_at_the_venue_is_no_proof_although_its_id_moved_on() -> None:
    watch = Watch("binance", LISTED)
    watch.venue.probe = BookProbe(101, ("1.00", "5.0"), ("2.0", "5"))
    watch.later(100, 0, 1)
    for _ in range(4):
        watch.later(100, 0)
    watch.vigil.hear(b'{"result":["btc","eth"],"id":2}', watch.now)
    watch.later(10, 0)
    watch.http.answer("probe", b"{}")
    for _ in range(5):
        watch.later(100, 0)
    assert watch.dropped == []


def test_a_probe_waits_for_the_budget() -> None:
    watch = Watch("bybit", replace(PATIENT, quiet_ns=300 * MS, retry_ns=100 * MS))
    watch.later(100, 0, 1)
    watch.venue.budget.refused(watch.now, 1.0)
    for _ in range(4):
        watch.later(100, 0)
    assert not watch.http.requests
    for _ in range(10):
        watch.later(100, 0)
    assert len(watch.http.requests) == 1


def test_an_answer_after_the_end_is_not_used() -> None:
    watch = Watch("bybit", replace(PATIENT, quiet_ns=300 * MS, grace_ns=MS))
    watch.later(100, 0, 1)
    for _ in range(4):
        watch.later(100, 0)
    watch.vigil.end()
    watch.venue.probe = BookProbe(101, None, None)
    watch.http.answer("probe", b"{}")
    watch.later(100, 0)
    assert watch.dropped == []
