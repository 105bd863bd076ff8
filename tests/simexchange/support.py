"""A small client of its own for the simulated venues: signing, REST and WebSockets on aiohttp."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import yarl

from arb.simexchange.instant import Instant
from arb.simexchange.server import SimServer
from arb.simexchange.spec import MarketSpec, WorldSpec

# No dislocations: prices stay together and nothing is urgent.
CALM = MarketSpec(pause_ms=(10_000_000, 10_000_001))
START = Instant(1_000_000_000, 1_700_000_000_000_000_000)


def sign(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Client:
    """Talks to one running SimServer."""

    def __init__(self, server: SimServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        endpoints: Any = server.endpoints()
        self.endpoints = endpoints
        self.key: str = self.endpoints["key"]
        self.secret: str = self.endpoints["secret"]
        self.binance_urls = self.endpoints["venues"]["binance"]["spot"]
        self.bybit_urls = self.endpoints["venues"]["bybit"]

    async def send(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, Any]:
        async with self.session.request(
            method, yarl.URL(url, encoded=True), headers=headers, data=body
        ) as answer:
            return answer.status, json.loads(await answer.read())

    async def binance_public(self, path: str) -> tuple[int, Any]:
        return await self.send("GET", self.binance_urls["rest"] + path)

    async def binance(
        self, method: str, path: str, *, in_body: bool = False, **params: object
    ) -> tuple[int, Any]:
        params.setdefault("timestamp", now_ms())
        text = urlencode(params)
        text += "&signature=" + sign(self.secret, text)
        headers = {"X-MBX-APIKEY": self.key}
        url = self.binance_urls["rest"] + path
        if in_body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return await self.send(method, url, headers, text.encode())
        return await self.send(method, f"{url}?{text}", headers)

    async def bybit_public(self, path: str) -> Any:
        return (await self.send("GET", self.bybit_urls["rest"] + path))[1]

    async def bybit(self, method: str, path: str, **params: object) -> Any:
        stamp = str(now_ms())
        text = urlencode(params) if method == "GET" else json.dumps(params)
        headers = {
            "X-BAPI-API-KEY": self.key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": sign(self.secret, stamp + self.key + "5000" + text),
        }
        url = self.bybit_urls["rest"] + path
        if method == "GET":
            return (await self.send(method, f"{url}?{text}", headers))[1]
        headers["Content-Type"] = "application/json"
        return (await self.send(method, url, headers, text.encode()))[1]

    async def control(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return (await self.send(method, self.endpoints["control"] + path, body=data))[1]

    async def ws(self, url: str) -> aiohttp.ClientWebSocketResponse:
        return await self.session.ws_connect(url, max_msg_size=0)

    async def binance_user_stream(self) -> aiohttp.ClientWebSocketResponse:
        ws = await self.ws(self.binance_urls["ws_api"])
        params: dict[str, object] = {"apiKey": self.key, "timestamp": now_ms()}
        text = "&".join(f"{name}={params[name]}" for name in sorted(params))
        params["signature"] = sign(self.secret, text)
        await ws.send_json({"id": "1", "method": "userDataStream.subscribe.signature", "params": params})
        assert (await ws.receive_json())["result"] == {"subscriptionId": 0}
        return ws

    async def bybit_private(self, *topics: str) -> aiohttp.ClientWebSocketResponse:
        ws = await self.ws(self.bybit_urls["ws_private"])
        expires = now_ms() + 5_000
        signature = sign(self.secret, f"GET/realtime{expires}")
        await ws.send_json({"req_id": "a", "op": "auth", "args": [self.key, expires, signature]})
        assert (await ws.receive_json())["success"]
        await ws.send_json({"req_id": "b", "op": "subscribe", "args": list(topics)})
        assert (await ws.receive_json())["success"]
        return ws


@asynccontextmanager
async def simulator(spec: WorldSpec | None = None) -> AsyncIterator[Client]:
    server = SimServer(spec or WorldSpec(seed=3, market=CALM))
    await server.start()
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Client(server, session)
    finally:
        await server.close()


async def receive_until(
    ws: aiohttp.ClientWebSocketResponse, wanted: Callable[[Any], bool], seconds: float = 5.0
) -> list[Any]:
    """All messages up to and with the first that is wanted."""
    seen: list[Any] = []
    async with asyncio.timeout(seconds):
        while True:
            seen.append(await ws.receive_json())
            if wanted(seen[-1]):
                return seen


def run(main: Callable[[Client], Awaitable[None]], spec: WorldSpec | None = None) -> None:
    """Run one async test body against a fresh simulator."""

    async def body() -> None:
        async with simulator(spec) as client:
            await main(client)

    asyncio.run(body())
