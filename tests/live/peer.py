"""A market server on loopback: says what the test tells it to, remembers what it hears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from tests.venues.waiting import until


class Peer(WSListener):
    """One accepted connection."""

    def __init__(self, server: MarketServer) -> None:
        super().__init__()
        self.server = server
        self.transport: WSTransport | None = None
        self.heard: list[bytes] = []
        self.gone = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.server.peers.append(self)
        if self.server.on_connect is not None:
            self.server.on_connect(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.heard.append(frame.get_payload_as_bytes())
            if self.server.on_text is not None:
                self.server.on_text(self, self.heard[-1])

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.gone = True

    def say(self, text: bytes, kind: WSMsgType = WSMsgType.TEXT, **flags: Any) -> None:
        assert self.transport is not None
        self.transport.send(kind, text, **flags)

    def reset(self) -> None:
        assert self.transport is not None
        self.transport.disconnect(False)


class MarketServer:
    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.on_connect: Callable[[Peer], None] | None = None
        self.on_text: Callable[[Peer, bytes], None] | None = None
        self.url = ""

    @property
    def last(self) -> Peer:
        return self.peers[-1]

    async def connected(self, count: int) -> Peer:
        await until(lambda: len(self.peers) >= count)
        return self.peers[count - 1]


@contextlib.asynccontextmanager
async def market_server() -> AsyncIterator[MarketServer]:
    server = MarketServer()
    listening = await ws_create_server(lambda _: Peer(server), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"ws://127.0.0.1:{port}/"
    try:
        yield server
    finally:
        listening.close()
        for peer in server.peers:
            if not peer.gone:
                peer.reset()
        await until(lambda: all(peer.gone for peer in server.peers))
        await asyncio.sleep(0)
