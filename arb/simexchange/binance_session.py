"""One Binance market-data connection without its socket: what it wants, how it is answered and fed."""

from collections.abc import Callable, Mapping
from urllib.parse import unquote

import orjson

from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message, Subscriptions
from arb.simexchange.rates import RollingSecond
from arb.simexchange.spec import SPOT

MAX_STREAMS = 1024
SPOT_INCOMING = 5  # messages a second a client may send
USDM_INCOMING = 10
# What the USD-M route /public delivers; everything else comes on /market.
_PUBLIC_STREAMS = ("bookTicker", "depth", "rpiDepth")


def _of_public(stream: str) -> bool:
    return stream == "!bookTicker" or stream.partition("@")[2].startswith(_PUBLIC_STREAMS)


class BinanceSession:
    """`/ws/<a>/<b>` feeds raw payloads, `/stream?streams=a/b` wraps them in {"stream":…,"data":…}.

    What a route does not deliver (`delivers`; USD-M paths without a route deliver nothing at all) is
    acknowledged and never sent. `cut` gives the streams that have windows (`has_windows`) a cut of their own.
    """

    is_private = False

    def __init__(
        self,
        wanted: Subscriptions,
        streams: list[str],
        *,
        combined: bool,
        market: str = SPOT,
        delivers: Callable[[str], bool] = lambda stream: True,
        cut: int = 0,
        has_windows: Callable[[str], bool] = lambda stream: False,
    ) -> None:
        self.streams: dict[str, None] = {}
        self.combined = combined
        self.market = market
        self._delivers = delivers
        self._cut = cut
        self._has_windows = has_windows
        self._wanted = wanted
        self._incoming = RollingSecond(SPOT_INCOMING if market == SPOT else USDM_INCOMING)
        self._subscribe(streams)

    @property
    def feeds(self) -> dict[str, None]:
        """Streams that really reach this connection."""
        return dict.fromkeys(map(self._internal, filter(self._delivers, self.streams)))

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
        return b'{"stream":"' + message.name.encode() + b'","data":' + message.payload + b"}"

    def close(self) -> None:
        self._unsubscribe(list(self.streams))

    def _internal(self, name: str) -> str:
        return f"{name}#{self._cut}" if self._cut and self._has_windows(name) else name

    def _subscribe(self, streams: list[str]) -> None:
        for name in streams:
            if name not in self.streams:
                self.streams[name] = None
                if self._delivers(name):
                    self._wanted.add(self._internal(name))

    def _unsubscribe(self, streams: list[str]) -> None:
        for name in streams:
            if name in self.streams:
                del self.streams[name]
                if self._delivers(name):
                    self._wanted.remove(self._internal(name))


def _error(code: int, message: str, number: object) -> bytes:
    return orjson.dumps({"code": code, "msg": message, "id": number})


def open_session(
    path: str,
    wanted: Subscriptions,
    market: str,
    cut: int = 0,
    has_windows: Callable[[str], bool] = lambda stream: False,
) -> BinanceSession | None:
    """The session of an upgrade path, or None for a path that is not served."""
    route, _, query = path.partition("?")
    delivers: Callable[[str], bool] = _everything
    if market != SPOT:
        head, _, rest = route.lstrip("/").partition("/")
        delivers = _ROUTES.get(head, _nothing)  # the un-routed paths of old connect and stay silent
        if head in _ROUTES:
            route = "/" + rest
    if route == "/stream":
        fields = dict(pair.partition("=")[::2] for pair in query.split("&"))
        names = [unquote(name) for name in fields.get("streams", "").split("/") if name]
    elif route == "/ws" or route.startswith("/ws/"):
        # A word without "@" names no stream; clients use it for a connection they subscribe on later.
        names = [unquote(name) for name in route[4:].split("/") if "@" in unquote(name)]
    else:
        return None
    return BinanceSession(
        wanted,
        names,
        combined=route == "/stream",
        market=market,
        delivers=delivers,
        cut=cut,
        has_windows=has_windows,
    )


def _everything(stream: str) -> bool:
    return True


def _nothing(stream: str) -> bool:
    return False


_ROUTES: Mapping[str, Callable[[str], bool]] = {
    "public": _of_public,
    "market": lambda stream: not _of_public(stream),
    "private": _nothing,  # the account's stream is not served
}
