"""Bybit v5 messages -> the adapter's types. Field names are quoted from the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arb.venues.base import VenueInstrument
from arb.venues.bybit.tables import LINEAR_PERPETUAL, TRADABLE
from arb.venues.fields import (
    decimal,
    mapping,
    optional_decimal,
    optional_text,
    plain,
    rows,
    text,
)


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
