"""Which kind of message a stream carries, and of which symbol, read from its name."""

_BINANCE = {
    "bookTicker": "ticker",
    "trade": "trade",
    "aggTrade": "trade",
    "depth": "depth",
    "depth5": "partial",
    "depth10": "partial",
    "depth20": "partial",
    "markPrice": "mark",
}
_BYBIT = {"publicTrade": "trade", "tickers": "mark", "orderbook.1": "ticker"}


def describe(stream: str) -> tuple[str, str]:
    """(kind, symbol): "btcusdt@depth@100ms" or "spot/orderbook.50.BTCUSDT", with "#n" or without.

    Private streams are their own kind, without a symbol.
    """
    name = stream.partition("#")[0]
    if "@" in name:
        symbol, _, rest = name.partition("@")
        return _BINANCE.get(rest.partition("@")[0], ""), symbol.upper()
    if "/" in name:
        topic, _, symbol = name.partition("/")[2].rpartition(".")
        return _BYBIT.get(topic, "depth" if topic.startswith("orderbook.") else ""), symbol
    return name, ""
