"""Mark price and funding: what the messages say, and a stream that comes back from silence and loss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arb.venues.base import Mark, VenueError
from arb.venues.binance.streams import BinanceMarkReader
from arb.venues.bybit.streams import BybitMarkReader

from .fakes import FakeSocket
from .fixtures import fixture
from .market_setup import PERPETUALS, MarketBench, market

BOTH = pytest.mark.parametrize("kind", PERPETUALS)


def binance_mark(mark: str = "60000.5", symbol: str = "BTCUSDT") -> dict[str, Any]:
    data = {
        "e": "markPriceUpdate",
        "E": 1_700_000_000_000,
        "s": symbol,
        "p": mark,
        "i": "59999.00000000",
        "r": "0.00010000",
        "T": 1_700_006_400_000,
    }
    return {"stream": f"{symbol.lower()}@markPrice@1s", "data": data}


def bybit_ticker(kind: str = "snapshot", symbol: str = "BTCUSDT", **data: str) -> dict[str, Any]:
    return {
        "topic": f"tickers.{symbol}",
        "type": kind,
        "data": {"symbol": symbol, **data},
        "cs": 1,
        "ts": 1_700_000_000_000,
    }


WHOLE = {
    "markPrice": "60000.50",
    "indexPrice": "59999.00",
    "fundingRate": "0.0001",
    "nextFundingTime": "1700006400000",
    "bid1Price": "60000.4",
}
EXPECTED = Mark("BTC/USDT:USDT", "60000.5", "59999", "0.0001", 1_700_006_400_000, 1_700_000_000_000)


class Watch:
    """A mark stream of BTC and ETH with what it told."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.bench: MarketBench = market(kind, backoff_base_s=1.0, backoff_cap_s=8.0, **settings)
        self.marks: list[Mark] = []
        self.states: list[tuple[bool, str]] = []
        self.stream = self.bench.venue.mark_stream(
            self.bench.symbols, self.marks.append, lambda up, reason: self.states.append((up, reason))
        )
        self.message = binance_mark() if kind == "binance_usdm" else bybit_ticker(**WHOLE)

    @property
    def socket(self) -> FakeSocket:
        return self.bench.sockets.last

    def up(self) -> Watch:
        self.stream.start()
        self.socket.open()
        self.socket.say(self.message)
        assert self.states == [(True, "")]
        return self


# Messages.


def read_binance(message: Any) -> Mark | None:
    return BinanceMarkReader(lambda name: name).read(json.dumps(message).encode())


@pytest.mark.parametrize("name", ["ws_mark_price_stream", "user_or_stream_MarkPrice"])
def test_a_binance_mark_of_the_documentation(name: str) -> None:
    expected = Mark(
        "BTCUSDT", "11794.15", "11784.62659091", "0.00038167", 1_562_306_400_000, 1_562_305_380_000
    )
    assert read_binance(fixture("binance_usdm", name)) == expected


@pytest.mark.parametrize("name", ["ws_aggregate_trade_streams", "ws_diff_book_depth_streams"])
def test_other_streams_are_no_mark(name: str) -> None:
    assert read_binance(fixture("binance_usdm", name)) is None
    assert read_binance({"result": None, "id": 1}) is None


def test_a_bybit_ticker_of_the_documentation_without_funding() -> None:
    text = json.dumps(fixture("bybit", "ws_ticker_linear_snapshot")).encode()
    assert BybitMarkReader(lambda name: name).read(text) == Mark(
        "BTC-26DEC25", "121144.63", "114132.51", "", 0, 1_760_409_119_857
    )


def test_a_field_that_a_bybit_delta_leaves_out_is_unchanged() -> None:
    reader = BybitMarkReader(lambda name: name)

    def read(message: Any) -> Mark | None:
        return reader.read(json.dumps(message).encode())

    first = read(bybit_ticker(**WHOLE))
    assert first is not None
    second = read(bybit_ticker("delta", fundingRate="-0.0002"))
    assert second is not None
    assert (second.mark, second.index, second.funding_rate) == (first.mark, first.index, "-0.0002")
    third = read(bybit_ticker("delta", bid1Price="1"))
    assert third == second, "a message that says nothing of the mark tells it all the same"
    assert read(bybit_ticker("delta", "ETHUSDT", markPrice="2500")) is None, "its snapshot is missing"
    fourth = read(bybit_ticker(markPrice="61000"))
    assert fourth == Mark("BTCUSDT", "61000", "0", "", 0, 1_700_000_000_000), "a snapshot replaces everything"


@pytest.mark.parametrize("wrong", ["1e5", "", "NaN", None])
def test_a_mark_that_is_no_plain_decimal_is_refused_or_none(wrong: Any) -> None:
    message = binance_mark()
    message["data"]["p"] = wrong
    with pytest.raises(VenueError, match="p:"):
        read_binance(message)


