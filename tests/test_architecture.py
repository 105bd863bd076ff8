"""Who may import whom, over the whole package, and what the source must not name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ARB = ROOT / "arb"

# Part of `arb` -> the parts it may import besides itself; `text` and `errors` are everybody's.
MAY = {
    "cli": {"config", "data", "live", "venues", "simexchange"},
    "live": {"venues"},
    "config": {"data"},
    "data": set(),
    "venues": set(),
    "simexchange": set(),
}
COMMON = {"text", "errors"}
# Modules that must run without the compiled core.
WITHOUT_CORE = ("venues", "simexchange", "config")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str:
    return name.split(".")[1]


def test_every_part_of_the_package_is_named_here() -> None:
    parts = {path.name for path in ARB.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert parts == set(MAY)


@pytest.mark.parametrize("part", sorted(MAY))
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    allowed = MAY[part] | COMMON | {part}
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ARB / part).rglob("*.py")
        for name in imported(path)
        if name.startswith("arb.") and part_of(name) not in allowed
    }
    assert not found


@pytest.mark.parametrize("part", WITHOUT_CORE)
def test_a_part_does_without_the_compiled_core(part: str) -> None:
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ARB / part).rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] == "arbcore"
    }
    assert not found


def test_the_core_knows_nothing_of_the_shell() -> None:
    above = re.compile(r"^\s*(from|import|cimport)\s+arb(\.|\s)", re.MULTILINE)
    found = [
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "*.pyi", "*.pyx", "*.pxd")
        for path in (ROOT / "arbcore").rglob(pattern)
        if above.search(path.read_text(encoding="utf-8"))
    ]
    assert not found
    includes = re.compile(r'#include ["<](Python\.h|arbcore)')
    core = [
        path
        for path in (ROOT / "csrc").rglob("*.[ch]pp")
        if includes.search(path.read_text(encoding="utf-8"))
    ]
    assert not core


def test_no_host_of_a_real_exchange_is_in_the_source() -> None:
    names = r"(binance|binancefuture|bybit|bytick|okx|okex|kraken|coinbase|kucoin|bitget|gateio|hyperliquid)"
    host = re.compile(
        rf"\b([a-z0-9-]+\.)*{names}[a-z0-9-]*\.(com|us|vision|org|io|net|me|nl|kz|eu|cloud|xyz)\b", re.I
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("arb", "arbcore", "csrc", "config", "bench", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix
        in {".py", ".pyi", ".pyx", ".pxd", ".hpp", ".cpp", ".toml", ".md", ".example", ".in", ".txt"}
        for match in host.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found
