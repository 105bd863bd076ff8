"""Matching and accounts without a socket: liquidity really leaves, time in force is kept, nothing is lost."""

from decimal import Decimal
from random import Random

import pytest

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, down8
from arb.simexchange.book import Book
from arb.simexchange.ladder import ASK, BID
from arb.simexchange.matching import Matching
from arb.simexchange.orders import Event, Order, Refusal, Status
from arb.simexchange.spec import SPOT_LISTINGS, Fees

LISTING = SPOT_LISTINGS[0]  # BTCUSDT: tick 0.01, lot 0.00001
BALANCES = {"BTC": Decimal(2), "USDT": Decimal(10_000)}
D = Decimal


class Venue:
    """Asks 100.00 x 1, 100.01 x 2; bids 99.99 x 1, 99.98 x 2."""

    def __init__(self) -> None:
        self.book = Book(LISTING, 1_000)
        self.account = Account(BALANCES)
        self.matching = Matching([self.book], self.account, Fees(), down8)
        self.move(
            (ASK, 10_000, 100_000), (ASK, 10_001, 200_000), (BID, 9_999, 100_000), (BID, 9_998, 200_000)
        )
        self.count = 0

    def move(self, *changes: tuple[int, int, int]) -> list[Event]:
        return self.matching.move_background("BTCUSDT", changes, [], 1)

    def order(self, side: str, price: str | None, qty: str, tif: str = "IOC", kind: str = "") -> Order:
        self.count += 1
        kind = kind or ("MARKET" if price is None else "LIMIT")
        limit = None if price is None else D(price)
        return Order(self.count, f"c{self.count}", LISTING, side == "buy", kind, tif, limit, D(qty), 1)

    def place(self, *args: str | None, **names: str) -> tuple[Order, list[Event]]:
        order = self.order(*args, **names)  # type: ignore[arg-type]
        events = self.matching.place(order, 2)
        assert isinstance(events, list)
        return order, events

    def check_sums(self) -> None:
        for asset, opening in BALANCES.items():
            account = self.account
            assert account.total(asset) + account.market[asset] + account.fees[asset] == opening
            assert account.free[asset] >= 0
            assert account.locked[asset] >= 0


def test_what_an_order_takes_leaves_the_book_under_new_ids() -> None:
    venue = Venue()
    before = venue.book.last_id
    order, events = venue.place("buy", "100.01", "1.5")
    assert order.status is Status.FILLED
    assert [(fill.price, fill.qty) for fill in order.fills] == [(D("100.00"), D(1)), (D("100.01"), D("0.5"))]
    assert venue.book.top(False, 5) == {D("100.01"): D("1.5")}
    assert venue.book.last_id == before + 2
    assert [event.what for event in events] == ["new", "trade", "trade"]
    assert [(trade.price, trade.taker_buys) for trade in venue.matching.trades] == [
        (D("100.00"), True),
        (D("100.01"), True),
    ]


def test_the_fee_is_taken_from_what_is_received() -> None:
    venue = Venue()
    venue.place("buy", "100", "0.5")
    assert venue.account.free == {"BTC": D("2.4995"), "USDT": D("9950")}
    venue.place("sell", "99.99", "0.5")
    assert venue.account.free == {"BTC": D("1.9995"), "USDT": D("9950") + D("49.995") * D("0.999")}
    venue.check_sums()


def test_fees_are_cut_to_eight_decimals_where_the_venue_does_so() -> None:
    venue = Venue()
    order, _ = venue.place("sell", "99.99", "0.00001")
    assert order.fills[0].fee == D("0.00000099")  # 0.0009999 x 0.001 = 0.0000009999
    venue.check_sums()


def test_an_ioc_order_expires_with_what_it_did_not_get() -> None:
    venue = Venue()
    order, events = venue.place("buy", "100.00", "1.5")
    assert (order.status, order.filled) == (Status.EXPIRED, D(1))
    assert [event.what for event in events] == ["new", "trade", "expired"]
    assert venue.account.locked["USDT"] == 0
    order, events = venue.place("buy", "99.00", "1")
    assert (order.status, order.filled, len(events)) == (Status.EXPIRED, ZERO, 2)


def test_a_fok_order_takes_all_or_nothing() -> None:
    venue = Venue()
    order, _ = venue.place("buy", "100.01", "3.00001", "FOK")
    assert (order.status, order.filled) == (Status.EXPIRED, ZERO)
    assert venue.book.top(False, 5) == {D("100.00"): D(1), D("100.01"): D(2)}
    order, _ = venue.place("buy", "100.01", "3", "FOK")
    assert order.status is Status.FILLED
    venue.check_sums()


