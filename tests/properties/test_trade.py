"""The compiled trade machine against the readable one, edge by edge: breadth first, then in random lives."""

from __future__ import annotations

import os
import random
from collections import deque
from fractions import Fraction
from typing import Any

import pytest

from arbcore import trade as machine
from tests.reference import trade as reference

LOT = 10  # grid steps
DECIMALS = {"price_decimals": 2, "qty_decimals": 4}
FEE_PPM = 1000
STATUSES = ("ack", "open", "partial", "rejected", "expired", "canceled", "filled")
Edge = tuple[str, int, dict[str, Any]]


def start(base_fee: bool, max_hedges: int) -> tuple[bytes, reference.Trade]:
    """Two legs of two lots, on their way."""
    rate = FEE_PPM if base_fee else 0
    state = machine.begin(seq=7, lot="0.001", max_hedges=max_hedges, **DECIMALS)
    state = machine.intend(state, side="buy", qty=2 * LOT, price=100, base_fee_ppm=rate)
    state = machine.intend(state, side="sell", qty=2 * LOT, price=101, instrument=1, venue=1)
    legs = (reference.Order("buy", 2 * LOT, base_fee_ppm=rate), reference.Order("sell", 2 * LOT))
    trade = reference.Trade(legs, Fraction(LOT, 10**4), DECIMALS["qty_decimals"], max_hedges)
    return state, trade


def edges(trade: reference.Trade) -> list[Edge]:
    """Everything that may enter, sensible or not: the machine must have an answer to all of it."""
    out: list[Edge] = [("no_hedge", 0, {}), ("hedge_timer", 0, {})]
    for index, order in enumerate(trade.orders):
        for kind in (
            "sent",
            "not_sent",
            "reject",
            "ambiguous",
            "ack_timer",
            "query_timer",
            "lost_timer",
            "fenced",
        ):
            out.append((kind, index, {}))
        for cum in (0, LOT, 2 * LOT):
            if cum <= order.qty:
                out += [("report", index, {"status": status, "qty": cum}) for status in STATUSES]
                out.append(("found", index, {"status": "canceled", "qty": cum}))
        if order.fills + LOT <= order.qty:
            fee = Fraction(LOT * order.base_fee_ppm, 10**10) if order.side == "buy" else Fraction(0)
            out.append(("fill", index, {"qty": LOT, "fee": fee}))
    return out


def compare(state: bytes, trade: reference.Trade, edge: Edge) -> tuple[bytes, reference.Trade]:
    kind, index, facts = edge
    compiled = dict(facts)
    if "fee" in compiled:
        compiled["fee"] = f"{float(compiled['fee']):.18f}"
        compiled["fee_asset"] = 0
        compiled["price"] = 100
    after, records, wishes = machine.step(state, kind, index, **compiled)
    expected = reference.step(trade, kind, index, **facts)
    seen = machine.describe(after)
    want = expected.trade
    where = f"{edge} on {trade}"
    assert [(record[0], record[1]) for record in records] == expected.records, where
    assert wishes == expected.wishes, where
    assert (seen["state"], seen["halt"], seen["hedges"]) == (want.state, want.halt, want.hedges), where
    facts_seen = [(o["state"], o["status"], o["cum"], o["fills"], o["side"]) for o in seen["orders"]]
    assert facts_seen == [(o.state, o.status, o.cum, o.fills, o.side) for o in want.orders], where
    assert Fraction(machine.net(after)) == want.net(), where
    return after, want


def hedged(state: bytes, trade: reference.Trade) -> tuple[bytes, reference.Trade]:
    """The order the machine wished for: the net in whole lots."""
    net = trade.net()
    side, qty = ("sell" if net > 0 else "buy"), int(abs(net) * 10**4) // LOT * LOT
    rate = trade.orders[0].base_fee_ppm if side == "buy" else 0
    state = machine.intend(state, side=side, qty=qty, price=100, hedge=True, base_fee_ppm=rate)
    orders = (*trade.orders, reference.Order(side, qty, hedge=True, base_fee_ppm=rate))
    values = {name: getattr(trade, name) for name in reference.Trade.__slots__}
    values.update(orders=orders, hedges=trade.hedges + 1, state="working")
    return state, reference.Trade(**values)


def wishes_hedge(state: bytes) -> bool:
    return ("hedge", 0) in machine.step(state, "sent", 0)[2]


@pytest.mark.parametrize("base_fee", [False, True], ids=["fee in quote", "fee in base"])
def test_every_edge_near_the_start_is_the_readable_one(base_fee: bool) -> None:
    limit = int(os.environ.get("ARB_TRADE_STATES", "300"))
    queue = deque([start(base_fee, max_hedges=1)])
    known = {queue[0][0]}
    compared = visited = 0
    while queue and visited < limit:
        state, trade = queue.popleft()
        visited += 1
        for edge in edges(trade):
            after = compare(state, trade, edge)
            compared += 1
            if after[0] not in known:
                known.add(after[0])
                queue.append(after)
    assert compared > 30 * visited, "the edges of a state are some sixty"


@pytest.mark.parametrize("seed", range(40))
def test_random_lives_with_hedges_are_the_readable_ones(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        state, trade = start(base_fee=rng.random() < 0.5, max_hedges=rng.choice((0, 1, 2, 4)))
        for _ in range(60):
            state, trade = compare(state, trade, rng.choice(edges(trade)))
            if not trade.final and wishes_hedge(state):
                state, trade = hedged(state, trade)


def test_a_state_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="a trade has"):
        machine.step(b"x" * 10, "sent")
