"""Mutated frames: what a reader must survive, and on which it must agree with the oracle.

Changes of the JSON structure (key order, doubled, dropped, renamed and moved members, whitespace,
envelopes), of single values (digits, widths, huge and fractional numbers, nested junk) and of plain bytes.
"""

import random
import re
from collections.abc import Callable
from typing import Any

import orjson


def mutate(raw: bytes, rng: random.Random) -> bytes:
    """`raw` after one to three changes: of its JSON structure, of its text, or of single bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        raw = rng.choice(_MUTATORS)(raw, rng)
    return raw


_WHITESPACE = (b" ", b"\n", b"\t", b"\r", b"  \r\n")
_NUMBERS = (
    b"0 -0 -1 1.0 1e3 1E+2 1.5e-3 01 1. .5 +1 1e999 - NaN 9223372036854775807 9223372036854775808 "
    b"18446744073709551615 18446744073709551616 123456789012345678901234567890 9223372036854 9223372036855 "
    b"1723161254812345"
).split()
_TEXTS = (
    b"0|00|0.0|0.00000000|-1|-0|1e5|1.|.5|| 1|1 |+1|0x10|00061685.99|61685.990000000000|0.123456789|"
    b"0.00000001|12345678.12345678|123456789.1|11258999.06842623|11258999.06842624|720575940.37927935|"
    b"720575940.37927936|1.000000001|9223372036854775807|99999999999999999999|1,5|1.2.3|\\u0031|\xc2\xb2|\xff|1\\n|"
    b"depthUpdate|bookTicker|aggTrade|snapshot|delta|BTCUSDT|ETHUSDT|NOSUCH|orderbook.1.BTCUSDT|"
    b"orderbook.full.BTCUSDT|btcusdt@depth5@100ms|btcusdt@depth"
).split(b"|")
_JUNK = (
    *b'null true false tru {} [] "" "x" [[[1]]] {"a":{"b":[1,{"c":null}]}} { ] [["1","2"]]'.split(),
    *b'[["1"]] [[1,2]] [["1","2","3"]] [["1","2"],] "\\ud83d\\ude00" "\\ud83d" "\\x" "\x01"'.split(),
    *b'"\xe2\x82\xac" "\xed\xa0\x80" "\xc0\x80"'.split(),
    b"[" * 40 + b"]" * 40,
)
_KEYS = (
    b"e E T s U u pu b B a A st stream data topic type ts cts seq lastUpdateId bids asks x \\u0065 \xc3\xa9"
).split()

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NUMBER = re.compile(rb"(?<![\w.\"])-?\d+(?:\.\d+)?(?![\w.\"])")
_MEMBER = re.compile(rb'"[^"\\]*"\s*:\s*(?:"[^"\\]*"|-?\d+|\[(?:\[[^\[\]]*\],?)*\])')
_VALUE = re.compile(rb'(?<=[:,\[])\s*(?:"[^"\\]*"|-?\d+)')


def _span(pattern: re.Pattern[bytes], raw: bytes, rng: random.Random) -> tuple[int, int] | None:
    spans = [match.span() for match in pattern.finditer(raw)]
    return rng.choice(spans) if spans else None


def _flip_byte(raw: bytes, rng: random.Random) -> bytes:
    if not raw:
        return raw
    i = rng.randrange(len(raw))
    byte = rng.choice(
        (rng.randrange(256), raw[i] ^ (1 << rng.randrange(8)), rng.choice(b'"[]{},:.0123456789\\ -eE'))
    )
    return raw[:i] + bytes((byte,)) + raw[i + 1 :]


def _delete_bytes(raw: bytes, rng: random.Random) -> bytes:
    i = rng.randrange(len(raw) + 1)
    return raw[:i] + raw[i + rng.choice((1, 1, 1, 2, 5, 20)) :]


def _insert_bytes(raw: bytes, rng: random.Random) -> bytes:
    i = rng.randrange(len(raw) + 1)
    return (
        raw[:i]
        + rng.choice((*_JUNK, *_NUMBERS, b",", b":", b"\x00", b"\x80", bytes((rng.randrange(256),))))
        + raw[i:]
    )


def _truncate(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _append(raw: bytes, rng: random.Random) -> bytes:
    return raw + rng.choice((b" ", b"\n", b"\x00", b"}", b",", b"0", raw, b"\xef\xbb\xbf"))


def _whitespace(raw: bytes, rng: random.Random) -> bytes:
    """Legal whitespace around structural characters, and now and then where it is not legal."""
    parts = re.split(rb'("(?:[^"\\]|\\.)*"|[\[\]{},:])', raw)
    share = rng.choice((0.02, 0.3, 1.0))
    return b"".join(part + rng.choice(_WHITESPACE) if rng.random() < share else part for part in parts)


def _swap_members(raw: bytes, rng: random.Random) -> bytes:
    """Two members change places: another key order, or one side's list under the other's name."""
    spans = [match.span() for match in _MEMBER.finditer(raw)]
    if len(spans) < 2:
        return raw
    (a, b), (c, d) = sorted(rng.sample(spans, 2))
    return raw if b > c else raw[:a] + raw[c:d] + raw[b:c] + raw[a:b] + raw[d:]


def _double_member(raw: bytes, rng: random.Random) -> bytes:
    span = _span(_MEMBER, raw, rng)
    if span is None:
        return raw
    member = raw[span[0] : span[1]]
    return raw[: span[1]] + b"," + (member if rng.random() < 0.5 else _digit(member, rng)) + raw[span[1] :]


def _drop_member(raw: bytes, rng: random.Random) -> bytes:
    span = _span(re.compile(_MEMBER.pattern + rb",?"), raw, rng)
    return raw if span is None else raw[: span[0]] + raw[span[1] :]


def _add_member(raw: bytes, rng: random.Random) -> bytes:
    i = raw.find(b"{", rng.choice((0, 0, 1))) + 1
    value = rng.choice((*_JUNK, *_NUMBERS, b'"' + rng.choice(_TEXTS) + b'"'))
    return raw[:i] + b'"' + rng.choice(_KEYS) + b'":' + value + b"," + raw[i:]


def _shuffle_keys(raw: bytes, rng: random.Random) -> bytes:
    """The same message, its members in another order at every level."""
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        items = list(value.items())
        rng.shuffle(items)
        return {key: shuffled(item) for key, item in items}

    return orjson.dumps(shuffled(message), option=rng.choice((None, orjson.OPT_INDENT_2)))


def _replace_number(raw: bytes, rng: random.Random) -> bytes:
    span = _span(_NUMBER, raw, rng)
    return raw if span is None else raw[: span[0]] + rng.choice(_NUMBERS) + raw[span[1] :]


def _replace_text(raw: bytes, rng: random.Random) -> bytes:
    span = _span(_STRING, raw, rng)
    return raw if span is None else raw[: span[0]] + b'"' + rng.choice(_TEXTS) + b'"' + raw[span[1] :]


def _replace_value(raw: bytes, rng: random.Random) -> bytes:
    span = _span(_VALUE, raw, rng)
    return raw if span is None else raw[: span[0]] + rng.choice(_JUNK) + raw[span[1] :]


def _rename_key(raw: bytes, rng: random.Random) -> bytes:
    span = _span(re.compile(rb'"[^"\\]*"(?=\s*:)'), raw, rng)
    return raw if span is None else raw[: span[0]] + b'"' + rng.choice(_KEYS) + b'"' + raw[span[1] :]


def _digit(raw: bytes, rng: random.Random) -> bytes:
    """A digit more, a digit less, or another digit: widths and values change, the form stays."""
    spots = [match.start() for match in re.finditer(rb"\d", raw)]
    if not spots:
        return raw
    i = rng.choice(spots)
    keep = rng.choice((0, 1, 1))
    return raw[:i] + bytes(rng.choice(b"0123456789") for _ in range(rng.randrange(3))) + raw[i + keep :]


def _requote(raw: bytes, rng: random.Random) -> bytes:
    """An integer as a string of digits, or a string without its quotes."""
    if rng.random() < 0.5:
        span = _span(_NUMBER, raw, rng)
        return raw if span is None else raw[: span[0]] + b'"' + raw[span[0] : span[1]] + b'"' + raw[span[1] :]
    span = _span(_STRING, raw, rng)
    return raw if span is None else raw[: span[0]] + raw[span[0] + 1 : span[1] - 1] + raw[span[1] :]


def _wrap(raw: bytes, rng: random.Random) -> bytes:
    stream = rng.choice((b"btcusdt@depth@100ms", b"btcusdt@depth20@100ms", b"btcusdt@rpiDepth@500ms", b"!x"))
    return rng.choice(
        (
            b'{"stream":"' + stream + b'","data":' + raw + b"}",
            b'{"data":' + raw + b',"stream":"' + stream + b'"}',
            b"[" + raw + b"]",
            b'{"data":' + raw + b"}",
        )
    )


# The changes that keep a frame legal come more often.
_MUTATORS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_flip_byte,) * 2,
    _delete_bytes,
    _insert_bytes,
    _truncate,
    _append,
    *(_whitespace,) * 2,
    _swap_members,
    _double_member,
    _drop_member,
    _add_member,
    _shuffle_keys,
    _replace_number,
    _replace_text,
    _replace_value,
    _rename_key,
    *(_digit,) * 3,
    _requote,
    _wrap,
)
