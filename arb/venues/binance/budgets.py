"""What an order of Binance must find room in: weight of the address, orders per window of the account.

The venue tells its own counts in the headers of every answer and in `rateLimits` on a WebSocket. They correct
ours upwards, for others may spend from the same address or account; downwards only for the order counts of
spot, where each fill gives its order back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arb.venues import fields
from arb.venues.base import HttpDone, Lane, OrderRequest
from arb.venues.clock import VenueClock
from arb.venues.rate_budget import RateBudget

_SECONDS = {"S": 1, "M": 60, "H": 3_600, "D": 86_400}
_MARGIN_NS = 1_000_000_000  # an answer so soon after the start of a window may still count the one before
_ORDER_HEADER = "X-MBX-ORDER-COUNT-"
_WEIGHT_WINDOW = "1M"
_LOST_NS = 30_000_000_000


class OrderBudgets:
    """`order_weight` is what an order costs the address when it fails; it costs nothing when it succeeds, but
    that is known too late."""

    def __init__(
        self, weight: RateBudget, clock: VenueClock, *, order_weight: int, fills_give_back: bool
    ) -> None:
        self._weight = weight
        self._clock = clock
        self._order_weight = order_weight
        self._gives_back = fills_give_back
        self._orders: dict[str, RateBudget] = {}  # by window, "10S"
        self._in_flight: dict[str, int] = {}  # client id -> when it left

    @property
    def windows(self) -> Mapping[str, RateBudget]:
        return self._orders

    def take_limits(self, info: Mapping[str, Any]) -> None:
        """From `rateLimits` of exchangeInfo. VenueError where they cannot be read."""
        listed: dict[str, RateBudget] = {}
        for row in fields.rows(info.get("rateLimits", []), "rateLimits"):
            if row.get("rateLimitType") != "ORDERS":
                continue
            number, letter = fields.integer(row, "intervalNum"), fields.text(row, "interval")[:1]
            if letter not in _SECONDS or number <= 0:
                continue
            limit = max(1, fields.integer(row, "limit"))
            window = f"{number}{letter}"
            known = self._orders.get(window)
            if known is None:
                known = RateBudget(limit, number * _SECONDS[letter] * 1_000_000_000)
            known.limit = limit
            listed[window] = known
        if listed:
            self._orders = listed

    def refusal(self, orders: Sequence[OrderRequest]) -> str:
        """Why these would not all be within every budget now; "" where they would. Nothing is taken."""
        now_ns = self._clock.mono_ns()
        lane = orders[0].lane
        if len(orders) > 1:  # the weakest of them decides
            lane = min((order.lane for order in orders), key=_RANK.__getitem__)
        weight = self._order_weight * len(orders)
        # Where an order weighs nothing, a full budget is no reason; a pause the venue asked for is one.
        is_paused = now_ns < self._weight.stopped_until_ns
        if is_paused or (weight and self._weight.check(weight, now_ns, lane) is not None):
            return "over the budget of request weight"
        for window, budget in self._orders.items():
            if budget.check(len(orders), now_ns, lane) is not None:
                return f"over the budget of orders per {window}"
        return ""

    def take(self, order: OrderRequest) -> None:
        """One order that leaves; `answered` ends it."""
        now_ns = self._clock.mono_ns()
        self._in_flight[order.coid] = now_ns
        self._weight.spend(self._order_weight, now_ns)
        for budget in self._orders.values():
            budget.spend(1, now_ns)

    def has_room(self, weight: int, lane: Lane) -> bool:
        """For a cancel or a query."""
        return self._weight.check(weight, self._clock.mono_ns(), lane) is None

    def spend(self, weight: int) -> None:
        self._weight.spend(weight, self._clock.mono_ns())

    def orders_refused(self, pause_s: float) -> None:
        """-1015: no order until then; everything else goes on."""
        now_ns = self._clock.mono_ns()
        for budget in self._orders.values():
            budget.refused(now_ns, pause_s)

    def answered(self, coid: str, done: HttpDone) -> None:
        """An order's REST answer: its order counts. The weight is read with every answer."""
        sent_ns = self._landed(coid)
        for window, budget in self._orders.items():
            try:
                used = int(done.headers.get(_ORDER_HEADER + window, ""))
            except ValueError:
                continue
            self._count(window, budget, used, sent_ns)

    def answered_on_channel(self, coid: str, told: Iterable[tuple[str, str, int]]) -> None:
        """The same of a WebSocket answer, (rateLimitType, window, count)."""
        sent_ns = self._landed(coid)
        for kind, window, used in told:
            if kind == "ORDERS" and window in self._orders:
                self._count(window, self._orders[window], used, sent_ns)

    def weight_counted(self, told: Iterable[tuple[str, str, int]]) -> None:
        for kind, window, used in told:
            if kind == "REQUEST_WEIGHT" and window == _WEIGHT_WINDOW:
                now_ns = self._clock.mono_ns()
                began_ns = window_began_ns(self._clock, now_ns, window)
                self._weight.venue_counts(used, now_ns, began_ns)

    def _landed(self, coid: str) -> int:
        """When the order left that the venue has now answered for."""
        now_ns = self._clock.mono_ns()
        sent_ns = self._in_flight.pop(coid, now_ns)
        # Without an answer it may be on its way for so long.
        late = [other for other, at_ns in self._in_flight.items() if at_ns + _LOST_NS < now_ns]
        for other in late:
            del self._in_flight[other]
        return sent_ns

    def _count(self, window: str, budget: RateBudget, used: int, sent_ns: int) -> None:
        """The count compares with ours only where the order left and was answered within the window. What is
        on its way beside it may be in the count or not, so it is never given back."""
        now_ns = self._clock.mono_ns()
        began_ns = window_began_ns(self._clock, now_ns, window)
        if began_ns is None or sent_ns < began_ns + _MARGIN_NS:
            budget.venue_counts(used, now_ns)
            return
        in_hand_ns = min([sent_ns + 1, *self._in_flight.values()])
        budget.venue_counts(used, now_ns, began_ns, in_hand_ns if self._gives_back else None)


def window_began_ns(clock: VenueClock, now_ns: int, window: str) -> int | None:
    """Our time of the start of the venue's present window, from which its count runs, the uncertainty taken
    off; None where an answer that comes now may be about the window before."""
    half_ns = clock.bounds.half_width_ns(now_ns)
    if half_ns is None:
        return None
    window_ns = int(window[:-1]) * _SECONDS[window[-1]] * 1_000_000_000
    into_ns = clock.bounds.venue_ms(now_ns) * 1_000_000 % window_ns
    if into_ns < _MARGIN_NS + half_ns:
        return None
    return now_ns - into_ns - half_ns - _MARGIN_NS


_RANK = {lane: rank for rank, lane in enumerate(Lane)}
