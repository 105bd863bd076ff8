"""WebSocket connections on picows: hand frames to sessions, send what they answer, cut who does not read.

One Hub a port. It keeps which connection wants which stream, so that a message is looked up, not offered to
all.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Protocol

import picows

from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message

MAX_BEHIND = 1 << 20  # bytes a reader may lag before it is cut: sends must be bounded somewhere
PING_SECONDS = 20.0
PONG_SECONDS = 60.0
_quiet = logging.getLogger("arb.simexchange.wire")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # clients that vanish are what a simulator is for


class Session(Protocol):
    """A connection's protocol state without its socket."""

    @property
    def feeds(self) -> dict[str, None]:
        """The streams it wants now."""

    def answer(self, text: bytes, now: Instant) -> list[bytes]: ...
    def wrap(self, message: Message) -> bytes | None: ...
    def allows(self, now: Instant) -> bool:
        """Count one incoming frame; False when the venue would disconnect for too many."""

    def close(self) -> None: ...


class Connection(picows.WSListener):
    """One client."""

    def __init__(self, hub: "Hub", session: Session) -> None:
        self.session = session
        self.streams: set[str] = set()
        self._hub = hub
        self._transport: picows.WSTransport | None = None
        self._pongs_due: dict[bytes, asyncio.TimerHandle] = {}  # by the payload of the ping
        self._ping_timer: asyncio.TimerHandle | None = None
        self._pings = 0

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self._hub.joined(self)
        if self._hub.pings:
            self._ping_timer = asyncio.get_running_loop().call_later(PING_SECONDS, self._ping)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
            return
        now = self._hub.clock()
        if not self.session.allows(now):
            self.reset()
            return
        if kind == picows.WSMsgType.TEXT:
            for answer in self.session.answer(frame.get_payload_as_bytes(), now):
                self.send(answer)
            self._hub.index(self)
        elif kind == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == picows.WSMsgType.PONG:
            self._on_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        for timer in (self._ping_timer, *self._pongs_due.values()):
            if timer is not None:
                timer.cancel()
        self._hub.left(self)
        self.session.close()

    def send(self, payload: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return
        if transport.underlying_transport.get_write_buffer_size() > MAX_BEHIND:
            self.reset()
            return
        transport.send(picows.WSMsgType.TEXT, payload)

    def reset(self) -> None:
        """End with RST: no CLOSE frame, no FIN."""
        if self._transport is None:
            return
        underlying = self._transport.underlying_transport
        raw = underlying.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        underlying.abort()

    def _ping(self) -> None:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._pings += 1
        payload = str(self._pings).encode()
        self._transport.send_ping(payload)
        self._pongs_due[payload] = loop.call_later(PONG_SECONDS, self.reset)
        self._ping_timer = loop.call_later(PING_SECONDS, self._ping)

    def _on_pong(self, payload: bytes) -> None:
        # Only a pong that repeats a payload keeps the connection; others are allowed but count for nothing.
        while payload in self._pongs_due:
            first = next(iter(self._pongs_due))
            self._pongs_due.pop(first).cancel()


class Hub:
    """All connections of one port."""

    def __init__(
        self, open_session: Callable[[str], Session | None], clock: Callable[[], Instant], *, pings: bool
    ) -> None:
        self.clock = clock
        self.pings = pings
        self.connections: dict[Connection, None] = {}
        self._open_session = open_session
        self._by_stream: dict[str, dict[Connection, None]] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def listen(self, host: str) -> None:
        self._server = await picows.ws_create_server(
            self._listener, host, 0, enable_auto_pong=False, logger_name=_quiet, max_frame_size=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.reset()
        await asyncio.sleep(0)

    def publish(self, message: Message) -> None:
        connections = self._by_stream.get(message.stream)
        if not connections:
            return
        for connection in list(connections):
            payload = connection.session.wrap(message)
            if payload is not None:
                connection.send(payload)

    def matching(self, streams: Callable[[str], bool] | None) -> Iterable[Connection]:
        """Connections, all or those with a stream that passes."""
        if streams is None:
            return list(self.connections)
        return [connection for connection in self.connections if any(map(streams, connection.streams))]

    def joined(self, connection: Connection) -> None:
        self.connections[connection] = None
        self.index(connection)

    def left(self, connection: Connection) -> None:
        self.connections.pop(connection, None)
        for stream in connection.streams:
            self._by_stream[stream].pop(connection, None)
        connection.streams = set()

    def index(self, connection: Connection) -> None:
        wanted = set(connection.session.feeds)
        for stream in connection.streams - wanted:
            self._by_stream[stream].pop(connection, None)
        for stream in wanted - connection.streams:
            self._by_stream.setdefault(stream, {})[connection] = None
        connection.streams = wanted

    def _listener(self, request: picows.WSUpgradeRequest) -> Connection | None:
        session = self._open_session(request.path.decode("latin-1"))
        return None if session is None else Connection(self, session)
