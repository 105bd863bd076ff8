"""Faults of connections and listeners: reset, FIN, half-open, refused, a refused handshake, a shutdown."""

from collections.abc import Callable, Iterator, Mapping

import orjson

from arb.simexchange.connection import Connection
from arb.simexchange.fault_params import SOCKET
from arb.simexchange.faults import Fault, Faults, FaultState
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.messages import PRIVATE, PUBLIC, Message
from arb.simexchange.spec import BINANCE, SPOT
from arb.simexchange.stream_names import describe
from arb.simexchange.wire import Hub

SHUTDOWN_STREAM = "!serverShutdown"


class SocketFaults:
    """`run` applies what is due and ends what is over; call it often. `hubs` by (venue, market)."""

    def __init__(
        self, faults: Faults, hubs: Mapping[tuple[str, str], Hub], clock: Callable[[], Instant]
    ) -> None:
        self._faults = faults
        self._hubs = hubs
        self._clock = clock
        self._undo: dict[int, Callable[[], None]] = {}  # by fault, while it lasts

    def run(self) -> None:
        now = self._clock()
        for fault in list(self._faults.of(SOCKET)):
            if fault.state is FaultState.ACTIVE and now.mono_ns >= fault.until_ns:
                fault.finish(now)
            elif fault.is_due(now):
                self._apply(fault)
        for number in list(self._undo):
            if self._faults.faults[number].state is FaultState.DONE:
                self._undo.pop(number)()

    def _apply(self, fault: Fault) -> None:
        """Armed it stays while there is nothing it could act on."""
        if fault.kind in ("refused", "handshake_503"):
            hubs = list(self._ports(fault))
            for hub in hubs:
                if fault.kind == "refused":
                    hub.shut(fault.text("mode"))
                else:
                    hub.refuse_status = int(fault.number("status"))
            self._begin(fault, fault.duration_ns, lambda: _reopen(fault, hubs))
            return
        connections = list(self._connections(fault))
        if not connections:
            return
        if fault.kind == "half_open":
            for connection in connections:
                connection.freeze()
            self._begin(fault, fault.duration_ns, lambda: _each(connections, Connection.thaw))
        elif fault.kind == "shutdown":
            event = orjson.dumps({"e": "serverShutdown", "E": self._clock().unix_ms})
            notice = Message(BINANCE, SPOT, PUBLIC, "shutdown", "", SHUTDOWN_STREAM, event)
            for connection in connections:
                connection.send(connection.session.wrap(notice) or event)
            lead_ns = int(fault.number("lead_ms") * MILLISECOND_NS)
            self._begin(fault, lead_ns, lambda: _each(connections, Connection.finish))
        else:
            for connection in connections:
                if fault.kind == "reset":
                    connection.reset()
                else:
                    connection.finish(int(fault.number("code")))
            fault.fire(self._clock())

    def _begin(self, fault: Fault, duration_ns: int, undo: Callable[[], None]) -> None:
        fault.begin(self._clock(), duration_ns)
        self._undo[fault.fault_id] = undo

    def _ports(self, fault: Fault) -> Iterator[Hub]:
        seen: dict[Hub, None] = {}
        for (venue, market), hub in self._hubs.items():
            if fault.venue in ("", venue) and fault.market in ("", market):
                seen[hub] = None
        yield from seen

    def _connections(self, fault: Fault) -> Iterator[Connection]:
        most = int(fault.number("most")) if "most" in fault.params else 0
        taken = 0
        seen: dict[Hub, None] = {}
        for (venue, _), hub in self._hubs.items():
            if fault.venue not in ("", venue) or hub in seen:
                continue
            seen[hub] = None
            for connection in hub.matching(lambda connection: _concerns(fault, connection)):
                if most and taken >= most:
                    return
                taken += 1
                yield connection


def _concerns(fault: Fault, connection: Connection) -> bool:
    # By the sessions and not by the port: one of Bybit's serves all its markets.
    session = connection.session
    if fault.kind == "shutdown" and session.is_private:
        return False
    if fault.market and session.market and session.market != fault.market:
        return False
    if fault.channel in (PUBLIC, PRIVATE) and session.is_private != (fault.channel == PRIVATE):
        return False
    kind = "" if fault.channel in (PUBLIC, PRIVATE) else fault.channel
    if session.is_private:
        return not fault.symbol and (not kind or kind in connection.streams)
    if not kind and not fault.symbol:
        return True
    shown = map(describe, connection.streams)
    return any(kind in ("", name) and fault.symbol in ("", symbol) for name, symbol in shown)


def _each(connections: list[Connection], action: Callable[[Connection], None]) -> None:
    for connection in connections:
        action(connection)


def _reopen(fault: Fault, hubs: list[Hub]) -> None:
    for hub in hubs:
        if fault.kind == "refused":
            hub.open()
        else:
            hub.refuse_status = None
