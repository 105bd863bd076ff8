"""Bybit v5 messages about the account -> the adapter's types. Field names are those of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from arb.venues.base import Balance, Cash, FillUpdate, OrderStatus, OrderUpdate, Position, VenueError
from arb.venues.bybit.tables import (
    FOREIGN_TRADES,
    FUNDING,
    NO_ERROR,
    SETTLE_COIN,
    STATUSES,
    TRADE,
)
from arb.venues.fields import (
    add,
    decimal,
    flag,
    integer,
    optional_decimal,
    optional_text,
    plain,
    rows,
    subtract,
    text,
)
from arb.venues.symbols import Symbols

# A cancel that came too late: the order was filled, and is reported as Filled a second time.
_LATE_CANCEL = "EC_OrigClOrdIDDoesNotExist"


def order(row: Mapping[str, Any], symbols: Symbols) -> OrderUpdate:
    """An order object of the stream, of realtime or of history."""
    word = text(row, "orderStatus")
    status: OrderStatus | None = STATUSES.get(word)
    if status is None:
        raise VenueError(f"orderStatus: unknown order status {word!r}")
    reason = optional_text(row, "rejectReason")
    if reason == NO_ERROR or (status is OrderStatus.filled and reason == _LATE_CANCEL):
        reason = ""
    return OrderUpdate(
        coid=optional_text(row, "orderLinkId"),
        venue_order_id=text(row, "orderId"),
        symbol=symbols.to_symbol(text(row, "symbol")),
        status=status,
        cum_qty=optional_decimal(row, "cumExecQty"),
        cum_quote=optional_decimal(row, "cumExecValue"),
        venue_time_ms=integer(row, "updatedTime"),
        reason=reason,
    )


def is_fill(row: Mapping[str, Any]) -> bool:
    """A trade of an order, or one that the venue made with our position: deleveraging, liquidation, a block.
    Funding and settlement are cash."""
    return text(row, "execType") in FOREIGN_TRADES or is_own_fill(row)


def is_own_fill(row: Mapping[str, Any]) -> bool:
    return text(row, "execType") == TRADE


def fill(row: Mapping[str, Any], symbols: Symbols) -> FillUpdate:
    venue_symbol = text(row, "symbol")
    fee = optional_decimal(row, "execFee")
    is_maker = flag(row, "isMaker")
    fee_asset = optional_text(row, "feeCurrency")
    if not fee_asset:
        fee_asset = _fee_asset(venue_symbol, text(row, "side"), fee, is_maker, symbols)
    # Whatever id such a trade carries, it is no execution of an order we sent.
    coid = optional_text(row, "orderLinkId") if is_own_fill(row) else ""
    return FillUpdate(
        coid=coid,
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
    """Where the row names no currency. Linear pays in the settle coin. Spot: Buy pays base, Sell pays quote,
    and a maker rebate comes the other way round."""
    instrument = symbols.of_venue(venue_symbol)
    if instrument is None:
        return ""
    if instrument.settle:
        return instrument.settle
    rebate = is_maker and fee.startswith("-")
    return instrument.base if (side == "Buy") != rebate else instrument.quote


def funding(row: Mapping[str, Any], symbols: Symbols) -> Cash | None:
    """An execution with execType Funding, whose fee is what was paid; None for any other."""
    if text(row, "execType") != FUNDING:
        return None
    fee = decimal(row, "execFee")
    return Cash(
        asset=optional_text(row, "feeCurrency") or SETTLE_COIN,
        amount=subtract("0", fee),
        kind="funding",
        symbol=symbols.to_symbol(text(row, "symbol")),
        id=text(row, "execId"),
        venue_time_ms=integer(row, "execTime"),
    )


def balances(accounts: Sequence[Mapping[str, Any]]) -> list[Balance]:
    """Accounts of wallet-balance or of the wallet topic. Spot orders lock part of the wallet balance."""
    found = []
    for account in accounts:
        for coin in rows(account.get("coin"), "coin"):
            locked = optional_decimal(coin, "locked")
            free = subtract(optional_decimal(coin, "walletBalance"), locked)
            found.append(Balance(text(coin, "coin"), free, locked))
    return found


def margin_balances(accounts: Sequence[Mapping[str, Any]]) -> list[Balance]:
    """As `balances`; what orders and positions take as margin is locked too. Unrealised profit is no
    balance."""
    found = []
    for account in accounts:
        for coin in rows(account.get("coin"), "coin"):
            wallet = optional_decimal(coin, "walletBalance")
            taken = [optional_decimal(coin, name) for name in ("locked", "totalOrderIM", "totalPositionIM")]
            locked = plain(format(add(taken), "f"))
            found.append(Balance(text(coin, "coin"), subtract(wallet, locked), locked))
    return found


def position(row: Mapping[str, Any], symbols: Symbols) -> Position:
    """A row of position/list (`avgPrice`) or of the topic (`entryPrice`). `side` is "" when flat."""
    size, side = plain(decimal(row, "size")), optional_text(row, "side")
    if size == "0":
        entry = "0"
    elif side in ("Buy", "Sell"):
        entry = plain(decimal(row, "avgPrice" if "avgPrice" in row else "entryPrice"))
        size = size if side == "Buy" else subtract("0", size)
    else:
        raise VenueError(f"side: Buy or Sell was expected of a position of {size}, was {side!r}")
    time = optional_text(row, "updatedTime")
    return Position(symbols.to_symbol(text(row, "symbol")), size, entry, int(time) if time.isdigit() else 0)


def is_one_way(row: Mapping[str, Any]) -> bool:
    """positionIdx 1 and 2 are the two positions of hedge mode."""
    return integer(row, "positionIdx") == 0


def is_flat(row: Mapping[str, Any]) -> bool:
    return Decimal(decimal(row, "size")) == 0
