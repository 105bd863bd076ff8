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

    def config(self, folder: Path, *, bases: Sequence[str] = ("BTC", "ETH"), perpetual: bool = False) -> Path:
        return write_config(folder, self.ready["venues"], bases=bases, perpetual=perpetual)

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
VENUE = """\
endpoint = "custom"
credentials = "env:{key}"
markets = ["{market}"]

[{table}]
{urls}
"""
CONNECTION = """
[connection]
healthy_s = 1.0  # faults come every few seconds: the back-off must not remember them all
quiet_s = 1.0
first_frame_s = 2.0
listing_timeout_s = 1.0
moved_grace_s = 1.0
probe_retry_s = 1.0
best_repeat_s = 4.0  # the venue repeats every 3 s
"""


def write_config(
    folder: Path,
    urls: Mapping[str, Any],
    *,
    bases: Sequence[str] = ("BTC", "ETH"),
    perpetual: bool = False,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "arbitrage.toml"
    symbols = [f"{base}/USDT{':USDT' if perpetual else ''}" for base in bases]
    path.write_text(ARBITRAGE.format(name="e2e", symbols=json.dumps(symbols)))
    market = "usdm" if perpetual else "spot"
    sapi = {"sapi": urls["binance"]["spot"]["rest"]} if perpetual else {}
    _write_venue(folder / "binance.toml", market, f"urls.{market}", urls["binance"][market] | sapi)
    _write_venue(folder / "bybit.toml", "linear" if perpetual else "spot", "urls", urls["bybit"])
    return path


def _write_venue(path: Path, market: str, table: str, urls: Mapping[str, Any]) -> None:
    lines = "\n".join(f'{name} = "{url}"' for name, url in urls.items() if url is not None)
    head = VENUE.format(market=market, key=path.stem.upper(), table=table, urls=lines)
    path.write_text(head + CONNECTION)
