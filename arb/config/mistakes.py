"""Mistakes in a configuration, each with its place, and how they look to a person and to a program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arb.errors import USAGE, ArbError


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. Columns count from 1, `end_column` is exclusive; line 0: it stands in no file.

    `source` is the source line that is shown (without a secret in it), empty where there is none.
    """

    file: str
    line: int
    column: int
    end_column: int
    key: str
    message: str
    help: str = ""
    source: str = ""

    def render(self) -> str:
        """Message, and below it the source line with a caret line under the key and its value."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"error: {place}: {self.key + ': ' if self.key else ''}{self.message}"
        hint = f"   help: {self.help}" if self.help else ""
        if not self.source:
            return text + hint
        number = f"{self.line:>4}"
        carets = " " * (self.column - 1) + "^" * max(1, self.end_column - self.column)
        return f"{text}\n{number} | {self.source}\n{' ' * len(number)} | {carets}{hint}"

    def entry(self) -> Mapping[str, object]:
        """The entry in `errors` of a JSON envelope."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "key": self.key,
            "message": self.message,
            "help": self.help,
        }


class ConfigErrors(ArbError):
    """Every mistake of a configuration, found in one pass. Exit code 2; nothing was started."""

    code = USAGE

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        number = len(self.mistakes)
        super().__init__(f"{number} error{'s' if number != 1 else ''} in the configuration")

    def render(self) -> str:
        number = len(self.mistakes)
        total = f"{number} error{'s' if number != 1 else ''}; nothing was started"
        return "\n".join([*(mistake.render() for mistake in self.mistakes), total])

    def entries(self) -> Sequence[Mapping[str, object]]:
        return [mistake.entry() for mistake in self.mistakes]
