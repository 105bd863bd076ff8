"""Who may import what, and no address in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "arb"
VENUES = sorted((ROOT / "venues").rglob("*.py"))
LIVE = sorted((ROOT / "live").rglob("*.py"))

# Time, chance and I/O reach an adapter through its ports alone.
BANNED = {"aiohttp", "picows", "asyncio", "time", "datetime", "socket", "ssl", "uuid", "secrets", "threading"}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", VENUES, ids=lambda p: str(p.relative_to(ROOT)))
def test_an_adapter_reaches_the_world_through_its_ports(path: Path) -> None:
    names = set(imported(path))
    assert not {name.partition(".")[0] for name in names} & BANNED
    for name in names:
        assert not name.startswith(("arb.live", "arb.backtest", "arb.simexchange", "arb.cli")), name
        if "binance" in path.parts:
            assert not name.startswith("arb.venues.bybit"), name
        if "bybit" in path.parts:
            assert not name.startswith("arb.venues.binance"), name


# Market data goes from picows to the compiled listeners without a port in between.
OWNERS = [("aiohttp", {"http_port.py"}), ("picows", {"dial.py", "socket_port.py", "market.py"})]


@pytest.mark.parametrize(("library", "owners"), OWNERS)
def test_each_network_library_has_its_place(library: str, owners: set[str]) -> None:
    users = {path.name for path in LIVE if any(n.partition(".")[0] == library for n in imported(path))}
    assert users <= owners


@pytest.mark.parametrize("path", VENUES + LIVE, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_address_is_in_the_source(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b(?:https?|wss?)://", text)
    assert not re.search(r"[a-z0-9-]+\.(?:com|vision|us|cloud|nl|eu)\b", text)
