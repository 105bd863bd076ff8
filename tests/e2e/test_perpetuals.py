"""Perpetuals of both venues traded against one another: all balanced, accounts as the venues have them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support.program import Program
from tests.e2e.support.venues import Venues, flows

pytestmark = pytest.mark.e2e

MARKETS = {"binance": "binance_usdm", "bybit": "bybit_linear"}


def holdings(venues: Venues) -> dict[str, dict[str, Decimal]]:
    """Of each perpetual account: positions, and the wallet less what they cost, exactly."""
    told: Any = venues.get("/positions")
    found: dict[str, dict[str, Decimal]] = {}
    for venue, market in MARKETS.items():
        held = {"USDT": Decimal(told[market]["balances"]["USDT"])}
        for base in ("BTC", "ETH"):
            position = told[market]["positions"].get(f"{base}USDT", {"qty": "0", "cost": "0"})
            held[base] = Decimal(position["qty"])
            held["USDT"] -= Decimal(position["cost"])
        found[venue] = held
    return found


def test_perpetuals_are_traded_and_their_accounts_equal_the_venues(tmp_path: Path) -> None:
    with Venues(tmp_path) as venues:
        config = venues.config(tmp_path / "config", perpetual=True)
        before = holdings(venues)
        with Program(
            tmp_path, "run", "-c", str(config), "--duration", "8", "--json", env=venues.secrets
        ) as run:
            data = run.wait(60).data
        after = holdings(venues)
        orders = venues.orders()
    print({name: data[name] for name in ("trades", "balanced", "hedges", "fills", "deltas", "venue_deltas")})
    assert data["trades"] >= 5
    assert (data["balanced"], data["halted"], data["unresolved"]) == (data["trades"], 0, 0)
    assert {order["market"] for order in orders} == {"usdm", "linear"}
    moved = {
        venue: {asset: after[venue][asset] - before[venue][asset] for asset in before[venue]}
        for venue in MARKETS
    }
    assert flows(data["deltas"]) == moved
    assert data["deltas"] == data["venue_deltas"]
