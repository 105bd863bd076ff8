"""ccxt.pro over WebSocket: its book beside the server's own, and an order over the order connection."""

import asyncio
import json
import sys
import urllib.request
from typing import Any

from tests.interop import loopback

loopback.stay()

import ccxt.pro  # noqa: E402

from tests.interop.ccxt_addresses import exchange  # noqa: E402

_BOOKS = 40
_LEVELS = 10


def _server(control: str, market: str, number: int) -> list[list[list[float]]] | None:
    """The server's own book at that id; None once it no longer knows it."""
    url = f"{control}/books/{market}/BTCUSDT/{number}?levels={_LEVELS}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        book = json.load(answer)
    return book and [[[float(x) for x in level] for level in book[side]] for side in ("bids", "asks")]


async def main(market: str, venues: dict[str, Any], key: str, secret: str, control: str) -> dict[str, object]:
    client = exchange(ccxt.pro, market, venues, key, secret)
    symbol = "BTC/USDT" if market.endswith("spot") else "BTC/USDT:USDT"
    newest: list[int] = []
    handle = client.handle_order_book

    def handle_and_note(connection: Any, message: Any) -> None:
        handle(connection, message)
        if market.startswith("bybit"):  # ccxt keeps `u`, which counts per topic; the books here know `seq`
            newest[:] = [message["data"]["seq"]]

    client.handle_order_book = handle_and_note
    equal = different = unknown = 0
    try:
        await client.load_markets()
        async with asyncio.timeout(40):
            while equal + different + unknown < _BOOKS:
                book = await client.watch_order_book(symbol)
                ours = [[list(level[:2]) for level in book[side][:_LEVELS]] for side in ("bids", "asks")]
                truth = _server(control, market, newest[0] if newest else int(book["nonce"]))
                equal += truth == ours
                different += truth is not None and truth != ours
                unknown += truth is None
        price = float(client.price_to_precision(symbol, book["bids"][0][0] * 0.97))
        async with asyncio.timeout(15):
            placed = await client.create_order_ws(symbol, "limit", "buy", 0.01, price)
            await client.cancel_order_ws(placed["id"], symbol)
        return {"equal": equal, "different": different, "unknown": unknown, "placed": placed["id"]}
    finally:
        await client.close()


if __name__ == "__main__":
    json.dump(asyncio.run(main(**json.load(sys.stdin))), sys.stdout)
