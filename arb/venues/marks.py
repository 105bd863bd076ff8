"""Mark price and funding of perpetuals over a text socket: connect, subscribe, notice silence, connect again.

Some messages a second and symbol, read in Python: they set limits and funding costs, no edge is made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from arb.venues.backoff import Backoff
from arb.venues.base import (
    ClockPort,
    Mark,
    MarketStream,
    Socket,
    SocketPort,
    Timer,
    VenueError,
)
from arb.venues.settings import VenueSettings
from arb.venues.subscriptions import ReplyKind, Subscriptions


class MarkReader(Protocol):
    """Of one connection: it may keep what earlier messages said."""

    def read(self, text: bytes) -> Mark | None:
        """None for what is no mark price; VenueError for one that cannot be read."""


class _Connection:
    """One attempt; its late callbacks reach the stream only while it is the current one."""

    __slots__ = ("heard_ns", "owner", "pinged_ns", "reader", "socket", "subscriptions", "up_ns")

    def __init__(
        self, owner: MarkStream, reader: MarkReader, subscriptions: Subscriptions, now_ns: int
    ) -> None:
        self.owner = owner
        self.reader = reader
        self.subscriptions = subscriptions
        self.socket: Socket | None = None
        self.heard_ns = now_ns  # the newest mark; before it, when we began to connect
        self.pinged_ns = now_ns
        self.up_ns: int | None = None

    def on_open(self) -> None:
        self.owner.opened(self)

    def on_text(self, text: bytes) -> None:
        self.owner.received(self, text)

    def on_close(self, reason: str) -> None:
        self.owner.lost(self, reason)


class MarkStream:
    """`on_mark` for every message about a symbol, changed or not; `on_state(up, reason)` with the first mark
    of a connection and with its loss; `on_other` for what is neither a mark nor an answer to us."""

    def __init__(
        self,
        stream: MarketStream,
        new_reader: Callable[[], MarkReader],
        new_subscriptions: Callable[[], Subscriptions],
        sockets: SocketPort,
        clock: ClockPort,
        settings: VenueSettings,
        random: Callable[[], float],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> None:
        self._stream = stream
        self._new_reader = new_reader
        self._new_subscriptions = new_subscriptions
        self._sockets = sockets
        self._clock = clock
        self._settings = settings
        self._backoff = Backoff(settings.backoff_base_s, settings.backoff_cap_s, random)
        self._on_mark = on_mark
        self._on_state = on_state
        self._on_other = on_other
        self._period_s = min(0.5, settings.mark_silence_s / 4)
        self._current: _Connection | None = None
        self._timer: Timer | None = None  # the back-off or the next look, one at a time
        self._started = False
        self.connects = 0

    @property
    def up(self) -> bool:
        return self._current is not None and self._current.up_ns is not None

    @property
    def refused(self) -> dict[str, str]:
        """Topics the venue refused on this connection, with what it said."""
        return {} if self._current is None else dict(self._current.subscriptions.refused)

    def start(self) -> None:
        if not self._started:
            self._started = True
            self._connect()

    def stop(self) -> None:
        self._started = False
        self._set_timer(None)
        connection, self._current = self._current, None
        if connection is None:
            return
        if connection.socket is not None:
            connection.socket.close()
        if connection.up_ns is not None:
            self._on_state(False, "stopped")

    # What the connection reports.

    def opened(self, connection: _Connection) -> None:
        if connection is self._current:
            self._speak(connection)

    def received(self, connection: _Connection, text: bytes) -> None:
        if connection is not self._current:
            return
        now_ns = self._clock.mono_ns()
        try:
            mark = connection.reader.read(text)
        except VenueError as error:
            self.lost(connection, f"unreadable: {error}")
            return
        if mark is None:
            reply = connection.subscriptions.hear(text, now_ns)
            if reply.kind is ReplyKind.shutdown:
                self.lost(connection, "serverShutdown")
            elif reply.kind is ReplyKind.split:
                self._speak(connection)
            elif reply.kind is ReplyKind.other and self._on_other is not None:
                self._on_other(text)
            return
        connection.heard_ns = now_ns
        if connection.up_ns is None:
            connection.up_ns = now_ns
            self._on_state(True, "")
        if connection is self._current:
            self._on_mark(mark)

    def lost(self, connection: _Connection, reason: str) -> None:
        if connection is not self._current:
            return
        self._current = None
        up_ns = connection.up_ns
        if up_ns is not None and self._clock.mono_ns() - up_ns >= self._settings.healthy_s * 1e9:
            self._backoff.reset()
        self._set_timer(self._clock.call_later(self._backoff.next_s(), self._connect))
        if connection.socket is not None:
            connection.socket.close()
        self._on_state(False, reason)

    # Its life.

    def _connect(self) -> None:
        connection = _Connection(self, self._new_reader(), self._new_subscriptions(), self._clock.mono_ns())
        self._current = connection
        self.connects += 1
        self._look_later(connection)
        connection.socket = self._sockets.open(self._stream.url, connection)

    def _look(self, connection: _Connection) -> None:
        if connection is not self._current:
            return
        if self._clock.mono_ns() - connection.heard_ns >= self._settings.mark_silence_s * 1e9:
            # A wrong route connects, takes the subscription and stays silent.
            self.lost(connection, f"no mark price for {self._settings.mark_silence_s:g} s")
            return
        if connection.socket is not None and not connection.socket.closing:
            self._speak(connection)
        if connection is self._current:
            self._look_later(connection)

    def _speak(self, connection: _Connection) -> None:
        now_ns = self._clock.mono_ns()
        frames = connection.subscriptions.frames(now_ns)
        ping = self._stream.ping
        if ping is not None and now_ns - connection.pinged_ns >= self._stream.ping_period_s * 1e9:
            connection.pinged_ns = now_ns
            frames.append(ping)
        for frame in frames:
            if connection.socket is None or not connection.socket.send(frame):
                self.lost(connection, "the connection was gone before we spoke")
                return

    def _look_later(self, connection: _Connection) -> None:
        self._set_timer(self._clock.call_later(self._period_s, lambda: self._look(connection)))

    def _set_timer(self, timer: Timer | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer
