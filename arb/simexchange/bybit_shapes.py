"""Bybit v5 JSON: orders, executions, wallet, instruments, exactly as documented for spot."""

from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, plain
from arb.simexchange.orders import Event, Fill, Order, Status
from arb.simexchange.spec import SPOT, Fees, Listing

Json = dict[str, object]


def status_of(order: Order, status: Status, filled: Decimal) -> str:
    if status in (Status.CANCELED, Status.EXPIRED):
        return "PartiallyFilledCanceled" if filled else "Cancelled"  # a spot rule: derivatives say Cancelled
    if status is Status.REJECTED:
        return "Cancelled"
    return {Status.NEW: "New", Status.PARTIALLY_FILLED: "PartiallyFilled", Status.FILLED: "Filled"}[status]


def _reject_reason(order: Order, status: Status, filled: Decimal) -> str:
    if status is Status.REJECTED:
        return "EC_PostOnlyWillTakeLiquidity"
    if status is Status.CANCELED:
        return "EC_PerCancelRequest"
    if status is Status.EXPIRED:
        return "EC_CancelForNoFullFill" if filled or order.tif == "FOK" else "EC_NoImmediateQtyToFill"
    return "EC_NoError"


def order(item: Order, event: Event | None = None) -> Json:
    """An order of REST, or as it was at `event` for the private topic."""
    status = event.status if event else item.status
    filled = event.filled if event else item.filled
    quote = event.filled_quote if event else item.filled_quote
    left = item.qty - filled if status.is_open else ZERO
    price = item.price or ZERO
    fees: Mapping[str, Decimal] = item.fees() if filled else {}
    return {
        "symbol": item.listing.symbol,
        "orderId": str(item.order_id),
        "orderLinkId": item.client_id,
        "blockTradeId": "",
        "side": "Buy" if item.is_buy else "Sell",
        "orderType": "Market" if item.price is None else "Limit",
        "cancelType": "CancelByUser" if status is Status.CANCELED else "UNKNOWN",
        "price": plain(price),
        "qty": plain(item.qty if item.quote_qty is None else item.quote_qty),
        "marketUnit": ""
        if item.price is not None
        else "quoteCoin"
        if item.quote_qty is not None
        else "baseCoin",
        "timeInForce": "PostOnly" if item.kind == "LIMIT_MAKER" else item.tif,
        "orderStatus": status_of(item, status, filled),
        "rejectReason": _reject_reason(item, status, filled),
        "isLeverage": "0",
        "positionIdx": 0,
        "lastPriceOnCreated": "",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "leavesQty": plain(left),
        "leavesValue": plain(left * price),
        "cumExecQty": plain(filled),
        "cumExecValue": plain(quote),
        "avgPrice": plain((quote / filled).normalize()) if filled else "",
        "cumExecFee": plain(sum(fees.values(), ZERO)),
        "cumFeeDetail": {asset: plain(fee) for asset, fee in fees.items()},
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "triggerDirection": 0,
        "triggerBy": "",
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(item.created_ms),
        "updatedTime": str(event.now_ms if event else item.updated_ms),
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
    }


def execution(item: Order, fill: Fill, rate: Decimal, left: Decimal, seq: int) -> Json:
    return {
        "symbol": item.listing.symbol,
        "orderId": str(item.order_id),
        "orderLinkId": item.client_id,
        "side": "Buy" if item.is_buy else "Sell",
        "orderType": "Market" if item.price is None else "Limit",
        "stopOrderType": "",
        "orderPrice": plain(item.price or ZERO),
        "orderQty": plain(item.qty),
        "leavesQty": plain(left),
        "execId": str(2_100_000_000_000_000_000 + fill.trade_id),
        "execType": "Trade",
        "execPrice": plain(fill.price),
        "execQty": plain(fill.qty),
        "execValue": plain(fill.quote),
        "execFee": plain(fill.fee),
        "feeCurrency": fill.fee_asset,
        "feeRate": plain(rate),
        "extraFees": "",
        "execTime": str(fill.unix_ms),
        "isMaker": fill.is_maker,
        "isLeverage": "0",
        "closedSize": "",
        "blockTradeId": "",
        "marketUnit": "",
        "createType": "CreateByUser",
        "tradeIv": "",
        "markIv": "",
        "markPrice": "",
        "indexPrice": "",
        "underlyingPrice": "",
        "seq": seq,
    }


