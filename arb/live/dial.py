"""Opens a WebSocket with picows and owns it until the handshake is done.

picows leaves the socket open when its handshake is cancelled, also by a time-out around it: the peer would
keep a connection that nobody reads. So the socket is made here, and shut down here when the handshake fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from picows import WSListener, WSParsedURL, WSTransport, ws_connect


async def dial(
    listener: WSListener,
    url: str,
    *,
    frame_limit: int,
    timeout_s: float,
    ping_idle_s: float = 10.0,
    ping_reply_s: float = 10.0,
) -> WSTransport:
    """Raises what picows raises, OSError and TimeoutError; then, and when cancelled, nothing stays open."""
    made: list[socket.socket] = []

    async def connect(parsed: WSParsedURL) -> socket.socket:
        made.append(await _connected(parsed.host, parsed.port))
        return made[-1]

    try:
        async with asyncio.timeout(timeout_s):
            transport, _ = await ws_connect(
                lambda: listener,
                url,
                socket_factory=connect,
                websocket_handshake_timeout=timeout_s,
                max_frame_size=frame_limit,
                max_redirects=0,
                enable_auto_ping=True,
                auto_ping_idle_timeout=ping_idle_s,
                auto_ping_reply_timeout=ping_reply_s,
            )
            return transport
    except BaseException:
        for opened in made:
            with contextlib.suppress(OSError):  # closed already
                opened.shutdown(socket.SHUT_RDWR)
        raise


async def _connected(host: str, port: int) -> socket.socket:
    """The first address of the host that answers."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        try:
            await loop.sock_connect(opened, address)
            return opened
        except OSError as error:
            opened.close()
            failure = error
        except BaseException:
            opened.close()
            raise
    raise failure or OSError(f"{host} has no address")
