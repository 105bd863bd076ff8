"""The locator sees the same keys as tomllib, at the places where a person sees them."""

import random
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from arb.config.locate import Mark, Path, locate


def paths_of(value: Any, prefix: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*prefix, key)
        yield from paths_of(inner, (*prefix, key))


class Documents:
    """Random TOML texts: all kinds of keys, strings, nesting, comments, blank space and line ends."""

    KEYS = (
        "a",
        "b",
        "c-d",
        "x_1",
        "0",
        '"a"',
        "'b'",
        '"q\\"[.]"',
        "'#='",
        '""',
        '"\\u0061"',
        '" "',
        "é_".encode("ascii", "ignore").decode(),
    )
    STRINGS = (
        '"plain"',
        '"esc \\" ] } # = \\\\"',
        "'lit \" # ] \\'",
        '""',
        "''",
        '"""multi\n # no comment\n[not.a.table]\nk = 1\n"""',
        "'''\nlit \\ [[x]]\n'''",
        '"""two quotes at the end"""""',
        "'''one at the end''''",
        '""""a"""',
        '"""\\\n  folded \\""" more"""',
    )
    PLAIN = (
        "1",
        "-2.5e3",
        "true",
        "0x_ff".replace("x_", "x"),
        "1979-05-27 07:32:00",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        "inf",
        "1_000",
    )

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def key(self) -> str:
        parts = [self.random.choice(self.KEYS) for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        return self.random.choice((".", " . ", ".")).join(parts)

    def blank(self) -> str:
        return self.random.choice(("", " ", "\t", "  "))

    def value(self, depth: int = 0) -> str:
        kind = self.random.random()
        if depth < 3 and kind < 0.15:
            gap = self.random.choice(("", " ", "\n  ", " # note ] ,\n"))
            items = [gap + self.value(depth + 1) + gap for _ in range(self.random.randrange(4))]
            comma = self.random.choice(("", ",")) if items else ""
            return "[" + ",".join(items) + comma + gap + "]"
        if depth < 3 and kind < 0.3:
            pairs = [f"{self.key()} = {self.value(depth + 1)}" for _ in range(self.random.randrange(3))]
            return "{ " + " , ".join(pairs) + " }"
        return self.random.choice(self.STRINGS if kind < 0.65 else self.PLAIN)

    def text(self) -> str:
        lines = []
        for _ in range(self.random.randrange(1, 9)):
            kind = self.random.random()
            note = self.random.choice(("", "", " # a = [1]", "#"))
            if kind < 0.15:
                lines.append(f"{self.blank()}[{self.blank()}{self.key()}{self.blank()}]{note}")
            elif kind < 0.3:
                lines.append(f"[[{self.key()}]]{note}")
            elif kind < 0.35:
                lines.append(note)
            else:
                blank = self.blank()
                lines.append(f"{blank}{self.key()}{blank}={blank}{self.value()}{note}")
        text = "\n".join(lines) + self.random.choice(("", "\n"))
        return text.replace("\n", "\r\n") if self.random.random() < 0.3 else text


def test_the_paths_are_those_of_tomllib_on_random_documents() -> None:
    accepted = 0
    for seed in range(20_000):
        text = Documents(seed).text()
        try:
            wanted = set(paths_of(tomllib.loads(text)))
        except tomllib.TOMLDecodeError:
            continue
        accepted += 1
        assert set(locate(text)) == wanted, f"seed {seed}:\n{text}"
    assert accepted > 5_000, "too few of the random documents are TOML"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_marks_stand_where_the_eye_looks(newline: str) -> None:
    text = newline.join(
        (
            "version = 1",
            "  [strategy]  # comment",
            'kind = "takr"  # spelled wrong',
            'symbols = ["BTC/USDT", "ETH/USDT"]',
            "[[venue]]",
            "fee = { spot = 10.0, usdm = 5 }",
            'text = """a',
            'b"""',
        )
    )
    marks = locate(text)
    assert marks["version",] == Mark(1, 1, 12)
    assert marks["strategy",] == Mark(2, 3, 13)
    assert marks["strategy", "kind"] == Mark(3, 1, 14)
    assert marks["strategy", "symbols", 1] == Mark(4, 24, 34)
    assert marks["venue", 0, "fee", "usdm"] == Mark(6, 22, 30)
    assert marks["venue", 0, "text"] == Mark(7, 1, 12)
