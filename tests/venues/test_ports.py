"""What every HTTP port and every socket port promises: one suite on the real ones and on the fakes.

The real ports talk to a server on loopback; each case names what the other side does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from arb.live.hosts import HostGuard
from arb.live.http_port import LiveHttpPort
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import Failure, HttpDone, HttpRequest

from .fakes import FakeHttp, FakeSockets
from .waiting import until

BODY = b'{"a":1,"signature":"x%2By"}'


class Server:
    """An aiohttp server with one path per behaviour; `/ws/...` for sockets."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes, str]] = []
        self.peers: set[Any] = set()
        self.app = web.Application()
        self.app.router.add_route("*", "/ws/{what}", self._ws)
        self.app.router.add_route("*", "/{what}", self._http)
        self.frames: list[str] = []

    async def _http(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request.method, request.raw_path, body, request.headers.get("X-Key", "")))
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")
        kept = peer in self.peers
        self.peers.add(peer)
        what = request.match_info["what"]
        if what == "kept" and kept:  # a connection that dies under its second request
            request.transport.close()
        if what == "reset":
            _reset(request.transport)
            return web.Response()
        if what == "silent":
            await asyncio.sleep(30)
        if what == "redirect":
            return web.Response(status=302, headers={"Location": "/ok"})
        if what == "half":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
            request.transport.abort()
            return response
        if what == "error":
            return web.Response(status=503, text="busy", headers={"Retry-After": "7"})
        return web.Response(body=b"[1]", headers={"X-Mbx-Used-Weight-1m": "3"})

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        what = request.match_info["what"]
        if what == "refuse":
            return web.Response(status=503)
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        assert request.transport is not None
        if what == "compressed":
            request.transport.write(b"\xc1\x03abc")  # rsv1
        elif what == "fragment":
            request.transport.write(b"\x01\x03abc")  # no FIN
        elif what == "huge":
            request.transport.write(b"\x81\x7f" + struct.pack(">Q", 64 * 1024 * 1024))
        elif what == "binary":
            await ws.send_bytes(b"\x00")
        elif what == "close":
            await ws.send_str("last words")
            await ws.close()
        elif what == "reset":
            _reset(request.transport)
        elif what == "burst":
            request.transport.write(b"\x81\x01a\x81\x01b\x81\x01c")
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self.frames.append(message.data)
                await ws.send_str(f"echo {message.data}")
        return ws