# The stream.


@BOTH
def test_marks_come_by_our_own_names(kind: str) -> None:
    watch = Watch(kind).up()
    assert watch.marks == [EXPECTED]
    assert watch.stream.up
    if kind == "binance_usdm":
        assert watch.socket.url.endswith(
            "/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s"
        ), "the mark price is not delivered on /public"
        assert watch.socket.sent == []
    else:
        assert watch.socket.sent == [
            {"req_id": "1", "op": "subscribe", "args": ["tickers.BTCUSDT", "tickers.ETHUSDT"]}
        ]


@BOTH
def test_it_is_up_with_the_first_mark_and_not_before(kind: str) -> None:
    watch = Watch(kind)
    watch.stream.start()
    watch.socket.open()
    assert not watch.stream.up
    assert watch.states == []


@BOTH
def test_a_stream_that_connects_and_stays_silent_is_connected_anew(kind: str) -> None:
    watch = Watch(kind, mark_silence_s=4.0)
    watch.stream.start()
    watch.socket.open()
    pong = {"success": True, "ret_msg": "pong", "op": "ping"}
    for _ in range(3):
        watch.bench.clock.advance(1.0)
        watch.socket.say(pong)  # answers prove the peer, not the data
    watch.bench.clock.advance(1.5)
    assert watch.states == [(False, "no mark price for 4 s")]
    assert watch.bench.sockets.sockets[0].dead
    watch.bench.sockets.sockets[0].events.on_text(json.dumps(watch.message).encode())
    assert (watch.marks, len(watch.states)) == ([], 1), "too late"
    watch.bench.clock.advance(2.0)
    assert watch.stream.connects == 2
    watch.socket.open()
    watch.socket.say(watch.message)
    assert watch.states[-1] == (True, "")


@BOTH
def test_marks_that_say_the_same_keep_the_connection(kind: str) -> None:
    watch = Watch(kind, mark_silence_s=4.0).up()
    for _ in range(10):
        watch.bench.clock.advance(1.5)
        watch.socket.say(watch.message)
    assert watch.stream.connects == 1
    assert watch.marks == [EXPECTED] * 11


@BOTH
def test_a_lost_connection_comes_back_and_its_late_words_are_not_heard(kind: str) -> None:
    watch = Watch(kind).up()
    first = watch.socket
    first.end("reset by peer")
    assert watch.states[-1] == (False, "reset by peer")
    watch.bench.clock.advance(8.0)
    assert watch.socket is not first
    watch.socket.open()
    first.events.on_text(json.dumps(watch.message).encode())
    assert len(watch.marks) == 1
    assert not watch.stream.up


@BOTH
def test_an_unreadable_mark_costs_the_connection(kind: str) -> None:
    watch = Watch(kind).up()
    watch.socket.say(b"{")
    assert watch.states[-1][0] is False
    assert watch.states[-1][1].startswith("unreadable")


@BOTH
def test_stop_is_final(kind: str) -> None:
    watch = Watch(kind).up()
    watch.stream.stop()
    assert watch.states[-1] == (False, "stopped")
    assert watch.socket.dead
    watch.bench.clock.advance(100.0)
    assert watch.stream.connects == 1


def test_an_announced_shutdown_is_not_waited_for() -> None:
    watch = Watch("binance_usdm").up()
    watch.socket.say({"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1}})
    assert watch.states[-1] == (False, "serverShutdown")


def test_one_symbol_that_bybit_refuses_does_not_keep_the_other_out() -> None:
    watch = Watch("bybit_linear")
    watch.stream.start()
    watch.socket.open()
    refusal = {"success": False, "ret_msg": "Invalid topic: tickers.ETHUSDT", "op": "subscribe"}
    watch.socket.say(refusal | {"req_id": "1"})
    assert [frame["args"] for frame in watch.socket.sent[1:]] == [["tickers.BTCUSDT"], ["tickers.ETHUSDT"]]
    watch.socket.say({"success": True, "ret_msg": "", "op": "subscribe", "req_id": "2"})
    watch.socket.say(refusal | {"req_id": "3"})
    watch.socket.say(watch.message)
    assert watch.marks == [EXPECTED]
    assert watch.stream.refused == {"tickers.ETHUSDT": "Invalid topic: tickers.ETHUSDT"}


def test_bybit_is_pinged_in_its_own_words() -> None:
    watch = Watch("bybit_linear", ping_period_s=5.0, mark_silence_s=60.0).up()
    watch.bench.clock.advance(11.0)
    assert [frame for frame in watch.socket.sent if frame == {"op": "ping"}] == [{"op": "ping"}] * 2
