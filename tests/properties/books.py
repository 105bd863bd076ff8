"""Random one-sided books as OrderBooks and as lists of fractions."""

import json
import random
from fractions import Fraction

from arbcore import OrderBook
from tests.properties.streams import text

PRICE_DECIMALS = 2
QTY_DECIMALS = 3

Side = list[tuple[int, int]]


def side(rng: random.Random, start: int, step: int, deep: int = 100_000) -> Side:
    """Levels on the grid, the best first; prices move away from `start` in the sense of `step`.

    One in five holds up to `deep`, the others 400 at most.
    """
    levels = []
    price = start
    for _ in range(rng.randrange(0, 9)):
        levels.append((price, rng.randrange(1, deep if rng.random() < 0.2 else 400)))
        price += step * rng.randrange(1, 40)
    return levels


def order_book(venue: str, bids: Side, asks: Side) -> OrderBook:
    """A LIVE book with these levels, read from a real frame."""
    book = OrderBook(venue, PRICE_DECIMALS, QTY_DECIMALS)
    rows = [[[text(p, PRICE_DECIMALS), text(q, QTY_DECIMALS)] for p, q in levels] for levels in (bids, asks)]
    data = {"s": "BTCUSDT", "b": rows[0], "a": rows[1], "u": 7, "seq": 7}
    frame = {"topic": "orderbook.50.BTCUSDT", "type": "snapshot", "ts": 1, "data": data}
    assert book.on_frame(json.dumps(frame).encode()) == "applied"
    return book


def fractions(levels: Side) -> list[tuple[Fraction, Fraction]]:
    """The same in the assets' own units."""
    return [(Fraction(p, 10**PRICE_DECIMALS), Fraction(q, 10**QTY_DECIMALS)) for p, q in levels]
