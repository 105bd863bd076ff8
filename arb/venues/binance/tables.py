"""Binance as data: paths, weights and words of spot. Addresses come from the configuration, none is here."""

from __future__ import annotations

from dataclasses import dataclass

from arb.venues.base import OrderStatus, Side


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


DEPTH_STREAM = "{symbol}@depth@100ms"
TICKER_STREAM = "{symbol}@bookTicker"
TRADE_STREAM = "{symbol}@trade"
AGG_TRADE_STREAM = "{symbol}@aggTrade"
MARK_STREAM = "{symbol}@markPrice@1s"
PROBE_LEVELS = 5  # of the small book that tells a quiet symbol from a dead stream

API_KEY_HEADER = "X-MBX-APIKEY"
USED_WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"
FORM_TYPE = "application/x-www-form-urlencoded"

SIDES = {Side.buy: "BUY", Side.sell: "SELL"}

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

PERPETUAL = "PERPETUAL"  # contractType; dated ones and TRADIFI_PERPETUAL have other rules
TRADABLE = "TRADING"  # HALT, BREAK and CANCEL_ONLY take no new orders

# Answers of the venue with a meaning of their own.
BAD_SYMBOL = -1121
CANCEL_GONE = -2011  # "Unknown order sent.": filled, canceled or never there
CANCEL_RESTRICTED = "Order was not canceled due to cancel restrictions."
ORDER_ABSENT = -2013
CLOCK_REFUSED = -1021
CLOCK_CODES = frozenset({CLOCK_REFUSED, -5028})  # the second is the engine's, on USD-M
TOO_MANY_ORDERS = -1015
AUTH_REFUSED = frozenset({-1002, -1021, -1022, -2014, -2015})
