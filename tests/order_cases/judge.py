"""Compares our side of every order with the simulator's ledger, and counts how each fault ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.order_cases.case import INSTANCE, Case

Entry = Mapping[str, Any]


@dataclass(slots=True)
class Verdict:
    """`wrong`: what must never be. `rows`: fault -> (cases, those where it acted, how the orders ended)."""

    wrong: list[str] = field(default_factory=list)
    rows: dict[str, tuple[int, int, Counter[str]]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    accepted: int = 0
    executed: int = 0
    double: int = 0
    fenced: int = 0


def judge(cases: Sequence[Case], log: Iterable[Entry], acted: Mapping[int, bool]) -> Verdict:
    """`acted` by fault id. The log holds every order request the simulator got."""
    accepted: dict[str, list[Entry]] = defaultdict(list)
    for entry in log:
        if entry["op"] == "place" and entry["code"] == 0:
            accepted[entry["client_id"]].append(entry)
    verdict = Verdict()
    for case in cases:
        _judge_case(case, accepted, verdict)
        name = case.draw.fault
        count, fired, ends = verdict.rows.get(name, (0, 0, Counter()))
        has_acted = not case.fault_ids or any(acted[number] for number in case.fault_ids)
        first = next(iter(case.orders.values()))
        ends[first.source or "unresolved"] += 1
        verdict.rows[name] = (count + 1, fired + has_acted, ends)
        verdict.kinds[f"{case.draw.kind} {case.draw.way}"] += 1
    ours = {coid for case in cases for coid in case.orders}
    for coid, entries in accepted.items():
        if coid not in ours and coid.startswith(f"a{INSTANCE}"):
            verdict.wrong.append(f"{coid}: the venue has {entries[0]['status']}, we know nothing of it")
    return verdict


def _judge_case(case: Case, accepted: Mapping[str, list[Entry]], verdict: Verdict) -> None:
    what = f"case {case.draw.number} ({case.draw.kind} {case.draw.way}, {case.draw.fault} {case.draw.detail})"
    for coid, heard in case.orders.items():
        entries = accepted.get(coid, [])
        verdict.orders += 1
        verdict.accepted += len(entries)
        verdict.fenced += heard.source == "fence"
        if len(entries) > 1:
            verdict.double += 1
            verdict.wrong.append(f"{what}: {coid} was accepted {len(entries)} times")
        venue = sum((Decimal(entry["filled"]) for entry in entries), Decimal(0))
        verdict.executed += venue > 0
        fills = sorted(
            (Decimal(fill["price"]), Decimal(fill["qty"])) for entry in entries for fill in entry["fills"]
        )
        if heard.executed is None:
            verdict.wrong.append(f"{what}: {coid} is not resolved, the venue executed {venue}")
        elif heard.executed != venue:
            verdict.wrong.append(f"{what}: {coid} {heard.executed} at ours, {venue} at the venue's")
        if sorted(heard.fills) != fills:
            verdict.wrong.append(f"{what}: {coid} fills {heard.fills} at ours, {fills} at the venue's")
        if heard.reopened:
            verdict.wrong.append(f"{what}: {coid} was seen after it had been resolved")
        if heard.source == "fence" and entries:
            verdict.wrong.append(
                f"{what}: {coid} ended by the fence, the venue has it {entries[0]['status']}"
            )
        if any(entry["status"] in ("new", "partially filled") for entry in entries):
            verdict.wrong.append(f"{what}: {coid} is still open at the venue's")
    verdict.wrong += [f"{what}: heard afterwards of {late}" for late in case.late]


def table(verdict: Verdict) -> str:
    lines = [f"{'fault':<26}{'cases':>6}{'acted':>7}  how the order ended"]
    for name, (count, fired, ends) in sorted(verdict.rows.items()):
        told = ", ".join(f"{end} {number}" for end, number in ends.most_common())
        lines.append(f"{name:<26}{count:>6}{fired:>7}  {told}")
    total = sum(count for count, _, _ in verdict.rows.values())
    lines.append(f"{'all':<26}{total:>6}")
    lines.append(", ".join(f"{name} {number}" for name, number in sorted(verdict.kinds.items())))
    lines.append(
        f"{verdict.orders} orders (hedges too), {verdict.accepted} accepted, {verdict.executed} executed, "
        f"{verdict.fenced} ended by the fence; executed twice {verdict.double}, "
        f"against the ledger {len(verdict.wrong)}"
    )
    return "\n".join(lines)
