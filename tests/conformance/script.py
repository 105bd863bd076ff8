"""The language of the conversation files: who says what to whom, line by line.

    we  place c1 buy 0.5 60000.1          what the session asks of the adapter
    >>  POST /api/v3/order side=BUY       a request that leaves: method, path, some of its parameters;
                                          name=* has any value, !name is not there, @name=... is a header
    <<  200 {"orderId":28}                the answer to the oldest request open
    <<  timeout | unsent | broken         ... or none
    =>  ws_api {"method":"order.place"}   a frame that leaves on that socket; what is named must be in it,
                                          "*" is any value, "!name" is not there
    =>  ws_api closed                     we left that connection
    <=  ws_api {"id":"$id","status":200}  a frame that comes; $id is that of the last frame sent, "#id" the
                                          same as a number; ws_api:1 the first of several sockets
    <=  ws_api open | lost
    ok  ack c1 28                         what the adapter tells the session, in this order, nothing between
    ..  1.5                               seconds pass
    #   a comment; a line that begins with spaces continues the one before

`use NAME` reads the lines of _NAME.txt of the same folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SPEAKERS = ("we", ">>", "<<", "=>", "<=", "ok", "..")


@dataclass(slots=True, frozen=True)
class Line:
    where: str  # file:line
    speaker: str
    words: str

    @property
    def first(self) -> str:
        return self.words.split(maxsplit=1)[0] if self.words else ""

    @property
    def rest(self) -> str:
        _, _, rest = self.words.partition(" ")
        return rest.strip()


class ScriptError(AssertionError):
    """The conversation went otherwise than the file says; begins with the file and line."""


def read(path: Path) -> list[Line]:
    return list(_lines(path))


def _lines(path: Path) -> Iterator[Line]:
    pending: tuple[int, str] | None = None
    rows = path.read_text(encoding="utf-8").splitlines()
    for number, text in enumerate([*rows, "#"], 1):
        if text.startswith(" ") and text.strip():
            if pending is None:
                raise ScriptError(f"{path.name}:{number}: nothing to continue")
            pending = (pending[0], f"{pending[1]} {text.strip()}")
            continue
        if pending is not None:
            yield from _line(path, *pending)
        pending = (number, text.rstrip()) if text.strip() and not text.startswith("#") else None


def _line(path: Path, number: int, text: str) -> Iterator[Line]:
    speaker, _, words = text.partition(" ")
    if speaker == "use":
        yield from _lines(path.with_name(f"_{words.strip()}.txt"))
    elif speaker in SPEAKERS:
        yield Line(f"{path.parent.name}/{path.name}:{number}", speaker, words.strip())
    else:
        raise ScriptError(f"{path.name}:{number}: a line begins with {', '.join(SPEAKERS)} or use")


def fill_in(text: str, values: dict[str, str]) -> str:
    """$name -> its value; a "$name" in quotes that is a number on the wire is written #name instead."""
    text = re.sub(r'"#(\w+)"', lambda match: values.get(match[1], match[0]), text)
    return re.sub(r"\$(\w+)", lambda match: values.get(match[1], match[0]), text)


def missing(wanted: object, found: object, path: str = "") -> str:
    """Where `found` does not hold what is wanted of it; "" where it does."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, value in wanted.items():
            if name.startswith("!"):
                if name[1:] in found:
                    return f"{path}.{name[1:]} should not be there"
                continue
            if name not in found:
                return f"{path}.{name} is not there"
            if problem := missing(value, found[name], f"{path}.{name}"):
                return problem
        return ""
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return f"{path}: {len(wanted)} entries were expected, were {json.dumps(found)}"
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            if problem := missing(one, other, f"{path}[{number}]"):
                return problem
        return ""
    if wanted == "*":
        return ""
    return "" if wanted == found else f"{path}: {wanted!r} was expected, was {found!r}"
