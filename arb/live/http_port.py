"""The HTTP port on aiohttp: warm connections, exact bytes, one answer per request, proof of "not sent".

Whether a request may have left is told by aiohttp's trace signal `on_request_headers_sent`, not by its
exceptions: a time-out while connecting raises the same TimeoutError as an unanswered order. The signal comes
before the first byte; a body is written up to 30 us later, on Python 3.11 by a task of its own, headers
included. So `on_sent` waits for the body, and the signal alone decides what `HttpDone.sent` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from types import SimpleNamespace
from typing import Any

import aiohttp
import yarl
from aiohttp.abc import AbstractStreamWriter

from arb.live.hosts import HostGuard
from arb.venues.base import Failure, HttpDone, HttpRequest

_BODY_LIMIT = 64 * 1024 * 1024  # a full instrument list has some 15 MB


class _Exchange:
    """One request on its way; also the trace context that learns when it is written."""

    __slots__ = ("answered", "on_done", "on_sent", "request", "sent", "told")

    def __init__(
        self,
        request: HttpRequest,
        on_done: Callable[[HttpDone], None],
        on_sent: Callable[[], None] | None,
    ) -> None:
        self.request = request
        self.on_done = on_done
        self.on_sent = on_sent
        self.sent = False
        self.told = False
        self.answered = False

    def leaving(self) -> None:
        """From here on bytes may have left."""
        self.sent = True
        if self.request.body is None:
            self.written()

    def written(self) -> None:
        """All bytes were handed to the connection."""
        if self.told:
            return  # aiohttp repeats GET and DELETE once when a kept connection turns out to be dead
        self.told = True
        if self.on_sent is not None:
            self.on_sent()

    def answer(self, done: HttpDone) -> None:
        if self.answered:
            return
        self.answered = True
        if self.sent:
            self.written()  # broken between headers and body: sent all the same, for nobody knows
        self.on_done(done)

    def fail(self, failure: Failure, detail: str) -> HttpDone:
        return HttpDone(self.sent, failure=failure, detail=detail)


class _Body(aiohttp.BytesPayload):
    """A body that tells when it was written; `write` is what aiohttp called before 3.12."""

    def __init__(self, exchange: _Exchange) -> None:
        super().__init__(exchange.request.body or b"")
        self._exchange = exchange

    async def write(self, writer: AbstractStreamWriter) -> None:
        await super().write(writer)
        self._exchange.written()

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        await super().write_with_length(writer, content_length)
        self._exchange.written()


class LiveHttpPort:
    """Made inside a running loop. Only loopback hosts are talked to unless more are listed."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        connections_per_host: int = 16,
        keep_alive_s: float = 75.0,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._guard = HostGuard(allowed_hosts)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._warmers: list[asyncio.Task[None]] = []
        self._closed = False
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_headers_sent)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, limit_per_host=connections_per_host, keepalive_timeout=keep_alive_s
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            trust_env=False,  # no proxy from the environment
            auto_decompress=True,
            skip_auto_headers=("User-Agent", "Accept"),
        )

    def start(
        self,
        request: HttpRequest,
        on_done: Callable[[HttpDone], None],
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        exchange = _Exchange(request, on_done, on_sent)
        if self._closed:
            self._loop.call_soon(exchange.answer, exchange.fail(Failure.closed, "the port is closed"))
            return
        if not self._guard.permits(request.url):
            self._loop.call_soon(exchange.answer, exchange.fail(Failure.refused, "host is not allowed"))
            return
        task = self._loop.create_task(self._run(exchange))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, exchange))

    def keep_warm(self, url: str, *, connections: int = 2, period_s: float = 20.0) -> None:
        """Opens that many connections to the host of `url` now, and uses them all again one period after
        all were answered, so that no order waits for a handshake and no idle one is dropped in silence."""
        self._warmers.append(self._loop.create_task(self._warm(url, connections, period_s)))

    async def close(self) -> None:
        """Every open request is answered (closed; `sent` tells the truth) before this returns."""
        self._closed = True
        pending = [*self._warmers, *self._tasks]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
        await asyncio.sleep(0)  # the callbacks of those tasks
        await self._session.close()

    async def _run(self, exchange: _Exchange) -> None:
        exchange.answer(await self._exchange(exchange))

    async def _exchange(self, exchange: _Exchange) -> HttpDone:
        request = exchange.request
        try:
            async with self._session.request(
                request.method,
                yarl.URL(request.url, encoded=True),  # the bytes that were signed
                data=None if request.body is None else _Body(exchange),
                headers=request.headers,
                allow_redirects=False,
                timeout=self._timeout(request.timeout_s),
                trace_request_ctx=exchange,
            ) as response:
                body = await _body(response)
                return HttpDone(exchange.sent, response.status, body, response.headers)
        except asyncio.CancelledError:
            return exchange.fail(Failure.closed, "the port was closed")
        except TimeoutError:
            failure = Failure.timeout if exchange.sent else Failure.connect
            return exchange.fail(failure, f"no answer in {request.timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = Failure.broken if exchange.sent else Failure.connect
            return exchange.fail(failure, f"{type(error).__name__}: {error}")

    def _ended(self, task: asyncio.Task[None], exchange: _Exchange) -> None:
        self._tasks.discard(task)
        if task.cancelled():  # before its first step, so that nothing of it ever ran
            exchange.answer(exchange.fail(Failure.closed, "the port was closed"))
            return
        error = task.exception()
        if error is not None:
            self._loop.call_exception_handler(
                {"message": f"error behind the answer to {exchange.request.tag!r}", "exception": error}
            )

    def _timeout(self, total_s: float) -> aiohttp.ClientTimeout:
        timeout = self._timeouts.get(total_s)
        if timeout is None:
            timeout = self._timeouts[total_s] = aiohttp.ClientTimeout(total=total_s)
        return timeout

    async def _warm(self, url: str, connections: int, period_s: float) -> None:
        while True:
            answered = [self._loop.create_future() for _ in range(connections)]
            for future in answered:
                # A warm-up that fails says nothing: the first real request will.
                self.start(HttpRequest("GET", url, {}, None, 10.0, "warm"), partial(_resolve, future))
            await asyncio.wait(answered)
            await asyncio.sleep(period_s)


def _resolve(future: asyncio.Future[None], done: HttpDone) -> None:
    if not future.done():
        future.set_result(None)


async def _headers_sent(session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
    context.trace_request_ctx.leaving()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    length = response.content_length
    if length is not None and length <= _BODY_LIMIT:
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > _BODY_LIMIT:
            raise ValueError(f"the answer is longer than {_BODY_LIMIT} bytes")
        parts.append(part)
    return b"".join(parts)
