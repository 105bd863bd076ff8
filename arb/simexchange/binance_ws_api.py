"""Binance WS-API: one connection's requests and its subscription to the events of the account."""

from collections.abc import Callable, Mapping

import orjson

from arb.simexchange.binance_auth import signed_ws_params
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message
from arb.simexchange.spec import SPOT, Credentials

RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 2}
]
Method = Callable[["WsApiSession", Mapping[str, object], Instant], object]


class WsApiSession:
    """One connection. `subscription` is its id while it gets user data."""

    is_private = True
    market = SPOT

    def __init__(self, credentials: Credentials, *, rate_limits: bool = True) -> None:
        self.subscription: int | None = None
        self._next_subscription = 0
        self._credentials = credentials
        self._rate_limits = rate_limits

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        """Answers, in order, to one request frame."""
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            return [self._failure(None, BinanceError(-1102, "Malformed JSON request."))]
        if not isinstance(request, dict):
            return [self._failure(None, BinanceError(-1102, "Malformed request."))]
        number, params = request.get("id"), request.get("params") or {}
        method = _METHODS.get(str(request.get("method")))
        try:
            if method is None:
                raise BinanceError(-1101, f"Unknown method '{request.get('method')}'.")
            if not isinstance(params, dict):
                raise BinanceError(-1102, "Malformed params.")
            result = method(self, params, now)
        except BinanceError as error:
            return [self._failure(number, error)]
        answers = [self._answer({"id": number, "status": 200, "result": result})]
        if request.get("method") == "userDataStream.unsubscribe":
            event = {"e": "eventStreamTerminated", "E": now.unix_ms}
            answers.append(orjson.dumps({"subscriptionId": self._next_subscription - 1, "event": event}))
        return answers

    @property
    def feeds(self) -> dict[str, None]:
        return {"user": None} if self.subscription is not None else {}

    def allows(self, now: Instant) -> bool:
        return True

    def close(self) -> None:
        self.subscription = None

    def wrap(self, message: Message) -> bytes | None:
        """A user event for this connection, or None while it has no subscription."""
        if self.subscription is None:
            return None
        return b'{"subscriptionId":%d,"event":%s}' % (self.subscription, message.payload)

    def subscribe(self, params: Mapping[str, object], now: Instant) -> object:
        signed_ws_params(params, self._credentials, now.unix_ms)
        if self.subscription is not None:
            raise BinanceError(-2035, "User Data Stream subscription already active.")
        self.subscription = self._next_subscription
        self._next_subscription += 1
        return {"subscriptionId": self.subscription}

    def unsubscribe(self, params: Mapping[str, object], now: Instant) -> object:
        if self.subscription is None or params.get("subscriptionId", self.subscription) != self.subscription:
            raise BinanceError(-2036, "User Data Stream subscription not active.")
        self.subscription = None
        return {}

    def _answer(self, body: dict[str, object]) -> bytes:
        if self._rate_limits:
            body["rateLimits"] = RATE_LIMITS
        return orjson.dumps(body)

    def _failure(self, number: object, error: BinanceError) -> bytes:
        return self._answer(
            {"id": number, "status": error.status, "error": {"code": error.code, "msg": error.msg}}
        )


def _time(session: WsApiSession, params: Mapping[str, object], now: Instant) -> object:
    return {"serverTime": now.unix_ms}


def _ping(session: WsApiSession, params: Mapping[str, object], now: Instant) -> object:
    return {}


def _status(session: WsApiSession, params: Mapping[str, object], now: Instant) -> object:
    return {
        "apiKey": None,
        "authorizedSince": None,
        "connectedSince": now.unix_ms,
        "returnRateLimits": True,
        "serverTime": now.unix_ms,
        "userDataStream": session.subscription is not None,
    }


def _needs_session(session: WsApiSession, params: Mapping[str, object], now: Instant) -> object:
    # session.logon takes Ed25519 keys only, and the key served here is an HMAC one.
    raise BinanceError(-4056, "HMAC_SHA256 API key is not supported.")


_METHODS: dict[str, Method] = {
    "ping": _ping,
    "time": _time,
    "session.status": _status,
    "session.logon": _needs_session,
    "userDataStream.subscribe": _needs_session,
    "userDataStream.subscribe.signature": WsApiSession.subscribe,
    "userDataStream.unsubscribe": WsApiSession.unsubscribe,
}


def open_ws_api(path: str, credentials: Credentials) -> WsApiSession | None:
    route, _, query = path.partition("?")
    if route != "/ws-api/v3":
        return None
    return WsApiSession(credentials, rate_limits="returnRateLimits=false" not in query.split("&"))