def wallet(account: Account, marks: Mapping[str, Decimal], assets: list[str] | None = None) -> Json:
    """The unified account: of a spot account only balances, locks and values are ever not zero."""
    coins = [_coin(account, name, marks[name]) for name in account.assets if assets is None or name in assets]
    equity = sum((account.total(name) * marks[name] for name in account.assets), ZERO)
    free = sum((account.free[name] * marks[name] for name in account.assets), ZERO)
    zeros = dict.fromkeys(
        (
            "accountIMRate",
            "accountIMRateByMp",
            "accountMMRate",
            "accountMMRateByMp",
            "accountLTV",
            "totalPerpUPL",
            "totalInitialMargin",
            "totalInitialMarginByMp",
            "totalMaintenanceMargin",
            "totalMaintenanceMarginByMp",
        ),
        "0",
    )
    return {
        "accountType": "UNIFIED",
        "totalEquity": plain(equity),
        "totalWalletBalance": plain(equity),
        "totalMarginBalance": plain(equity),
        "totalAvailableBalance": plain(free),
        **zeros,
        "coin": coins,
    }


def _coin(account: Account, name: str, mark: Decimal) -> Json:
    total = plain(account.total(name))
    zeros = dict.fromkeys(
        (
            "bonus",
            "accruedInterest",
            "borrowAmount",
            "spotBorrow",
            "totalOrderIM",
            "totalPositionIM",
            "totalPositionMM",
            "unrealisedPnl",
            "cumRealisedPnl",
            "spotHedgingQty",
        ),
        "0",
    )
    return {
        "coin": name,
        "walletBalance": total,
        "equity": total,
        "locked": plain(account.locked[name]),
        "usdValue": plain(account.total(name) * mark),
        # Empty, as the venue sends it: some clients take a number here for the free balance.
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "collateralSwitch": True,
        "marginCollateral": True,
        **zeros,
    }


def instrument(listing: Listing) -> Json:
    if listing.market == SPOT:
        return {
            "symbol": listing.symbol,
            "baseCoin": listing.base,
            "quoteCoin": listing.quote,
            "innovation": "0",
            "status": "Trading",
            "marginTrading": "none",
            "stTag": "0",
            "lotSizeFilter": {
                "basePrecision": plain(listing.lot),
                "quotePrecision": plain(listing.tick * listing.lot),
                "minOrderQty": plain(listing.min_qty),
                "maxOrderQty": plain(listing.max_qty),
                "minOrderAmt": plain(listing.min_notional),
                "maxOrderAmt": "8000000",
                "maxLimitOrderQty": plain(listing.max_qty),
                "maxMarketOrderQty": plain(listing.max_qty / 2),
                "postOnlyMaxLimitOrderSize": "60000",
            },
            "priceFilter": {"tickSize": plain(listing.tick)},
            "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"},
            "symbolType": "",
        }
    return {
        "symbol": listing.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "settleCoin": listing.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": plain(listing.tick),
            "maxPrice": "1999999.8",
            "tickSize": plain(listing.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(listing.max_qty),
            "minOrderQty": plain(listing.min_qty),
            "qtyStep": plain(listing.lot),
            "postOnlyMaxOrderQty": plain(listing.max_qty),
            "maxMktOrderQty": plain(listing.max_qty / 2),
            "minNotionalValue": plain(listing.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"},
        "symbolType": "",
    }


def fee_rate(symbol: str, fees: Fees) -> Json:
    return {"symbol": symbol, "takerFeeRate": plain(fees.taker), "makerFeeRate": plain(fees.maker)}
