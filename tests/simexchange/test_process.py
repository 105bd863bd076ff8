"""`arb sim` as a process: one line, then served until its stdin ends, also when the parent was killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

SIM = [sys.executable, "-P", "-m", "arb", "sim"]


def start(*options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*SIM, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def endpoints(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def finish(process: "subprocess.Popen[str]", seconds: float = 10) -> tuple[int, str]:
    with process:
        _, errors = process.communicate(timeout=seconds)
    return process.returncode, errors


def test_the_ready_line_has_the_promised_shape_and_stdin_eof_ends_it() -> None:
    process = start("--json", "--seed", "7")
    line = endpoints(process)
    assert set(line) == {"venues", "control", "key", "secret", "ed25519"}
    assert set(line["ed25519"]) == {"key", "private_key"}
    binance, bybit = line["venues"]["binance"], line["venues"]["bybit"]
    assert set(binance) == {"spot", "usdm"}
    assert set(binance["spot"]) == set(binance["usdm"]) == {"rest", "ws", "ws_api"}
    assert binance["usdm"]["ws_api"].endswith("/ws-fapi/v1")
    assert binance["usdm"]["ws"] != binance["spot"]["ws"]
    assert set(bybit) == {"rest", "ws_public", "ws_private", "ws_trade"}
    assert bybit["ws_trade"].endswith("/v5/trade")
    assert bybit["ws_public"].endswith("/v5/public")
    assert binance["spot"]["ws_api"].endswith("/ws-api/v3")
    with urllib.request.urlopen(binance["spot"]["rest"] + "/api/v3/ping", timeout=5) as answer:
        assert answer.read() == b"{}"
    assert finish(process) == (0, "")


def test_plain_output_is_one_line_too() -> None:
    process = start()
    assert process.stdout is not None
    assert process.stdout.readline().startswith("simulated venues")
    assert finish(process) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_zero_once_it_serves(number: signal.Signals) -> None:
    process = start("--json")
    endpoints(process)
    process.send_signal(number)
    process.wait(10)
    assert finish(process) == (0, "")


def test_it_stops_by_itself_after_its_duration() -> None:
    process = start("--json", "--duration", "0.3s")
    endpoints(process)
    assert process.wait(10) == 0
    finish(process)


def test_it_ends_when_its_parent_was_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen({[*SIM, '--json']!r}, stdin=subprocess.PIPE)\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        json.loads(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    except FileNotFoundError:
        if Path("/proc").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_occupied_control_port_is_one_clear_line_and_exit_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, errors = finish(start("--control-port", str(port)))
    assert code == 1
    assert errors.count("\n") == 1
    assert str(port) in errors


@pytest.mark.parametrize(
    "options", [["--host", "0.0.0.0"], ["--duration", "soon"], ["--market", "/nowhere.gz"], ["--seed", "-1"]]
)
def test_bad_usage_is_exit_two_without_a_traceback(options: list[str]) -> None:
    code, errors = finish(start(*options))
    assert code == 2
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
