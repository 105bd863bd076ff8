"""The workloads: uniform depth frames from a seed, and recorded sessions where they are at hand."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arb.data.recording import Recording

CAPTURES = Path(__file__).resolve().parents[1] / "../shared/data"
_FILES = {
    "binance:BTC/USDT": "spot_btcusdt_20240808.gz",
    "binance:ETH/USDT": "spot_ethusdt_20240808.gz",
    "binance:BTC/USDT:USDT": "usdm_btcusdt_20240808.gz",
}


@dataclass(frozen=True, slots=True)
class Workload:
    """A REST snapshot and the depth frames after it that join."""

    title: str
    instrument: str
    snapshot: bytes
    frames: list[bytes]


def _rows(levels: list[tuple[int, int]]) -> str:
    return ",".join(
        f'["{price // 100}.{price % 100:02d}000000","{qty // 100_000}.{qty % 100_000:05d}000"]'
        for price, qty in levels
    )


def uniform(count: int = 4_000, seed: int = 7) -> Workload:
    """Spot frames of 20 bids and 20 asks, 90 % within 20 ticks of the touch, a third of them deletes."""
    rng = random.Random(seed)
    mid = 6_168_600

    def side(sign: int) -> list[tuple[int, int]]:
        ticks: set[int] = set()
        while len(ticks) < 20:
            ticks.add(rng.randrange(2, 22) if rng.random() < 0.9 else rng.randrange(22, 1_000))
        # Venues send bids falling and asks rising; the tick next to the touch is never deleted.
        return [
            (mid + sign * tick, 0 if rng.random() < 0.33 else rng.randrange(1, 10**6))
            for tick in sorted(ticks)
        ]

    def start(sign: int) -> list[tuple[int, int]]:
        return [(mid + sign * tick, rng.randrange(1, 10**6)) for tick in range(1, 1_001)]

    snapshot = f'{{"lastUpdateId":100,"bids":[{_rows(start(-1))}],"asks":[{_rows(start(1))}]}}'
    frames = [
        (
            f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{1_723_161_255_208 + at},'
            f'"s":"BTCUSDT","U":{101 + at},"u":{101 + at},"b":[{_rows(side(-1))}],"a":[{_rows(side(1))}]}}}}'
        ).encode()
        for at in range(count)
    ]
    return Workload("uniform frames, 20 + 20 levels", "binance:BTC/USDT", snapshot.encode(), frames)


def captured(instrument: str) -> Workload | None:
    """The depth frames of a recorded session from its snapshot on; None where the recording is absent."""
    path = CAPTURES / _FILES[instrument]
    if not path.is_file():
        return None
    snapshot = b""
    before: list[bytes] = []
    frames: list[bytes] = []
    for line in Recording((path,)):
        if line.body.startswith(b'{"lastUpdateId"'):
            snapshot = line.body
        elif b'"depthUpdate"' in line.body[:96]:
            (frames if snapshot else before).append(line.body)
    # What bridges the snapshot may have come before it; older frames are ignored by the book.
    return Workload(f"recorded session {instrument}", instrument, snapshot, before + frames)


def workloads() -> Iterator[Workload]:
    """All of them that are at hand."""
    yield uniform()
    for instrument in _FILES:
        workload = captured(instrument)
        if workload is not None:
            yield workload
