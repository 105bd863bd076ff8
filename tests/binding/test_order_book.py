"""`arbcore.OrderBook` as a notebook uses it."""

import random
from decimal import Decimal, localcontext

import numpy as np
import pytest

from arbcore import OrderBook, Refused
from tests.properties.streams import INSTRUMENTS, Venue

SNAPSHOT = b'{"lastUpdateId":160,"bids":[["61685.99","1.5"],["61685.00","2"]],"asks":[["61686.00","0.25"]]}'


def depth(first: int, last: int, bids: str = "[]", asks: str = "[]") -> bytes:
    text = f'{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{first},"u":{last},"b":{bids},"a":{asks}}}'
    return text.encode()


def live() -> OrderBook:
    book = OrderBook("binance:BTC/USDT", 2, 5)
    assert book.on_frame(depth(157, 161)) == "buffered"
    assert book.on_snapshot(SNAPSHOT) == "joined"
    return book


def test_a_book_syncs_from_a_waiting_update_and_a_snapshot() -> None:
    book = OrderBook("binance:BTC/USDT", 2, 5)
    assert (book.state, book.stale_reason, book.best_bid, book.levels) == ("SYNCING", None, None, (0, 0))
    assert book.on_frame(depth(157, 161, '[["61685.99","1.75"]]')) == "buffered"
    assert book.on_snapshot(SNAPSHOT) == "joined"
    assert book.state == "LIVE"
    assert book.best_bid == (Decimal("61685.99"), Decimal("1.75"))
    assert book.best_ask == (Decimal("61686.00"), Decimal("0.25"))
    assert book.on_frame(depth(162, 162, "[]", '[["61685.995000","0"],["61686.00","0"]]')) == "refused"
    assert book.last_refusal == ("inexact", "a")


def test_the_answers_of_a_live_book() -> None:
    book = live()
    assert book.on_frame(depth(162, 163, '[["61685.00","0"]]'), 77) == "applied"
    assert book.on_frame(depth(150, 155)) == "ignored"
    assert book.on_frame(b'{"result":null,"id":1}') == "ignored"
    assert (book.levels, book.last_id, book.last_recv_ns, book.applied) == ((1, 1), 163, 77, 2)
    assert book.on_frame(depth(170, 171)) == "stale"
    assert (book.state, book.stale_reason, book.gaps) == ("STALE", "gap", 1)
    assert book.take_resync_request()
    assert not book.take_resync_request()


def test_a_gap_that_a_snapshot_cannot_fill_asks_for_another() -> None:
    book = OrderBook("binance:BTC/USDT", 2, 5)
    book.on_frame(depth(200, 201))
    assert book.on_snapshot(SNAPSHOT) == "too_old"
    assert book.state == "SYNCING"


def test_a_refused_frame_makes_the_book_stale_and_says_why() -> None:
    book = live()
    assert book.on_frame(depth(162, 163, '[["61685.001","1"]]')) == "refused"
    assert (book.state, book.stale_reason, book.refused) == ("STALE", "refused", 1)
    assert book.last_refusal == ("inexact", "b")
    assert book.on_frame(b"{") == "refused"
    assert book.last_refusal == ("malformed", None)
    assert book.on_frame(depth(162, 163).replace(b'"u":163', b'"u":18446744073709551616')) == "refused"
    assert book.last_refusal == ("bad_value", "u")  # orjson makes a float of it


def test_a_frame_only_orjson_can_read_goes_the_slow_path_to_the_same_update() -> None:
    doubled = depth(162, 163, '[["61685.99","9"]]').replace(b'"E":1', b'"E":1,"E":1')
    escaped = depth(164, 165, '[["61685.99","8"]]').replace(b'"b"', b'"\\u0062"')
    book = live()
    assert book.on_frame(doubled) == "applied"
    assert book.best_bid == (Decimal("61685.99"), Decimal(9))
    assert book.on_frame(escaped) == "applied"
    assert book.best_bid == (Decimal("61685.99"), Decimal(8))
    assert (book.slow, book.refused, book.state) == (2, 0, "LIVE")


def test_a_slow_path_update_leaves_the_same_book_as_the_fast_one() -> None:
    for market, instrument in INSTRUMENTS.items():
        venue = Venue(market, random.Random(market))
        fast, slow = OrderBook(instrument, 2, 3), OrderBook(instrument, 2, 3)
        frames = [venue.snapshot()] if market.startswith("bybit") else []
        if market.startswith("binance"):
            first = venue.snapshot()
            assert fast.on_snapshot(first) == slow.on_snapshot(first)
        frames += [venue.delta() for _ in range(30)] + [venue.ticker()]
        for raw in frames:
            assert fast.on_frame(raw) == slow.on_frame(raw.replace(b'"s"', b'"s": "BTCUSDT", "s"'))
        assert slow.slow == len(frames)
        assert fast.slow == 0
        assert fast.ticker == slow.ticker is not None
        assert (fast.last_id, fast.sequence, fast.applied) == (slow.last_id, slow.sequence, slow.applied)
        for side in ("bid", "ask"):
            np.testing.assert_array_equal(fast.depth(side), slow.depth(side))


