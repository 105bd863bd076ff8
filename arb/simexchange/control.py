"""The control API: JSON over HTTP about the world, its faults and, in control_account.py, its accounts."""

from collections.abc import Callable
from urllib.parse import parse_qs

import orjson

from arb.simexchange.amounts import plain
from arb.simexchange.control_account import AccountControl
from arb.simexchange.fault_kinds import kinds_as_json
from arb.simexchange.fault_params import FaultError
from arb.simexchange.faults import Faults
from arb.simexchange.fields import FieldError, Fields
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request, Response
from arb.simexchange.world import World


class Control:
    """Routes of one world. `stop` is called after POST /stop was answered, `changed` when faults changed."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        clock: Callable[[], Instant],
        stop: Callable[[], None],
        changed: Callable[[], None],
        account: AccountControl,
    ) -> None:
        self._account = account
        self._world = world
        self._faults = faults
        self._clock = clock
        self._stop = stop
        self._changed = changed

    async def handle(self, request: Request) -> Response:
        method, path = request.method, request.path
        if method == "GET":
            views: dict[str, Callable[[], object]] = {
                "/accounts": self._account.accounts,
                "/positions": self._account.positions,
                "/keys": self._account.keys,
                "/marks": lambda: {name: plain(mark) for name, mark in self._world.marks().items()},
                "/orders": lambda: [entry.as_json() for entry in self._world.order_log()],
                "/market": self._world.market_facts,
                "/faults/kinds": kinds_as_json,
                "/limits": self._account.limits,
                "/faults": lambda: [fault.as_json() for fault in self._faults.faults.values()],
            }
            if path in views:
                return _json(views[path]())
        if method == "GET" and path.startswith("/books/"):
            return self._book(path.split("/")[2:], request)
        if method == "POST" and path == "/faults":
            return self._add_fault(request.body)
        if path.startswith("/faults/") and path[8:].isdecimal() and method in ("GET", "DELETE"):
            number = int(path[8:])
            if method == "DELETE":
                self._faults.end(number, self._clock())
                self._changed()
            fault = self._faults.faults.get(number)
            return _json({"error": "no such fault"}, 404) if fault is None else _json(fault.as_json())
        changes: dict[str, Callable[[Fields], object]] = {
            "/limits": self._account.set_limits,
            "/keys": self._account.add_key,
            "/orders/foreign": self._account.foreign_order,
            "/fees": self._account.set_fees,
        }
        if method == "POST" and path in changes:
            return self._change(changes[path], request.body)
        if method == "DELETE" and path.startswith("/keys/"):
            revoked = self._account.revoke_key(path.removeprefix("/keys/"))
            return _json(revoked, 200 if revoked else 404)
        if method == "POST" and path == "/stop":
            self._stop()
            return _json({"stopping": True})
        return _json({"error": f"{method} {path}: no such route"}, 404)

    def _book(self, words: list[str], request: Request) -> Response:
        """/books/{venue}_{market}/{symbol}/{id}?levels=N: the book as it was at that id, null where that is
        too long ago or has not been yet."""
        venue, _, market = words[0].partition("_")
        books = self._world.venues[venue].books.get(market, {}) if venue in self._world.venues else {}
        if len(words) != 3 or words[1] not in books or not words[2].isdecimal():
            return _json({"error": "/books/{venue}_{market}/{symbol}/{id}"}, 404)
        book, number = books[words[1]], int(words[2])
        if not book.oldest_id <= number <= book.last_id:
            return _json(None)
        wanted = parse_qs(request.query).get("levels", ["20"])[0]
        sides = zip(("bids", "asks"), book.at(number, int(wanted) if wanted.isdecimal() else 20), strict=True)
        return _json(
            {name: [[plain(price), plain(qty)] for price, qty in side.items()] for name, side in sides}
        )

    @staticmethod
    def _change(change: Callable[[Fields], object], body: str) -> Response:
        try:
            return _json(change(Fields(body)))
        except FieldError as error:
            return _json({"error": str(error)}, 400)

    def _add_fault(self, body: str) -> Response:
        try:
            fault = self._faults.add(orjson.loads(body), self._clock())
        except orjson.JSONDecodeError:
            return _json({"error": "the body is no JSON"}, 400)
        except FaultError as error:
            return _json({"error": str(error)}, 400)
        self._changed()
        return _json(fault.as_json())


def _json(value: object, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value))
