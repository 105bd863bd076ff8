"""Keys are read by reference and never shown."""

from pathlib import Path

import pytest

from arb.config.credentials import Credentials, parse_pair, read_credentials, write_credentials
from arb.errors import AuthError, UsageError

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v\n-----END PRIVATE KEY-----"


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_keys_come_from_the_environment_and_are_taken_out_of_it() -> None:
    environ = {"X_API_KEY": "k1", "X_API_SECRET": "s1", "HOME": "/"}
    keys = read_credentials("env:X", environ=environ)
    assert (keys.api_key, keys.api_secret, keys.is_ed25519) == ("k1", "s1", False)
    assert environ == {"HOME": "/"}  # children would inherit them
    assert "k1" not in repr(keys)
    assert "s1" not in repr(keys)


def test_a_pem_in_the_environment_may_stand_on_one_line() -> None:
    keys = read_credentials("env:X", environ={"X_API_KEY": "k", "X_API_SECRET": PEM.replace("\n", "\\n")})
    assert (keys.api_secret, keys.is_ed25519) == (PEM, True)


def test_what_is_missing_is_named_and_ends_with_code_4() -> None:
    with pytest.raises(AuthError, match="X_API_SECRET not set") as raised:
        read_credentials("env:X", environ={"X_API_KEY": "k1"})
    assert raised.value.code == 4
    assert "k1" not in raised.value.render()


def test_a_file_of_keys_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# mine\nAPI_KEY = k\nAPI_SECRET=s=s\n")
    path.chmod(0o644)
    with pytest.raises(AuthError, match="others may read it"):
        read_credentials("file:keys", tmp_path)
    path.chmod(0o600)
    keys = read_credentials("file:keys", tmp_path)
    assert (keys.api_key, keys.api_secret) == ("k", "s=s")


@pytest.mark.parametrize("text", ["", "API_KEY=k\n", "API_SECRET=s\n"])
def test_an_incomplete_file_is_refused(tmp_path: Path, text: str) -> None:
    private(tmp_path / "keys", text)
    with pytest.raises(AuthError, match="no line"):
        read_credentials("file:keys", tmp_path)


def test_half_a_pem_block_is_refused(tmp_path: Path) -> None:
    private(tmp_path / "keys", "API_KEY=k\n" + PEM.rpartition("\n")[0])
    with pytest.raises(AuthError, match="no end"):
        read_credentials("file:keys", tmp_path)


def test_a_systemd_credential_is_read_from_its_directory(tmp_path: Path) -> None:
    private(tmp_path / "binance", f"API_KEY=k\n{PEM}\n")
    keys = read_credentials("systemd:binance", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (keys.api_key, keys.api_secret) == ("k", PEM)
    with pytest.raises(AuthError, match="CREDENTIALS_DIRECTORY is not set"):
        read_credentials("systemd:binance", environ={})


@pytest.mark.parametrize("secret", ["s=1", PEM])
def test_what_is_written_is_read_back_by_its_owner_only(tmp_path: Path, secret: str) -> None:
    private(tmp_path / "keys", "API_KEY=old\nAPI_SECRET=old\n")
    where = write_credentials("file:keys", Credentials("k", secret), tmp_path)
    assert where == str(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    assert read_credentials("file:keys", tmp_path) == Credentials("k", secret)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize("reference", ["env:X", "systemd:x"])
def test_a_place_that_is_not_ours_to_write_is_refused(reference: str) -> None:
    with pytest.raises(UsageError, match="are written to file"):
        write_credentials(reference, Credentials("k", "s"))


@pytest.mark.parametrize(
    ("text", "secret"),
    [("k\ns\n", "s"), (f"k\n{PEM}\n", PEM), ("API_KEY=k\nAPI_SECRET=s\n", "s"), (f"API_KEY=k\n{PEM}", PEM)],
)
def test_keys_come_over_stdin_in_either_form(text: str, secret: str) -> None:
    assert parse_pair(text) == Credentials("k", secret)


@pytest.mark.parametrize("text", ["", "k\n", "k\ns\nmore\n"])
def test_anything_else_on_stdin_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(AuthError) as raised:
        parse_pair(text)
    assert "more" not in raised.value.render()
