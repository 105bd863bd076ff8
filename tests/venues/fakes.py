"""Fake ports on virtual time: nothing happens until the test says so, in the order it says."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arb.venues.base import (
    Balance,
    CancelOutcome,
    Cash,
    ErrorClass,
    Failure,
    FillUpdate,
    HttpDone,
    HttpRequest,
    OrderUpdate,
    Position,
    QueryOutcome,
    RateLimit,
    SocketEvents,
    StreamCause,
    StreamKind,
    StreamState,
)

START_WALL_MS = 1_700_000_000_000


@dataclass
class FakeTimer:
    due_ns: int
    callback: Callable[[], None]
    canceled: bool = False

    def cancel(self) -> None:
        self.canceled = True


class FakeClock:
    def __init__(self) -> None:
        self.ns = 1_000_000_000
        self.wall_offset_ms = START_WALL_MS
        self.timers: list[FakeTimer] = []

    def mono_ns(self) -> int:
        return self.ns

    def wall_ms(self) -> int:
        return self.wall_offset_ms + self.ns // 1_000_000

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.ns + round(delay_s * 1e9), callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        end = self.ns + round(seconds * 1e9)
        while True:
            due = [t for t in self.timers if not t.canceled and t.due_ns <= end]
            if not due:
                break
            timer = min(due, key=lambda t: t.due_ns)
            self.timers.remove(timer)
            self.ns = max(self.ns, timer.due_ns)
            timer.callback()
        self.ns = end


@dataclass
class FakeExchange:
    request: HttpRequest
    on_done: Callable[[HttpDone], None]
    on_sent: Callable[[], None] | None
    sent: bool = False
    answered: bool = False


class FakeHttp:
    """Open requests wait in `open`; the test sends, answers or breaks them."""

    def __init__(self) -> None:
        self.open: deque[FakeExchange] = deque()
        self.requests: list[HttpRequest] = []

    def start(
        self,
        request: HttpRequest,
        on_done: Callable[[HttpDone], None],
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        self.requests.append(request)
        self.open.append(FakeExchange(request, on_done, on_sent))

    def next(self, part: str = "") -> FakeExchange:
        """The oldest open request whose method and URL contain `part`."""
        for exchange in self.open:
            if part in f"{exchange.request.method} {exchange.request.url}":
                return exchange
        raise AssertionError(f"no open request with {part!r}: {[e.request.url for e in self.open]}")

    def send(self, part: str = "") -> FakeExchange:
        exchange = self.next(part)
        if not exchange.sent:
            exchange.sent = True
            if exchange.on_sent is not None:
                exchange.on_sent()
        return exchange

    def answer(
        self,
        part: str = "",
        body: Any = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HttpRequest:
        exchange = self.send(part)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._done(exchange, HttpDone(True, status, raw, headers or {}))

    def fail(self, part: str = "", failure: Failure = Failure.broken, *, sent: bool = True) -> HttpRequest:
        exchange = self.send(part) if sent else self.next(part)
        return self._done(exchange, HttpDone(exchange.sent, failure=failure, detail="as told"))

    def _done(self, exchange: FakeExchange, done: HttpDone) -> HttpRequest:
        assert not exchange.answered
        exchange.answered = True
        self.open.remove(exchange)
        exchange.on_done(done)
        return exchange.request


class FakeSocket:
    def __init__(self, url: str, events: SocketEvents) -> None:
        self.url = url
        self.events = events
        self.sent: list[Any] = []  # decoded JSON
        self.opened = False
        self.closed = False  # on_close was called
        self.dead = False  # closed by the client
        self.unsent = 0

    @property
    def closing(self) -> bool:
        return not self.opened or self.closed or self.dead

    def send(self, text: bytes) -> bool:
        if self.closing:
            return False
        self.sent.append(json.loads(text))
        return True

    def close(self) -> None:
        self.dead = True

    # What the test does.

    def open(self) -> None:
        self.opened = True
        self.events.on_open()

    def say(self, message: Any) -> None:
        assert not self.closed
        if not self.dead:
            self.events.on_text(message if isinstance(message, bytes) else json.dumps(message).encode())

    def end(self, reason: str = "connection lost") -> None:
        assert not self.closed
        self.closed = True
        self.events.on_close(reason)


class FakeSockets:
    def __init__(self) -> None:
        self.sockets: list[FakeSocket] = []

    def open(self, url: str, events: SocketEvents) -> FakeSocket:
        self.sockets.append(FakeSocket(url, events))
        return self.sockets[-1]

    @property
    def last(self) -> FakeSocket:
        return self.sockets[-1]


@dataclass
class EventLog:
    """VenueEvents that remember what came, in order, as (name, arguments...)."""

    log: list[tuple[Any, ...]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [entry[0] for entry in self.log]

    def take(self) -> list[tuple[Any, ...]]:
        taken, self.log = self.log, []
        return taken

    def on_sent(self, coid: str) -> None:
        self.log.append(("sent", coid))

    def on_not_sent(self, coid: str, reason: str) -> None:
        self.log.append(("not_sent", coid, reason))

    def on_ack(self, coid: str, venue_order_id: str) -> None:
        self.log.append(("ack", coid, venue_order_id))

    def on_reject(self, coid: str, error_class: ErrorClass, code: int, message: str) -> None:
        self.log.append(("reject", coid, error_class, code, message))

    def on_unknown(self, coid: str, reason: str) -> None:
        self.log.append(("unknown", coid, reason))

    def on_order(self, order: OrderUpdate) -> None:
        self.log.append(("order", order))

    def on_fill(self, fill: FillUpdate) -> None:
        self.log.append(("fill", fill))

    def on_cancel(self, coid: str, outcome: CancelOutcome, code: int, message: str) -> None:
        self.log.append(("cancel", coid, outcome, code))

    def on_query(self, coid: str, outcome: QueryOutcome) -> None:
        self.log.append(("query", coid, outcome))

    def on_balances(self, balances: Sequence[Balance]) -> None:
        self.log.append(("balances", list(balances)))

    def on_positions(self, positions: Sequence[Position]) -> None:
        self.log.append(("positions", list(positions)))

    def on_cash(self, cash: Cash) -> None:
        self.log.append(("cash", cash))

    def on_stream(self, kind: StreamKind, state: StreamState, cause: StreamCause, detail: str) -> None:
        self.log.append(("stream", kind, state, cause))

    def on_rate_limit(self, limit: RateLimit) -> None:
        self.log.append(("rate_limit", limit))
