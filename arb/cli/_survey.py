"""`arb doctor` and `arb keys check`: the same questions to the venues, all of them or those about the key."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from arb.cli._json import emit
from arb.cli._setup import Setup
from arb.live.checks import Check, Grade, exit_code, machine_checks
from arb.live.survey import Survey

_SIGNS = {Grade.ok: "ok  ", Grade.warn: "warn", Grade.fail: "FAIL"}


def examine(
    verb: str, config: Path | None, overrides: Sequence[str], *, live: bool, strict: bool, as_json: bool
) -> int:
    """Prints every check and returns the exit code."""
    checks = asyncio.run(_examine(verb, config, overrides, live))
    code = exit_code(checks, strict)
    failed = [check for check in checks if check.grade is Grade.fail]
    if as_json:
        rows = [asdict(check) | {"grade": check.grade.value} for check in checks]
        problems = [_entry(check) for check in failed]
        emit(verb, {"checks": rows}, code=code, errors=problems)
        return code
    width = max(len(check.where) for check in checks)
    for check in checks:
        help = f"   help: {check.help}" if check.help and check.grade is not Grade.ok else ""
        sys.stdout.write(f"{_SIGNS[check.grade]} {check.where:{width}}  {check.what}: {check.text}{help}\n")
    warned = sum(check.grade is Grade.warn for check in checks)
    sys.stdout.write(f"{len(checks)} checks, {warned} warnings, {len(failed)} failed\n")
    return code


async def _examine(verb: str, config: Path | None, overrides: Sequence[str], live: bool) -> list[Check]:
    only_keys = verb == "keys"
    setup = Setup(config, overrides, ())
    try:
        plan = await setup.prepare()
        checks = [] if only_keys else _machine()
        for venue in plan.venues:
            survey = Survey(venue, venue.market.replace("_", " "), live)
            checks += await (survey.key(plan.symbols) if only_keys else survey.run(plan.symbols))
        return checks
    finally:
        await setup.stop()


def _machine() -> list[Check]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return machine_checks(shutil.disk_usage(Path.home()).free // 1_000_000, soft)


def _entry(check: Check) -> dict[str, object]:
    entry: dict[str, object] = {"message": f"{check.where}: {check.text}"}
    if check.help:
        entry["help"] = check.help
    return entry
