"""Binance USD-M exchangeInfo: perpetuals with their filters, and the limits of the market."""

from decimal import Decimal

from arb.simexchange.amounts import decimals_of
from arb.simexchange.spec import Fees, Listing

Json = dict[str, object]
MULTIPLIER_UP = "1.0500"  # orders against the mark price
MULTIPLIER_DOWN = "0.9500"


FEES = Fees(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
MAX_OPEN_ORDERS = 200
ORDER_LIMITS = ((300, 10), (1_200, 60))  # orders, seconds


def price_precision(listing: Listing) -> int:
    """Not the tick's, as at the venue: who derives the tick from here gets it wrong."""
    return decimals_of(listing.tick) + 1


def exchange_info(listings: list[Listing], now_ms: int, weight_limit: int, order_limits: list[Json]) -> Json:
    """`order_limits` are the rows of the limits in force."""
    weight = {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": weight_limit,
    }
    return {
        "exchangeFilters": [],
        "rateLimits": [weight, *order_limits],
        "serverTime": now_ms,
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(listing) for listing in listings],
        "timezone": "UTC",
        "futuresType": "U_MARGINED",
    }


def _symbol(listing: Listing) -> Json:
    lot = {"minQty": f"{listing.min_qty:f}", "stepSize": f"{listing.lot:f}"}
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": price_precision(listing),
        "quantityPrecision": decimals_of(listing.lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "tickSize": f"{listing.tick:f}",
                "minPrice": f"{listing.tick:f}",
                "maxPrice": "4529764",
            },
            {"filterType": "LOT_SIZE", **lot, "maxQty": f"{listing.max_qty:f}"},
            {"filterType": "MARKET_LOT_SIZE", **lot, "maxQty": f"{listing.max_qty / 8:f}"},
            {"filterType": "MAX_NUM_ORDERS", "limit": MAX_OPEN_ORDERS},
            {"filterType": "MIN_NOTIONAL", "notional": f"{listing.min_notional:f}"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": MULTIPLIER_UP,
                "multiplierDown": MULTIPLIER_DOWN,
                "multiplierDecimal": "4",
            },
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
    }
