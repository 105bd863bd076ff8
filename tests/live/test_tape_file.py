"""The tape on disk is whole, or it says that it is not."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from arb.live.tape_file import TapeFile
from arbcore.engine import replay_tape
from tests.live.rig import BYBIT, CALM, Rig

_ROOM = 4096


@contextmanager
def small_files() -> Iterator[None]:
    """Files end at _ROOM bytes, as on a nearly full disk: a write takes a part, the next one fails. Held for
    the one call only: the limit is the process's, and the test runner's own report is a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_flushed_piece_by_piece_replays_whole(tmp_path: Path) -> None:
    rig = Rig()
    tape = TapeFile(tmp_path / "a.tape", rig.engine)
    rig.account()
    tape.flush()
    rig.live()
    tape.flush()
    rig.cross()
    tape.close()
    tape.close()
    raw = (tmp_path / "a.tape").read_bytes()
    assert tape.bytes == len(raw)
    assert replay_tape(raw)["action_hash"] == rig.engine.action_hash
    assert tape.torn == ""


class Narrow:
    """A file that takes seven bytes at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, data: bytes) -> int:
        return self.file.write(data[:7])

    def close(self) -> None:
        self.file.close()


def test_a_write_that_takes_a_part_is_gone_on_with(tmp_path: Path) -> None:
    rig = Rig()
    tape = TapeFile(tmp_path / "a.tape", rig.engine)
    assert tape._file is not None
    tape._file = Narrow(tape._file)  # type: ignore[assignment]
    rig.live()
    tape.flush()
    rig.cross()
    tape.close()
    assert replay_tape(tape.path.read_bytes())["action_hash"] == rig.engine.action_hash


def test_an_earlier_tape_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.tape").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        TapeFile(tmp_path / "a.tape", Rig().engine)
    assert (tmp_path / "a.tape").read_bytes() == b"old"


def test_a_full_disk_ends_the_recording_and_not_the_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig()
    tape = TapeFile(tmp_path / "a.tape", rig.engine)
    rig.live()
    with caplog.at_level(logging.CRITICAL):
        for _ in range(100):
            rig.engine.frame(BYBIT, rig.bybit.move(*CALM), rig.tick())
            with small_files():
                tape.flush()
    tape.close()
    assert tape.torn
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert not (tmp_path / "a.tape").exists()
    torn = tmp_path / "a.tape.torn"
    assert tape.path == torn
    assert torn.stat().st_size == _ROOM
    assert replay_tape(torn.read_bytes())["status"] == "cut"
    assert rig.engine.drain_tape() == b""  # what is not kept does not pile up


def test_events_that_found_no_room_tear_the_tape(tmp_path: Path) -> None:
    rig = Rig(tape_bytes=2048)
    tape = TapeFile(tmp_path / "a.tape", rig.engine)
    tape.flush()
    for _ in range(1000):
        rig.engine.time(rig.tick())
    rig.live()
    tape.flush()
    tape.close()
    assert "no room" in tape.torn
    assert tape.path.name == "a.tape.torn"
