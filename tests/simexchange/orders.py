"""One trader of a market of the simulator, by REST or WebSocket: small orders that fill at once, or rest."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
import yarl

from tests.simexchange.support import Client, sign

WAIT = 0.4  # s: longer than any answer takes that comes at all
SYMBOL = "BTCUSDT"


class Trader:
    """`place` and `cancel` give what was answered, None where nothing came. Queries go by REST."""

    def __init__(self, client: Client, who: str, way: str) -> None:
        self.client = client
        self.venue, self.market = who.split("-")
        self.way = way
        self.is_connected = True
        self.socket: aiohttp.ClientWebSocketResponse = None  # type: ignore[assignment]
        self._number = 0

    @property
    def is_binance(self) -> bool:
        return self.venue == "binance"

    @property
    def url(self) -> str:
        urls = self.client.endpoints["venues"][self.venue]
        return str(urls[self.market]["rest"] if self.is_binance else urls["rest"])

    async def connect(self) -> None:
        urls = self.client.endpoints["venues"][self.venue]
        url = urls[self.market]["ws_api"] if self.is_binance else urls["ws_trade"]
        self.socket = await self.client.ws(url)
        self.is_connected = True
        if not self.is_binance:
            expires = self.now_ms() + 5_000
            signature = sign(self.client.secret, f"GET/realtime{expires}")
            await self.socket.send_json({"op": "auth", "args": [self.client.key, expires, signature]})
            assert (await self.socket.receive_json())["retCode"] == 0

    async def fault(self, kind: str, **fields: Any) -> Any:
        body = {"kind": kind, "venue": self.venue, "market": self.market} | fields
        if not self.is_binance and kind in ("maintenance", "clock_skew"):
            del body["market"]
        fault = await self.client.control("POST", "/faults", body)
        assert "error" not in fault, fault
        return fault

    async def place(self, client_id: str, window_ms: int = 5_000) -> Any:
        return await self._order(client_id, window_ms, await self._price(1.01), "IOC")

    async def rest_order(self, client_id: str) -> Any:
        return await self._order(client_id, 5_000, await self._price(0.97), "GTC")

    async def cancel(self, client_id: str) -> Any:
        if self.is_binance:
            params = {"symbol": SYMBOL, "origClientOrderId": client_id}
            return await self._binance("order.cancel", "DELETE", "order", params, 5_000)
        body = {"category": self.market, "symbol": SYMBOL, "orderLinkId": client_id}
        return await self._bybit("order.cancel", "/v5/order/cancel", body, 5_000)

    async def is_known(self, client_id: str) -> bool:
        if self.is_binance:
            params = {"symbol": SYMBOL, "origClientOrderId": client_id}
            status, body = await self._signed("GET", "order", params, 5_000)
            assert status == 200 or body["code"] == -2013, body
            return bool(status == 200)
        known = []
        for path in ("/v5/order/realtime", "/v5/order/history"):
            fields = {"category": self.market, "symbol": SYMBOL, "orderLinkId": client_id}
            known += (await self.client.bybit("GET", path, **fields))["result"]["list"]
        return bool(known)

    async def has_fills(self) -> bool:
        if self.is_binance:
            path = "myTrades" if self.market == "spot" else "userTrades"
            return bool((await self._signed("GET", path, {"symbol": SYMBOL}, 5_000))[1])
        fields = {"category": self.market, "symbol": SYMBOL}
        return bool((await self.client.bybit("GET", "/v5/execution/list", **fields))["result"]["list"])

    async def log(self, client_id: str) -> list[Any]:
        entries = await self.client.control("GET", "/orders")
        return [entry for entry in entries if entry["client_id"] == client_id]

    async def raw_rest(self) -> tuple[int, str]:
        path = {"spot": "/api/v3/time", "usdm": "/fapi/v1/time"}.get(self.market, "/v5/market/time")
        url = self.url + (path if self.is_binance else "/v5/market/time")
        async with self.client.session.get(url) as answer:
            return answer.status, await answer.text()

    async def logon(self) -> None:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        pair = self.client.endpoints["ed25519"]
        private: Any = load_pem_private_key(pair["private_key"].encode(), None)
        params = {"apiKey": pair["key"], "timestamp": self.now_ms()}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        import base64

        signature = base64.b64encode(private.sign(payload.encode())).decode()
        got = await self.send_ws("session.logon", params | {"signature": signature})
        assert got["status"] == 200, got

    @staticmethod
    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    def code(self, got: Any) -> int:
        assert got is not None
        status, body, _ = got
        if not self.is_binance:
            return int(body["retCode"])
        return 0 if status == 200 else int(body["error"]["code"] if "error" in body else body["code"])

    def message(self, got: Any) -> str:
        _, body, _ = got
        return str(body.get("retMsg") or body.get("msg") or body["error"]["msg"])

    def status(self, got: Any) -> int:
        return int(got[0]) if self.way == "rest" or self.is_binance else 0

    def outcome(self, got: Any) -> str:
        status, body, _ = got
        if isinstance(body, str):
            return "unknown" if status >= 500 else body
        return "unknown" if self.code(got) in (-1000, 10016) else str(body)

    def retry_after_s(self, got: Any) -> float:
        _, body, headers = got
        if self.is_binance and self.way == "rest":
            return float(headers["Retry-After"])
        if self.is_binance:
            return float(body["error"]["data"]["retryAfter"] - self.now_ms()) / 1_000
        limits = headers if self.way == "rest" else body["header"]
        return float(int(limits["X-Bapi-Limit-Reset-Timestamp"]) - self.now_ms()) / 1_000

    async def _price(self, factor: float) -> str:
        marks = await self.client.control("GET", "/marks")
        tick = Decimal("0.1")
        return str((Decimal(marks["BTC"]) * Decimal(str(factor)) / tick).to_integral_value() * tick)

    async def _order(self, client_id: str, window_ms: int, price: str, tif: str) -> Any:
        if self.is_binance:
            params = {
                "symbol": SYMBOL,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": tif,
                "quantity": "0.004",
                "price": price,
                "newClientOrderId": client_id,
            }
            return await self._binance("order.place", "POST", "order", params, window_ms)
        body = {
            "category": self.market,
            "symbol": SYMBOL,
            "side": "Buy",
            "orderType": "Limit",
            "timeInForce": tif,
            "qty": "0.004",
            "price": price,
            "orderLinkId": client_id,
        }
        return await self._bybit("order.create", "/v5/order/create", body, window_ms)

    async def _binance(
        self, name: str, method: str, path: str, params: dict[str, Any], window_ms: int
    ) -> Any:
        if self.way == "rest":
            return await self._try(method, *self._query(path, params, window_ms))
        params = params | {"recvWindow": window_ms, "timestamp": self.now_ms(), "apiKey": self.client.key}
        payload = "&".join(f"{key}={params[key]}" for key in sorted(params))
        got = await self.send_ws(name, params | {"signature": sign(self.client.secret, payload)})
        return None if got is None else (got["status"], got, {})

    async def send_ws(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        return await self._ask({"id": self._number, "method": method, "params": params}, "id")

    async def _bybit(self, op: str, path: str, body: dict[str, Any], window_ms: int) -> Any:
        stamp = str(self.now_ms())
        if self.way == "ws":
            self._number += 1
            header = {"X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": str(window_ms)}
            frame = {"reqId": str(self._number), "header": header, "op": op, "args": [body]}
            got = await self._ask(frame, "reqId")
            return None if got is None else (200, got, {})
        text = json.dumps(body)
        headers = {
            "X-BAPI-API-KEY": self.client.key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": str(window_ms),
            "X-BAPI-SIGN": sign(self.client.secret, f"{stamp}{self.client.key}{window_ms}{text}"),
            "Content-Type": "application/json",
        }
        return await self._try("POST", self.url + path, headers, text.encode())

    def _query(self, path: str, params: dict[str, Any], window_ms: int) -> tuple[str, dict[str, str]]:
        text = urlencode(params | {"recvWindow": window_ms, "timestamp": self.now_ms()})
        text += "&signature=" + sign(self.client.secret, text)
        prefix = "/api/v3/" if self.market == "spot" else "/fapi/v1/"
        return f"{self.url}{prefix}{path}?{text}", {"X-MBX-APIKEY": self.client.key}

    async def _signed(self, method: str, path: str, params: dict[str, Any], window_ms: int) -> Any:
        return await self.client.send(method, *self._query(path, params, window_ms))

    async def _try(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=WAIT)
        # One connection a request: aiohttp repeats some requests by itself when a kept one turns out closed.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            try:
                async with session.request(
                    method, yarl.URL(url, encoded=True), headers=headers, data=body, timeout=timeout
                ) as answer:
                    text = await answer.read()
                    is_json = text.startswith(b"{")
                    return answer.status, json.loads(text) if is_json else text.decode(), answer.headers
            except TimeoutError:
                return None
            except aiohttp.ClientError:
                self.is_connected = False
                return None

    async def _ask(self, frame: dict[str, Any], number: str) -> Any:
        await self.socket.send_json(frame)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while True:
                    message = await self.socket.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        self.is_connected = False
                        return None
                    answer = json.loads(message.data)
                    if answer.get(number) == frame[number]:
                        return answer
        return None


@asynccontextmanager
async def trader(client: Client, who: str, way: str) -> AsyncIterator[Trader]:
    one = Trader(client, who, way)
    if way == "ws":
        await one.connect()
    try:
        yield one
    finally:
        if way == "ws":
            await one.socket.close()
