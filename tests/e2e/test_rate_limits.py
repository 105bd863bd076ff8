"""A venue that takes N orders a second, and three times as many two-leg trades wanted of it.

Real sockets, the real adapters and the gateway; only the engine's wish is made here. What must hold: the
venue refuses none of our orders, no order leaves after its deadline, cancels pass, and no trade goes out with
one leg only.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
import pytest

from arb.live.gateway import Gateway, Route
from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.simulated import SimulatedVenues
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import (
    CancelOutcome,
    Credentials,
    ErrorClass,
    HttpRequest,
    OrderRequest,
    Secret,
    Side,
    StreamKind,
    StreamState,
    TimeInForce,
    VenueFailure,
)
from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings
from arbcore.actions import Cancel, Place
from tests.venues.fakes import EventLog
from tests.venues.waiting import until

pytestmark = pytest.mark.e2e

SECONDS = float(os.environ.get("ARB_TEST_RATE_SECONDS", "2"))
LIMITS = {"spot": {"binance": 10, "bybit": 20}, "perpetual": {"binance": 20, "bybit": 10}}  # orders a second
DEMAND = 3 * 20  # trades a second
DEADLINE_NS = 100_000_000
RESTING = 6  # orders to cancel, on each venue
SYMBOLS = {"spot": "BTC/USDT", "perpetual": "BTC/USDT:USDT"}
MARKETS = {
    "spot": {"binance": "spot", "bybit": "spot"},
    "perpetual": {"binance": "usdm", "bybit": "linear"},
}


@dataclass
class Ear(EventLog):
    """Events of one venue, with the time an order was handed to the connection."""

    clock: Any = None
    sent_ns: dict[str, int] = field(default_factory=dict)

    def on_sent(self, coid: str) -> None:
        self.sent_ns[coid] = self.clock.mono_ns()
        super().on_sent(coid)


@dataclass
class Wish:
    """Stands in for the engine: hears what was not sent."""

    refused: dict[str, str] = field(default_factory=dict)  # coid -> why
    failures: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Wish:
        return self

    def stamp(self) -> int:
        return 0

    def not_sent(self, coid: str, reason: str, stamp: int) -> None:
        self.refused[coid] = reason

    def fail(self, what: str, error: BaseException) -> None:
        self.failures.append(f"{what}: {error}")

    def ambiguous(self, coid: str, reason: str, stamp: int) -> None:
        self.failures.append(f"{coid}: {reason}")


class Stage:
    """Both venues, up and ready to trade."""

    def __init__(self, sim: SimulatedVenues, market: str, transport: str) -> None:
        self.sim = sim
        self.http, self.sockets = LiveHttpPort(), LiveSocketPort()
        self.clock = LoopClock(asyncio.get_running_loop())
        self.symbol = SYMBOLS[market]
        self.market = MARKETS[market]
        self.transport = transport
        self.limits = LIMITS[market]
        self.ears = {name: Ear(clock=self.clock) for name in self.limits}
        self.venues: dict[str, Any] = {}
        settings = VenueSettings(order_transport=transport, recv_window_ms=5_000)
        for name in self.limits:
            urls = dict(sim.urls[name])
            urls.update(urls.pop(self.market[name], None) or {})
            self.venues[name] = venue_class(name, self.market[name])(
                name,
                urls,
                self.http,
                self.sockets,
                self.clock,
                self.ears[name],
                Credentials(sim.key, Secret(sim.secret)),
                settings,
            )

    async def ask(self, question: Any, *arguments: Any) -> Any:
        answers: list[Any] = []
        question(*arguments, answers.append)
        await until(lambda: answers)
        assert not isinstance(answers[0], VenueFailure), answers[0]
        return answers[0]

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answers: list[Any] = []
        payload = None if body is None else orjson.dumps(body)
        self.http.start(HttpRequest(method, self.sim.control + path, {}, payload), answers.append)
        await until(lambda: answers)
        assert answers[0].status == 200, answers[0]
        return orjson.loads(answers[0].body)

    async def start(self, kind: str) -> None:
        for name, venue in self.venues.items():
            limit = {"orders": self.limits[name], "window_s": 1, "kind": kind}
            await self.control("POST", "/limits", {"venue": name, "market": self.market[name], **limit})
            for _ in range(5):
                assert await self.ask(venue.measure_clock)
            assert await self.ask(venue.instruments, [self.symbol])
            venue.private.start()
            venue.orders.start()
            up = ("stream", StreamKind.private, StreamState.resynced)
            await until(lambda name=name, up=up: [e for e in self.ears[name].log if e[:3] == up])
            if self.transport == "ws":
                await until(lambda venue=venue: venue.orders.channel.ready)

    async def stop(self) -> None:
        for venue in self.venues.values():
            venue.private.stop()
            venue.orders.stop()
        await self.sockets.close()
        await self.http.close()

    async def price(self, factor: str) -> str:
        marks = await self.control("GET", "/marks")
        mark = Decimal(next(value for name, value in marks.items() if "BTC" in name))
        return str((mark * Decimal(factor)).quantize(Decimal("0.1")))

    async def rest_orders(self, tag: str) -> None:
        price = await self.price("0.97")
        for name, venue in self.venues.items():
            for number in range(RESTING):
                coid = f"{tag}rest{name}{number}"
                order = OrderRequest(coid, self.symbol, Side.buy, "0.002", price, TimeInForce.gtc)
                await until(lambda venue=venue, order=order: venue.orders.ready((order,)) is None)
                assert venue.orders.place(order) is None
                await until(
                    lambda name=name, coid=coid: [e for e in self.ears[name].log if e[:2] == ("ack", coid)]
                )


@dataclass
class Seen:
    wanted: int
    both: int
    one_leg: list[int]
    late_ms: list[float]
    refused: Counter[str]
    rates: int
    other_ends: list[Any]
    cancels: Counter[str]
    used: dict[str, float]  # share of each venue's limit


async def run(sim: SimulatedVenues, market: str, transport: str, kind: str, tag: str) -> Seen:
    stage = Stage(sim, market, transport)
    wish = Wish()
    routes = {
        number: Route(stage.symbol, name, venue.orders)
        for number, (name, venue) in enumerate(stage.venues.items())
    }
    gateway = Gateway(wish, routes, stage.clock, lambda _: None, lambda _: None)  # type: ignore[arg-type]
    deadlines: dict[str, int] = {}
    try:
        await stage.start(kind)
        await stage.rest_orders(tag)
        await asyncio.sleep(1.1)  # the orders above have left every window
        price = await stage.price("0.97")
        wanted = round(DEMAND * SECONDS)
        began = stage.clock.mono_ns()
        for trade in range(wanted):
            await asyncio.sleep(max(0.0, (began + trade * 1e9 / DEMAND - stage.clock.mono_ns()) / 1e9))
            now = stage.clock.mono_ns()
            legs = [
                Place(
                    coid=f"{tag}t{trade}l{leg}",
                    instrument=leg,
                    side="buy",
                    qty="0.002",
                    price=price,
                    trade=trade,
                    hedge=False,
                    deadline_ns=now + DEADLINE_NS,
                    trigger_ns=now,
                    reduce_only=False,
                )
                for leg in routes
            ]
            deadlines.update((leg.coid, leg.deadline_ns) for leg in legs)
            gateway.carry_out(legs)
            if trade % (wanted // RESTING) == 0 and trade // (wanted // RESTING) < RESTING:
                for leg, route in routes.items():
                    coid = f"{tag}rest{route.venue}{trade // (wanted // RESTING)}"
                    gateway.carry_out([Cancel(coid, leg)])
        took_s = (stage.clock.mono_ns() - began) / 1e9
        log = [e for ear in stage.ears.values() for e in ear.log]
        sent = {coid for ear in stage.ears.values() for coid in ear.sent_ns if coid in deadlines}
        handed = [coid for coid in deadlines if coid not in wish.refused]
        await until(lambda: all(ended(stage, coid) for coid in handed))
        await until(lambda: sum(e[0] == "cancel" for ear in stage.ears.values() for e in ear.log) == 12)
        log = [e for ear in stage.ears.values() for e in ear.log]
        sent = {coid for ear in stage.ears.values() for coid in ear.sent_ns if coid in deadlines}
        arrived = {
            row["client_id"]: row for row in await stage.control("GET", "/orders") if row["op"] == "place"
        }
        legs_sent = Counter(int(coid[len(tag) + 1 : coid.index("l", len(tag))]) for coid in sent)
        assert wish.failures == []
        assert sent == {coid for coid in arrived if coid in deadlines}, "the venue saw others than we sent"
        limits = {name: limit * took_s for name, limit in stage.limits.items()}
        return Seen(
            wanted=wanted,
            both=sum(legs == 2 for legs in legs_sent.values()),
            one_leg=[trade for trade, legs in legs_sent.items() if legs != 2],
            late_ms=[
                (ear.sent_ns[coid] - deadline) / 1e6
                for ear in stage.ears.values()
                for coid, deadline in deadlines.items()
                if coid in ear.sent_ns and ear.sent_ns[coid] > deadline
            ],
            refused=Counter(reason for coid, reason in wish.refused.items() if coid.endswith("l0")),
            rates=sum(e[0] == "rate_limit" or (e[0] == "reject" and e[2] is ErrorClass.rate) for e in log),
            other_ends=[e for e in log if e[0] in ("reject", "unknown", "not_sent")],
            cancels=Counter(e[2].value for e in log if e[0] == "cancel"),
            used={
                name: sum(c.endswith(f"l{leg}") for c in sent) / limits[name]
                for leg, name in enumerate(limits)
            },
        )
    finally:
        await stage.stop()


def ended(stage: Stage, coid: str) -> bool:
    ends = ("ack", "reject", "unknown", "not_sent")
    return any(e[0] in ends and e[1] == coid for ear in stage.ears.values() for e in ear.log)


CASES = [
    (market, transport, kind)
    for market in ("spot", "perpetual")
    for transport in ("rest", "ws")
    for kind in ("fixed", "rolling")
]


def test_three_times_the_limit_is_refused_by_us_and_never_by_the_venue(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def main() -> list[tuple[tuple[str, str, str], Seen]]:
        sim = await SimulatedVenues.start(["--seed", "11"])
        try:
            return [(case, await run(sim, *case, tag=f"r{number}x")) for number, case in enumerate(CASES)]
        finally:
            await sim.stop()

    seen = asyncio.run(main())
    with capsys.disabled():
        print(
            f"\norders a second: {LIMITS}; {DEMAND} two-leg trades a second wanted for {SECONDS:g} s\n"
            f"{'market':<10}{'by':<6}{'window':<9}{'wanted':>7}{'sent':>6}{'one leg':>9}{'late':>6}"
            f"{'429/10006':>11}{'cancels':>9}  of the limits"
        )
        for (market, transport, kind), one in seen:
            used = ", ".join(f"{name} {share:.0%}" for name, share in one.used.items())
            print(
                f"{market:<10}{transport:<6}{kind:<9}{one.wanted:>7}{one.both:>6}{len(one.one_leg):>9}"
                f"{len(one.late_ms):>6}{one.rates:>11}{one.cancels['accepted']:>9}  {used}"
            )
    for _, one in seen:
        assert one.one_leg == []
        assert one.late_ms == []
        assert one.rates == 0
        assert one.other_ends == []
        assert one.cancels == {CancelOutcome.accepted.value: 2 * RESTING}
        assert one.both >= 0.5 * 10 * SECONDS, "the limit is made use of"
        assert all("over the budget" in reason for reason in one.refused), one.refused
