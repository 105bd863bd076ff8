"""One Bybit WebSocket connection without its socket: public topics of a category, or the private stream."""

from collections.abc import Mapping

import orjson

from arb.simexchange.api_keys import KeyStore
from arb.simexchange.bybit_auth import accepts_ws
from arb.simexchange.bybit_feed import BybitFeed
from arb.simexchange.bybit_trade import BybitTradeSession, TradeHall
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message
from arb.simexchange.spec import LINEAR, SPOT

SPOT_ARGS = 10  # most args of one spot subscribe request
CATEGORIES = (SPOT, LINEAR)
PRIVATE_TOPICS = ("order", "execution", "wallet", "position", "execution.fast", "greeks", "dcp")


def _request(text: bytes) -> dict[str, object]:
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return request if isinstance(request, dict) else {}


def _args(request: dict[str, object]) -> list[str] | None:
    args = request.get("args")
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        return None
    return args


class BybitPublicSession:
    """`/v5/public/{spot,linear}`: a connection's first message of a topic is a snapshot.

    `cut` gives its orderbook topics windows and a `u` of their own.
    """

    is_private = False

    def __init__(self, feed: BybitFeed, conn_id: str, cut: int = 0) -> None:
        self.streams: dict[str, None] = {}
        self.market = feed.market
        self._feed = feed
        self._conn_id = conn_id
        self._cut = cut

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        request = _request(text)
        op = request.get("op")
        if op == "ping":
            return [self._pong(request)]
        args = _args(request)
        if op not in ("subscribe", "unsubscribe") or args is None:
            return [self._ack(request, f"error:handler not found,topic:{op}")]
        if op == "unsubscribe":
            for topic in args:
                if topic in self.streams:
                    del self.streams[topic]
                    self._feed.wanted.remove(self._key(topic))
            return [self._ack(request)]
        if self._feed.market == SPOT and len(args) > SPOT_ARGS:
            return [self._ack(request, "args size >10")]
        for topic in args:
            if not self._feed.knows(topic):
                return [self._ack(request, f"Invalid topic: {topic}")]
            if topic in self.streams:
                return [self._ack(request, f"error:already subscribed,topic:{topic}")]
        answers = [self._ack(request)]
        for topic in args:
            if topic in self.streams:
                continue
            snapshot = self._feed.first(self._key(topic), now)
            self.streams[topic] = None
            self._feed.wanted.add(self._key(topic))
            if snapshot is not None:
                answers.append(snapshot)
        return answers

    @property
    def feeds(self) -> dict[str, None]:
        # Both categories come through one port: a topic alone would not tell them apart.
        return dict.fromkeys(self._feed.stream(self._key(topic)) for topic in self.streams)

    def _key(self, topic: str) -> str:
        return f"{topic}#{self._cut}" if self._cut and self._feed.has_windows(topic) else topic

    def allows(self, now: Instant) -> bool:
        return True

    def wrap(self, message: Message) -> bytes | None:
        return message.payload

    def close(self) -> None:
        for topic in self.streams:
            self._feed.wanted.remove(self._key(topic))
        self.streams.clear()

    def _pong(self, request: dict[str, object]) -> bytes:
        answer: dict[str, object] = {"success": True, "ret_msg": "pong", "conn_id": self._conn_id}
        if self._feed.market != SPOT:
            answer["req_id"] = request.get("req_id", "")
        return orjson.dumps(answer | {"op": "ping"})

    def _ack(self, request: dict[str, object], failure: str | None = None) -> bytes:
        success = "subscribe" if self._feed.market == SPOT else ""
        answer: dict[str, object] = {
            "success": failure is None,
            "ret_msg": success if failure is None else failure,
            "conn_id": self._conn_id,
        }
        if "req_id" in request or self._feed.market != SPOT:
            answer["req_id"] = request.get("req_id", "")
        return orjson.dumps(answer | {"op": request.get("op", "")})


class BybitPrivateSession:
    """`/v5/private`: auth first, then topics of the account, all-in-one or by category."""

    is_private = True
    market = ""

    def __init__(self, keys: KeyStore, conn_id: str) -> None:
        self.streams: dict[str, None] = {}
        self._keys = keys
        self._conn_id = conn_id
        self.logged_on = ""  # the key

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        request = _request(text)
        op = request.get("op")
        if op == "ping":
            answer: dict[str, object] = {"req_id": request["req_id"]} if "req_id" in request else {}
            return [
                orjson.dumps(answer | {"op": "pong", "args": [str(now.unix_ms)], "conn_id": self._conn_id})
            ]
        if op == "auth":
            key = accepts_ws(request.get("args"), self._keys, now)
            self.logged_on = "" if key is None else key.key
            return [self._ack(request, None if self.logged_on else "Params Error")]
        args = _args(request)
        if op not in ("subscribe", "unsubscribe") or args is None:
            return [self._ack(request, f"error:handler not found,topic:{op}")]
        if not self.logged_on:
            return [self._ack(request, "Request not authorized")]
        if op == "unsubscribe":
            for topic in args:
                for stream in _private_streams(topic):
                    self.streams.pop(stream, None)
            return [self._ack(request)]
        names = [topic.removesuffix(".spot").removesuffix(".linear") for topic in args]
        for topic, name in zip(args, names, strict=True):
            if name not in PRIVATE_TOPICS:
                return [self._ack(request, f"Invalid topic: {topic}")]
        if 0 < sum(topic != name for topic, name in zip(args, names, strict=True)) < len(args):
            return [self._ack(request, "all-in-one and categorised topics cannot be mixed")]
        self.streams.update(dict.fromkeys(stream for topic in args for stream in _private_streams(topic)))
        return [self._ack(request)]

    @property
    def feeds(self) -> dict[str, None]:
        return self.streams

    def allows(self, now: Instant) -> bool:
        return True

    def wrap(self, message: Message) -> bytes | None:
        return message.payload

    def close(self) -> None:
        self.streams.clear()

    def _ack(self, request: dict[str, object], failure: str | None = None) -> bytes:
        answer: dict[str, object] = {
            "success": failure is None,
            "ret_msg": failure or "",
            "op": request.get("op", ""),
        }
        if "req_id" in request:
            answer["req_id"] = request["req_id"]
        return orjson.dumps(answer | {"conn_id": self._conn_id})


def _private_streams(topic: str) -> list[str]:
    """All-in-one topics are those of all categories; the wallet has none. Messages carry the plain name."""
    name, _, category = topic.rpartition(".")
    if category in CATEGORIES or topic == "wallet":
        return ["wallet" if "wallet" in (topic, name) else topic]
    return [f"{topic}.{category}" for category in CATEGORIES]


def open_bybit(
    path: str, feeds: Mapping[str, BybitFeed], hall: TradeHall, conn_id: str, cut: int = 0
) -> BybitPublicSession | BybitPrivateSession | BybitTradeSession | None:
    """The session of an upgrade path, or None for a path that is not served."""
    route = path.partition("?")[0]
    if route == "/v5/private":
        return BybitPrivateSession(hall.desk.keys, conn_id)
    if route == "/v5/trade":
        return BybitTradeSession(hall, conn_id)
    market = route.removeprefix("/v5/public/")
    if market != route and market in feeds:
        return BybitPublicSession(feeds[market], conn_id, cut)
    return None
