"""What is said on Binance's order connection: the log-on of a session, and what every answer says beside its
result. The private stream has a connection of its own: the loss of one does not take the other, so an order
whose answer was lost is still told, and both key kinds work alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arb.venues import fields
from arb.venues.base import RateLimit, Signer, StreamCause, VenueFailure
from arb.venues.binance import tables, ws_api
from arb.venues.clock import VenueClock
from arb.venues.errors import ErrorTable
from arb.venues.order_channel import Said
from arb.venues.settings import VenueSettings

LOGON_ID = 1  # requests count from 2
_LOGGED_OUT = frozenset({-1035, -2015})  # without an id they are about the session


class BinanceOrderDialogue:
    """`is_session`: one Ed25519 log-on, then no signature. Else every request is signed and none is needed.

    `on_paused(limit, code)` gets the pauses, `on_counts` the messages with `rateLimits`, `on_weight` what
    connecting costs.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        signer: Signer,
        clock: VenueClock,
        settings: VenueSettings,
        table: ErrorTable,
        *,
        is_session: bool,
        on_paused: Callable[[RateLimit, int], None],
        on_counts: Callable[[Mapping[str, Any]], None],
        on_clock_refused: Callable[[], None],
        on_weight: Callable[[int], None],
    ) -> None:
        self.url = url
        self._api_key = api_key
        self._signer = signer
        self._clock = clock
        self._settings = settings
        self._table = table
        self._is_session = is_session
        self._on_paused = on_paused
        self._on_counts = on_counts
        self._on_clock_refused = on_clock_refused
        self._on_weight = on_weight

    def logon(self) -> bytes | None:
        self._on_weight(ws_api.CONNECT_WEIGHT)
        if not self._is_session:
            return None
        self._on_weight(ws_api.SESSION_WEIGHT)
        window: ws_api.Params = {
            "recvWindow": self._settings.recv_window_ms,
            "timestamp": self._clock.stamp_ms(),
        }
        return ws_api.signed_request(LOGON_ID, "session.logon", window, self._api_key, self._signer)

    def ping(self) -> bytes | None:
        return None

    def on_message(self, message: Mapping[str, Any]) -> Said | None:
        if "event" in message:
            kind = fields.mapping(message["event"], "event").get("e")
            return Said(leaving=True, detail="serverShutdown") if kind == "serverShutdown" else None
        if "status" not in message:
            return None
        self._on_counts(message)
        number = message.get("id")
        failure: VenueFailure | None = None
        if message["status"] != 200:
            result = ws_api.result_of(message, self._table)
            failure = result if isinstance(result, VenueFailure) else None
            pause = ws_api.pause_of(message, self._clock.stamp_ms(), self._settings.shed_pause_s)
            if pause is not None:
                self._on_paused(pause, 0 if failure is None else failure.code)
        if number == LOGON_ID:
            return self._logon_answered(failure)
        if number is None and failure is not None and failure.code in _LOGGED_OUT:
            return Said(lost=StreamCause.auth, detail=f"{failure.code} {failure.message}")
        if failure is not None and failure.code == -1035:
            return Said(id=str(number), lost=StreamCause.auth, detail="logged out")
        return None if number is None else Said(id=str(number))

    def _logon_answered(self, failure: VenueFailure | None) -> Said:
        if failure is None:
            return Said(logged_on=True)
        if failure.code in tables.CLOCK_CODES:
            self._on_clock_refused()
        cause = StreamCause.auth if failure.code in tables.AUTH_REFUSED else StreamCause.refused
        return Said(lost=cause, detail=f"{failure.code} {failure.message}")
