"""The simulated venues as a child process: started, asked, and gone when we are gone."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from arb.errors import ArbError

log = logging.getLogger("arb.sim")

_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONHASHSEED")
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


class _Child:
    """The process and its last words. Both its pipes are read all the time: a full one would stop it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.words: deque[str] = deque(maxlen=20)
        self._started = False
        self._readers = [asyncio.create_task(self._listen())]

    async def ready_line(self) -> bytes:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        self._started = True
        self._readers.append(asyncio.create_task(_discard(self.process.stdout)))
        return line

    async def end(self, timeout_s: float) -> None:
        """Closes its stdin and waits; kills it if it does not end in time."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            async with asyncio.timeout(timeout_s):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        finally:
            if self.process.returncode is None:  # we were cancelled: no second chance
                self.process.kill()
        await asyncio.gather(*self._readers)
        # The pipes' transports end with the loop; closing them here keeps the interpreter from complaining.
        transport = getattr(self.process, "_transport", None)
        if transport is not None:
            transport.close()

    async def _listen(self) -> None:
        assert self.process.stderr is not None
        while line := await _line(self.process.stderr):
            text = line.decode(errors="replace").rstrip()
            self.words.append(text)
            if self._started:
                log.warning("%s", text)


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # longer than the reader's limit; that much of it was taken away
        return b"...\n"


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


class SimulatedVenues:
    """Runs `arb sim` in a process group of its own, so that Ctrl-C reaches only us and the legs can be
    closed; it ends when its stdin does, also after our kill -9. Its environment is given by name: no secret
    leaks."""

    def __init__(self, child: _Child, ready: Mapping[str, Any]) -> None:
        self._child = child
        self.urls: Mapping[str, Any] = ready["venues"]
        self.control: str = ready["control"]
        self.key: str = ready["key"]
        self.secret: str = ready["secret"]
        self.pid = child.process.pid

    @classmethod
    async def start(cls, arguments: Sequence[str] = ()) -> SimulatedVenues:
        """ArbError with the child's own words where it does not come up."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the installed package, whatever the working directory holds
            "-m",
            "arb",
            "sim",
            "--json",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        child = _Child(process)
        line = b""
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                line = await child.ready_line()
            ready = json.loads(line)
            return cls(child, ready.get("data", ready))
        except TimeoutError:
            await child.end(0)
            raise ArbError(f"the simulated venues did not start within {_START_TIMEOUT_S:g} s") from None
        except (json.JSONDecodeError, KeyError):
            await child.end(_STOP_TIMEOUT_S)
            last = child.words[-1] if child.words else line.decode(errors="replace").strip()
            raise ArbError(f"the simulated venues did not start: {last.removeprefix('error: ')}") from None
        except BaseException:
            await child.end(0)
            raise

    @property
    def alive(self) -> bool:
        return self._child.process.returncode is None

    async def stop(self) -> None:
        """Closes its stdin and waits; kills it if it does not end."""
        await self._child.end(_STOP_TIMEOUT_S)
