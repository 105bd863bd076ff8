"""Reads over Binance REST: sign, send, and turn the answer into decoded JSON or a VenueFailure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from arb.venues.base import (
    Credentials,
    ErrorClass,
    HttpDone,
    HttpPort,
    HttpRequest,
    RateLimit,
    VenueError,
    VenueEvents,
    VenueFailure,
)
from arb.venues.binance.errors import classify_rest
from arb.venues.binance.signing import signed
from arb.venues.binance.tables import API_KEY_HEADER, CLOCK_REFUSED, Endpoint
from arb.venues.clock import VenueClock
from arb.venues.fields import integer, loads, text
from arb.venues.settings import VenueSettings
from arb.venues.signing import HmacSigner

Answer = Callable[[Any], None]  # decoded JSON or a VenueFailure


def failure_of(done: HttpDone) -> VenueFailure:
    """What an answer other than a readable 200 says."""
    if done.failure is not None:
        error_class = ErrorClass.unknown if done.sent else ErrorClass.notsent
        return VenueFailure(error_class, 0, f"{done.failure.value}: {done.detail}")
    code: int | None = None
    message = done.body[:200].decode("utf-8", "replace")
    try:
        body = loads(done.body)
        if isinstance(body, dict) and "code" in body:
            code, message = integer(body, "code"), text(body, "msg")
    except VenueError:
        code = None  # a proxy's page: the status is all we have
    error_class = classify_rest(done.status, code, message)
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
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.http = http
        self.clock = clock
        self.settings = settings
        self.signer = None if credentials is None else HmacSigner(credentials.secret)
        self.headers = {} if credentials is None else {API_KEY_HEADER: credentials.api_key}
        self.on_clock_refused: Callable[[Callable[[bool], None] | None], None] | None = None
        self._events = events

    def public(self, endpoint: Endpoint, query: str) -> HttpRequest:
        url = f"{self.base_url}{endpoint.path}?{query}" if query else f"{self.base_url}{endpoint.path}"
        return HttpRequest(endpoint.method, url, {}, None, self.settings.read_timeout_s, endpoint.path)

    def signed(self, endpoint: Endpoint, query: str) -> HttpRequest:
        if self.signer is None:
            raise VenueError(f"{endpoint.path} needs credentials")
        window = f"recvWindow={self.settings.recv_window_ms}&timestamp={self.clock.stamp_ms()}"
        payload = signed(self.signer, f"{query}&{window}" if query else window)
        url = f"{self.base_url}{endpoint.path}?{payload}"
        return HttpRequest(
            endpoint.method, url, self.headers, None, self.settings.read_timeout_s, endpoint.path
        )

    def read_public(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        self.http.start(self.public(endpoint, query), lambda done: on_answer(self.result(done)))

    def read(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        """A signed read; a refused timestamp is answered by a new reading of the clock and one more try."""
        self.http.start(self.signed(endpoint, query), partial(self._read, endpoint, query, on_answer))

    def _read(self, endpoint: Endpoint, query: str, on_answer: Answer, done: HttpDone) -> None:
        result = self.result(done)
        refused = isinstance(result, VenueFailure) and result.code == CLOCK_REFUSED
        if not refused or self.on_clock_refused is None:
            on_answer(result)
            return
        request = partial(self.signed, endpoint, query)
        self.on_clock_refused(
            lambda _: self.http.start(request(), lambda again: on_answer(self.result(again)))
        )

    def result(self, done: HttpDone) -> Any:
        """Decoded JSON of a 200, else a VenueFailure; rate limits are reported on the way."""
        if done.status == 200:
            try:
                return loads(done.body)
            except VenueError as error:
                return VenueFailure(ErrorClass.unknown, 200, str(error))
        self.watch_limits(done)
        return failure_of(done)

    def watch_limits(self, done: HttpDone) -> None:
        limit = pause_of(done, self.settings.shed_pause_s)
        if limit is not None:
            self._events.on_rate_limit(limit)
