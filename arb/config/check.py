"""Checks that need more than one key. They run over the sections that are valid by themselves, in a pass of
their own: pydantic skips its model validators as soon as one field of the section is wrong."""

import difflib
import re
from collections.abc import Sequence
from typing import Any

from arb.config.credentials import FORMS
from arb.config.locate import Path
from arb.config.mistakes import Mistake
from arb.config.models import STRATEGIES, Binance, Bybit, General, Risk, Strategy
from arb.config.sources import Sources
from arb.data.names import symbol_parts

ENDPOINTS = ("sim", "custom")
LOOPBACK_ONLY = 'this version trades on loopback endpoints only; write "sim" or "custom"'
_REFERENCE = re.compile(r"env:[A-Z][A-Z0-9_]*|file:.+|systemd:[A-Za-z0-9._-]+|keyring:.+")
_REQUIRED = {"binance": ("rest", "ws", "ws_api"), "bybit": ("rest", "ws_public", "ws_private")}


def closest(word: str, words: Sequence[str]) -> str:
    """The one of `words` a person probably meant, or ""."""
    found = difflib.get_close_matches(word, words, n=1)
    return found[0] if found else ""


def check_kind(sources: Sources, mistakes: list[Mistake]) -> None:
    """`strategy.kind` by hand: an unknown one must not hide the other mistakes of its section."""
    section = sources.tree.get("strategy")
    kind = section.get("kind", STRATEGIES[0]) if isinstance(section, dict) else STRATEGIES[0]
    if isinstance(kind, str) and kind not in STRATEGIES:
        near = closest(kind, STRATEGIES)
        known = " or ".join(f"'{name}'" for name in STRATEGIES)
        hint = f'did you mean "{near}"?' if near else ""
        mistakes.append(sources.mistake(("strategy", "kind"), f"must be {known} (got '{kind}')", hint))


def check_credentials(name: str, sources: Sources, mistakes: list[Mistake]) -> None:
    """Only a reference to a secret may stand in a file, never the secret."""
    path: Path = ("exchanges", name, "credentials")
    value = _raw(sources, path)
    if not isinstance(value, str) or not value or _REFERENCE.fullmatch(value):
        return
    message = f"looks like a key; use {FORMS}" if len(value) >= 16 else f"must be {FORMS}"
    mistakes.append(sources.mistake(path, message, hide=value))


def check_endpoint(name: str, sources: Sources, mistakes: list[Mistake]) -> None:
    """`endpoint`, and with "custom" every address it needs; there is no fallback to a real exchange."""
    path: Path = ("exchanges", name, "endpoint")
    endpoint = _raw(sources, path)
    if endpoint in ("production", "testnet"):
        mistakes.append(sources.mistake(path, LOOPBACK_ONLY))
    elif isinstance(endpoint, str) and endpoint not in ENDPOINTS:
        near = closest(endpoint, ENDPOINTS)
        message = f"must be 'sim' or 'custom' (got '{endpoint}')"
        mistakes.append(sources.mistake(path, message, f'did you mean "{near}"?' if near else ""))
    elif endpoint == "custom":
        markets = _raw(sources, ("exchanges", name, "markets")) or ["spot"]
        tables = [f"urls.{market}" for market in markets] if name == "binance" else ["urls"]
        missing = []
        for table in tables:
            urls = _raw(sources, ("exchanges", name, *table.split(".")))
            missing += [
                f"{table}.{key}" for key in _REQUIRED[name] if not isinstance(urls, dict) or key not in urls
            ]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            message = f'endpoint = "custom": {", ".join(missing)} {verb} missing; there is no fallback'
            mistakes.append(sources.mistake(path, message))


def check_risk(risk: Risk, sources: Sources, mistakes: list[Mistake]) -> None:
    """An order may not be larger than all orders together."""
    if risk.max_notional and not 0 < risk.max_order_notional <= risk.max_notional:
        order, total = ("risk", "max_order_notional"), ("risk", "max_notional")
        line = sources.line_of(total)
        where = f" (line {line})" if line else ""
        got = f"{risk.max_order_notional}" if risk.max_order_notional else "0 (no limit)"
        mistakes.append(sources.mistake(order, f"{got} > risk.max_notional {risk.max_notional}{where}"))


def check_symbols(
    strategy: Strategy,
    general: General,
    venues: dict[str, Binance | Bybit],
    sources: Sources,
    mistakes: list[Mistake],
) -> None:
    """Each symbol once, quoted in the accounting currency, and on two venues at least."""
    for at, symbol in enumerate(strategy.symbols):
        _, quote, settle = symbol_parts(symbol)
        path: Path = ("strategy", "symbols", at)
        if symbol in strategy.symbols[:at]:
            mistakes.append(sources.mistake(path, f"{symbol} is listed twice"))
            continue
        if quote != general.currency:
            message = f"{symbol} is quoted in {quote}, the accounting currency is {general.currency}"
            mistakes.append(sources.mistake(path, message, "no currency is taken for another"))
        offering = [name for name, venue in venues.items() if _market(name, settle) in venue.markets]
        if len(offering) < 2:
            kind = "perpetual" if settle else "spot"
            seen = f"only {offering[0]} does" if offering else "none does"
            message = f"{symbol} needs two venues with its {kind} market; {seen}"
            mistakes.append(sources.mistake(path, message, "see `markets` of the venue files"))


def _market(venue: str, settle: str) -> str:
    if not settle:
        return "spot"
    return "usdm" if venue == "binance" else "linear"


def _raw(sources: Sources, path: Path) -> Any:
    value: Any = sources.tree
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
