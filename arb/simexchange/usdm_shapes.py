"""Binance USD-M JSON of orders and trades: answers, queries, private events, as documented."""

from decimal import Decimal

from arb.simexchange.amounts import ZERO, decimals_of
from arb.simexchange.binance_shapes import EXECUTION, STATUS
from arb.simexchange.orders import Event, Fill, Order, Status
from arb.simexchange.spec import Listing

Json = dict[str, object]
_EXECUTION = {**EXECUTION, "prevented": "EXPIRED"}
FORCED = ("autoclose-", "adl_autoclose")  # client ids of orders that the venue made itself
_EIGHT = Decimal("1e-8")


def price_text(listing: Listing, value: Decimal) -> str:
    """With the decimals of the tick; what has none is "0"."""
    return f"{value:.{decimals_of(listing.tick)}f}" if value else "0"


def qty_text(listing: Listing, value: Decimal) -> str:
    return f"{value:.{decimals_of(listing.lot)}f}"


def money(value: Decimal) -> str:
    """Eight decimals; the account itself is exact."""
    return f"{value.quantize(_EIGHT):.8f}"


def average(order: Order, filled: Decimal, quote: Decimal) -> Decimal:
    return (quote / filled).quantize(order.listing.tick / 10) if filled else ZERO


def tif_of(order: Order) -> str:
    return "GTX" if order.kind == "LIMIT_MAKER" else order.tif


def kind_of(order: Order) -> str:
    return "LIMIT" if order.kind == "LIMIT_MAKER" else order.kind


def _side(order: Order) -> str:
    return "BUY" if order.is_buy else "SELL"


def _order(order: Order, status: Status, filled: Decimal) -> Json:
    listing = order.listing
    return {
        "orderId": order.order_id,
        "symbol": listing.symbol,
        "status": STATUS[status],
        "clientOrderId": order.client_id,
        "price": price_text(listing, order.price or ZERO),
        "origQty": qty_text(listing, order.qty),
        "executedQty": qty_text(listing, filled),
        "timeInForce": tif_of(order),
        "type": kind_of(order),
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": _side(order),
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind_of(order),
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.stp,
        "goodTillDate": 0,
        "updateTime": order.updated_ms,
    }


def new_order(order: Order, response_type: str) -> Json:
    """Answer to a new order: only RESULT knows the end of those that end at once, all others say NEW."""
    is_final = response_type == "RESULT" and (order.kind == "MARKET" or order.tif in ("IOC", "FOK"))
    status, filled = (order.status, order.filled) if is_final else (Status.NEW, ZERO)
    return _order(order, status, filled) | {"cumQty": qty_text(order.listing, filled)}


def canceled_order(order: Order) -> Json:
    return _order(order, order.status, order.filled) | {"cumQty": qty_text(order.listing, order.filled)}


def queried_order(order: Order) -> Json:
    quote = price_text(order.listing, ZERO) if not order.filled else f"{order.filled_quote.normalize():f}"
    return _order(order, order.status, order.filled) | {
        "avgPrice": f"{average(order, order.filled, order.filled_quote):.5f}",
        "cumQuote": quote,
        "time": order.created_ms,
    }


def user_trade(order: Order, fill: Fill) -> Json:
    """One row of userTrades; the real one has no client id either."""
    listing = order.listing
    return {
        "buyer": order.is_buy,
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_asset,
        "id": fill.trade_id,
        "maker": fill.is_maker,
        "orderId": order.order_id,
        "price": price_text(listing, fill.price),
        "qty": qty_text(listing, fill.qty),
        "quoteQty": f"{fill.quote.normalize():f}",
        "baseQty": qty_text(listing, fill.qty),
        "marginAsset": listing.quote,
        "realizedPnl": money(fill.realised),
        "side": _side(order),
        "positionSide": "BOTH",
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "time": fill.unix_ms,
    }


def order_update(event: Event) -> Json:
    """ORDER_TRADE_UPDATE; N and n only where something was filled."""
    order, fill, listing = event.order, event.fill, event.order.listing
    is_resting = event.status.is_open and order.tif == "GTC" and order.price is not None
    resting = (order.price or ZERO) * (order.qty - event.filled) if is_resting else ZERO
    is_forced = order.client_id.startswith(FORCED)
    body: Json = {
        "s": listing.symbol,
        "c": order.client_id,
        "S": _side(order),
        "o": kind_of(order),
        "f": tif_of(order),
        "q": qty_text(listing, order.qty),
        "p": price_text(listing, order.price or ZERO),
        "ap": price_text(listing, average(order, event.filled, event.filled_quote)),
        "sp": "0",
        "x": "CALCULATED" if is_forced and fill else _EXECUTION[event.what],
        "X": STATUS[event.status],
        "i": order.order_id,
        "l": qty_text(listing, fill.qty) if fill else "0",
        "z": qty_text(listing, event.filled),
        "L": price_text(listing, fill.price) if fill else "0",
        "T": event.now_ms,
        "t": fill.trade_id if fill else 0,
        "b": f"{resting:f}" if order.is_buy else "0",
        "a": "0" if order.is_buy else f"{resting:f}",
        "m": bool(fill and fill.is_maker),
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": kind_of(order),
        "ps": "BOTH",
        "cp": False,
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": money(fill.realised) if fill else "0",
        "V": order.stp,
        "pm": "NONE",
        "gtd": 0,
    }
    if fill:
        body |= {"N": fill.fee_asset, "n": money(fill.fee)}
    return {"e": "ORDER_TRADE_UPDATE", "E": event.now_ms, "T": event.now_ms, "o": body}


def trade_lite(event: Event) -> Json:
    """The fast, short form of a fill, without its fee."""
    order, fill, listing = event.order, event.fill, event.order.listing
    assert fill is not None
    return {
        "e": "TRADE_LITE",
        "E": event.now_ms,
        "T": event.now_ms,
        "s": listing.symbol,
        "q": qty_text(listing, order.qty),
        "p": price_text(listing, order.price or ZERO),
        "m": fill.is_maker,
        "c": order.client_id,
        "S": _side(order),
        "L": price_text(listing, fill.price),
        "l": qty_text(listing, fill.qty),
        "t": fill.trade_id,
        "i": order.order_id,
    }
