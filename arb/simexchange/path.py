"""A price path from a real recording: `<recv_ns> <raw json>` lines, gzip, zstd or plain.

Only the middle of the best prices is taken: from bookTicker lines where there are any, else from the top of
the depth stream. At the end the path runs backwards and forwards again, so that it never jumps.
"""

import gzip
import io
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import orjson
import zstandard

from arb.simexchange.sorted_levels import SortedLevels, sorted_ints

_SCALE = 100_000_000  # prices of a recording as integers of 1e-8
_QUOTES = ("USDT", "USDC", "FDUSD")


class RecordingError(ValueError):
    """A file that gives no price path; the message names it and the reason in one line."""


class RecordedPath:
    """Middle prices by time since the first one, played at `speed`."""

    def __init__(self, stamps_ns: "array[int]", mids: "array[float]", speed: float) -> None:
        self._stamps = stamps_ns
        self._mids = mids
        self._speed = speed
        self._length = stamps_ns[-1]

    def at(self, elapsed_ns: int) -> float:
        position = int(elapsed_ns * self._speed)
        if self._length > 0:
            position %= 2 * self._length  # there and back
            if position > self._length:
                position = 2 * self._length - position
        return self._mids[max(0, bisect_right(self._stamps, position) - 1)]


def load_paths(files: Iterable[Path], speed: float) -> tuple[dict[str, RecordedPath], int]:
    """Paths by base asset, and how many lines could not be used. A later file of the same asset replaces."""
    paths: dict[str, RecordedPath] = {}
    refused = 0
    for file in files:
        reader = _Reader()
        try:
            for line in _lines(file):
                reader.feed(line)
        except (OSError, EOFError, zstandard.ZstdError) as error:
            raise RecordingError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
        stamps, mids = reader.path()
        refused += reader.refused
        base = _base_of(reader.symbol)
        if base is None or len(mids) < 2:
            raise RecordingError(f"{file}: no prices of a USDT symbol in it")
        paths[base] = RecordedPath(stamps, mids, speed)
    return paths, refused


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        source: IO[bytes] = raw
        if magic[:2] == b"\x1f\x8b":
            source = io.BufferedReader(gzip.GzipFile(fileobj=raw))
        elif magic == b"\x28\xb5\x2f\xfd":
            source = io.BufferedReader(
                zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            )
        yield from source


def _base_of(symbol: str) -> str | None:
    for quote in _QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol[: -len(quote)]
    return None


class _Reader:
    """Collects (time, middle) of one file. Unusable lines are counted, never guessed at."""

    def __init__(self) -> None:
        self.symbol = ""
        self.refused = 0
        self._tickers: tuple[array[int], array[float]] = (array("q"), array("d"))
        self._depths: tuple[array[int], array[float]] = (array("q"), array("d"))
        self._bids: SortedLevels[int, int] = sorted_ints()
        self._asks: SortedLevels[int, int] = sorted_ints()

    def path(self) -> "tuple[array[int], array[float]]":
        stamps, mids = self._tickers if len(self._tickers[0]) else self._depths
        if len(stamps):
            first = stamps[0]
            stamps = array("q", [max(0, stamp - first) for stamp in stamps])
        return stamps, mids

    def feed(self, line: bytes) -> None:
        stamp, _, text = line.partition(b" ")
        if not text.strip():
            return
        try:
            message = orjson.loads(text)
            self._take(int(stamp), message)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            self.refused += 1

    def _take(self, stamp: int, message: dict[str, object]) -> None:
        data = message.get("data", message)
        if not isinstance(data, dict):
            return
        if isinstance(data.get("b"), str) and isinstance(data.get("a"), str):
            self.symbol = data["s"]
            self._add(self._tickers, stamp, (_scaled(data["b"]) + _scaled(data["a"])) / (2 * _SCALE))
            return
        if len(self._tickers[0]):
            return  # the best price is there directly; the depth need not be rebuilt
        if "lastUpdateId" in data:
            self._replace(data["bids"], data["asks"])
        elif isinstance(data.get("b"), list) and isinstance(data.get("a"), list):
            self.symbol = data["s"]
            if message.get("type") == "snapshot":
                self._replace(data["b"], data["a"])
            else:
                self._apply(data["b"], data["a"])
        else:
            return
        if len(self._bids) and len(self._asks):
            bid, ask = self._bids.peekitem(-1)[0], self._asks.peekitem(0)[0]
            if bid < ask:
                self._add(self._depths, stamp, (bid + ask) / (2 * _SCALE))

    @staticmethod
    def _add(into: "tuple[array[int], array[float]]", stamp: int, mid: float) -> None:
        if mid > 0 and (not len(into[0]) or stamp >= into[0][-1]):
            into[0].append(stamp)
            into[1].append(mid)

    def _replace(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        self._bids, self._asks = sorted_ints(), sorted_ints()
        self._apply(bids, asks)

    def _apply(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for levels, rows in ((self._bids, bids), (self._asks, asks)):
            for price, qty in rows:
                key, size = _scaled(price), _scaled(qty)
                if size:
                    levels[key] = size
                elif key in levels:
                    del levels[key]


def _scaled(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * _SCALE + int((fraction + "00000000")[:8])
