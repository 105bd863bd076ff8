"""The venues' documented messages through the readers: book messages to the last value, others ignored."""

from pathlib import Path

import pytest

from arbcore import OrderBook
from arbcore.slowpath import READERS
from arbcore.wire import Reader
from tests.fuzz_frames import as_tuple, slow_tuple
from tests.reference.frames import Decoded, decode_binance, decode_binance_snapshot, decode_bybit

FIXTURES = Path(__file__).resolve().parents[2] / "../shared/fixtures"
FOLDERS = {"binance_spot": "binance", "binance_usdm": "binance", "bybit": "bybit"}
GRIDS = dict.fromkeys(("BNBBTC", "BNBUSDT", "BTCUSDT"), (8, 8))

# (update kind, symbol) of every fixture that a reader takes. ws_rpi_diff... is raw: only a combined frame
# names its stream, and we subscribe to no such stream.
STREAM = {
    "binance_spot/ws_book_ticker.json": ("ticker", "BNBUSDT"),
    "binance_spot/ws_depth_update.json": ("delta", "BNBBTC"),
    "binance_usdm/user_or_stream_Book.json": ("delta", "BTCUSDT"),
    "binance_usdm/user_or_stream_BookTicker.json": ("ticker", "BNBUSDT"),
    "binance_usdm/ws_all_book_tickers_stream.json": ("ticker", "BNBUSDT"),
    "binance_usdm/ws_diff_book_depth_streams.json": ("delta", "BNBUSDT"),
    "binance_usdm/ws_individual_symbol_book_ticker_streams.json": ("ticker", "BNBUSDT"),
    "binance_usdm/ws_rpi_diff_book_depth_streams.json": ("delta", "BNBUSDT"),
    "bybit/syn_ws_orderbook_l1_snapshot.json": ("ticker", "BTCUSDT"),
    "bybit/syn_ws_orderbook_u1_reset.json": ("snapshot", "BTCUSDT"),
    "bybit/ws_orderbook_delta.json": ("delta", "BTCUSDT"),
    "bybit/ws_orderbook_snapshot_shape.json": ("snapshot", "BTCUSDT"),
}
# A partial depth frame of the raw stream has the shape of the REST body; nothing reads it as a frame.
REST = {
    "binance_spot/rest_depth.json",
    "binance_spot/ws_partial_depth.json",
    "binance_usdm/rest_order_book.json",
}

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"{FIXTURES} is not there")


def all_of(folder: str) -> list[Path]:
    files = sorted((FIXTURES / folder).glob("*.json"))
    assert len(files) > 40, f"{folder} has only {len(files)} fixtures"
    return files


@pytest.mark.parametrize("name", STREAM)
def test_a_documented_book_message_has_the_values_orjson_and_decimal_read(name: str) -> None:
    raw = (FIXTURES / name).read_bytes()
    venue = FOLDERS[name.split("/")[0]]
    truth = (decode_binance if venue == "binance" else decode_bybit)(raw, GRIDS)
    assert isinstance(truth, Decoded)
    assert (truth.kind, truth.symbol) == STREAM[name]
    assert truth.bids or truth.asks
    assert Reader(venue, GRIDS).read(raw) == as_tuple(truth)
    slow = READERS[venue](raw, GRIDS)
    assert slow is not None
    assert slow_tuple(slow, truth.symbol) == as_tuple(truth)


@pytest.mark.parametrize("name", sorted(REST))
def test_a_documented_rest_book_has_the_values_orjson_and_decimal_read(name: str) -> None:
    raw = (FIXTURES / name).read_bytes()
    truth = decode_binance_snapshot(raw, (8, 8))
    assert isinstance(truth, Decoded)
    assert Reader("binance", GRIDS).read_snapshot(raw, 8, 8) == as_tuple(truth)
    assert OrderBook("binance:BNB/BTC", 8, 8).on_snapshot(raw) == "joined"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_other_documented_message_is_ignored_without_error(folder: str) -> None:
    reader = Reader(FOLDERS[folder], GRIDS)
    for path in all_of(folder):
        name = f"{folder}/{path.name}"
        if name not in STREAM:
            assert reader.read(path.read_bytes()) == ("ignored", None), name
        if folder != "bybit" and name not in REST:
            assert reader.read_snapshot(path.read_bytes(), 8, 8) == ("ignored", None), name
