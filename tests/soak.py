"""`python -m tests.soak --minutes 60`: a session against the simulator under random faults, for leaks.

One process trades (its memory, file descriptors and tasks are what is watched), the simulator is its child.
Faults are drawn from the simulator's own list, all layers. A session that halts, as some faults must make it,
is closed and the next one opened: that must not leak either. Exit code 1 when something grew.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import sys
import time
import urllib.request
from dataclasses import dataclass, field, replace
from typing import Any

from arb.cli._plan import default_plan
from arb.errors import ArbError
from arb.live.session import Session
from arb.live.simulated import SimulatedVenues

# Kinds that leave nothing to watch: they would end the run instead of disturbing it.
_LEFT_OUT = {"clock_skew", "rate_limited"}
_MAX_SLOPE_MB_H = 6.0
_FAULT_EVERY_S = (1.0, 6.0)


@dataclass(slots=True)
class Sample:
    minute: float
    rss_mb: float
    files: int
    tasks: int
    trades: int
    halts: int


@dataclass(slots=True)
class Soak:
    rng: random.Random
    control: str = ""
    samples: list[Sample] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    trades: int = 0
    sessions: int = 0
    halts: dict[str, int] = field(default_factory=dict)

    async def run(self, minutes: float) -> int:
        sim = await SimulatedVenues.start(["--seed", str(self.rng.randrange(1_000_000))])
        self.control = sim.control
        end = time.monotonic() + minutes * 60
        try:
            while time.monotonic() < end:
                await self._session(sim, end)
        finally:
            await sim.stop()
        return self._report()

    async def _session(self, sim: SimulatedVenues, end: float) -> None:
        self.sessions += 1
        plan = default_plan(sim.urls, sim.key, sim.secret, None)
        # The venues remember the ids of the session before.
        session = Session(replace(plan, engine=replace(plan.engine, epoch=self.sessions)))
        try:
            await session.open()
        except ArbError as error:  # a fault in the middle of the start: said, and tried again
            self._count(self.halts, f"not started: {error.message[:60]}")
            await asyncio.sleep(1.0)
            return
        next_fault = next_sample = time.monotonic()
        try:
            while time.monotonic() < end and session.engine.state != "HALT" and not session.halts:
                now = time.monotonic()
                if now >= next_fault:
                    await asyncio.to_thread(self._fault)
                    next_fault = now + self.rng.uniform(*_FAULT_EVERY_S)
                if now >= next_sample:
                    self._sample(session, end)
                    next_sample = now + 15.0
                await asyncio.sleep(0.2)
            for halt in session.halts:
                self._count(self.halts, f"{halt.scope}: {halt.reason}")
            for trouble in session.troubles:
                self._count(self.halts, trouble[:80])
            await session.settle()
        finally:
            self.trades += session.engine.stats["trades"]
            await session.close()
            del session
            gc.collect()  # what a closed session leaves is cycles, which would look like a leak for a while

    def _fault(self) -> None:
        kinds: dict[str, Any] = self._get("/faults/kinds")
        kind = self.rng.choice(sorted(set(kinds) - _LEFT_OUT))
        about = kinds[kind]
        venue = self.rng.choice(about["venues"] or ["binance", "bybit"])
        body: dict[str, Any] = {"kind": kind, "venue": venue, "params": {}}
        if "duration_ms" in about["params"]:
            body["params"]["duration_ms"] = self.rng.choice([300, 1_500, 4_000])
        request = urllib.request.Request(f"{self.control}/faults", json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()
        self._count(self.faults, kind)

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.control + path, timeout=10) as answer:
            return json.load(answer)

    def _sample(self, session: Session, end: float) -> None:
        minute = (time.monotonic() - end) / 60
        trades = self.trades + session.engine.stats["trades"]
        sample = Sample(
            minute,
            _rss_mb(),
            len(os.listdir("/proc/self/fd")),
            len(asyncio.all_tasks()),
            trades,
            sum(self.halts.values()),
        )
        self.samples.append(sample)
        if len(self.samples) % 4 == 1:
            print(
                f"{minute:7.1f} min  rss {sample.rss_mb:6.1f} MB  files {sample.files:3}  "
                f"tasks {sample.tasks:3}  trades {trades}  sessions {self.sessions}  "
                f"faults {sum(self.faults.values())}",
                flush=True,
            )

    def _report(self) -> int:
        later = self.samples[len(self.samples) // 4 :]  # after the warm-up
        slope = _slope([(sample.minute / 60, sample.rss_mb) for sample in later])
        files = _slope([(sample.minute / 60, float(sample.files)) for sample in later])
        tasks = _slope([(sample.minute / 60, float(sample.tasks)) for sample in later])
        print("faults   " + ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())))
        print("endings  " + (", ".join(f"{name} {count}" for name, count in self.halts.items()) or "none"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{self.trades} trades in {self.sessions} sessions; per hour: memory {slope:+.2f} MB, "
            f"files {files:+.2f}, tasks {tasks:+.2f}; peak {peak} MB"
        )
        grew = slope > _MAX_SLOPE_MB_H or files > 4 or tasks > 4
        print("something grew" if grew else "flat")
        return int(grew)

    @staticmethod
    def _count(counters: dict[str, int], name: str) -> None:
        counters[name] = counters.get(name, 0) + 1


def _rss_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def _slope(points: list[tuple[float, float]]) -> float:
    """Least squares, per unit of x; 0 where there is nothing to fit."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / max(1, count)
    mean_y = sum(y for _, y in points) / max(1, count)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(Soak(random.Random(arguments.seed)).run(arguments.minutes))


if __name__ == "__main__":
    sys.exit(main())
