"""What the compiled reader refused, read once more through orjson and given to the same book.

Refused here too: the book is STALE and resyncs. Both are rare, counted and said.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from arbcore.feed import Turn
from arbcore.slowpath import READERS, Refused

log = logging.getLogger("arb.feed")

_SAY_EVERY_NS = 1_000_000_000  # a venue that changed its format refuses thousands of frames a second


class SlowPath:
    """For the connections of one venue; `symbols`: the venue's symbol -> (instrument, grid)."""

    def __init__(self, venue: str, turn: Turn, symbols: Mapping[str, tuple[int, tuple[int, int]]]) -> None:
        self._read = READERS[venue]
        self._turn = turn
        self._instruments = {symbol: instrument for symbol, (instrument, _) in symbols.items()}
        self._grids = {symbol: grid for symbol, (_, grid) in symbols.items()}
        self._quiet_until_ns = 0
        self._unsaid = 0
        self.read = 0
        self.refused = 0

    def __call__(self, connection: int, payload: bytes) -> None:
        engine = self._turn.engine
        try:
            update = self._read(payload, self._grids)
        except Refused as refusal:
            self.refused += 1
            self._say(refusal, payload)
            engine.refused(connection, self._turn.stamp(), self._meant(payload))
            return
        self.read += 1
        if update is not None:
            engine.update(self._instruments[update.symbol], update, self._turn.stamp(), connection)

    def _meant(self, payload: bytes) -> int | None:
        """The one instrument whose symbol stands in the frame; None, every book of the connection, where it
        cannot be told."""
        named = [
            instrument for symbol, instrument in self._instruments.items() if f'{symbol}"'.encode() in payload
        ]
        return named[0] if len(named) == 1 else None

    def _say(self, refusal: Refused, payload: bytes) -> None:
        now_ns = time.monotonic_ns()
        if now_ns < self._quiet_until_ns:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more since the last such line)" if self._unsaid else ""
        log.error("frame refused: %s%s; %s", refusal, more, payload[:200].decode(errors="replace"))
        self._unsaid = 0
        self._quiet_until_ns = now_ns + _SAY_EVERY_NS
