"""One connection of Bybit's WebSocket order entry, `/v5/trade`: auth, then orders without a signature each.

An answer means accepted, no more; limits are those of REST, told in the header of each answer.
"""

import orjson

from arb.simexchange.api_keys import ApiKey
from arb.simexchange.bybit_auth import accepts_ws, check_rights, check_window, limit_headers
from arb.simexchange.bybit_desk import BATCHES, BybitDesk
from arb.simexchange.bybit_errors import RATE_LIMIT, BybitError, parts
from arb.simexchange.bybit_orders import Params
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message
from arb.simexchange.rates import OrderWindow
from arb.simexchange.spec import LINEAR, SPOT

OPS = ("order.create", "order.amend", "order.cancel", *BATCHES)
PEER = "127.0.0.1"
MOST_ID = 36  # characters of a reqId
ADDRESS_REQUESTS = 3_000  # a second, of all connections of the address
SESSION_REQUESTS = 500  # a second, of one connection
MOST_SESSIONS = 50  # logged on, of one account


class TradeHall:
    """What all order connections share. The limits are settable."""

    def __init__(self, desk: BybitDesk) -> None:
        self.desk = desk
        self.session_requests = SESSION_REQUESTS
        self.most_sessions = MOST_SESSIONS
        self.address = OrderWindow(ADDRESS_REQUESTS)
        self.sessions: set[BybitTradeSession] = set()  # logged on


class BybitTradeSession:
    is_private = True
    market = ""

    def __init__(self, hall: TradeHall, conn_id: str) -> None:
        self.logged_on = ""  # the key
        self._hall = hall
        self._conn_id = conn_id
        self._requests = OrderWindow(hall.session_requests)
        self._ids: set[str] = set()

    def answer(self, text: bytes, now: Instant) -> list[bytes]:
        self._hall.desk.before()
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            request = None
        if not isinstance(request, dict):
            return [self._short(10001, "Invalid JSON.", "")]
        op = str(request.get("op", ""))
        if op == "ping":
            return [self._short(0, "OK", "pong", data=[str(now.unix_ms)])]
        if op == "auth":
            return [self._auth(request.get("args"), now)]
        number = str(request.get("reqId", ""))
        window: OrderWindow | None = None
        try:
            key = self._admit(op, number, now)
            params = self._params(request, key, op, now)
            window, is_allowed = self._hall.desk.take(op, params, now)
            if not is_allowed:
                raise BybitError(*RATE_LIMIT)
            result, extra = parts(self._hall.desk.serve(op, params, key, now))
            code, msg = 0, "OK"
        except BybitError as error:
            result, extra, code, msg = error.result, {}, error.code, error.msg
        limits = {} if window is None else limit_headers(window, now)
        body = {
            "reqId": number,
            "retCode": code,
            "retMsg": msg,
            "op": op,
            "data": result,
            "retExtInfo": extra,
            "header": {**limits, "Traceid": f"{now.unix_ns:032x}", "Timenow": str(now.unix_ms)},
            "connId": self._conn_id,
        }
        return [orjson.dumps(body)]

    @property
    def feeds(self) -> dict[str, None]:
        return {}

    def allows(self, now: Instant) -> bool:
        return True

    def wrap(self, message: Message) -> bytes | None:
        return None

    def close(self) -> None:
        """What it has sent is still its own: an order may be on its way to the matching engine."""
        self._hall.sessions.discard(self)

    def _auth(self, args: object, now: Instant) -> bytes:
        """The expiry of `args` may be a number or a string."""
        if self.logged_on:
            return self._short(20001, "Repeat auth", "auth")
        key = accepts_ws(args, self._hall.desk.keys, now)
        if key is None:
            return self._short(10004, "Params Error", "auth")
        if len(self._hall.sessions) >= self._hall.most_sessions:
            return self._short(10003, "Too many sessions under the same UID", "auth")
        self.logged_on = key.key
        self._hall.sessions.add(self)
        return self._short(0, "OK", "auth")

    def _admit(self, op: str, number: str, now: Instant) -> ApiKey:
        """The key that is logged on, if the request may be looked at."""
        if not self._hall.address.take(now):
            raise BybitError(10403, "Too many requests under the same IP.")
        if not self._requests.take(now):
            raise BybitError(20003, "Too frequent requests under the same session")
        key = self._hall.desk.keys.find(self.logged_on)
        if key is None:
            raise BybitError(10005, "Permission denied, please check your API key permissions.")
        if op not in OPS:
            raise BybitError(10404, f"op type is not found: {op}")
        if len(number) > MOST_ID:
            raise BybitError(10001, "reqId is longer than 36 characters.")
        if number in self._ids:
            raise BybitError(20006, "reqId is duplicated")
        if number:
            self._ids.add(number)
        return key

    def _params(self, request: Params, key: ApiKey, op: str, now: Instant) -> Params:
        header, args = request.get("header"), request.get("args")
        if not isinstance(header, dict):
            raise BybitError(10001, "header is missing.")
        stamp, window = header.get("X-BAPI-TIMESTAMP", ""), header.get("X-BAPI-RECV-WINDOW", "5000")
        check_window(str(stamp), str(window), now.arrived_ms)
        if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
            raise BybitError(10001, "args is invalid.")
        params: Params = args[0]
        category = str(params.get("category"))
        if category not in (SPOT, LINEAR):
            raise BybitError(10404, f"category is not correct or not supported: {category}")
        check_rights(key, PEER, category, now, reads=False)
        return params

    def _short(self, code: int, msg: str, op: str, **more: object) -> bytes:
        return orjson.dumps({"retCode": code, "retMsg": msg, "op": op, **more, "connId": self._conn_id})
