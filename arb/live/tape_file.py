"""Writes the engine's tape to disk while it runs: what entered, as it entered, for `arb replay`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import BinaryIO

from arbcore.engine import Engine

log = logging.getLogger("arb.tape")


class TapeFile:
    """Append-only; `flush` takes what the engine recorded since the last call.

    A tape that lost a byte replays something else, so it is given up as a whole: on a write error, and when
    the engine found no room between two calls, the file is renamed to `<name>.torn`, `torn` says why, and
    trading goes on without it.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self._engine = engine
        self.path = path
        self._file: BinaryIO | None = path.open("xb", buffering=0)  # never overwrites an earlier session
        self.bytes = 0
        self.torn = ""

    def flush(self) -> None:
        recorded = memoryview(self._engine.drain_tape())
        if self._file is None:
            return
        if self._engine.tape_dropped:
            self._give_up(f"{self._engine.tape_dropped} events found no room")
            return
        try:
            while recorded:
                written = self._file.write(recorded)  # the last room of a disk takes a part of it
                recorded = recorded[written:]
                self.bytes += written
        except OSError as error:
            self._give_up(error.strerror or str(error))

    def close(self) -> None:
        if self._file is None:
            return
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _give_up(self, why: str) -> None:
        self.torn = why
        assert self._file is not None
        file, self._file = self._file, None
        try:
            file.close()
            self.path = self.path.rename(self.path.with_name(self.path.name + ".torn"))
        except OSError as error:
            why = f"{why}; {error}"
        log.critical("recording stopped, the tape is torn: %s; %s", why, self.path)
