"""Recordings are read whole or refused, and a bad line never stops the reading."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from arb.data.blocks import BlockStats, RecordingError, read_blocks
from arb.data.recording import Recording, RefusedLine, read_frames
from arb.errors import UsageError

TEXT = b"".join(
    b'%d {"u":%d,"pad":"%s"}\n' % (1_700_000_000_000_000_000 + n, n, b"x" * (n % 97)) for n in range(500)
)


def zstd_frames(text: bytes, parts: int = 5, checksum: bool = True) -> bytes:
    step = -(-len(text) // parts)
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=checksum)
    return b"".join(compressor.compress(text[at : at + step]) for at in range(0, len(text), step))


def gzip_members(text: bytes) -> bytes:
    half = len(text) // 2
    return gzip.compress(text[:half], mtime=0) + gzip.compress(text[half:], mtime=0)


def plain(text: bytes) -> bytes:
    return text


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "pack"), [("r.jsonl", plain), ("r.jsonl.gz", gzip_members), ("r.jsonl.zst", zstd_frames)]
)
def test_every_format_gives_back_every_line(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    frames = list(read_frames([write(tmp_path, name, pack(TEXT))]))
    assert len(frames) == 500
    assert b"".join(b"%d %s\n" % frame for frame in frames) == TEXT


def test_the_first_bytes_tell_the_format_whatever_the_name(tmp_path: Path) -> None:
    assert b"".join(read_blocks(write(tmp_path, "recording", zstd_frames(TEXT)))) == TEXT


@pytest.mark.parametrize("name", ["a.gz", "a.zst"])
@pytest.mark.parametrize("data", [b"", b"1 {}\n"])
def test_a_name_that_promises_compression_must_keep_it(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(RecordingError, match="named"):
        list(read_blocks(write(tmp_path, name, data)))


def test_a_zstd_file_cut_inside_any_frame_is_refused(tmp_path: Path) -> None:
    parts = [zstd_frames(TEXT[:3000], 1), zstd_frames(TEXT[3000:6000], 1), zstd_frames(TEXT[6000:9000], 1)]
    whole = b"".join(parts)
    boundaries = {len(parts[0]), len(parts[0]) + len(parts[1]), len(whole)}
    passed = set()
    for end in range(len(parts[0]), len(whole) + 1):
        path = write(tmp_path, "cut.zst", whole[:end])
        try:
            assert b"".join(read_blocks(path)) == TEXT[: 3000 * (1 + sorted(boundaries).index(end))]
            passed.add(end)
        except RecordingError:
            assert end not in boundaries, f"a cut at the frame boundary {end} leaves whole frames"
    assert passed == boundaries


def test_a_gzip_file_cut_anywhere_but_at_a_member_is_refused(tmp_path: Path) -> None:
    first = gzip.compress(TEXT[:4000], mtime=0)
    whole = first + gzip.compress(TEXT[4000:8000], mtime=0)
    for end in range(2, len(whole)):
        path = write(tmp_path, "cut.gz", whole[:end])
        if end == len(first):
            assert b"".join(read_blocks(path)) == TEXT[:4000]
            continue
        with pytest.raises(RecordingError, match=r"torn|damaged"):
            list(read_blocks(path))


@pytest.mark.parametrize(("name", "pack"), [("flip.gz", gzip_members), ("flip.zst", zstd_frames)])
def test_a_flipped_bit_never_changes_the_text_in_silence(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    whole = pack(TEXT)
    for at in range(4, len(whole), max(1, len(whole) // 150)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << (at % 8)
        path = write(tmp_path, name, bytes(damaged))
        try:
            text = b"".join(read_blocks(path))
        except RecordingError:
            continue
        assert text == TEXT, f"bit {at % 8} of byte {at} changed the text and nobody said so"


def test_frames_without_a_checksum_are_counted(tmp_path: Path) -> None:
    stats = BlockStats()
    data = zstd_frames(TEXT, 4, checksum=False) + zstd_frames(TEXT, 3)
    assert b"".join(read_blocks(write(tmp_path, "r.zst", data), stats)) == TEXT + TEXT
    assert (stats.members, stats.unchecked) == (7, 4)


def test_bytes_after_the_last_member_are_refused(tmp_path: Path) -> None:
    for name, data in (("r.gz", gzip_members(TEXT)), ("r.zst", zstd_frames(TEXT))):
        with pytest.raises(RecordingError, match="damaged"):
            list(read_blocks(write(tmp_path, name, data + b"rubbish that is long enough")))


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.gz: No such file"):
        list(read_blocks(tmp_path / "nothing.gz"))


def test_a_bad_line_is_named_and_counted_and_the_reading_goes_on(tmp_path: Path) -> None:
    text = b'1 {"a":1}\nrubbish\n\n{"no":"time"}\n-5 {}\n12\n'
    text += b'99999999999999999999 {}\n9223372036854775808 {}\n2 {"b":2}\r\n3 {rubbish}\n4 {"b":[1'
    path = write(tmp_path, "r.jsonl", text)
    refused: list[RefusedLine] = []
    recording = Recording((path,), refused.append)
    assert [(line.recv_ns, line.body, line.number) for line in recording] == [
        (1, b'{"a":1}', 1),
        (2, b'{"b":2}', 9),
        (3, b"{rubbish}", 10),  # whether it is JSON is for the venue's reader to say
    ]
    assert [line.number for line in refused] == [2, 4, 5, 6, 7, 8, 11]
    assert recording.refused == 7
    assert str(refused[0]) == f"{path}:2: not of the form `<recv_ns> <raw json>`"


def test_control_lines_are_kept_apart(tmp_path: Path) -> None:
    head = b'1 {"arb":"open","schema":1,"instruments":[{"name":"binance:BTC/USDT","tick":"0.01"}]}\n'
    data = head + b'2 {"s":"\\"arb\\"","x":"arb"}\n3 {"x":{"arb":1}}\n4 {"u":1, "arb":"gap"}\n'
    recording = Recording((write(tmp_path, "r.jsonl", data),))
    assert [line.recv_ns for line in recording] == [2, 3]
    assert [control["arb"] for control in recording.controls] == ["open", "gap"]
    assert recording.instruments == [{"name": "binance:BTC/USDT", "tick": "0.01"}]


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    first = write(tmp_path, "1.gz", gzip_members(TEXT))
    second = write(tmp_path, "2.zst", zstd_frames(TEXT))
    lines = list(Recording((first, second)))
    assert len(lines) == 1000
    assert [lines[at].path for at in (0, 499, 500, 999)] == [first, first, second, second]
