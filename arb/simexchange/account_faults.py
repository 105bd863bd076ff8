"""Faults of an account's connections: logons that the venue ends, a listenKey that does, maintenance."""

from collections.abc import Mapping

from arb.simexchange.binance_ws_api import WsApiSession
from arb.simexchange.connection import Connection
from arb.simexchange.fault_params import ORDER
from arb.simexchange.faults import Fault, Faults, FaultState
from arb.simexchange.instant import Instant
from arb.simexchange.wire import Hub
from arb.simexchange.world import World


class AccountFaults:
    """`run` applies what is due and ends what is over. `hubs` by (venue, market)."""

    def __init__(self, faults: Faults, hubs: Mapping[tuple[str, str], Hub], world: World) -> None:
        self._faults = faults
        self._hubs = hubs
        self._world = world
        self._shut: dict[int, list[Hub]] = {}  # by fault, while its maintenance lasts

    def run(self, now: Instant) -> None:
        for fault in list(self._faults.of(ORDER)):
            if fault.kind == "maintenance" and fault.state is FaultState.ACTIVE:
                self._begin(fault)
            elif fault.is_due(now) and fault.kind == "logon_ended":
                if self._end_logons(fault, now):
                    fault.fire(now)
            elif fault.is_due(now) and fault.kind == "listen_key_expired":
                usdm = self._world.binance.usdm
                if usdm is not None and usdm.listen_keys.current is not None:
                    usdm.listen_keys.expire(now)
                    fault.fire(now)
        for number in list(self._shut):
            if self._faults.faults[number].state is FaultState.DONE:
                for hub in self._shut.pop(number):
                    hub.refuse_status = None

    def revoke(self, key: str, now: Instant) -> int:
        """End the logons of a key that is no more; how many there were."""
        return sum(end_logon(connection, key, now) for _, connection in self._connections("", ""))

    def _begin(self, fault: Fault) -> None:
        if fault.fault_id in self._shut:
            return
        hubs = self._shut[fault.fault_id] = []
        for _, connection in self._connections(fault.venue, fault.market):
            connection.finish()
        for (venue, market), hub in self._hubs.items():
            if fault.venue in ("", venue) and fault.market in ("", market) and hub not in hubs:
                hub.refuse_status = int(fault.number("status"))
                hubs.append(hub)

    def _end_logons(self, fault: Fault, now: Instant) -> int:
        connections = self._connections(fault.venue, fault.market)
        return sum(end_logon(connection, "", now) for _, connection in connections)

    def _connections(self, venue: str, market: str) -> list[tuple[Hub, Connection]]:
        found: dict[Connection, Hub] = {}
        for (its_venue, _), hub in self._hubs.items():
            if venue in ("", its_venue):
                for connection in hub.connections:
                    if not market or connection.session.market in ("", market):
                        found[connection] = hub
        return [(hub, connection) for connection, hub in found.items()]


def end_logon(connection: Connection, key: str, now: Instant) -> bool:
    """End the logon of a connection, of any key where `key` is empty; False: there was none.

    Binance says so and keeps the connection, Bybit closes it.
    """
    session = connection.session
    if isinstance(session, WsApiSession):
        if key and session.key is not None and session.key.key != key:
            return False
        frames = session.revoke(now)
        for frame in frames:
            connection.send(frame)
        return bool(frames)
    logged_on = getattr(session, "logged_on", "")  # the key, of Bybit's sessions of the account
    if not logged_on or key not in ("", logged_on):
        return False
    connection.finish()
    return True
