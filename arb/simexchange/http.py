"""HTTP on aiohttp's low-level server: one handler a port, no router, no middleware, no access log."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from arb.simexchange.messages import Request, Response

Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """One port. The handler gets query and body as they came, because signatures cover the exact bytes."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def listen(self, host: str, port: int = 0) -> None:
        """OSError when the port is taken."""
        server = web.Server(self._handle, access_log=None, keepalive_timeout=75.0)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        # raw_path, not rel_url: yarl would decode and encode it again.
        path, _, query = request.raw_path.partition("?")
        body = (await request.read()).decode("utf-8", "surrogateescape") if request.can_read_body else ""
        peer = request.remote or ""
        answer = await self._handler(Request(request.method, path, query, body, request.headers, peer))
        headers = {"Content-Type": "application/json", **answer.headers}
        return web.Response(status=answer.status, body=answer.body, headers=headers)
