"""The C++ readers against orjson and Decimal: acceptance and every value.

The long run is `python -m tests.fuzz_frames --count 1000000`; ARB_FUZZ_FRAMES sets the length of this one.
"""

import os
import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.wire import Reader
from tests.fuzz_frames import Disagreement, Fuzzer, frame, fuzz
from tests.reference.frames import Decoded, decode_binance, decode_binance_snapshot, decode_bybit

COUNT = int(os.environ.get("ARB_FUZZ_FRAMES", "20000"))


def test_readers_and_slow_path_agree_with_orjson_on_mutated_frames() -> None:
    counts = fuzz(COUNT, seed=20_240_808)
    assert counts.accepted > COUNT / 10, counts
    assert counts.refused > COUNT / 10, counts
    assert counts.rescued > 0, counts
    assert len(counts.statuses) >= 10, counts


@pytest.mark.parametrize(
    ("price", "qty", "last_id", "time", "status"),
    [
        ("11258999.06842623", "1", "1", "1", "ok"),
        ("11258999.06842624", "1", "1", "1", "overflow"),  # 2^50 at 8 decimals
        ("1", "720575940.37927935", "1", "1", "ok"),
        ("1", "720575940.37927936", "1", "1", "overflow"),  # 2^56
        ("1", "1", "9223372036854775807", "1", "ok"),
        ("1", "1", "9223372036854775808", "1", "overflow"),
        ("1", "1", "1", "9223372036854", "ok"),
        ("1", "1", "1", "9223372036855", "overflow"),  # ns in an int64
        ("0.00000001", "0.00000000", "1", "1", "ok"),
        ("0.000000001", "1", "1", "1", "inexact"),
        ("0.0000000", "1", "1", "1", "bad_value"),
    ],
)
def test_each_bound_is_exact(price: str, qty: str, last_id: str, time: str, status: str) -> None:
    fuzzer = Fuzzer()
    raw = (
        f'{{"e":"depthUpdate","E":{time},"s":"ETHUSDT","U":1,"u":{last_id},"b":[["{price}","{qty}"]],"a":[]}}'
    ).encode()
    fuzzer.feed("binance", raw)
    assert fuzzer.counts.statuses == {status: 1}


def test_a_wrong_value_is_found() -> None:
    fuzzer = Fuzzer()
    right = fuzzer.readers["binance"]

    def off_by_one(raw: bytes) -> tuple[object, ...]:
        result = right(raw)
        return (*result[:4], result[4] + 1, *result[5:]) if result[0] == "ok" else result

    fuzzer.readers["binance"] = off_by_one
    raw = b'{"u":400900217,"s":"BTCUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}'
    with pytest.raises(Disagreement):
        fuzzer.feed("binance", raw)


@pytest.mark.parametrize("seed", range(3))
def test_a_frame_that_nobody_damaged_is_read(seed: int) -> None:
    fuzzer = Fuzzer()
    rng = random.Random(seed)
    for _ in range(500):
        reader, raw = frame(rng)
        fuzzer.feed(reader, raw)
    assert fuzzer.counts.refused == 0, fuzzer.counts
    assert fuzzer.counts.accepted > 200, fuzzer.counts


KEYS = ["e", "E", "s", "U", "u", "b", "a", "topic", "data", "type", "ts", "x"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


def dumped(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer beyond 64 bits
        return b"{}"


@given(JSON.map(dumped) | st.binary(max_size=40))
def test_any_json_and_any_bytes_have_one_meaning(raw: bytes) -> None:
    fuzzer = Fuzzer()
    for reader in ("binance", "bybit", "rest"):
        fuzzer.feed(reader, raw)


def spread(text: bytes, spaces: list[bytes]) -> bytes:
    """Whitespace behind structural characters of a frame whose strings hold none."""
    out = bytearray()
    for i, byte in enumerate(text):
        out.append(byte)
        if byte in b"{}[],":
            out += spaces[i % len(spaces)]
    return bytes(out)


@given(
    st.lists(st.sampled_from([b"", b" ", b"\n", b"\t\r ", b"      "]), min_size=1, max_size=7),
    st.permutations(["e", "E", "s", "U", "u", "b", "a", "x"]),
)
def test_any_legal_whitespace_and_key_order_is_read(spaces: list[bytes], order: list[str]) -> None:
    values = {
        "e": '"depthUpdate"',
        "E": "1723161254812",
        "s": '"BTCUSDT"',
        "U": "157",
        "u": "160",
        "b": '[["61685.99","0.000001"],["61685.00","0"]]',
        "a": '[["61686.00","12.5"]]',
        "x": '{"b":[[1,null]],"u":true}',
    }
    raw = spread(("{" + ",".join(f'"{key}":{values[key]}' for key in order) + "}").encode(), spaces)
    grids = {"BTCUSDT": (2, 6)}
    truth = decode_binance(raw, grids)
    assert truth is not None
    result = Reader("binance", grids).read(raw)
    assert result[0] == "ok"
    assert result[-2:] == (truth.bids, truth.asks) == ([(6168599, 1), (6168500, 0)], [(6168600, 12_500_000)])


def test_a_snapshot_and_a_topic_give_what_the_oracle_gives() -> None:
    rest = b'{"lastUpdateId":1027024,"bids":[["4.00","431.00"]],"asks":[["4.02","12"]]}'
    assert Reader("binance", {}).read_snapshot(rest, 2, 3)[-2:] == ([(400, 431_000)], [(402, 12_000)])
    assert isinstance(decode_binance_snapshot(rest, (2, 3)), Decoded)
    topic = (
        b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT",'
        b'"b":[["30247.20","30.028"]],"a":[["30248.70","0"]],"u":177400507,"seq":66544703342},"cts":1687940967464}'
    )
    truth = decode_bybit(topic, {"BTCUSDT": (2, 3)})
    assert truth is not None
    assert Reader("bybit", {"BTCUSDT": (2, 3)}).read(topic)[-2:] == (truth.bids, truth.asks)
