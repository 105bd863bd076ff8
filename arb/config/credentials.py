"""API keys by reference, `env:PREFIX` or `file:PATH`: the value stands in no configuration and no message."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arb.errors import AuthError


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair; neither part appears in its repr."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)


def read_credentials(
    reference: str, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> Credentials:
    """The keys behind `reference`; AuthError (exit code 4) names what is missing, never a value.

    `env:PREFIX` reads PREFIX_API_KEY and PREFIX_API_SECRET. `file:PATH`, relative to `folder`, has the lines
    `API_KEY=...` and `API_SECRET=...` and may be readable by its owner only.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        environ = os.environ if environ is None else environ
        names = (f"{rest}_API_KEY", f"{rest}_API_SECRET")
        missing = [name for name in names if not environ.get(name)]
        if missing:
            raise AuthError(f"credentials {reference}: {' and '.join(missing)} not set in the environment")
        return Credentials(*(environ[name] for name in names))
    if scheme != "file":
        raise AuthError("credentials must be env:PREFIX or file:PATH")
    path = folder / Path(rest).expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise AuthError(f"credentials {reference}: {reason}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuthError(f"credentials {reference}: others may read it", hint=f"chmod 600 {path}")
    lines = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = {name.strip(): value.strip() for name, _, value in lines}
    missing = [name for name in ("API_KEY", "API_SECRET") if not found.get(name)]
    if missing:
        raise AuthError(f"credentials {reference}: no line {' and '.join(missing)}=...")
    return Credentials(found["API_KEY"], found["API_SECRET"])
