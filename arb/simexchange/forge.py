"""Depth and best-price messages made wrong on purpose: the same shape, another content."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from arb.simexchange.amounts import fixed8, plain
from arb.simexchange.book import Book, Level
from arb.simexchange.messages import Message
from arb.simexchange.spec import BINANCE, BYBIT, SPOT

_TWO = Decimal(2)


def relabelled(message: Message, symbol: str, prices: Book, *, listed: bool, keep_stream: bool) -> Message:
    """A copy with the same ids, labelled `symbol`, with one bid and one ask that belong to no book here.

    Of a listed symbol they are the best ones of `prices`, its book. Else they are below `prices`, the book
    of the message: were they applied to it, they would cross it.
    """
    event = orjson.loads(message.payload)
    data = _data(event, message.venue)
    bid, ask = _touch(prices)
    if not listed:
        tick = prices.listing.tick
        price = (bid[0] / _TWO) // tick * tick
        bid, ask = (price, bid[1]), (price + tick, ask[1])
    price_text = _price_text(message)
    if isinstance(data["b"], list):
        data["b"] = [[price_text(bid[0]), _qty_text(message, bid[1])]]
        data["a"] = [[price_text(ask[0]), _qty_text(message, ask[1])]]
    else:  # bookTicker
        data |= {"b": price_text(bid[0]), "B": _qty_text(message, bid[1])}
        data |= {"a": price_text(ask[0]), "A": _qty_text(message, ask[1])}
    for name in ("s", "ps"):
        if name in data:
            data[name] = symbol
    name = message.stream
    if not keep_stream:
        if message.venue == BYBIT:
            event["topic"] = event["topic"].rpartition(".")[0] + "." + symbol
        else:
            name = symbol.lower() + name[name.index("@") :]
    # `stream` finds the connections, `shown` is what they read.
    return message._replace(payload=orjson.dumps(event), shown=name)


def with_bid(message: Message, price: Decimal, qty: Decimal) -> Message:
    """A copy whose bids also set `price` to `qty`, whatever it said of that price before."""
    event = orjson.loads(message.payload)
    data = _data(event, message.venue)
    rows = [row for row in data["b"] if Decimal(row[0]) != price]
    row = [_price_text(message)(price), _qty_text(message, qty)]
    at = sum(Decimal(other[0]) > price for other in rows)
    data["b"] = [*rows[:at], row, *rows[at:]]
    return message._replace(payload=orjson.dumps(event))


def _data(event: dict[str, Any], venue: str) -> dict[str, Any]:
    data: dict[str, Any] = event["data"] if venue == BYBIT else event
    return data


def _touch(book: Book) -> tuple[Level, Level]:
    bid, ask = book.best(True), book.best(False)
    assert bid is not None
    assert ask is not None
    return bid, ask


def _price_text(message: Message) -> Callable[[Decimal], str]:
    return fixed8 if message.venue == BINANCE and message.market == SPOT else _full


def _qty_text(message: Message, qty: Decimal) -> str:
    return plain(qty) if message.venue == BYBIT else _price_text(message)(qty)


def _full(value: Decimal) -> str:
    return f"{value:f}"
