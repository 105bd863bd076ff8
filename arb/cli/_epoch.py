"""The number of this start, in every client order id: counted up durably, so that no id is used twice."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from arb.errors import ArbError

_LAST = 0xFFFF


def state_folder(name: str) -> Path:
    """`$STATE_DIRECTORY`, else the XDG state folder; one folder a run name, private to its owner."""
    base = os.environ.get("STATE_DIRECTORY") or os.environ.get("XDG_STATE_HOME")
    root = Path(base) if base else Path.home() / ".local" / "state"
    folder = (root if os.environ.get("STATE_DIRECTORY") else root / "arb") / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def next_epoch(name: str) -> int:
    """Durable before it is returned. ArbError when the numbers are used up: a new instance is needed then."""
    path = state_folder(name) / "epoch"
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        if text and not text.isdigit():
            raise ArbError(
                f"{path}: {text!r} is no epoch", hint="restore it, or choose other `instance` letters"
            )
        epoch = int(text or "0") + 1
        if epoch > _LAST:
            raise ArbError(f"{path}: all {_LAST} starts are used up", hint="choose other `instance` letters")
        os.pwrite(descriptor, f"{epoch}\n".encode(), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:  # the file's name is durable only with its folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return epoch
