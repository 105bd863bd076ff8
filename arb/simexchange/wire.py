"""WebSocket ports on picows: which connection wants which stream, so that a message finds its readers.

One Hub a port. It can refuse handshakes and be closed to new connections while the old ones go on.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable

import picows

from arb.simexchange.connection import Connection, Session
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message

_RETRY_SECONDS = 0.05
Receive = Callable[[Connection, bytes, Instant], None]
_quiet = logging.getLogger("arb.simexchange.wire")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # clients that vanish are what a simulator is for


class Hub:
    """All connections of one port. `refuse_status` answers every handshake while it is set.

    `receive` answers the frames of private connections, their sessions do so where it is None.
    """

    def __init__(
        self,
        open_session: Callable[[str], Session | None],
        clock: Callable[[], Instant],
        *,
        pings: bool,
        life_s: float | None = None,
        receive: Receive | None = None,
    ) -> None:
        self.clock = clock
        self.receive = receive
        self.pings = pings
        self.life_s = life_s
        self.connections: dict[Connection, None] = {}
        self.refuse_status: int | None = None
        self.port = 0
        self._open_session = open_session
        self._by_stream: dict[str, dict[Connection, None]] = {}
        self._server: asyncio.Server | None = None
        self._host = ""
        self._door: asyncio.Task[None] | None = None
        self._is_over = False

    async def listen(self, host: str, port: int = 0) -> None:
        self._host = host
        self._server = await picows.ws_create_server(
            self._listener, host, port, enable_auto_pong=False, logger_name=_quiet, max_frame_size=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._is_over = True
        if self._door is not None:
            self._door.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._door
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.reset()
        await asyncio.sleep(0)

    def shut(self, mode: str) -> None:
        """No new connections: nobody listens (closed), each gets RST (accept) or never an answer (mute)."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if mode != "closed":
            self._change_door(lambda: self._stand_in(mode))

    def open(self) -> None:
        """Listen again, on the same port."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._change_door(lambda: self.listen(self._host, self.port))

    def _change_door(self, listen: Callable[[], Awaitable[None]]) -> None:
        before = self._door

        async def change() -> None:
            if before is not None:
                await before
            if self._server is not None:
                self._server.close()
                self._server = None
            while not self._is_over:
                try:
                    await listen()
                    return
                except OSError:  # the port is in somebody's use for a moment
                    await asyncio.sleep(_RETRY_SECONDS)

        self._door = asyncio.get_running_loop().create_task(change())

    async def _stand_in(self, mode: str) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Refusal(mode), self._host, self.port)

    def publish(self, message: Message) -> None:
        connections = self._by_stream.get(message.stream)
        if not connections:
            return
        mangling, taken = message.mangling, 0
        for connection in list(connections):
            payload = connection.session.wrap(message)
            if payload is None:
                continue
            if mangling is None or 0 < mangling.most <= taken:
                connection.send(payload)
            else:
                connection.send_mangled(mangling, payload)
                taken += 1

    def matching(self, wanted: Callable[[Connection], bool]) -> Iterable[Connection]:
        """Connections that `wanted` takes, the oldest first."""
        return [connection for connection in self.connections if wanted(connection)]

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

    def _listener(
        self, request: picows.WSUpgradeRequest
    ) -> "Connection | picows.WSUpgradeResponseWithListener | None":
        if self.refuse_status is not None:
            response = picows.WSUpgradeResponse.create_error_response(self.refuse_status, b"")
            return picows.WSUpgradeResponseWithListener(response, None)
        session = self._open_session(request.path.decode("latin-1"))
        return None if session is None else Connection(self, session)


class _Refusal(asyncio.Protocol):
    """A connection that is accepted and then reset at once, or left without an answer."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._mode == "accept":
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
