"""The texts a configuration comes from: main file, venue files, environment, command line.

They become one tree of plain values; for every path in it the place it came from can be asked.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from arb.config.locate import Mark, Path, locate
from arb.config.mistakes import Mistake

ENV_PREFIX = "ARB__"
_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def dotted(path: Path) -> str:
    """`("strategy", "symbols", 1)` as `strategy.symbols[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(slots=True)
class SourceFile:
    """One TOML file: its values, and where each key stands."""

    name: str
    lines: list[str] = field(default_factory=list)
    marks: dict[Path, Mark] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    broken: bool = False  # unreadable or no TOML: its keys are not judged

    @classmethod
    def read(cls, path: FilePath, mistakes: list[Mistake]) -> "SourceFile":
        """The file, or an empty broken one and a mistake."""
        source = cls(path.name)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            mistakes.append(Mistake(str(path), 0, 0, 0, "", f"cannot be read: {error.strerror}"))
            source.broken = True
            return source
        except UnicodeDecodeError as error:
            mistakes.append(Mistake(source.name, 0, 0, 0, "", f"is not UTF-8: byte {error.start}"))
            source.broken = True
            return source
        source.lines = text.splitlines()
        try:
            source.values = tomllib.loads(text)
            source.marks = locate(text)
        except tomllib.TOMLDecodeError as error:
            mistakes.append(source._syntax(str(error)))
            source.broken = True
        return source

    def _syntax(self, text: str) -> Mistake:
        # One mistake a file: tomllib stops at the first, sometimes "at end of document" without a line.
        place = _TOML_PLACE.search(text)
        message = f"syntax: {text[: place.start()] if place else text}"
        line = int(place[1]) if place and place[1] else max(1, len(self.lines))
        shown = self.lines[line - 1] if line <= len(self.lines) else ""
        column = int(place[2]) if place and place[2] else len(shown) + 1
        return Mistake(self.name, line, column, column + 1, "", message, source=shown)

    def find(self, path: Path) -> Mark:
        """The mark of `path`, of a missing key that of its table, of the whole file its first line."""
        while path:
            if path in self.marks:
                return self.marks[path]
            path = path[:-1]
        return Mark(1, 1, 2)


@dataclass(slots=True)
class Sources:
    """All of them: `tree` holds the values with the overrides in force."""

    main: SourceFile
    venues: dict[str, SourceFile] = field(default_factory=dict)
    origins: dict[Path, str] = field(default_factory=dict)  # overridden path -> "--set a.b=v" or variable
    tree: dict[str, Any] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[SourceFile | None, Path, str]:
        """(file, path within it, "") or, of an override, (None, path, its origin)."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return None, path, self.origins[path[:end]]
        if len(path) > 2 and path[0] == "exchanges" and path[1] in self.venues:
            return self.venues[str(path[1])], path[2:], ""
        return self.main, path, ""

    def line_of(self, path: Path) -> int:
        """Line of a key for a mention in another's message; 0 where it stands in no file."""
        file, inner, _ = self.place(path)
        return file.marks[inner].line if file is not None and inner in file.marks else 0

    def mistake(self, path: Path, message: str, hint: str = "", *, hide: str = "") -> Mistake:
        """A mistake at `path`. `hide` is a text that must not be shown (a key where its name is due)."""
        file, inner, origin = self.place(path)
        if file is None:
            shown = origin.replace(hide, "***") if hide else origin
            return Mistake(shown, 0, 0, 0, dotted(path), message, hint)
        mark = file.find(inner)
        source = file.lines[mark.line - 1] if mark.line <= len(file.lines) else ""
        end = mark.end_column
        if hide and hide in source:
            source = source.replace(hide, "***")
            end = min(end, len(source) + 1)
        return Mistake(file.name, mark.line, mark.column, end, dotted(path), message, hint, source)

    def override(self, path: tuple[str, ...], value: Any, origin: str) -> str:
        """Put `value` into the tree; the text of what is wrong where a part of the path is no table."""
        table = self.tree
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                return f"{part} is no table"
            table = inner
        table[path[-1]] = value
        self.origins[path] = origin
        return ""


def _value(text: str) -> Any:
    """An override's value: TOML where it is TOML, else the text itself (`strategy.kind=taker`)."""
    try:
        parsed = tomllib.loads(f"v = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["v"] if list(parsed) == ["v"] else text


def read_sources(
    path: FilePath, overrides: Sequence[str], environ: Mapping[str, str], mistakes: list[Mistake]
) -> Sources:
    """Files < environment (`ARB__RISK__MAX_NOTIONAL=...`) < overrides (`risk.max_notional=...`)."""
    main = SourceFile.read(path, mistakes)
    sources = Sources(main, tree=dict(main.values))
    named = sources.tree.get("exchanges")
    if isinstance(named, dict):
        sources.tree["exchanges"] = tables = dict(named)
        for name, relative in named.items():
            if not isinstance(relative, str):
                continue
            file = path.parent / relative
            if not file.is_file():
                mistakes.append(sources.mistake(("exchanges", name), f"no such file: {file}"))
                sources.venues[name] = SourceFile(file.name, broken=True)
            else:
                sources.venues[name] = SourceFile.read(file, mistakes)
            tables[name] = dict(sources.venues[name].values)
    given = [
        (tuple(key[len(ENV_PREFIX) :].lower().split("__")), value, key)
        for key, value in sorted(environ.items())
        if key.startswith(ENV_PREFIX)
    ]
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            mistakes.append(Mistake(f"--set {text}", 0, 0, 0, "", "must be KEY=VALUE"))
            continue
        given.append((tuple(key.strip().split(".")), value.strip(), f"--set {text}"))
    for keys, value, origin in given:
        wrong = sources.override(keys, _value(value), origin)
        if wrong:
            mistakes.append(Mistake(origin, 0, 0, 0, dotted(keys), wrong))
    return sources
