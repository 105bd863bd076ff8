"""Bybit v5 messages -> the adapter's types. Field names are quoted from the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arb.venues.base import Balance, FillUpdate, OrderStatus, OrderUpdate, VenueError, VenueInstrument
from arb.venues.bybit.tables import CATEGORY, LINEAR_PERPETUAL, NO_ERROR, STATUSES, TRADABLE, TRADE
from arb.venues.fields import (
    decimal,
    flag,
    integer,
    mapping,
    optional_decimal,
    optional_text,
    plain,
    rows,
    subtract,
    text,
)
from arb.venues.symbols import Symbols


def result_list(result: Any, what: str) -> list[Mapping[str, Any]]:
    return rows(mapping(result, what).get("list"), f"{what}.list")


def cursor(result: Any) -> str:
    """ "" on the last page; it is percent-encoded already and goes back verbatim."""
    return optional_text(mapping(result, "result"), "nextPageCursor")


def instrument(row: Mapping[str, Any]) -> VenueInstrument:
    """One of instruments-info `list[]` of spot. minOrderQty and maxOrderQty are deprecated: the former is
    kept where it still is given (it only makes us stricter), maxLimitOrderQty has replaced the latter."""
    lot = mapping(row.get("lotSizeFilter"), "lotSizeFilter")
    price = mapping(row.get("priceFilter"), "priceFilter")
    base, quote = text(row, "baseCoin"), text(row, "quoteCoin")
    max_qty = optional_decimal(lot, "maxLimitOrderQty") if "maxLimitOrderQty" in lot else ""
    return VenueInstrument(
        symbol=f"{base}/{quote}",
        venue_symbol=text(row, "symbol"),
        base=base,
        quote=quote,
        tick=plain(decimal(price, "tickSize")),
        lot=plain(decimal(lot, "basePrecision")),
        min_qty=plain(optional_decimal(lot, "minOrderQty")),
        max_qty=plain(max_qty or optional_decimal(lot, "maxOrderQty")),
        min_notional=plain(optional_decimal(lot, "minOrderAmt")),
        max_notional=plain(optional_decimal(lot, "maxOrderAmt")),
        min_price="0",
        max_price="0",
        tradable=text(row, "status") == TRADABLE,
    )


def spot_symbol(row: Mapping[str, Any]) -> str:
    return f"{row.get('baseCoin')}/{row.get('quoteCoin')}"


def perpetual_symbol(row: Mapping[str, Any]) -> str:
    """ "" for a dated contract."""
    if row.get("contractType") != LINEAR_PERPETUAL:
        return ""
    return f"{row.get('baseCoin')}/{row.get('quoteCoin')}:{row.get('settleCoin')}"


def perpetual(row: Mapping[str, Any]) -> VenueInstrument:
    """One of instruments-info `list[]` of linear. maxOrderQty is that of limit orders here."""
    lot = mapping(row.get("lotSizeFilter"), "lotSizeFilter")
    price = mapping(row.get("priceFilter"), "priceFilter")
    base, quote, settle = text(row, "baseCoin"), text(row, "quoteCoin"), text(row, "settleCoin")
    return VenueInstrument(
        symbol=f"{base}/{quote}:{settle}",
        venue_symbol=text(row, "symbol"),
        base=base,
        quote=quote,
        tick=plain(decimal(price, "tickSize")),
        lot=plain(decimal(lot, "qtyStep")),
        min_qty=plain(decimal(lot, "minOrderQty")),
        max_qty=plain(decimal(lot, "maxOrderQty")),
        min_notional=plain(optional_decimal(lot, "minNotionalValue")),
        max_notional="0",
        min_price=plain(optional_decimal(price, "minPrice")),
        max_price=plain(optional_decimal(price, "maxPrice")),
        tradable=text(row, "status") == TRADABLE,
        settle=settle,
    )


def ours(row: Mapping[str, Any]) -> bool:
    """The private topics carry every category; this adapter speaks for one."""
    return bool(row.get("category", CATEGORY) == CATEGORY)


def order(row: Mapping[str, Any], symbols: Symbols) -> OrderUpdate:
    """An order object of the stream, of realtime or of history."""
    word = text(row, "orderStatus")
    status: OrderStatus | None = STATUSES.get(word)
    if status is None:
        raise VenueError(f"orderStatus: unknown order status {word!r}")
    reason = optional_text(row, "rejectReason")
    return OrderUpdate(
        coid=optional_text(row, "orderLinkId"),
        venue_order_id=text(row, "orderId"),
        symbol=symbols.to_symbol(text(row, "symbol")),
        status=status,
        cum_qty=optional_decimal(row, "cumExecQty"),
        cum_quote=optional_decimal(row, "cumExecValue"),
        venue_time_ms=integer(row, "updatedTime"),
        reason="" if reason == NO_ERROR else reason,
    )


def is_fill(row: Mapping[str, Any]) -> bool:
    """Executions also carry Funding, Settle, AdlTrade and others: cash and positions, no fills of ours."""
    return text(row, "execType") == TRADE


def fill(row: Mapping[str, Any], symbols: Symbols) -> FillUpdate:
    """One execution with execType Trade."""
    venue_symbol = text(row, "symbol")
    fee = optional_decimal(row, "execFee")
    is_maker = flag(row, "isMaker")
    fee_asset = optional_text(row, "feeCurrency")
    if not fee_asset:
        fee_asset = _fee_asset(venue_symbol, text(row, "side"), fee, is_maker, symbols)
    return FillUpdate(
        coid=optional_text(row, "orderLinkId"),
        venue_order_id=text(row, "orderId"),
        symbol=symbols.to_symbol(venue_symbol),
        trade_id=text(row, "execId"),
        price=decimal(row, "execPrice"),
        qty=decimal(row, "execQty"),
        fee=fee,
        fee_asset=fee_asset,
        is_maker=is_maker,
        venue_time_ms=integer(row, "execTime"),
    )


def _fee_asset(venue_symbol: str, side: str, fee: str, is_maker: bool, symbols: Symbols) -> str:
    """Spot rule where the row names no currency: Buy pays base, Sell pays quote; a maker rebate comes the
    other way round."""
    instrument = symbols.of_venue(venue_symbol)
    if instrument is None:
        return ""
    rebate = is_maker and fee.startswith("-")
    return instrument.base if (side == "Buy") != rebate else instrument.quote


def balances(accounts: Sequence[Mapping[str, Any]]) -> list[Balance]:
    """Accounts of wallet-balance or of the wallet topic. Spot orders lock part of the wallet balance."""
    found = []
    for account in accounts:
        for coin in rows(account.get("coin"), "coin"):
            locked = optional_decimal(coin, "locked")
            free = subtract(optional_decimal(coin, "walletBalance"), locked)
            found.append(Balance(text(coin, "coin"), free, locked))
    return found
