"""Both venues on fake ports, ready to trade BTC/USDT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arb.venues.base import Credentials, OrderRequest, Secret, Side, TimeInForce
from arb.venues.binance.venue import BinanceSpot
from arb.venues.bybit.venue import BybitSpot
from arb.venues.settings import VenueSettings

from .fakes import EventLog, FakeClock, FakeHttp, FakeSockets

KEY, SECRET = "test_api_key", "test_secret"
URLS = {
    "rest": "http://127.0.0.1:1",
    "ws": "ws://127.0.0.1:2",
    "ws_api": "ws://127.0.0.1:3/ws-api/v3",
    "ws_public": "ws://127.0.0.1:4/v5/public",
    "ws_private": "ws://127.0.0.1:4/v5/private",
}

BINANCE_INFO: dict[str, Any] = {
    "symbols": [
        {
            "symbol": symbol,
            "status": "TRADING",
            "baseAsset": base,
            "quoteAsset": "USDT",
            "isSpotTradingAllowed": True,
            "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER"],
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01000000",
                    "maxPrice": "1000000.00000000",
                    "tickSize": "0.01000000",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": "0.00001000",
                    "maxQty": "9000.00000000",
                    "stepSize": "0.00001000",
                },
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000.00000000"},
            ],
        }
        for symbol, base in (("BTCUSDT", "BTC"), ("ETHUSDT", "ETH"))
    ]
}
BYBIT_INFO: dict[str, Any] = {
    "category": "spot",
    "list": [
        {
            "symbol": symbol,
            "baseCoin": base,
            "quoteCoin": "USDT",
            "status": "Trading",
            "lotSizeFilter": {
                "basePrecision": "0.000001",
                "quotePrecision": "0.0000001",
                "minOrderQty": "0.000011",
                "maxOrderQty": "83",
                "minOrderAmt": "5",
                "maxOrderAmt": "8000000",
                "maxLimitOrderQty": "80",
            },
            "priceFilter": {"tickSize": "0.1"},
        }
        for symbol, base in (("BTCUSDT", "BTC"), ("ETHUSDT", "ETH"))
    ],
}


def envelope(result: Any, code: int = 0, message: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": 1_700_000_000_000}


@dataclass
class Bench:
    venue: Any
    clock: FakeClock
    http: FakeHttp
    sockets: FakeSockets
    events: EventLog

    @property
    def orders(self) -> Any:
        return self.venue.orders


def _bench(kind: type[BinanceSpot] | type[BybitSpot], **settings: Any) -> Bench:
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
    return Bench(venue, clock, http, sockets, events)


def binance(*, ready: bool = True, **settings: Any) -> Bench:
    bench = _bench(BinanceSpot, **settings)
    if ready:
        bench.venue.measure_clock()
        bench.http.answer("/api/v3/time", {"serverTime": 1_700_000_001_000})
        bench.venue.instruments(["BTC/USDT", "ETH/USDT"], lambda _: None)
        bench.http.answer("/api/v3/exchangeInfo", BINANCE_INFO)
        bench.http.requests.clear()
    return bench


def bybit(*, ready: bool = True, **settings: Any) -> Bench:
    bench = _bench(BybitSpot, **settings)
    if ready:
        bench.venue.measure_clock()
        bench.http.answer("/v5/market/time", envelope({"timeNano": "1700000001000000000"}))
        bench.venue.instruments(["BTC/USDT", "ETH/USDT"], lambda _: None)
        bench.http.answer("/v5/market/instruments-info", envelope(BYBIT_INFO))
        bench.http.requests.clear()
    return bench


def order(coid: str = "acoid000001", tif: TimeInForce = TimeInForce.ioc) -> OrderRequest:
    return OrderRequest(coid, "BTC/USDT", Side.buy, "0.5", "60000.1", tif)
