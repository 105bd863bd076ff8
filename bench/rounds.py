"""Interleaved rounds: every candidate runs once per round, so that a noisy neighbour hits all of them."""

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# One pass over a workload; returns the time of each step in ns.
Candidate = Callable[[], Sequence[int]]


@dataclass(slots=True)
class Measured:
    """Per round the median and the 99th percentile of the step times, in ns."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def add(self, times: Sequence[int]) -> None:
        ordered = sorted(times)
        self.p50.append(ordered[len(ordered) // 2])
        self.p99.append(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)])

    def row(self) -> dict[str, float]:
        """Medians of the rounds, with the smallest and the largest round as the spread."""
        return {
            "p50_ns": statistics.median(self.p50),
            "p50_min_ns": min(self.p50),
            "p50_max_ns": max(self.p50),
            "p99_ns": statistics.median(self.p99),
            "p99_min_ns": min(self.p99),
            "p99_max_ns": max(self.p99),
        }


def interleaved(candidates: dict[str, Candidate], rounds: int) -> dict[str, Measured]:
    """Run all candidates `rounds` times in turn, the first round as a warm-up that does not count."""
    measured = {name: Measured() for name in candidates}
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds + 1):
            for name, candidate in candidates.items():
                times = candidate()
                if number:
                    measured[name].add(times)
    finally:
        gc.enable()
    return measured


def report(title: str, baseline: str, measured: dict[str, Measured]) -> dict[str, object]:
    """Rows of one workload, each with its ratio to the baseline of the same run."""
    base = measured[baseline].row()
    rows = []
    for name, one in measured.items():
        row = one.row()
        rows.append(
            {
                "name": name,
                **row,
                "p50_ratio": row["p50_ns"] / base["p50_ns"] if base["p50_ns"] else 0.0,
                "p99_ratio": row["p99_ns"] / base["p99_ns"] if base["p99_ns"] else 0.0,
            }
        )
    return {"workload": title, "baseline": baseline, "rows": rows}
