"""A tape read by code of its own, so that what the core says of its books can be compared with the frames."""

import contextlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arbcore.engine import replay_tape

_VENUE, _INSTRUMENT, _CONNECTION, _CONN_UP, _CONN_DOWN, _STREAM, _FRAME = 2, 5, 6, 7, 8, 9, 10
_NEWS = range(18, 24)  # report, fill, reject, ambiguous, found, absent
_COMMAND = 25
FRAME_BODY = 16  # time i64, connection u16, padding; the bytes follow
Key = tuple[str, str]  # venue, symbol


@dataclass(slots=True)
class Book:
    """States of one book, as the replay saw them: (time_ns, state, reason)."""

    states: list[tuple[int, str, str]] = field(default_factory=list)

    def next(self, state: str, from_ns: int) -> tuple[int, str]:
        """(time_ns, reason) of the first change to `state` at or after `from_ns`."""
        for time_ns, found, reason in self.states:
            if found == state and time_ns >= from_ns:
                return time_ns, reason
        raise AssertionError(f"the book was not {state} again; {self.states}")


def records(tape: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(offset of the body, kind, body)."""
    at = 0
    while at < len(tape):
        kind, length = struct.unpack_from("<BI", tape, at)
        yield at + 5, kind, tape[at + 5 : at + 5 + length]
        at += 5 + length


def open_at_the_end(tape: bytes) -> bool:
    """Was anything still heard of orders after the first command, "no new trades"?"""
    kinds = [kind for _, kind, _ in records(tape)]
    return any(kind in _NEWS for kind in kinds[kinds.index(_COMMAND) :])


class Tape:
    """Frames, disconnections and depth updates from the bytes; books and orders from the replay."""

    def __init__(self, path: Path, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")) -> None:
        self.bytes = path.read_bytes()
        self.replayed = replay_tape(self.bytes)
        assert self.replayed["status"] == "ok"
        venues: list[str] = []
        listed: list[str] = []
        connections: list[str] = []  # the venue of each: two a venue, one of them in use
        self.downs: list[tuple[int, str]] = []  # time_ns, venue
        self.private: list[tuple[int, str, bool]] = []  # time_ns, venue, up
        self.gaps: list[tuple[int, Key]] = []  # time_ns of the frame that shows it
        self.depth: dict[Key, list[int]] = {}  # times of depth frames
        chains: dict[Key, int | None] = {}
        for _, kind, body in records(self.bytes):
            if kind == _VENUE:
                venues.append(body[2:].decode())
            elif kind == _INSTRUMENT:
                listed.append(next(symbol for symbol in symbols if body.endswith(symbol.encode())))
            elif kind == _CONNECTION:
                connections.append(venues[body[2]])
            elif kind in (_CONN_UP, _CONN_DOWN, _STREAM, _FRAME):
                time_ns, number = struct.unpack_from("<qH", body)
                private = kind == _STREAM and body[10] == 0
                venue = venues[number] if private else connections[number]
                if kind == _CONN_DOWN:
                    self.downs.append((time_ns, venue))
                if kind == _CONN_UP:
                    chains |= {(venue, symbol): None for symbol in symbols}
                if private:
                    self.private.append((time_ns, venue, body[11] == 1))
                if kind == _FRAME:
                    with contextlib.suppress(json.JSONDecodeError):  # faults send such frames too
                        self._follow(venue, time_ns, json.loads(body[FRAME_BODY:]), chains)
        per_venue = len(listed) // len(venues)
        self.instruments: list[Key] = [(venues[at // per_venue], symbol) for at, symbol in enumerate(listed)]
        self.books = {key: Book() for key in self.instruments}
        for time_ns, instrument, state, reason in self.replayed["books"]:
            self.books[self.instruments[instrument]].states.append((time_ns, state, reason))

    def _follow(self, venue: str, time_ns: int, frame: dict[str, Any], chains: dict[Key, int | None]) -> None:
        """Binance spot: `U` continues `u` + 1. Bybit: `u` goes up by one, a snapshot starts anew."""
        if venue == "binance":
            data = frame.get("data", {})
            if data.get("e") != "depthUpdate":
                return
            key, first, last = (venue, data["s"]), data["U"], data["u"]
        else:
            if not frame.get("topic", "").startswith("orderbook.") or frame["topic"].startswith(
                "orderbook.1."
            ):
                return
            data = frame["data"]
            key, first, last = (venue, data["s"]), data["u"], data["u"]
            if frame["type"] == "snapshot":
                chains[key] = None
        known = chains.get(key)
        if known is not None and first > known + 1:
            self.gaps.append((time_ns, key))
        chains[key] = last
        self.depth.setdefault(key, []).append(time_ns)

    def placed(self) -> list[tuple[int, Key, str]]:
        """(trigger_ns, instrument, state of its book when the order was decided on)."""
        return [
            (trigger, self.instruments[instrument], state)
            for trigger, _, instrument, _, state in self.replayed["placed"]
        ]
