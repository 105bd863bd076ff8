"""Mutated book frames: the C++ readers and the slow path against the oracle, values compared.

    python -m tests.fuzz_frames --count 1000000 --seed 1

prints one line of counts; the first disagreement ends it with the frame that shows it (exit 1).
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arbcore.slowpath import READERS, SlowUpdate, read_binance_snapshot
from arbcore.slowpath import Refused as SlowRefused
from arbcore.wire import Reader
from tests.reference.frames import (
    Decoded,
    Refused,
    UnknownSymbol,
    decode_binance,
    decode_binance_snapshot,
    decode_bybit,
    mutate,
)

GRIDS = {"BTCUSDT": (2, 6), "ETHUSDT": (8, 8), "1000PEPEUSDT": (7, 0)}
MS = 1_000_000


class Disagreement(AssertionError):
    pass


@dataclass(slots=True)
class Counts:
    """What happened to the frames."""

    accepted: int = 0
    ignored: int = 0
    unknown: int = 0
    refused: int = 0
    rescued: int = 0  # of the refused: the slow path gave the oracle's value
    statuses: Counter[str] = field(default_factory=Counter)


def number(rng: random.Random, decimals: int, whole: int) -> str:
    text = str(rng.randrange(10 ** rng.randrange(1, whole + 1)))
    digits = rng.choice((0, decimals, decimals, rng.randrange(decimals + 1)))
    if digits:
        text += "." + "".join(rng.choices("0123456789", k=digits)) + "0" * rng.choice((0, 0, 8 - digits))
    return text


def rows(rng: random.Random, symbol: str, deletes: bool) -> list[list[str]]:
    price, qty = GRIDS.get(symbol, (2, 6))
    out = []
    for _ in range(rng.choice((0, 1, 1, 2, 3, 6, 12, 40))):
        size = "0" if deletes and rng.random() < 0.2 else number(rng, qty, 4)
        if float(size) == 0 and not deletes:
            size = "1"
        out.append(["1" + number(rng, price, 4), size])
    return out


def frame(rng: random.Random) -> tuple[str, bytes]:
    """One well-formed message: (reader, bytes)."""
    symbol = rng.choice((*GRIDS, *GRIDS, "SOLUSDT"))
    last = rng.randrange(1, 10 ** rng.randrange(1, 19))
    now = 1_723_161_254_000 + rng.randrange(10**6)
    kind = rng.choice(("spot", "usdm", "ticker", "usdm ticker", "rest", "bybit", "bybit", "bybit 1", "other"))
    message: dict[str, Any]
    if kind in ("spot", "usdm"):
        message = {"e": "depthUpdate", "E": now}
        if kind == "usdm":
            message["T"] = now - 3
        message |= {"s": symbol, "U": max(1, last - rng.randrange(40)), "u": last}
        if kind == "usdm":
            message["pu"] = last - 1
        message |= {"b": rows(rng, symbol, True), "a": rows(rng, symbol, True)}
    elif kind in ("ticker", "usdm ticker"):
        price, qty = GRIDS.get(symbol, (2, 6))
        best = [["1" + number(rng, price, 4), "1" + number(rng, qty, 3)] for _ in "ba"]
        message = {"u": last, "s": symbol, "b": best[0][0], "B": best[0][1], "a": best[1][0], "A": best[1][1]}
        if kind == "usdm ticker":
            message = {"e": "bookTicker", **message, "T": now - 3, "E": now}
    elif kind == "rest":
        sides = [rows(rng, "BTCUSDT", False) for _ in "ba"]  # the body names no symbol: one grid for all
        message = {"lastUpdateId": last, "bids": sides[0], "asks": sides[1]}
        if rng.random() < 0.5:
            message = {"lastUpdateId": last, "E": now, "T": now, **message}
        return "rest", encoded(rng, message)
    elif kind == "other":
        message = rng.choice(
            (
                {"result": None, "id": 1},
                {"success": True, "ret_msg": "", "conn_id": "x", "op": "subscribe"},
                {"e": "aggTrade", "E": now, "s": symbol, "a": 1, "p": "1.0", "q": "2", "m": True},
                {"topic": f"publicTrade.{symbol}", "type": "snapshot", "ts": now, "data": []},
            )
        )
        return rng.choice(("binance", "bybit")), encoded(rng, message)
    else:
        depth = "1" if kind == "bybit 1" else rng.choice(("50", "200", "500", "1000"))
        snapshot = depth == "1" or rng.random() < 0.3
        sides = [rows(rng, symbol, not snapshot) for _ in "ba"]
        if depth == "1":
            sides = [side[:1] for side in sides]
        message = {
            "topic": f"orderbook.{depth}.{symbol}",
            "type": "snapshot" if snapshot else "delta",
            "ts": now,
            "data": {"s": symbol, "b": sides[0], "a": sides[1], "u": last, "seq": last * 3 % 2**62},
            "cts": now - 2,
        }
        return "bybit", encoded(rng, message)
    if rng.random() < 0.4:
        message = {"stream": f"{symbol.lower()}@depth@100ms", "data": message}
    return "binance", encoded(rng, message)


def encoded(rng: random.Random, message: object) -> bytes:
    separators = (",", ":") if rng.random() < 0.9 else (", ", ": ")
    return json.dumps(message, separators=separators).encode()


def oracle_of(reader: str, raw: bytes) -> Decoded | Refused | UnknownSymbol | None:
    try:
        if reader == "rest":
            return decode_binance_snapshot(raw, GRIDS["BTCUSDT"])
        return (decode_binance if reader == "binance" else decode_bybit)(raw, GRIDS)
    except (Refused, UnknownSymbol) as verdict:
        return verdict


def slow_of(reader: str, raw: bytes) -> SlowUpdate | SlowRefused | None:
    try:
        if reader == "rest":
            return read_binance_snapshot(raw, GRIDS["BTCUSDT"])
        return READERS[reader](raw, GRIDS)
    except SlowRefused as refusal:
        return refusal


def as_tuple(decoded: Decoded) -> tuple[Any, ...]:
    """The oracle's message as `arbcore.wire` returns it."""
    return (
        "ok",
        decoded.symbol,
        decoded.kind,
        decoded.first_id,
        decoded.last_id,
        decoded.prev_id,
        decoded.sequence,
        decoded.event_time_ms * MS,
        decoded.engine_time_ms * MS,
        decoded.bids,
        decoded.asks,
    )


