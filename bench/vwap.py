"""How long for the average price of a quantity that takes 20 levels? Called from Python, conversions too."""

from collections.abc import Iterator
from decimal import Decimal
from time import perf_counter_ns
from typing import Any

from bench.edge import live_book, snapshot
from bench.rounds import interleaved, report
from bench.sorted_book import SortedBook

CALLS = 5_000


def walk(book: SortedBook, quantity: Decimal) -> Decimal:
    """Average price on Decimals, level by level."""
    left, paid = quantity, Decimal(0)
    for price, size in book.best_asks():
        step = min(left, size)
        paid += step * price
        left -= step
        if not left:
            break
    return paid / quantity


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """The 20 best asks, all of them."""
    raw = snapshot(Decimal("100.00"), Decimal("99.90"))
    book = live_book(raw)
    plain = SortedBook(raw)
    quantity = sum((size for _, (_, size) in zip(range(20), plain.best_asks(), strict=False)), Decimal(0))

    def fast() -> list[int]:
        times = []
        for _ in range(CALLS):
            start = perf_counter_ns()
            book.vwap("ask", quantity)
            times.append(perf_counter_ns() - start)
        return times

    def slow() -> list[int]:
        times = []
        for _ in range(CALLS):
            start = perf_counter_ns()
            walk(plain, quantity)
            times.append(perf_counter_ns() - start)
        return times

    if book.vwap("ask", quantity) != (walk(plain, quantity), quantity):
        raise SystemExit(f"the averages differ: {book.vwap('ask', quantity)}, {walk(plain, quantity)}")
    measured = interleaved({"arbcore.OrderBook.vwap": fast, "walk on Decimals": slow}, rounds)
    yield report("average price over 20 levels", "arbcore.OrderBook.vwap", measured)
