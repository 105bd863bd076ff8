"""The life of a private stream: connect, subscribe, compare the account, and again after every loss.

No venue numbers its private events, so what was missed while the stream was away can only be found by asking:
after each (re)connect the subscription comes first, then open orders, the fills since the stream was last
whole, balances and positions, then `resynced`. Whoever subscribes after asking loses what happens in between.
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
    ErrorClass,
    OrderEntry,
    Position,
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
from arb.venues.comparison import Account, AskPositions, Comparison
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
    def hello(self) -> bytes | None:
        """First frame of a new connection; None where connecting subscribes."""

    def on_text(self, text: bytes, on_balances: Callable[[Sequence[Balance]], None]) -> Heard | None:
        """Raises VenueError for a message that cannot be read."""


# Makes the address known, then tells why not, or None.
Prepare = Callable[[Callable[[VenueFailure | None], None]], None]


class _Phase(Enum):
    idle = "idle"
    connecting = "connecting"  # socket asked for, subscription not confirmed
    comparing = "comparing"  # subscribed, the account is asked for
    resynced = "resynced"
    waiting = "waiting"  # for the back-off


class _Connection:
    """One attempt; its late callbacks reach the stream only while it is the current one."""

    __slots__ = ("comparison", "heard", "resynced_ns", "socket", "stream", "touched")

    def __init__(self, stream: ReconnectingStream) -> None:
        self.stream = stream
        self.socket: Socket | None = None
        self.heard = False  # anything since the last ping
        self.touched: set[str] = set()  # assets the stream reported since the subscription
        self.comparison: Comparison | None = None
        self.resynced_ns: int | None = None

    def on_open(self) -> None:
        self.stream.opened(self)

    def on_text(self, text: bytes) -> None:
        self.stream.received(self, text)

    def on_close(self, reason: str) -> None:
        self.stream.lost(self, StreamCause.closed, reason)


class ReconnectingStream:
    """Runs a dialogue over one socket at a time; `VenueEvents.on_stream` tells its states.

    `venue_ms` tells the venue's time; without it no fills are asked for. `positions` is for perpetuals.
    `prepare` comes before each connection, for an address that must be asked for first.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        orders: OrderEntry,
        settings: VenueSettings,
        random: Callable[[], float],
        *,
        venue_ms: Callable[[], int] | None = None,
        positions: AskPositions | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._sockets = sockets
        self._clock = clock
        self._events = events
        self._orders = orders
        self._settings = settings
        self._backoff = Backoff(settings.backoff_base_s, settings.backoff_cap_s, random)
        self._venue_ms = venue_ms
        self._positions = positions
        self._prepare = prepare
        self._phase = _Phase.idle
        self._born_ms = 0  # venue time of the first subscription: no fill of ours is older
        self._whole_ms = 0  # venue time until which every fill was told; 0 before the first comparison
        self._held: set[str] = set()  # symbols of the positions told last
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
        if connection is not self._current:
            return
        hello = self._dialogue.hello()
        if hello is None:
            self._subscribed(connection)
        else:
            self._send(connection, hello)

    def received(self, connection: _Connection, text: bytes) -> None:
        if connection is not self._current:
            return
        connection.heard = True
        if self._venue_ms is not None and self._phase is _Phase.resynced:
            self._whole_ms = self._venue_ms()
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
        if connection.comparison is not None:
            connection.comparison.abandon()
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
        if self._prepare is None:
            connection.socket = self._sockets.open(self._dialogue.url, connection)
        else:
            self._prepare(lambda failure: self._prepared(connection, failure))

    def _prepared(self, connection: _Connection, failure: VenueFailure | None) -> None:
        if connection is not self._current or connection.socket is not None:
            return
        if failure is None:
            connection.socket = self._sockets.open(self._dialogue.url, connection)
        else:
            refused = failure.error_class is ErrorClass.reject
            cause = StreamCause.auth if refused else StreamCause.closed
            self.lost(connection, cause, f"{failure.code} {failure.message}")

    def renew(self, cause: StreamCause, detail: str) -> None:
        """Leaves the present connection, if there is one, for a new one."""
        if self._current is not None:
            self.lost(self._current, cause, detail)

    def _subscribed(self, connection: _Connection) -> None:
        self._phase = _Phase.comparing
        self._schedule_ping(connection)
        if self._venue_ms is not None and not self._born_ms:
            self._born_ms = self._venue_ms()
        self._events.on_stream(StreamKind.private, StreamState.up, StreamCause.none, "")
        if connection is not self._current:
            return
        connection.comparison = Comparison(
            self._orders, self._positions, self._since_ms(), lambda answer: self._compared(connection, answer)
        )
        connection.comparison.start()

    def _since_ms(self) -> int | None:
        """Fills are complete up to then, as far as we were told."""
        if self._venue_ms is None:
            return None
        whole_ms = self._whole_ms or self._born_ms
        return max(whole_ms - round(self._settings.refill_overlap_s * 1_000), self._born_ms)

    def _compared(self, connection: _Connection, answer: Account | VenueFailure) -> None:
        if connection is not self._current:
            return
        if isinstance(answer, VenueFailure):
            self.lost(connection, StreamCause.resync, f"{answer.code} {answer.message}")
            return
        for order in answer.open_orders:
            self._events.on_order(order)
        for fill in answer.fills:
            self._events.on_fill(fill)
        # A balance the stream reported since is newer than the answer, or will be corrected by the next one.
        self._events.on_balances([b for b in answer.balances if b.asset not in connection.touched])
        if answer.positions is not None:
            # The venue lists no flat ones: what was held when we last looked may be flat now.
            held = {position.symbol for position in answer.positions}
            gone = [Position(symbol, "0", "0") for symbol in sorted(self._held - held)]
            self._held = held
            self._events.on_positions([*answer.positions, *gone])
        if connection is not self._current:
            return
        self._phase = _Phase.resynced
        connection.resynced_ns = self._clock.mono_ns()
        if self._venue_ms is not None:
            self._whole_ms = self._venue_ms()
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
