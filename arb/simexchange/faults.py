"""Faults as data: which were asked for, what each acts on, when it acted.

{venue, market, channel, symbol, transport, op, kind, at | after, count, params} -> {id, state, fired_ns,
client_ids}. `transport` (rest, ws), `op` (place, cancel, query, other, any) and `client_id` (how
that of the order begins) are of order faults.
CLOCK_MONOTONIC is shared by all processes of a machine: what a client notices minus `fired_ns` is the time
it took to detect it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum

from arb.simexchange.fault_kinds import CHANNELS, KINDS
from arb.simexchange.fault_params import ORDER, FaultError, Kind, Value
from arb.simexchange.instant import MILLISECOND_NS, SECOND_NS, Instant
from arb.simexchange.messages import PRIVATE, PUBLIC, Message
from arb.simexchange.order_fault_kinds import ANY, OPS, OTHER, TRANSPORTS
from arb.simexchange.spec import BINANCE, BYBIT, LINEAR, SPOT, USDM

_FIELDS = {
    "venue",
    "market",
    "channel",
    "symbol",
    "kind",
    "at",
    "after",
    "count",
    "params",
    "transport",
    "op",
    "client_id",
}
_WORDS = {
    "venue": (BINANCE, BYBIT),
    "market": (SPOT, USDM, LINEAR),
    "channel": CHANNELS,
    "transport": TRANSPORTS,
    "op": OPS,
}


class FaultState(Enum):
    ARMED = "armed"  # waits for its time, or for something to act on
    ACTIVE = "active"  # one that lasts
    DONE = "done"


@dataclass(slots=True)
class Fault:
    """`channel` is public, private or a kind of message (depth, ticker, trade, order, ...); empty is any.

    `fired_ns` are the moments it was applied, `ended_ns` when one that lasts was over. `client_ids` are those
    of the requests an order fault was applied to, in that order.
    """

    fault_id: int
    kind: str
    venue: str
    market: str
    channel: str
    symbol: str
    at_ns: int
    left: int
    params: dict[str, Value]
    transport: str = ""
    op: str = ""
    client_id: str = ""
    until_ns: int = 0
    state: FaultState = FaultState.ARMED
    fired_ns: list[int] = field(default_factory=list)
    ended_ns: int | None = None
    client_ids: list[str] = field(default_factory=list)

    @property
    def layer(self) -> str:
        return KINDS[self.kind].layer

    @property
    def duration_ns(self) -> int:
        return int(self.number("duration_ms") * MILLISECOND_NS)

    def number(self, name: str) -> float:
        value = self.params[name]
        assert isinstance(value, int | float)
        return value

    def text(self, name: str) -> str:
        return str(self.params[name])

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.fault_id,
            "kind": self.kind,
            "layer": self.layer,
            "venue": self.venue,
            "market": self.market,
            "channel": self.channel,
            "symbol": self.symbol,
            "transport": self.transport,
            "op": self.op,
            "client_id": self.client_id,
            "params": self.params,
            "at_ns": self.at_ns,
            "left": self.left,
            "state": self.state.value,
            "fired_ns": self.fired_ns[0] if self.fired_ns else None,
            "fired": self.fired_ns,
            "ended_ns": self.ended_ns,
            "client_ids": self.client_ids,
        }

    def concerns(self, message: Message) -> bool:
        group = PRIVATE if message.channel == PRIVATE else PUBLIC
        return (
            self.venue in ("", message.venue)
            and self.market in ("", message.market)
            and self.channel in ("", group, message.kind)
            and (not self.symbol or self.symbol == message.symbol)
        )

    def concerns_request(
        self, venue: str, market: str, transport: str, op: str, symbol: str, client_id: str
    ) -> bool:
        """Is a request of the account what this order fault acts on?"""
        return (
            self.venue in ("", venue)
            and self.market in ("", market)
            and self.transport in ("", transport)
            and (self.op == op or (self.op == ANY and op != OTHER))
            and self.symbol in ("", symbol)
            and client_id.startswith(self.client_id)
        )

    def is_due(self, now: Instant) -> bool:
        return self.state is FaultState.ARMED and now.mono_ns >= self.at_ns

    def fire(self, now: Instant) -> None:
        """Applied once: done when it was applied as often as asked."""
        self.fired_ns.append(now.mono_ns)
        self.left -= 1
        if self.left <= 0:
            self.state = FaultState.DONE

    def begin(self, now: Instant, duration_ns: int) -> None:
        """Applied, and lasting until `finish`."""
        self.fired_ns.append(now.mono_ns)
        self.left = 0
        self.state = FaultState.ACTIVE
        self.until_ns = now.mono_ns + duration_ns

    def finish(self, now: Instant) -> None:
        self.state = FaultState.DONE
        if self.ended_ns is None:
            self.ended_ns = now.mono_ns


class Faults:
    """All faults of a world. `symbols` are those a fault may name; with none any is taken."""

    def __init__(self, symbols: Collection[str] = ()) -> None:
        self.faults: dict[int, Fault] = {}
        self._open: list[Fault] = []  # not done, as far as known: looked through on every tick
        self._symbols = frozenset(symbols)

    def add(self, body: object, now: Instant) -> Fault:
        """Arm what a JSON object describes: `at` in ns of CLOCK_MONOTONIC, or `after` in seconds."""
        if not isinstance(body, dict):
            raise FaultError("a fault is a JSON object")
        unknown = set(body) - _FIELDS
        if unknown:
            raise FaultError(f"{sorted(unknown)[0]}: unknown field; known are {', '.join(sorted(_FIELDS))}")
        name = body.get("kind")
        if not isinstance(name, str) or name not in KINDS:
            raise FaultError(f"kind: must be one of {', '.join(KINDS)}")
        kind = KINDS[name]
        venue, market, channel, transport, op = (_word(word, body.get(word)) for word in _WORDS)
        symbol = body.get("symbol") or ""
        if not isinstance(symbol, str) or (symbol and self._symbols and symbol not in self._symbols):
            raise FaultError(f"symbol: must be one of {', '.join(sorted(self._symbols))}")
        venue, market = _place(name, kind, venue, market)
        fault = Fault(
            len(self.faults) + 1,
            name,
            venue,
            market,
            _channel(name, kind, channel),
            symbol,
            _when(body, now),
            _count(body.get("count", 1)),
            kind.read_params({} if body.get("params") is None else body["params"]),
            *_request(name, kind, transport, op, channel, body.get("client_id")),
        )
        self.faults[fault.fault_id] = fault
        self._open.append(fault)
        return fault

    def end(self, fault_id: int, now: Instant) -> Fault | None:
        """Disarm a fault, or end early one that lasts."""
        fault = self.faults.get(fault_id)
        if fault is None or fault.state is FaultState.DONE:
            return fault
        if fault.kind == "crossed" and fault.state is FaultState.ACTIVE:
            fault.left, fault.until_ns = 0, now.mono_ns  # the book has to be healed first
        else:
            fault.finish(now)
        return fault

    def of(self, *layers: str) -> Iterator[Fault]:
        """Those of some layers that are not done, in the order they were asked for."""
        if any(fault.state is FaultState.DONE for fault in self._open):
            self._open = [fault for fault in self._open if fault.state is not FaultState.DONE]
        for fault in self._open:
            if fault.state is not FaultState.DONE and fault.layer in layers:
                yield fault


def _word(name: str, value: object) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or value not in _WORDS[name]:
        raise FaultError(f"{name}: must be one of {', '.join(_WORDS[name])}")
    return value


def _place(name: str, kind: Kind, venue: str, market: str) -> tuple[str, str]:
    if kind.venues and venue not in ("", *kind.venues):
        raise FaultError(f"venue: {name} is of {', '.join(kind.venues)} only")
    if kind.markets and market not in ("", *kind.markets):
        raise FaultError(f"market: {name} is of {', '.join(kind.markets)} only")
    if (venue, market) in ((BINANCE, LINEAR), (BYBIT, USDM)):
        raise FaultError(f"market: {venue} has no market {market}")
    return venue or (kind.venues[0] if kind.venues else ""), market or (
        kind.markets[0] if kind.markets else ""
    )


def _channel(name: str, kind: Kind, channel: str) -> str:
    if not kind.channels:
        # Frames of the account are left alone unless they are named; a silent venue is silent to all.
        return channel or (PUBLIC if kind.layer == "bytes" else "")
    if channel in ("", PUBLIC):
        return kind.channels[0]
    if "" not in kind.channels and channel not in kind.channels:
        raise FaultError(f"channel: {name} acts on {', '.join(kind.channels)} only")
    return channel


def _request(
    name: str, kind: Kind, transport: str, op: str, channel: str, client_id: object
) -> tuple[str, str, str]:
    if client_id is not None and (not kind.ops or not isinstance(client_id, str)):
        raise FaultError("client_id: must be a string, of a fault that acts on orders")
    if kind.layer != ORDER and (transport or op):
        raise FaultError(f"{'transport' if transport else 'op'}: {name} does not act on requests")
    if kind.layer == ORDER and channel:
        raise FaultError(f"channel: {name} acts on requests")
    if kind.layer == ORDER and not kind.ops and (transport or op):
        raise FaultError(f"{'transport' if transport else 'op'}: {name} acts on all requests alike")
    if op and op not in kind.ops:
        raise FaultError(f"op: {name} acts on {', '.join(dict.fromkeys(kind.ops))} only")
    return transport, op or (kind.ops[0] if kind.ops else ""), str(client_id or "")


def _when(body: dict[str, object], now: Instant) -> int:
    after, at = body.get("after", 0), body.get("at")
    if isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after < 1e9:
        raise FaultError("after: must be a number of seconds, not negative")
    if at is None:
        return now.mono_ns + int(after * SECOND_NS)
    if isinstance(at, bool) or not isinstance(at, int):
        raise FaultError("at: must be an integer, ns of CLOCK_MONOTONIC")
    if "after" in body:
        raise FaultError("at: not together with after")
    return at


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise FaultError("count: must be an integer from 1 to 1000000")
    return value
