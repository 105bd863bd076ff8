"""Binance spot and USD-M on fake ports, with an order channel where one is wanted."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from arb.venues.base import Credentials, KeyKind, OrderRequest, Secret, Side, TimeInForce
from arb.venues.binance.usdm import BinanceUsdm
from arb.venues.binance.venue import BinanceSpot
from arb.venues.settings import VenueSettings

from .fakes import EventLog, FakeClock, FakeHttp, FakeSocket, FakeSockets
from .setup import BINANCE_INFO, KEY, SECRET, Bench

REST = "http://127.0.0.1:1"
SPOT_URLS = {"rest": REST, "ws": "ws://127.0.0.1:2", "ws_api": "ws://127.0.0.1:3/ws-api/v3"}
USDM_URLS = {"rest": REST, "ws": "ws://127.0.0.1:2", "ws_api": "ws://127.0.0.1:3/ws-fapi/v1", "sapi": REST}

# PKCS#8 of the seed of RFC 8032, test 1: worth nothing to anybody.
ED25519_PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n"
)

RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 10},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 1000},
]
SPOT_INFO = {**BINANCE_INFO, "rateLimits": RATE_LIMITS}
USDM_INFO: dict[str, Any] = {
    "rateLimits": [
        {**RATE_LIMITS[0], "limit": 2400},
        RATE_LIMITS[1],
        {**RATE_LIMITS[1], "interval": "MINUTE", "intervalNum": 1, "limit": 40},
    ],
    "symbols": [
        {
            "symbol": symbol,
            "contractType": "PERPETUAL",
            "status": "TRADING",
            "baseAsset": base,
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.10",
                    "maxPrice": "1000000",
                    "tickSize": "0.10",
                },
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "50"},
                {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500"},
            ],
        }
        for symbol, base in (("BTCUSDT", "BTC"), ("ETHUSDT", "ETH"))
    ],
}
SPOT_SYMBOL, USDM_SYMBOL = "BTC/USDT", "BTC/USDT:USDT"


def spot(*, ed25519: bool = False, up: bool = True, **settings: Any) -> Bench:
    return _bench(BinanceSpot, SPOT_URLS, SPOT_INFO, ("BTC/USDT", "ETH/USDT"), ed25519, up, settings)


def usdm(*, ed25519: bool = False, up: bool = True, **settings: Any) -> Bench:
    symbols = ("BTC/USDT:USDT", "ETH/USDT:USDT")
    return _bench(BinanceUsdm, USDM_URLS, USDM_INFO, symbols, ed25519, up, settings)


def _bench(
    kind: Any,
    urls: Any,
    info: Any,
    symbols: tuple[str, ...],
    ed25519: bool,
    up: bool,
    settings: dict[str, Any],
) -> Bench:
    clock, http, sockets, events = FakeClock(), FakeHttp(), FakeSockets(), EventLog()
    credentials = (
        Credentials(KEY, Secret(ED25519_PEM), KeyKind.ed25519)
        if ed25519
        else Credentials(KEY, Secret(SECRET))
    )
    venue = kind(
        "here",
        urls,
        http,
        sockets,
        clock,
        events,
        credentials,
        VenueSettings(**settings),
        random=lambda: 0.0,
    )
    bench = Bench(venue, clock, http, sockets, events)
    measure(bench)
    venue.instruments(symbols, lambda _: None)
    http.answer("exchangeInfo", info)
    http.requests.clear()
    if up:
        connect(bench)
    events.take()
    return bench


def measure(bench: Bench, server_ms: int | None = None) -> None:
    now_ms = 1_700_000_000_000 + bench.clock.ns // 1_000_000
    bench.venue.measure_clock()
    bench.http.answer("/time", {"serverTime": now_ms if server_ms is None else server_ms})


def connect(bench: Bench) -> FakeSocket:
    """The order channel, logged on where it has to be."""
    bench.orders.start()
    socket = bench.sockets.last
    socket.open()
    if socket.sent:
        socket.say({"id": socket.sent[0]["id"], "status": 200, "result": {"apiKey": KEY}})
    assert bench.orders.channel.ready
    return socket


def order(coid: str = "acoid000001", symbol: str = SPOT_SYMBOL, **changes: Any) -> OrderRequest:
    return OrderRequest(
        coid, symbol, Side.buy, "0.5", "60000.1", changes.pop("tif", TimeInForce.ioc), **changes
    )


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
