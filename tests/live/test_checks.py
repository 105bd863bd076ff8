"""Each fact that must stop a session stops it, with the exit code that belongs to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arb import errors
from arb.live.checks import (
    DAY_MS,
    Check,
    Grade,
    account_checks,
    clock_check,
    exit_code,
    instrument_checks,
    key_checks,
    machine_checks,
)
from arb.venues.base import AccountFacts, KeyRights, VenueInstrument

NOW = 1_790_000_000_000
GOOD = KeyRights(can_read=True, can_trade=True, can_withdraw=False, can_transfer=False, ip_bound=True)
FACTS = AccountFacts("42", can_trade=True)
BTC = VenueInstrument(
    "BTC/USDT", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", "0.00001", "9000", "5", "0", "0", "0", True
)


def grades(checks: list[Check]) -> list[str]:
    return [check.grade.value for check in checks]


def test_a_key_that_trades_and_nothing_else_passes() -> None:
    assert grades(key_checks("x", GOOD, NOW, live=True)) == ["ok"]


@pytest.mark.parametrize(
    ("rights", "live", "grade", "word"),
    [
        (replace(GOOD, can_withdraw=True), False, "fail", "withdraw"),
        (replace(GOOD, can_transfer=True), False, "fail", "transfer"),
        (replace(GOOD, ip_bound=False), False, "warn", "IP address"),
        (replace(GOOD, ip_bound=False), True, "fail", "IP address"),
        (replace(GOOD, can_trade=False), False, "warn", "may not trade"),
        (replace(GOOD, read_only=True), True, "fail", "may not trade"),
        (replace(GOOD, can_read=False), False, "fail", "read"),
        (replace(GOOD, expires_ms=NOW + 13 * DAY_MS), True, "warn", "expires in 13.0 days"),
        (replace(GOOD, expires_ms=NOW), False, "fail", "expired"),
    ],
)
def test_every_right_too_much_or_too_little_is_named(
    rights: KeyRights, live: bool, grade: str, word: str
) -> None:
    (check,) = key_checks("x", rights, NOW, live)
    assert check.grade.value == grade
    assert word in check.text
    assert check.help
    assert exit_code([check]) == (errors.AUTH if grade == "fail" else 0)


def test_a_far_expiry_is_no_word() -> None:
    assert grades(key_checks("x", replace(GOOD, expires_ms=NOW + 15 * DAY_MS), NOW, live=True)) == ["ok"]


def test_hedge_mode_and_a_closed_account_stop_us() -> None:
    (mode,) = account_checks("x", replace(FACTS, hedge_mode=True))
    assert (mode.grade, mode.what, exit_code([mode])) == (Grade.fail, "position mode", errors.ERROR)
    (closed,) = account_checks("x", replace(FACTS, can_trade=False))
    assert exit_code([closed]) == errors.AUTH
    assert grades(account_checks("x", FACTS)) == ["ok"]


def test_a_leverage_above_the_limit_is_warned_of() -> None:
    facts = replace(FACTS, hedge_mode=False, leverage={"BTC/USDT:USDT": "20", "ETH/USDT:USDT": "2"})
    assert grades(account_checks("x", facts, max_leverage=3)) == ["ok", "warn", "ok"]


@pytest.mark.parametrize(
    ("half", "skew", "grade", "code"),
    [
        (1.0, 5.0, Grade.ok, 0),
        (1.0, -1_500.0, Grade.fail, errors.ERROR),
        (300.0, 0.0, Grade.fail, errors.UNREACHABLE),
        (None, 0.0, Grade.fail, errors.UNREACHABLE),
    ],
)
def test_a_clock_is_judged_by_what_is_known_of_it(
    half: float | None, skew: float, grade: Grade, code: int
) -> None:
    check = clock_check("x", half, skew)
    assert (check.grade, exit_code([check])) == (grade, code)


def test_symbols_that_are_not_listed_or_not_traded_are_named() -> None:
    closed = replace(BTC, symbol="ETH/USDT", tradable=False)
    found = instrument_checks("x", ["BTC/USDT", "ETH/USDT", "XRP/USDT"], [BTC, closed])
    assert grades(found) == ["ok", "fail", "fail"]
    assert "XRP/USDT is not listed" in found[2].text


def test_a_full_disk_fails_and_few_files_are_warned_of() -> None:
    assert grades(machine_checks(10_000, 4_096)) == ["ok", "ok"]
    assert grades(machine_checks(100, 256)) == ["fail", "warn"]


def test_the_worst_decides_and_strict_counts_warnings() -> None:
    ok = Check("x", "a", Grade.ok, "")
    warn = Check("x", "b", Grade.warn, "")
    far = Check("x", "c", Grade.fail, "", errors.UNREACHABLE)
    key = Check("x", "d", Grade.fail, "", errors.AUTH)
    assert exit_code([ok, warn]) == 0
    assert exit_code([ok, warn], strict=True) == errors.ERROR
    assert exit_code([far, warn], strict=True) == errors.UNREACHABLE
    assert exit_code([far, key]) == errors.AUTH
