"""`on_sent` of a request with a body comes when the body was written, not when its headers were made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.http_writer import StreamWriter

from arb.live.http_port import LiveHttpPort
from arb.venues.base import HttpDone, HttpRequest
from tests.venues.waiting import until

BODY = b"quantity=1&signature=ab"


def exchange(method: str, body: bytes | None, log: list[str]) -> HttpDone:
    async def main() -> HttpDone:
        async def ok(request: web.Request) -> web.Response:
            return web.Response(body=await request.read())

        app = web.Application()
        app.router.add_route("*", "/order", ok)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        http = LiveHttpPort()
        done: list[HttpDone] = []
        request = HttpRequest(method, f"http://127.0.0.1:{port}/order", {"Content-Type": "text/plain"}, body)
        http.start(request, done.append, lambda: log.append("sent"))
        await until(lambda: done)
        await http.close()
        await runner.cleanup()
        return done[0]

    return asyncio.run(main())


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached the client's transport, in order."""
    log: list[str] = []
    one, many = StreamWriter._write, StreamWriter._writelines

    def write(self: Any, chunk: Any) -> None:
        one(self, chunk)
        log.append("body" if BODY in bytes(chunk) else "headers")

    def writelines(self: Any, chunks: Any) -> None:
        many(self, chunks)
        log.append("body" if any(BODY in bytes(chunk) for chunk in chunks) else "headers")

    monkeypatch.setattr(StreamWriter, "_write", write)
    monkeypatch.setattr(StreamWriter, "_writelines", writelines)
    return log


def test_a_post_is_sent_when_its_body_is_with_the_transport(writes: list[str]) -> None:
    done = exchange("POST", BODY, writes)
    assert (done.sent, done.status, done.body) == (True, 200, BODY)
    assert writes.index("body") < writes.index("sent")
    assert writes.count("sent") == 1


def test_a_get_is_sent_once(writes: list[str]) -> None:
    done = exchange("GET", None, writes)
    assert (done.sent, done.status) == (True, 200)
    assert writes.count("sent") == 1
