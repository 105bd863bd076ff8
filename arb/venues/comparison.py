"""What the venue is asked after each (re)connect of the private stream, as one question with one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arb.venues.base import Balance, FillUpdate, OrderEntry, OrderUpdate, Position, VenueFailure

# Asks for every position that is not flat.
AskPositions = Callable[[Callable[[Sequence[Position] | VenueFailure], None]], None]


@dataclass(slots=True, frozen=True)
class Account:
    open_orders: Sequence[OrderUpdate]
    fills: Sequence[FillUpdate]
    balances: Sequence[Balance]
    positions: Sequence[Position] | None  # None where the market has none


class Comparison:
    """`on_done` gets the account once all of it is there, or the first failure; exactly once.

    `since_ms`: fills from that time of the venue on; None asks for none. Balances and positions are asked for
    at once, fills after the open orders: the symbols of those can have fills too.
    """

    def __init__(
        self,
        orders: OrderEntry,
        positions: AskPositions | None,
        since_ms: int | None,
        on_done: Callable[[Account | VenueFailure], None],
    ) -> None:
        self._orders = orders
        self._since_ms = since_ms
        self._on_done = on_done
        self._is_done = False
        self._open_orders: Sequence[OrderUpdate] | None = None
        self._fills: Sequence[FillUpdate] | None = None
        self._balances: Sequence[Balance] | None = None
        self._positions: Sequence[Position] | None = None
        self._ask_positions = positions

    def start(self) -> None:
        self._orders.open_orders(self._have_open_orders)
        self._orders.balances(self._have_balances)
        if self._ask_positions is not None:
            self._ask_positions(self._have_positions)

    def _have_open_orders(self, answer: Sequence[OrderUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._done(answer)
            return
        self._open_orders = answer
        symbols = () if self._since_ms is None else self._orders.traded()
        if self._since_ms is None or not symbols or self._is_done:
            self._fills = ()
            self._check()
            return
        self._orders.recent_fills(symbols, self._since_ms, self._have_fills)

    def _have_fills(self, answer: Sequence[FillUpdate] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._done(answer)
            return
        self._fills = answer
        self._check()

    def _have_balances(self, answer: Sequence[Balance] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._done(answer)
            return
        self._balances = answer
        self._check()

    def _have_positions(self, answer: Sequence[Position] | VenueFailure) -> None:
        if isinstance(answer, VenueFailure):
            self._done(answer)
            return
        self._positions = answer
        self._check()

    def _check(self) -> None:
        if self._open_orders is None or self._fills is None or self._balances is None:
            return
        if self._ask_positions is not None and self._positions is None:
            return
        self._done(Account(self._open_orders, self._fills, self._balances, self._positions))

    def _done(self, answer: Account | VenueFailure) -> None:
        if not self._is_done:
            self._is_done = True
            self._on_done(answer)

    def abandon(self) -> None:
        """No answer is wanted any more, and no further question is asked."""
        self._is_done = True
