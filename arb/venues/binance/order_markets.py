"""Binance's order entry as data: what differs between spot and USD-M perpetuals, in one table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from arb.venues.base import Balance, FillUpdate, OrderUpdate, TimeInForce, VenueInstrument
from arb.venues.binance import parse, parse_usdm, tables
from arb.venues.binance.errors import SPOT_ERRORS, USDM_ERRORS
from arb.venues.binance.parse import ToSymbol
from arb.venues.binance.tables import Endpoint
from arb.venues.errors import ErrorTable

# Self-trade prevention: the taker's mode decides; ours ends the new order and leaves the resting one alone.
STP_MODE = "EXPIRE_TAKER"


def _allows(instrument: VenueInstrument) -> bool:
    return STP_MODE in instrument.stp_modes


def _no_fills(row: Mapping[str, Any], to_symbol: ToSymbol) -> list[FillUpdate]:
    return []


@dataclass(slots=True, frozen=True)
class OrderMarket:
    errors: ErrorTable
    place: Endpoint
    cancel: Endpoint
    query: Endpoint
    open_orders: Endpoint
    balances: Endpoint
    balances_query: str
    trades: Endpoint  # of a symbol
    trades_of_order: Endpoint  # the same with orderId
    history_ms: int  # how far back the trade list reaches in one question
    response: str  # newOrderRespType
    types: Mapping[TimeInForce, tuple[str, str]]  # (type, timeInForce or "")
    reduces: bool  # knows reduceOnly
    takes_stp: Callable[[VenueInstrument], bool]
    fills_give_back: bool  # a fill lowers the venue's order counts
    order: Callable[[Mapping[str, Any], ToSymbol], OrderUpdate]
    fills_of: Callable[[Mapping[str, Any], ToSymbol], list[FillUpdate]]  # of the answer to a place
    trade: Callable[[Mapping[str, Any], str, str], FillUpdate]
    balances_of: Callable[[Any], list[Balance]]


# FULL is the engine's result with its fills. The private stream tells the same again, before or after; the
# core counts each trade id once.
SPOT = OrderMarket(
    errors=SPOT_ERRORS,
    place=tables.PLACE,
    cancel=tables.CANCEL,
    query=tables.QUERY,
    open_orders=tables.OPEN_ORDERS,
    balances=tables.ACCOUNT,
    balances_query="omitZeroBalances=true",
    trades=Endpoint("GET", "/api/v3/myTrades", 20),
    trades_of_order=Endpoint("GET", "/api/v3/myTrades", 5),
    history_ms=24 * 3_600_000,
    response="FULL",
    types={
        TimeInForce.ioc: ("LIMIT", "IOC"),
        TimeInForce.fok: ("LIMIT", "FOK"),
        TimeInForce.gtc: ("LIMIT", "GTC"),
        TimeInForce.post_only: ("LIMIT_MAKER", ""),
    },
    reduces=False,
    takes_stp=_allows,
    fills_give_back=True,
    order=parse.order,
    fills_of=parse.order_fills,
    trade=parse.trade,
    balances_of=parse.balances,
)

# RESULT is final for an IOC, without its fills: those come by the private stream or from userTrades.
USDM = OrderMarket(
    errors=USDM_ERRORS,
    place=Endpoint("POST", "/fapi/v1/order", 0, orders=1),
    cancel=Endpoint("DELETE", "/fapi/v1/order", 1),
    query=Endpoint("GET", "/fapi/v1/order", 1),
    open_orders=Endpoint("GET", "/fapi/v1/openOrders", 40),
    balances=Endpoint("GET", "/fapi/v3/balance", 5),
    balances_query="",
    trades=Endpoint("GET", "/fapi/v1/userTrades", 5),
    trades_of_order=Endpoint("GET", "/fapi/v1/userTrades", 5),
    history_ms=7 * 24 * 3_600_000,
    response="RESULT",
    types={
        TimeInForce.ioc: ("LIMIT", "IOC"),
        TimeInForce.fok: ("LIMIT", "FOK"),
        TimeInForce.gtc: ("LIMIT", "GTC"),
        TimeInForce.post_only: ("LIMIT", "GTX"),
    },
    reduces=True,
    takes_stp=lambda instrument: True,
    fills_give_back=False,
    order=parse_usdm.order,
    fills_of=_no_fills,
    trade=parse_usdm.trade,
    balances_of=parse_usdm.balances,
)
