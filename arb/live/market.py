"""One market connection kept alive: connect, subscribe, notice silence, connect again.

The compiled listener moves the bytes; this only says when and where.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping

from picows import WSProtocolError, WSTransport

from arb.live.dial import dial
from arb.live.hosts import HostGuard
from arb.live.resync import Resyncs
from arb.live.slow_path import SlowPath
from arb.live.vigil import Vigil
from arb.venues.backoff import Backoff
from arb.venues.base import ClockPort, HttpPort, MarketStream, Venue
from arb.venues.subscriptions import ReplyKind
from arbcore.feed import MarketListener, Turn

log = logging.getLogger("arb.feed")

_FRAME_LIMIT = 1024 * 1024  # a real 1,000-level frame has 35 KB
_CONNECT_TIMEOUT_S = 5.0
_LOOK_S = 0.2
_CLOSE_TIMEOUT_S = 1.0  # an aborted transport reports its end in the next turn of the loop


class MarketConnection:
    """`stream`: where to, and which topics; `instruments`: its ccxt symbols -> engine ids. `on_state` is told
    why a connection ended, `on_replace` that another one should take over."""

    def __init__(
        self,
        *,
        venue: Venue,
        stream: MarketStream,
        connection: int,
        instruments: Mapping[str, int],
        turn: Turn,
        http: HttpPort,
        clock: ClockPort,
        backoff: Backoff,
        slow_path: SlowPath,
        healthy_s: float,
        resync_pause_s: float,
        snapshot_levels: int,
        on_state: Callable[[str], None],
        on_replace: Callable[[], None],
    ) -> None:
        self._venue = venue
        self._connection = connection
        self._stream = stream
        self._instruments = instruments
        self._turn = turn
        self._http = http
        self._clock = clock
        self._backoff = backoff
        self._slow_path = slow_path
        self._healthy_s = healthy_s
        self._on_state = on_state
        self._on_replace = on_replace
        self._listener: MarketListener | None = None
        self._vigil: Vigil | None = None
        self._task: asyncio.Task[None] | None = None
        self.resyncs = Resyncs(
            venue,
            connection,
            {instrument: symbol for symbol, instrument in instruments.items()},
            turn,
            http,
            clock,
            pause_s=resync_pause_s,
            levels=snapshot_levels,
            send=self._send,
        )
        self.connects = 0
        self.last_reason = ""  # why the newest attempt or connection ended
        self.last_error = ""  # the newest error message of the stream itself
        self.failure: BaseException | None = None  # it ended for good, which only a defect can do

    def start(self) -> None:
        """Raises PermissionError for an address that is not on this machine."""
        if not HostGuard().permits(self._stream.url):
            raise PermissionError(f"{self._venue.name}: the market address is not on this machine")
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"market {self._venue.name}")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Returns when the connection is closed and the engine was told so."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def resync(self, instrument: int) -> None:
        """The engine wants a fresh snapshot of that book."""
        self.resyncs.request(instrument)

    async def _run(self) -> None:
        while True:
            self.last_reason, lived_s = await self._connect_once()
            self._on_state(self.last_reason)
            if lived_s >= self._healthy_s:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_s())

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failure = error
            self._turn.fail(f"{self._venue.name}: the market connection is not kept any more", error)

    async def _connect_once(self) -> tuple[str, float]:
        """-> (why it ended, seconds it lived)."""
        closed = asyncio.Event()
        listener = MarketListener(
            self._turn, self._connection, self._slow_path, self._on_text, lambda _: closed.set()
        )
        transport: WSTransport | None = None
        # Known before the connection is: frames, and the engine's wish for a snapshot, may come first.
        self._listener = listener
        self._vigil = vigil = self._new_vigil(listener)
        self.resyncs.begin()
        try:
            try:
                transport = await dial(
                    listener, self._stream.url, frame_limit=_FRAME_LIMIT, timeout_s=_CONNECT_TIMEOUT_S
                )
            except Exception as error:  # picows raises its own kinds, OSError and TimeoutError
                return listener.reason or f"{type(error).__name__}: {error}", 0.0
            self.connects += 1
            began_ns = self._clock.mono_ns()
            vigil.begin(began_ns)
            await self._attend(listener, closed, vigil)
            lived_s = (self._clock.mono_ns() - began_ns) / 1e9
            cause, transport = await self._cause(transport), None
            return listener.reason or cause, lived_s
        finally:
            listener.drop("stopped")
            self._listener = None
            vigil.end()
            self.resyncs.end()
            if listener.up:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                        await closed.wait()
            if transport is not None:
                await self._cause(transport)

    def _new_vigil(self, listener: MarketListener) -> Vigil:
        return Vigil(
            self._venue,
            self._stream,
            self._instruments,
            self._turn.engine,
            self._connection,
            self._http,
            send=listener.send,
            drop=listener.drop,
            replace=self._on_replace,
        )

    async def _attend(self, listener: MarketListener, closed: asyncio.Event, vigil: Vigil) -> None:
        """Until the connection ends: pings, symbols that fell silent, books that do not come back."""
        stream = self._stream
        ping_ns = look_ns = self._clock.mono_ns()
        while not closed.is_set():
            now_ns = self._clock.mono_ns()
            if stream.ping is not None and now_ns >= ping_ns:
                listener.send(stream.ping)
                ping_ns = now_ns + int(stream.ping_period_s * 1e9)
            vigil.look(now_ns)
            if now_ns >= look_ns:
                self.resyncs.look()
                look_ns = now_ns + 1_000_000_000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await closed.wait()

    async def _cause(self, transport: WSTransport) -> str:
        """Why picows ended the connection. It keeps an error of our own callbacks there too, where nobody who
        does not ask would see it."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await transport.wait_disconnected()
        except (WSProtocolError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"
        except Exception as error:
            self._turn.fail(f"{self._venue.name}: a market callback failed", error)
            return f"internal error: {type(error).__name__}: {error}"
        return "connection lost"

    def _send(self, frame: bytes) -> bool:
        return self._listener is not None and self._listener.send(frame)

    def _on_text(self, payload: bytes) -> None:
        """Acks, errors, pongs. An error must not pass in silence; the book it meant stays without a snapshot
        and is asked for again (Resyncs.look)."""
        assert self._vigil is not None
        reply = self._vigil.hear(payload, self._clock.mono_ns())
        if reply.kind is ReplyKind.shutdown:
            log.warning("%s announced that this market connection ends", self._venue.name)
            self._on_replace()
        elif reply.kind in (ReplyKind.refused, ReplyKind.error):
            self.last_error = reply.message
            log.error("%s market stream: %s", self._venue.name, reply.message)

    @property
    def refused(self) -> Mapping[str, str]:
        """Topics the venue refused on the present connection, with what it said."""
        return {} if self._vigil is None else self._vigil.refused
