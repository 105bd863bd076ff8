"""One Binance market-data connection without its socket: what it wants, how it is answered and fed."""

from urllib.parse import unquote

import orjson

from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message, Subscriptions
from arb.simexchange.rates import RollingSecond

MAX_STREAMS = 1024
SPOT_INCOMING = 5  # messages a second a client may send
USDM_INCOMING = 10


class BinanceSession:
    """`/ws/<a>/<b>` feeds raw payloads, `/stream?streams=a/b` wraps them in {"stream":…,"data":…}.

    A silent session (a USD-M path without a route, where the venue connects and then delivers nothing)
    acknowledges what it is asked and never sends data.
    """

    def __init__(
        self,
        wanted: Subscriptions,
        streams: list[str],
        *,
        combined: bool,
        silent: bool = False,
        per_second: int = SPOT_INCOMING,
    ) -> None:
        self.streams: dict[str, None] = {}
        self.combined = combined
        self._silent = silent
        self._wanted = wanted
        self._incoming = RollingSecond(per_second)
        self._subscribe(streams)

    @property
    def feeds(self) -> dict[str, None]:
        """Streams that really reach this connection."""
        return {} if self._silent else self.streams

    def allows(self, now: Instant) -> bool:
        """Count one incoming message: PING, PONG and JSON alike; over the limit the venue disconnects."""
        return self._incoming.take(now)

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        """The answer to a control frame."""
        return [self._answer(text)]

    def _answer(self, text: bytes) -> bytes:
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return _error(3, f"Invalid JSON: {error}", None)
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _error(2, "Invalid request: missing field `method`", None)
        number = request.get("id")
        params = request.get("params", [])
        method = request["method"]
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
                return _error(2, "Invalid request: request must have field `params` of strings", number)
            if method == "SUBSCRIBE":
                if len(self.streams) + len(params) > MAX_STREAMS:
                    return _error(2, "Invalid request: too many streams", number)
                self._subscribe(params)
            else:
                self._unsubscribe(params)
            return orjson.dumps({"result": None, "id": number})
        if method == "LIST_SUBSCRIPTIONS":
            return orjson.dumps({"result": list(self.streams), "id": number})
        if (
            method == "SET_PROPERTY"
            and isinstance(params, list)
            and params[:1] == ["combined"]
            and isinstance(params[-1], bool)
        ):
            self.combined = params[-1]
            return orjson.dumps({"result": None, "id": number})
        return _error(2, f"Invalid request: unknown variant `{method}`", number)

    def wrap(self, message: Message) -> bytes:
        if not self.combined:
            return message.payload
        return b'{"stream":"' + message.stream.encode() + b'","data":' + message.payload + b"}"

    def close(self) -> None:
        self._unsubscribe(list(self.streams))

    def _subscribe(self, streams: list[str]) -> None:
        for name in streams:
            if name not in self.streams:
                self.streams[name] = None
                if not self._silent:
                    self._wanted.add(name)

    def _unsubscribe(self, streams: list[str]) -> None:
        for name in streams:
            if name in self.streams:
                del self.streams[name]
                if not self._silent:
                    self._wanted.remove(name)


def _error(code: int, message: str, number: object) -> bytes:
    return orjson.dumps({"code": code, "msg": message, "id": number})


def open_session(path: str, wanted: Subscriptions, *, is_spot: bool) -> BinanceSession | None:
    """The session of an upgrade path, or None for a path that is not served."""
    route, _, query = path.partition("?")
    silent = False
    per_second = SPOT_INCOMING if is_spot else USDM_INCOMING
    if not is_spot:
        head, _, rest = route.lstrip("/").partition("/")
        if head in ("market", "private"):
            silent, route = True, "/" + rest
        elif head == "public":
            route = "/" + rest
        else:
            silent = True  # the un-routed paths of old connect and stay silent
    if route == "/stream":
        fields = dict(pair.partition("=")[::2] for pair in query.split("&"))
        names = [unquote(name) for name in fields.get("streams", "").split("/") if name]
        return BinanceSession(wanted, names, combined=True, silent=silent, per_second=per_second)
    if route == "/ws" or route.startswith("/ws/"):
        # A word without "@" names no stream; clients use it for a connection they subscribe on later.
        names = [unquote(name) for name in route[4:].split("/") if "@" in unquote(name)]
        return BinanceSession(wanted, names, combined=False, silent=silent, per_second=per_second)
    return None
