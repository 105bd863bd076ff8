"""Binance over HTTP: which path and method is which call, of which market; statuses and headers."""

from collections.abc import Mapping

import orjson

from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.binance_auth import check_rest, params_of, rest_key
from arb.simexchange.binance_counts import OrderCounts
from arb.simexchange.binance_desk import Desk, Need
from arb.simexchange.binance_routes import ROUTES
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request, Response

NOT_FOUND = Response(404, b"<html><body>404 Not found</body></html>", {"Content-Type": "text/html"})


class BinanceRest:
    """One port for all markets; what is not served is 404, as the venue answers."""

    def __init__(self, desks: Mapping[str, Desk], counts: Mapping[str, OrderCounts], keys: KeyStore) -> None:
        self._desks = desks
        self._counts = counts
        self._keys = keys

    def handle(self, request: Request, now: Instant) -> Response:
        market, name = ROUTES.get((request.method, request.path), ("", ""))
        desk = self._desks.get(market)
        if desk is None:
            return NOT_FOUND
        params = params_of(request)

        def identify(need: Need) -> ApiKey:
            if need is Need.KEY:
                return rest_key(request, self._keys)
            key = check_rest(request, params, self._keys, now.arrived_ms)
            params["apiKey"] = key.key  # as it is among the parameters of the WS-API
            return key

        reply = desk.serve(desk.calls[name], params, request.peer, now, identify)
        if reply.refusal is not None:
            return reply.refusal
        headers = {"X-MBX-USED-WEIGHT-1M": str(desk.weights.used(request.peer, now))}
        if request.method == "POST":
            headers |= self._counts[market].headers(now)
        error = reply.error
        if error is None:
            body = reply.result if isinstance(reply.result, bytes) else orjson.dumps(reply.result)
            return Response(200, body, headers)
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
        return Response(error.status, error.body(), headers)
