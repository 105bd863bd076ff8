"""The errors a person sees: one line each, with the exit code that goes with it.

Codes are stable and tested: 0 ok, 1 error, 2 usage or configuration, 3 not running, 4 auth or permission,
5 venue unreachable or timeout, 6 halted by risk or something left over at exit, 130 interrupted.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

OK = 0
ERROR = 1
USAGE = 2
NOT_RUNNING = 3
AUTH = 4
UNREACHABLE = 5
HALTED = 6
INTERRUPTED = 130


class ArbError(Exception):
    """An expected failure. `message` says what and with which value, `hint` what to do about it.

    Raised anywhere below `arb.cli.main`, it ends the program with `code` and one line on stderr
    (`error: message   help: hint`), never with a traceback.
    """

    code: ClassVar[int] = ERROR

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def render(self) -> str:
        """The text for stderr; one line unless a subclass has several mistakes to tell."""
        line = f"error: {self.message}"
        return f"{line}   help: {self.hint}" if self.hint else line

    def entries(self) -> Sequence[Mapping[str, object]]:
        """What goes into `errors` of the JSON envelope: one mapping per mistake."""
        entry: dict[str, object] = {"message": self.message}
        if self.hint:
            entry["help"] = self.hint
        return [entry]


class UsageError(ArbError):
    """A wrong argument, a wrong configuration, a missing extra."""

    code = USAGE


class NotRunning(ArbError):
    """The engine a command talks to is not there."""

    code = NOT_RUNNING


class AuthError(ArbError):
    """A key is missing, refused, or may do more or less than it should."""

    code = AUTH


class Unreachable(ArbError):
    """A venue does not answer, or not in time."""

    code = UNREACHABLE


class Halted(ArbError):
    """Risk stopped the engine, or an order or position was left over at exit."""

    code = HALTED
