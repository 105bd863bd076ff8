"""The venue's side of the tick-to-order benchmark, in a process of its own: sends ticks, stamps the answers.

Run by bench.tick_to_order. It stamps just before a frame is given to the socket and again when an answer is
read whole, on CLOCK_MONOTONIC; the market frames are Binance depth diffs of 40 levels.
"""

import asyncio
import json
import sys
import time
from typing import Any

from aiohttp import web
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

LEVELS = 10  # a side; each tick deletes and sets as many: 40 levels a frame
HIGH, LOW = 60_000_00, 59_880_00  # best bid in cents: where both venues stand, and where one of them drops to
_RULES = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "isSpotTradingAllowed": True,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        {"filterType": "NOTIONAL", "minNotional": "5", "maxNotional": "9000000"},
    ],
}


def side_prices(best_bid: int) -> tuple[list[str], list[str]]:
    bids = [f"{(best_bid - i) / 100:.2f}" for i in range(LEVELS)]
    asks = [f"{(best_bid + 1 + i) / 100:.2f}" for i in range(LEVELS)]
    return bids, asks


def snapshot() -> bytes:
    bids, asks = side_prices(HIGH)
    return json.dumps(
        {"lastUpdateId": 100, "bids": [[p, "1.5"] for p in bids], "asks": [[p, "1.5"] for p in asks]}
    ).encode()


def move(update_id: int, old: int, new: int) -> bytes:
    """The diff that takes the book from one best bid to another."""
    (old_bids, old_asks), (new_bids, new_asks) = side_prices(old), side_prices(new)
    body = {
        "e": "depthUpdate",
        "E": 1_700_000_000_000,
        "s": "BTCUSDT",
        "U": update_id,
        "u": update_id,
        "b": [[p, "0.00000000"] for p in old_bids] + [[p, "1.50000000"] for p in new_bids],
        "a": [[p, "0.00000000"] for p in old_asks] + [[p, "1.50000000"] for p in new_asks],
    }
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": body}, separators=(",", ":")).encode()


class TickVenue:
    def __init__(self, samples: int, gap_s: float) -> None:
        self._samples = samples
        self._gap_s = gap_s
        self._sockets: dict[str, WSTransport] = {}
        self._connected = asyncio.Event()
        self._arrivals: asyncio.Queue[int] = asyncio.Queue()
        self._order_id = 0
        self._update_id = 100

    async def run(self) -> dict[str, list[int]]:
        application = web.Application()
        application.router.add_get("/api/v3/time", self._time)
        application.router.add_get("/api/v3/exchangeInfo", self._rules)
        application.router.add_post("/api/v3/order", self._order)
        application.router.add_post("/plain", self._plain)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        rest = runner.addresses[0][1]
        server = await ws_create_server(self._accept, "127.0.0.1", 0)
        ws = server.sockets[0].getsockname()[1]
        print(json.dumps({"rest": f"http://127.0.0.1:{rest}", "ws": f"ws://127.0.0.1:{ws}"}), flush=True)
        await asyncio.wait_for(self._connected.wait(), 30)
        await asyncio.sleep(0.5)
        result = await self._measure()
        server.close()
        await runner.cleanup()
        return result

    async def _measure(self) -> dict[str, list[int]]:
        stamps: dict[str, list[int]] = {"floor": [], "rest_floor": [], "first_leg": [], "both_legs": []}
        low = move(0, HIGH, LOW)
        for sample in range(self._samples + 20):
            for kind in ("floor", "rest_floor", "tick"):
                await asyncio.sleep(self._gap_s)
                if kind == "tick":
                    payload = move(self._next_id(), HIGH, LOW)
                    sent = self._send("a", payload)
                    first = await asyncio.wait_for(self._arrivals.get(), 5)
                    both = await asyncio.wait_for(self._arrivals.get(), 5)
                    await asyncio.sleep(self._gap_s)
                    self._send("a", move(self._next_id(), LOW, HIGH))
                    if sample >= 20:  # the first ones warm both sides up
                        stamps["first_leg"].append(first - sent)
                        stamps["both_legs"].append(both - sent)
                else:
                    sent = self._send(kind, low)
                    arrived = await asyncio.wait_for(self._arrivals.get(), 5)
                    if sample >= 20:
                        stamps[kind].append(arrived - sent)
        return stamps

    def _next_id(self) -> int:
        self._update_id += 1
        return self._update_id

    def _send(self, name: str, payload: bytes) -> int:
        sent = time.monotonic_ns()
        self._sockets[name].send(WSMsgType.TEXT, payload)
        return sent

    # What the client talks to.

    def _accept(self, request: WSUpgradeRequest) -> WSListener:
        name = request.path.decode().rsplit("/", 1)[1]
        venue = self

        class Connection(WSListener):
            def on_ws_connected(self, transport: WSTransport) -> None:
                venue._sockets[name] = transport
                if {"a", "b", "floor", "rest_floor"} <= venue._sockets.keys():
                    venue._connected.set()

            def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
                if frame.msg_type == WSMsgType.TEXT:
                    venue._arrivals.put_nowait(time.monotonic_ns())

        return Connection()

    async def _time(self, request: web.Request) -> web.Response:
        return web.json_response({"serverTime": time.time_ns() // 1_000_000})

    async def _rules(self, request: web.Request) -> web.Response:
        return web.json_response({"symbols": [_RULES]})

    async def _plain(self, request: web.Request) -> web.Response:
        await request.read()
        self._arrivals.put_nowait(time.monotonic_ns())
        return web.Response(text="{}")

    async def _order(self, request: web.Request) -> web.Response:
        form: Any = await request.post()
        self._arrivals.put_nowait(time.monotonic_ns())
        self._order_id += 1
        qty, price = form["quantity"], form["price"]
        fill = {"price": price, "qty": qty, "tradeId": self._order_id, "commission": "0"}
        fill["commissionAsset"] = "USDT"
        return web.json_response(
            {
                "symbol": "BTCUSDT",
                "orderId": self._order_id,
                "clientOrderId": form["newClientOrderId"],
                "transactTime": time.time_ns() // 1_000_000,
                "price": price,
                "origQty": qty,
                "executedQty": qty,
                "cummulativeQuoteQty": f"{float(qty) * float(price):.8f}",
                "status": "FILLED",
                "timeInForce": "IOC",
                "type": "LIMIT",
                "side": form["side"],
                "fills": [fill],
            }
        )


def main() -> None:
    samples, gap_s = int(sys.argv[1]), float(sys.argv[2])
    print(json.dumps(asyncio.run(TickVenue(samples, gap_s).run())), flush=True)


if __name__ == "__main__":
    main()
