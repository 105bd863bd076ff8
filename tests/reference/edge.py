"""Sizing a trade by brute force, in exact fractions: the oracle of `arb::best_edge`.

Books are lists of (price, quantity), the best level first, in the assets' own units. Fees are fractions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm

Book = Sequence[tuple[Fraction, Fraction]]


@dataclass(frozen=True, slots=True)
class Fees:
    """Taker fees; `in_base`: the buy's fee is taken from the base asset it receives."""

    buy: Fraction
    sell: Fraction
    in_base: bool = False

    def delivered(self, ordered: Fraction) -> Fraction:
        """What arrives of a bought quantity."""
        return ordered * (1 - self.buy) if self.in_base else ordered

    def ordered(self, delivered: Fraction) -> Fraction:
        return delivered / (1 - self.buy) if self.in_base else delivered


def value(book: Book, qty: Fraction) -> Fraction:
    """Price x quantity of the first `qty` of a side."""
    total = Fraction(0)
    for price, available in book:
        part = min(qty, available)
        total += part * price
        qty -= part
    assert qty == 0, "the side is not that deep"
    return total


def deepest(book: Book, qty: Fraction) -> Fraction:
    """The worst price met by taking `qty`."""
    for price, available in book:
        qty -= min(qty, available)
        if qty == 0:
            return price
    raise AssertionError("the side is not that deep")


def depth(book: Book) -> Fraction:
    return sum((qty for _, qty in book), Fraction(0))


def net(asks: Book, bids: Book, fees: Fees, bought: Fraction, sold: Fraction) -> Fraction:
    """Proceeds less cost of two complete fills, in quote; what is bought and not sold counts nothing."""
    cost = value(asks, bought) * (1 if fees.in_base else 1 + fees.buy)
    return value(bids, sold) * (1 - fees.sell) - cost


def optimum(asks: Book, bids: Book, fees: Fees, cap: Fraction | None = None) -> tuple[Fraction, Fraction]:
    """(delivered quantity, net profit) of the best unrounded size; the smallest of equals.

    Net is linear between the ends of levels, so a best size is at one of them (or at the cap, or at 0).
    All are tried, in no clever order.
    """
    sizes = [Fraction(0)]
    for book, on_arrival in ((asks, fees.delivered), (bids, lambda qty: qty)):
        total = Fraction(0)
        for _, qty in book:
            total += qty
            sizes.append(on_arrival(total))
    most = min(fees.delivered(depth(asks)), depth(bids))
    if cap is not None:
        most = min(most, fees.delivered(cap))
        sizes.append(most)
    outcomes = [
        (net(asks, bids, fees, fees.ordered(size), size), -size)
        for size in sorted(set(sizes))
        if size <= most
    ]
    profit, size = max(outcomes)
    return -size, profit


@dataclass(frozen=True, slots=True)
class Rules:
    """One venue's order filters; None is no bound."""

    tick: Fraction
    lot: Fraction
    min_qty: Fraction = Fraction(0)
    max_qty: Fraction | None = None
    min_notional: Fraction = Fraction(0)

    def allow(self, qty: Fraction, price: Fraction) -> bool:
        return (
            qty > 0
            and qty % self.lot == 0
            and price % self.tick == 0
            and qty >= self.min_qty
            and (self.max_qty is None or qty <= self.max_qty)
            and qty * price >= self.min_notional
        )


def sold_after(bought: Fraction, fees: Fees, sell: Rules) -> Fraction:
    """The largest quantity of whole sell lots in what arrives."""
    return floor(fees.delivered(bought) / sell.lot) * sell.lot


def dust_value(
    bought: Fraction, sold: Fraction, price: Fraction, fees: Fees, coarser_lot: Fraction
) -> Fraction:
    """What is left over, at the sell limit less fee, one lot of the coarser leg at most."""
    return min(fees.delivered(bought) - sold, coarser_lot) * price * (1 - fees.sell)


def best_lots(asks: Book, bids: Book, fees: Fees, buy: Rules, sell: Rules, most: Fraction) -> Fraction:
    """Net profit of the best size that both venues accept, every lot up to `most` tried; 0 if there is none.

    Without a base fee both legs have the same quantity, a multiple of both lots.
    """
    step = buy.lot if fees.in_base else _common(buy.lot, sell.lot)
    best = Fraction(0)
    for n in range(1, floor(min(most, depth(asks)) / step) + 1):
        bought = n * step
        sold = sold_after(bought, fees, sell)
        if sold == 0 or sold > depth(bids):
            continue
        buy_limit = ceil(deepest(asks, bought) / buy.tick) * buy.tick
        sell_limit = floor(deepest(bids, sold) / sell.tick) * sell.tick
        if buy.allow(bought, buy_limit) and sell.allow(sold, sell_limit):
            dust = dust_value(bought, sold, sell_limit, fees, max(buy.lot, sell.lot))
            best = max(best, net(asks, bids, fees, bought, sold) + dust)
    return best


def _common(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(
        lcm(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator
    )
