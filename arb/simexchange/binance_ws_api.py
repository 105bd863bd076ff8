"""One WS-API connection, spot or USD-M: requests by method name, a logged-on key, the account's events."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.binance_auth import check_window, check_ws, find_key, ws_texts
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Call, Desk, Need, Params, Reply
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message
from arb.simexchange.spec import SPOT

PEER = "127.0.0.1"  # every client of the simulator: the pool of an IP is shared with its REST requests
CONNECT_WEIGHT = 2


@dataclass(frozen=True, slots=True)
class WsApi:
    """What all connections of one market share. `methods` are names of the desk's calls; `before()` is called
    ahead of each request."""

    desk: Desk
    keys: KeyStore
    counts: OrderCounts
    methods: frozenset[str]
    before: Callable[[], None]


class WsApiSession:
    """One connection. `subscription` is its id while it gets user data (spot)."""

    is_private = True

    def __init__(self, api: WsApi, *, rate_limits: bool = True) -> None:
        self.market = api.desk.market
        self.subscription: int | None = None
        self.key: ApiKey | None = None  # logged on
        self._api = api
        self._rate_limits = rate_limits
        self._next_subscription = 0
        self._connected_ms: int | None = None
        self._authorised_ms: int | None = None
        self._calls = {
            "session.logon": Call(lambda params, now: self._logon(params, now), 2),
            "session.status": Call(lambda params, now: self._status(now), 2),
            "session.logout": Call(lambda params, now: self._logout(now), 2),
        }
        if self.market == SPOT:
            self._calls |= {
                "userDataStream.subscribe": Call(lambda params, now: self._subscribe(), 2, Need.READ),
                "userDataStream.subscribe.signature": Call(
                    lambda params, now: self._subscribe(), 2, Need.READ
                ),
                "userDataStream.unsubscribe": Call(lambda params, now: self._unsubscribe(params), 2),
            }

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        """Answers, in order, to one request frame."""
        if self._connected_ms is None:
            self._connected_ms = now.unix_ms
            self._api.desk.weights.add(PEER, CONNECT_WEIGHT, now)
        self._api.before()
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            return [self._failure(None, "Malformed JSON request.", now)]
        if not isinstance(request, dict):
            return [self._failure(None, "Malformed request.", now)]
        number, params, method = request.get("id"), request.get("params") or {}, str(request.get("method"))
        call = self._calls.get(method)
        if call is None and method in self._api.methods:
            call = self._api.desk.calls[method]
        if call is None:
            return [self._failure(number, f"Unknown method '{method}'.", now)]
        if not isinstance(params, dict):
            return [self._failure(number, "Malformed params.", now)]
        had = self.subscription
        texts = ws_texts(params)
        shows_limits = self._rate_limits and texts.get("returnRateLimits") != "false"
        reply = self._api.desk.serve(call, texts, PEER, now, lambda need: self._identify(need, texts, now))
        answers = [self._print(number, reply, call, now, shows_limits)]
        if had is not None and self.subscription is None:
            answers.append(_terminated(had, now))
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

    def revoke(self, now: Instant) -> list[bytes]:
        """End logon and subscription from the venue's side, as for a deleted key; the frames that say so."""
        frames = []
        if self.key is not None:
            self.key = self._authorised_ms = None
            error = _error_body(errors.not_permitted())
            frames.append(orjson.dumps({"id": None, "status": 401, "error": error}))
        if self.subscription is not None:
            frames.append(_terminated(self.subscription, now))
            self.subscription = None
        return frames

    def _identify(self, need: Need, texts: Params, now: Instant) -> ApiKey:
        """The key that the request names and is signed with, else the one that is logged on."""
        keys = self._api.keys
        if need is Need.KEY:
            return find_key(texts.get("apiKey"), keys) if self.key is None else self.key
        if self.key is None or "signature" in texts:
            return check_ws(texts, keys, now.arrived_ms)
        check_window(texts, now.arrived_ms)
        return self.key

    def _logon(self, params: Params, now: Instant) -> object:
        key = check_ws(params, self._api.keys, now.arrived_ms)
        if not key.is_ed25519:
            raise BinanceError(-4056, "HMAC_SHA256 API key is not supported.")
        self.key, self._authorised_ms = key, now.unix_ms
        return self._status(now)

    def _logout(self, now: Instant) -> object:
        self.key = self._authorised_ms = self.subscription = None
        return self._status(now)

    def _status(self, now: Instant) -> object:
        return {
            "apiKey": None if self.key is None else self.key.key,
            "authorizedSince": self._authorised_ms,
            "connectedSince": self._connected_ms,
            "returnRateLimits": self._rate_limits,
            "serverTime": now.unix_ms,
            "userDataStream": self.subscription is not None,
        }

    def _subscribe(self) -> object:
        if self.subscription is not None:
            raise BinanceError(-2035, "User Data Stream subscription already active.")
        self.subscription = self._next_subscription
        self._next_subscription += 1
        return {"subscriptionId": self.subscription}

    def _unsubscribe(self, params: Params) -> object:
        if self.subscription is None or params.get("subscriptionId", str(self.subscription)) != str(
            self.subscription
        ):
            raise BinanceError(-2036, "User Data Stream subscription not active.")
        self.subscription = None
        return {}

    def _print(self, number: object, reply: Reply, call: Call, now: Instant, shows_limits: bool) -> bytes:
        error = reply.error
        if reply.refusal is not None:
            fields = orjson.loads(reply.refusal.body)
            after = int(reply.refusal.headers["Retry-After"])
            error = BinanceError(fields["code"], fields["msg"], reply.refusal.status, after)
        if error is None:
            result = orjson.Fragment(reply.result) if isinstance(reply.result, bytes) else reply.result
            body: dict[str, object] = {"id": number, "status": 200, "result": result}
        else:
            details = _error_body(error)
            if error.retry_after_s is not None:
                until = now.unix_ms + 1_000 * error.retry_after_s
                details["data"] = {"serverTime": now.unix_ms, "retryAfter": until}
            body = {"id": number, "status": error.status, "error": details}
        if shows_limits:
            orders = self._api.counts.rows(now) if call.order == "place" else []
            body["rateLimits"] = [*orders, self._weight_row(now)]
        return orjson.dumps(body)

    def _failure(self, number: object, text: str, now: Instant) -> bytes:
        body = {"id": number, "status": 400, "error": _error_body(BinanceError(-1102, text))}
        return orjson.dumps(body | {"rateLimits": [self._weight_row(now)]} if self._rate_limits else body)

    def _weight_row(self, now: Instant) -> dict[str, object]:
        weights = self._api.desk.weights
        return {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": weights.limit,
            "count": weights.used(PEER, now),
        }


def _terminated(subscription: int, now: Instant) -> bytes:
    event = {"e": "eventStreamTerminated", "E": now.unix_ms}
    return orjson.dumps({"subscriptionId": subscription, "event": event})


def _error_body(error: BinanceError) -> dict[str, object]:
    return {"code": error.code, "msg": error.msg}


def open_ws_api(path: str, api: WsApi) -> WsApiSession | None:
    route, _, query = path.partition("?")
    if route != ("/ws-api/v3" if api.desk.market == SPOT else "/ws-fapi/v1"):
        return None
    return WsApiSession(api, rate_limits="returnRateLimits=false" not in query.split("&"))
