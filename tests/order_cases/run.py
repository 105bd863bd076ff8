"""Runs many cases at once against one simulator in a process of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp

from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arbcore.settings import Timing
from tests.order_cases.case import TIMING, Case
from tests.order_cases.draw import WEATHER, Draw, Rows, draw
from tests.order_cases.judge import Verdict, judge
from tests.order_cases.stand import PREFIX, Stand, ways
from tests.venues.waiting import until

AT_ONCE = 24
_OPEN_S, _SETTLE_S = 0.5, 30.0
_TRIES = 40
_ROOM = {"orders": 100_000, "window_s": 10}


class Runner:
    """`control` talks to the simulator's control API."""

    def __init__(self, sim: dict[str, Any], client: aiohttp.ClientSession, seed: int) -> None:
        self._sim = sim
        self._client = client
        self._rng = Random(seed)
        self._loop = asyncio.get_running_loop()
        self._clock = LoopClock(self._loop)
        self._stands: dict[tuple[str, str], Stand] = {}
        self._mark = Decimal(0)
        self._numbers = iter(range(1, 65_536))
        self.cases: list[Case] = []
        self.not_opened = 0
        self.reasons: Counter[str] = Counter()
        self.timing = TIMING
        self.lingering_s = 0.0
        self._denied = ""

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        async with self._client.request(method, self._sim["control"] + path, data=data) as answer:
            return json.loads(await answer.read())

    async def run(
        self,
        count: int,
        progress: Callable[[int], None] = lambda done: None,
        draws: Sequence[Draw] = (),
    ) -> Verdict:
        await self._open()
        given = iter([made for made in draws if (made.kind, made.way) in self._stands])
        watch = self._loop.create_task(self._watch())
        todo = iter(range(count))
        done = 0

        async def work() -> None:
            nonlocal done
            for _ in todo:
                made = next(given, None) if draws else self._draw()
                if made is None:
                    return
                await self._one(made)
                done += 1
                progress(done)

        try:
            await asyncio.gather(*(work() for _ in range(min(AT_ONCE, count))))
            await asyncio.sleep(0.7)  # for whatever is still on its way
            log = await self.control("GET", "/orders")
            faults = await self.control("GET", "/faults")
        finally:
            watch.cancel()
            for stand in self._stands.values():
                stand.close()
            await self._sockets.close()
            await self._http.close()
        return judge(self.cases, log, {fault["id"]: bool(fault["fired"]) for fault in faults})

    async def _open(self) -> None:
        positions = await self.control("GET", "/positions")
        self._http, self._sockets = LiveHttpPort(), LiveSocketPort()
        served = ways(self._sim, positions)
        for kind in dict.fromkeys(kind for kind, _ in served):
            venue, _, market = kind.partition("_")
            rules: dict[str, Any] = {"venue": venue, "market": market, **_ROOM}
            if venue == "binance":
                rules["limit"] = 10_000_000
            assert "error" not in await self.control("POST", "/limits", rules)
        self._mark = Decimal((await self.control("GET", "/marks"))["BTC"])
        for kind, way in served:
            stand = self._stands[(kind, way)] = Stand(kind, way, self._sim, self._http, self._sockets)
            await stand.open()
        self._rows = _error_rows(served)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            self._mark = Decimal((await self.control("GET", "/marks"))["BTC"])

    def _draw(self) -> Draw:
        return draw(self._rng, next(self._numbers), list(self._stands), self._rows)

    async def _one(self, made: Draw) -> None:
        """A case that found no room (a pause, a lost connection) is tried again under another number."""
        for _ in range(_TRIES):
            case = await self._try(made)
            if case is not None:
                self.cases.append(case)
                return
            self.not_opened += 1
            made = _renumbered(made, next(self._numbers))
            await asyncio.sleep(0.1)
        why = f"{self._stands[(made.kind, made.way)].why_not()} {self._denied}"
        raise AssertionError(f"no case could be opened ({why}): {made}")

    async def _try(self, made: Draw) -> Case | None:
        stand = self._stands[(made.kind, made.way)]
        await until(lambda: stand.is_up, 30.0)
        case = Case(made, stand, self._loop, self._clock, self.timing)
        stand.cases[_prefix(made.number)] = case
        for fault in made.faults:
            body = fault | ({"client_id": _prefix(made.number)} if "op" in fault else {})
            armed = await self.control("POST", "/faults", body)
            assert "error" not in armed, (body, armed)
            case.fault_ids.append(armed["id"])
        case.begin(self._mark)
        try:
            await until(lambda: case.was_opened, _OPEN_S)
            await until(lambda: case.is_settled, _SETTLE_S)
        except TimeoutError:
            pass
        await asyncio.sleep(self.lingering_s)
        case.end()
        for number in case.fault_ids:
            if made.fault not in WEATHER:
                await self.control("DELETE", f"/faults/{number}")
        if not case.was_opened:
            self._denied = case.why_not()
            self.reasons[self._denied] += 1
        elif all(heard.source == "not sent" for heard in case.orders.values()):
            self.reasons[stand.why_not()] += 1
        if not case.was_opened or all(heard.source == "not sent" for heard in case.orders.values()):
            return None
        return case


def _prefix(number: int) -> str:
    """How the client ids of the case begin: "a", the instance, the epoch in base 32."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    text = ""
    for _ in range(4):
        text, number = letters[number % 32] + text, number // 32
    assert len("aoc" + text) == PREFIX
    return "aoc" + text


def _renumbered(made: Draw, number: int) -> Draw:
    from dataclasses import replace

    return replace(made, number=number)


def _error_rows(served: list[tuple[str, str]]) -> Rows:
    from arb.venues.binance import errors as binance
    from arb.venues.bybit import errors as bybit

    tables: dict[str, Any] = {"binance": binance.TABLES, "bybit": bybit.TABLES}
    rows = {}
    for kind, _ in served:
        venue, _, market = kind.partition("_")
        rows[kind] = tables[venue][market].rows
    return rows


async def run_cases(
    count: int, seed: int, progress: Callable[[int], None] = lambda done: None
) -> tuple[Verdict, Runner]:
    """`count` cases drawn from `seed`."""

    async def work(runner: Runner) -> Verdict:
        return await runner.run(count, progress)

    return await _with_simulator(seed, work)


async def run_draws(
    draws: Sequence[Draw], timing: Timing = TIMING, lingering_s: float = 0.0
) -> tuple[Verdict, Runner]:
    """Just these, those the simulator serves; each is heard for `lingering_s` after it has settled."""

    async def work(runner: Runner) -> Verdict:
        runner.timing, runner.lingering_s = timing, lingering_s
        return await runner.run(len(draws), draws=draws)

    return await _with_simulator(1, work)


async def _with_simulator(seed: int, work: Callable[[Runner], Awaitable[Verdict]]) -> tuple[Verdict, Runner]:
    logger = logging.getLogger("arb")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)  # faults are what is asked for
    command = (sys.executable, "-P", "-m", "arb", "sim", "--json", "--seed", str(seed))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        sim = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as client:
            runner = Runner(sim, client, seed)
            return await work(runner), runner
    finally:
        logger.setLevel(level)
        process.stdin.close()
        await process.wait()
