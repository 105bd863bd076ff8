"""Binance messages -> the adapter's types. Field names are quoted from the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from arb.venues.base import Balance, Cash, FillUpdate, OrderStatus, OrderUpdate, VenueError, VenueInstrument
from arb.venues.binance.tables import PERPETUAL, STATUSES, TRADABLE
from arb.venues.fields import (
    decimal,
    flag,
    integer,
    mapping,
    optional_decimal,
    optional_text,
    plain,
    rows,
    text,
)

ToSymbol = Callable[[str], str]  # "BTCUSDT" -> "BTC/USDT"; unknown ones come back as they are


def status(row: Mapping[str, Any], key: str) -> OrderStatus:
    word = text(row, key)
    try:
        return STATUSES[word]
    except KeyError:
        raise VenueError(f"{key}: unknown order status {word!r}") from None


def _filters(row: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    filters = {text(f, "filterType"): f for f in rows(row.get("filters"), "filters")}
    for name in ("PRICE_FILTER", "LOT_SIZE"):
        if name not in filters:
            raise VenueError(f"filters: {text(row, 'symbol')} has no {name}")
    return filters


def instrument(row: Mapping[str, Any]) -> VenueInstrument:
    """One of exchangeInfo `symbols[]` of spot."""
    filters = _filters(row)
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    # Both notional filters may be present; for a limit order each of them must hold.
    notional = filters.get("NOTIONAL", {})
    floors = [
        optional_decimal(notional, "minNotional"),
        optional_decimal(filters.get("MIN_NOTIONAL", {}), "minNotional"),
    ]
    base, quote = text(row, "baseAsset"), text(row, "quoteAsset")
    modes = row.get("allowedSelfTradePreventionModes") or []
    return VenueInstrument(
        symbol=f"{base}/{quote}",
        venue_symbol=text(row, "symbol"),
        base=base,
        quote=quote,
        tick=plain(decimal(price, "tickSize")),
        lot=plain(decimal(lot, "stepSize")),
        min_qty=plain(decimal(lot, "minQty")),
        max_qty=plain(decimal(lot, "maxQty")),
        min_notional=plain(max(floors, key=Decimal)),
        max_notional=plain(optional_decimal(notional, "maxNotional")),
        min_price=plain(decimal(price, "minPrice")),
        max_price=plain(decimal(price, "maxPrice")),
        tradable=text(row, "status") == TRADABLE and row.get("isSpotTradingAllowed", True) is True,
        stp_modes=tuple(str(mode) for mode in modes),
    )


def is_perpetual(row: Mapping[str, Any]) -> bool:
    return row.get("contractType") == PERPETUAL


def perpetual(row: Mapping[str, Any]) -> VenueInstrument:
    """One of exchangeInfo `symbols[]` of USD-M. MIN_NOTIONAL has the key `notional` here; tick and lot are
    those of the filters, pricePrecision and quantityPrecision are not."""
    filters = _filters(row)
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    base, quote, settle = text(row, "baseAsset"), text(row, "quoteAsset"), text(row, "marginAsset")
    return VenueInstrument(
        symbol=f"{base}/{quote}:{settle}",
        venue_symbol=text(row, "symbol"),
        base=base,
        quote=quote,
        tick=plain(decimal(price, "tickSize")),
        lot=plain(decimal(lot, "stepSize")),
        min_qty=plain(decimal(lot, "minQty")),
        max_qty=plain(decimal(lot, "maxQty")),
        min_notional=plain(optional_decimal(filters.get("MIN_NOTIONAL", {}), "notional")),
        max_notional="0",
        min_price=plain(decimal(price, "minPrice")),
        max_price=plain(decimal(price, "maxPrice")),
        tradable=text(row, "status") == TRADABLE,
        settle=settle,
        band=_band(filters.get("PERCENT_PRICE", {})),
    )


def _band(percent: Mapping[str, Any]) -> tuple[str, str]:
    """ "BUY: price <= markPrice * multiplierUp. SELL: price >= markPrice * multiplierDown." Both bind both
    sides here: an order that far from the mark is a mistake on either."""
    if not percent:
        return "", ""
    return plain(decimal(percent, "multiplierDown")), plain(decimal(percent, "multiplierUp"))


def instruments(body: Any) -> list[VenueInstrument]:
    return [instrument(row) for row in rows(mapping(body, "exchangeInfo").get("symbols"), "symbols")]


def order(row: Mapping[str, Any], to_symbol: ToSymbol) -> OrderUpdate:
    """Answer of a place (RESULT, FULL), a query, or one of openOrders."""
    time_key = "updateTime" if "updateTime" in row else "transactTime"
    return OrderUpdate(
        coid=text(row, "clientOrderId"),
        venue_order_id=str(integer(row, "orderId")),
        symbol=to_symbol(text(row, "symbol")),
        status=status(row, "status"),
        cum_qty=decimal(row, "executedQty"),
        cum_quote=decimal(row, "cummulativeQuoteQty"),  # sic
        venue_time_ms=integer(row, time_key),
        reason=optional_text(row, "expiryReason"),
    )


def order_fills(row: Mapping[str, Any], to_symbol: ToSymbol) -> list[FillUpdate]:
    """`fills[]` of a FULL answer; an order answered at once took liquidity."""
    coid, symbol = text(row, "clientOrderId"), to_symbol(text(row, "symbol"))
    order_id, time_ms = str(integer(row, "orderId")), integer(row, "transactTime")
    return [
        FillUpdate(
            coid=coid,
            venue_order_id=order_id,
            symbol=symbol,
            trade_id=str(integer(fill, "tradeId")),
            price=decimal(fill, "price"),
            qty=decimal(fill, "qty"),
            fee=decimal(fill, "commission"),
            fee_asset=text(fill, "commissionAsset"),
            is_maker=False,
            venue_time_ms=time_ms,
        )
        for fill in rows(row.get("fills", []), "fills")
    ]


def trade(row: Mapping[str, Any], coid: str, symbol: str) -> FillUpdate:
    """One of myTrades; the rows carry no client id."""
    return FillUpdate(
        coid=coid,
        venue_order_id=str(integer(row, "orderId")),
        symbol=symbol,
        trade_id=str(integer(row, "id")),
        price=decimal(row, "price"),
        qty=decimal(row, "qty"),
        fee=decimal(row, "commission"),
        fee_asset=text(row, "commissionAsset"),
        is_maker=flag(row, "isMaker"),
        venue_time_ms=integer(row, "time"),
    )


def balances(body: Any) -> list[Balance]:
    """`balances[]` of the account."""
    return [
        Balance(text(row, "asset"), decimal(row, "free"), decimal(row, "locked"))
        for row in rows(mapping(body, "account").get("balances"), "balances")
    ]


def position_balances(event: Mapping[str, Any]) -> Sequence[Balance]:
    """outboundAccountPosition: absolute balances of the touched assets."""
    return [
        Balance(text(row, "a"), decimal(row, "f"), decimal(row, "l")) for row in rows(event.get("B"), "B")
    ]


def cash(event: Mapping[str, Any]) -> Cash:
    """balanceUpdate: a deposit, withdrawal or transfer. The venue numbers none, so the id is made of what it
    says: a repeated message repeats the id."""
    asset, amount, time_ms = text(event, "a"), decimal(event, "d"), integer(event, "T")
    return Cash(asset, amount, "transfer", "", f"{time_ms}-{asset}-{amount}", time_ms)


def report(event: Mapping[str, Any], to_symbol: ToSymbol) -> tuple[OrderUpdate, FillUpdate | None]:
    """executionReport. On a cancel `c` is the id of the cancel and `C` the order's, else `C` is empty.
    Only execution type TRADE is a fill: `l`, `L`, `t` of the others are fillers."""
    coid = optional_text(event, "C") or text(event, "c")
    order_id, symbol = str(integer(event, "i")), to_symbol(text(event, "s"))
    time_ms = integer(event, "T")
    reason = optional_text(event, "eR") or optional_text(event, "r")
    update = OrderUpdate(
        coid=coid,
        venue_order_id=order_id,
        symbol=symbol,
        status=status(event, "X"),
        cum_qty=decimal(event, "z"),
        cum_quote=decimal(event, "Z"),
        venue_time_ms=time_ms,
        reason="" if reason == "NONE" else reason,
    )
    if text(event, "x") != "TRADE":
        return update, None
    fill = FillUpdate(
        coid=coid,
        venue_order_id=order_id,
        symbol=symbol,
        trade_id=str(integer(event, "t")),
        price=decimal(event, "L"),
        qty=decimal(event, "l"),
        fee=decimal(event, "n"),
        fee_asset=optional_text(event, "N"),  # null where no fee was taken
        is_maker=flag(event, "m"),
        venue_time_ms=time_ms,
    )
    return update, fill
