"""`arb scan` finds the known answers of real captures and of small recordings made here."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from arb.cli import run

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/data"
SPOT = "binance:BTC/USDT"
PERPETUAL = "binance:BTC/USDT:USDT"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND

needs_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"no recorded exchange data at {CAPTURES}")

Rows = Sequence[list[str]]
Scan = Callable[..., dict[str, Any]]


@pytest.fixture
def scan(capsys: pytest.CaptureFixture[str]) -> Scan:
    def call(*arguments: str, code: int = 0) -> dict[str, Any]:
        assert run(["scan", *arguments, "--json"]) == code
        body: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert body["schema"] == "arb.scan/1"
        assert (body["ok"], body["code"]) == (code == 0, code)
        return body

    return call


# capture, frames, applied, best bid, best ask, levels, ticker_equal
ANSWERS = [
    (SPOT, "spot_btcusdt_20240808.gz", 41_249, 3_449, ["61685.99", "1.0087"], ["61686", "2.29327"],
     [1209, 2196], 564),
    ("binance:ETH/USDT", "spot_ethusdt_20240808.gz", 33_618, 3_432, ["2682.5", "3.3168"],
     ["2682.51", "48.9739"], [1195, 1158], 577),
    (PERPETUAL, "usdm_btcusdt_20240808.gz", 93_954, 6_547, ["61659.7", "1.486"], ["61659.8", "0.981"],
     [5018, 4578], 629),
]  # fmt: skip


@needs_captures
@pytest.mark.parametrize(
    ("name", "file", "frames", "applied", "bid", "ask", "levels", "equal"),
    ANSWERS,
    ids=[row[1] for row in ANSWERS],
)
def test_a_capture_gives_its_known_book(
    scan: Scan,
    name: str,
    file: str,
    frames: int,
    applied: int,
    bid: list[str],
    ask: list[str],
    levels: list[int],
    equal: int,
) -> None:
    (book,) = scan(f"{name}={CAPTURES / file}")["data"]["books"]
    assert book == {
        "instrument": name,
        "frames": frames,
        "applied": applied,
        "ignored": frames - applied - 1,  # all but the snapshot: trades, best prices, old updates
        "gaps": 0,
        "refused": 0,
        "state": "LIVE",
        "best_bid": bid,
        "best_ask": ask,
        "levels": levels,
        "ticker_equal": [equal, equal],
    }


@needs_captures
def test_spot_against_perpetual_is_a_standing_basis(scan: Scan) -> None:
    spot, perpetual = (f"{row[0]}={CAPTURES / row[1]}" for row in (ANSWERS[0], ANSWERS[2]))
    data = scan(spot, perpetual, "--fee-bps", "0")["data"]
    pairs = {(pair["buy"], pair["sell"]): pair for pair in data["pairs"]}
    assert {pair["kind"] for pair in data["pairs"]} == {"basis"}
    lasting, short = pairs[PERPETUAL, SPOT], pairs[SPOT, PERPETUAL]
    assert 343.5 < lasting["crossed_seconds"] < 344.9
    assert lasting["max_edge_bps"].startswith("11.0")
    assert short["crossed_seconds"] == pytest.approx(0.06, abs=0.01)
    assert float(short["max_edge_bps"]) == pytest.approx(0.80, abs=0.005)
    assert data["frame_ns"]["p50"] < data["frame_ns"]["p99"]
    # Above 5 bps a leg nothing crosses any more.
    fee = scan(spot, perpetual, "--fee-bps", "10")["data"]["pairs"]
    assert [(pair["opportunities"], pair["crossed_seconds"]) for pair in fee] == [(0, 0.0), (0, 0.0)]


def snapshot(bid: str, ask: str, last_id: int = 10) -> str:
    return f'{{"lastUpdateId":{last_id},"bids":[["{bid}","1"]],"asks":[["{ask}","1"]]}}'


def update(at: int, bids: Rows = (), asks: Rows = (), first: int = 0) -> str:
    ids = {"U": first or at, "u": at}
    body = {"e": "depthUpdate", "E": 1_700_000_000_000, "s": "BTCUSDT", **ids, "b": bids, "a": asks}
    return json.dumps(body, separators=(",", ":"))


def ticker(at: int, bid: str, ask: str) -> str:
    body = {"u": at, "s": "BTCUSDT", "b": bid, "B": "1", "a": ask, "A": "1"}
    return json.dumps({"stream": "btcusdt@bookTicker", "data": body}, separators=(",", ":"))


def bybit(kind: str, u: int, bids: Rows, asks: Rows) -> str:
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": u, "seq": u}
    body = {"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": 1_700_000_000_000, "data": data, "cts": 1}
    return json.dumps(body, separators=(",", ":"))


def record(path: Path, *lines: tuple[float, str] | str) -> str:
    """Write a recording: (seconds after START, frame), or a line as it stands. Returns the path as text."""
    text = "".join(
        f"{line}\n" if isinstance(line, str) else f"{START + round(line[0] * SECOND)} {line[1]}\n"
        for line in lines
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


def test_two_venues_that_cross_for_a_second(scan: Scan, tmp_path: Path) -> None:
    binance = record(
        tmp_path / "binance.gz",
        (0, snapshot("99", "100")),
        (1, update(11, asks=[["100", "2"]])),
        (5, update(12, asks=[["100", "3"]])),
    )
    linear = record(
        tmp_path / "bybit.jsonl",
        (0, bybit("snapshot", 1, [["99", "1"]], [["101", "1"]])),
        (2, bybit("delta", 2, [["100.5", "1"]], [])),
        (3, bybit("delta", 3, [["100.5", "0"]], [])),
        (3.04, bybit("delta", 4, [["100.6", "1"]], [])),  # 40 ms later: the same opportunity
        (3.1, bybit("delta", 5, [["100.6", "0"]], [])),
        (4, bybit("delta", 6, [["100.4", "1"]], [])),  # another one, until the end
    )
    data = scan(f"{SPOT}={binance}", f"bybit:BTC/USDT={linear}", "--fee-bps", "10")["data"]
    there, back = data["pairs"]
    assert there == {
        "buy": SPOT,
        "sell": "bybit:BTC/USDT",
        "kind": "arbitrage",
        "crossed_seconds": pytest.approx(1 + 0.06 + 1),
        "opportunities": 2,
        "max_edge_bps": "39.94",  # 60 - 10 - 10.06
    }
    assert (back["buy"], back["opportunities"]) == ("bybit:BTC/USDT", 0)
    assert back["max_edge_bps"].startswith("-")


def test_a_best_price_ahead_of_the_depth_stream_counts_for_the_edge_only(scan: Scan, tmp_path: Path) -> None:
    first = record(
        tmp_path / "a",
        (0, snapshot("99", "100")),
        (0.5, update(11, [["99", "1"]])),
        (1, ticker(15, "101", "102")),
        (2, update(15, [["101", "1"]], [["100", "0"], ["102", "1"]], first=12)),
    )
    second = record(tmp_path / "b", (0, bybit("snapshot", 1, [["99", "1"]], [["100", "1"]])), (3, "{}"))
    data = scan(f"{SPOT}={first}", f"bybit:BTC/USDT={second}", "--fee-bps", "0")["data"]
    assert data["books"][0]["ticker_equal"] == [1, 1]
    by_seller = {pair["sell"]: pair for pair in data["pairs"]}
    assert by_seller[SPOT]["crossed_seconds"] == pytest.approx(2)


def test_a_gap_ends_an_opportunity(scan: Scan, tmp_path: Path) -> None:
    first = record(
        tmp_path / "a", (0, snapshot("101", "102")), (1, update(11)), (2, update(99)), (5, update(100))
    )
    second = record(tmp_path / "b", (0, bybit("snapshot", 1, [["99", "1"]], [["100", "1"]])))
    data = scan(f"{SPOT}={first}", f"bybit:BTC/USDT={second}", "--fee-bps", "0")["data"]
    assert (data["books"][0]["state"], data["books"][0]["gaps"]) == ("STALE", 1)
    assert 1 <= {pair["sell"]: pair for pair in data["pairs"]}[SPOT]["crossed_seconds"] <= 2


def test_a_refused_line_is_named_and_counted_and_the_scan_goes_on(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(
        tmp_path / "r.jsonl",
        (0, snapshot("99", "100")),
        "rubbish",
        (1, update(11, [["99.5", "1"]])),
        (2, '{"e":"depthUpdate","s":"BTCUSDT","U":12,"u":12,"b":[["99.5x","1"]],"a":[]}'),
        (3, snapshot("98", "99", 20)),
        (4, update(21, [["98.5", "1"]])),
    )
    assert run(["scan", f"{SPOT}={path}"]) == 0
    err = capsys.readouterr().err
    assert f"refused: {path}:2: not of the form" in err
    assert f"refused: {path}:4: " in err
    (book,) = scan(f"{SPOT}={path}")["data"]["books"]
    assert (book["refused"], book["state"], book["best_bid"]) == (2, "LIVE", ["98.5", "1"])


def test_several_files_of_one_instrument_are_one_recording(scan: Scan, tmp_path: Path) -> None:
    first = record(tmp_path / "1.gz", (0, snapshot("99", "100")), (1, update(11)))
    second = record(tmp_path / "2.gz", (2, update(12, [["99.5", "4"]])))
    (book,) = scan(f"{SPOT}={first}", f"{SPOT}={second}")["data"]["books"]
    assert (book["applied"], book["gaps"], book["best_bid"]) == (2, 0, ["99.5", "4"])


def test_only_instruments_of_one_asset_pair_are_compared(scan: Scan, tmp_path: Path) -> None:
    path = record(tmp_path / "r", (0, snapshot("99", "100")))
    data = scan(f"{SPOT}={path}", f"binance:ETH/USDT={path}", f"bybit:BTC/USDC={path}")["data"]
    assert data["pairs"] == []
    assert data["frame_ns"] == {"p50": None, "p99": None}


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("kraken:BTC/USDT=r", "error: unknown venue 'kraken'"),
        ("binance:BTCUSDT=r", "error: unknown instrument 'binance:BTCUSDT'"),
        ("binance:BTC/USDT", "error: 'binance:BTC/USDT' names no recording"),
        ("binance:BTC/USDT=nowhere.gz", "error: nowhere.gz: no such file"),
        ("binance:BTC/USDT=.", "error: .: is no file"),
    ],
)
def test_a_wrong_argument_is_one_line_and_code_2(
    argument: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scan", argument]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(line)
    assert (out, len(err.splitlines())) == ("", 1)


def test_a_torn_recording_is_refused_as_a_whole(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(record(tmp_path / "r.gz", (0, snapshot("99", "100")), (1, update(11))))
    path.write_bytes(path.read_bytes()[:-9])
    body = scan(f"{SPOT}={path}", code=1)
    assert body["data"] == {}
    assert "torn after 0 complete blocks" in body["errors"][0]["message"]


def test_a_person_sees_what_the_edge_was_measured_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path / "r", (0, snapshot("99", "100")), (1, update(11)))
    assert run(["scan", f"{SPOT}={path}", f"{PERPETUAL}={path}"]) == 0
    out = capsys.readouterr().out
    assert "taker fee 10 bps a leg, so a cross must exceed 20 bps" in out
    assert f"{SPOT:22}  LIVE" in out
