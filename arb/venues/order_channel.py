"""A WebSocket for requests: connect, log on, answer each request exactly once, and again after every loss.

A request is written in the call that brings it or not at all: waiting would age its time window. It then ends
in exactly one of its two callbacks. What was in flight when the connection went is lost, never repeated here:
the venue may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from arb.venues import fields
from arb.venues.backoff import Backoff
from arb.venues.base import (
    ClockPort,
    Socket,
    SocketPort,
    StreamCause,
    StreamKind,
    StreamState,
    Timer,
    VenueError,
    VenueEvents,
)
from arb.venues.settings import VenueSettings

OnAnswer = Callable[[dict[str, Any]], None]  # the whole message
OnLost = Callable[[str], None]  # why there is no answer


@dataclass(slots=True, frozen=True)
class Said:
    """What a message means for the channel; several may hold at once.

    id: of the request it answers. logged_on: the answer to `logon` is yes. lost: the connection is of no more
    use. leaving: the peer goes away soon; it still answers what it has.
    """

    id: str = ""
    logged_on: bool = False
    lost: StreamCause | None = None
    leaving: bool = False
    detail: str = ""


class ChannelDialogue(Protocol):
    """The words of one venue."""

    @property
    def url(self) -> str: ...
    def logon(self) -> bytes | None:
        """First frame of a new connection; None where none is needed."""

    def ping(self) -> bytes | None:
        """A frame the venue wants every `ping_period_s`; None where the socket's own pings do."""

    def on_message(self, message: Mapping[str, Any]) -> Said | None:
        """None: of no concern. VenueError for one that cannot be read."""


@dataclass(slots=True)
class _Waiting:
    """A request in flight."""

    on_answer: OnAnswer
    on_lost: OnLost
    sent_ns: int


class _Connection:
    """One attempt; its late callbacks reach the channel only while it is the current one."""

    __slots__ = ("channel", "heard_ns", "leaving", "logged_on", "ready_ns", "socket")

    def __init__(self, channel: OrderChannel) -> None:
        self.channel = channel
        self.socket: Socket | None = None
        self.logged_on = False
        self.leaving = ""  # why nothing new is sent
        self.ready_ns = 0
        self.heard_ns = 0

    def on_open(self) -> None:
        self.channel.opened(self)

    def on_text(self, text: bytes) -> None:
        self.channel.received(self, text)

    def on_close(self, reason: str) -> None:
        self.channel.lost(self, StreamCause.closed, reason)


