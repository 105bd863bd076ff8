"""The trade machine, readable: what becomes of two legs and their hedges, in plain Python.

Quantities are grid integers, amounts Fractions of the base asset; nothing is fast and nothing is clever. It
is compared with the compiled machine on every edge of a state space (tests/properties/test_trade.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

RANK = ("none", "ack", "open", "partial", "rejected", "expired", "canceled", "filled")
TERMINAL = RANK[4:]


@dataclass(frozen=True, slots=True)
class Order:
    side: str
    qty: int
    hedge: bool = False
    state: str = "intent"
    status: str = "none"
    cum: int = 0
    fills: int = 0
    base_fee: Fraction = Fraction(0)
    handed: bool = False
    base_fee_ppm: int = 0
    fenced: str = "no"  # "ended" by the fence, "seen" after that

    @property
    def filled(self) -> int:
        return max(self.cum, self.fills)

    @property
    def resolved(self) -> bool:
        return self.state == "resolved"


@dataclass(frozen=True, slots=True)
class Trade:
    orders: tuple[Order, ...]
    lot: Fraction
    qty_decimals: int
    max_hedges: int = 1
    hedges: int = 0
    dust_in: Fraction = Fraction(0)
    state: str = "working"
    halt: str = "NONE"

    @property
    def final(self) -> bool:
        return self.state in ("balanced", "halted")

    def net(self) -> Fraction:
        """Base held too much; a fee not heard of yet is taken at the expected rate, rounded up to 1e-18."""
        unit = Fraction(1, 10**self.qty_decimals)
        total = self.dust_in
        for order in self.orders:
            total += order.filled * unit * (1 if order.side == "buy" else -1) - order.base_fee
            missing = max(0, order.cum - order.fills) * unit * Fraction(order.base_fee_ppm, 10**6)
            total -= Fraction(-(-missing * 10**18 // 1), 10**18)
        return total


@dataclass(slots=True)
class Outcome:
    trade: Trade
    records: list[tuple[str, int]] = field(default_factory=list)
    wishes: list[tuple[str, int]] = field(default_factory=list)


def step(
    trade: Trade,
    kind: str,
    index: int = 0,
    *,
    status: str = "none",
    qty: int = 0,
    fee: Fraction = Fraction(0),
) -> Outcome:
    """One input. `status` and `qty` (cumulative) of a report, `qty` and `fee` (in base) of a fill."""
    out = Outcome(trade)
    if kind == "query_timer":
        order = trade.orders[index]
        if not order.resolved or order.fills < order.cum:
            out.wishes.append(("query", index))
        return out
    net_is_dust = kind == "no_hedge"
    if kind == "sent":
        _sent(out, index)
    elif kind == "not_sent":
        order = trade.orders[index]
        if not order.resolved and not order.handed:
            _resolve(out, index)
    elif kind in ("report", "found"):
        _report(out, index, status, qty)
    elif kind == "fill":
        _fill(out, index, qty, fee)
    elif kind == "reject":
        if not trade.orders[index].resolved:
            _merge(out, index, "rejected", trade.orders[index].cum)
            _resolve(out, index)
    elif kind in ("ambiguous", "ack_timer"):
        _lose_sight(out, index, bytes_left=kind == "ambiguous")
    elif kind == "fenced":
        order = trade.orders[index]
        heard_of = RANK.index(order.status) > RANK.index("ack") or order.filled > 0
        if order.state == "unknown" and order.handed and order.fenced == "no" and not heard_of:
            _change(out, index, fenced="ended")
            _resolve(out, index)
    elif kind == "lost_timer":
        if trade.orders[index].state == "unknown" and not trade.final:
            _halt(out, "ORDER_LOST")
    elif kind == "hedge_timer" and trade.state == "resolving" and abs(trade.net()) >= trade.lot:
        _halt(out, "NO_HEDGE_BOOK")
    _settle(out, net_is_dust)
    return out


def _change(out: Outcome, index: int, **facts: object) -> None:
    orders = list(out.trade.orders)
    orders[index] = replace(orders[index], **facts)  # type: ignore[arg-type]
    out.trade = replace(out.trade, orders=tuple(orders))


def _sent(out: Outcome, index: int) -> None:
    order = out.trade.orders[index]
    if order.resolved or order.handed:
        return
    _change(out, index, handed=True, state="sent" if order.state == "intent" else order.state)
    out.records.append(("sent", index))


def _merge(out: Outcome, index: int, status: str, cum: int) -> None:
    order = out.trade.orders[index]
    rank = max(RANK.index(order.status), RANK.index(status))
    _change(out, index, handed=True, status=RANK[rank], cum=max(order.cum, cum))
    out.records.append(("report", index))


def _resolve(out: Outcome, index: int) -> None:
    order = out.trade.orders[index]
    _change(out, index, state="resolved", cum=order.filled)
    out.records.append(("resolved", index))
    if all(each.resolved for each in out.trade.orders) and not out.trade.final:
        out.trade = replace(out.trade, state="resolving")


def _halt(out: Outcome, reason: str) -> None:
    out.trade = replace(out.trade, state="halted", halt=reason)
    out.records.append(("halt", 0))


def _reopen(out: Outcome, index: int) -> None:
    _change(out, index, state="unknown", fenced="seen")
    out.records.append(("adopt", index))


def _broken_fence(out: Outcome, index: int) -> None:
    if not out.trade.orders[index].resolved:
        out.wishes.append(("query", index))
    _halt(out, "FENCE_BROKEN")


def _report(out: Outcome, index: int, status: str, cum: int) -> None:
    order = out.trade.orders[index]
    news = RANK.index(status) > RANK.index(order.status) and status != "rejected"
    reopened = order.resolved and order.fenced == "ended" and (news or cum > order.filled)
    if reopened:
        _reopen(out, index)
    elif order.resolved and cum > order.filled:
        out.records.append(("adopt", index))
        _merge(out, index, status, cum)
        _halt(out, "LATE_EXECUTION")
        return
    if RANK.index(status) > RANK.index(order.status) or cum > order.cum:
        _merge(out, index, status, cum)
    if not out.trade.orders[index].resolved and status in TERMINAL:
        _resolve(out, index)
    if reopened:
        _broken_fence(out, index)


def _fill(out: Outcome, index: int, qty: int, fee: Fraction) -> None:
    reopened = out.trade.orders[index].resolved and out.trade.orders[index].fenced == "ended"
    if reopened:
        _reopen(out, index)
    order = out.trade.orders[index]
    late = order.resolved and order.fills + qty > order.filled
    if late:
        out.records.append(("adopt", index))
    _change(out, index, handed=True, fills=order.fills + qty, base_fee=order.base_fee + fee)
    out.records.append(("fill", index))
    if late:
        _halt(out, "LATE_EXECUTION")
    elif not order.resolved and order.fills + qty >= order.qty:
        _resolve(out, index)
    if reopened:
        _broken_fence(out, index)


def _lose_sight(out: Outcome, index: int, bytes_left: bool) -> None:
    order = out.trade.orders[index]
    if order.state == "unknown" and bytes_left:
        _sent(out, index)
    if order.resolved or order.state == "unknown":
        return
    _change(out, index, state="unknown", handed=order.handed or bytes_left)
    out.records.append(("unknown", index))
    out.wishes += [("lost_timer", index), ("query", index)]


def _settle(out: Outcome, net_is_dust: bool) -> None:
    trade = out.trade
    unheard = [i for i, order in enumerate(trade.orders) if order.resolved and order.fills < order.cum]
    missing = [("query", i) for i in unheard]
    if trade.final:
        out.wishes += missing
    elif all(order.resolved for order in trade.orders):
        if not net_is_dust and abs(trade.net()) >= trade.lot:
            if trade.hedges < trade.max_hedges:
                out.wishes.append(("hedge", 0))
            else:
                _halt(out, "HEDGES_SPENT")
                out.wishes += missing
        elif missing:
            out.wishes += missing
        else:
            out.trade = replace(out.trade, state="balanced")
            out.records.append(("done", 0))
