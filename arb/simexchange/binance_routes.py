"""Names of Binance's calls: REST method and path, and the WS-API methods of each market."""

from collections.abc import Mapping

from arb.simexchange.spec import SPOT, USDM

_SPOT: Mapping[str, str] = {
    "GET /api/v3/ping": "ping",
    "GET /api/v3/time": "time",
    "GET /api/v3/exchangeInfo": "exchangeInfo",
    "GET /api/v3/depth": "depth",
    "GET /api/v3/ticker/bookTicker": "ticker.book",
    "GET /api/v3/account": "account.status",
    "GET /api/v3/account/commission": "account.commission",
    "GET /api/v3/rateLimit/order": "account.rateLimits.orders",
    "GET /api/v3/order": "order.status",
    "GET /api/v3/openOrders": "openOrders.status",
    "GET /api/v3/allOrders": "allOrders",
    "GET /api/v3/myTrades": "myTrades",
    "POST /api/v3/order": "order.place",
    "POST /api/v3/order/test": "order.test",
    "DELETE /api/v3/order": "order.cancel",
    "DELETE /api/v3/openOrders": "openOrders.cancelAll",
    "GET /sapi/v1/account/apiRestrictions": "sapi.apiRestrictions",
    "GET /sapi/v1/bnbBurn": "sapi.bnbBurn",
    "GET /sapi/v1/asset/tradeFee": "sapi.tradeFee",
    # Asked for by independent clients while they load markets.
    "GET /sapi/v1/capital/config/getall": "sapi.nothing",
    "GET /sapi/v1/margin/allPairs": "sapi.nothing",
    "GET /sapi/v1/margin/isolated/allPairs": "sapi.nothing",
    "GET /dapi/v1/exchangeInfo": "dapi.exchangeInfo",
}

_USDM: Mapping[str, str] = {
    "GET /fapi/v1/ping": "ping",
    "GET /fapi/v1/time": "time",
    "GET /fapi/v1/exchangeInfo": "exchangeInfo",
    "GET /fapi/v1/depth": "depth",
    "GET /fapi/v1/ticker/bookTicker": "ticker.book",
    "GET /fapi/v1/premiumIndex": "premiumIndex",
    "GET /fapi/v1/fundingInfo": "fundingInfo",
    "GET /fapi/v1/fundingRate": "fundingRate",
    "POST /fapi/v1/order": "order.place",
    "POST /fapi/v1/order/test": "order.test",
    "POST /fapi/v1/batchOrders": "batchOrders",
    "DELETE /fapi/v1/order": "order.cancel",
    "DELETE /fapi/v1/allOpenOrders": "allOpenOrders.cancel",
    "POST /fapi/v1/countdownCancelAll": "countdownCancelAll",
    "GET /fapi/v1/order": "order.status",
    "GET /fapi/v1/openOrder": "openOrder",
    "GET /fapi/v1/openOrders": "openOrders",
    "GET /fapi/v1/allOrders": "allOrders",
    "GET /fapi/v1/userTrades": "userTrades",
    "GET /fapi/v1/rateLimit/order": "rateLimit.order",
    "GET /fapi/v3/balance": "v2/account.balance",
    "GET /fapi/v3/account": "v2/account.status",
    "GET /fapi/v3/positionRisk": "v2/account.position",
    "GET /fapi/v1/accountConfig": "accountConfig",
    "GET /fapi/v1/symbolConfig": "symbolConfig",
    "GET /fapi/v1/leverageBracket": "leverageBracket",
    "GET /fapi/v1/commissionRate": "commissionRate",
    "GET /fapi/v1/income": "income",
    "GET /fapi/v1/feeBurn": "feeBurn",
    "POST /fapi/v1/feeBurn": "feeBurn.set",
    "GET /fapi/v1/positionSide/dual": "positionSide",
    "POST /fapi/v1/positionSide/dual": "positionSide.set",
    "GET /fapi/v1/multiAssetsMargin": "multiAssetsMargin",
    "POST /fapi/v1/leverage": "leverage.set",
    "POST /fapi/v1/marginType": "marginType.set",
    "POST /fapi/v1/listenKey": "userDataStream.start",
    "PUT /fapi/v1/listenKey": "userDataStream.ping",
    "DELETE /fapi/v1/listenKey": "userDataStream.stop",
}


def _routes(market: str, table: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, str]]:
    routes: dict[tuple[str, str], tuple[str, str]] = {}
    for text, call in table.items():
        method, _, path = text.partition(" ")
        routes[(method, path)] = (market, call)
    return routes


# (HTTP method, path) -> (market, call)
ROUTES: Mapping[tuple[str, str], tuple[str, str]] = _routes(SPOT, _SPOT) | _routes(USDM, _USDM)

WS_METHODS: Mapping[str, frozenset[str]] = {
    SPOT: frozenset(name for name in _SPOT.values() if not name.startswith(("sapi.", "dapi."))),
    USDM: frozenset(
        (
            "ping",
            "time",
            "depth",
            "ticker.book",
            "order.place",
            "order.test",
            "order.cancel",
            "order.status",
            "v2/account.balance",
            "v2/account.status",
            "v2/account.position",
            "userDataStream.start",
            "userDataStream.ping",
            "userDataStream.stop",
        )
    ),
}