def _reset(transport: Any) -> None:
    raw = transport.get_extra_info("socket")
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    runner = web.AppRunner(server.app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield server, f"127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def free_port() -> int:
    with contextlib.closing(sockets.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# HTTP.

Log = list[tuple[str, Any]]


def start(port: Any, request: HttpRequest) -> Log:
    log: Log = []
    port.start(request, lambda done: log.append(("done", done)), lambda: log.append(("sent", None)))
    assert log == [], "called back from inside start"
    return log


async def real(case: str) -> Log:
    async with served() as (_, address):
        port = LiveHttpPort()
        host = f"127.0.0.1:{free_port()}" if case == "refused" else address
        if case == "foreign":
            host = "192.0.2.1:80"
        path = case if case in ("ok", "error", "reset", "half", "silent") else "ok"
        if case == "close":
            path = "silent"
        if case == "closed":
            await port.close()
        log = start(port, HttpRequest("POST", f"http://{host}/{path}", {}, BODY, 0.3))
        if case == "close":
            await until(lambda: bool(log))
            await port.close()
        elif case == "close at once":
            await port.close()
        await until(lambda: any(name == "done" for name, _ in log))
        await port.close()
        return log


async def fake(case: str) -> Log:
    port = FakeHttp()
    log = start(port, HttpRequest("POST", "http://127.0.0.1:1/x", {}, BODY, 0.3))
    if case == "ok":
        port.answer(body=[1], headers={"X-Mbx-Used-Weight-1m": "3"})
    elif case == "error":
        port.answer(body=b"busy", status=503, headers={"Retry-After": "7"})
    else:
        failure, sent = FAILURES[case]
        port.fail(failure=failure, sent=sent)
    return log


FAILURES = {
    "refused": (Failure.connect, False),
    "foreign": (Failure.refused, False),
    "closed": (Failure.closed, False),
    "close at once": (Failure.closed, False),
    "close": (Failure.closed, True),
    "silent": (Failure.timeout, True),
    "reset": (Failure.broken, True),
    "half": (Failure.broken, True),
}
HTTP = pytest.mark.parametrize("port", [real, fake], ids=["real", "fake"])


@HTTP
@pytest.mark.parametrize(("case", "status"), [("ok", 200), ("error", 503)])
def test_an_answer_is_sent_then_done(port: Callable[[str], Awaitable[Log]], case: str, status: int) -> None:
    log = asyncio.run(port(case))  # type: ignore[arg-type]
    assert [name for name, _ in log] == ["sent", "done"]
    done: HttpDone = log[1][1]
    assert (done.sent, done.status, done.failure) == (True, status, None)
    if case == "ok":
        assert done.body == b"[1]"
        assert done.headers["X-Mbx-Used-Weight-1m"] == "3"


@HTTP
@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_says_whether_bytes_may_have_left(port: Callable[[str], Awaitable[Log]], case: str) -> None:
    log = asyncio.run(port(case))  # type: ignore[arg-type]
    failure, sent = FAILURES[case]
    assert [name for name, _ in log] == (["sent", "done"] if sent else ["done"])
    done: HttpDone = log[-1][1]
    assert (done.failure, done.sent, done.status, done.body) == (failure, sent, 0, b"")


def test_the_real_port_sends_the_exact_bytes_once() -> None:
    async def run() -> Server:
        async with served() as (server, address):
            port = LiveHttpPort()
            url = f"http://{address}/ok?symbols=%5B%22BTCUSDT%22%5D&cursor=a%2Cb&x=1%2B1"
            logs = [start(port, HttpRequest("POST", url, {"X-Key": "k"}, BODY))]
            logs.append(start(port, HttpRequest("POST", f"http://{address}/reset", {}, BODY)))
            logs.append(start(port, HttpRequest("POST", f"http://{address}/redirect", {}, BODY)))
            await until(lambda: all(log and log[-1][0] == "done" for log in logs))
            assert [log[-1][1].status for log in logs] == [200, 0, 302]
            await port.close()
            return server

    server = asyncio.run(run())
    paths = sorted(path for _, path, _, _ in server.requests)
    assert paths == ["/ok?symbols=%5B%22BTCUSDT%22%5D&cursor=a%2Cb&x=1%2B1", "/redirect", "/reset"]
    assert {body for _, _, body, _ in server.requests} == {BODY}


def test_two_orders_at_once_find_two_warm_connections() -> None:
    async def run() -> Server:
        async with served() as (server, address):
            port = LiveHttpPort()
            port.keep_warm(f"http://{address}/ok", connections=2, period_s=60.0)
            await until(lambda: len(server.requests) == 2)
            await asyncio.sleep(0.05)  # the answers are read and the connections given back
            logs = [start(port, HttpRequest("POST", f"http://{address}/ok", {}, BODY)) for _ in range(2)]
            await until(lambda: all(log and log[-1][0] == "done" for log in logs))
            await port.close()
            return server

    server = asyncio.run(run())
    assert (len(server.requests), len(server.peers)) == (4, 2)


def test_warm_connections_are_used_again_every_period() -> None:
    async def run() -> Server:
        async with served() as (server, address):
            port = LiveHttpPort()
            port.keep_warm(f"http://{address}/ok", connections=1, period_s=0.01)
            await until(lambda: len(server.requests) >= 4)
            await port.close()
            return server

    assert len(asyncio.run(run()).peers) == 1


def test_a_cancel_that_is_repeated_on_a_dead_connection_is_reported_sent_once() -> None:
    async def run() -> tuple[Server, Log]:
        async with served() as (server, address):
            port = LiveHttpPort()
            first = start(port, HttpRequest("GET", f"http://{address}/ok", {}))
            await until(lambda: bool(first) and first[-1][0] == "done")
            log = start(port, HttpRequest("DELETE", f"http://{address}/kept", {}))
            await until(lambda: bool(log) and log[-1][0] == "done")
            await port.close()
            return server, log

    server, log = asyncio.run(run())
    assert [path for _, path, _, _ in server.requests] == ["/ok", "/kept", "/kept"], "nothing was repeated"
    assert [name for name, _ in log] == ["sent", "done"]
    assert log[-1][1].status == 200


def test_an_error_in_a_callback_reaches_the_loop_and_nothing_is_called_twice() -> None:
    async def run() -> tuple[list[Any], int]:
        errors: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        calls = 0

        def on_done(done: HttpDone) -> None:
            nonlocal calls
            calls += 1
            raise RuntimeError("in the session")

        async with served() as (_, address):
            port = LiveHttpPort()
            port.start(HttpRequest("GET", f"http://{address}/ok", {}), on_done)
            await until(lambda: bool(errors))
            await port.close()
        return errors, calls

    errors, calls = asyncio.run(run())
    assert calls == 1
    assert "in the session" in str(errors[0]["exception"])


@pytest.mark.parametrize(
    ("url", "permitted"),
    [
        ("http://127.0.0.1:80/x", True),
        ("ws://127.8.9.1", True),
        ("http://[::1]:80/x", True),
        ("http://localhost:1/x", True),
        ("https://exchange.example/x", False),
        ("http://127.0.0.1.exchange.example/x", False),
        ("http://user@exchange.example/127.0.0.1", False),
        ("http://10.0.0.1/", False),
        ("http://", False),
        ("nonsense", False),
    ],
)
def test_only_loopback_is_permitted_by_default(url: str, permitted: bool) -> None:
    guard = HostGuard()
    assert (guard.permits(url), guard.permits(url)) == (permitted, permitted)


def test_a_listed_host_is_permitted() -> None:
    assert HostGuard(["exchange.example"]).permits("https://exchange.example/x")


# Sockets.


class Ear:
    def __init__(self) -> None:
        self.log: list[str] = []
        self.socket: Any = None
        self.on_first: Callable[[], None] | None = None

    def on_open(self) -> None:
        self.log.append("open")

    def on_text(self, text: bytes) -> None:
        self.log.append(f"text {text.decode()}")
        if self.on_first is not None:
            self.on_first()

    def on_close(self, reason: str) -> None:
        assert not any(entry.startswith("close") for entry in self.log), self.log
        self.log.append(f"close {reason}")

    @property
    def ended(self) -> bool:
        return bool(self.log) and self.log[-1].startswith("close")


async def real_socket(case: str) -> Ear:
    async with served() as (server, address):
        port = LiveSocketPort(handshake_timeout_s=1.0)
        ear = Ear()
        host = f"127.0.0.1:{free_port()}" if case == "unreachable" else address
        if case == "foreign":
            host = "192.0.2.1:80"
        if case == "closed port":
            await port.close()
        ear.socket = port.open(f"ws://{host}/ws/{case.replace(' ', '-')}", ear)
        assert ear.log == [], "called back from inside open"
        assert ear.socket.closing
        assert ear.socket.send(b"too early") is False
        if case == "close at once":
            ear.socket.close()
            assert ear.log == [], "called back from inside close"
        elif case in ("talk", "close", "own close"):
            await until(lambda: "open" in ear.log)
            if case == "talk":
                assert ear.socket.send(b"hello") is True
                await until(lambda: len(ear.log) == 2)
            if case != "close":
                before = list(ear.log)
                ear.socket.close()
                assert ear.log == before, "called back from inside close"
                assert ear.socket.closing
                assert ear.socket.send(b"too late") is False
        await until(lambda: ear.ended)
        assert ear.socket.closing
        assert ear.socket.send(b"too late") is False
        await port.close()
        await asyncio.sleep(0.02)
        assert server.frames == (["hello"] if case == "talk" else [])
        return ear


async def fake_socket(case: str) -> Ear:
    port, ear = FakeSockets(), Ear()
    ear.socket = port.open("ws://127.0.0.1:1/ws/x", ear)
    assert ear.log == []
    assert ear.socket.closing
    assert ear.socket.send(b"0") is False
    if case in ("talk", "own close", "close"):
        ear.socket.open()
    if case == "talk":
        assert ear.socket.send(b'"hello"') is True
        ear.socket.say(b"echo hello")
    if case == "close":
        ear.socket.say(b"last words")
    if case in ("talk", "own close", "close at once"):
        ear.socket.close()
        assert ear.socket.closing
        ear.socket.say(b"after our close")
    ear.socket.end("by the test")
    assert ear.socket.send(b"0") is False
    return ear


SOCKETS = pytest.mark.parametrize("port", [real_socket, fake_socket], ids=["real", "fake"])


@SOCKETS
@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("talk", ["open", "text echo hello"]),
        ("close", ["open", "text last words"]),
        ("own close", ["open"]),
        ("close at once", []),
        ("unreachable", []),
        ("refuse", []),
        ("foreign", []),
        ("closed port", []),
    ],
)
def test_a_socket_opens_talks_and_closes_once(
    port: Callable[[str], Awaitable[Ear]], case: str, expected: list[str]
) -> None:
    ear = asyncio.run(port(case))  # type: ignore[arg-type]
    assert ear.log[:-1] == expected
    assert ear.ended


