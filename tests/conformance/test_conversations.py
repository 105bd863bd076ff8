"""Every registered venue shows every mandatory scenario, and each conversation comes true to the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from arb.venues.registry import MARKETS
from tests.conformance.scenarios import ALWAYS, PERPETUAL
from tests.conformance.script import read
from tests.conformance.stage import Stage

FOLDER = Path(__file__).with_name("conversations")
NAMES = [f"{kind}_{market}" for kind, market in MARKETS]
FILES = [path for name in NAMES for path in sorted((FOLDER / name).glob("[!_]*.txt"))]


def is_perpetual(market: str) -> bool:
    return market.endswith(("_usdm", "_linear"))


def symbol_of(market: str) -> str:
    return "BTC/USDT:USDT" if is_perpetual(market) else "BTC/USDT"


@pytest.mark.parametrize("market", NAMES)
def test_no_mandatory_scenario_is_missing(market: str) -> None:
    wanted = set(ALWAYS) | (set(PERPETUAL) if is_perpetual(market) else set())
    assert wanted <= {path.stem for path in FILES if path.parent.name == market}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_conversation_comes_true(path: Path) -> None:
    market = path.parent.name
    Stage(market, symbol_of(market)).play(read(path))
