"""Binance USD-M exchangeInfo: perpetuals with their filters, and the limits of the market."""

from arb.simexchange.amounts import decimals_of
from arb.simexchange.spec import Listing

Json = dict[str, object]
MULTIPLIER_UP = "1.0500"  # orders against the mark price
MULTIPLIER_DOWN = "0.9500"


def exchange_info(listings: list[Listing], now_ms: int, weight_limit: int) -> Json:
    def limit(kind: str, interval: str, number: int, most: int) -> Json:
        return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": most}

    return {
        "exchangeFilters": [],
        "rateLimits": [
            limit("REQUEST_WEIGHT", "MINUTE", 1, weight_limit),
            limit("ORDERS", "MINUTE", 1, 1200),
            limit("ORDERS", "SECOND", 10, 300),
        ],
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
        # Not the tick and the lot, as at the venue: who derives them from here gets them wrong.
        "pricePrecision": decimals_of(listing.tick) + 1,
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
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
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