class OrderChannel:
    """One socket at a time; `VenueEvents.on_stream(StreamKind.order, ...)` tells up and down.

    `timeout_s` bounds the wait for an answer, `life_s` the age of a connection: past it nothing new is sent,
    and it is left once nothing is in flight. Venues cut at 24 h, in flight or not.
    """

    def __init__(
        self,
        dialogue: ChannelDialogue,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        settings: VenueSettings,
        random: Callable[[], float],
    ) -> None:
        self._dialogue = dialogue
        self._sockets = sockets
        self._clock = clock
        self._events = events
        self._settings = settings
        self._timeout_ns = round(settings.order_timeout_s * 1e9)
        self._backoff = Backoff(settings.backoff_base_s, settings.backoff_cap_s, random)
        self._running = False
        self._current: _Connection | None = None
        self._waiting: dict[str, _Waiting] = {}  # oldest first
        self._timer: Timer | None = None  # back-off, log-on time-out or life
        self._ping_timer: Timer | None = None
        self._sweep_timer: Timer | None = None
        self.connects = 0
        self.strays = 0  # answers to nothing in flight: late, repeated or not ours

    @property
    def ready(self) -> bool:
        """A request made now would be written."""
        current = self._current
        return (
            current is not None
            and current.logged_on
            and not current.leaving
            and current.socket is not None
            and not current.socket.closing
            and not current.socket.unsent
        )

    @property
    def in_flight(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        if not self._running:
            self._running = True
            self._connect()

    def stop(self) -> None:
        """Drops the connection; what is in flight is lost before this returns."""
        if not self._running:
            return
        self._running = False
        connection, self._current = self._current, None
        self._cancel_timers()
        if connection is not None:
            self._drop(connection, StreamCause.stopped, "stopped")

    def request(self, text: bytes, id: str, on_answer: OnAnswer, on_lost: OnLost) -> bool:
        """Writes at once. False proves that nothing left, and neither callback fires; else exactly one does,
        later. `id` is that of the request within `text`, and of no other in flight."""
        current = self._current
        if current is None or not self.ready or id in self._waiting:
            return False
        if current.socket is None or not current.socket.send(text):
            return False  # its on_close is on its way
        self._waiting[id] = _Waiting(on_answer, on_lost, self._clock.mono_ns())
        if self._sweep_timer is None:
            self._sweep_timer = self._clock.call_later(self._settings.order_timeout_s, self._sweep)
        return True

    # What the connection reports.

    def opened(self, connection: _Connection) -> None:
        if connection is not self._current or connection.socket is None:
            return
        hello = self._dialogue.logon()
        if hello is None:
            self._logged_on(connection)
        elif not connection.socket.send(hello):
            self.lost(connection, StreamCause.closed, "the connection was gone before we spoke")

    def received(self, connection: _Connection, text: bytes) -> None:
        if connection is not self._current:
            return
        connection.heard_ns = self._clock.mono_ns()
        try:
            message = fields.loads(text)
            if not isinstance(message, dict):
                raise VenueError(f"an object was expected, was {type(message).__name__}")
            said = self._dialogue.on_message(message)
        except VenueError as error:
            # It may have been the answer to anything in flight.
            self.lost(connection, StreamCause.malformed, str(error))
            return
        if said is None:
            return
        if said.id:
            waiting = self._waiting.pop(said.id, None)
            if waiting is None:
                self.strays += 1
            else:
                waiting.on_answer(message)
        if connection is not self._current:
            return
        if said.lost is not None:
            self.lost(connection, said.lost, said.detail)
        elif said.leaving:
            self._leave(connection, said.detail)
        elif said.logged_on and not connection.logged_on:
            self._logged_on(connection)
        elif connection.leaving:
            self._leave(connection, connection.leaving)

    def lost(self, connection: _Connection, cause: StreamCause, detail: str) -> None:
        if connection is not self._current:
            return
        self._current = None
        if connection.logged_on:
            age_ns = self._clock.mono_ns() - connection.ready_ns
            if age_ns >= self._settings.healthy_s * 1e9:
                self._backoff.reset()
        self._cancel_timers()
        self._timer = self._clock.call_later(self._backoff.next_s(), self._connect)
        self._drop(connection, cause, detail)

    # Inside.

    def _connect(self) -> None:
        connection = _Connection(self)
        self._current = connection
        self.connects += 1
        self._timer = self._clock.call_later(
            self._settings.subscribe_timeout_s,
            lambda: self.lost(connection, StreamCause.silent, "not logged on in time"),
        )
        connection.socket = self._sockets.open(self._dialogue.url, connection)

    def _logged_on(self, connection: _Connection) -> None:
        connection.logged_on = True
        connection.ready_ns = self._clock.mono_ns()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_later(
            self._settings.channel_life_s, lambda: self._leave(connection, "the end of its planned life")
        )
        self._schedule_ping(connection)
        self._events.on_stream(StreamKind.order, StreamState.up, StreamCause.none, "")

    def _leave(self, connection: _Connection, detail: str) -> None:
        """Nothing new on it; gone once what is in flight was answered."""
        if connection is not self._current:
            return
        connection.leaving = connection.leaving or detail or "the peer leaves"
        if not self._waiting:
            self.lost(connection, StreamCause.shutdown, connection.leaving)

    def _drop(self, connection: _Connection, cause: StreamCause, detail: str) -> None:
        waiting, self._waiting = self._waiting, {}
        if connection.socket is not None:
            connection.socket.close()
        for request in waiting.values():
            request.on_lost(f"{cause.value}: {detail}")
        if connection.logged_on or cause is not StreamCause.stopped:
            self._events.on_stream(StreamKind.order, StreamState.down, cause, detail)

    def _sweep(self) -> None:
        """Ends the requests without an answer in time. Where nothing else was heard since either, the
        connection is dead: the peer's silence is no business of this one request alone."""
        self._sweep_timer = None
        now_ns = self._clock.mono_ns()
        overdue: list[_Waiting] = []
        while self._waiting:
            id, oldest = next(iter(self._waiting.items()))
            left_ns = oldest.sent_ns + self._timeout_ns - now_ns
            if left_ns > 0:
                self._sweep_timer = self._clock.call_later(left_ns / 1e9, self._sweep)
                break
            del self._waiting[id]
            overdue.append(oldest)
        for request in overdue:
            request.on_lost(f"no answer in {self._settings.order_timeout_s:g} s")
        current = self._current
        if current is None or not overdue:
            return
        if current.heard_ns < overdue[0].sent_ns:
            self.lost(current, StreamCause.silent, "nothing was heard since an unanswered request")
        elif current.leaving:
            self._leave(current, current.leaving)

    def _schedule_ping(self, connection: _Connection) -> None:
        def ping(sent_ns: int) -> None:
            if connection is not self._current or connection.socket is None:
                return
            frame = self._dialogue.ping()
            if frame is None:
                return
            if sent_ns and connection.heard_ns < sent_ns:
                self.lost(connection, StreamCause.silent, "no answer to the ping")
                return
            if not connection.socket.send(frame):
                return  # its on_close is on its way
            now_ns = self._clock.mono_ns()
            self._ping_timer = self._clock.call_later(self._settings.ping_period_s, lambda: ping(now_ns))

        self._ping_timer = self._clock.call_later(self._settings.ping_period_s, lambda: ping(0))

    def _cancel_timers(self) -> None:
        for timer in (self._timer, self._ping_timer, self._sweep_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._ping_timer = self._sweep_timer = None
