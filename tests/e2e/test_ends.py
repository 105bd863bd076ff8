"""How a run ends: Ctrl-C between two legs, twice, before it is ready, kill -9; what its child was given."""

import random
import re
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support.program import CANARY, Done, Program, alive, children, group, needs_proc, wait_for
from tests.e2e.support.tape import open_at_the_end
from tests.e2e.support.venues import OPEN, Venues, changes, flows

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venues]:
    with Venues(tmp_path_factory.mktemp("venues")) as venues:
        yield venues


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One state folder for all runs against the same accounts: no client order id comes twice."""
    return {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}


# Ctrl-C between the legs. Late private messages hold a trade open long enough to be met in the middle.

MOMENTS = random.Random(20)
STOPS = [
    (signal.SIGINT, "bybit", 400, MOMENTS.uniform(0, 0.02)),
    (signal.SIGINT, "binance", 400, MOMENTS.uniform(0, 0.02)),
    (signal.SIGINT, "", 900, MOMENTS.uniform(0, 0.1)),
    (signal.SIGTERM, "", 250, MOMENTS.uniform(0, 0.1)),
    (signal.SIGINT, "", 0, MOMENTS.uniform(0, 0.005)),
    (signal.SIGTERM, "", 0, MOMENTS.uniform(0, 0.4)),
]


@pytest.mark.parametrize(
    ("number", "late", "late_ms", "pause"),
    STOPS,
    ids=[f"{number.name}-{late or 'both'}-{late_ms}ms-late" for number, late, late_ms, _ in STOPS],
)
def test_a_signal_in_the_middle_of_a_trade_ends_with_both_legs_resolved(
    tmp_path: Path,
    venues: Venues,
    state: dict[str, str],
    number: signal.Signals,
    late: str,
    late_ms: int,
    pause: float,
) -> None:
    before, seen, tape = venues.totals(), len(venues.orders()), tmp_path / "session.tape"
    arguments = ("run", "-c", str(venues.config(tmp_path)), "--json", "--tape", str(tape))
    with Program(tmp_path, *arguments, env=venues.secrets | state) as run:
        run.until("ready in")
        fault = 0
        if late_ms:
            fault = venues.fault("delay", late, "private", count=1000, params={"duration_ms": late_ms})
        # An order that came before the delay did may be resolved already.
        known = len(venues.orders())
        wait_for(lambda: len(venues.orders()) > known, 20, "no order came", pause=0.003)
        time.sleep(pause)
        run.interrupt(number)
        done = run.wait(40)
        if fault:
            venues.end_fault(fault)
            time.sleep(late_ms / 1000)  # or the next run hears of fills that are not its own, and halts
    resolved(done, venues, before, seen)
    if late != "binance" and late_ms:  # whose answer to an order tells the fills at once
        assert open_at_the_end(tape.read_bytes()), (
            "the signal came between two trades: the test has shown nothing"
        )


def resolved(done: Done, venues: Venues, before: Any, seen: int) -> None:
    data = done.data
    assert "entries off" in done.stderr
    assert (data["unresolved"], data["open_orders"], data["unhedged"], data["halted"]) == (0, 0, "0", 0)
    assert data["trades"] >= 1
    assert data["balanced"] == data["trades"]
    orders = venues.orders()[seen:]
    assert len(orders) == data["legs"] >= 2
    assert not [order for order in orders if order["status"] in OPEN]
    assert flows(data["deltas"]) == flows(data["venue_deltas"]) == changes(before, venues.totals())


def test_a_second_signal_ends_at_once_with_130(tmp_path: Path, venues: Venues, state: dict[str, str]) -> None:
    with Program(
        tmp_path, "run", "-c", str(venues.config(tmp_path)), "--json", env=venues.secrets | state
    ) as run:
        run.until("ready in")
        venues.process.send_signal(signal.SIGSTOP)  # the clean end cannot be reached: no venue answers
        try:
            run.interrupt()
            run.until("entries off")
            time.sleep(0.2)
            assert run.process.poll() is None
            run.interrupt()
            began = time.monotonic()
            done = run.wait(10)
            assert time.monotonic() - began < 3
        finally:
            venues.process.send_signal(signal.SIGCONT)
    assert done.code == 130
    assert "interrupted" in done.stderr
    assert not done.envelope["ok"]


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_it_is_ready_ends_with_130_and_takes_the_venues_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Program(tmp_path, "run", "--json") as run:
        child = run.child()
        run.interrupt(number)
        done = run.wait(20)
    assert done.code == 130
    assert "interrupted" in done.stderr
    assert not done.envelope["ok"]
    wait_for(lambda: not alive(child), 5, "the simulated venues did not end")


# kill -9.


@dataclass(frozen=True)
class Killed:
    environ: bytes
    ports: tuple[int, ...]
    child: int
    groups: tuple[int, int]
    command: bytes


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    with Program(folder, "run", "--duration", "60", env=CANARY) as run:
        run.until("ready in")
        ports = tuple(int(text) for text in re.findall(r"127\.0\.0\.1:(\d+)", run.stderr))
        (child,) = children(run.pid)
        proc = Path(f"/proc/{child}")
        groups = (pgid(run.pid), pgid(child))
        facts = Killed(
            proc.joinpath("environ").read_bytes(), ports, child, groups, (proc / "cmdline").read_bytes()
        )
        assert all(is_open(port) for port in ports)
        run.process.kill()
        run.process.wait(10)
    return facts


def pgid(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[2])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@needs_proc
def test_after_kill_9_the_venues_end_too_and_nothing_stays_behind(killed: Killed) -> None:
    assert len(killed.ports) == 3  # REST of both venues and the control API
    wait_for(lambda: not alive(killed.child), 5, "the simulated venues live on")
    assert not group(killed.groups[1])
    assert not any(is_open(port) for port in killed.ports)


@needs_proc
def test_the_venues_are_in_a_process_group_of_their_own(killed: Killed) -> None:
    """Or a Ctrl-C of the terminal would take them away before the legs are closed."""
    assert killed.groups[1] == killed.child
    assert killed.groups[0] != killed.groups[1]


@needs_proc
def test_the_child_gets_a_named_environment_and_no_secret(killed: Killed) -> None:
    (secret,) = CANARY.values()
    assert secret.encode() not in killed.environ
    assert secret.encode() not in killed.command
    names = {entry.partition(b"=")[0].decode() for entry in killed.environ.split(b"\0") if entry}
    assert names <= {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "VIRTUAL_ENV", "PYTHONHASHSEED"}
