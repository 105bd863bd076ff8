"""Binance spot exchangeInfo: symbols with their filters, and the limits that order entry checks."""

from decimal import Decimal

from arb.simexchange.amounts import fixed8
from arb.simexchange.spec import Listing

Json = dict[str, object]

ORDER_LIMITS = ((100, 10), (200_000, 86_400))  # orders, seconds

STP_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")

MAX_OPEN_ORDERS = 200
PERCENT_UP = Decimal(5)
PERCENT_DOWN = Decimal("0.2")


def exchange_info(listings: list[Listing], now_ms: int, weight_limit: int, order_limits: list[Json]) -> Json:
    """`order_limits` are the rows of the limits in force."""
    weight = {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": weight_limit,
    }
    raw = {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000}
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [weight, *order_limits, raw],
        "exchangeFilters": [],
        "symbols": [_symbol(listing) for listing in listings],
    }


def _symbol(listing: Listing) -> Json:
    lot = {
        "minQty": fixed8(listing.min_qty),
        "maxQty": fixed8(listing.max_qty),
        "stepSize": fixed8(listing.lot),
    }
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": fixed8(listing.tick),
                "maxPrice": "1000000.00000000",
                "tickSize": fixed8(listing.tick),
            },
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **lot},
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(PERCENT_UP),
                "bidMultiplierDown": str(PERCENT_DOWN),
                "askMultiplierUp": str(PERCENT_UP),
                "askMultiplierDown": str(PERCENT_DOWN),
                "avgPriceMins": 0,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": fixed8(listing.min_notional),
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 0,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_OPEN_ORDERS},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": list(STP_MODES),
    }
