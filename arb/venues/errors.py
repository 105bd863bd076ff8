"""Error tables: (transport, code, start of the message) -> class; the first row that fits decides.

Whatever is not listed is UNKNOWN: an order behind an answer we do not understand may exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from arb.venues.base import ErrorClass


class Transport(Enum):
    http = "http"  # code is the HTTP status
    rest = "rest"  # code of the venue in a REST body
    ws = "ws"  # code of the venue on a WebSocket API


@dataclass(slots=True, frozen=True)
class ErrorRow:
    transport: Transport
    code: int
    error_class: ErrorClass
    prefix: str = ""  # the message starts with it; "" fits every message


class ErrorTable:
    """Rows of one market, looked up by code and then in the order they were written."""

    def __init__(self, rows: Iterable[ErrorRow]) -> None:
        self.rows = tuple(rows)
        self._index: dict[tuple[Transport, int], list[ErrorRow]] = {}
        for row in self.rows:
            self._index.setdefault((row.transport, row.code), []).append(row)

    def find(self, transport: Transport, code: int, message: str) -> ErrorRow | None:
        for row in self._index.get((transport, code), ()):
            if message.startswith(row.prefix):
                return row
        return None

    def classify(self, transport: Transport, code: int, message: str) -> ErrorClass:
        row = self.find(transport, code, message)
        return ErrorClass.unknown if row is None else row.error_class
