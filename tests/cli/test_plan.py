"""What a configuration must not ask of a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from arb.cli._plan import plan_from_config
from arb.config import load_config
from arb.errors import UsageError
from arb.venues.base import Credentials, Secret

ROOT = Path(__file__).resolve().parents[2]
SIM = {
    "binance": {
        "spot": {"rest": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:1", "ws_api": "ws://127.0.0.1:1"}
    },
    "bybit": {
        "rest": "http://127.0.0.1:1",
        "ws_public": "ws://127.0.0.1:1",
        "ws_private": "ws://127.0.0.1:1",
    },
}
KEYS = {name: Credentials("k", Secret("s")) for name in SIM}


def test_the_fence_is_made_of_window_lead_and_settling() -> None:
    config = load_config(ROOT / "config/arbitrage.toml", ["execution.settle_ms=2000"], {})
    timing = plan_from_config(config, 1, SIM, KEYS, None).engine.timing
    assert timing.fence_ns == 4_000_000_000  # 1 s of window, 1 s of lead, 2 s


def test_a_time_that_ends_before_the_fence_is_refused() -> None:
    config = load_config(ROOT / "config/arbitrage.toml", ["execution.t_max_ms=15000"], {})
    with pytest.raises(UsageError, match="before the fence"):
        plan_from_config(config, 1, SIM, KEYS, None)
