"""A file's decompressed bytes, whole or refused: plain, gzip, Zstandard.

Both formats let a reader stop early without an error: `ZstdDecompressor.decompress()` returns the first
frame only, `stream_reader` a torn tail. So members (gzip) and frames (zstd) are walked one by one and the end
mark of each is demanded; gzip checks its CRC there, zstd its content checksum where the writer left one.
Without a checksum more than half of single bit flips change the text in silence: such frames are counted.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from arb.errors import ArbError, UsageError

CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_HEADER_MAX = 18


class RecordingError(ArbError):
    """A recording that cannot be read to its end: torn, damaged, or not what its name says."""


class _Member(Protocol):
    """One gzip member or zstd frame being read; both libraries' objects have this shape."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(slots=True)
class BlockStats:
    """What the walk saw: `members` complete ones, `unchecked` zstd frames without a content checksum."""

    members: int = 0
    unchecked: int = 0


def _is_skippable(head: bytes) -> bool:
    return len(head) >= 4 and head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50


def _open_gzip(data: bytes, stats: BlockStats) -> _Member:
    if data[:2] != _GZIP[: len(data)]:
        raise zlib.error("bytes after the last member are no gzip member")
    return zlib.decompressobj(wbits=31)


def _open_zstd(data: bytes, stats: BlockStats) -> _Member:
    import zstandard

    if not _is_skippable(data) and not zstandard.get_frame_parameters(data).has_checksum:
        stats.unchecked += 1
    return zstandard.ZstdDecompressor().decompressobj()


def _walk(
    file: BinaryIO, path: Path, open_member: Callable[[bytes, BlockStats], _Member], stats: BlockStats
) -> Iterator[bytes]:
    data = file.read(CHUNK)
    while data:
        # A header cut by the chunk's end would be taken for a torn one.
        if len(data) < _ZSTD_HEADER_MAX:
            data += file.read(CHUNK)
        member = open_member(data, stats)
        while True:
            text = member.decompress(data)
            if text:
                yield text
            if member.eof:
                break
            data = file.read(CHUNK)
            if not data:
                raise RecordingError(
                    f"{path}: torn after {stats.members} complete blocks: the last one has no end mark",
                    hint="the writer was stopped; cut the file at its last whole block",
                )
        stats.members += 1
        data = member.unused_data or file.read(CHUNK)


def read_blocks(path: Path, stats: BlockStats | None = None) -> Iterator[bytes]:
    """Decompressed bytes of `path` in pieces of any size, in order.

    The format is told by the first bytes; a name that ends in .gz or .zst must be right about it. Raises
    UsageError where the file cannot be opened and RecordingError where it is torn or damaged: the pieces
    yielded until then are no complete recording.
    """
    stats = stats if stats is not None else BlockStats()
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    with file:
        try:
            head = file.read(4)
            file.seek(0)
            if head[:2] == _GZIP:
                yield from _walk(file, path, _open_gzip, stats)
            elif head == _ZSTD or _is_skippable(head):
                yield from _walk(file, path, _open_zstd, stats)
            elif path.suffix in (".gz", ".zst"):
                kind = "gzip" if path.suffix == ".gz" else "Zstandard"
                raise RecordingError(
                    f"{path}: named {path.suffix} but no {kind} data ({len(head)} bytes seen)"
                )
            else:
                while text := file.read(CHUNK):
                    yield text
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from None
        except RecordingError:
            raise
        except Exception as error:
            # zlib.error and zstandard.ZstdError; the latter is not imported for a gzip file.
            if type(error).__name__ not in ("error", "ZstdError"):
                raise
            raise RecordingError(f"{path}: damaged: {error}") from None