def slow_tuple(update: SlowUpdate, symbol: str) -> tuple[Any, ...]:
    return (
        "ok",
        symbol,
        update.kind,
        update.first_id,
        update.last_id,
        update.prev_id,
        update.sequence,
        update.event_time,
        update.engine_time,
        update.bids,
        update.asks,
    )


class Fuzzer:
    """Feeds frames to long-lived readers, as a connection does: they learn column widths on the way."""

    def __init__(self) -> None:
        binance, bybit = Reader("binance", GRIDS), Reader("bybit", GRIDS)
        price, qty = GRIDS["BTCUSDT"]
        self.readers: dict[str, Callable[[bytes], tuple[Any, ...]]] = {
            "binance": binance.read,
            "bybit": bybit.read,
            "rest": lambda raw: binance.read_snapshot(raw, price, qty),
        }
        self.counts = Counts()

    def feed(self, reader: str, raw: bytes) -> None:
        """One frame through both; raises Disagreement."""
        fast = self.readers[reader](raw)
        truth = oracle_of(reader, raw)
        slow = slow_of(reader, raw)
        counts = self.counts
        counts.statuses[fast[0]] += 1
        if fast[0] == "ok":
            counts.accepted += 1
            agreed = isinstance(truth, Decoded) and fast == as_tuple(truth)
        elif fast[0] == "ignored":
            counts.ignored += 1
            agreed = truth is None
        elif fast[0] == "unknown_symbol":
            counts.unknown += 1
            agreed = isinstance(truth, UnknownSymbol)
        else:
            counts.refused += 1
            counts.rescued += isinstance(slow, SlowUpdate)
            agreed = True
        if not agreed:
            raise Disagreement(f"{reader}: {fast} against {truth!r} for {raw!r}")
        # The slow path is asked about every frame, not only those it is there for.
        if isinstance(truth, Decoded):
            agreed = isinstance(slow, SlowUpdate) and slow_tuple(slow, truth.symbol) == as_tuple(truth)
        elif isinstance(truth, Refused):
            agreed = isinstance(slow, SlowRefused)
        elif reader == "rest":
            agreed = isinstance(slow, SlowRefused)  # asked for a snapshot, got another answer
        else:
            agreed = slow is None
        if not agreed:
            raise Disagreement(f"slow {reader}: {slow!r} against {truth!r} for {raw!r}")


def fuzz(count: int, seed: int) -> Counts:
    """`count` frames, nine in ten of them mutated. Raises Disagreement."""
    fuzzer = Fuzzer()
    rng = random.Random(seed)
    for _ in range(count):
        reader, raw = frame(rng)
        if rng.random() < 0.9:
            raw = mutate(raw, rng)
        fuzzer.feed(reader, raw)
    return fuzzer.counts


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()
    try:
        counts = fuzz(options.count, options.seed)
    except Disagreement as found:
        sys.stderr.write(f"disagreement: {found}\n")
        return 1
    sys.stdout.write(
        f"{options.count} frames, seed {options.seed}, {time.perf_counter() - start:.0f} s, 0 disagreements: "
        f"{counts.accepted} accepted with equal values, {counts.ignored} ignored, "
        f"{counts.unknown} of unknown symbols, {counts.refused} refused, "
        f"of which the slow path read {counts.rescued}\n"
        f"{dict(counts.statuses.most_common())}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
