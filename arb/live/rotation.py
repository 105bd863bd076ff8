"""The market feed of a venue: one connection that counts, and for a moment a second that takes over.

Venues end every connection (Binance after 24 h) and announce restarts. So before that a second connection
syncs books of its own; each instrument switches to it when that book is LIVE and not behind, and only then
is the old connection closed: no gap, and never a moment without a book.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from arb.live.market import MarketConnection
from arbcore.feed import Turn

log = logging.getLogger("arb.feed")

_LOOK_S = 0.02
_RETRY_S = 60.0  # after a rotation that did not come about


class MarketFeed:
    """`make(connection)` builds the connection with that engine id; `ids` are the two it goes to and fro
    between.

    `life_s`: planned life of a connection, of which a random last tenth is not used, so that many feeds do
    not rotate at once; 0 never rotates. `overlap_s`: how long the new one may take to be LIVE. `random` gives
    [0, 1).
    """

    def __init__(
        self,
        name: str,
        make: Callable[[int], MarketConnection],
        ids: tuple[int, int],
        instruments: Sequence[int],
        turn: Turn,
        *,
        life_s: float,
        overlap_s: float,
        random: Callable[[], float],
    ) -> None:
        self.name = name
        self._make = make
        self._ids = ids
        self._instruments = tuple(instruments)
        self._turn = turn
        self._life_s = life_s
        self._overlap_s = overlap_s
        self._random = random
        self._live: dict[int, MarketConnection] = {}
        self._current = ids[0]
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.rotations = 0
        self.failed_rotations = 0

    @property
    def current(self) -> MarketConnection:
        return self._live[self._current]

    def start(self) -> None:
        """Raises PermissionError for an address that is not on this machine."""
        self._open(self._current)
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._rotate_for_ever(), name=f"rotation {self.name}")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for connection in list(self._live):
            await self._close(connection)

    def resync(self, instrument: int, connection: int) -> None:
        """The engine wants a fresh snapshot of that connection's book."""
        if connection in self._live:
            self._live[connection].resync(instrument)

    def rotate_soon(self) -> None:
        """The venue announced the end of the connection, or somebody asks for it."""
        self._wanted.set()

    # The second connection.

    async def _rotate_for_ever(self) -> None:
        wait_s = self._planned_s()
        while True:
            try:
                async with asyncio.timeout(wait_s):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            done = await self._rotate()
            wait_s = self._planned_s() if done else _RETRY_S

    def _planned_s(self) -> float | None:
        return self._life_s * (0.9 + 0.1 * self._random()) if self._life_s else None

    async def _rotate(self) -> bool:
        old, new = self._current, self._ids[1 - self._ids.index(self._current)]
        self._open(new)
        try:
            async with asyncio.timeout(self._overlap_s):
                while not self._switched(new):  # noqa: ASYNC110 - a book that gets LIVE is no event here
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            if self._any_on(new):
                # Some instruments count on the new one already: neither may be closed.
                log.error("%s: not every book could be switched, both connections stay", self.name)
                return self._failed()
            await self._close(new)
            log.error("%s: the new connection was not LIVE within %g s", self.name, self._overlap_s)
            return self._failed()
        self._current = new
        self.rotations += 1
        await self._close(old)
        return True

    def _switched(self, new: int) -> bool:
        """Switches what can be switched; True when everything is on the new connection."""
        engine = self._turn.engine
        for instrument in self._instruments:
            if engine.active_connection(instrument) != new and engine.can_switch(instrument):
                engine.switch(instrument, self._turn.stamp())
        return all(engine.active_connection(instrument) == new for instrument in self._instruments)

    def _any_on(self, connection: int) -> bool:
        engine = self._turn.engine
        return any(engine.active_connection(instrument) == connection for instrument in self._instruments)

    def _failed(self) -> bool:
        self.failed_rotations += 1
        return False

    def _open(self, connection: int) -> None:
        if connection not in self._live:
            self._live[connection] = self._make(connection)
            self._live[connection].start()

    async def _close(self, connection: int) -> None:
        await self._live.pop(connection).stop()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._turn.fail(f"{self.name}: the market connection is not rotated any more", error)
