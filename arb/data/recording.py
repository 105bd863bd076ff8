"""Raw recordings: lines `<recv_ns> <raw json>`, several files of one instrument in the order given.

A line that is not of this form is refused by name (`file:line: reason`), counted, and the reading goes on;
a file that is torn or damaged as a whole raises (see `blocks`). JSON is not parsed here, the venue's reader
does that; only lines with a key "arb" are looked into: they are the recorder's own (`open`, `gap`, ...).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from arb.data.blocks import BlockStats, read_blocks

_INT64_DIGITS = 18  # 19-digit numbers are compared, shorter ones fit
_INT64_MAX = (1 << 63) - 1
# What stands between is for the venue's reader to judge; this much tells a line that was cut.
_OPENS, _CLOSES = (b"{", b"["), (b"}", b"]")
_CONTROL_MARK = b'"arb"'


class Line(NamedTuple):
    """One frame as received. `recv_ns`: wall time at the recording's start plus monotonic time since."""

    recv_ns: int
    body: bytes
    number: int  # counted from 1 within its file
    path: Path


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that could not be used, and why."""

    path: Path
    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.reason}"


@dataclass(slots=True)
class Recording:
    """The files of one instrument, read front to back as one stream. Iterate it as often as you like."""

    paths: tuple[Path, ...]
    on_refused: Callable[[RefusedLine], None] | None = None
    refused: int = 0
    controls: list[dict[str, Any]] = field(default_factory=list)
    stats: BlockStats = field(default_factory=BlockStats)

    def __iter__(self) -> Iterator[Line]:
        """Frames in file order; counters and `controls` start anew."""
        self.refused = 0
        self.controls.clear()
        self.stats = BlockStats()
        for path in self.paths:
            yield from self._file(path)

    def _refuse(self, path: Path, number: int, reason: str) -> None:
        self.refused += 1
        if self.on_refused is not None:
            self.on_refused(RefusedLine(path, number, reason))

    def _file(self, path: Path) -> Iterator[Line]:
        for number, text in enumerate(_lines(read_blocks(path, self.stats)), start=1):
            stamp, _, body = text.partition(b" ")
            if not stamp.isdigit() or body[:1] not in _OPENS or body[-1:] not in _CLOSES:
                if text.strip():
                    self._refuse(path, number, "not of the form `<recv_ns> <raw json>`")
                continue
            if len(stamp) > _INT64_DIGITS + 1 or (recv_ns := int(stamp)) > _INT64_MAX:
                self._refuse(path, number, "the receive time is beyond 64 bits")
                continue
            if _CONTROL_MARK in body and (control := _control(body)) is not None:
                self.controls.append(control)
                continue
            yield Line(recv_ns, body, number, path)

    @property
    def instruments(self) -> list[dict[str, Any]]:
        """Metadata (tick, lot, minimums, fees) of the `open` lines read so far; foreign files have none."""
        found: list[dict[str, Any]] = []
        for control in self.controls:
            if control.get("arb") == "open":
                listed = control.get("instruments", [])
                found += (
                    [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
                )
        return found


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line[:-1] if line.endswith(b"\r") else line
    if rest:
        yield rest


def _control(body: bytes) -> dict[str, Any] | None:
    import orjson

    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) and "arb" in value else None


def read_frames(paths: Iterable[Path]) -> Iterator[tuple[int, bytes]]:
    """`(recv_ns, body)` of every frame in `paths`, file after file, without control and refused lines."""
    for line in Recording(tuple(paths)):
        yield line.recv_ns, line.body
