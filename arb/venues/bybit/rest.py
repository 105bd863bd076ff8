"""Reads over Bybit REST: sign, send, and turn the envelope into its result or a VenueFailure.

`{"retCode":0,"retMsg":"OK","result":{...},"retExtInfo":{},"time":...}`; business errors come with HTTP 200.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from arb.venues.base import (
    Credentials,
    ErrorClass,
    Failure,
    HttpDone,
    HttpPort,
    HttpRequest,
    Lane,
    RateLimit,
    VenueError,
    VenueEvents,
    VenueFailure,
)
from arb.venues.bybit import signing
from arb.venues.bybit.errors import SPOT_ERRORS, classify
from arb.venues.bybit.limits import AccountLimits
from arb.venues.bybit.parse import cursor, result_list
from arb.venues.bybit.tables import CLOCK_REFUSED, ENDPOINT_LIMITED, IP_LIMIT_PAUSE_S, PAGES, Endpoint
from arb.venues.clock import VenueClock
from arb.venues.errors import Transport
from arb.venues.fields import integer, loads, mapping, optional_text
from arb.venues.rate_budget import RateBudget
from arb.venues.settings import VenueSettings
from arb.venues.signing import HmacSigner

Answer = Callable[[Any], None]  # the envelope's result or a VenueFailure


class BybitRest:
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
    ) -> None:
        self._budget = budget
        self.base_url = base_url
        self.http = http
        self.clock = clock
        self.settings = settings
        self.credentials = credentials
        self.signer = None if credentials is None else HmacSigner(credentials.secret)
        self.on_clock_refused: Callable[[Callable[[bool], None] | None], None] | None = None
        self.errors = SPOT_ERRORS
        self.limits = AccountLimits(clock)
        self._events = events

    def headers(self, payload: str) -> dict[str, str]:
        if self.signer is None or self.credentials is None:
            raise VenueError("this request needs credentials")
        return signing.headers(
            self.signer,
            self.credentials.api_key,
            self.clock.stamp_ms(),
            self.settings.recv_window_ms,
            payload,
        )

    def read_public(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        self._start(self.public(endpoint, query), lambda done: on_answer(self.result(done)))

    def public(self, endpoint: Endpoint, query: str) -> HttpRequest:
        return self._get(endpoint, query, {})

    def read(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        """A signed read; a refused timestamp is answered by a new reading of the clock and one more try."""
        self._signed(endpoint, query, partial(self._read, endpoint, query, on_answer))

    def read_pages(self, endpoint: Endpoint, query: str, signed: bool, on_answer: Answer) -> None:
        """The rows of all pages, in order, or the first failure."""
        _Pages(self, endpoint, query, signed, on_answer).ask("")

    def _get(self, endpoint: Endpoint, query: str, headers: dict[str, str]) -> HttpRequest:
        # No body with a GET: the venue answers 403.
        url = f"{self.base_url}{endpoint.path}?{query}" if query else f"{self.base_url}{endpoint.path}"
        return HttpRequest("GET", url, headers, None, self.settings.read_timeout_s, endpoint.path, weight=1)

    def _read(self, endpoint: Endpoint, query: str, on_answer: Answer, result: Any) -> None:
        refused = isinstance(result, VenueFailure) and result.code == CLOCK_REFUSED
        if refused and self.on_clock_refused is not None:
            self.on_clock_refused(lambda _: self._signed(endpoint, query, on_answer))
        else:
            on_answer(result)

    def _signed(self, endpoint: Endpoint, query: str, on_answer: Answer) -> None:
        sent_ns = self.limits.spend(endpoint)
        request = self._get(endpoint, query, self.headers(query))
        self._start(request, lambda done: on_answer(self.result(done, endpoint, sent_ns)))

    def refusal(self, endpoint: Endpoint, count: int, lane: Lane, *, by_channel: bool = False) -> str:
        """Why so many requests would not all be within the limits now; "" where they would. Requests on a
        WebSocket do not count against those of the address, but a pause stops them too."""
        now_ns = self.clock.mono_ns()
        if now_ns < self._budget.stopped_until_ns:
            return "the venue asked for a pause"
        if not by_channel and self._budget.check(count, now_ns, lane) is not None:
            return "over the budget of requests of this address"
        if not self.limits.has_room(endpoint, count, lane):
            return f"over the budget of {endpoint.path}"
        return ""

    def post(
        self,
        endpoint: Endpoint,
        body: str,
        tag: str,
        on_answer: Answer,
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        """A signed POST, once; it asks no budget, `refusal` does."""
        headers = self.headers(body)
        headers["Content-Type"] = "application/json"
        url = self.base_url + endpoint.path
        request = HttpRequest("POST", url, headers, body.encode(), self.settings.order_timeout_s, tag, 1)
        sent_ns = self.limits.spend(endpoint)
        self._budget.spend(1, sent_ns)
        self.http.start(request, lambda done: on_answer(self.result(done, endpoint, sent_ns)), on_sent)

    def _start(self, request: HttpRequest, on_done: Callable[[HttpDone], None]) -> None:
        if self.clock.mono_ns() < self._budget.stopped_until_ns:
            # Who goes on asking stays shut out.
            refused = HttpDone(False, failure=Failure.refused, detail="the venue asked for a pause")
            self.clock.call_later(0.0, lambda: on_done(refused))
            return
        self._budget.spend(request.weight, self.clock.mono_ns())
        self.http.start(request, on_done)

    def result(self, done: HttpDone, endpoint: Endpoint | None = None, sent_ns: int = 0) -> Any:
        """`result` of a successful envelope, else a VenueFailure; limits are read and pauses reported on the
        way. `endpoint`: one with a limit of the account, `sent_ns` when its request left."""
        if done.failure is not None:
            error_class = ErrorClass.unknown if done.sent else ErrorClass.notsent
            return VenueFailure(error_class, 0, f"{done.failure.value}: {done.detail}")
        if endpoint is not None:
            self.limits.observe(endpoint, done.headers, sent_ns)
        code: int | None = None
        message = done.body[:200].decode("utf-8", "replace")
        try:
            envelope = mapping(loads(done.body), "envelope")
            code, message = integer(envelope, "retCode"), optional_text(envelope, "retMsg")
        except VenueError:
            envelope = {}
        if done.status == 200 and code == 0:
            return envelope.get("result")
        error_class = classify(self.errors, Transport.rest, done.status, code, message)
        if done.status in (403, 429) or error_class is ErrorClass.rate:
            self.paused(endpoint, done.status, code, done.headers)
        return VenueFailure(error_class, done.status if code is None else code, message)

    def paused(
        self, endpoint: Endpoint | None, status: int, code: int | None, headers: Mapping[str, str]
    ) -> None:
        """The venue was asked too often, on either transport: who goes on asking stays shut out."""
        pause_s = self.settings.shed_pause_s
        if status == 403:
            pause_s = IP_LIMIT_PAUSE_S
            self._budget.refused(self.clock.mono_ns(), pause_s)
        elif code in ENDPOINT_LIMITED and endpoint is not None:
            pause_s = self.limits.reset_s(headers, pause_s)
            self.limits.refused(endpoint, pause_s)
        else:
            self._budget.refused(self.clock.mono_ns(), pause_s)
        self._events.on_rate_limit(RateLimit(pause_s, banned=status == 403))


class _Pages:
    """Follows nextPageCursor."""

    def __init__(
        self, rest: BybitRest, endpoint: Endpoint, query: str, signed: bool, on_answer: Answer
    ) -> None:
        self._rest = rest
        self._endpoint = endpoint
        self._query = query
        self._signed = signed
        self._on_answer = on_answer
        self._rows: list[Any] = []
        self._pages = 0
        self._cursor = ""

    def ask(self, at: str) -> None:
        self._cursor = at
        query = f"{self._query}&cursor={at}" if at else self._query
        read = self._rest.read if self._signed else self._rest.read_public
        read(self._endpoint, query, self._page)

    def _page(self, result: Any) -> None:
        if isinstance(result, VenueFailure):
            self._on_answer(result)
            return
        try:
            page = result_list(result, self._endpoint.path)
            at = cursor(result)
        except VenueError as error:
            self._on_answer(VenueFailure(ErrorClass.unknown, 200, f"unreadable answer: {error}"))
            return
        self._rows.extend(page)
        self._pages += 1
        # Bybit may give a cursor with the last page too: an empty page, or the same cursor again, ends it.
        if not at or not page or at == self._cursor:
            self._on_answer(self._rows)
        elif self._pages >= PAGES:
            self._on_answer(VenueFailure(ErrorClass.unknown, 200, f"more than {PAGES} pages"))
        else:
            self.ask(at)
