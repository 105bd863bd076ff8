"""Bybit v5 as data: paths, limits, words. Addresses come from the configuration, there is none here."""

from __future__ import annotations

from dataclasses import dataclass

from arb.venues.base import OrderStatus, Side, TimeInForce


@dataclass(slots=True, frozen=True)
class Endpoint:
    method: str
    path: str
    per_second: int  # requests per account; 0: only the limit per address (600 in 5 s) counts


TIME = Endpoint("GET", "/v5/market/time", 0)
INSTRUMENTS = Endpoint("GET", "/v5/market/instruments-info", 0)
ORDERBOOK = Endpoint("GET", "/v5/market/orderbook", 0)
REALTIME = Endpoint("GET", "/v5/order/realtime", 50)  # open orders, and the 500 last closed by id
HISTORY = Endpoint("GET", "/v5/order/history", 50)
EXECUTIONS = Endpoint("GET", "/v5/execution/list", 50)
WALLET = Endpoint("GET", "/v5/account/wallet-balance", 50)

ORDERS_LIMIT = 50  # rows a page
EXECUTIONS_LIMIT = 100
INSTRUMENTS_LIMIT = 1_000
PAGES = 100  # a cursor that never ends is a fault of the venue

DEPTH_TOPIC = "orderbook.{levels}.{symbol}"
TRADE_TOPIC = "publicTrade.{symbol}"
TICKER_TOPIC = "tickers.{symbol}"
PROBE_LEVELS = 5  # of the small book that tells a quiet symbol from a dead stream
STREAM_LEVELS = (50, 200, 1_000)
ARGS_PER_REQUEST = 10  # spot; more are refused
ARGS_CHARS = 20_000  # per connection; the venue takes 21,000 and does not tell what it counts
PING = b'{"op":"ping"}'
PING_PERIOD_S = 20.0

AUTH_VALID_MS = 10_000  # from now until the login expires

SIDES = {Side.buy: "Buy", Side.sell: "Sell"}
TIMES_IN_FORCE = {
    TimeInForce.ioc: "IOC",
    TimeInForce.fok: "FOK",
    TimeInForce.gtc: "GTC",
    TimeInForce.post_only: "PostOnly",
}

STATUSES = {
    "New": OrderStatus.new,
    "Created": OrderStatus.new,
    "Untriggered": OrderStatus.new,
    "Triggered": OrderStatus.new,
    "PartiallyFilled": OrderStatus.partial,
    "Filled": OrderStatus.filled,
    "Cancelled": OrderStatus.canceled,  # also the end of an IOC order
    "PartiallyFilledCanceled": OrderStatus.canceled,  # spot, with fills
    "Deactivated": OrderStatus.canceled,
    "Rejected": OrderStatus.rejected,
}
NO_ERROR = "EC_NoError"

# execType
TRADE = "Trade"  # of an order
FUNDING = "Funding"
# Of our position, and not by an order of ours.
FOREIGN_TRADES = frozenset({"AdlTrade", "BustTrade", "BlockTrade", "MovePosition"})
SETTLE_COIN = "USDT"  # of the linear perpetuals we trade
TRADABLE = "Trading"
LINEAR_PERPETUAL = "LinearPerpetual"  # contractType; LinearFutures have a delivery

# Answers of the venue with a meaning of their own.
CLOCK_REFUSED = 10002
MODE_MISMATCH = "position idx not match position mode"  # of 10001
CANCEL_GONE = frozenset({110001, 110008, 110010, 170139, 170142, 170190, 170213})
ORDER_ABSENT = frozenset({110001, 170213})
ENDPOINT_LIMITED = frozenset({10006, 20003, 170005, 170222})  # that endpoint alone; the rest goes on
IP_REQUESTS = 600  # over HTTP, of one address ...
IP_WINDOW_NS = 5_000_000_000  # ... in any 5 s
IP_LIMIT_PAUSE_S = 600.0  # HTTP 403: stop everything for at least ten minutes
