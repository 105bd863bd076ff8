"""The JSON envelope every `--json` prints: one object on one line, on failure too.

`{"schema":"arb.scan/1","ok":true,"code":0,"data":{},"errors":[]}`. Decimals are strings, so that no reader
turns a price into a float; within a schema version fields are only added.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal

from arb.text import plain


def _default(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def envelope(
    verb: str,
    data: object,
    *,
    code: int = 0,
    errors: Sequence[Mapping[str, object]] = (),
    version: int = 1,
) -> str:
    """The envelope of `verb` as one line without a line end. `ok` is `code == 0`."""
    body = {
        "schema": f"arb.{verb}/{version}",
        "ok": code == 0,
        "code": code,
        "data": data,
        "errors": list(errors),
    }
    return json.dumps(body, default=_default, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def emit(
    verb: str, data: object, *, code: int = 0, errors: Sequence[Mapping[str, object]] = (), version: int = 1
) -> None:
    """Print the envelope on stdout and flush it, so that a reader at the other end of a pipe has it now."""
    sys.stdout.write(envelope(verb, data, code=code, errors=errors, version=version) + "\n")
    sys.stdout.flush()
