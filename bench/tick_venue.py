"""The venue's side of the tick-to-order benchmark, in a process of its own: sends ticks, stamps the answers.

Run by bench.tick_to_order. Each way an order can take (`DESKS`) has market connections of its own, so that
one tick reaches one of them. It stamps just before a frame is given to the socket and again when an answer is
read whole, on CLOCK_MONOTONIC; the market frames are Binance depth diffs of 40 levels.
"""

import asyncio
import json
import sys
import time
from typing import Any

from aiohttp import web
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

DESKS = ("rest", "hmac", "session")  # REST; ws-api signed per message; ws-api after one log-on
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
        "E": time.time_ns() // 1_000_000,  # a book whose frames come ever later is not traded on
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
        self._update_ids = dict.fromkeys(DESKS, 100)

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
        legs = [f"{desk}_{leg}" for desk in DESKS for leg in ("first", "both")]
        stamps: dict[str, list[int]] = {name: [] for name in ("floor", "rest_floor", *legs)}
        low = move(0, HIGH, LOW)
        for sample in range(self._samples + 20):
            for kind in ("floor", "rest_floor", *DESKS):
                await asyncio.sleep(self._gap_s)
                if kind in DESKS:
                    payload = move(self._next_id(kind), HIGH, LOW)
                    sent = self._send(f"{kind}-a", payload)
                    first = await asyncio.wait_for(self._arrivals.get(), 5)
                    both = await asyncio.wait_for(self._arrivals.get(), 5)
                    await asyncio.sleep(self._gap_s)
                    self._send(f"{kind}-a", move(self._next_id(kind), LOW, HIGH))
                    if sample >= 20:  # the first ones warm both sides up
                        stamps[f"{kind}_first"].append(first - sent)
                        stamps[f"{kind}_both"].append(both - sent)
                else:
                    sent = self._send(kind, low)
                    arrived = await asyncio.wait_for(self._arrivals.get(), 5)
                    if sample >= 20:
                        stamps[kind].append(arrived - sent)
        return stamps

    def _next_id(self, desk: str) -> int:
        self._update_ids[desk] += 1
        return self._update_ids[desk]

    def _send(self, name: str, payload: bytes) -> int:
        sent = time.monotonic_ns()
        self._sockets[name].send(WSMsgType.TEXT, payload)
        return sent

    # What the client talks to.

    def _accept(self, request: WSUpgradeRequest) -> WSListener:
        name = request.path.decode().rsplit("/", 1)[1].partition("?")[0]
        venue = self
        if name == "v3":
            return _OrderConnection(self)

        class Connection(WSListener):
            def on_ws_connected(self, transport: WSTransport) -> None:
                venue._sockets[name] = transport
                if {"floor", "rest_floor", *(f"{desk}-a" for desk in DESKS)} <= venue._sockets.keys():
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
        return web.json_response(self.filled(form))

    def filled(self, form: Any) -> dict[str, Any]:
        """The FULL answer to an order, filled whole at its limit."""
        self._order_id += 1
        qty, price = form["quantity"], form["price"]
        fill = {"price": price, "qty": qty, "tradeId": self._order_id, "commission": "0"}
        fill["commissionAsset"] = "USDT"
        return {
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


class _OrderConnection(WSListener):
    """ws-api: a log-on is taken as it comes, an order is stamped when it was read and filled at once."""

    def __init__(self, venue: TickVenue) -> None:
        self._venue = venue

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        arrived = time.monotonic_ns()
        message = json.loads(frame.get_payload_as_bytes())
        result: dict[str, Any] = {}
        if message["method"] == "order.place":
            self._venue._arrivals.put_nowait(arrived)
            result = self._venue.filled(message["params"])
        answer = {"id": message["id"], "status": 200, "result": result}
        transport.send(WSMsgType.TEXT, json.dumps(answer).encode())


def main() -> None:
    samples, gap_s = int(sys.argv[1]), float(sys.argv[2])
    print(json.dumps(asyncio.run(TickVenue(samples, gap_s).run())), flush=True)


if __name__ == "__main__":
    main()
