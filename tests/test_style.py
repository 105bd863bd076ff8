"""Lint, types, stubs, layers and texts: what a reviewer would otherwise have to look for."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = sorted(path.stem for path in (ROOT / "arbcore").glob("*.pyx"))
TEXTS = (
    "*.py",
    "*.pyi",
    "*.pyx",
    "*.pxd",
    "*.hpp",
    "*.cpp",
    "*.toml",
    "*.md",
    "*.txt",
    "*.json",
    "*.example",
    "run",
)
FOLDERS = ("arb", "arbcore", "bench", "config", "csrc", "docs", "tests", ".ci")


def call(*arguments: str, cwd: Path = ROOT) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_has_nothing_to_say() -> None:
    call("-P", "-m", "ruff", "check", "--no-cache", ".")


def test_mypy_strict_has_nothing_to_say() -> None:
    call("-P", "-m", "mypy")


def test_the_stubs_say_what_the_extensions_have(tmp_path: Path) -> None:
    assert EXTENSIONS, "no extension modules are in the tree"
    # From an empty folder: the installed modules and stubs are compared, not the source tree.
    call("-P", "-m", "mypy.stubtest", *(f"arbcore.{name}" for name in EXTENSIONS), cwd=tmp_path)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_each_extension_has_its_stub_beside_it(name: str) -> None:
    assert (ROOT / "arbcore" / f"{name}.pyi").is_file()


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


# folder -> modules that nothing in it may import
LAYERS = {
    "arb/venues": ("arb.live", "arb.cli", "arb.simexchange", "arb.backtest", "aiohttp", "picows"),
    "arb/venues/binance": ("arb.venues.bybit",),
    "arb/venues/bybit": ("arb.venues.binance",),
    "arb/data": ("arb.live", "arb.cli", "arb.venues", "arb.simexchange", "arb.backtest"),
    "arb/config": ("arb.live", "arb.cli", "arb.simexchange"),
    # A client and a server that share their parser share its mistakes.
    "arb/simexchange": ("arb.venues", "arb.live", "arb.cli", "arbcore"),
    "arbcore": ("arb",),
}


@pytest.mark.parametrize("folder", LAYERS)
def test_imports_run_downward(folder: str) -> None:
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imports_of(path)
        for banned in LAYERS[folder]
        if name == banned or name.startswith(f"{banned}.")
    }
    assert not found


def test_core_headers_touch_nothing_outside_the_core() -> None:
    banned = re.compile(r"#include <(thread|mutex|chrono|random|fstream|iostream|filesystem|sys/|unistd)")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("include", "src")
        for path in (ROOT / "csrc" / folder).rglob("*.?pp")
        for match in banned.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


def texts() -> Iterator[tuple[Path, str]]:
    files = {path for folder in FOLDERS for pattern in TEXTS for path in (ROOT / folder).rglob(pattern)}
    files |= {path for pattern in TEXTS for path in ROOT.glob(pattern)}
    for path in sorted(files):
        if path.is_file():
            yield path, path.read_text(encoding="utf-8")


def test_no_address_of_a_real_exchange_is_in_the_tree() -> None:
    domain = re.compile(
        r"[\w.-]*(binance|binancefuture|bybit|bytick)\.(com|us|vision|org|me|nl|kz)\b", re.IGNORECASE
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}" for path, text in texts() for match in domain.finditer(text)
    ]
    assert not found


def test_no_note_to_self_is_in_the_tree() -> None:
    note = re.compile("TO" + r"DO\b|FIX" + r"ME\b")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}" for path, text in texts() for match in note.finditer(text)
    ]
    assert not found
