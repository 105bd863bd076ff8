"""Carries requests of the account to the venues and what they answer back, as the faults of the day have it.

The log of orders learns here by which transport a request came and when.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from arb.simexchange.connection import Connection
from arb.simexchange.frames import Mangling
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.messages import Ending, Request, Response
from arb.simexchange.order_calls import REST, WS, OrderCall, rest_call, ws_call
from arb.simexchange.order_faults import NORMAL, OrderGate, Plan
from arb.simexchange.order_store import OrderStore

Serve = Callable[[Request, Instant], Response]
_Answer = TypeVar("_Answer")
_CUT = Response(500, b"", {}, Ending.RESET)


class Carrier:
    """One venue. `clock` is the venue's, `acted(now)` is told of what may have changed the account."""

    def __init__(
        self,
        venue: str,
        gate: OrderGate,
        stores: Mapping[str, OrderStore],
        clock: Callable[[], Instant],
        acted: Callable[[Instant], None],
    ) -> None:
        self._venue = venue
        self._gate = gate
        self._stores = stores
        self._clock = clock
        self._acted = acted

    async def rest(self, request: Request, serve: Serve) -> Response:
        now = self._clock()
        if self._gate.is_idle:
            return self._rest(request, serve, now)
        call = rest_call(self._venue, request)
        plan = self._gate.plan(call, now)
        if not plan.is_accepted:
            return plan.answer or Response(500, b"", {}, plan.ending)
        if plan.delay_ns:
            loop = asyncio.get_running_loop()
            served: asyncio.Future[Response] = loop.create_future()

            def later() -> None:
                answer = self._planned(call, plan, self._late(now), lambda at: self._rest(request, serve, at))
                if not served.done():
                    served.set_result(answer)

            loop.call_later(plan.delay_ns / SECOND_NS, later)  # also when the client has gone meanwhile
            if plan.is_cut:
                return _CUT
            answer = await served
        else:
            answer = self._planned(call, plan, now, lambda at: self._rest(request, serve, at))
        if plan.answer is not None:
            return plan.answer
        return Response(answer.status, answer.body, answer.headers, plan.ending)

    def receive(self, connection: Connection, text: bytes, now: Instant) -> None:
        """One text frame of a connection of the account."""
        if self._gate.is_idle:
            self._send(connection, self._frames(connection, text, now), NORMAL)
            return
        call = ws_call(self._venue, connection.session.market, text)
        if call is None:
            self._send(connection, self._frames(connection, text, now), NORMAL)
            return
        plan = self._gate.plan(call, now)
        if not plan.is_accepted:
            self._send(connection, [], plan)
        elif plan.delay_ns:

            def later() -> None:
                frames = self._planned(
                    call, plan, self._late(now), lambda at: self._frames(connection, text, at)
                )
                if not plan.is_cut:
                    self._send(connection, frames, plan)

            asyncio.get_running_loop().call_later(plan.delay_ns / SECOND_NS, later)
            if plan.is_cut:
                connection.reset()
        else:
            frames = self._planned(call, plan, now, lambda at: self._frames(connection, text, at))
            self._send(connection, frames, plan)

    def _late(self, came: Instant) -> Instant:
        now = self._clock()
        return now._replace(late_ns=now.unix_ns - came.unix_ns)

    def _planned(
        self, call: OrderCall, plan: Plan, now: Instant, work: Callable[[Instant], _Answer]
    ) -> _Answer:
        with self._gate.acting(call, plan, now):
            return work(now)

    def _rest(self, request: Request, serve: Serve, now: Instant) -> Response:
        with self._logging(REST, now):
            answer = serve(request, now)
        if request.method != "GET":
            self._acted(now)
        return answer

    def _frames(self, connection: Connection, text: bytes, now: Instant) -> list[bytes]:
        with self._logging(WS, now):
            return connection.session.answer(text, now)

    @contextmanager
    def _logging(self, transport: str, now: Instant) -> Iterator[None]:
        before = [(store, len(store.log)) for store in self._stores.values()]
        yield
        for store, count in before:
            for entry in store.log[count:]:
                entry.transport, entry.recv_ns = transport, now.mono_ns - now.late_ns
                if transport == WS:
                    self._acted(now)

    def _send(self, connection: Connection, frames: list[bytes], plan: Plan) -> None:
        if plan.answer is not None:
            connection.send(plan.answer.body)
        elif plan.ending is Ending.SENT:
            for frame in frames:
                connection.send(frame)
        elif plan.ending is Ending.RESET:
            connection.reset()
        elif plan.ending is Ending.CLOSE:
            connection.finish()
        elif plan.ending is Ending.HALF:
            for frame in frames[:1]:
                connection.send_mangled(_HALF, frame)


_HALF = Mangling(
    kind="truncated",
    most=0,
    then="close",
    seed=0,
    length=0,
    pieces=0,
    declared_bytes=0,
    sent_bytes=0,
    text="",
)
