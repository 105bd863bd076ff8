"""The installed program in a process of its own, bounded in time, killed by its id when a test leaves it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import pytest

_T = TypeVar("_T")

PROGRAM = (sys.executable, "-P", "-m", "arb")  # -P: what is installed, whatever the working folder holds
SHARED = Path(__file__).resolve().parents[3] / "../shared"
CAPTURES = ("spot_btcusdt_20240808.gz", "spot_ethusdt_20240808.gz")
CANARY = {"FOO_API_SECRET": "canary-" + "7f3a" * 4}

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc on this system")


def capture(name: str) -> Path:
    """A real recording; the test is skipped where the data are not beside the project."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"{path} is not there: real recordings lie beside the project, not in it")
    return path.resolve()


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours without arb's own variables, with a state folder of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARB_", "PYTHON"))}
    return kept | {"XDG_STATE_HOME": str(folder / "state")} | dict(extra or {})


def no_traceback(text: str) -> None:
    for line in ("Traceback", "Task exception was never retrieved", "was never awaited", "Exception ignored"):
        assert line not in text, text


class Done:
    """How a process ended."""

    def __init__(self, code: int, stdout: str, stderr: str, seconds: float) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds
        no_traceback(stdout + stderr)

    @property
    def envelope(self) -> dict[str, Any]:
        """The one JSON object that stdout must be."""
        assert self.stdout.count("\n") == 1, self.stdout + self.stderr
        body: dict[str, Any] = json.loads(self.stdout)
        assert set(body) == {"schema", "ok", "code", "data", "errors"}
        assert (body["code"], body["ok"]) == (self.code, self.code == 0)
        return body

    @property
    def data(self) -> dict[str, Any]:
        """Of a run that ended well."""
        assert self.code == 0, self.stdout + self.stderr
        data: dict[str, Any] = self.envelope["data"]
        return data


class Program:
    """`with Program(folder, "run", ...) as program`: started at once, dead when the block ends."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        command: Sequence[str] = PROGRAM,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._out = folder / f"out-{time.monotonic_ns()}"
        self._err = self._out.with_suffix(".err")
        self._began = time.monotonic()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*command, *arguments],
                stdin=stdin,
                stdout=out,
                stderr=err,
                cwd=folder,
                env=environment(folder, env),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stdout(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def until(self, pattern: str, seconds: float = 30.0) -> re.Match[str]:
        """Waits for a line on stdout or stderr."""

        def found() -> re.Match[str] | None:
            match = re.search(pattern, self.stdout + "\n" + self.stderr)
            if match is None and self.process.poll() is not None:
                raise AssertionError(
                    f"ended with {self.process.returncode} first:\n{self.stdout}{self.stderr}"
                )
            return match

        match = wait_for(found, seconds, f"{pattern!r} was not printed")
        assert match is not None
        return match

    def child(self, seconds: float = 20.0) -> int:
        """The process it starts, as soon as there is one."""

        def found() -> list[int]:
            assert self.process.poll() is None, self.stdout + self.stderr
            return children(self.pid)

        return wait_for(found, seconds, "no child was started")[0]

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 30.0) -> Done:
        code = self.process.wait(seconds)
        return Done(code, self.stdout, self.stderr, time.monotonic() - self._began)


def call(folder: Path, *arguments: str, env: Mapping[str, str] | None = None, seconds: float = 60.0) -> Done:
    """Runs the program to its end."""
    with Program(folder, *arguments, env=env) as program:
        return program.wait(seconds)


def wait_for(ready: Callable[[], _T], seconds: float, what: str, pause: float = 0.02) -> _T:
    """The first true value of `ready()`."""
    end = time.monotonic() + seconds
    while not (value := ready()):
        assert time.monotonic() < end, f"{what} within {seconds:g} s"
        time.sleep(pause)
    return value


def children(pid: int) -> list[int]:
    """Of all threads: asyncio may start a child from any."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in task.read_text().split()]
    return found


def alive(pid: int) -> bool:
    """A zombie is dead: it only waits for its parent to read how it ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def group(pgid: int) -> list[int]:
    """Living members of a process group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pgid and fields[0] != "Z":
            found.append(int(entry.name))
    return found
