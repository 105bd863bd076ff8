"""How long from a depth frame's bytes to the applied, cross checked book?

The clock runs around each frame, so its own cost (row "clock alone") is in every row. Every round starts with
a new book: one that is replayed onto itself grows.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import perf_counter_ns
from typing import Any

import orjson

from arbcore import OrderBook
from bench.frames import Workload, workloads
from bench.rounds import interleaved, report
from bench.sorted_book import SortedBook


def _timed(call: Callable[[bytes], object], frames: Sequence[bytes]) -> list[int]:
    times = []
    for frame in frames:
        start = perf_counter_ns()
        call(frame)
        times.append(perf_counter_ns() - start)
    return times


def _fast(workload: Workload) -> list[int]:
    book = OrderBook(workload.instrument, 8, 8)
    book.on_snapshot(workload.snapshot)
    times = _timed(book.on_frame, workload.frames)
    if book.state != "LIVE" or book.refused or book.gaps:
        raise SystemExit(
            f"{workload.title}: the book is {book.state}, {book.stale_reason}, {book.last_refusal}"
        )
    return times


def _plain(workload: Workload) -> list[int]:
    return _timed(SortedBook(workload.snapshot).on_frame, workload.frames)


def _agree(workload: Workload) -> None:
    """Both books end equal, or the comparison is worth nothing."""
    book = OrderBook(workload.instrument, 8, 8)
    book.on_snapshot(workload.snapshot)
    plain = SortedBook(workload.snapshot)
    for frame in workload.frames:
        book.on_frame(frame)
        plain.on_frame(frame)
    same = book.best_bid == next(plain.best_bids()) and book.best_ask == next(plain.best_asks())
    if not same or book.levels != (len(plain.bids), len(plain.asks)):
        raise SystemExit(f"{workload.title}: the two books differ at the end")


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """One result per workload."""
    for workload in workloads():
        _agree(workload)
        measured = interleaved(
            {
                "arbcore.OrderBook.on_frame": partial(_fast, workload),
                "orjson.loads alone": partial(_timed, orjson.loads, workload.frames),
                "orjson, Decimal, SortedDict": partial(_plain, workload),
                "clock alone": partial(_timed, len, workload.frames),
            },
            rounds,
        )
        yield report(
            f"{workload.title}, {len(workload.frames)} depth frames", "arbcore.OrderBook.on_frame", measured
        )
