"""Trading rules of both venues, from the published examples and from literals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arb.venues.base import ErrorClass, VenueError, VenueFailure, VenueInstrument
from arb.venues.binance import parse as binance_parse
from arb.venues.binance.venue import BinanceSpot
from arb.venues.bybit import parse as bybit_parse

from .fakes import EventLog, FakeClock, FakeHttp, FakeSockets
from .fixtures import fixture
from .market_setup import INFO, KINDS, PERPETUALS, market
from .setup import BINANCE_INFO, BYBIT_INFO, URLS, binance, bybit, envelope


def test_binance_exchange_info_of_the_documentation() -> None:
    found = binance_parse.instruments(fixture("binance_spot", "rest_exchange_info"))
    assert found[0] == VenueInstrument(
        symbol="ETH/BTC",
        venue_symbol="ETHBTC",
        base="ETH",
        quote="BTC",
        tick="0.000001",
        lot="0.001",
        min_qty="0.001",
        max_qty="100000",
        min_notional="10",
        max_notional="10000",
        min_price="0.000001",
        max_price="100000",
        tradable=True,
        stp_modes=found[0].stp_modes,
    )


def test_bybit_instruments_info_of_the_documentation() -> None:
    body = fixture("bybit", "rest_instruments_spot")
    [found] = [bybit_parse.instrument(row) for row in body["result"]["list"]]
    assert found == VenueInstrument(
        symbol="BTC/USDT",
        venue_symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        tick="0.1",
        lot="0.000001",
        min_qty="0.000011",
        max_qty="83",
        min_notional="5",
        max_notional="8000000",
        min_price="0",
        max_price="0",
        tradable=True,
    )


def test_the_stricter_of_two_notional_floors_counts() -> None:
    row = BINANCE_INFO["symbols"][0]
    floor = {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000", "applyToMarket": True}
    assert binance_parse.instrument({**row, "filters": [*row["filters"], floor]}).min_notional == "10"


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY"])
def test_a_halted_symbol_is_not_tradable(status: str) -> None:
    assert not binance_parse.instrument({**BINANCE_INFO["symbols"][0], "status": status}).tradable


@pytest.mark.parametrize("tick", [None, "", "1e-5", 0.01, "NaN", "0,1"])
def test_a_tick_that_is_no_plain_decimal_is_refused_by_name(tick: Any) -> None:
    row = BYBIT_INFO["list"][0]
    with pytest.raises(VenueError, match="tickSize"):
        bybit_parse.instrument({**row, "priceFilter": {"tickSize": tick}})


def test_a_symbol_the_venue_does_not_know_is_missing_in_the_answer() -> None:
    bench, answers = bybit(ready=False), []
    bench.venue.instruments(["BTC/USDT", "NO/SUCH"], answers.append)
    bench.http.answer("instruments-info", envelope(BYBIT_INFO))
    assert [i.symbol for i in answers[0]] == ["BTC/USDT"]


def test_binance_asks_for_everything_when_one_symbol_is_unknown() -> None:
    bench, answers = binance(ready=False), []
    bench.venue.instruments(["BTC/USDT", "NO/SUCH"], answers.append)
    request = bench.http.answer("exchangeInfo", {"code": -1121, "msg": "Invalid symbol."}, status=400)
    assert "symbols=%5B%22BTCUSDT%22%2C%22NOSUCH%22%5D" in request.url
    bench.http.answer("exchangeInfo", BINANCE_INFO)
    assert [i.symbol for i in answers[0]] == ["BTC/USDT"]


def test_a_page_cursor_is_followed_verbatim() -> None:
    bench, answers = bybit(ready=False), []
    bench.venue.instruments(["BTC/USDT", "ETH/USDT"], answers.append)
    first, second = BYBIT_INFO["list"]
    bench.http.answer("instruments-info", envelope({"list": [first], "nextPageCursor": "first%3D1%26"}))
    request = bench.http.answer("instruments-info", envelope({"list": [second], "nextPageCursor": ""}))
    assert request.url.endswith("&cursor=first%3D1%26")
    assert [i.symbol for i in answers[0]] == ["BTC/USDT", "ETH/USDT"]


def test_a_failed_question_is_a_failure_not_an_empty_list() -> None:
    bench, answers = binance(ready=False), []
    bench.venue.instruments(["BTC/USDT"], answers.append)
    bench.http.answer("exchangeInfo", b"<html>", status=502)
    assert answers == [VenueFailure(ErrorClass.unknown, 502, "<html>")]


def test_market_streams_carry_depth_and_best_price_on_one_connection() -> None:
    stream = binance().venue.market_stream(["BTC/USDT", "ETH/USDT"])
    assert stream.url == (
        "ws://127.0.0.1:2/stream?streams="
        "btcusdt@depth@100ms/btcusdt@bookTicker/ethusdt@depth@100ms/ethusdt@bookTicker"
    )
    assert (stream.frames, stream.ping) == ((), None)
    stream = bybit().venue.market_stream(["BTC/USDT", "ETH/USDT"])
    assert stream.url == "ws://127.0.0.1:4/v5/public/spot"
    assert stream.frames == (
        b'{"req_id":"1","op":"subscribe","args":["orderbook.50.BTCUSDT","orderbook.1.BTCUSDT",'
        b'"orderbook.50.ETHUSDT","orderbook.1.ETHUSDT"]}',
    )
    assert (stream.ping, stream.ping_period_s) == (b'{"op":"ping"}', 20.0)


def test_snapshots_come_over_rest_on_binance_and_by_resubscription_on_bybit() -> None:
    venue = binance().venue
    request = venue.snapshot_request("BTC/USDT")
    assert request.url == "http://127.0.0.1:1/api/v3/depth?symbol=BTCUSDT&limit=1000"
    assert venue.resubscribe_frames("BTC/USDT") == (
        b'{"method":"UNSUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@bookTicker"],"id":"again"}',
        b'{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@bookTicker"],"id":"again"}',
    )
    venue = bybit().venue
    assert venue.snapshot_request("BTC/USDT") is None
    assert venue.resubscribe_frames("BTC/USDT") == (
        b'{"req_id":"r","op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}',
        b'{"req_id":"r","op":"subscribe","args":["orderbook.50.BTCUSDT"]}',
    )


def test_an_address_that_is_not_configured_is_an_error() -> None:
    with pytest.raises(VenueError, match="no address is configured for 'rest'"):
        BinanceSpot("here", {**URLS, "rest": None}, FakeHttp(), FakeSockets(), FakeClock(), EventLog())


# Perpetuals.


def test_binance_usdm_exchange_info_of_the_documentation() -> None:
    body = fixture("binance_usdm", "rest_exchange_info_synthetic")
    row = next(row for row in body["symbols"] if row["symbol"] == "BTCUSDT")
    filters = fixture("binance_usdm", "live_exchange_info_btcusdt_filters")
    assert binance_parse.perpetual({**row, "filters": filters}) == VenueInstrument(
        symbol="BTC/USDT:USDT",
        venue_symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        tick="0.1",  # pricePrecision says 2
        lot="0.001",
        min_qty="0.001",
        max_qty="1000",
        min_notional="50",
        max_notional="0",
        min_price="556.8",
        max_price="4529764",
        tradable=True,
        stp_modes=binance_parse.perpetual(row).stp_modes,
        settle="USDT",
        band=("0.95", "1.05"),
    )
    assert all(binance_parse.perpetual(row).settle for row in body["symbols"])


def test_bybit_linear_instruments_of_the_documentation() -> None:
    [row] = fixture("bybit", "rest_instruments_linear")["result"]["list"]
    assert bybit_parse.perpetual(row) == VenueInstrument(
        symbol="BTC/USDT:USDT",
        venue_symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        tick="0.1",
        lot="0.001",
        min_qty="0.001",
        max_qty="1190",
        min_notional="5",
        max_notional="0",
        min_price="0.1",
        max_price="1999999.8",
        tradable=True,
        settle="USDT",
    )


@pytest.mark.parametrize("kind", PERPETUALS)
def test_dated_contracts_of_the_same_pair_are_not_taken_for_perpetuals(kind: str) -> None:
    bench, answers = market(kind, ready=False), []
    bench.venue.instruments(["BTC/USDT:USDT", "ETH/USDT:USDT"], answers.append)
    bench.http.answer("", INFO[kind])
    assert [i.venue_symbol for i in answers[0]] == ["BTCUSDT", "ETHUSDT"]


def test_a_perpetual_that_is_spelled_otherwise_is_found_by_its_assets() -> None:
    bench, answers = market("bybit_linear", ready=False), []
    bench.venue.instruments(["BTC/USDC:USDC"], answers.append)
    bench.http.answer("", INFO["bybit_linear"])
    assert [(i.venue_symbol, i.settle) for i in answers[0]] == [("BTCPERP", "USDC")]


def test_the_step_of_a_quantity_is_not_its_least() -> None:
    found = bybit_parse.perpetual(INFO["bybit_linear"]["result"]["list"][1])
    assert (found.lot, found.min_qty) == ("0.001", "0.005")


def test_all_pages_of_the_linear_instruments_are_read() -> None:
    bench, answers = market("bybit_linear", ready=False), []
    bench.venue.instruments(["BTC/USDT:USDT", "ETH/USDT:USDT"], answers.append)
    _, first, second, _ = INFO["bybit_linear"]["result"]["list"]
    request = bench.http.answer("", envelope({"list": [first], "nextPageCursor": "first%3D1"}))
    assert request.url.endswith("/instruments-info?category=linear&limit=1000")
    request = bench.http.answer("", envelope({"list": [second], "nextPageCursor": ""}))
    assert request.url.endswith("?category=linear&limit=1000&cursor=first%3D1")
    assert [i.symbol for i in answers[0]] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_symbol_of_another_market_is_refused_before_anything_is_asked(kind: str) -> None:
    bench = market(kind, ready=False)
    wrong = "BTC/USDT" if kind in PERPETUALS else "BTC/USDT:USDT"
    with pytest.raises(VenueError, match="was expected"):
        bench.venue.instruments([wrong], lambda _: None)
    assert bench.http.requests == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", ["PENDING_TRADING", "SETTLING", "PreLaunch", "Closed", "HALT"])
def test_only_a_symbol_in_trade_is_tradable(kind: str, status: str) -> None:
    bench, answers = market(kind, ready=False), []
    info = json.loads(json.dumps(INFO[kind]))
    for row in info["symbols"] if kind.startswith("binance") else info["result"]["list"]:
        row["status"] = status
    bench.venue.instruments(bench.symbols, answers.append)
    bench.http.answer("", info)
    assert [i.tradable for i in answers[0]] == [False, False]
