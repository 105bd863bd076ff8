"""The wallet side of Binance as far as clients ask for it: rights of a key, fee table, empty lists."""

from collections.abc import Iterable

from arb.simexchange.amounts import fixed8
from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.binance_desk import Call, Need, Params
from arb.simexchange.instant import Instant
from arb.simexchange.spec import Fees


def sapi_calls(symbols: Iterable[str], fees: Fees, keys: KeyStore) -> dict[str, Call]:
    names = list(symbols)

    def trade_fees(params: Params, now: Instant) -> object:
        wanted = [params["symbol"]] if "symbol" in params else names
        maker, taker = fixed8(fees.maker), fixed8(fees.taker)
        return [{"symbol": name, "makerCommission": maker, "takerCommission": taker} for name in wanted]

    def rights(params: Params, now: Instant) -> object:
        return restrictions(keys.keys[params["apiKey"]])

    return {
        "sapi.apiRestrictions": Call(rights, 1, Need.READ),
        "sapi.tradeFee": Call(trade_fees, 1, Need.READ),
        "sapi.bnbBurn": Call(
            lambda params, now: {"spotBNBBurn": False, "interestBNBBurn": False}, 1, Need.READ
        ),
        "sapi.nothing": Call(lambda params, now: []),
        "dapi.exchangeInfo": Call(_no_coin_margined),
    }


def _no_coin_margined(params: Params, now: Instant) -> object:
    return {
        "timezone": "UTC",
        "serverTime": now.unix_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [],
    }


def restrictions(key: ApiKey) -> dict[str, object]:
    """apiRestrictions of the key that asks."""
    rights = key.rights
    expiry = {"tradingAuthorityExpirationTime": rights.expires_ms} if rights.expires_ms else {}
    return {
        "ipRestrict": rights.ip_bound,
        "createTime": 1_700_000_000_000,
        "enableReading": rights.reading,
        "enableWithdrawals": rights.withdrawals,
        "enableInternalTransfer": rights.transfers,
        "enableMargin": False,
        "enableFutures": rights.may_trade(futures=True),
        "permitsUniversalTransfer": rights.transfers,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": rights.may_trade(futures=False),
        **expiry,
    }
