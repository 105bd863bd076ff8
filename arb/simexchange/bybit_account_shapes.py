"""Bybit v5 JSON of the account: wallet, positions, funding, exactly as documented."""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, plain
from arb.simexchange.bybit_ids import execution_id
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.perpetual_account import MAINTENANCE, Position
from arb.simexchange.spec import Listing

Json = dict[str, object]
_EIGHT = Decimal("1e-8")


class Margin(NamedTuple):
    """What linear takes and has of one asset."""

    orders: Decimal = ZERO
    positions: Decimal = ZERO
    maintenance: Decimal = ZERO
    unrealised: Decimal = ZERO
    realised: Decimal = ZERO


NO_MARGIN = Margin()


class Funding(NamedTuple):
    """One payment; `qty` is signed like the position, `paid` negative when it was received."""

    number: int
    listing: Listing
    qty: Decimal
    mark: Decimal
    rate: Decimal
    paid: Decimal
    unix_ms: int


def wallet(
    account: Account,
    marks: Mapping[str, Decimal],
    margins: Mapping[str, Margin],
    assets: list[str] | None = None,
) -> Json:
    """The unified account, with the rows of `assets` or of all."""
    coins = [
        _coin(account, name, marks.get(name, ZERO), margins.get(name, NO_MARGIN))
        for name in account.assets
        if assets is None or name in assets
    ]
    value = {name: marks.get(name, ZERO) for name in account.assets}
    balance = sum((account.total(name) * mark for name, mark in value.items()), ZERO)
    free = sum((account.free[name] * mark for name, mark in value.items()), ZERO)
    sums = [
        sum((margin[n] * value[name] for name, margin in margins.items()), ZERO)
        for n in range(len(NO_MARGIN))
    ]
    orders, positions, maintenance, unrealised, _ = sums
    initial = orders + positions
    zeros = dict.fromkeys(
        ("accountIMRate", "accountIMRateByMp", "accountMMRate", "accountMMRateByMp", "accountLTV"), "0"
    )
    return {
        "accountType": "UNIFIED",
        "totalEquity": plain(balance + unrealised),
        "totalWalletBalance": plain(balance),
        "totalMarginBalance": plain(balance + unrealised),
        "totalAvailableBalance": plain(free + unrealised - _up(initial)),
        "totalPerpUPL": plain(unrealised),
        "totalInitialMargin": plain(_up(initial)),
        "totalInitialMarginByMp": plain(_up(initial)),
        "totalMaintenanceMargin": plain(_up(maintenance)),
        "totalMaintenanceMarginByMp": plain(_up(maintenance)),
        **zeros,
        "coin": coins,
    }


def _coin(account: Account, name: str, mark: Decimal, margin: Margin) -> Json:
    total = account.total(name)
    zeros = dict.fromkeys(("bonus", "accruedInterest", "borrowAmount", "spotBorrow", "spotHedgingQty"), "0")
    return {
        "coin": name,
        "walletBalance": plain(total),
        "equity": plain(total + margin.unrealised),
        "locked": plain(account.locked[name]),
        "usdValue": plain((total + margin.unrealised) * mark),
        # Empty, as the venue sends it: some clients take a number here for the free balance.
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "collateralSwitch": True,
        "marginCollateral": True,
        "totalOrderIM": plain(_up(margin.orders)),
        "totalPositionIM": plain(_up(margin.positions)),
        "totalPositionMM": plain(_up(margin.maintenance)),
        "unrealisedPnl": plain(margin.unrealised),
        "cumRealisedPnl": plain(margin.realised),
        **zeros,
    }


def position(
    item: Position, perpetual: Perpetual, leverage: int | Decimal, seq: int, entry_name: str, idx: int = 0
) -> Json:
    """A row of position/list (`entry_name` avgPrice) or of the topic (entryPrice)."""
    held, mark = item.qty, perpetual.mark
    margin = plain(_up(abs(held) * mark / leverage))
    maintenance = plain(_up(abs(held) * mark * MAINTENANCE))
    return {
        "positionIdx": idx,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": perpetual.listing.symbol,
        "side": "" if not held else "Buy" if held > 0 else "Sell",
        "size": plain(abs(held)),
        entry_name: plain(item.entry),
        "positionValue": plain(abs(item.cost)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0 if not held else 2,
        "leverage": plain(Decimal(leverage)),
        "breakEvenPrice": plain(item.entry),
        "positionBalance": margin,
        "markPrice": plain(mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": maintenance,
        "positionMMByMp": maintenance,
        "positionIM": margin,
        "positionIMByMp": margin,
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": plain(held * mark - item.cost) if held else "0",
        "curRealisedPnl": plain(item.realised + item.funding - item.fees),
        "cumRealisedPnl": plain(item.realised + item.funding - item.fees),
        "seq": seq,
        "isReduceOnly": False,
        "mmrSysUpdatedTime" if entry_name == "entryPrice" else "mmrSysUpdateTime": "",
        "leverageSysUpdatedTime": "",
        "sessionAvgPrice": "",
        "createdTime": str(item.updated_ms),
        "updatedTime": str(item.updated_ms),
    }


def funding(item: Funding, seq: int) -> Json:
    """The execution of one payment: its fee is what was paid."""
    is_long = item.qty > 0
    symbol = item.listing.symbol
    empty = ("blockTradeId", "marketUnit", "createType", "tradeIv", "markIv", "indexPrice", "underlyingPrice")
    return {
        "symbol": symbol,
        "orderId": execution_id(item.listing, item.number),
        "orderLinkId": "",
        "side": "Buy" if is_long else "Sell",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "execId": execution_id(item.listing, item.number),
        "execType": "Funding",
        "execPrice": plain(item.mark),
        "execQty": plain(abs(item.qty)),
        "execValue": plain(abs(item.qty) * item.mark),
        "execFee": plain(item.paid),
        "feeCurrency": item.listing.quote,
        "feeRate": plain(item.rate if is_long else -item.rate),
        "extraFees": "",
        "execTime": str(item.unix_ms),
        "isMaker": False,
        "isLeverage": "0",
        "closedSize": "0",
        "markPrice": plain(item.mark),
        "seq": seq,
        **dict.fromkeys(empty, ""),
    }


def _up(value: Decimal) -> Decimal:
    return value.quantize(_EIGHT, rounding=ROUND_UP)
