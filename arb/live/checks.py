"""What must be true before money is put at risk, judged one fact at a time, without I/O.

A check that failed is never outvoted by those that passed: the worst decides the exit code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from arb import errors
from arb.venues.base import AccountFacts, KeyRights, VenueInstrument

DAY_MS = 86_400_000
_EXPIRY_WARNING_DAYS = 14
_MAX_HALF_WIDTH_MS = 250.0  # of the clock's uncertainty: beyond it the gate takes no entry
_MAX_SKEW_MS = 1_000.0  # both venues refuse timestamps so far ahead
_LEAST_FREE_MB = 500
_LEAST_FILES = 1_024


class Grade(Enum):
    ok = "ok"
    warn = "warn"
    fail = "fail"


@dataclass(slots=True, frozen=True)
class Check:
    """`code`: the exit code of a failure; `help`: what to do about it."""

    where: str
    what: str
    grade: Grade
    text: str
    code: int = errors.ERROR
    help: str = ""


def exit_code(checks: Iterable[Check], strict: bool = False) -> int:
    """0 where nothing failed. A refused key or account outranks an unreachable venue, that outranks the rest;
    `strict` counts warnings too."""
    found = {check.code for check in checks if check.grade is Grade.fail}
    found |= {errors.ERROR for check in checks if strict and check.grade is Grade.warn}
    return next(
        (code for code in (errors.AUTH, errors.UNREACHABLE, errors.USAGE) if code in found),
        min(found, default=0),
    )


def key_checks(where: str, rights: KeyRights, now_ms: int, live: bool) -> list[Check]:
    """`live`: the key is about to trade real money, so that what is only bad style elsewhere is refused."""
    bad = Grade.fail if live else Grade.warn
    checks = []
    for has, word in ((rights.can_withdraw, "withdraw"), (rights.can_transfer, "transfer")):
        if has:
            # A stolen key that can withdraw takes everything; we never need the right.
            checks.append(
                _key(where, Grade.fail, f"the key may {word}", f"make one without the right to {word}")
            )
    if not rights.ip_bound:
        checks.append(
            _key(where, bad, "the key is not bound to an IP address", "bind it to this machine's address")
        )
    if not rights.can_read:
        checks.append(_key(where, Grade.fail, "the key may not read the account", "enable reading"))
    if rights.read_only or not rights.can_trade:
        checks.append(_key(where, bad, "the key may not trade here", "enable trading on this market"))
    if rights.expires_ms is not None:
        days = (rights.expires_ms - now_ms) / DAY_MS
        if days <= 0:
            checks.append(_key(where, Grade.fail, "the key has expired", "make a new one"))
        elif days < _EXPIRY_WARNING_DAYS:
            checks.append(_key(where, Grade.warn, f"the key expires in {days:.1f} days", "renew it"))
    return checks or [
        _key(where, Grade.ok, "reads and trades, cannot withdraw or transfer, bound to an address", "")
    ]


def account_checks(where: str, facts: AccountFacts, max_leverage: float | None = None) -> list[Check]:
    """Modes under which our orders would not mean what we think."""
    checks = []
    if not facts.can_trade:
        checks.append(
            Check(where, "account", Grade.fail, "the venue does not let this account trade", errors.AUTH)
        )
    if facts.hedge_mode:
        text = "position mode is hedge mode: a sell opens a second position instead of closing the first"
        checks.append(
            Check(where, "position mode", Grade.fail, text, help="switch the account to one-way mode")
        )
    elif facts.hedge_mode is not None:
        checks.append(Check(where, "position mode", Grade.ok, "one-way"))
    for symbol, leverage in facts.leverage.items():
        over = max_leverage is not None and float(leverage) > max_leverage
        text = f"{symbol} {leverage}x"
        if over:
            checks.append(
                Check(where, "leverage", Grade.warn, f"{text}, the limit here is {max_leverage:g}x")
            )
        else:
            checks.append(Check(where, "leverage", Grade.ok, text))
    return checks or [
        Check(where, "account", Grade.ok, f"account {facts.account_id or 'without an id'} may trade")
    ]


def clock_check(where: str, half_width_ms: float | None, skew_ms: float) -> Check:
    """`skew_ms`: this machine's wall clock less the venue's. Orders use the measured offset and survive it;
    logs, certificates and the venue's own time checks of other programs do not."""
    if half_width_ms is None:
        return Check(where, "clock", Grade.fail, "could not be measured", errors.UNREACHABLE)
    text = f"wall clock {skew_ms:+.0f} ms against the venue, known to {half_width_ms:.1f} ms"
    if half_width_ms > _MAX_HALF_WIDTH_MS:
        return Check(
            where, "clock", Grade.fail, text, errors.UNREACHABLE, "the way to the venue is too slow or uneven"
        )
    if abs(skew_ms) > _MAX_SKEW_MS:
        return Check(
            where, "clock", Grade.fail, text, help="synchronise the clock (chrony, systemd-timesyncd)"
        )
    return Check(where, "clock", Grade.ok, text)


def latency_check(where: str, what: str, samples_ms: Sequence[float]) -> Check:
    ordered = sorted(samples_ms)
    middle = ordered[len(ordered) // 2]
    return Check(where, what, Grade.ok, f"{middle:.1f} ms (worst of {len(ordered)}: {ordered[-1]:.1f})")


def instrument_checks(where: str, wanted: Sequence[str], listed: Sequence[VenueInstrument]) -> list[Check]:
    known = {instrument.symbol: instrument for instrument in listed}
    checks = []
    for symbol in wanted:
        found = known.get(symbol)
        if found is None:
            checks.append(Check(where, "filters", Grade.fail, f"{symbol} is not listed", errors.USAGE))
        elif not found.tradable:
            checks.append(Check(where, "filters", Grade.fail, f"{symbol} is not traded at present"))
        else:
            least = f"{found.min_qty} / {found.min_notional} {found.quote}"
            text = f"{symbol} tick {found.tick} lot {found.lot} least {least}"
            checks.append(Check(where, "filters", Grade.ok, text))
    return checks


def machine_checks(free_mb: int, open_files: int) -> list[Check]:
    """Disk of the state folder, and how many files and sockets the process may hold."""
    disk = Grade.ok if free_mb >= _LEAST_FREE_MB else Grade.fail
    files = Grade.ok if open_files >= _LEAST_FILES else Grade.warn
    return [
        Check(
            "machine",
            "disk",
            disk,
            f"{free_mb} MB free",
            help="" if disk is Grade.ok else "a full disk stops trading",
        ),
        Check(
            "machine",
            "open files",
            files,
            f"limit {open_files}",
            help="" if files is Grade.ok else "ulimit -n 4096",
        ),
    ]


def _key(where: str, grade: Grade, text: str, help: str) -> Check:
    return Check(where, "key rights", grade, text, errors.AUTH, help)
