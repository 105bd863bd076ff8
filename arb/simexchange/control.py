"""The control API: exact accounts, marks, order log, market hash, faults, limits, stop; JSON over HTTP."""

from collections.abc import Callable
from urllib.parse import parse_qs

import orjson

from arb.simexchange.amounts import plain
from arb.simexchange.fault_kinds import kinds_as_json
from arb.simexchange.fault_params import FaultError
from arb.simexchange.faults import Faults
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
    ) -> None:
        self._world = world
        self._faults = faults
        self._clock = clock
        self._stop = stop
        self._changed = changed

    async def handle(self, request: Request) -> Response:
        method, path = request.method, request.path
        if method == "GET":
            views: dict[str, Callable[[], object]] = {
                "/accounts": self.accounts,
                "/marks": lambda: {name: plain(mark) for name, mark in self._world.marks().items()},
                "/orders": lambda: [entry.as_json() for entry in self._world.order_log()],
                "/market": self._world.market_facts,
                "/faults/kinds": kinds_as_json,
                "/limits": self.limits,
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
        if method == "POST" and path == "/limits":
            return self._set_limits(request.body)
        if method == "POST" and path == "/stop":
            self._stop()
            return _json({"stopping": True})
        return _json({"error": f"{method} {path}: no such route"}, 404)

    def accounts(self) -> object:
        """Per venue and asset `free`, `locked`, `total` and `fees` taken so far, as exact decimal strings."""
        return {
            name: {
                asset: {
                    "free": plain(venue.account.free[asset]),
                    "locked": plain(venue.account.locked[asset]),
                    "total": plain(venue.account.total(asset)),
                    "fees": plain(venue.account.fees[asset]),
                }
                for asset in venue.account.assets
            }
            for name, venue in self._world.venues.items()
        }

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

    def _add_fault(self, body: str) -> Response:
        try:
            fault = self._faults.add(orjson.loads(body), self._clock())
        except orjson.JSONDecodeError:
            return _json({"error": "the body is no JSON"}, 400)
        except FaultError as error:
            return _json({"error": str(error)}, 400)
        self._changed()
        return _json(fault.as_json())

    def limits(self) -> object:
        """Request weight by market of Binance: the limit, what leads to a ban, what each IP has used."""
        now = self._clock()
        return {
            "binance": {
                market: weights.as_json(now) for market, weights in self._world.binance.limits.items()
            }
        }

    def _set_limits(self, body: str) -> Response:
        """{"venue":"binance","market","limit","ban_after","ban_seconds","forgive":true}, all but the first
        two as wanted."""
        try:
            fields = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _json({"error": "the body is no JSON"}, 400)
        if not isinstance(fields, dict) or fields.pop("venue", "binance") != "binance":
            return _json({"error": "venue: only binance counts weight"}, 400)
        weights = self._world.binance.limits.get(fields.pop("market", "spot"))
        if weights is None:
            return _json({"error": f"market: must be one of {', '.join(self._world.binance.limits)}"}, 400)
        forgive = fields.pop("forgive", False)
        for name, value in fields.items():
            if name not in ("limit", "ban_after", "ban_seconds"):
                return _json({"error": f"{name}: unknown field"}, 400)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
                return _json({"error": f"{name}: must be an integer, not negative"}, 400)
        for name, value in fields.items():
            setattr(weights, name, value)
        if forgive:
            weights.forgive()
        return _json(weights.as_json(self._clock()))


def _json(value: object, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value))
