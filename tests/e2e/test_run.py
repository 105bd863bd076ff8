"""`arb run` as a newcomer types it, its tape through a fresh engine, and the same from a wheel."""

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arbcore.engine import replay_tape
from tests.e2e.support.program import CAPTURES, Done, Program, call, capture, environment
from tests.e2e.support.tape import records
from tests.e2e.support.venues import flows

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
FULL = bool(os.environ.get("ARB_TEST_LONG"))
SECONDS, TRADES = (20, 20) if FULL else (8, 8)


@dataclass(frozen=True)
class Recorded:
    done: Done
    tape: Path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("run")
    tape = folder / "session.tape"
    done = call(folder, "run", "--duration", str(SECONDS), "--seed", "7", "--json", "--tape", str(tape))
    return Recorded(done, tape)


def ended_flat(data: dict[str, Any], trades: int) -> None:
    assert data["trades"] >= trades
    assert data["balanced"] == data["trades"]
    assert (data["halted"], data["unhedged"], data["open_orders"], data["unresolved"]) == (0, "0", 0, 0)
    assert data["legs"] >= 2 * data["trades"]
    assert data["fills"] >= data["trades"]
    ours = flows(data["deltas"])
    assert ours == flows(data["venue_deltas"])
    assert any(amount for assets in ours.values() for amount in assets.values())


def test_every_trade_of_a_run_is_balanced_and_the_venues_agree_to_the_last_decimal(
    recorded: Recorded,
) -> None:
    ended_flat(recorded.done.data, TRADES)
    assert recorded.done.seconds < SECONDS + 40


def test_the_summary_has_the_names_others_rely_on(recorded: Recorded) -> None:
    data = recorded.done.data
    names = (
        "trades legs fills balanced halted net_pnl deltas venue_deltas dust fees unhedged open_orders "
        "opportunities refusals tick_to_order_us rss_mb"
    )
    assert set(names.split()) <= set(data)
    assert data["tick_to_order_us"]["p50"] <= data["tick_to_order_us"]["p99"]
    assert data["opportunities"] >= 1  # an episode may be traded more than once
    assert set(data["deltas"]) == {"binance", "bybit"}
    assert set(data["fees"]) == {"BTC", "ETH", "USDT"}
    assert all(isinstance(count, int) for count in data["refusals"].values())


def test_stdout_has_the_object_alone_and_progress_is_on_stderr(recorded: Recorded) -> None:
    assert recorded.done.envelope["schema"] == "arb.run/1"
    assert "ready in" in recorded.done.stderr
    assert "books live" in recorded.done.stderr
    assert "{" not in recorded.done.stderr


def test_a_run_without_json_ends_with_a_summary_for_people(tmp_path: Path) -> None:
    done = call(tmp_path, "run", "--duration", "2", "--seed", "3")
    assert done.code == 0, done.stderr
    assert done.stdout.startswith("trades ")
    assert done.stdout.count("(as the venue says)") == 2


# The tape.


def test_a_fresh_engine_fed_with_the_tape_does_the_same(recorded: Recorded, tmp_path: Path) -> None:
    expected = recorded.done.data["action_hash"]
    done = call(tmp_path, "replay", str(recorded.tape), "--expect", expected, "--json")
    assert done.data["action_hash"] == expected
    assert done.data["orders"] == recorded.done.data["legs"]


def test_the_replay_tells_the_books_and_what_each_order_was_decided_on(recorded: Recorded) -> None:
    replayed = replay_tape(recorded.tape.read_bytes())
    assert replayed["status"] == "ok"
    assert {(instrument, state) for _, instrument, state, _ in replayed["books"]} >= {
        (instrument, "LIVE") for instrument in range(4)
    }
    assert len(replayed["placed"]) == recorded.done.data["legs"]
    assert {book for *_, book in replayed["placed"]} == {"LIVE"}
    assert {instrument for _, _, instrument, _, _ in replayed["placed"]} <= set(range(4))


def damaged(tape: bytes) -> dict[str, bytes]:
    frames = [(offset, body) for offset, kind, body in records(tape) if kind == 10 and b'"U":' in body]
    offset, body = frames[len(frames) // 2]
    # The first digit of an update id: another digit of a price may change no decision, a higher id is a gap.
    first_id = offset + body.index(b'"U":') + 4
    wrong = bytearray(tape)
    assert wrong[first_id] != ord("9")
    wrong[first_id] = ord("9")
    return {
        "cut": tape[:-7],
        "a byte of a frame": bytes(wrong),
        "no head": tape[next(offset for offset, kind, _ in records(tape) if kind == 2) - 5 :],
        "unknown kind": tape + b"\xff\x00\x00\x00\x00",
        "empty": b"",
        "text": b"this is no tape at all\n",
    }


@pytest.mark.parametrize("damage", ["cut", "a byte of a frame", "no head", "unknown kind", "empty", "text"])
def test_a_damaged_tape_is_told_in_one_line_and_never_passes(
    recorded: Recorded, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "damaged.tape"
    path.write_bytes(damaged(recorded.tape.read_bytes())[damage])
    done = call(tmp_path, "replay", str(path), "--expect", recorded.done.data["action_hash"], "--json")
    assert done.code == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {path}: ")
    assert not done.envelope["ok"]


# A real recording as the market.


@pytest.mark.parametrize("name", CAPTURES)
def test_a_real_recording_drives_both_venues_to_a_balanced_end(tmp_path: Path, name: str) -> None:
    path = capture(name)
    done = call(tmp_path, "run", "--duration", "5", "--market", str(path), "--speed", "10", "--json")
    ended_flat(done.data, 2)


# From a wheel, with no compiler in reach.


def run_in(
    folder: Path, *command: str, path: str = "", seconds: float = 900
) -> subprocess.CompletedProcess[str]:
    env = environment(folder)
    if path:
        env["PATH"] = path
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=seconds, check=True
    )


@pytest.mark.skipif(not os.environ.get("ARB_TEST_WHEEL"), reason="ARB_TEST_WHEEL=1 builds a wheel: minutes")
def test_the_wheel_trades_in_a_fresh_venv_from_an_empty_folder_without_a_compiler(tmp_path: Path) -> None:
    wheels, home, empty = tmp_path / "wheels", tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    build: Sequence[str] = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        f"-Cbuild-dir={tmp_path}/build",
    )
    run_in(tmp_path, *build, "-w", str(wheels), str(ROOT))
    (wheel,) = wheels.glob("arbcore-*.whl")
    venv.create(home, with_pip=True)
    # Wheels only: a dependency that had to be compiled would need what this test takes away.
    run_in(empty, str(home / "bin/pip"), "install", "-q", "--only-binary", ":all:", str(wheel))
    program = str(home / "bin/arb")
    no_compiler = str(home / "bin")
    assert not any(
        (Path(no_compiler) / name).exists() for name in ("cc", "c++", "g++", "clang", "cmake", "ninja")
    )
    with Program(
        empty,
        "run",
        "--duration",
        "20",
        "--seed",
        "7",
        "--json",
        env={"PATH": no_compiler},
        command=(program,),
    ) as run:
        done = run.wait(60)
    ended_flat(done.data, 20)
    print(done.stdout)