@pytest.mark.parametrize("case", ["compressed", "fragment", "binary", "huge", "reset"])
def test_a_frame_we_cannot_take_costs_the_connection(case: str) -> None:
    ear = asyncio.run(real_socket(case))
    assert [entry for entry in ear.log if entry.startswith("text")] == []


def test_frames_of_the_same_read_are_not_heard_after_our_close() -> None:
    async def run() -> list[str]:
        async with served() as (_, address):
            port, ear = LiveSocketPort(), Ear()
            ear.socket = port.open(f"ws://{address}/ws/burst", ear)
            ear.on_first = lambda: ear.socket.close()
            await until(lambda: ear.ended)
            await port.close()
            return ear.log

    assert asyncio.run(run()) == ["open", "text a", "close closed by us"]


def test_a_half_open_peer_is_found_by_the_idle_ping() -> None:
    async def run() -> list[str]:
        # Answers the handshake by hand and then neither reads nor writes, pongs included.
        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            import base64
            import hashlib

            head = await reader.readuntil(b"\r\n\r\n")
            key = next(x for x in head.decode().split("\r\n") if x.lower().startswith("sec-websocket-key"))
            token = key.partition(":")[2].strip() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(token.encode()).digest()).decode()
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
            )
            await done.wait()
            writer.transport.abort()

        done = asyncio.Event()
        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        port, ear = LiveSocketPort(ping_idle_s=0.05, ping_reply_s=0.05), Ear()
        ear.socket = port.open(f"ws://127.0.0.1:{address[1]}/x", ear)
        await until(lambda: ear.ended)
        done.set()
        await port.close()
        server.close()
        await server.wait_closed()
        return ear.log

    log = asyncio.run(run())
    assert log[0] == "open"
    assert log[-1].startswith("close")
