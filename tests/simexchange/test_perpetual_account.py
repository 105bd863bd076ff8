"""Positions on perpetuals: whatever is traded, nothing is created and nothing is lost, to the last digit."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO
from arb.simexchange.book import Book
from arb.simexchange.bybit_linear_orders import BybitMargin
from arb.simexchange.instant import MILLISECOND_NS
from arb.simexchange.orders import Order, Refusal
from arb.simexchange.perpetual import Perpetual, SpotIndex
from arb.simexchange.perpetual_account import PerpetualAccount, Position
from arb.simexchange.perpetual_matching import PerpetualMatching
from arb.simexchange.spec import PERPETUAL_LISTINGS, Fees
from tests.simexchange.support import START

LISTING = next(item for item in PERPETUAL_LISTINGS if item.venue == "bybit" and item.base == "BTC")
SYMBOL = LISTING.symbol
FEES = Fees(Decimal("0.0002"), Decimal("0.00055"))
OPENING = Decimal(10_000)

# (signed quantity in lots, price in ticks)
TRADES = st.lists(
    st.tuples(st.integers(-40, 40).filter(bool), st.integers(590_001, 610_007)), min_size=1, max_size=40
)


def perpetual() -> Perpetual:
    book = Book(LISTING, 1)
    book.set_background(True, Decimal("59999.9"), Decimal(5))
    book.set_background(False, Decimal("60000.1"), Decimal(5))
    item = Perpetual(book, SpotIndex())
    item.refresh(START)
    return item


@given(TRADES, st.integers(-3, 3))
def test_the_sum_of_wallet_costs_contracts_and_fees_is_constant(
    trades: list[tuple[int, int]], rate: int
) -> None:
    market = perpetual()
    market.rate = Decimal(rate) / 10_000
    account = PerpetualAccount({"USDT": OPENING}, {SYMBOL: market})
    position = account.positions[SYMBOL]
    for lots, ticks in trades:
        qty, price = lots * LISTING.lot, ticks * LISTING.tick
        fee = abs(qty) * price * FEES.taker
        account.trade(SYMBOL, qty, price, fee, "USDT", 1)
        account.fund(SYMBOL, 2)
        paid = position.traded + position.fees - position.funding
        assert account.wallet["USDT"] - position.cost + paid == OPENING
        assert (position.cost > 0) == (position.qty > 0)
        assert (position.cost == 0) == (position.qty == 0)


@given(TRADES)
def test_a_flat_position_leaves_the_opening_wallet_realised_profit_and_fees(
    trades: list[tuple[int, int]],
) -> None:
    market = perpetual()
    account = PerpetualAccount({"USDT": OPENING}, {SYMBOL: market})
    realised = fees = ZERO
    open_lots = -sum(lots for lots, _ in trades)
    for lots, ticks in [*trades, (open_lots, 600_003)] if open_lots else trades:
        qty, price = lots * LISTING.lot, ticks * LISTING.tick
        fee = abs(qty) * price * FEES.taker
        realised += account.trade(SYMBOL, qty, price, fee, "USDT", 1)
        fees += fee
    position = account.positions[SYMBOL]
    assert not position.qty
    assert not position.cost
    assert not position.entry
    assert account.wallet["USDT"] == OPENING + realised - fees
    # Bought and sold alike: the profit is what came in less what went out.
    assert realised == -position.traded


def test_a_position_that_turns_has_the_price_of_what_turned_it() -> None:
    position = Position()
    position.trade(Decimal("0.030"), Decimal(60_000))
    assert position.trade(Decimal("-0.050"), Decimal(60_100)) == Decimal("0.030") * 100
    assert (position.qty, position.entry) == (Decimal("-0.020"), Decimal(60_100))


def test_remainders_of_a_division_stay_in_the_cost() -> None:
    position = Position()
    for price in ("60000.1", "60000.2", "60000.2"):
        position.trade(Decimal("0.001"), Decimal(price))
    first = position.trade(Decimal("-0.001"), Decimal(60_000))
    assert first == Decimal(60) - Decimal("60.00016666")
    assert position.cost == Decimal("180.0005") - Decimal("60.00016666")
    last = position.trade(Decimal("-0.002"), Decimal(60_000))
    assert first + last == Decimal(180) - Decimal("180.0005")


def test_the_unified_account_pays_losses_and_fees_of_perpetuals() -> None:
    account = Account({"USDT": OPENING, "BTC": Decimal(1)})
    margin = BybitMargin(account, {SYMBOL: perpetual()})
    margin.trade(SYMBOL, Decimal("0.1"), Decimal(60_000), Decimal("3.3"), "USDT", 1)
    margin.trade(SYMBOL, Decimal("-0.1"), Decimal(59_000), Decimal("3.245"), "USDT", 1)
    assert account.total("USDT") == OPENING - 100 - Decimal("6.545")
    assert account.total("USDT") + account.market["USDT"] + account.fees["USDT"] == OPENING
    assert account.total("BTC") == 1


class Desk:
    """Matching of one perpetual over a book with one level a side."""

    def __init__(self, opening: str = "10000") -> None:
        self.perpetual = perpetual()
        self.account = PerpetualAccount({"USDT": Decimal(opening)}, {SYMBOL: self.perpetual})
        self.book = self.perpetual._book
        self.matching = PerpetualMatching([self.book], self.account, FEES, 1, lambda fee: fee)
        self.count = 0

    def order(self, side: str, qty: str, price: str | None = None, **more: object) -> Order:
        self.count += 1
        kind = "MARKET" if price is None else "LIMIT"
        limit = None if price is None else Decimal(price)
        tif = str(more.pop("tif", "GTC"))
        order = Order(self.count, "", LISTING, side == "buy", kind, tif, limit, Decimal(qty), 1)
        for name, value in more.items():
            setattr(order, name, value)
        return order

    def place(self, side: str, qty: str, price: str | None = None, **more: object) -> tuple[Order, list[str]]:
        order = self.order(side, qty, price, **more)
        events = self.matching.place(order, 2)
        assert isinstance(events, list)
        return order, [event.what for event in events]


def test_margin_of_open_orders_and_positions_is_not_free() -> None:
    desk = Desk()
    desk.place("buy", "0.100", "59000")
    assert desk.account.order_margin(SYMBOL, desk.matching.resting) == 590
    desk.place("buy", "0.200")
    mark = desk.perpetual.mark
    free = desk.account.free("USDT", desk.matching.resting)
    assert free == desk.account.wallet["USDT"] + desk.account.unrealised(SYMBOL) - mark * 2 / 100 - 590
    # A sale of what is held needs no margin of its own, a larger one does.
    assert desk.account.order_margin(SYMBOL, [desk.order("sell", "0.200", "61000")]) == 0
    assert desk.matching.place(desk.order("buy", "2.000", "60000.1"), 3) is Refusal.INSUFFICIENT_BALANCE
    desk.account.leverage[SYMBOL] = 50
    assert isinstance(desk.matching.place(desk.order("buy", "2.000", "60000.1"), 3), list)


def test_reduce_only_orders_never_open() -> None:
    desk = Desk()
    desk.place("buy", "0.010")
    order, what = desk.place("sell", "0.030", reduce_only=True)
    assert desk.account.positions[SYMBOL].qty == 0
    assert (order.filled, order.qty) == (Decimal("0.010"), Decimal("0.030"))
    assert what == ["new", "trade", "expired"]


def test_a_resting_reduce_only_order_shrinks_with_its_position() -> None:
    desk = Desk()
    desk.place("buy", "0.030")
    resting, _ = desk.place("sell", "0.030", "61000", reduce_only=True)
    desk.place("sell", "0.010")
    assert resting.left == Decimal("0.020")
    desk.place("sell", "0.020")
    assert not resting.status.is_open
    assert desk.book.own == {}


def test_an_amended_order_is_matched_anew_and_a_refused_one_stays() -> None:
    desk = Desk()
    order, _ = desk.place("buy", "0.010", "59000")
    assert desk.matching.amend(order, Decimal(59_000), Decimal(90), 3) is Refusal.INSUFFICIENT_BALANCE
    assert (order.price, order.left) == (Decimal(59_000), Decimal("0.010"))
    assert desk.matching.resting == [order]
    events = desk.matching.amend(order, Decimal("60000.1"), Decimal("0.020"), 4)
    assert isinstance(events, list)
    assert [event.what for event in events] == ["amended", "trade"]
    assert desk.account.positions[SYMBOL].qty == Decimal("0.020")
    assert desk.book.own == {}


def test_an_order_that_only_shrinks_keeps_its_place() -> None:
    desk = Desk()
    first, _ = desk.place("buy", "0.020", "59999.9")
    desk.place("buy", "0.020", "59999.9")
    desk.matching.amend(first, Decimal("59999.9"), Decimal("0.010"), 3)
    assert desk.matching.resting[0] is first
    desk.matching.amend(first, Decimal("59999.9"), Decimal("0.015"), 3)
    assert desk.matching.resting[-1] is first
    assert sum(desk.book.own.values()) == Decimal("0.035")


def test_the_mark_moves_profit_and_never_the_wallet() -> None:
    desk = Desk()
    desk.place("buy", "0.100")
    wallet = desk.account.wallet["USDT"]
    desk.book.set_background(True, Decimal("59999.9"), ZERO)
    desk.book.set_background(False, Decimal("60000.1"), ZERO)
    desk.book.set_background(True, Decimal(60_499), Decimal(5))
    desk.book.set_background(False, Decimal(60_501), Decimal(5))
    desk.perpetual.refresh(START.plus(1_000 * MILLISECOND_NS))
    assert desk.account.unrealised(SYMBOL) > 40
    assert desk.account.wallet["USDT"] == wallet
