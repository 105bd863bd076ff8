"""The command line: light, one clear line for every failure, stable exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal

import click
import pytest

from arb import errors
from arb.cli import _main, run
from arb.cli._json import envelope
from arb.cli._types import DURATION, parse_duration
from arb.text import plain

# What the program may import before it knows the verb. Anything heavy here costs every call.
LIGHT = {"arb", "click"}
HEAVY = {
    "aiohttp",
    "arbcore",
    "numpy",
    "orjson",
    "picows",
    "prometheus_client",
    "pydantic",
    "rich",
    "zstandard",
}


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Install a verb `fake` with the given body."""

    def install(body: Callable[[], object]) -> None:
        @click.command("fake")
        @click.option("--json", "as_json", is_flag=True)
        @click.option("--duration", type=DURATION)
        def command(as_json: bool, duration: float | None) -> object:
            return body()

        monkeypatch.setattr(sys.modules["arb.cli._main"], "fake_command", command, raising=False)
        monkeypatch.setitem(_main.VERBS, "fake", ("arb.cli._main:fake_command", "A verb of the tests."))

    return install


def fails_with(error: BaseException) -> Callable[[], object]:
    def body() -> object:
        raise error

    return body


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], ["scna"], ["--bogus"], []])
def test_help_and_mistakes_import_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys; from arb.cli import run; run(sys.argv[1:]);"
        "print('\\n', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.splitlines()[-1].split())
    assert loaded >= LIGHT
    assert not loaded & HEAVY


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for name in _main.VERBS:
        assert f"\n  {name} " in text


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (errors.ArbError("port 8787 is taken"), 1, "error: port 8787 is taken"),
        (errors.UsageError("no such file", hint="look"), 2, "error: no such file   help: look"),
        (errors.NotRunning("no engine"), 3, "error: no engine"),
        (errors.AuthError("key refused"), 4, "error: key refused"),
        (errors.Unreachable("no answer"), 5, "error: no answer"),
        (errors.Halted("1 order left"), 6, "error: 1 order left"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(98, "Address already in use"), 1, "error: Address already in use"),
        (FileNotFoundError(2, "No such file", "x.toml"), 1, "error: x.toml: No such file"),
        (ZeroDivisionError("oh"), 1, "error: internal: ZeroDivisionError: oh   help: ARB_TRACEBACK=1 shows"),
    ],
)
def test_every_failure_is_one_line_and_its_code(
    verb: Callable[[Callable[[], object]], None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    verb(fails_with(error))
    assert run(["fake"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip().startswith(line)
    assert len(err.strip().splitlines()) == 1


def test_a_failure_with_json_prints_the_envelope_too(
    verb: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    verb(fails_with(errors.Unreachable("no answer", hint="wait")))
    assert run(["fake", "--json"]) == 5
    assert json.loads(capsys.readouterr().out) == {
        "schema": "arb.fake/1",
        "ok": False,
        "code": 5,
        "data": {},
        "errors": [{"message": "no answer", "help": "wait"}],
    }


def test_a_verb_returns_its_exit_code(verb: Callable[[Callable[[], object]], None]) -> None:
    verb(lambda: 6)
    assert run(["fake"]) == 6
    verb(lambda: None)
    assert run(["fake"]) == 0
    verb(lambda: click.get_current_context().exit(3))
    assert run(["fake"]) == 3


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["scna"], "error: unknown verb 'scna'   help: did you mean `arb scan`?"),
        (["dance"], "error: unknown verb 'dance'   help: `arb --help` lists the verbs"),
        (["--bogus"], "error: no such option '--bogus'   help: `arb --help`"),
        (["fake", "--duration", "soon"], "error: invalid value for '--duration': 'soon' is no duration"),
        (["fake", "extra"], "error: got unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    verb: Callable[[Callable[[], object]], None],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    verb(lambda: 0)
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(line)
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("6h", 21_600), ("1.5m", 90), ("250ms", 0.25)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "10d", "m", "1e3", "inf", "1,5s", "\u0967s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [("2682.500", "2682.5"), ("1E+3", "1000"), ("0E-8", "0"), ("-0.0", "0"), ("-1.50", "-1.5")],
)
def test_decimals_are_printed_plain(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_decimals_in_json_are_strings_and_floats_are_finite() -> None:
    assert '"data":{"p":"0.00000001"}' in envelope("x", {"p": Decimal("1e-8")})
    with pytest.raises(ValueError, match="JSON"):
        envelope("x", {"p": float("nan")})
