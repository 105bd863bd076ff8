"""USD-M messages -> the adapter's types, where they differ from spot. Field names are the documentation's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from arb.venues.base import Balance, Cash, FillUpdate, OrderUpdate, Position
from arb.venues.binance.parse import ToSymbol, status
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

# Reasons of ACCOUNT_UPDATE whose `bc` is money that crossed the border of this account.
_TRANSFERS = frozenset({"DEPOSIT", "WITHDRAW", "MARGIN_TRANSFER", "ASSET_TRANSFER", "COIN_SWAP_DEPOSIT"})
_FUNDING = "FUNDING_FEE"
_ONE_WAY = "BOTH"


def order(row: Mapping[str, Any], to_symbol: ToSymbol) -> OrderUpdate:
    """Answer of a place (RESULT), a query, or one of openOrders. Since 2026 a place may lack `cumQuote`."""
    quote = row.get("cumQuote")
    return OrderUpdate(
        coid=text(row, "clientOrderId"),
        venue_order_id=str(integer(row, "orderId")),
        symbol=to_symbol(text(row, "symbol")),
        status=status(row, "status"),
        cum_qty=decimal(row, "executedQty"),
        cum_quote=None if quote is None else decimal(row, "cumQuote"),
        venue_time_ms=integer(row, "updateTime"),
    )


def trade(row: Mapping[str, Any], coid: str, symbol: str) -> FillUpdate:
    """One of userTrades; the rows carry no client id."""
    return FillUpdate(
        coid=coid,
        venue_order_id=str(integer(row, "orderId")),
        symbol=symbol,
        trade_id=str(integer(row, "id")),
        price=decimal(row, "price"),
        qty=decimal(row, "qty"),
        fee=decimal(row, "commission"),
        fee_asset=text(row, "commissionAsset"),
        is_maker=flag(row, "maker"),
        venue_time_ms=integer(row, "time"),
    )


def balances(body: Any) -> list[Balance]:
    """The wallet of each asset. Locked is what the margin takes of it; unrealised profit is no balance."""
    found = []
    for row in rows(body, "balance"):
        wallet, available = decimal(row, "balance"), decimal(row, "availableBalance")
        free = wallet if Decimal(available) > Decimal(wallet) else available
        found.append(Balance(text(row, "asset"), plain(free), subtract(wallet, free)))
    return found


def positions(body: Any, to_symbol: ToSymbol) -> list[Position]:
    """positionRisk of a one-way account; LONG and SHORT of a hedge account are not ours to net."""
    return [
        _position(row, to_symbol, "symbol", "positionAmt", "entryPrice", optional_text(row, "updateTime"))
        for row in rows(body, "positionRisk")
        if row.get("positionSide", _ONE_WAY) == _ONE_WAY and Decimal(decimal(row, "positionAmt")) != 0
    ]


def _position(
    row: Mapping[str, Any], to_symbol: ToSymbol, symbol: str, qty: str, entry: str, time: str
) -> Position:
    amount = plain(decimal(row, qty))
    price = "0" if amount == "0" else plain(decimal(row, entry))
    return Position(to_symbol(text(row, symbol)), amount, price, int(time or 0))


def report(event: Mapping[str, Any], to_symbol: ToSymbol) -> tuple[OrderUpdate, FillUpdate | None]:
    """ORDER_TRADE_UPDATE. Liquidation (`autoclose-`), ADL (`adl_autoclose`) and settlement orders have ids
    that are not ours, and are reported as they are."""
    row = mapping(event.get("o"), "o")
    coid, order_id = text(row, "c"), str(integer(row, "i"))
    symbol, time_ms = to_symbol(text(row, "s")), integer(row, "T")
    update = OrderUpdate(
        coid=coid,
        venue_order_id=order_id,
        symbol=symbol,
        status=status(row, "X"),
        cum_qty=decimal(row, "z"),
        cum_quote=None,
        venue_time_ms=time_ms,
        reason=optional_text(row, "er"),
    )
    # CALCULATED is the execution of a liquidation.
    if text(row, "x") not in ("TRADE", "CALCULATED") or Decimal(decimal(row, "l")) == 0:
        return update, None
    fill = FillUpdate(
        coid=coid,
        venue_order_id=order_id,
        symbol=symbol,
        trade_id=str(integer(row, "t")),
        price=decimal(row, "L"),
        qty=decimal(row, "l"),
        fee=optional_decimal(row, "n"),
        fee_asset=optional_text(row, "N"),  # both may be missing
        is_maker=flag(row, "m"),
        venue_time_ms=time_ms,
    )
    return update, fill


def account_balances(event: Mapping[str, Any]) -> Sequence[Balance]:
    """ACCOUNT_UPDATE `B`: new wallet balances of the touched assets; what the margin takes is not told."""
    return [
        Balance(text(row, "a"), decimal(row, "wb"), "0") for row in rows(_account(event).get("B", []), "B")
    ]


def account_positions(event: Mapping[str, Any], to_symbol: ToSymbol) -> list[Position]:
    """ACCOUNT_UPDATE `P`: the positions that changed."""
    time = text(event, "T")
    return [
        _position(row, to_symbol, "s", "pa", "ep", time)
        for row in rows(_account(event).get("P", []), "P")
        if row.get("ps", _ONE_WAY) == _ONE_WAY
    ]


def cash(event: Mapping[str, Any], to_symbol: ToSymbol) -> list[Cash]:
    """Money of ACCOUNT_UPDATE that no fill moved: `bc` leaves profit and fees out. The venue numbers none of
    it, so the id is made of what it says: a repeated message repeats the id."""
    account = _account(event)
    reason, time_ms = text(account, "m"), integer(event, "T")
    kind = "funding" if reason == _FUNDING else "transfer" if reason in _TRANSFERS else "other"
    named = optional_text(account, "S")  # since August 2026; else the position tells it, if it is told at all
    moved = rows(account.get("P", []), "P")
    if not named and kind == "funding" and len(moved) == 1:
        named = text(moved[0], "s")
    return [
        Cash(
            asset=text(row, "a"),
            amount=decimal(row, "bc"),
            kind=kind,
            symbol=to_symbol(named) if named else "",
            id=f"{reason}-{time_ms}-{text(row, 'a')}-{named}",
            venue_time_ms=time_ms,
        )
        for row in rows(account.get("B", []), "B")
        if Decimal(optional_decimal(row, "bc")) != 0
    ]


def _account(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(event.get("a"), "a")
