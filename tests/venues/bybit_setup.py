"""Bybit spot and linear on fake ports, with an order channel where one is wanted."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from arb.venues.base import Credentials, OrderRequest, Secret, Side, TimeInForce
from arb.venues.bybit.linear import BybitLinear
from arb.venues.bybit.venue import BybitSpot
from arb.venues.settings import VenueSettings

from .fakes import EventLog, FakeClock, FakeHttp, FakeSocket, FakeSockets
from .setup import BYBIT_INFO, KEY, SECRET, Bench, envelope

URLS = {
    "rest": "http://127.0.0.1:1",
    "ws_public": "ws://127.0.0.1:4/v5/public",
    "ws_private": "ws://127.0.0.1:4/v5/private",
    "ws_trade": "ws://127.0.0.1:4/v5/trade",
}
LINEAR_INFO: dict[str, Any] = {
    "category": "linear",
    "list": [
        {
            "symbol": symbol,
            "contractType": "LinearPerpetual",
            "status": "Trading",
            "baseCoin": base,
            "quoteCoin": "USDT",
            "settleCoin": "USDT",
            "lotSizeFilter": {
                "qtyStep": "0.001",
                "minOrderQty": "0.001",
                "maxOrderQty": "100",
                "minNotionalValue": "5",
            },
            "priceFilter": {"tickSize": "0.1", "minPrice": "0.1", "maxPrice": "1999999.8"},
        }
        for symbol, base in (("BTCUSDT", "BTC"), ("ETHUSDT", "ETH"))
    ],
}
SPOT_SYMBOL, LINEAR_SYMBOL = "BTC/USDT", "BTC/USDT:USDT"


def spot(*, up: bool = True, **settings: Any) -> Bench:
    return _bench(BybitSpot, BYBIT_INFO, ("BTC/USDT", "ETH/USDT"), up, settings)


def linear(*, up: bool = True, **settings: Any) -> Bench:
    return _bench(BybitLinear, LINEAR_INFO, ("BTC/USDT:USDT", "ETH/USDT:USDT"), up, settings)


def _bench(kind: Any, info: Any, symbols: tuple[str, ...], up: bool, settings: dict[str, Any]) -> Bench:
    clock, http, sockets, events = FakeClock(), FakeHttp(), FakeSockets(), EventLog()
    venue = kind(
        "here",
        URLS,
        http,
        sockets,
        clock,
        events,
        Credentials(KEY, Secret(SECRET)),
        VenueSettings(**settings),
        random=lambda: 0.0,
    )
    bench = Bench(venue, clock, http, sockets, events)
    measure(bench)
    venue.instruments(symbols, lambda _: None)
    http.answer("instruments-info", envelope(info))
    http.requests.clear()
    if up:
        connect(bench)
    events.take()
    return bench


def measure(bench: Bench) -> None:
    bench.venue.measure_clock()
    answer_clock(bench)


def answer_clock(bench: Bench) -> None:
    now_ns = 1_700_000_000_000_000_000 + bench.clock.ns
    bench.http.answer("/v5/market/time", envelope({"timeNano": str(now_ns)}))


def connect(bench: Bench) -> FakeSocket:
    """The order channel, logged on."""
    bench.orders.start()
    socket = bench.sockets.last
    socket.open()
    assert socket.sent[0]["op"] == "auth"
    socket.say({"retCode": 0, "retMsg": "OK", "op": "auth", "connId": "c"})
    assert bench.orders.channel.ready
    return socket


def order(coid: str = "acoid000001", symbol: str = SPOT_SYMBOL, **changes: Any) -> OrderRequest:
    return OrderRequest(
        coid, symbol, Side.buy, "0.5", "60000.1", changes.pop("tif", TimeInForce.ioc), **changes
    )


def answer(bench: Bench, data: Any, code: int = 0, message: str = "OK", **header: str) -> None:
    """To the last request on the channel; `X_Bapi_Limit="10"` is a header of it."""
    socket = bench.sockets.last
    sent = socket.sent[-1]
    socket.say(
        {
            "reqId": sent["reqId"],
            "retCode": code,
            "retMsg": message,
            "op": sent["op"],
            "data": data,
            "retExtInfo": {},
            "header": {name.replace("_", "-"): value for name, value in header.items()},
            "connId": "c",
        }
    )


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