def test_a_refused_snapshot_raises_and_names_the_field() -> None:
    book = OrderBook("binance:BTC/USDT", 2, 5)
    with pytest.raises(Refused, match="inexact: asks") as caught:
        book.on_snapshot(SNAPSHOT.replace(b"61686.00", b"61686.001"))
    assert (caught.value.reason, caught.value.field) == ("inexact", "asks")
    with pytest.raises(Refused, match="missing_key: lastUpdateId"):
        book.on_snapshot(b'{"code":-1121,"msg":"Invalid symbol."}')
    assert (book.state, book.refused) == ("SYNCING", 2)
    assert book.on_snapshot(SNAPSHOT) == "joined"


def test_bybit_gets_its_snapshot_in_the_stream() -> None:
    with pytest.raises(TypeError, match="on_frame"):
        OrderBook("bybit:BTC/USDT", 2, 5).on_snapshot(SNAPSHOT)


def test_depth_gives_the_best_levels_first_as_grid_integers() -> None:
    book = live()
    prices, quantities = book.depth("bid", 5)
    assert prices.dtype == quantities.dtype == np.int64
    assert prices.tolist() == [6168599, 6168500]
    assert quantities.tolist() == [150_000, 200_000]
    assert [array.tolist() for array in book.depth("bids", 1)] == [[6168599], [150_000]]
    assert [array.tolist() for array in book.depth("ask", 0)] == [[], []]
    assert len(book.depth("ask")[0]) == 1
    with pytest.raises(ValueError, match="n must be 0 or more, was -1"):
        book.depth("bid", -1)
    with pytest.raises(ValueError, match=r'side must be "bid" or "ask", was \'buy\''):
        book.depth("buy", 1)


def test_vwap_averages_and_says_how_much_there_was() -> None:
    book = live()
    assert book.vwap("ask", "0.1") == (Decimal("61686.00"), Decimal("0.1"))
    assert book.vwap("bid", Decimal(3)) == (Decimal("61685.495"), Decimal(3))
    assert (
        book.vwap("bid", 10) == (Decimal("431797.485") / 7, Decimal("3.5")) or book.vwap("bid", 10)[1] == 3.5
    )
    with pytest.raises(TypeError, match="float"):
        book.vwap("bid", 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="more than 5 decimals"):
        book.vwap("bid", "0.000001")
    with pytest.raises(ValueError, match="positive"):
        book.vwap("bid", 0)


def test_vwap_uses_no_level_beyond_the_verified_depth() -> None:
    book = live()
    assert book.on_frame(depth(162, 163, '[["61000.00","100"]]')) == "applied"
    assert book.levels == (3, 1)
    answer = book.vwap("bid", 50)
    assert answer is not None
    assert answer[1] == Decimal("3.5")


def test_decimals_are_exact_whatever_context_the_caller_has() -> None:
    book = live()
    with localcontext() as context:
        context.prec = 3
        assert book.best_bid == (Decimal("61685.99"), Decimal("1.5"))


def test_a_disconnected_book_is_stale_and_a_new_connection_syncs_anew() -> None:
    book = live()
    book.on_disconnected(5)
    assert (book.state, book.stale_reason) == ("STALE", "disconnected")
    assert book.on_frame(depth(162, 163)) == "stale"
    book.on_connected(6)
    assert book.state == "SYNCING"


@pytest.mark.parametrize(
    ("instrument", "decimals", "message"),
    [
        ("kraken:BTC/USDT", (2, 5), "venue must be binance or bybit, was 'kraken'"),
        ("binance:BTCUSDT", (2, 5), "instrument must look like"),
        ("BTC/USDT", (2, 5), "instrument must look like"),
        ("binance:/USDT", (2, 5), "instrument must look like"),
        ("bybit:BTC/USDT:BTC", (2, 5), "must settle in its quote asset"),
        ("binance:BTC/USDT", (-1, 5), "decimals must be"),
        ("binance:BTC/USDT", (9, 10), "18 at most together"),
        ("binance:" + "B" * 50 + "/USDT", (2, 5), "too long"),
    ],
)
def test_a_senseless_instrument_is_refused(instrument: str, decimals: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OrderBook(instrument, *decimals)


def test_only_bytes_are_frames() -> None:
    with pytest.raises(TypeError):
        live().on_frame("{}")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        live().on_frame(None)  # type: ignore[arg-type]
