"""Whatever the connections do: each order that left ends exactly once, and none leaves twice."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from arb.venues.base import Failure, Lane
from arb.venues.binance.errors import SPOT_ERRORS, USDM_ERRORS
from arb.venues.errors import Transport

from .binance_setup import SPOT_SYMBOL, USDM_SYMBOL, order, spot, usdm
from .test_binance_channel import U_ORDER
from .test_orders import FULL

ENDS = {"not_sent", "ack", "reject", "unknown"}
CODES = sorted(
    {row.code for t in (SPOT_ERRORS, USDM_ERRORS) for row in t.rows if row.transport is Transport.ws}
)
STEP = st.one_of(
    st.sampled_from(["place", "place", "answer", "open", "cut", "tick", "wait", "cancel", "query", "bye"]),
    st.tuples(st.just("error"), st.sampled_from(CODES), st.sampled_from([400, 401, 418, 429, 500, 503])),
    st.tuples(st.just("break"), st.sampled_from(list(Failure)), st.booleans()),
    st.sampled_from(
        [("garbage", b"{"), ("garbage", b'{"id":2,"status":200}'), ("garbage", b'{"status":"x"}')]
    ),
)


class World:
    def __init__(self, make: Any, symbol: str) -> None:
        self.bench = make(order_timeout_s=3.0, channel_life_s=40.0)
        self.symbol = symbol
        self.placed: list[str] = []
        self.full = FULL if make is spot else U_ORDER
        self.measure_all()

    def measure_all(self) -> None:
        """The clock is always answered, so that entries are not held for ever."""
        for exchange in list(self.bench.http.open):
            if "/time" in exchange.request.url:
                now_ms = 1_700_000_000_000 + self.bench.clock.ns // 1_000_000
                self.bench.http.answer("/time", {"serverTime": now_ms})

    def step(self, step: Any) -> None:
        bench, http = self.bench, self.bench.http
        socket = bench.sockets.last
        live = socket.opened and not socket.closed and not socket.dead
        kind, *more = step if isinstance(step, tuple) else (step,)
        if kind == "place":
            coid = f"a{len(self.placed)}"
            lane = Lane.hedge if len(self.placed) % 3 else Lane.entry
            if bench.orders.place(order(coid, self.symbol, lane=lane)) is None:
                self.placed.append(coid)
        elif kind in ("cancel", "query") and self.placed:
            getattr(bench.orders, kind)(self.placed[-1], self.symbol)
        elif kind == "open" and not socket.opened and not socket.dead and not socket.closed:
            socket.open()
        elif kind == "cut" and not socket.closed:
            socket.end()
        elif kind == "bye" and live:
            socket.say({"event": {"e": "serverShutdown", "E": 1}})
        elif kind == "garbage" and live:
            socket.say(more[0])
        elif kind in ("tick", "wait"):
            bench.clock.advance(0.05 if kind == "tick" else 4.0)
        elif kind in ("answer", "error"):
            self.answer(kind, more, live)
        elif kind == "break" and http.open:
            http.fail(http.open[0].request.url, more[0], sent=more[1])
        self.measure_all()

    def answer(self, kind: str, more: list[Any], live: bool) -> None:
        bench, http = self.bench, self.bench.http
        socket = bench.sockets.last
        if http.open:
            request = http.open[0].request
            coid = "".join(
                c for c in self.placed if f"newClientOrderId={c}&".encode() in (request.body or b"")
            )
            if kind == "answer":
                http.answer(request.url, {**self.full, "clientOrderId": coid})
            else:
                http.answer(request.url, {"code": more[0], "msg": ""}, more[1])
        elif live and socket.sent:
            frame = socket.sent[len(socket.sent) // 2]
            coid = frame["params"].get("newClientOrderId", "")
            if kind == "answer":
                socket.say({"id": frame["id"], "status": 200, "result": {**self.full, "clientOrderId": coid}})
            else:
                socket.say({"id": frame["id"], "status": more[1], "error": {"code": more[0], "msg": ""}})

    def finish(self) -> None:
        self.bench.clock.advance(5.0)
        self.bench.orders.stop()
        self.bench.clock.advance(0.0)
        while self.bench.http.open:
            self.bench.http.fail("", Failure.timeout)
            self.measure_all()

    def check(self) -> None:
        log = self.bench.events.log
        for coid in self.placed:
            own = [e[0] for e in log if e[0] in ENDS | {"sent"} and e[1] == coid]
            ends = [name for name in own if name in ENDS]
            assert len(ends) == 1, own
            assert own == (ends if ends == ["not_sent"] else ["sent", *ends]), own
        left = [
            frame["params"]["newClientOrderId"]
            for socket in self.bench.sockets.sockets
            for frame in socket.sent
            if frame["method"] == "order.place"
        ]
        left += [
            part.partition("=")[2]
            for request in self.bench.http.requests
            if request.method == "POST"
            for part in (request.body or b"").decode().split("&")
            if part.startswith("newClientOrderId=")
        ]
        assert sorted(left) == sorted(self.placed), "an order left twice, or one that was refused left"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([(spot, SPOT_SYMBOL), (usdm, USDM_SYMBOL)]), st.lists(STEP, max_size=50))
def test_every_order_ends_once_and_leaves_once(market: tuple[Any, str], steps: list[Any]) -> None:
    world = World(*market)
    for step in steps:
        world.step(step)
    world.finish()
    world.check()
