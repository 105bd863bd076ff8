"""How long from two books that cross to size, limits and worst case? Called from Python, conversions too.

The engine calls the same code without Python in between; `bench_edge` of the `bench` preset measures that.
"""

from collections.abc import Iterator
from decimal import Decimal
from time import perf_counter_ns
from typing import Any

from arbcore import OrderBook, best_edge
from bench.rounds import interleaved, report
from bench.sorted_book import SortedBook

CALLS = 2_000
FEE = Decimal("0.001")


def snapshot(ask: Decimal, bid: Decimal, levels: int = 100) -> bytes:
    """A book with levels of different sizes every 0.01 from the touch on."""

    def rows(price: Decimal, step: str) -> str:
        return ",".join(
            f'["{price + at * Decimal(step)}","0.{1 + at * 37 % 89:02d}"]' for at in range(levels)
        )

    return f'{{"lastUpdateId":1,"bids":[{rows(bid, "-0.01")}],"asks":[{rows(ask, "0.01")}]}}'.encode()


def live_book(raw: bytes) -> OrderBook:
    """The book of a snapshot, with the first update after it: without one it is not LIVE yet."""
    book = OrderBook("binance:BTC/USDT", 8, 8)
    book.on_snapshot(raw)
    book.on_frame(b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":2,"u":2,"b":[],"a":[]}')
    return book


def two_pointers(asks: SortedBook, bids: SortedBook, fee: Decimal) -> Decimal:
    """The optimal quantity on Decimals, level by level."""
    ask_levels, bid_levels = asks.best_asks(), bids.best_bids()
    (ask, ask_left), (bid, bid_left) = next(ask_levels), next(bid_levels)
    total = Decimal(0)
    while bid * (1 - fee) > ask * (1 + fee):
        step = min(ask_left, bid_left)
        total += step
        ask_left -= step
        bid_left -= step
        if not ask_left:
            ask, ask_left = next(ask_levels)
        if not bid_left:
            bid, bid_left = next(bid_levels)
    return total


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Books that cross over about ten levels a side after 10 bps a leg."""
    cheap = snapshot(Decimal("100.00"), Decimal("99.90"))
    dear = snapshot(Decimal("100.50"), Decimal("100.40"))
    buy, sell = live_book(cheap), live_book(dear)
    plain_buy, plain_sell = SortedBook(cheap), SortedBook(dear)

    def fast() -> list[int]:
        times = []
        for _ in range(CALLS):
            start = perf_counter_ns()
            best_edge(buy, sell, buy_fee_bps=10, sell_fee_bps=10)
            times.append(perf_counter_ns() - start)
        return times

    def plain() -> list[int]:
        times = []
        for _ in range(CALLS):
            start = perf_counter_ns()
            two_pointers(plain_buy, plain_sell, FEE)
            times.append(perf_counter_ns() - start)
        return times

    found = best_edge(buy, sell, buy_fee_bps=10, sell_fee_bps=10)
    if found.optimal != two_pointers(plain_buy, plain_sell, FEE):
        raise SystemExit(f"the sizes differ: {found.optimal} and {two_pointers(plain_buy, plain_sell, FEE)}")
    measured = interleaved({"arbcore.best_edge": fast, "two pointers on Decimals": plain}, rounds)
    yield report(f"best edge over {found.levels} levels", "arbcore.best_edge", measured)
