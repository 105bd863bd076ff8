"""Independent clients of the exchanges work against the simulator, which they take for the real thing.

They run in a process of their own: they patch the interpreter, warn on import, and have real exchanges for
defaults, which a guard in that process keeps them from reaching.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support.venues import Venues

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
MARKETS = ("binance_spot", "binance_usdm", "bybit_spot", "bybit_linear")
_MODULES = {"ccxt_rest": "ccxt", "ccxt_stream": "ccxt", "python_binance": "binance", "pybit_rest": "pybit"}


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venues]:
    with Venues(tmp_path_factory.mktemp("interop"), "--seed", "5") as running:
        yield running


def client(script: str, market: str, venues: Venues) -> dict[str, Any]:
    if importlib.util.find_spec(_MODULES[script]) is None:
        pytest.skip(f"{_MODULES[script]} is not installed: pip install '.[interop]'")
    ready = venues.ready
    task = {"market": market, "venues": ready["venues"], "key": ready["key"], "secret": ready["secret"]}
    if script == "ccxt_stream":
        task["control"] = venues.control
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"tests.interop.{script}"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("market", MARKETS)
def test_ccxt_loads_markets_trades_and_reads_balances(market: str, venues: Venues) -> None:
    seen = client("ccxt_rest", market, venues)
    assert seen["markets"]
    assert seen["bid"] < seen["ask"]
    assert seen["queried"] == ["open", "buy", 0.01, True]
    assert seen["open"] == [seen["placed"]]
    assert seen["open_after"] == []
    assert seen["filled"] == ["closed", 0.01]
    assert seen["usdt"] > 0


@pytest.mark.parametrize("market", ["binance_spot", "binance_usdm"])
def test_python_binance_loads_markets_trades_and_reads_balances(market: str, venues: Venues) -> None:
    seen = client("python_binance", market, venues)
    assert seen["markets"]
    assert seen["queried"] == ["NEW", True]
    assert (seen["canceled"], seen["open_after"]) == ("CANCELED", 0)
    assert seen["usdt"] > 0


@pytest.mark.parametrize("market", ["bybit_spot", "bybit_linear"])
def test_pybit_loads_markets_trades_and_reads_balances(market: str, venues: Venues) -> None:
    seen = client("pybit_rest", market, venues)
    assert seen["markets"]
    assert seen["queried"] == ["New", True]
    assert seen["open_after"] == 0
    assert seen["usdt"] > 0


@pytest.mark.parametrize("market", MARKETS)
def test_ccxt_pro_reads_the_streams_as_the_simulator_means_them(market: str, venues: Venues) -> None:
    """A second opinion: its book equals the server's at every id where both are known."""
    seen = client("ccxt_stream", market, venues)
    assert seen["placed"]
    print(f"{market}: {seen['equal']} books of ccxt.pro equal the server's, {seen['different']} differ")
    assert seen["different"] == 0
    assert seen["equal"] >= 10
