"""What a session did, in the form `arb run --json` prints; decimals as strings."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from arb.live.accounts import changes
from arb.live.session import Session
from arb.text import plain

# A venue rounds the entry price of a position, by which its cost is told; a flat account is exact.
_ENTRY_ROUNDING = Decimal("0.000001")


def marks_from_books(session: Session) -> dict[str, Decimal]:
    """Mid prices of the books, in the accounting currency; an asset without a pair has none."""
    marks = {session.plan.currency: Decimal(1)}
    for symbol in session.plan.symbols:
        base = symbol.partition("/")[0]
        for state in session.venues:
            if symbol not in state.instruments:
                continue
            book = session.engine.book(state.instruments[symbol])
            if book["bid"] and book["ask"]:
                marks[base] = (Decimal(book["bid"][0]) + Decimal(book["ask"][0])) / 2
    return marks


def resident_mb() -> float:
    """Resident memory now where the system tells it, else its peak."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def summarize(
    session: Session,
    closing: Mapping[str, Mapping[str, Decimal]],
    marks: Mapping[str, Decimal],
    open_orders: int,
) -> dict[str, Any]:
    """Of a closed session, so that the counters and the hash are those of its tape. `closing`: venue ->
    asset -> total, the venues' own word after the last order was resolved; `open_orders`: theirs too."""
    engine = session.engine
    stats = engine.stats
    # An asset that only fees may come in is shown once they did.
    traded = {session.plan.currency, *session.lots}
    ours: dict[str, dict[str, Decimal]] = {}
    theirs: dict[str, dict[str, Decimal]] = {}
    fees = dict.fromkeys(session.assets, Decimal(0))
    for state in session.venues:
        name = state.plan.name
        ours[name] = {}
        for number, asset in enumerate(session.assets):
            account = engine.account(state.id, number)
            ours[name][asset] = Decimal(account["flow"])
            fees[asset] += Decimal(account["fees"])
        theirs[name] = changes(state.opening, closing[name], session.assets)
        if state.plan.is_perpetual:
            theirs[name] = {
                asset: ours[name][asset] if abs(value - ours[name][asset]) <= _ENTRY_ROUNDING else value
                for asset, value in theirs[name].items()
            }
        for asset in set(session.assets) - traded:
            if not ours[name][asset] and not theirs[name][asset]:
                del ours[name][asset], theirs[name][asset]
    net = {
        asset: sum((flow.get(asset, Decimal(0)) for flow in ours.values()), Decimal(0))
        for asset in session.assets
    }
    bases = [asset for asset in session.assets if asset in session.lots]
    unhedged = sum(
        (
            abs(net[asset]) * marks.get(asset, Decimal(0))
            for asset in bases
            if abs(net[asset]) >= session.lots[asset]
        ),
        Decimal(0),
    )
    worth = sum((net[asset] * marks.get(asset, Decimal(0)) for asset in session.assets), Decimal(0))
    latency = session.tick_to_order
    return {
        "trades": stats["trades"],
        "legs": stats["orders"],
        "hedges": stats["hedges"],
        "fills": stats["fills"],
        "balanced": stats["balanced"],
        "halted": stats["halted"],
        "net_pnl": plain(worth.quantize(Decimal("1e-8"))),
        "deltas": {
            name: {asset: plain(value) for asset, value in flow.items()} for name, flow in ours.items()
        },
        "venue_deltas": {
            name: {asset: plain(value) for asset, value in flow.items()} for name, flow in theirs.items()
        },
        "dust": {asset: plain(net[asset]) for asset in bases},
        "fees": {asset: plain(value) for asset, value in fees.items() if value or asset in traded},
        "unhedged": plain(unhedged),
        "open_orders": open_orders,
        "unresolved": engine.unresolved_orders,
        "opportunities": engine.opportunities["seen"],
        "stages": engine.opportunities,
        "refusals": engine.refusals,
        "denials": engine.denials,
        "tick_to_order_us": {
            "p50": round(latency.quantile(0.5) / 1_000, 1) if latency.count else None,
            "p99": round(latency.quantile(0.99) / 1_000, 1) if latency.count else None,
        },
        "action_hash": f"{engine.action_hash:016x}",
        "tape_torn": session.tape.torn if session.tape is not None else "",
        "rss_mb": round(resident_mb(), 1),
    }
