"""python-binance over REST, spot and USD-M. One JSON object in, one out."""

import json
import sys
from typing import Any

from tests.interop import loopback

loopback.stay()

from binance.client import Client  # noqa: E402


def main(market: str, venues: dict[str, Any], key: str, secret: str) -> dict[str, object]:
    urls = venues["binance"]

    class Simulated(Client):  # type: ignore[misc]
        API_URL = urls["spot"]["rest"] + "/api"
        MARGIN_API_URL = urls["spot"]["rest"] + "/sapi"
        FUTURES_URL = urls["usdm"]["rest"] + "/fapi"

    client = Simulated(key, secret)
    spot = market == "binance_spot"
    info = client.get_exchange_info() if spot else client.futures_exchange_info()
    book = client.get_order_book(symbol="BTCUSDT") if spot else client.futures_order_book(symbol="BTCUSDT")
    price = f"{float(book['bids'][0][0]) * 0.97:.1f}"
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": price,
    }
    named = {"symbol": "BTCUSDT"}
    placed = client.create_order(**order) if spot else client.futures_create_order(**order)
    named["orderId"] = placed["orderId"]
    queried = client.get_order(**named) if spot else client.futures_get_order(**named)
    canceled = client.cancel_order(**named) if spot else client.futures_cancel_order(**named)
    waiting = (
        client.get_open_orders(symbol="BTCUSDT") if spot else client.futures_get_open_orders(symbol="BTCUSDT")
    )
    if spot:
        rows = {row["asset"]: row["free"] for row in client.get_account()["balances"]}
    else:
        rows = {row["asset"]: row["balance"] for row in client.futures_account_balance()}
    return {
        "markets": any(row["symbol"] == "BTCUSDT" for row in info["symbols"]),
        "placed": placed["orderId"],
        "queried": [queried["status"], float(queried["price"]) == float(price)],
        "canceled": canceled["status"],
        "open_after": len(waiting),
        "usdt": float(rows["USDT"]),
    }


if __name__ == "__main__":
    json.dump(main(**json.load(sys.stdin)), sys.stdout)
