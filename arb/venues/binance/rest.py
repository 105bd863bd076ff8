"""Reads over Binance REST: sign, send, and turn the answer into decoded JSON or a VenueFailure."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

from arb.venues.base import (
    Credentials,
    ErrorClass,
    Failure,
    HttpDone,
    HttpPort,
    HttpRequest,
    RateLimit,
    VenueError,
    VenueEvents,
    VenueFailure,
)
from arb.venues.binance.errors import SPOT_ERRORS, classify
from arb.venues.binance.signing import signed, signer_of
from arb.venues.binance.tables import (
    API_KEY_HEADER,
    CLOCK_REFUSED,
    TOO_MANY_ORDERS,
    USED_WEIGHT_HEADER,
    Endpoint,
)
from arb.venues.clock import VenueClock
from arb.venues.errors import ErrorTable, Transport
from arb.venues.fields import integer, loads, text
from arb.venues.rate_budget import RateBudget
from arb.venues.settings import VenueSettings

Answer = Callable[[Any], None]  # decoded JSON or a VenueFailure
_MINUTE_NS = 60_000_000_000
_MINUTE_MARGIN_NS = 1_000_000_000  # an answer so soon after the full minute may still count the one before


def failure_of(done: HttpDone, table: ErrorTable = SPOT_ERRORS) -> VenueFailure:
    """What an answer other than a readable 200 says, in the market of the table."""
    if done.failure is not None:
        error_class = ErrorClass.unknown if done.sent else ErrorClass.notsent
        return VenueFailure(error_class, 0, f"{done.failure.value}: {done.detail}")
    code: int | None = None
    message = done.body[:200].decode("utf-8", "replace")
    try:
        body = loads(done.body)
        if isinstance(body, dict) and "msg" in body:
            message = text(body, "msg")
            code = integer(body, "code") if "code" in body else None  # some 503 of USD-M have none
    except VenueError:
        code = None  # a proxy's page: the status is all we have
    error_class = classify(table, Transport.rest, done.status, code, message)
    return VenueFailure(error_class, done.status if code is None else code, message)


def pause_of(done: HttpDone, default_s: float) -> RateLimit | None:
    """429 stops us for Retry-After seconds, 418 is a ban, 403 is the firewall."""
    if done.status not in (403, 418, 429):
        return None
    try:
        pause_s = float(done.headers.get("Retry-After", ""))
    except ValueError:
        pause_s = default_s
    return RateLimit(pause_s, banned=done.status in (403, 418))


class BinanceRest:
    """Shared by everything of one account that talks REST."""

    def __init__(
        self,
        base_url: str,
        http: HttpPort,
        clock: VenueClock,
        events: VenueEvents,
        settings: VenueSettings,
        credentials: Credentials | None,
        budget: RateBudget,
        errors: ErrorTable = SPOT_ERRORS,
    ) -> None:
        self.errors = errors
        self.base_url = base_url.rstrip("/")
        self.http = http
        self.clock = clock
        self.settings = settings
        self.signer = None if credentials is None else signer_of(credentials)
        self.headers = {} if credentials is None else {API_KEY_HEADER: credentials.api_key}
        self.on_clock_refused: Callable[[Callable[[bool], None] | None], None] | None = None
        self.on_too_many_orders: Callable[[float], None] | None = None
        self._events = events
        self.budget = budget

    def elsewhere(self, base_url: str) -> BinanceRest:
        """The same account at another address, with a budget of its own."""
        other = copy.copy(self)
        other.base_url = base_url.rstrip("/")
        other.budget = RateBudget(self.budget.limit, _MINUTE_NS)
        return other

    def public(self, endpoint: Endpoint, query: str) -> HttpRequest:
        url = f"{self.base_url}{endpoint.path}?{query}" if query else f"{self.base_url}{endpoint.path}"
        return HttpRequest(
            endpoint.method, url, {}, None, self.settings.read_timeout_s, endpoint.path, endpoint.weight
        )

    def signed(self, endpoint: Endpoint, query: str) -> HttpRequest:
        if self.signer is None:
            raise VenueError(f"{endpoint.path} needs credentials")
        window = f"recvWindow={self.settings.recv_window_ms}&timestamp={self.clock.stamp_ms()}"
        payload = signed(self.signer, f"{query}&{window}" if query else window)
        url = f"{self.base_url}{endpoint.path}?{payload}"
        return HttpRequest(
            endpoint.method,
            url,
            self.headers,
            None,
            self.settings.read_timeout_s,
            endpoint.path,
            endpoint.weight,
        )

    def read_public(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        self._start(self.public(endpoint, query), lambda done: on_answer(self.result(done)))

    def read(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        """A signed read; a refused timestamp is answered by a new reading of the clock and one more try."""
        self._start(self.signed(endpoint, query), partial(self._read, endpoint, query, on_answer))

    def keyed(self, endpoint: Endpoint, on_answer: Answer) -> None:
        """A request that carries the key and no signature."""
        request = self.public(endpoint, "")
        request.headers = self.headers
        self._start(request, lambda done: on_answer(self.result(done)))

    def _read(self, endpoint: Endpoint, query: str, on_answer: Answer, done: HttpDone) -> None:
        result = self.result(done)
        refused = isinstance(result, VenueFailure) and result.code == CLOCK_REFUSED
        if not refused or self.on_clock_refused is None:
            on_answer(result)
            return
        request = partial(self.signed, endpoint, query)
        self.on_clock_refused(lambda _: self._start(request(), lambda again: on_answer(self.result(again))))

    def _start(self, request: HttpRequest, on_done: Callable[[HttpDone], None]) -> None:
        if self.clock.mono_ns() < self.budget.stopped_until_ns:
            # Who goes on asking is banned for longer.
            refused = HttpDone(False, failure=Failure.refused, detail="the venue asked for a pause")
            self.clock.call_later(0.0, lambda: on_done(refused))
            return
        self.budget.spend(request.weight, self.clock.mono_ns())
        self.http.start(request, on_done)

    def result(self, done: HttpDone) -> Any:
        """Decoded JSON of a 200, else a VenueFailure; rate limits are reported on the way."""
        if done.status == 200:
            self._count(done)
            try:
                return loads(done.body)
            except VenueError as error:
                return VenueFailure(ErrorClass.unknown, 200, str(error))
        self.watch_limits(done)
        return failure_of(done, self.errors)

    def observe(self, done: HttpDone) -> None:
        """The answer to a request that others sent."""
        if done.status == 200:
            self._count(done)
        else:
            self.watch_limits(done)

    def watch_limits(self, done: HttpDone) -> None:
        """Reports a pause the venue asks for. Too many orders stop orders alone, too many requests stop
        everything: the venue bans whoever goes on."""
        self._count(done)
        limit = pause_of(done, self.settings.shed_pause_s)
        if limit is not None:
            self.paused(limit, failure_of(done, self.errors).code)

    def paused(self, limit: RateLimit, code: int) -> None:
        if code != TOO_MANY_ORDERS:
            self.budget.refused(self.clock.mono_ns(), limit.pause_s)
        elif self.on_too_many_orders is not None:
            self.on_too_many_orders(limit.pause_s)
        self._events.on_rate_limit(limit)

    def _count(self, done: HttpDone) -> None:
        try:
            used = int(done.headers.get(USED_WEIGHT_HEADER, ""))
        except ValueError:
            return
        now_ns = self.clock.mono_ns()
        self.budget.venue_counts(used, now_ns, self._minute_began_ns(now_ns))

    def _minute_began_ns(self, now_ns: int) -> int | None:
        """Our time of the start of the venue's minute, from which its count runs, the uncertainty taken off;
        None where it may be the minute before."""
        half_ns = self.clock.bounds.half_width_ns(now_ns)
        if half_ns is None:
            return None
        into_ns = self.clock.bounds.venue_ms(now_ns) * 1_000_000 % _MINUTE_NS
        if into_ns < _MINUTE_MARGIN_NS + half_ns:
            return None
        return now_ns - into_ns - half_ns - _MINUTE_MARGIN_NS
