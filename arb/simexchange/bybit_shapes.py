"""Bybit v5 JSON: orders, executions, instruments, exactly as documented."""

from collections.abc import Mapping
from decimal import Decimal

from arb.simexchange.amounts import ZERO, plain
from arb.simexchange.bybit_ids import fill_id, order_id
from arb.simexchange.bybit_orders import STP_MODES
from arb.simexchange.orders import Event, Fill, Order, Status
from arb.simexchange.spec import SPOT, Fees, Listing

Json = dict[str, object]
_SMP = {mode: word for word, mode in STP_MODES.items()}
# By who placed the order.
_EXECUTIONS = {"": "Trade", "liquidation": "BustTrade", "adl": "AdlTrade"}
_CREATED = {"": "CreateByUser", "liquidation": "CreateByLiq", "adl": "CreateByAdl_PassThrough"}


def status_of(order: Order, status: Status, filled: Decimal) -> str:
    if status.is_open or status is Status.FILLED:
        words = {Status.NEW: "New", Status.PARTIALLY_FILLED: "PartiallyFilled", Status.FILLED: "Filled"}
        return words[status]
    is_spot = order.listing.market == SPOT
    return "PartiallyFilledCanceled" if filled and is_spot else "Cancelled"


def _reject_reason(order: Order, status: Status, filled: Decimal) -> str:
    if status is Status.REJECTED:
        return "EC_PostOnlyWillTakeLiquidity"
    if status is Status.CANCELED:
        return "EC_PerCancelRequest"
    if status is Status.PREVENTED:
        return "EC_BySelfMatch"
    if status is Status.EXPIRED and not _is_cut_to_position(order):
        return "EC_CancelForNoFullFill" if filled or order.tif == "FOK" else "EC_NoImmediateQtyToFill"
    return "EC_NoError"


def _is_cut_to_position(order: Order) -> bool:
    """An expired order that could have rested: there was no more to reduce."""
    return order.reduce_only and order.tif == "GTC"


def _cancel_type(order: Order, status: Status) -> str:
    if status is Status.EXPIRED and _is_cut_to_position(order):
        return "CancelByReduceOnly"
    return {Status.CANCELED: "CancelByUser", Status.PREVENTED: "CancelBySmp"}.get(status, "UNKNOWN")


def order(item: Order, event: Event | None = None) -> Json:
    """An order of REST, or as it was at `event` for the private topic."""
    status = event.status if event else item.status
    filled = event.filled if event else item.filled
    quote = event.filled_quote if event else item.filled_quote
    left = item.qty - filled if status.is_open else ZERO
    price = item.price or ZERO
    is_late = event is not None and event.what == "late cancel"
    fees: Mapping[str, Decimal] = item.fees() if filled else {}
    return {
        "symbol": item.listing.symbol,
        "orderId": order_id(item),
        "orderLinkId": item.client_id,
        "blockTradeId": "",
        "side": "Buy" if item.is_buy else "Sell",
        "orderType": "Market" if item.price is None else "Limit",
        "cancelType": "CancelByUser" if is_late else _cancel_type(item, status),
        "price": plain(price),
        "qty": plain(item.qty if item.quote_qty is None else item.quote_qty),
        "marketUnit": _market_unit(item),
        "timeInForce": "PostOnly" if item.kind == "LIMIT_MAKER" else item.tif,
        "orderStatus": status_of(item, status, filled),
        "rejectReason": "EC_OrigClOrdIDDoesNotExist" if is_late else _reject_reason(item, status, filled),
        "isLeverage": "0",
        "positionIdx": 0,
        "lastPriceOnCreated": "",
        "reduceOnly": item.reduce_only,
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
        "smpType": _SMP[item.stp],
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(item.created_ms),
        "updatedTime": str(event.now_ms if event else item.updated_ms),
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
    }


def _market_unit(item: Order) -> str:
    if item.price is not None or item.listing.market != SPOT:
        return ""
    return "baseCoin" if item.quote_qty is None else "quoteCoin"


def execution(item: Order, fill: Fill, rate: Decimal, left: Decimal, seq: int) -> Json:
    return {
        "symbol": item.listing.symbol,
        "orderId": order_id(item),
        "orderLinkId": item.client_id,
        "side": "Buy" if item.is_buy else "Sell",
        "orderType": "Market" if item.price is None else "Limit",
        "stopOrderType": "",
        "orderPrice": plain(item.price or ZERO),
        "orderQty": plain(item.qty),
        "leavesQty": plain(left),
        "execId": fill_id(item, fill),
        "execType": _EXECUTIONS[item.origin],
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
        "closedSize": "" if item.listing.market == SPOT else plain(fill.closed),
        "blockTradeId": "",
        "marketUnit": "",
        "createType": _CREATED[item.origin],
        "tradeIv": "",
        "markIv": "",
        "markPrice": "",
        "indexPrice": "",
        "underlyingPrice": "",
        "seq": seq,
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
