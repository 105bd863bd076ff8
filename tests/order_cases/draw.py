"""What a case is: a market, a transport, an order and the fault it meets; drawn from one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from arb.venues.base import ErrorClass
from arb.venues.errors import ErrorRow, Transport

Fault = dict[str, Any]
Rows = Mapping[str, Sequence[ErrorRow]]  # error rows by market kind, "binance_spot"

ENDS_BEFORE = ("none", "reset", "close", "error")
ENDS_AFTER = ("none", "reset", "close", "half", "error")
# What befalls all that is on the account at that moment, with how often it is drawn among 1,000 cases.
WEATHER = {
    "private message dropped": 30,
    "private message twice": 15,
    "private message late": 15,
    "private messages swapped": 15,
    "private stream reset": 12,
    "order connection reset": 12,
    "maintenance": 4,
    "clock skew": 4,
    "logon ended": 8,
}
FAULTS = {
    "none": 60,
    "before acceptance": 190,
    "after acceptance": 210,
    "error code": 170,
    "late": 110,
    "partial": 60,
    "rate limited": 15,
    "query lost": 70,
    "answer and events lost": 60,
} | WEATHER


@dataclass(slots=True, frozen=True)
class Draw:
    """`fills` False: priced away from the market. `hedges_here`: what is left is closed on the venue too."""

    number: int
    kind: str  # binance_spot, ...
    way: str  # rest | ws
    fault: str  # of FAULTS
    detail: str
    faults: tuple[Fault, ...] = field(default=())
    is_buy: bool = True
    lots: int = 4  # of 0.001
    fills: bool = True
    hedges_here: bool = False


def draw(rng: Random, number: int, stands: Sequence[tuple[str, str]], rows: Rows) -> Draw:
    kind, way = rng.choice(list(stands))
    fault = rng.choices(list(FAULTS), list(FAULTS.values()))[0]
    venue, _, market = kind.partition("_")
    place: Fault = {"venue": venue, "market": market, "op": "place"}
    detail, faults = _DRAWS[fault](rng, kind, way, place, rows)
    if any(made.get("op") for made in faults) and rng.random() < 0.3 and not _is_definite(fault, faults):
        lag = rng.randrange(50, 300)
        faults.append(place | {"kind": "index_lag", "params": {"duration_ms": lag}})
        detail += ", index lags"
    return Draw(
        number,
        kind,
        way,
        fault,
        detail,
        tuple(faults),
        is_buy=rng.random() < 0.5,
        lots=rng.randrange(4, 20),
        fills=rng.random() < 0.75,
        hedges_here=rng.random() < 0.5,
    )


def _is_definite(fault: str, faults: list[Fault]) -> bool:
    return fault == "error code" and not faults[0]["params"]["accepted"]


def _none(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    return "", []


def _before(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    answer = rng.choice(ENDS_BEFORE)
    return answer, [place | {"kind": "order_before", "params": {"answer": answer}}]


def _after(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    answer = rng.choice(ENDS_AFTER)
    return answer, [place | {"kind": "order_after", "params": {"answer": answer}}]


def _code(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    """A row of the error table. A definite answer to an accepted order would be a lie no venue tells."""
    row = rng.choice([row for row in rows[kind] if _is_told(row, way)])
    accepted = row.error_class is ErrorClass.unknown and rng.random() < 0.5
    params: Fault = {"accepted": accepted}
    if row.transport is Transport.http:
        params |= {"status": row.code, "body": f"<html>{row.code}</html>"}
        if row.prefix:
            params |= {"code": -1, "message": row.prefix, "body": ""}
    else:
        params |= {"code": row.code, "message": row.prefix or "as the table has it"}
    name = f"{row.transport.value} {row.code} {row.error_class.value}{' accepted' if accepted else ''}"
    return name, [place | {"kind": "order_error", "params": params}]


def _is_told(row: ErrorRow, way: str) -> bool:
    """What stops an adapter for good or for a while would stop all other cases with it."""
    if row.error_class in (ErrorClass.rate, ErrorClass.notsent) or row.prefix.startswith("position idx"):
        return False
    if way == "ws":
        return row.transport is Transport.ws
    return row.transport is Transport.rest or (row.transport is Transport.http and row.code >= 400)


def _late(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    answer = rng.choice(("late", "none", "reset"))
    params = {"delay_ms": rng.randrange(30, 300), "answer": answer}
    return answer, [place | {"kind": "order_late", "params": params}]


def _partial(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    faults = [place | {"kind": "order_partial", "params": {"fraction": rng.randrange(30, 90) / 100}}]
    if rng.random() < 0.5:
        answer = rng.choice(ENDS_AFTER)
        faults.append(place | {"kind": "order_after", "params": {"answer": answer}})
        return f"then {answer}", faults
    return "", faults


def _rate(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    status = 429 if place["venue"] == "bybit" else rng.choice((429, 418))
    return str(status), [place | {"kind": "rate_limited", "params": {"status": status, "retry_after_s": 1}}]


def _query(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    """The answer to the order is lost, and the first questions about it are as well."""
    answer, asked = rng.choice(("none", "reset")), rng.choice(("none", "reset", "error"))
    kind_of = rng.choice(("order_before", "order_after"))
    lost = place | {"kind": kind_of, "params": {"answer": answer}}
    deaf = place | {
        "op": "query",
        "kind": "order_before",
        "count": rng.randrange(1, 3),
        "params": {"answer": asked},
    }
    return f"{kind_of.removeprefix('order_')} {answer}, then {asked}", [lost, deaf]


def _events(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
    """Only questions tell what became of the order."""
    answer = rng.choice(ENDS_AFTER)
    lost = place | {"kind": "order_after", "params": {"answer": answer}}
    channels = ("order",) if kind == "binance_spot" else ("order", "execution")
    at = {"venue": place["venue"], "market": place["market"]}
    return answer, [lost, *(at | {"kind": "drop", "channel": name, "count": 3} for name in channels)]


def _weather(body: Fault) -> Any:
    def make(rng: Random, kind: str, way: str, place: Fault, rows: Rows) -> tuple[str, list[Fault]]:
        # Not at once: the order has to leave first, or nothing is learnt.
        after = rng.randrange(4, 25) / 1_000
        fault = {"venue": place["venue"], "market": place["market"], "after": after} | body
        if fault.get("channel") == "any":
            channels = ("order", "execution") if kind != "binance_spot" else ("order", "balance")
            fault["channel"] = rng.choice(channels)
        return str(fault.get("channel", "")), [fault]

    return make


_DRAWS = {
    "none": _none,
    "before acceptance": _before,
    "after acceptance": _after,
    "error code": _code,
    "late": _late,
    "partial": _partial,
    "rate limited": _rate,
    "query lost": _query,
    "answer and events lost": _events,
    "private message dropped": _weather({"kind": "drop", "channel": "any"}),
    "private message twice": _weather({"kind": "duplicate", "channel": "any"}),
    "private message late": _weather({"kind": "delay", "channel": "any", "params": {"duration_ms": 150}}),
    "private messages swapped": _weather({"kind": "reorder", "channel": "any"}),
    "private stream reset": _weather({"kind": "reset", "channel": "private", "params": {"most": 1}}),
    "order connection reset": _weather({"kind": "reset", "channel": "private", "params": {"most": 4}}),
    "maintenance": _weather({"kind": "maintenance", "params": {"duration_ms": 250}}),
    "clock skew": _weather({"kind": "clock_skew", "params": {"offset_ms": 1_500, "duration_ms": 200}}),
    "logon ended": _weather({"kind": "logon_ended"}),
}
