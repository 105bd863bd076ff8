"""Binance spot JSON: orders, fills, execution reports, account, exchangeInfo, exactly as documented."""

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, fixed8
from arb.simexchange.orders import Event, Fill, Order, Status
from arb.simexchange.spec import Fees

Json = dict[str, object]

STATUS = {
    Status.NEW: "NEW",
    Status.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.PREVENTED: "EXPIRED_IN_MATCH",
    Status.REJECTED: "REJECTED",
}
EXECUTION = {
    "new": "NEW",
    "trade": "TRADE",
    "canceled": "CANCELED",
    "expired": "EXPIRED",
    "prevented": "TRADE_PREVENTION",
}


def _price(order: Order) -> str:
    return fixed8(order.price or ZERO)


def _side(order: Order) -> str:
    return "BUY" if order.is_buy else "SELL"


def new_order(order: Order, response_type: str, now_ms: int) -> Json:
    """Answer to POST order: ACK, RESULT or FULL."""
    answer: Json = {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": now_ms,
    }
    if response_type == "ACK":
        return answer
    answer |= _state(order)
    answer |= {"workingTime": order.created_ms, "selfTradePreventionMode": order.stp}
    if response_type == "FULL":
        answer["fills"] = [
            {
                "price": fixed8(fill.price),
                "qty": fixed8(fill.qty),
                "commission": fixed8(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in order.fills
        ]
    return answer


def canceled_order(order: Order, cancel_id: str, now_ms: int) -> Json:
    """Answer to DELETE order: `clientOrderId` is the id of the cancel."""
    return {
        "symbol": order.listing.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": cancel_id,
        "transactTime": now_ms,
        **_state(order),
        "selfTradePreventionMode": order.stp,
    }


def queried_order(order: Order) -> Json:
    return {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        **_state(order),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": True,
        "workingTime": order.created_ms,
        "selfTradePreventionMode": order.stp,
    }


def _state(order: Order) -> Json:
    return {
        "price": _price(order),
        "origQty": fixed8(order.qty),
        "executedQty": fixed8(order.filled),
        "origQuoteOrderQty": fixed8(order.quote_qty or ZERO),
        "cummulativeQuoteQty": fixed8(order.filled_quote),
        "status": STATUS[order.status],
        "timeInForce": order.tif,
        "type": order.kind,
        "side": _side(order),
    }


def my_trade(order: Order, fill: Fill) -> Json:
    """One row of myTrades; the real one has no client id either."""
    return {
        "symbol": order.listing.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "price": fixed8(fill.price),
        "qty": fixed8(fill.qty),
        "quoteQty": fixed8(fill.quote),
        "commission": fixed8(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.unix_ms,
        "isBuyer": order.is_buy,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def execution_report(event: Event, execution_id: int, cancel_id: str = "") -> Json:
    """The private event; on a cancel `c` is the cancel's id and `C` the order's."""
    order, fill = event.order, event.fill
    report: Json = {
        "e": "executionReport",
        "E": event.now_ms,
        "s": order.listing.symbol,
        "c": cancel_id or order.client_id,
        "S": _side(order),
        "o": order.kind,
        "f": order.tif,
        "q": fixed8(order.qty),
        "p": _price(order),
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": order.client_id if cancel_id else "",
        "x": EXECUTION[event.what],
        "X": STATUS[event.status],
        "r": "NONE",
        "i": order.order_id,
        "l": fixed8(fill.qty if fill else ZERO),
        "z": fixed8(event.filled),
        "L": fixed8(fill.price if fill else ZERO),
        "n": fixed8(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": event.now_ms,
        "t": fill.trade_id if fill else -1,
        "I": execution_id,
        "w": event.status.is_open and order.tif == "GTC",
        "m": bool(fill and fill.is_maker),
        "M": False,
        "O": order.created_ms,
        "Z": fixed8(event.filled_quote),
        "Y": fixed8(fill.quote if fill else ZERO),
        "Q": fixed8(order.quote_qty or ZERO),
        "W": order.created_ms,
        "V": order.stp,
    }
    if event.what == "expired" and order.tif == "IOC":
        report["eR"] = "UNFILLED_IOC_QUANTITY_EXPIRED"
    return report


def account_position(account: Account, assets: list[str], now_ms: int) -> Json:
    """The new absolute balances of the assets an action touched."""
    return {
        "e": "outboundAccountPosition",
        "E": now_ms,
        "u": now_ms,
        "B": [
            {"a": name, "f": fixed8(account.free[name]), "l": fixed8(account.locked[name])} for name in assets
        ],
    }


def account(state: Account, fees: Fees, now_ms: int, omit_zero: bool) -> Json:
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": fixed8(fees.maker),
            "taker": fixed8(fees.taker),
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": now_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": name, "free": fixed8(state.free[name]), "locked": fixed8(state.locked[name])}
            for name in state.assets
            if not omit_zero or state.total(name)
        ],
        "permissions": ["SPOT"],
        "uid": 354937868,
    }


def _discount(fee_asset: str | None) -> Json:
    return {
        "enabledForAccount": fee_asset is not None,
        "enabledForSymbol": fee_asset is not None,
        "discountAsset": "BNB",
        "discount": "0.75000000",
    }


def commission(symbol: str, fees: Fees, fee_asset: str | None) -> Json:
    """`fee_asset` is what fees are paid in where that is not the asset received."""
    rates = {
        "maker": fixed8(fees.maker),
        "taker": fixed8(fees.taker),
        "buyer": "0.00000000",
        "seller": "0.00000000",
    }
    none = dict.fromkeys(rates, "0.00000000")
    return {
        "symbol": symbol,
        "standardCommission": rates,
        "specialCommission": none,
        "taxCommission": none,
        "discount": _discount(fee_asset),
    }


def tested_order(fees: Fees, fee_asset: str | None) -> Json:
    """Answer to order/test with computeCommissionRates."""
    rates = {"maker": fixed8(fees.maker), "taker": fixed8(fees.taker)}
    none = dict.fromkeys(rates, "0.00000000")
    return {
        "standardCommissionForOrder": rates,
        "specialCommissionForOrder": none,
        "taxCommissionForOrder": none,
        "discount": _discount(fee_asset),
    }
