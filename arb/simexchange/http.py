"""HTTP on aiohttp's low-level server: one handler a port, no router, no middleware, no access log."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from arb.simexchange.messages import Ending, Request, Response

Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """One port. The handler gets query and body as they came, because signatures cover the exact bytes."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._is_over = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def listen(self, host: str, port: int = 0) -> None:
        """OSError when the port is taken."""
        # Cancelled with its client: a request that is never answered ends with its connection.
        server = web.Server(self._handle, access_log=None, keepalive_timeout=75.0, handler_cancellation=True)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        self._is_over.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        # raw_path, not rel_url: yarl would decode and encode it again.
        path, _, query = request.raw_path.partition("?")
        body = (await request.read()).decode("utf-8", "surrogateescape") if request.can_read_body else ""
        peer = request.remote or ""
        answer = await self._handler(Request(request.method, path, query, body, request.headers, peer))
        headers = {"Content-Type": "application/json", **answer.headers}
        if answer.ending is not Ending.SENT:
            _end(request.transport, answer)
            await self._is_over.wait()
        return web.Response(status=answer.status, body=answer.body, headers=headers)


def _end(transport: asyncio.Transport | None, answer: Response) -> None:
    """Leave the request without its answer: for ever, or with the end of the connection."""
    if transport is None or answer.ending is Ending.NEVER:
        return
    if answer.ending is Ending.HALF:
        head = f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.body)}\r\n\r\n"
        transport.write(head.encode() + answer.body[: len(answer.body) // 2])
    if answer.ending is not Ending.RESET:
        transport.close()
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
