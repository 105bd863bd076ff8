"""The life of a private stream: connect, subscribe, compare the account, and again after every loss.

No venue numbers its private events, so what was missed while the stream was away can only be found by asking:
after each (re)connect the subscription comes first, then open orders and balances, then `resynced`. Whoever
subscribes after asking loses what happens in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from arb.venues.backoff import Backoff
from arb.venues.base import (
    Balance,
    ClockPort,
    OrderEntry,
    OrderUpdate,
    Socket,
    SocketPort,
    StreamCause,
    StreamKind,
    StreamState,
    Timer,
    VenueError,
    VenueEvents,
    VenueFailure,
)
from arb.venues.settings import VenueSettings


@dataclass(slots=True, frozen=True)
class Heard:
    """What a message means for the connection; messages about orders mean nothing for it."""

    send: bytes | None = None  # to say in return
    subscribed: bool = False
    lost: StreamCause | None = None
    detail: str = ""


class Dialogue(Protocol):
    """What one venue says on its private stream. It reports orders and fills to the events itself."""

    @property
    def url(self) -> str: ...
    @property
    def ping(self) -> bytes | None: ...
    def hello(self) -> bytes:
        """First frame of a new connection."""

    def on_text(self, text: bytes, on_balances: Callable[[Sequence[Balance]], None]) -> Heard | None:
        """Raises VenueError for a message that cannot be read."""


class _Phase(Enum):
    idle = "idle"
    connecting = "connecting"  # socket asked for, subscription not confirmed
    comparing = "comparing"  # subscribed, open orders and balances under way
    resynced = "resynced"
    waiting = "waiting"  # for the back-off


class _Connection:
    """One attempt; its late callbacks reach the stream only while it is the current one."""

    __slots__ = ("balances", "heard", "open_orders", "resynced_ns", "socket", "stream", "touched")

    def __init__(self, stream: ReconnectingStream) -> None:
        self.stream = stream
        self.socket: Socket | None = None
        self.heard = False  # anything since the last ping
        self.touched: set[str] = set()  # assets the stream reported since the subscription
        self.open_orders: Sequence[OrderUpdate] | None = None
        self.balances: Sequence[Balance] | None = None
        self.resynced_ns: int | None = None

    def on_open(self) -> None:
        self.stream.opened(self)

    def on_text(self, text: bytes) -> None:
        self.stream.received(self, text)

    def on_close(self, reason: str) -> None:
        self.stream.lost(self, StreamCause.closed, reason)


class ReconnectingStream:
    """Runs a dialogue over one socket at a time; `VenueEvents.on_stream` tells its states."""

    def __init__(
        self,
        dialogue: Dialogue,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        orders: OrderEntry,
        settings: VenueSettings,
        random: Callable[[], float],
    ) -> None:
        self._dialogue = dialogue
        self._sockets = sockets
        self._clock = clock
        self._events = events
        self._orders = orders
        self._settings = settings
        self._backoff = Backoff(settings.backoff_base_s, settings.backoff_cap_s, random)
        self._phase = _Phase.idle
        self._current: _Connection | None = None
        self._timer: Timer | None = None  # back-off, subscription time-out or next ping: one at a time
        self.connects = 0

    @property
    def state(self) -> StreamState:
        if self._phase is _Phase.resynced:
            return StreamState.resynced
        return StreamState.up if self._phase is _Phase.comparing else StreamState.down

    def start(self) -> None:
        if self._phase is _Phase.idle:
            self._connect()

    def stop(self) -> None:
        if self._phase is _Phase.idle:
            return
        connection, self._current = self._current, None
        was_up = self._phase in (_Phase.comparing, _Phase.resynced)
        self._phase = _Phase.idle
        self._set_timer(None)
        if connection is not None and connection.socket is not None:
            connection.socket.close()
        if was_up:
            self._events.on_stream(StreamKind.private, StreamState.down, StreamCause.stopped, "")

    # What the connection reports.

    def opened(self, connection: _Connection) -> None:
        if connection is self._current:
            self._send(connection, self._dialogue.hello())

    def received(self, connection: _Connection, text: bytes) -> None:
        if connection is not self._current:
            return
        connection.heard = True
        try:
            heard = self._dialogue.on_text(text, self._on_balances)
        except VenueError as error:
            # What the message said is lost; a new connection asks for everything again.
            self.lost(connection, StreamCause.malformed, str(error))
            return
        if heard is None or connection is not self._current:
            return
        if heard.lost is not None:
            self.lost(connection, heard.lost, heard.detail)
        elif heard.send is not None:
            self._send(connection, heard.send)
        elif heard.subscribed and self._phase is _Phase.connecting:
            self._subscribed(connection)

    def lost(self, connection: _Connection, cause: StreamCause, detail: str) -> None:
        if connection is not self._current:
            return
        self._current = None
        since = connection.resynced_ns
        if since is not None and self._clock.mono_ns() - since >= self._settings.healthy_s * 1e9:
            self._backoff.reset()
        self._phase = _Phase.waiting
        self._set_timer(self._clock.call_later(self._backoff.next_s(), self._connect))
        if connection.socket is not None:
            connection.socket.close()
        self._events.on_stream(StreamKind.private, StreamState.down, cause, detail)

    # Phases.

    def _connect(self) -> None:
        self._phase = _Phase.connecting
        connection = _Connection(self)
        self._current = connection
        self.connects += 1
        self._set_timer(
            self._clock.call_later(
                self._settings.subscribe_timeout_s,
                lambda: self.lost(connection, StreamCause.silent, "no subscription in time"),
            )
        )
        connection.socket = self._sockets.open(self._dialogue.url, connection)

    def _subscribed(self, connection: _Connection) -> None:
        self._phase = _Phase.comparing
        self._schedule_ping(connection)
        self._events.on_stream(StreamKind.private, StreamState.up, StreamCause.none, "")
        if connection is not self._current:
            return
        self._orders.open_orders(lambda answer: self._compared(connection, orders=answer))
        self._orders.balances(lambda answer: self._compared(connection, balances=answer))

    def _compared(
        self,
        connection: _Connection,
        orders: Sequence[OrderUpdate] | VenueFailure | None = None,
        balances: Sequence[Balance] | VenueFailure | None = None,
    ) -> None:
        if connection is not self._current:
            return
        for answer in (orders, balances):
            if isinstance(answer, VenueFailure):
                self.lost(connection, StreamCause.resync, f"{answer.code} {answer.message}")
                return
        if orders is not None and not isinstance(orders, VenueFailure):
            connection.open_orders = orders
        if balances is not None and not isinstance(balances, VenueFailure):
            connection.balances = balances
        if connection.open_orders is None or connection.balances is None:
            return
        for order in connection.open_orders:
            self._events.on_order(order)
        # A balance the stream reported since is newer than the answer, or will be corrected by the next one.
        self._events.on_balances([b for b in connection.balances if b.asset not in connection.touched])
        if connection is not self._current:
            return
        self._phase = _Phase.resynced
        connection.resynced_ns = self._clock.mono_ns()
        self._events.on_stream(StreamKind.private, StreamState.resynced, StreamCause.none, "")

    # Small parts.

    def _on_balances(self, balances: Sequence[Balance]) -> None:
        if self._current is not None and self._phase is not _Phase.resynced:
            self._current.touched.update(balance.asset for balance in balances)
        self._events.on_balances(balances)

    def _send(self, connection: _Connection, text: bytes) -> None:
        if connection.socket is None or not connection.socket.send(text):
            self.lost(connection, StreamCause.closed, "the connection was gone before we spoke")

    def _schedule_ping(self, connection: _Connection) -> None:
        if self._dialogue.ping is None:
            self._set_timer(None)
            return
        connection.heard = False
        self._set_timer(
            self._clock.call_later(self._settings.ping_period_s, lambda: self._ping(connection, first=True))
        )

    def _ping(self, connection: _Connection, first: bool) -> None:
        if connection is not self._current or self._dialogue.ping is None:
            return
        if not first and not connection.heard:
            self.lost(connection, StreamCause.silent, "no answer to the ping")
            return
        connection.heard = False
        self._send(connection, self._dialogue.ping)
        if connection is self._current:
            self._set_timer(
                self._clock.call_later(
                    self._settings.ping_period_s, lambda: self._ping(connection, first=False)
                )
            )

    def _set_timer(self, timer: Timer | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer
