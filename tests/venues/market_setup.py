"""The four markets on fake ports, with instruments read and no credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings

from .fakes import EventLog, FakeClock, FakeHttp, FakeSockets
from .setup import BINANCE_INFO, BYBIT_INFO, URLS, envelope

KINDS = ("binance_spot", "binance_usdm", "bybit_spot", "bybit_linear")
PERPETUALS = ("binance_usdm", "bybit_linear")

USDM_INFO: dict[str, Any] = {
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2_400},
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1_200},
    ],
    "symbols": [
        {
            "symbol": symbol,
            "contractType": kind,
            "status": "TRADING",
            "baseAsset": base,
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "tickSize": "0.10",
                    "minPrice": "556.80",
                    "maxPrice": "4529764",
                },
                {"filterType": "LOT_SIZE", "stepSize": "0.001", "maxQty": "1000", "minQty": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "50"},
            ],
        }
        for symbol, base, kind in (
            ("BTCUSDT", "BTC", "PERPETUAL"),
            ("ETHUSDT", "ETH", "PERPETUAL"),
            ("BTCUSDT_271231", "BTC", "NEXT_QUARTER"),
        )
    ],
}
LINEAR_INFO: dict[str, Any] = {
    "category": "linear",
    "list": [
        {
            "symbol": symbol,
            "contractType": kind,
            "status": "Trading",
            "baseCoin": base,
            "quoteCoin": quote,
            "settleCoin": quote,
            "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
            "lotSizeFilter": {
                "maxOrderQty": "1190.000",
                "minOrderQty": "0.005",
                "qtyStep": "0.001",
                "minNotionalValue": "5",
            },
        }
        for symbol, base, quote, kind in (
            ("BTC-31DEC27", "BTC", "USDT", "LinearFutures"),
            ("BTCUSDT", "BTC", "USDT", "LinearPerpetual"),
            ("ETHUSDT", "ETH", "USDT", "LinearPerpetual"),
            ("BTCPERP", "BTC", "USDC", "LinearPerpetual"),
        )
    ],
}
INFO = {
    "binance_spot": BINANCE_INFO,
    "binance_usdm": USDM_INFO,
    "bybit_spot": envelope(BYBIT_INFO),
    "bybit_linear": envelope(LINEAR_INFO),
}


@dataclass
class MarketBench:
    kind: str
    venue: Any
    clock: FakeClock
    http: FakeHttp
    sockets: FakeSockets
    events: EventLog

    @property
    def symbols(self) -> list[str]:
        """BTC and ETH as this market calls them."""
        end = ":USDT" if self.kind in PERPETUALS else ""
        return [f"{base}/USDT{end}" for base in ("BTC", "ETH")]


def market(kind: str, *, ready: bool = True, **settings: Any) -> MarketBench:
    clock, http, sockets, events = FakeClock(), FakeHttp(), FakeSockets(), EventLog()
    make = venue_class(*kind.split("_"))
    venue = make(
        kind, URLS, http, sockets, clock, events, settings=VenueSettings(**settings), random=lambda: 0.0
    )
    bench = MarketBench(kind, venue, clock, http, sockets, events)
    if ready:
        answers: list[Any] = []
        venue.instruments(bench.symbols, answers.append)
        http.answer("", INFO[kind])
        assert [i.symbol for i in answers[0]] == bench.symbols
        http.requests.clear()
    return bench
