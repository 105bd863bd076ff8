"""Faults as data, applied to stream messages after their ids were assigned and to connections.

{venue, channel, symbol, kind, at | after, count, params} -> {id, state, fired_ns}. CLOCK_MONOTONIC is
shared by all processes of a machine: what a client notices minus `fired_ns` is its detection time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from arb.simexchange.instant import MILLISECOND_NS, SECOND_NS, Instant
from arb.simexchange.messages import PRIVATE, PUBLIC, Message

KINDS = ("reset", "silence", "gap", "drop", "duplicate", "delay")
DEFAULT_SILENCE_MS = 5_000
DEFAULT_DELAY_MS = 500


class FaultState(Enum):
    ARMED = "armed"  # waits for its time, or for something to act on
    ACTIVE = "active"  # a silence that lasts
    DONE = "done"


class FaultError(ValueError):
    """A fault that cannot be understood; the message names the field."""


@dataclass(slots=True)
class Fault:
    """`channel` is public, private or a kind of message (depth, ticker, trade, order, ...); empty is any."""

    fault_id: int
    kind: str
    venue: str
    channel: str
    symbol: str
    at_ns: int
    left: int
    duration_ns: int
    until_ns: int = 0
    state: FaultState = FaultState.ARMED
    fired_ns: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.fault_id,
            "kind": self.kind,
            "venue": self.venue,
            "channel": self.channel,
            "symbol": self.symbol,
            "at_ns": self.at_ns,
            "left": self.left,
            "state": self.state.value,
            "fired_ns": self.fired_ns[0] if self.fired_ns else None,
            "fired": self.fired_ns,
        }

    def concerns(self, venue: str, channel: str, kind: str, symbol: str) -> bool:
        return (
            self.venue in ("", venue)
            and self.channel in ("", channel, kind)
            and (not self.symbol or self.symbol == symbol)
        )


class Faults:
    """All faults of a world; `filter` is the only way from a venue to its connections."""

    def __init__(self) -> None:
        self.faults: dict[int, Fault] = {}
        self._delayed: list[tuple[int, Message]] = []

    def add(self, body: object, now: Instant) -> Fault:
        """Arm what a JSON object describes: `at` in ns of CLOCK_MONOTONIC, or `after` in seconds."""
        if not isinstance(body, dict):
            raise FaultError("a fault is a JSON object")
        unknown = set(body) - {"venue", "channel", "symbol", "kind", "at", "after", "count", "params"}
        if unknown:
            raise FaultError(f"{sorted(unknown)[0]}: unknown field")
        kind = body.get("kind")
        if kind not in KINDS:
            raise FaultError(f"kind: must be one of {', '.join(KINDS)}")
        names = [body.get(name) or "" for name in ("venue", "channel", "symbol")]
        if not all(isinstance(name, str) for name in names):
            raise FaultError("venue, channel and symbol are strings")
        params = body.get("params") or {}
        if not isinstance(params, dict):
            raise FaultError("params: must be an object")
        default_ms = DEFAULT_SILENCE_MS if kind == "silence" else DEFAULT_DELAY_MS
        numbers = (body.get("after", 0), body.get("count", 1), params.get("duration_ms", default_ms))
        if not all(isinstance(number, int | float) and number >= 0 for number in numbers):
            raise FaultError("after, count and params.duration_ms are numbers, not negative")
        after, count, duration_ms = numbers
        at = body.get("at", now.mono_ns + int(after * SECOND_NS))
        if not isinstance(at, int):
            raise FaultError("at: must be an integer, ns of CLOCK_MONOTONIC")
        channel = names[1]
        if kind == "gap" and channel in ("", PUBLIC):
            channel = "depth"
        number = len(self.faults) + 1
        fault = Fault(
            number,
            kind,
            names[0],
            channel,
            names[2],
            at,
            max(1, int(count)),
            int(duration_ms * MILLISECOND_NS),
        )
        self.faults[number] = fault
        return fault

    def end(self, fault_id: int) -> Fault | None:
        """Disarm a fault, or end a silence early."""
        fault = self.faults.get(fault_id)
        if fault is not None:
            fault.state = FaultState.DONE
        return fault

    def resets_due(self, now: Instant) -> list[Fault]:
        """Resets whose time has come; the server calls `fired` when there was a connection to reset."""
        return [
            fault
            for fault in self.faults.values()
            if fault.kind == "reset" and fault.state is FaultState.ARMED and now.mono_ns >= fault.at_ns
        ]

    def fired(self, fault: Fault, now: Instant) -> None:
        fault.fired_ns.append(now.mono_ns)
        fault.left -= 1
        if fault.left <= 0:
            fault.state = FaultState.DONE

    def filter(self, messages: Iterable[Message], now: Instant) -> list[Message]:
        """What of `messages` is sent now, and what was held back before and is due."""
        due = [message for due_ns, message in self._delayed if due_ns <= now.mono_ns]
        if due:
            self._delayed = [entry for entry in self._delayed if entry[0] > now.mono_ns]
        live = [fault for fault in self.faults.values() if self._is_live(fault, now)]
        if not live:
            return [*due, *messages] if due else list(messages)
        passed = due
        for message in messages:
            passed += self._apply(message, live, now)
        return passed

    def _is_live(self, fault: Fault, now: Instant) -> bool:
        if fault.kind == "reset" or fault.state is FaultState.DONE or now.mono_ns < fault.at_ns:
            return False
        if fault.kind == "silence":
            if fault.state is FaultState.ARMED:
                fault.state = FaultState.ACTIVE
                fault.until_ns = now.mono_ns + fault.duration_ns
                fault.fired_ns.append(now.mono_ns)
            elif now.mono_ns >= fault.until_ns:
                fault.state = FaultState.DONE
                return False
        return True

    def _apply(self, message: Message, live: Iterable[Fault], now: Instant) -> list[Message]:
        channel = PRIVATE if message.channel == PRIVATE else PUBLIC
        for fault in live:
            if fault.state is FaultState.DONE:
                continue
            if not fault.concerns(message.venue, channel, message.kind, message.symbol):
                continue
            if fault.kind == "silence":
                return []
            self.fired(fault, now)
            if fault.kind in ("gap", "drop"):  # its ids are used up: the next message continues behind them
                return []
            if fault.kind == "duplicate":
                return [message, message]
            self._delayed.append((now.mono_ns + fault.duration_ns, message))
            return []
        return [message]
