"""Faults of order entry: one gate that every request of an account passes, on both transports of both venues.

The venues' handlers know nothing of it. Whoever carries a request asks `plan` before the handler has seen it
and does as told (carrier.py does): wait, let the handler work inside `acting`, tell `accepted`, then let the
answer go, replace it, keep it or end the connection. So a handler has no words for "no answer" or "later":
those are the carrier's. What a plan needs of a handler is that orders are in an OrderStore, matching in a
Matching, and that time windows are checked at `Instant.arrived_ms`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from arb.simexchange.fault_params import ORDER
from arb.simexchange.faults import Fault, Faults, FaultState
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.matching import Matching
from arb.simexchange.messages import Ending, Response
from arb.simexchange.order_answers import Answer, in_words, page, too_many, unknown_outcome
from arb.simexchange.order_calls import OrderCall
from arb.simexchange.order_fault_kinds import QUERY
from arb.simexchange.order_store import OrderStore

_LASTING = ("maintenance", "clock_skew")
_ENDINGS = {
    "none": Ending.NEVER,
    "reset": Ending.RESET,
    "close": Ending.CLOSE,
    "half": Ending.HALF,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one request.

    `is_accepted`: the handler gets it, `delay_ns` after it came. `ending` is that of the answer; with
    `is_cut` it ends before that delay. `answer` goes in the place of the handler's own.
    """

    is_accepted: bool = True
    delay_ns: int = 0
    ending: Ending = Ending.SENT
    is_cut: bool = False
    answer: Response | None = None
    fraction: Decimal | None = None
    lag_ns: int = 0


NORMAL = Plan()


class OrderGate:
    """`stores` and `matchings` by (venue, market)."""

    def __init__(
        self,
        faults: Faults,
        stores: Mapping[tuple[str, str], OrderStore],
        matchings: Mapping[tuple[str, str], Matching],
    ) -> None:
        self._faults = faults
        self._stores = stores
        self._matchings = matchings
        self._hidden: dict[tuple[str, str], dict[int, int]] = {}  # order id -> until, mono ns

    @property
    def is_idle(self) -> bool:
        """No fault can act on a request: what it wants need not be known."""
        return not self._hidden and next(self._faults.of(ORDER), None) is None

    def plan(self, call: OrderCall, now: Instant) -> Plan:
        """What the faults make of the request: the first that acts on its way decides that; what befalls an
        accepted order (a part of it matched, queries that lag) comes on top."""
        way: Plan | None = None
        fraction: Decimal | None = None
        lag_ns = 0
        for fault in list(self._faults.of(ORDER)):
            if fault.kind == "maintenance":
                if fault.state is FaultState.ACTIVE and _is_at(fault, call):
                    return Plan(is_accepted=False, answer=page(int(fault.number("status"))))
                continue
            if not fault.op or not fault.is_due(now) or not fault.concerns_request(*call[:6]):
                continue
            if fault.kind == "order_partial":
                fraction = Decimal(str(fault.number("fraction")))
            elif fault.kind == "index_lag":
                lag_ns = fault.duration_ns
            elif way is None:
                way = _WAYS[fault.kind](fault, call, now)
            else:
                continue
            fault.fire(now)
            fault.client_ids.append(call.client_id)
        return replace(way or NORMAL, fraction=fraction, lag_ns=lag_ns)

    @contextmanager
    def acting(self, call: OrderCall, plan: Plan, now: Instant) -> Iterator[None]:
        """The time in which the handler works."""
        place = (call.venue, call.market)
        store, matching = self._stores.get(place), self._matchings.get(place)
        if store is not None and call.op == QUERY:
            store.hidden = self._unseen(place, now)
        if matching is not None:
            matching.fraction = plan.fraction
        before = 0 if store is None else len(store.log)
        try:
            yield
        finally:
            if store is not None:
                store.hidden = frozenset()
                if plan.lag_ns:
                    for entry in store.log[before:]:
                        if entry.op == "place" and entry.order is not None:
                            until = now.mono_ns + plan.lag_ns
                            self._hidden.setdefault(place, {})[entry.order.order_id] = until
            if matching is not None:
                matching.fraction = None

    def skew_ns(self, venue: str, now: Instant) -> int:
        """How far the venue's clock is off."""
        return sum(
            int(fault.number("offset_ms") * MILLISECOND_NS)
            for fault in self._faults.of(ORDER)
            if fault.kind == "clock_skew" and fault.state is FaultState.ACTIVE and fault.venue in ("", venue)
        )

    def advance(self, now: Instant) -> None:
        """Begin and end what lasts."""
        for fault in list(self._faults.of(ORDER)):
            if fault.kind not in _LASTING:
                continue
            if fault.state is FaultState.ACTIVE and now.mono_ns >= fault.until_ns:
                fault.finish(now)
            elif fault.is_due(now):
                fault.begin(now, fault.duration_ns)

    def _unseen(self, place: tuple[str, str], now: Instant) -> frozenset[int]:
        hidden = self._hidden.get(place)
        if not hidden:
            return frozenset()
        left = {number: until for number, until in hidden.items() if until > now.mono_ns}
        if left:
            self._hidden[place] = left
        else:
            del self._hidden[place]
        return frozenset(left)


def _is_at(fault: Fault, call: OrderCall) -> bool:
    return fault.venue in ("", call.venue) and (not call.market or fault.market in ("", call.market))


def _ended(fault: Fault, call: OrderCall, now: Instant, *, is_accepted: bool) -> Plan:
    word = fault.text("answer")
    if word == "error":
        return Plan(is_accepted, answer=unknown_outcome(call, int(fault.number("status")), now))
    return Plan(is_accepted, ending=_ENDINGS[word])


def _error(fault: Fault, call: OrderCall, now: Instant) -> Plan:
    answer = Answer(
        int(fault.number("status")),
        int(fault.number("code")),
        fault.text("message"),
        fault.text("body"),
        int(fault.number("retry_after_s")),
    )
    return Plan(bool(fault.params["accepted"]), answer=in_words(call, answer, now))


def _late(fault: Fault, call: OrderCall, now: Instant) -> Plan:
    delay_ns, word = int(fault.number("delay_ms") * MILLISECOND_NS), fault.text("answer")
    if word == "late":
        return Plan(delay_ns=delay_ns)
    return Plan(delay_ns=delay_ns, ending=_ENDINGS[word], is_cut=word == "reset")


def _limited(fault: Fault, call: OrderCall, now: Instant) -> Plan:
    status, after = int(fault.number("status")), int(fault.number("retry_after_s"))
    return Plan(is_accepted=False, answer=too_many(call, status, after, now))


_WAYS: Mapping[str, Callable[[Fault, OrderCall, Instant], Plan]] = {
    "order_before": lambda fault, call, now: _ended(fault, call, now, is_accepted=False),
    "order_after": lambda fault, call, now: _ended(fault, call, now, is_accepted=True),
    "order_error": _error,
    "order_late": _late,
    "rate_limited": _limited,
}
