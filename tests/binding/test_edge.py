"""`arbcore.best_edge`: its arguments, its refusals and what they cost."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore import Edge, OrderBook, best_edge
from tests.properties.books import order_book

BUY = "bybit:BTC/USDT"
SELL = "bybit:BTC/USDT:USDT"


def edge(**terms: Any) -> Edge:
    buy = order_book(BUY, [(9900, 1000)], [(10000, 1000)])
    sell = order_book(SELL, [(10030, 500)], [(10100, 1000)])
    return best_edge(buy, sell, **({"buy_fee_bps": "10", "sell_fee_bps": Decimal(10)} | terms))


def test_the_profit_of_a_cross_is_net_of_both_fees() -> None:
    found = edge()
    assert found.tradable
    assert found.reason is None
    assert (found.size, found.sell_size, found.levels) == (Decimal("0.5"), Decimal("0.5"), 2)
    assert (found.buy_limit, found.sell_limit) == (Decimal(100), Decimal("100.3"))
    assert found.net_profit == Decimal("0.5") * (Decimal("100.3") * Decimal("0.999") - Decimal("100.1"))
    assert found.net_profit == found.worst_case == found.optimal_profit


def test_a_base_fee_is_ordered_on_top_and_what_cannot_be_sold_is_dust() -> None:
    found = edge(fee_mode="base", sell_lot="0.01")
    assert found.size == Decimal("0.5")
    assert found.sell_size == Decimal("0.49")
    assert found.dust == Decimal("0.5") * Decimal("0.999") - Decimal("0.49")
    assert found.net_profit == Decimal("0.4995") * Decimal("100.3") * Decimal("0.999") - 50


@pytest.mark.parametrize(
    ("terms", "reason", "leg"),
    [
        ({"buy_fee_bps": "20.1"}, "no_cross", "buy"),
        ({"min_edge_bps": "10"}, "no_cross", "buy"),
        ({"cap": "0"}, "below_lot", "buy"),
        ({"buy_lot": "1"}, "below_lot", "buy"),
        ({"buy_min_qty": "0.501"}, "below_min_qty", "buy"),
        ({"sell_min_qty": "0.501"}, "below_min_qty", "sell"),
        ({"sell_min_notional": "50.16"}, "below_min_notional", "sell"),
        ({"sell_max_price": "100.29"}, "outside_price_band", "sell"),
        ({"min_profit": "0.05"}, "below_min_profit", "buy"),
        ({"slippage_bps": "10"}, "negative_worst_case", "buy"),
        ({"buy_tick": "0"}, "bad_terms", "buy"),
    ],
)
def test_a_refusal_names_reason_and_leg_and_offers_no_size(terms: Any, reason: str, leg: str) -> None:
    found = edge(**terms)
    assert (found.reason, found.leg, found.tradable) == (reason, leg, False)
    assert (found.size, found.net_profit, found.buy_limit) == (0, 0, None)


def test_filters_and_caps_bound_the_size() -> None:
    assert edge(cap="0.3").size == Decimal("0.3")
    assert edge(sell_max_qty="0.2").size == Decimal("0.2")
    assert edge(buy_max_notional="10").size == Decimal("0.1")
    assert edge(slippage_bps="10", worst_floor="-1").worst_case < 0


def test_a_fee_is_rounded_up_to_ppm() -> None:
    assert edge(buy_fee_bps="10.001").net_profit == edge(buy_fee_bps="10.01").net_profit
    assert edge(buy_fee_bps="10").net_profit > edge(buy_fee_bps="10.001").net_profit


@pytest.mark.parametrize("name", ["buy_fee_bps", "sell_fee_bps", "cap", "min_edge_bps", "buy_lot"])
def test_a_float_is_no_amount(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be str, Decimal or int, was float"):
        edge(**{name: 0.1})


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"buy_fee_bps": "ten"}, "must be a number, was 'ten'"),
        ({"buy_fee_bps": "NaN"}, "must be finite, was 'NaN'"),
        ({"buy_fee_bps": "10000"}, "between -10000 and 10000"),
        ({"fee_mode": "bnb"}, 'must be "quote" or "base", was \'bnb\''),
        ({"cap": "0.0001"}, "cap has more than 3 decimals, was '0.0001'"),
        ({"cap": "-1"}, "cap is out of range"),
        ({"min_profit": "1e30"}, "min_profit is out of range"),
        ({"cap": "1e999999"}, "cap is out of range"),
    ],
)
def test_a_senseless_value_is_named(terms: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edge(**terms)


def test_an_unknown_argument_is_named() -> None:
    with pytest.raises(TypeError, match="buy_lots"):
        edge(buy_lots="1")


def test_books_that_are_not_live_or_on_two_grids_have_no_edge() -> None:
    buy = order_book(BUY, [(9900, 1000)], [(10000, 1000)])
    sell = order_book(SELL, [(10030, 500)], [(10100, 1000)])
    sell.on_frame(b"{")
    fees = {"buy_fee_bps": "1", "sell_fee_bps": "1"}
    assert best_edge(buy, sell, **fees).reason == "not_live"
    with pytest.raises(ValueError, match="different grids"):
        best_edge(buy, OrderBook(SELL, 4, 3), **fees)


def test_an_edge_is_made_by_best_edge_alone() -> None:
    with pytest.raises(TypeError, match="best_edge"):
        Edge()
