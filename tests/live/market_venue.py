"""A venue's market side with the real dialects, budget and rules, for a server of the test's own."""

from __future__ import annotations

from collections.abc import Callable

from arb.venues.base import BookProbe, HttpDone, HttpRequest, MarketStream, VenueFailure
from arb.venues.binance.streams import BinanceDialect
from arb.venues.bybit.streams import BybitDialect
from arb.venues.liveness import LivenessRules
from arb.venues.rate_budget import RateBudget
from arb.venues.subscriptions import Subscriptions

PATIENT = LivenessRules(
    quiet_ns=60_000_000_000,
    first_ns=60_000_000_000,
    answer_ns=1_000_000_000,
    grace_ns=1_000_000_000,
    retry_ns=1_000_000_000,
)
TOPICS = ("depth", "best")


def stream(url: str) -> MarketStream:
    return MarketStream(url, (), b'{"op":"ping"}', 0.05, topics={"BTC/USDT": TOPICS}, batches=(TOPICS,))


class MarketVenue:
    """`binance` takes its snapshots over REST, `bybit` subscribes anew."""

    def __init__(self, name: str, rules: LivenessRules = PATIENT) -> None:
        self.name = name
        self.liveness_rules = rules
        self.budget = RateBudget(6_000, 60_000_000_000)
        self.probe: BookProbe | None = None
        self.observed: list[HttpDone] = []
        self.pause_of: Callable[[HttpDone], float] = lambda done: 0.0

    def subscriptions(self, stream: MarketStream) -> Subscriptions:
        dialect = BinanceDialect(5) if self.name == "binance" else BybitDialect()
        return Subscriptions(dialect, stream.batches, stream.in_url, timeout_ns=5_000_000_000)

    def snapshot_request(self, symbol: str) -> HttpRequest | None:
        url = f"http://127.0.0.1/depth?{symbol}"
        return HttpRequest("GET", url, {}, weight=50) if self.name == "binance" else None

    def resubscribe_frames(self, symbol: str) -> tuple[bytes, ...]:
        return (b'{"op":"unsubscribe"}', b'{"op":"resubscribe"}')

    def probe_request(self, symbol: str) -> HttpRequest:
        return HttpRequest("GET", f"http://127.0.0.1/probe?{symbol}", {}, weight=5)

    def probe_answer(self, done: HttpDone) -> BookProbe | VenueFailure:
        assert self.probe is not None
        return self.probe

    def observe(self, done: HttpDone) -> None:
        self.observed.append(done)
