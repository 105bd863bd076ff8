"""The life of `arb run`: simulated venues, session, progress, signals, summary."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from arb import errors
from arb.cli._json import emit
from arb.cli._setup import Setup
from arb.live.session import Session
from arb.live.simulated import SimulatedVenues
from arb.live.summary import marks_from_books, summarize

log = logging.getLogger("arb.run")


@dataclass(slots=True, frozen=True)
class Options:
    config: Path | None
    overrides: tuple[str, ...]
    duration: float | None
    seed: int
    recordings: tuple[Path, ...]
    speed: float
    tape: Path | None
    as_json: bool


def trade(options: Options) -> int:
    _log_to_stderr()
    # Every send lets go of the interpreter; beside a busy thread it comes back only after this interval.
    sys.setswitchinterval(1e-4)
    return asyncio.run(_Run(options).run())


def _sim_arguments(options: Options) -> list[str]:
    arguments = ["--seed", str(options.seed)]
    for path in options.recordings:
        arguments += ["--market", str(path.resolve())]
    if options.recordings:
        arguments += ["--speed", str(options.speed)]
    return arguments


def _log_to_stderr() -> None:
    """Warnings and worse, one line each, in UTC so that they can be laid beside a venue's records."""
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class _Run:
    """One call of `arb run`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._setup = Setup(options.config, options.overrides, _sim_arguments(options), options.tape)
        self._stop = asyncio.Event()
        self._trading = False  # the next signal ends trading
        self._ending = False  # signals change nothing any more
        self._began = time.monotonic()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, task)
        try:
            return await self._trade()
        except asyncio.CancelledError:
            text = "interrupted before a clean end"
            self._say(text)
            if self._options.as_json:
                emit("run", {}, code=errors.INTERRUPTED, errors=[{"message": text}])
            return errors.INTERRUPTED
        finally:
            self._ending = True
            await self._setup.stop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    @property
    def _sim(self) -> SimulatedVenues | None:
        return self._setup.sim

    def _on_signal(self, task: asyncio.Task[int]) -> None:
        """The first one ends trading and closes the legs; the second, or one before trading began, gives up
        at once; further ones change nothing: what is left takes a few seconds at most."""
        self._stop.set()
        if self._ending:
            return
        if self._trading:
            self._trading = False
            self._say("entries off, resolving open legs; once more ends at once")
            return
        self._ending = True
        task.cancel()

    async def _trade(self) -> int:
        session = Session(await self._setup.prepare())
        await session.open()
        try:
            self._say_ready(session)
            self._trading = True
            await self._watch(session)
            resolved = await session.settle()
            closing = {state.plan.name: await session.balances(state) for state in session.venues}
            open_orders = await session.open_orders()
            marks = await self._marks(session)
        finally:
            await session.close()
        return self._report(summarize(session, closing, marks, open_orders), resolved, session)

    # While it runs.

    async def _watch(self, session: Session) -> None:
        end = None if self._options.duration is None else time.monotonic() + self._options.duration
        period = 1.0 if sys.stderr.isatty() else 5.0
        next_line = time.monotonic() + period
        while not self._stop.is_set():
            now = time.monotonic()
            if end is not None and now >= end:
                return
            if self._sim is not None and not self._sim.alive:
                raise errors.Unreachable("the simulated venues ended")
            if now >= next_line:
                self._say_progress(session)
                next_line += period
            wait = min(0.25, end - now) if end is not None else 0.25
            try:
                await asyncio.wait_for(self._stop.wait(), wait)
            except TimeoutError:
                continue

    async def _marks(self, session: Session) -> Mapping[str, Decimal]:
        """The simulator's own valuation prices, so that both sides are valued alike; else book mids."""
        marks = marks_from_books(session)
        if self._sim is None:
            return marks
        try:
            told: dict[str, str] = orjson.loads(await session.read(f"{self._sim.control}/marks"))
        except (errors.Unreachable, orjson.JSONDecodeError) as error:
            log.warning("valued at our own mids: %s", error)
            return marks
        return marks | {asset: Decimal(mark) for asset, mark in told.items()}

    # What people see.

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def _say_ready(self, session: Session) -> None:
        if self._sim is not None:
            names = "  ".join(f"{state.plan.name} {state.plan.urls['rest']}" for state in session.venues)
            self._say(f"simulated venues  {names}  seed {self._options.seed}  control {self._sim.control}")
        count = session.book_count
        self._say(f"ready in {time.monotonic() - self._began:.1f} s: {count} books live, Ctrl-C ends it")
        if not session.plan.trading:
            self._say("watching only: no order is sent")

    def _say_progress(self, session: Session) -> None:
        engine = session.engine
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        books = session.book_count
        stats, stages = engine.stats, engine.opportunities
        latency = session.tick_to_order
        p50 = f"{latency.quantile(0.5) / 1000:.0f} us" if latency.count else "-"
        p99 = f"{latency.quantile(0.99) / 1000:.0f} us" if latency.count else "-"
        self._say(
            f" {minutes:02d}:{seconds:02d} {engine.state} | books {session.live_books()}/{books} live | "
            f"opp {stages['seen']} sent {stages['sent']} both-filled {stages['both_filled']} | "
            f"trades {stats['balanced']}/{stats['trades']} halted {stats['halted']} | "
            f"net {Decimal(engine.realised):+.2f} {session.plan.currency} | tick->order p50 {p50} p99 {p99}"
        )

    def _report(self, data: Mapping[str, Any], resolved: bool, session: Session) -> int:
        code = errors.OK
        left_over = data["open_orders"] or data["unhedged"] != "0"
        if data["halted"] or session.halts or session.troubles or not resolved or left_over:
            code = errors.HALTED
        problems = [{"message": f"{halt.scope} halted: {halt.reason}"} for halt in session.halts]
        problems += [{"message": text} for text in session.troubles]
        for venue, deltas in data["deltas"].items():
            if deltas != data["venue_deltas"][venue]:
                code = errors.HALTED
                problems.append({"message": f"{venue}: its balances changed otherwise than our fills say"})
        if not resolved:
            problems.append({"message": f"{data['unresolved']} orders are not resolved"})
        if self._options.as_json:
            emit("run", data, code=code, errors=problems)
            return code
        latency = data["tick_to_order_us"]
        lines = [
            f"trades {data['trades']}  balanced {data['balanced']}  halted {data['halted']}  "
            f"net {data['net_pnl']} {session.plan.currency}  open orders {data['open_orders']}  "
            f"unhedged {data['unhedged']}",
            f"opportunities {data['opportunities']}  refusals "
            + (", ".join(f"{name} {count}" for name, count in data["refusals"].items()) or "none"),
            f"tick to order p50 {latency['p50']} us  p99 {latency['p99']} us  memory {data['rss_mb']} MB",
        ]
        for venue, deltas in data["deltas"].items():
            same = (
                "as the venue says" if deltas == data["venue_deltas"][venue] else "THE VENUE SAYS OTHERWISE"
            )
            lines.append(
                f"{venue:8} " + "  ".join(f"{asset} {text}" for asset, text in deltas.items()) + f"  ({same})"
            )
        lines += [problem["message"] for problem in problems]
        sys.stdout.write("\n".join(lines) + "\n")
        return code
