"""Simulated venues of the test's own: they outlive the run, so that their books can be read after it."""

import json
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.e2e.support.program import Program

KEYS = ("BINANCE", "BYBIT")
OPEN = {"new", "partially filled"}  # states of an order in the log
Flows = dict[str, dict[str, Decimal]]  # venue -> asset -> amount


class Venues(Program):
    """`arb sim --json`, ended by closing its stdin."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        super().__init__(folder, "sim", "--json", *arguments, stdin=subprocess.PIPE)
        self.ready: dict[str, Any] = json.loads(self.until(r"\{.*\}\n")[0])
        self.control: str = self.ready["control"]

    @property
    def secrets(self) -> dict[str, str]:
        """The keys, for the environment of a run whose config says `credentials = "env:BINANCE"`."""
        pairs = (("API_KEY", self.ready["key"]), ("API_SECRET", self.ready["secret"]))
        return {f"{prefix}_{name}": value for prefix in KEYS for name, value in pairs}

    def config(
        self, folder: Path, *, name: str = "e2e", symbols: Sequence[str] = ("BTC/USDT", "ETH/USDT")
    ) -> Path:
        return write_config(folder, self.ready["venues"], name=name, symbols=symbols)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.control}{path}", timeout=10) as answer:
            return json.load(answer)

    def totals(self) -> Flows:
        """What the accounts hold now."""
        return {
            venue: {asset: Decimal(amounts["total"]) for asset, amounts in assets.items()}
            for venue, assets in self.get("/accounts").items()
        }

    def orders(self) -> list[dict[str, Any]]:
        """Requests to place, in the order they arrived."""
        return [entry for entry in self.get("/orders") if entry["op"] == "place"]

    def fault(self, kind: str, venue: str, channel: str = "", symbol: str = "", **more: Any) -> int:
        body = {"kind": kind, "venue": venue, "channel": channel, "symbol": symbol, **more}
        request = urllib.request.Request(f"{self.control}/faults", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(json.load(answer)["id"])

    def end_fault(self, number: int) -> None:
        request = urllib.request.Request(f"{self.control}/faults/{number}", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def faults(self) -> dict[int, dict[str, Any]]:
        return {fault["id"]: fault for fault in self.get("/faults")}


def changes(before: Flows, after: Flows) -> Flows:
    return {
        venue: {asset: amount - before[venue][asset] for asset, amount in assets.items()}
        for venue, assets in after.items()
    }


def flows(reported: Mapping[str, Mapping[str, str]]) -> Flows:
    """`deltas` or `venue_deltas` of a summary."""
    return {
        venue: {asset: Decimal(text) for asset, text in assets.items()} for venue, assets in reported.items()
    }


ARBITRAGE = """\
version = 1
name = "{name}"
instance = "ee"
mode = "live"

[exchanges]
binance = "binance.toml"
bybit = "bybit.toml"

[strategy]
symbols = {symbols}
min_edge_bps = 2.0
slippage_bps = 2.0

[risk]
max_order_notional = 1000
max_notional = 10000
max_position = {{ BTC = "0.5", ETH = "8" }}

[execution]
hedge_band_bps = 100
"""
BINANCE = """\
endpoint = "custom"
credentials = "env:BINANCE"

[urls.spot]
rest = "{rest}"
ws = "{ws}"
ws_api = "{ws_api}"

[connection]
healthy_s = 1.0  # faults come every few seconds: the back-off must not remember them all
"""
BYBIT = """\
endpoint = "custom"
credentials = "env:BYBIT"

[urls]
rest = "{rest}"
ws_public = "{ws_public}"
ws_private = "{ws_private}"

[connection]
healthy_s = 1.0  # faults come every few seconds: the back-off must not remember them all
"""


def write_config(
    folder: Path,
    urls: Mapping[str, Any],
    *,
    name: str = "e2e",
    symbols: Sequence[str] = ("BTC/USDT", "ETH/USDT"),
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "arbitrage.toml"
    path.write_text(ARBITRAGE.format(name=name, symbols=json.dumps(list(symbols))))
    (folder / "binance.toml").write_text(BINANCE.format(**urls["binance"]["spot"]))
    (folder / "bybit.toml").write_text(BYBIT.format(**urls["bybit"]))
    return path
