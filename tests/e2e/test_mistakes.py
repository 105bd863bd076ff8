"""Bad input to the whole program: one clear line, a stable exit code, an envelope with --json."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.support.program import call
from tests.e2e.support.venues import Venues, write_config

pytestmark = pytest.mark.e2e

# Addresses nothing listens on: port 1 of loopback needs root and a reason.
_BASE = "127.0.0.1:1"
DEAD = {
    "binance": {
        "spot": {"rest": f"http://{_BASE}", "ws": f"ws://{_BASE}", "ws_api": f"ws://{_BASE}/ws-api/v3"}
    },
    "bybit": {
        "rest": f"http://{_BASE}",
        "ws_public": f"ws://{_BASE}/v5/public",
        "ws_private": f"ws://{_BASE}/v5/private",
    },
}
KEYS = {f"{venue}_API_{name}": "k" * 32 for venue in ("BINANCE", "BYBIT") for name in ("KEY", "SECRET")}


def edited(folder: Path, file: str, old: str, new: str) -> list[str]:
    """A valid config but for one place."""
    config = write_config(folder, DEAD)
    text = (folder / file).read_text()
    assert text.count(old) == 1, f"{old!r} in {text}"
    (folder / file).write_text(text.replace(old, new))
    return ["run", "-c", str(config)]


@dataclass(frozen=True)
class Mistake:
    name: str
    code: int
    arguments: Callable[[Path], list[str]]
    says: tuple[str, ...]  # pieces of the line
    keys: bool = True


def taken(folder: Path) -> list[str]:
    (folder / "old.tape").write_bytes(b"earlier session")
    return ["run", "--tape", str(folder / "old.tape")]


def not_a_recording(folder: Path) -> list[str]:
    (folder / "notes.gz").write_bytes(b"these are no frames\n" * 4)
    return ["run", "--duration", "1", "--market", str(folder / "notes.gz")]


MISTAKES = (
    Mistake("unknown verb", 2, lambda _: ["rnu"], ("rnu", "run")),
    Mistake("unknown option", 2, lambda _: ["run", "--sed", "7"], ("--sed",)),
    Mistake("bad duration", 2, lambda _: ["run", "--duration", "soon"], ("soon",)),
    Mistake("negative seed", 2, lambda _: ["run", "--seed", "-1"], ("-1",)),
    Mistake("unknown config", 2, lambda f: ["run", "-c", str(f / "no.toml")], ("no.toml",)),
    Mistake(
        "malformed config",
        2,
        lambda f: edited(f, "arbitrage.toml", "version = 1", "version = = 1"),
        ("arbitrage.toml:1:",),
    ),
    Mistake(
        "unknown key",
        2,
        lambda f: edited(f, "arbitrage.toml", "slippage_bps", "slipage_bps"),
        ("arbitrage.toml:13:1", "slipage_bps"),
    ),
    Mistake(
        "production",
        2,
        lambda f: edited(f, "bybit.toml", '"custom"', '"production"'),
        ("bybit.toml:1:", "loopback"),
    ),
    Mistake(
        "address elsewhere",
        2,
        lambda f: edited(f, "binance.toml", f'rest = "http://{_BASE}"', 'rest = "http://198.51.100.7:80"'),
        ("binance.toml:6:", "loopback"),
    ),
    Mistake(
        "no keys", 4, lambda f: edited(f, "bybit.toml", "BYBIT", "BYBIT"), ("BINANCE_API_KEY",), keys=False
    ),
    Mistake(
        "no credentials", 4, lambda f: edited(f, "bybit.toml", 'credentials = "env:BYBIT"', ""), ("bybit",)
    ),
    Mistake(
        "key in the file",
        2,
        lambda f: edited(f, "bybit.toml", "env:BYBIT", "0123456789abcdefABCDEF"),
        ("bybit.toml:2:", "env:"),
    ),
    Mistake("venue away", 5, lambda f: edited(f, "bybit.toml", "BYBIT", "BYBIT"), ("binance",)),
    Mistake("tape exists", 2, taken, ("old.tape", "never overwritten")),
    Mistake(
        "tape nowhere",
        1,
        lambda f: ["run", "--duration", "1", "--tape", str(f / "no/a.tape")],
        ("no/a.tape",),
    ),
    Mistake("missing recording", 2, lambda f: ["run", "--market", str(f / "no.gz")], ("no.gz",)),
    Mistake("not a recording", 1, not_a_recording, ("notes.gz",)),
    Mistake("no such tape", 2, lambda f: ["replay", str(f / "no.tape")], ("no.tape",)),
    Mistake("set without config", 2, lambda _: ["run", "--set", "risk.max_notional=1"], ("-c",)),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_one_line_and_its_exit_code(tmp_path: Path, mistake: Mistake) -> None:
    arguments = mistake.arguments(tmp_path)
    done = call(tmp_path, *arguments, "--json", env=KEYS if mistake.keys else {})
    print(done.stderr)
    # Mistakes of a config show the place below the line.
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.code == mistake.code, done.stderr
    assert len(said) == 1
    for piece in mistake.says:
        assert piece in said[0]
    assert done.envelope["errors"]
    assert "0123456789abcdef" not in done.stderr + done.stdout, "a key is never repeated"


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venues]:
    with Venues(tmp_path_factory.mktemp("venues")) as venues:
        yield venues


def test_a_symbol_that_a_venue_does_not_list_is_named(tmp_path: Path, venues: Venues) -> None:
    config = venues.config(tmp_path, bases=("BTC", "DOGE"))
    done = call(tmp_path, "run", "-c", str(config), "--json", env=venues.secrets)
    assert done.code == 2
    assert done.stderr.splitlines() == ["error: binance does not list DOGE/USDT"]
    assert not done.envelope["ok"]


def test_a_wrong_secret_is_an_auth_error_and_is_not_repeated(tmp_path: Path, venues: Venues) -> None:
    wrong = "not-the-secret-" + "9" * 40
    done = call(
        tmp_path,
        "run",
        "-c",
        str(venues.config(tmp_path)),
        "--duration",
        "1",
        "--json",
        env=venues.secrets | {"BYBIT_API_SECRET": wrong},
        seconds=90,
    )
    print(done.stderr)
    assert done.code == 4
    assert wrong not in done.stderr + done.stdout
    assert "error: bybit" in done.stderr
    assert done.seconds < 15
    assert not done.envelope["ok"]


def test_an_occupied_control_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        done = call(tmp_path, "sim", "--json", "--control-port", str(port))
    assert done.code == 1
    assert done.stderr.count("\n") == 1
    assert str(port) in done.stderr
    assert not done.envelope["ok"]


def test_a_host_beyond_this_machine_is_refused(tmp_path: Path) -> None:
    done = call(tmp_path, "sim", "--json", "--host", "0.0.0.0")
    assert done.code == 2
    assert "loopback" in done.stderr
    assert not done.envelope["ok"]