def test_a_gtc_order_rests_with_its_money_locked_until_the_market_crosses_it() -> None:
    venue = Venue()
    order, _ = venue.place("buy", "99.99", "1", "GTC")  # joins the best bid
    assert venue.book.top(True, 1) == {D("99.99"): D(2)}
    assert venue.account.locked["USDT"] == D("99.99")
    events = venue.move((BID, 9_999, 0), (ASK, 9_998, 40_000))
    assert [(event.what, event.filled) for event in events] == [("trade", D("0.4"))]
    assert order.fills[0].is_maker
    assert venue.book.top(True, 1) == {D("99.99"): D("0.6")}
    assert D("99.98") not in venue.book.asks  # it was spent on the order
    venue.move((ASK, 9_997, 100_000))
    assert order.status is Status.FILLED
    assert venue.book.asks[D("99.97")] == D("0.4")
    assert venue.account.locked["USDT"] == 0
    venue.check_sums()


def test_a_cancel_gives_the_lock_back_and_withdraws_the_size() -> None:
    venue = Venue()
    order, _ = venue.place("sell", "101", "0.7", "GTC")
    assert (venue.account.free["BTC"], venue.account.locked["BTC"]) == (D("1.3"), D("0.7"))
    event = venue.matching.cancel(order, 3)
    assert (event.what, order.status) == ("canceled", Status.CANCELED)
    assert (venue.account.free["BTC"], venue.account.locked["BTC"]) == (D(2), ZERO)
    assert D(101) not in venue.book.asks


def test_an_order_meets_the_own_resting_one_behind_the_background() -> None:
    venue = Venue()
    maker, _ = venue.place("sell", "100.00", "0.5", "GTC")
    taker, events = venue.place("buy", "100.00", "1.2")
    assert (maker.filled, taker.filled) == (D("0.2"), D("1.2"))
    assert [event.order for event in events if event.what == "trade"] == [taker, maker, taker]
    venue.check_sums()


def test_a_post_only_order_that_would_take_is_refused() -> None:
    venue = Venue()
    assert (
        venue.matching.place(venue.order("buy", "100.00", "1", "GTC", "LIMIT_MAKER"), 1) is Refusal.WOULD_TAKE
    )
    order, _ = venue.place("buy", "99.99", "1", "GTC", "LIMIT_MAKER")
    assert order.status is Status.NEW


def test_too_little_balance_is_refused_without_a_trace() -> None:
    venue = Venue()
    before = venue.book.last_id
    assert venue.matching.place(venue.order("buy", "100.00", "100.00001"), 1) is Refusal.INSUFFICIENT_BALANCE
    assert venue.matching.place(venue.order("sell", "99", "2.00001"), 1) is Refusal.INSUFFICIENT_BALANCE
    assert venue.matching.place(venue.order("sell", None, "2.00001"), 1) is Refusal.INSUFFICIENT_BALANCE
    assert venue.book.last_id == before
    assert venue.account.free == BALANCES


def test_a_market_order_takes_what_is_there() -> None:
    venue = Venue()
    order, events = venue.place("buy", None, "4")
    assert (order.filled, order.status, events[-1].what) == (D(3), Status.EXPIRED, "expired")
    venue.check_sums()


def test_deletions_of_a_move_come_before_the_new_quotes() -> None:
    venue = Venue()
    venue.move((ASK, 9_990, 10_000), (BID, 9_999, 0), (BID, 9_998, 0), (BID, 9_980, 10_000))
    bid, ask = venue.book.best(True), venue.book.best(False)
    assert bid
    assert ask
    assert bid[0] < ask[0]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_created_or_lost_whatever_is_done(seed: int) -> None:
    rng = Random(seed)
    venue = Venue()
    live: list[Order] = []
    for _ in range(1500):
        act = rng.random()
        if act < 0.5:
            side, tif = rng.choice(("buy", "sell")), rng.choice(("IOC", "FOK", "GTC"))
            price = None if rng.random() < 0.1 else f"{rng.randint(9_950, 10_050) / 100:.2f}"
            kind = "LIMIT_MAKER" if price and tif == "GTC" and rng.random() < 0.3 else ""
            order = venue.order(side, price, f"{rng.randint(1, 60_000) / 100_000:.5f}", tif, kind)
            venue.matching.place(order, 2)
            if order.status.is_open and order.updated_ms:
                live.append(order)
        elif act < 0.65 and live:
            order = live.pop(rng.randrange(len(live)))
            if order.status.is_open:
                venue.matching.cancel(order, 3)
        else:
            middle = rng.randint(9_970, 10_030)
            venue.move(
                *((BID, ticks, 0) for ticks in range(middle, 10_060)),
                *((ASK, ticks, 0) for ticks in range(9_940, middle + 1)),
                (BID, middle - rng.randint(1, 20), rng.randint(1, 90_000)),
                (ASK, middle + rng.randint(1, 20), rng.randint(1, 90_000)),
            )
        bid, ask = venue.book.best(True), venue.book.best(False)
        assert not bid or not ask or bid[0] < ask[0]
        venue.check_sums()
        locked = {"BTC": ZERO, "USDT": ZERO}
        shown: dict[tuple[bool, Decimal], Decimal] = {}
        for order in live:
            if order.status.is_open:
                assert order.price is not None
                locked[order.pays] += order.locked
                key = (order.is_buy, order.price)
                shown[key] = shown.get(key, ZERO) + order.left
        assert locked == venue.account.locked
        assert shown == venue.book.own
