"""Keys are read by reference and never shown."""

from pathlib import Path

import pytest

from arb.config import read_credentials
from arb.errors import AuthError


def test_keys_come_from_the_environment() -> None:
    keys = read_credentials("env:X", environ={"X_API_KEY": "k1", "X_API_SECRET": "s1"})
    assert (keys.api_key, keys.api_secret) == ("k1", "s1")
    assert "k1" not in repr(keys)
    assert "s1" not in repr(keys)


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


@pytest.mark.parametrize("text", ["", "API_KEY=k\n"])
def test_an_incomplete_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(AuthError, match="no line"):
        read_credentials("file:keys", tmp_path)
