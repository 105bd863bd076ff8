"""Every way a market stream goes wrong, in one run: what becomes of the book, and how soon it is back.

One session through a config against the simulated venues; then its tape is compared with the times at which
the faults were applied (one clock, CLOCK_MONOTONIC). `pytest -s` prints the table.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support.program import Program
from tests.e2e.support.tape import Book, Key, Tape
from tests.e2e.support.venues import Venues, changes, flows

pytestmark = pytest.mark.e2e

MS = 1_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@dataclass(frozen=True)
class Planned:
    """`expected`: the reason of the STALE, "" where the book must stay LIVE; `books` those it touches."""

    name: str
    venue: str
    kind: str
    expected: str
    symbol: str = ""
    channel: str = "public"
    room_s: float = 2.0  # until the next one
    count: int = 1
    params: dict[str, Any] = field(default_factory=dict)
    with_reset: bool = False  # it acts on a new connection: the old one is reset at the same time
    only: str = ""  # on that market alone

    @property
    def books(self) -> list[Key]:
        return [(self.venue, symbol) for symbol in SYMBOLS if self.symbol in ("", symbol)]


BTC, ETH = SYMBOLS
PLAN = (
    Planned("duplicate", "binance", "duplicate", "", BTC, "depth", count=3),
    Planned("duplicate", "bybit", "duplicate", "", ETH, "depth", count=3),
    Planned("unknown symbol", "bybit", "wrong_symbol", "", BTC, "depth"),
    Planned("unknown symbol", "binance", "wrong_symbol", "", ETH, "depth"),
    Planned("reorder", "bybit", "reorder", "gap", BTC, "depth"),
    Planned("reorder", "binance", "reorder", "gap", ETH, "depth"),
    Planned("delay", "bybit", "delay", "gap", ETH, "depth", params={"duration_ms": 300}),
    Planned("dropped", "binance", "drop", "gap", BTC, "depth"),
    Planned("crossed book", "binance", "crossed", "crossed", BTC),
    Planned("crossed book", "bybit", "crossed", "crossed", ETH),
    Planned("topic restart, u = 1", "bybit", "restart", "", BTC),
    Planned("text that is no JSON", "bybit", "text_garbage", "refused"),
    Planned("compressed frame", "binance", "compressed", "disconnected"),
    Planned("fragmented frame", "bybit", "fragmented", "disconnected"),
    Planned("random bytes", "binance", "garbage", "disconnected"),
    Planned("frame of 64 MB", "bybit", "oversized", "disconnected"),
    Planned("CLOSE and FIN", "binance", "fin", "disconnected"),
    Planned("half a frame, silence", "bybit", "truncated", "disconnected", room_s=5.0),
    Planned("half-open", "binance", "half_open", "disconnected", room_s=5.0),
    Planned("old snapshots", "binance", "old_snapshot", "disconnected", count=4, with_reset=True, room_s=6.5),
    Planned("upgrade answered 503", "bybit", "handshake_503", "disconnected", with_reset=True, room_s=5.0),
    # The venue goes on, one symbol's messages do not come: asked about, found dead, subscribed anew.
    Planned("dead symbol", "binance", "silence", "gap", BTC, params={"duration_ms": 2_600}, room_s=5.5),
    Planned("dead symbol", "bybit", "silence", "gap", ETH, params={"duration_ms": 2_600}, room_s=5.5),
    Planned("connection refused", "binance", "refused", "disconnected", with_reset=True, room_s=5.0),
    Planned("serverShutdown", "binance", "shutdown", "", room_s=4.0, only="spot"),
)
FIRST_S = 1.0
STAYS_NS = 1_200 * MS  # how long after the fault a book that must stay LIVE is looked at


MARKETS = {
    "spot": {"binance": "spot", "bybit": "spot"},
    "perpetual": {"binance": "usdm", "bybit": "linear"},
}


@dataclass
class Ordeal:
    market: str
    plan: list[Planned]
    data: dict[str, Any]
    tape: Tape
    fired: list[int]  # of each planned fault, in order
    accounts: Any


@pytest.fixture(scope="module")
def ordeals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ordeal]:
    """Both side by side, each with venues of its own: most of the time nothing happens."""
    folders = {market: tmp_path_factory.mktemp(f"market-faults-{market}") for market in MARKETS}
    with ThreadPoolExecutor() as pool:
        return dict(zip(MARKETS, pool.map(run_all, MARKETS, folders.values()), strict=True))


@pytest.fixture(params=list(MARKETS))
def ordeal(request: pytest.FixtureRequest, ordeals: dict[str, Ordeal]) -> Ordeal:
    return ordeals[request.param]


def run_all(market: str, folder: Path) -> Ordeal:
    plan = [planned for planned in PLAN if planned.only in ("", market)]
    with Venues(folder) as venues:
        config = venues.config(folder / "config", perpetual=market == "perpetual")
        tape = folder / "session.tape"
        before = venues.totals()
        duration = FIRST_S + sum(planned.room_s for planned in plan) + 2
        arguments = ("run", "-c", str(config), "--duration", f"{duration:g}", "--tape", str(tape), "--json")
        with Program(folder, *arguments, env=venues.secrets) as run:
            run.until("ready in")
            ids, at = [], FIRST_S
            for planned in plan:
                on = {"market": MARKETS[market][planned.venue]}
                ids.append(
                    venues.fault(
                        planned.kind,
                        planned.venue,
                        "" if planned.kind in _OWN_CHANNEL else planned.channel,
                        planned.symbol,
                        after=at,
                        count=planned.count,
                        params=planned.params,
                        **on,
                    )
                )
                if planned.with_reset:
                    ids[-1] = venues.fault("reset", planned.venue, "public", after=at + 0.05, **on)
                at += planned.room_s
            done = run.wait(duration + 60)
        time.sleep(0.3)
        faults = venues.faults()
        fired = [faults[id]["fired_ns"] for id in ids]
        return Ordeal(market, plan, done.data, Tape(tape), fired, changes(before, venues.totals()))


_OWN_CHANNEL = ("crossed", "restart", "old_snapshot")  # kinds that know the channel they act on


def changed_after(fired: int, book: Book) -> list[tuple[int, str, str]]:
    return [change for change in book.states if fired <= change[0] < fired + STAYS_NS]


def paused_after(fired: int, book: Book) -> list[tuple[int, str, str]]:
    """Coming back from the fault before is no pause."""
    return [change for change in changed_after(fired, book) if change[1] != "LIVE"]


def test_each_fault_leads_where_it_must_and_the_books_come_back(ordeal: Ordeal) -> None:
    rows, wrong = [], []
    for planned, fired in zip(ordeal.plan, ordeal.fired, strict=True):
        label = f"{planned.venue + ' ' + MARKETS[ordeal.market][planned.venue]:16}{planned.name:24}"
        if not fired:
            wrong.append(f"{label} was never applied")
            continue
        for key in planned.books:
            if not planned.expected:
                changed = changed_after(fired, ordeal.tape.books[key])
                rows.append(f"{label}{key[1]:9}LIVE throughout")
                if changed:
                    wrong.append(f"{label}{key[1]} changed: {changed}")
                continue
            stale, reason = ordeal.tape.books[key].next("STALE", fired)
            live, _ = ordeal.tape.books[key].next("LIVE", stale)
            rows.append(
                f"{label}{key[1]:9}STALE ({reason}) after {(stale - fired) / MS:7.1f} ms, "
                f"LIVE after {(live - fired) / MS:7.1f} ms"
            )
            if reason != planned.expected:
                wrong.append(f"{label}{key[1]}: {reason}, expected {planned.expected}")
    print("\n" + "\n".join(rows))
    assert not wrong, "\n".join(wrong)


def test_a_fault_of_one_symbol_pauses_no_other(ordeal: Ordeal) -> None:
    for planned, fired in zip(ordeal.plan, ordeal.fired, strict=True):
        if not planned.symbol:
            continue
        for key, book in ordeal.tape.books.items():
            if key not in planned.books:
                assert paused_after(fired, book) == [], planned


def test_a_fault_of_one_connection_pauses_no_other_venue(ordeal: Ordeal) -> None:
    for planned, fired in zip(ordeal.plan, ordeal.fired, strict=True):
        if planned.expected != "disconnected":
            continue
        for key, book in ordeal.tape.books.items():
            if key[0] != planned.venue:
                assert paused_after(fired, book) == [], planned


def test_orders_were_decided_on_live_books_only_and_all_end_balanced(ordeal: Ordeal) -> None:
    placed = ordeal.tape.placed()
    assert placed
    assert {state for _, _, state in placed} == {"LIVE"}
    data = ordeal.data
    assert (data["balanced"], data["halted"], data["unresolved"]) == (data["trades"], 0, 0)
    assert flows(data["deltas"]) == flows(data["venue_deltas"])
    if ordeal.market == "spot":
        assert flows(data["deltas"]) == ordeal.accounts
