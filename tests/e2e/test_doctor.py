"""`arb doctor` and `arb keys check` against the simulated venues: every trap is named, with its exit code."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.e2e.support.program import Done, call
from tests.e2e.support.venues import Venues

pytestmark = pytest.mark.e2e
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venues]:
    with Venues(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def post(venues: Venues, path: str, **body: Any) -> Any:
    request = urllib.request.Request(venues.control + path, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def examine(
    folder: Path, venues: Venues, *words: str, venue: str = "binance", perpetual: bool = False, **rights: Any
) -> Done:
    """With a key of these rights at `venue`, and a sound one at the other."""
    config = venues.config(folder / "config", bases=("BTC",), perpetual=perpetual)
    environ = dict(venues.secrets)
    if rights:
        made = post(venues, "/keys", venue=venue, **rights)
        environ |= {f"{venue.upper()}_API_{name}": made[key] for name, key in KEY_PARTS}
    return call(folder, *words, "-c", str(config), "--json", env=environ)


KEY_PARTS = (("KEY", "key"), ("SECRET", "secret"))


def found(done: Done, grade: str) -> list[str]:
    checks = done.envelope["data"]["checks"]
    return [f"{check['where']}: {check['text']}" for check in checks if check["grade"] == grade]


def test_sound_keys_pass_for_live(tmp_path: Path, venues: Venues) -> None:
    done = examine(tmp_path, venues, "doctor", "--live")
    print(done.stdout)
    assert (done.code, found(done, "fail"), found(done, "warn")) == (0, [], [])
    assert {check["what"] for check in done.envelope["data"]["checks"]} >= {
        "disk",
        "open files",
        "clock",
        "REST",
        "filters",
        "key rights",
        "account",
    }


@pytest.mark.parametrize("venue", ["binance", "bybit"])
@pytest.mark.parametrize(
    ("rights", "live", "code", "grade", "text"),
    [
        ({"withdraw": True}, False, 4, "fail", "the key may withdraw"),
        ({"transfer": True}, False, 4, "fail", "the key may transfer"),
        ({"ip_bound": False}, True, 4, "fail", "the key is not bound to an IP address"),
        ({"ip_bound": False}, False, 0, "warn", "the key is not bound to an IP address"),
        ({"trade": False}, True, 4, "fail", "the key may not trade here"),
    ],
)
def test_a_right_too_much_or_too_little_is_named(
    tmp_path: Path,
    venues: Venues,
    venue: str,
    rights: dict[str, bool],
    live: bool,
    code: int,
    grade: str,
    text: str,
) -> None:
    done = examine(tmp_path, venues, "keys", "check", *(["--live"] if live else []), venue=venue, **rights)
    print(done.stdout)
    assert done.code == code
    assert found(done, grade) == [f"{venue} spot: {text}"]


@pytest.mark.parametrize("perpetual", [False, True])
def test_a_key_near_its_end_is_warned_of_where_the_venue_tells(
    tmp_path: Path, venues: Venues, perpetual: bool
) -> None:
    soon = int(time.time() * 1_000) + 5 * DAY_MS
    done = examine(
        tmp_path, venues, "keys", "check", "--live", venue="bybit", perpetual=perpetual, expires_ms=soon
    )
    assert done.code == 0
    assert any("the key expires in" in text for text in found(done, "warn"))


def test_a_wrong_key_is_an_auth_error(tmp_path: Path, venues: Venues) -> None:
    config = venues.config(tmp_path / "config", bases=("BTC",))
    environ = venues.secrets | {"BINANCE_API_SECRET": "x" * 64}
    done = call(tmp_path, "keys", "check", "-c", str(config), "--json", env=environ)
    assert done.code == 4
    assert "x" * 64 not in done.stdout + done.stderr


def test_a_skewed_clock_is_named(tmp_path: Path, venues: Venues) -> None:
    number = venues.fault("clock_skew", "bybit", params={"offset_ms": 3_000, "duration_ms": 60_000})
    try:
        done = examine(tmp_path, venues, "doctor")
        print(done.stdout)
        assert done.code == 1
        assert any(re.match(r"bybit spot: wall clock -(29|30)\d\d ms", text) for text in found(done, "fail"))
    finally:
        venues.end_fault(number)


def test_hedge_mode_is_named(tmp_path: Path, venues: Venues) -> None:
    rest = venues.ready["venues"]["binance"]["usdm"]["rest"]
    for wanted in ("true", "false"):
        text = urlencode({"dualSidePosition": wanted, "timestamp": int(time.time() * 1_000)})
        signature = hmac.new(venues.ready["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"{rest}/fapi/v1/positionSide/dual?{text}&signature={signature}",
            headers={"X-MBX-APIKEY": venues.ready["key"]},
            method="POST",
        )
        urllib.request.urlopen(request, timeout=10).close()
        done = examine(tmp_path, venues, "doctor", perpetual=True)
        print(done.stdout)
        modes = [check for check in done.envelope["data"]["checks"] if check["what"] == "position mode"]
        assert modes[0]["grade"] == ("fail" if wanted == "true" else "ok")
        assert done.code == (1 if wanted == "true" else 0)


def test_venues_out_of_reach_end_with_5(tmp_path: Path, venues: Venues) -> None:
    config = venues.config(tmp_path / "config", bases=("BTC",))
    nowhere = (
        (config.parent / "bybit.toml")
        .read_text()
        .replace(venues.ready["venues"]["bybit"]["rest"], "http://127.0.0.1:1")
    )
    (config.parent / "bybit.toml").write_text(nowhere)
    done = call(tmp_path, "doctor", "-c", str(config), "--json", env=venues.secrets)
    assert done.code == 5
    assert any(text.startswith("bybit spot:") for text in found(done, "fail"))


def test_keys_are_stored_privately_and_listed_without_being_shown(tmp_path: Path, venues: Venues) -> None:
    config = venues.config(tmp_path / "config", bases=("BTC",))
    for venue in ("binance", "bybit"):
        path = config.parent / f"{venue}.toml"
        path.write_text(path.read_text().replace(f"env:{venue.upper()}", f"file:{venue}.keys"))
        key_file = tmp_path / "stdin"
        key_file.write_text(f"{venues.ready['key']}\n{venues.ready['secret']}\n")
        with key_file.open("rb") as stdin:
            done = call_with(stdin, tmp_path, "keys", "set", venue, "-c", str(config), "--stdin")
        assert done.code == 0, done.stderr
        stored = config.parent / f"{venue}.keys"
        assert stored.stat().st_mode & 0o777 == 0o600
    listed = call(tmp_path, "keys", "list", "-c", str(config))
    assert listed.code == 0
    assert venues.ready["key"] not in listed.stdout
    checked = call(tmp_path, "keys", "check", "-c", str(config), "--live")
    assert checked.code == 0, checked.stdout


def call_with(stdin: Any, folder: Path, *words: str) -> Done:
    from tests.e2e.support.program import Program

    with Program(folder, *words, stdin=stdin.fileno()) as program:
        return program.wait(30)
