"""Where each key of a TOML text stands, for errors that point at file, line and column.

`tomllib` gives values without positions. This scanner gives positions without values: it is run only after
tomllib accepted the text, so it need not judge, only follow. Its set of paths equals tomllib's on random
documents (tests/config/test_locate.py).
"""

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

Path = tuple[str | int, ...]  # keys, and indices of arrays and arrays of tables

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")  # numbers, booleans, dates; a date may have a space inside
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
# A closing delimiter may be preceded by one or two quotes that belong to the text.
_LONG = re.compile(r'"""(?:[^\\]|\\[\s\S])*?"""(?:"{0,2})' + r"|'''[\s\S]*?'''(?:'{0,2})")


@dataclass(frozen=True, slots=True)
class Mark:
    """Place of a key (or array item) and the end of its value on the same line; counted from 1."""

    line: int
    column: int
    end_column: int


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: dict[Path, tuple[int, int]] = {}
        self.arrays: dict[Path, int] = {}  # array of tables -> number of its elements so far

    def skip(self) -> str:
        """To the next character that means something; "" at the end."""
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"unexpected text at offset {self.at}")
        self.at = match.end()
        return match[0]

    def key(self) -> list[str]:
        parts: list[str] = []
        while True:
            first = self.skip()
            if first in ("'", '"'):
                quoted = self.take(_LITERAL if first == "'" else _BASIC)
                parts.append(tomllib.loads(f"k = {quoted}")["k"])
            else:
                parts.append(self.take(_BARE_KEY))
            if self.skip() != ".":
                return parts
            self.at += 1

    def header(self) -> Path:
        start = self.at
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        *parents, last = self.key()
        self.at += 2 if double else 1
        path: Path = ()
        for part in parents:
            path = self.inside((*path, part), start)
        path = (*path, last)
        if double:
            self.arrays[path] = self.arrays.get(path, 0) + 1
        self.spans.setdefault(path, (start, self.at))
        return self.inside(path, start)

    def inside(self, path: Path, start: int) -> Path:
        """The table a header part means: of an array of tables its newest element."""
        self.spans.setdefault(path, (start, self.at))
        if path in self.arrays:
            path = (*path, self.arrays[path] - 1)
            self.spans.setdefault(path, (start, self.at))
        return path

    def pair(self, table: Path) -> None:
        self.skip()
        start = self.at
        path = table
        prefixes = [path := (*path, part) for part in self.key()]
        self.at += 1  # =
        self.value(path)
        for prefix in prefixes:
            self.spans.setdefault(prefix, (start, self.at))

    def value(self, path: Path) -> None:
        first = self.skip()
        if first in ("[", "{"):
            self.at += 1
            index = 0
            while self.skip() not in ("]", "}"):
                if first == "{":
                    self.pair(path)
                else:
                    start = self.at
                    self.value((*path, index))
                    self.spans[*path, index] = (start, self.at)
                    index += 1
                if self.skip() == ",":
                    self.at += 1
            self.at += 1
        elif self.text.startswith(('"""', "'''"), self.at):
            self.take(_LONG)
        elif first in ("'", '"'):
            self.take(_LITERAL if first == "'" else _BASIC)
        else:
            start = self.at
            self.at = start + len(self.take(_BARE_VALUE).rstrip())

    def document(self) -> None:
        table: Path = ()
        while first := self.skip():
            if first == "[":
                table = self.header()
            else:
                self.pair(table)


def locate(text: str) -> dict[Path, Mark]:
    """Marks of every key path and array item of a text that tomllib accepts."""
    scanner = _Scanner(text)
    scanner.document()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    marks: dict[Path, Mark] = {}
    for path, (start, end) in scanner.spans.items():
        line = bisect_right(starts, start)
        line_end = starts[line] - 1 if line < len(starts) else len(text)
        if text[line_end - 1 : line_end] == "\r":
            line_end -= 1
        column = start - starts[line - 1] + 1
        marks[path] = Mark(line, column, max(column + 1, min(end, line_end) - starts[line - 1] + 1))
    return marks
