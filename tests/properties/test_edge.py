"""`arbcore.best_edge` against brute force in exact fractions."""

import os
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from arbcore import Edge, best_edge
from tests.properties.books import PRICE_DECIMALS, QTY_DECIMALS, fractions, order_book, side
from tests.reference.edge import Book, Fees, Rules, best_lots, deepest, dust_value, net, optimum, value

PAIRS = int(os.environ.get("ARB_EDGE_PAIRS", "2000"))  # 10,000 and more in the C++ test
TICK = Fraction(1, 10**PRICE_DECIMALS)
STEP = Fraction(1, 10**QTY_DECIMALS)
# Profits have six digits more than price x quantity; base fees are rounded against us, by less than two.
ROUNDED = 2 * TICK * STEP / 10**6


def bps(rng: random.Random) -> Decimal:
    return Decimal(rng.randrange(-200, 2000)).scaleb(-2)


def fees_of(buy: Decimal, sell: Decimal, mode: str) -> Fees:
    return Fees(Fraction(buy) / 10_000, Fraction(sell) / 10_000, mode == "base")


@pytest.mark.parametrize("mode", ["quote", "base"])
def test_the_unrounded_edge_equals_brute_force(mode: str) -> None:
    rng = random.Random(mode)
    crossed = 0
    for _ in range(PAIRS // 2):
        asks = side(rng, rng.randrange(9_800, 10_050), +1)
        bids = side(rng, rng.randrange(9_950, 10_200), -1)
        buy_fee, sell_fee = bps(rng), bps(rng)
        cap = Decimal(rng.randrange(1_500)).scaleb(-QTY_DECIMALS) if rng.random() < 0.3 else None
        edge = best_edge(
            order_book("bybit:BTC/USDT", [], asks),
            order_book("bybit:BTC/USDT:USDT", bids, []),
            buy_fee_bps=buy_fee,
            sell_fee_bps=str(sell_fee),
            fee_mode=mode,  # type: ignore[arg-type]
            cap=cap,
        )
        fees = fees_of(buy_fee, sell_fee, mode)
        size, profit = optimum(fractions(asks), fractions(bids), fees, None if cap is None else Fraction(cap))
        if size == 0:
            assert edge.reason in ("no_cross", "below_lot")
            assert edge.size == 0
            continue
        crossed += 1
        assert edge.optimal == Decimal(fees.ordered(size) // STEP).scaleb(-QTY_DECIMALS)
        assert (
            0 <= profit - Fraction(edge.optimal_profit) < (ROUNDED if mode == "base" else TICK * STEP / 10**9)
        )
    assert crossed > PAIRS / 5


@pytest.mark.parametrize("mode", ["quote", "base"])
def test_the_rounded_edge_is_feasible_never_negative_and_loses_little(mode: str) -> None:
    rng = random.Random(f"lots {mode}")
    lost = total = Fraction(0)
    reasons: Counter[str | None] = Counter()
    for _ in range(PAIRS // 8):
        asks = side(rng, rng.randrange(9_900, 10_050), +1, deep=600)
        bids = side(rng, rng.randrange(9_950, 10_150), -1, deep=600)
        buy_fee, sell_fee = bps(rng), bps(rng)
        lots = [Decimal(rng.choice((10, 20, 50, 70, 100))).scaleb(-QTY_DECIMALS) for _ in range(2)]
        minimum = Decimal(rng.choice((0, 0, 5, 20)))
        edge = best_edge(
            order_book("bybit:BTC/USDT", [], asks),
            order_book("bybit:BTC/USDT:USDT", bids, []),
            buy_fee_bps=buy_fee,
            sell_fee_bps=sell_fee,
            fee_mode=mode,  # type: ignore[arg-type]
            buy_lot=lots[0],
            sell_lot=lots[1],
            sell_min_notional=minimum,
        )
        reasons[edge.reason] += 1
        fees = fees_of(buy_fee, sell_fee, mode)
        buy = Rules(TICK, Fraction(lots[0]))
        sell = Rules(TICK, Fraction(lots[1]), min_notional=Fraction(minimum))
        ask_side, bid_side = fractions(asks), fractions(bids)
        if edge.reason == "no_cross":
            continue
        if edge.tradable:
            check(edge, ask_side, bid_side, fees, buy, sell)
        # A few lots past the optimum may still be the best whole number of lots.
        most = fees.ordered(optimum(ask_side, bid_side, fees)[0]) + 2 * max(buy.lot, sell.lot)
        best = best_lots(ask_side, bid_side, fees, buy, sell, most)
        assert Fraction(edge.net_profit) <= best
        lost += best - Fraction(edge.net_profit)
        total += best
    assert reasons[None] > PAIRS / 40, reasons
    assert lost < total / 20, float(lost / total)


def check(edge: Edge, asks: Book, bids: Book, fees: Fees, buy: Rules, sell: Rules) -> None:
    """The size can be ordered at both venues, fills inside its limits, and is worth what it says."""
    assert edge.buy_limit is not None
    assert edge.sell_limit is not None
    bought, sold = Fraction(edge.size), Fraction(edge.sell_size)
    buy_limit, sell_limit = Fraction(edge.buy_limit), Fraction(edge.sell_limit)
    assert buy.allow(bought, buy_limit)
    assert sell.allow(sold, sell_limit)
    assert deepest(asks, bought) <= buy_limit
    assert deepest(bids, sold) >= sell_limit
    dust = dust_value(bought, sold, sell_limit, fees, max(buy.lot, sell.lot))
    assert Fraction(edge.dust) == fees.delivered(bought) - sold
    profit = net(asks, bids, fees, bought, sold) + dust
    assert 0 <= profit - Fraction(edge.net_profit) < ROUNDED
    ends = [(buy_limit, bought)], [(sell_limit, sold)]
    worst = net(*ends, fees, bought, sold) + dust
    assert 0 <= worst - Fraction(edge.worst_case) < ROUNDED
    assert 0 <= edge.worst_case <= edge.net_profit
    assert value(asks, bought) <= buy_limit * bought
