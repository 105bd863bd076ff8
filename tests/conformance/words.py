"""What an adapter told, as one line of text each."""

from __future__ import annotations

from typing import Any

from arb.venues.base import QueryKind


def told(entry: tuple[Any, ...]) -> str:
    """The text of one entry of an EventLog, or of (type name, value) for an answer."""
    name, *rest = entry
    write = _WRITERS.get(name)
    if write is None:
        return " ".join([name, *(str(getattr(value, "value", value)) for value in rest)])
    return str(write(*rest))


def _order(order: Any) -> str:
    reason = f" ({order.reason})" if order.reason else ""
    return f"order {order.coid} {order.status.value} {order.cum_qty}{reason}"


def _fill(fill: Any) -> str:
    role = "maker" if fill.is_maker else "taker"
    coid = fill.coid or "-"  # not of an order of ours
    return f"fill {coid} {fill.trade_id} {fill.qty} at {fill.price} fee {fill.fee} {fill.fee_asset} {role}"


def _query(coid: str, outcome: Any) -> str:
    if outcome.kind is QueryKind.found:
        return f"query {coid} found {outcome.order.status.value} {outcome.order.cum_qty}"
    return f"query {coid} {outcome.kind.value}"


def _cash(cash: Any) -> str:
    return f"cash {cash.kind} {cash.amount} {cash.asset} {cash.symbol or '-'} {cash.id}".rstrip()


def _rate_limit(limit: Any) -> str:
    return f"rate limit {limit.pause_s:g} s{' banned' if limit.banned else ''}"


def _facts(facts: Any) -> str:
    mode = {True: "hedge", False: "one-way", None: "none"}[facts.hedge_mode]
    leverage = "".join(f" {symbol} {value}x" for symbol, value in facts.leverage.items())
    return f"facts {facts.account_id} {'trades' if facts.can_trade else 'closed'} {mode}{leverage}"


def _rights(rights: Any) -> str:
    words = [
        name
        for name in ("can_read", "can_trade", "can_withdraw", "can_transfer", "ip_bound", "read_only")
        if getattr(rights, name)
    ]
    return f"rights {' '.join(words)} expires {rights.expires_ms}"


def _mark(mark: Any) -> str:
    funding = f"funding {mark.funding_rate} at {mark.next_funding_ms}"
    return f"mark {mark.symbol} {mark.mark} index {mark.index} {funding}"


def _instrument(rules: Any) -> str:
    tradable = "" if rules.tradable else " closed"
    least = f"least {rules.min_qty} {rules.min_notional}"
    return f"instrument {rules.symbol} tick {rules.tick} lot {rules.lot} {least}{tradable}"


_WRITERS: dict[str, Any] = {
    "order": _order,
    "OrderUpdate": _order,
    "fill": _fill,
    "FillUpdate": _fill,
    "query": _query,
    "unknown": lambda coid, reason: f"unknown {coid}",
    "not_sent": lambda coid, reason: f"not sent {coid}",
    "reject": lambda coid, kind, code, message: f"reject {coid} {kind.value} {code}",
    "cancel": lambda coid, outcome, code, *_: f"cancel {coid} {outcome.value} {code}",
    "balances": lambda rows: " ".join(["balances", *(f"{b.asset}={b.free}+{b.locked}" for b in rows)]),
    "Balance": lambda row: f"balance {row.asset} {row.free}+{row.locked}",
    "positions": lambda rows: " ".join(["positions", *(f"{p.symbol}={p.qty}" for p in rows)]),
    "Position": lambda row: f"position {row.symbol} {row.qty} at {row.entry_price}",
    "cash": _cash,
    "rate_limit": _rate_limit,
    "FeeRates": lambda row: f"fees {row.symbol} maker {row.maker} taker {row.taker}",
    "AccountFacts": _facts,
    "KeyRights": _rights,
    "Mark": _mark,
    "VenueInstrument": _instrument,
    "stream": lambda kind, state, cause: f"stream {kind.value} {state.value} {cause.value}",
}
