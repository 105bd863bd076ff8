"""Bybit v5 REST: routes, signatures, limits and headers. Business errors come under HTTP 200."""

from arb.simexchange.bybit_auth import check, check_rights, limit_headers
from arb.simexchange.bybit_desk import BybitDesk
from arb.simexchange.bybit_errors import RATE_LIMIT, BybitError, envelope
from arb.simexchange.bybit_params import body, query
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request, Response

_POSTED = (
    "order.create",
    "order.amend",
    "order.cancel",
    "order.cancel-all",
    "order.create-batch",
    "order.amend-batch",
    "order.cancel-batch",
    "position.set-leverage",
    "position.switch-mode",
)


def route_of(name: str) -> tuple[str, str]:
    """Method and path of a call."""
    return ("POST" if name in _POSTED else "GET", "/v5/" + name.replace(".", "/"))


class BybitRest:
    def __init__(self, desk: BybitDesk) -> None:
        self._desk = desk
        self._names = {route_of(name): name for name in desk.calls}

    def handle(self, request: Request, now: Instant) -> Response:
        self._desk.before()
        headers: dict[str, str] = {}
        try:
            name = self._names.get((request.method, request.path))
            if name is None:
                raise BybitError(10017, "Route not found.")
            reads = request.method == "GET"
            if self._desk.calls[name].is_public:
                return envelope(self._desk.serve(name, query(request), None, now), now.unix_ms)
            key = check(request, self._desk.keys, now.arrived_ms)
            params = query(request) if reads else body(request)
            check_rights(key, request.peer, str(params.get("category")), now, reads=reads)
            window, is_allowed = self._desk.take(name, params, now)
            headers = limit_headers(window, now)
            if not is_allowed:
                raise BybitError(*RATE_LIMIT)
            answer = self._desk.serve(name, params, key, now)
            return envelope(answer, now.unix_ms, headers=limit_headers(window, now))
        except BybitError as error:
            return envelope(error.result, now.unix_ms, error.code, error.msg, headers)
