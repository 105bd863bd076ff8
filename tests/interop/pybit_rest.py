"""pybit over REST, spot and linear. One JSON object in, one out."""

import json
import sys
from typing import Any

from tests.interop import loopback

loopback.stay()

from pybit.unified_trading import HTTP  # noqa: E402


def main(market: str, venues: dict[str, Any], key: str, secret: str) -> dict[str, object]:
    client = HTTP(api_key=key, api_secret=secret)
    client.endpoint = venues["bybit"]["rest"]
    category = market.removeprefix("bybit_")
    named = {"category": category, "symbol": "BTCUSDT"}
    info = client.get_instruments_info(category=category)["result"]["list"]
    book = client.get_orderbook(**named, limit=50)["result"]
    price = f"{float(book['b'][0][0]) * 0.97:.1f}"
    placed = client.place_order(
        **named, side="Buy", orderType="Limit", qty="0.01", price=price, timeInForce="GTC"
    )["result"]
    queried = client.get_open_orders(**named, orderId=placed["orderId"])["result"]["list"][0]
    client.cancel_order(**named, orderId=placed["orderId"])
    waiting = client.get_open_orders(**named)["result"]["list"]
    wallet = client.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]
    coins = {coin["coin"]: coin["walletBalance"] for coin in wallet["coin"]}
    return {
        "markets": any(row["symbol"] == "BTCUSDT" for row in info),
        "placed": placed["orderId"],
        "queried": [queried["orderStatus"], float(queried["price"]) == float(price)],
        "open_after": len(waiting),
        "usdt": float(coins["USDT"]),
    }


if __name__ == "__main__":
    json.dump(main(**json.load(sys.stdin)), sys.stdout)
