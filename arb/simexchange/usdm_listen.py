"""The listenKey of USD-M: one at a time, 60 minutes from its last renewal, and the connections it opens."""

from collections.abc import Callable
from random import Random
from urllib.parse import parse_qs

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message
from arb.simexchange.spec import USDM

LIFE_MS = 60 * 60_000
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class ListenKeys:
    """`current` is None while nobody asked for one. `expired(key, now)` is told of each that ran out."""

    def __init__(self, seed: int, expired: Callable[[str, Instant], None]) -> None:
        self.life_ms = LIFE_MS
        self.current: str | None = None
        self._ends_ms = 0
        self._expired = expired
        self._rng = Random(f"{seed}:listenkeys")

    def start(self, now: Instant) -> str:
        """The key in force, renewed, or a new one."""
        self.advance(now)
        if self.current is None:
            self.current = "".join(self._rng.choice(_ALPHABET) for _ in range(64))
        self._ends_ms = now.unix_ms + self.life_ms
        return self.current

    def renew(self, now: Instant) -> str:
        self.advance(now)
        if self.current is None:
            raise BinanceError(*errors.NO_LISTEN_KEY)
        return self.start(now)

    def stop(self, now: Instant) -> None:
        self.renew(now)
        self.current = None

    def advance(self, now: Instant) -> None:
        if self.current is not None and now.unix_ms >= self._ends_ms:
            self.expire(now)

    def expire(self, now: Instant) -> None:
        """End the key before its time, or at it."""
        if self.current is not None:
            key, self.current = self.current, None
            self._expired(key, now)


class UserSession:
    """One connection of the account's stream. A wrong key connects as well, and gets nothing."""

    is_private = True
    market = USDM

    def __init__(self, listen_key: str, *, combined: bool, events: frozenset[str]) -> None:
        self.listen_key = listen_key
        self._combined = combined
        self._events = events  # empty: all

    @property
    def feeds(self) -> dict[str, None]:
        return {"user": None}

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return [orjson.dumps({"code": 3, "msg": f"Invalid JSON: {error}"})]
        number = request.get("id") if isinstance(request, dict) else None
        if isinstance(request, dict) and request.get("method") == "LIST_SUBSCRIPTIONS":
            return [orjson.dumps({"result": [self.listen_key], "id": number})]
        return [orjson.dumps({"result": None, "id": number})]

    def wrap(self, message: Message) -> bytes | None:
        """`shown` is the key the event is for."""
        if message.shown != self.listen_key:
            return None
        if self._events and message.payload.split(b'"', 4)[3].decode() not in self._events:
            return None
        if not self._combined:
            return message.payload
        return b'{"stream":"' + message.shown.encode() + b'","data":' + message.payload + b"}"

    def allows(self, now: Instant) -> bool:
        return True

    def close(self) -> None:
        pass


def open_user(path: str) -> UserSession | None:
    """The session of `/private/ws/<key>`, `/private/ws?listenKey=<key>&events=A/B` or `/private/stream?…`;
    None for other paths."""
    route, _, query = path.partition("?")
    fields = parse_qs(query)
    given = fields.get("listenKey", fields.get("streams", [""]))[0]
    events = frozenset(filter(None, fields.get("events", [""])[0].split("/")))
    if route.startswith("/private/ws/") and "@" not in route:
        return UserSession(route.removeprefix("/private/ws/"), combined=False, events=events)
    if route == "/private/ws" and given:
        return UserSession(given, combined=False, events=events)
    if route == "/private/stream" and given and "@" not in given:
        return UserSession(given, combined=True, events=events)
    return None
