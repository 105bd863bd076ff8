"""`arbcore.OrderBook` against the SortedDict oracle and against the truth, over a bad line."""

import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import pytest

from arbcore import OrderBook
from tests.properties.streams import INSTRUMENTS, PRICE_DECIMALS, QTY_DECIMALS, Venue
from tests.reference.book import MARKETS, ReferenceBook
from tests.reference.frames import Decoded, Refused, decode_binance, decode_binance_snapshot, decode_bybit

GRID = (PRICE_DECIMALS, QTY_DECIMALS)
EVENTS = 600


def levels(book: OrderBook, side: str) -> list[tuple[int, int]]:
    prices, quantities = book.depth(side)
    return list(zip(prices.tolist(), quantities.tolist(), strict=True))


@dataclass(slots=True)
class Line:
    """Both books at the end of one line, told the same."""

    venue: Venue
    ours: OrderBook
    oracle: ReferenceBook

    def frame(self, raw: bytes) -> str:
        decode = decode_binance if self.venue.market.startswith("binance") else decode_bybit
        result = self.ours.on_frame(raw, 1)
        try:
            message = decode(raw, {"BTCUSDT": GRID})
        except Refused:
            assert result == "refused"
            self.oracle.on_refused()
            return result
        assert message is not None
        assert result == self.oracle.on_update(message), raw
        return result

    def snapshot(self, raw: bytes, limit: int) -> str:
        message = decode_binance_snapshot(raw, GRID)
        assert isinstance(message, Decoded)
        result = self.ours.on_snapshot(raw, limit)
        assert result == self.oracle.on_snapshot(message, limit), raw
        return result

    def reconnect(self) -> None:
        self.ours.on_disconnected()
        self.oracle.on_disconnected()
        self.compare()
        self.ours.on_connected()
        self.oracle.on_connected()
        self.compare()

    def compare(self) -> None:
        ours, oracle = self.ours, self.oracle
        assert ours.state == oracle.state
        assert ours.stale_reason == oracle.stale_reason
        assert (ours.applied, ours.ignored, ours.buffered, ours.gaps) == (
            oracle.applied,
            oracle.ignored,
            oracle.buffered,
            oracle.gaps,
        )
        assert ours.last_id == oracle.last_id
        for side in ("bid", "ask"):
            assert levels(ours, side) == oracle.levels(side)
        if ours.state == "LIVE":
            bids, asks = self.venue.states[self.venue.key(ours.last_id, ours.sequence)]
            if self.venue.market.startswith("binance"):  # beyond the verified depth levels may be missing
                floor, ceiling = oracle.bid_floor, oracle.ask_ceiling
                bids = {price: qty for price, qty in bids.items() if floor is None or price >= floor}
                asks = {price: qty for price, qty in asks.items() if ceiling is None or price <= ceiling}
            assert dict(oracle.verified("bid")) == bids
            assert dict(oracle.verified("ask")) == asks


def after_the_line(venue: Venue, held: list[bytes], rng: random.Random) -> list[bytes]:
    """The venue's next message as it arrives: whole, lost, doubled, late or cut off."""
    raw = venue.delta()
    frames = [*held, raw]
    held.clear()
    chance = rng.random()
    if chance < 0.02:
        frames.pop()
    elif chance < 0.04:
        frames.append(raw)
    elif chance < 0.06:
        held.append(frames.pop())
    elif chance < 0.07:
        frames.append(raw[: len(raw) // 2])
    elif chance < 0.17:
        frames.append(venue.ticker())
    elif chance < 0.18 and venue.market.startswith("bybit"):
        frames.append(venue.restart())
    return frames


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("market", MARKETS)
def test_a_book_over_a_bad_line_equals_the_oracles_and_live_means_true(market: str, seed: int) -> None:
    rng = random.Random(f"{market} {seed}")
    venue = Venue(market, rng)
    line = Line(venue, OrderBook(INSTRUMENTS[market], *GRID), ReferenceBook(market))
    by_rest = market.startswith("binance")
    held: list[bytes] = []  # late: comes after the next one
    answers: list[bytes] = []  # REST snapshots on their way
    seen: Counter[str] = Counter()
    for _ in range(EVENTS):
        for raw in after_the_line(venue, held, rng):
            seen[line.frame(raw)] += 1
            line.compare()
        if rng.random() < 0.01:
            line.reconnect()
        if line.ours.take_resync_request() or (line.ours.state != "LIVE" and rng.random() < 0.1):
            (answers if by_rest else held).append(venue.snapshot())
        if answers and rng.random() < 0.4:
            seen[line.snapshot(answers.pop(0), rng.choice((0, 5, 10_000)))] += 1
            line.compare()
    assert seen["applied"] > EVENTS / 4, seen
    assert seen["stale"] > 0, seen
    assert line.ours.refused == seen["refused"] > 0
    if by_rest:
        assert seen["joined"] > 2, seen
        assert seen["buffered"] > 0, seen


def test_the_ticker_is_the_best_level_by_its_own_id_and_leaves_the_depth_book_alone() -> None:
    for market in MARKETS:
        venue = Venue(market, random.Random(market))
        book = OrderBook(INSTRUMENTS[market], *GRID)
        assert book.ticker is None
        assert book.on_frame(venue.ticker()) == "ignored"
        bid, ask = max(venue.bids), min(venue.asks)
        assert book.ticker == (
            venue.last_id,
            Decimal(bid).scaleb(-PRICE_DECIMALS),
            Decimal(venue.bids[bid]).scaleb(-QTY_DECIMALS),
            Decimal(ask).scaleb(-PRICE_DECIMALS),
            Decimal(venue.asks[ask]).scaleb(-QTY_DECIMALS),
        )
        assert book.levels == (0, 0)


@pytest.mark.parametrize("seed", range(40))
def test_vwap_is_what_decimal_says_of_the_verified_depth(seed: int) -> None:
    rng = random.Random(seed)
    market = rng.choice(("binance_spot", "bybit_linear"))
    venue = Venue(market, rng)
    book, oracle = OrderBook(INSTRUMENTS[market], *GRID), ReferenceBook(market)
    line = Line(venue, book, oracle)
    if market == "bybit_linear":
        line.frame(venue.snapshot())
    else:
        line.snapshot(venue.snapshot(), 0)
    line.frame(venue.delta())
    if book.state != "LIVE":
        return  # crossed by chance
    for side in ("bid", "ask"):
        for _ in range(20):
            want = rng.randrange(1, 10 ** rng.randrange(1, 7))
            left, notional = want, 0
            for price, qty in oracle.verified(side):
                part = min(left, qty)
                notional += part * price
                left -= part
            answer = book.vwap(side, Decimal(want).scaleb(-QTY_DECIMALS))
            filled = want - left
            if filled == 0:
                assert answer is None
                continue
            average = (Decimal(notional) / Decimal(filled)).scaleb(-PRICE_DECIMALS)
            assert answer == (average, Decimal(filled).scaleb(-QTY_DECIMALS))
