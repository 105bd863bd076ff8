"""API keys by reference: the value stands in no configuration, on no command line and in no message.

`systemd:NAME` | `file:PATH` | `env:PREFIX` | `keyring:NAME`, in order of preference. The secret is the HMAC
secret of the venue, or an Ed25519 private key as PEM (PKCS#8), which is told by how it begins.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from arb.errors import ArbError, AuthError, UsageError

SCHEMES = ("systemd", "file", "env", "keyring")
FORMS = "env:PREFIX, file:PATH, systemd:NAME or keyring:NAME"
_PEM_BEGIN, _PEM_END = "-----BEGIN", "-----END"
_SERVICE = "arb"  # of the keyring


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair; neither part appears in its repr."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)

    @property
    def is_ed25519(self) -> bool:
        return self.api_secret.startswith(_PEM_BEGIN)


def read_credentials(
    reference: str, folder: Path = Path(), environ: MutableMapping[str, str] | None = None
) -> Credentials:
    """The keys behind `reference`; AuthError (exit code 4) names what is missing, never a value.

    `env:PREFIX` takes PREFIX_API_KEY and PREFIX_API_SECRET out of the environment, so that no child process
    gets them. `file:PATH`, relative to `folder`, may be readable by its owner only; `systemd:NAME` is the
    credential of that name (LoadCredential=). Both hold `API_KEY=...` and either `API_SECRET=...` or a PEM
    block, and so does `keyring:NAME`.
    """
    scheme, _, name = reference.partition(":")
    environ = os.environ if environ is None else environ
    if scheme == "env":
        return _from_environment(reference, name, environ)
    if scheme == "file":
        return _parse(reference, _private_text(reference, file_path(reference, folder)))
    if scheme == "systemd":
        credentials = environ.get("CREDENTIALS_DIRECTORY")
        if not credentials:
            raise AuthError(
                f"credentials {reference}: $CREDENTIALS_DIRECTORY is not set",
                hint=f"LoadCredential={name}:/path in the unit",
            )
        return _parse(reference, _private_text(reference, Path(credentials) / name))
    if scheme == "keyring":
        text = _keyring().get_password(_SERVICE, name)
        if not text:
            raise AuthError(
                f"credentials {reference}: not in the keyring", hint="`arb keys set` puts it there"
            )
        return _parse(reference, str(text))
    raise AuthError(f"credentials must be {FORMS}")


def write_credentials(reference: str, keys: Credentials, folder: Path = Path()) -> str:
    """Puts the keys where `reference` reads them from and says where that is; replaces what is there whole.

    UsageError for a place that cannot be written from here: the environment, a systemd credential.
    """
    scheme, _, name = reference.partition(":")
    text = _text(keys)
    if scheme == "keyring":
        _keyring().set_password(_SERVICE, name, text)
        return f"keyring entry {name}"
    if scheme != "file":
        raise UsageError(
            f"credentials {reference}: keys are written to file:PATH and keyring:NAME only",
            hint="set the variables yourself"
            if scheme == "env"
            else "systemd-creds encrypt, then LoadCredentialEncrypted=",
        )
    path = file_path(reference, folder)
    # A file of another name first: a reader finds the old keys or the new ones, nobody finds half of them.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise ArbError(f"{path}: {error.strerror or error}") from None
    return str(path)


def parse_pair(text: str) -> Credentials:
    """Keys as they come over stdin: the form of a file, or the key on the first line and the secret (or a PEM
    block) after it. AuthError for anything else."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and not lines[0].startswith(("API_KEY", "#")) and "=" not in lines[0]:
        secret = "\n".join(lines[1:])
        if not secret or (len(lines) > 2 and not secret.startswith(_PEM_BEGIN)):
            raise AuthError("stdin: the key on the first line, the secret or a PEM block after it")
        return Credentials(lines[0], secret)
    return _parse("stdin", text)


def file_path(reference: str, folder: Path) -> Path:
    return folder / Path(reference.partition(":")[2]).expanduser()


def _from_environment(reference: str, prefix: str, environ: MutableMapping[str, str]) -> Credentials:
    names = (f"{prefix}_API_KEY", f"{prefix}_API_SECRET")
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise AuthError(f"credentials {reference}: {' and '.join(missing)} not set in the environment")
    key, secret = (environ.pop(name) for name in names)
    # Some tools keep a PEM on one line.
    return Credentials(key, secret.replace("\\n", "\n") if secret.startswith(_PEM_BEGIN) else secret)


def _private_text(reference: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise AuthError(f"credentials {reference}: {reason}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuthError(f"credentials {reference}: others may read it", hint=f"chmod 600 {path}")
    return text


def _parse(reference: str, text: str) -> Credentials:
    found: dict[str, str] = {}
    pem: list[str] = []
    for line in text.splitlines():
        if pem and not pem[-1].startswith(_PEM_END):
            pem.append(line.strip())
        elif line.lstrip().startswith(_PEM_BEGIN):
            pem = [line.strip()]
        elif not line.lstrip().startswith("#"):
            name, _, value = line.partition("=")
            found[name.strip()] = value.strip()
    if pem:
        if not pem[-1].startswith(_PEM_END):
            raise AuthError(f"credentials {reference}: the PEM block has no end")
        found["API_SECRET"] = "\n".join(pem)
    missing = [name for name in ("API_KEY", "API_SECRET") if not found.get(name)]
    if missing:
        raise AuthError(f"credentials {reference}: no line {' and '.join(missing)}=...")
    return Credentials(found["API_KEY"], found["API_SECRET"])


def _text(keys: Credentials) -> str:
    if keys.is_ed25519:
        return f"API_KEY={keys.api_key}\n{keys.api_secret.strip()}\n"
    return f"API_KEY={keys.api_key}\nAPI_SECRET={keys.api_secret}\n"


class _Keyring(Protocol):
    """The two calls of the keyring library that are used."""

    def get_password(self, service: str, name: str) -> str | None: ...
    def set_password(self, service: str, name: str, text: str) -> None: ...


def _keyring() -> _Keyring:
    try:
        import keyring
    except ImportError:
        raise UsageError("keyring: is not installed", hint="pip install 'arbcore[keyring]'") from None
    library: _Keyring = keyring
    return library
