"""ccxt over REST: load markets, book, limit order, query, cancel, balances. One JSON object in, one out."""

import json
import sys

from tests.interop import loopback

loopback.stay()

import ccxt  # noqa: E402

from tests.interop.ccxt_addresses import exchange  # noqa: E402


def main(market: str, venues: dict[str, object], key: str, secret: str) -> dict[str, object]:
    client = exchange(ccxt, market, venues, key, secret)
    symbol = "BTC/USDT" if market.endswith("spot") else "BTC/USDT:USDT"
    markets = client.load_markets()
    book = client.fetch_order_book(symbol, limit=20)
    # Far from the market, so that it rests.
    price = float(client.price_to_precision(symbol, book["bids"][0][0] * 0.97))
    placed = client.create_order(symbol, "limit", "buy", 0.01, price)
    acknowledged = {"acknowledged": True} if market.startswith("bybit") else {}
    queried = client.fetch_order(placed["id"], symbol, acknowledged)
    waiting = client.fetch_open_orders(symbol)
    client.cancel_order(placed["id"], symbol)
    after = client.fetch_open_orders(symbol)
    taken = client.create_order(
        symbol, "limit", "buy", 0.01, book["asks"][0][0] * 1.01, {"timeInForce": "IOC"}
    )
    filled = client.fetch_order(taken["id"], symbol, acknowledged)
    balance = client.fetch_balance()
    return {
        "markets": symbol in markets,
        "bid": book["bids"][0][0],
        "ask": book["asks"][0][0],
        "placed": placed["id"],
        "queried": [queried["status"], queried["side"], queried["amount"], queried["price"] == price],
        "open": [order["id"] for order in waiting],
        "open_after": [order["id"] for order in after],
        "filled": [filled["status"], filled["filled"]],
        "usdt": balance["USDT"]["total"],
    }


if __name__ == "__main__":
    json.dump(main(**json.load(sys.stdin)), sys.stdout)
