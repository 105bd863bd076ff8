"""Binance spot as data: paths, weights, words. Addresses come from the configuration, there is none here."""

from __future__ import annotations

from dataclasses import dataclass

from arb.venues.base import OrderStatus, Side, TimeInForce


@dataclass(slots=True, frozen=True)
class Endpoint:
    method: str
    path: str
    weight: int  # of the request-weight budget per address; an order costs it only when it fails
    orders: int = 0  # of the unfilled-order budget per account


TIME = Endpoint("GET", "/api/v3/time", 1)
EXCHANGE_INFO = Endpoint("GET", "/api/v3/exchangeInfo", 20)
DEPTH = Endpoint("GET", "/api/v3/depth", 50)
PLACE = Endpoint("POST", "/api/v3/order", 1, orders=1)
CANCEL = Endpoint("DELETE", "/api/v3/order", 1)
QUERY = Endpoint("GET", "/api/v3/order", 4)
OPEN_ORDERS = Endpoint("GET", "/api/v3/openOrders", 80)  # all symbols; 6 with one
ACCOUNT = Endpoint("GET", "/api/v3/account", 20)
MY_TRADES = Endpoint("GET", "/api/v3/myTrades", 5)  # with orderId

DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))  # (levels up to, weight)
MY_TRADES_LIMIT = 1_000

COMBINED_STREAM_PATH = "/stream"
DEPTH_STREAM = "{symbol}@depth@100ms"
TICKER_STREAM = "{symbol}@bookTicker"
STREAMS_PER_CONNECTION = 1_024
STREAMS_IN_URL = 50  # the rest is subscribed by frames: proxies cut request lines at 8 KB
STREAMS_PER_FRAME = 100

API_KEY_HEADER = "X-MBX-APIKEY"
FORM_TYPE = "application/x-www-form-urlencoded"

SIDES = {Side.buy: "BUY", Side.sell: "SELL"}

# Order type and time in force; LIMIT_MAKER takes none.
ORDER_TYPES = {
    TimeInForce.ioc: "type=LIMIT&timeInForce=IOC",
    TimeInForce.fok: "type=LIMIT&timeInForce=FOK",
    TimeInForce.gtc: "type=LIMIT&timeInForce=GTC",
    TimeInForce.post_only: "type=LIMIT_MAKER",
}

# Self-trade prevention: the taker's mode decides; ours ends the new order and leaves the resting one alone.
STP_MODE = "EXPIRE_TAKER"

STATUSES = {
    "NEW": OrderStatus.new,
    "PENDING_NEW": OrderStatus.new,
    "PARTIALLY_FILLED": OrderStatus.partial,
    "FILLED": OrderStatus.filled,
    "CANCELED": OrderStatus.canceled,
    "PENDING_CANCEL": OrderStatus.new,  # documented as unused
    "REJECTED": OrderStatus.rejected,
    "EXPIRED": OrderStatus.expired,
    "EXPIRED_IN_MATCH": OrderStatus.expired,  # self-trade prevention
}

TRADABLE = "TRADING"  # HALT, BREAK and CANCEL_ONLY take no new orders

# Answers of the venue with a meaning of their own.
BAD_SYMBOL = -1121
CANCEL_GONE = -2011  # "Unknown order sent.": filled, canceled or never there
CANCEL_RESTRICTED = "Order was not canceled due to cancel restrictions."
ORDER_ABSENT = -2013
CLOCK_REFUSED = -1021
AUTH_REFUSED = frozenset({-1002, -1021, -1022, -2014, -2015})
