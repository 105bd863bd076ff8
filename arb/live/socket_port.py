"""Text WebSockets on picows, for private streams and order entry.

What picows leaves to its user is done here: it delivers compressed and fragmented frames as they are, goes on
delivering frames of the same read after `disconnect()`, and `send` on a dead connection returns in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from picows import WSFrame, WSListener, WSMsgType, WSProtocolError, WSTransport

from arb.live.dial import dial
from arb.live.hosts import HostGuard
from arb.venues.base import SocketEvents

_FRAME_LIMIT = 4 * 1024 * 1024


class LiveSocket(WSListener):
    """One connection. Its events get one on_close, whatever happens, and nothing after it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, events: SocketEvents) -> None:
        super().__init__()
        self._loop = loop
        self._events = events
        self._transport: WSTransport | None = None
        self._dead = False  # ours: picows keeps delivering what it has read
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._reason = ""

    @property
    def closing(self) -> bool:
        transport = self._transport
        if transport is None or self._dead:
            return True
        # After a protocol error the CLOSE frame leaves 10 ms before on_ws_disconnected comes.
        return transport.is_disconnected or transport.is_close_frame_sent

    @property
    def unsent(self) -> int:
        transport = self._transport
        return 0 if transport is None else transport.underlying_transport.get_write_buffer_size()

    def send(self, text: bytes) -> bool:
        transport = self._transport
        if transport is None or self._dead or transport.is_disconnected or transport.is_close_frame_sent:
            return False
        transport.send(WSMsgType.TEXT, text)
        return True

    def close(self) -> None:
        self._drop("closed by us")

    # Called by picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        if self._dead:
            transport.disconnect(graceful=False)
            return
        self._transport = transport
        self._events.on_open()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._dead:
            return
        kind = frame.msg_type
        if kind == WSMsgType.TEXT:
            if frame.rsv1 or not frame.fin:
                self._drop("a compressed or fragmented frame was sent")
                return
            self._events.on_text(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self._drop(f"closed by the peer: {frame.get_close_code()}")
        elif kind not in (WSMsgType.PING, WSMsgType.PONG):  # answered by picows
            self._drop("a binary or continuation frame was sent")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._dead:
            return  # dropped by us: on_close is on its way, and it must not come from inside close()
        self._dead = True
        self._finish("connection lost")

    # Inside.

    def _drop(self, reason: str) -> None:
        if self._dead:
            return
        self._dead = True
        self._reason = reason
        if self._transport is not None:
            # The graceful way does not return while a half-open peer leaves bytes unsent.
            self._transport.disconnect(graceful=False)
        elif self._task is not None:
            self._task.cancel()
        self._loop.call_soon(self._finish, reason)

    def _finish(self, reason: str) -> None:
        if not self._closed:
            self._closed = True
            self._dead = True
            self._events.on_close(reason)


class LiveSocketPort:
    """Made inside a running loop. Only loopback hosts are talked to unless more are listed."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        handshake_timeout_s: float = 5.0,
        ping_idle_s: float = 10.0,
        ping_reply_s: float = 10.0,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._guard = HostGuard(allowed_hosts)
        self._handshake_timeout_s = handshake_timeout_s
        self._ping_idle_s = ping_idle_s
        self._ping_reply_s = ping_reply_s
        self._sockets: set[LiveSocket] = set()
        self._closed = False

    def open(self, url: str, events: SocketEvents) -> LiveSocket:
        socket = LiveSocket(self._loop, events)
        if self._closed or not self._guard.permits(url):
            reason = "the port is closed" if self._closed else "host is not allowed"
            self._loop.call_soon(socket._finish, reason)
            return socket
        self._sockets.add(socket)
        task = self._loop.create_task(self._connect(url, socket))
        socket._task = task
        task.add_done_callback(lambda _: self._ended(socket))
        return socket

    async def close(self) -> None:
        """Every socket gets its on_close before this returns."""
        self._closed = True
        tasks = [socket._task for socket in self._sockets if socket._task is not None]
        for socket in tuple(self._sockets):
            socket.close()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)

    async def _connect(self, url: str, socket: LiveSocket) -> None:
        try:
            transport = await dial(
                socket,
                url,
                frame_limit=_FRAME_LIMIT,
                timeout_s=self._handshake_timeout_s,
                ping_idle_s=self._ping_idle_s,
                ping_reply_s=self._ping_reply_s,
            )
        except asyncio.CancelledError:
            return
        except Exception as error:  # picows raises its own kinds, OSError, TimeoutError and resolver errors
            socket._reason = f"{type(error).__name__}: {error}"
            return
        try:
            await transport.wait_disconnected()
        except WSProtocolError as error:  # the peer's; picows keeps it here
            socket._reason = f"{type(error).__name__}: {error}"
        except Exception as error:  # a callback's: picows ended the connection, somebody must hear of it
            socket._reason = f"internal error: {type(error).__name__}: {error}"
            self._loop.call_exception_handler({"message": "a socket callback failed", "exception": error})

    def _ended(self, socket: LiveSocket) -> None:
        self._sockets.discard(socket)
        socket._finish(socket._reason or "connection lost")
