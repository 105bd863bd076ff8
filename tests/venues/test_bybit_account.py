"""What Bybit says of account and key, as facts."""

from __future__ import annotations

from typing import Any

import pytest

from arb.venues.base import AccountFacts, ErrorClass, FeeRates, KeyRights, Position, VenueFailure

from .bybit_setup import linear, query_of, spot
from .fixtures import fixture
from .setup import Bench, envelope
from .test_bybit_private import FLAT, SHORT
from .test_orders import rows

KEY: dict[str, Any] = {
    "readOnly": 0,
    "permissions": {
        "ContractTrade": ["Order", "Position"],
        "Spot": ["SpotTrade"],
        "Wallet": [],
        "Derivatives": ["DerivativesTrade"],
    },
    "ips": ["192.0.2.7"],
    "deadlineDay": -2,
    "expiredAt": "1970-01-01T00:00:00Z",
    "userID": 24617703,
    "uta": 1,
}
SAFE = KeyRights(
    can_read=True, can_trade=True, can_withdraw=False, can_transfer=False, ip_bound=True, expires_ms=None
)
INFO = fixture("bybit", "rest_account_info")


def rights(make: Any = spot, **changes: Any) -> Any:
    bench, answers = make(up=False), []
    bench.venue.account.key_rights(answers.append)
    bench.http.answer("/v5/user/query-api", envelope({**KEY, **changes}))
    return answers[0]


@pytest.mark.parametrize("make", [spot, linear])
def test_a_safe_key_is_told_as_one(make: Any) -> None:
    assert rights(make) == SAFE


def test_rights_are_those_of_the_market() -> None:
    wallet = {**KEY["permissions"], "Spot": []}
    assert not rights(spot, permissions=wallet).can_trade
    assert rights(linear, permissions=wallet).can_trade
    assert not rights(linear, permissions={**wallet, "ContractTrade": ["Position"]}).can_trade


@pytest.mark.parametrize(
    ("names", "withdraws", "transfers"),
    [
        (["Withdraw"], True, False),
        (["AccountTransfer"], False, True),
        (["SubMemberTransfer"], False, True),
        (["AccountTransfer", "Withdraw"], True, True),
    ],
)
def test_rights_over_money_are_named(names: list[str], withdraws: bool, transfers: bool) -> None:
    told = rights(permissions={**KEY["permissions"], "Wallet": names})
    assert (told.can_withdraw, told.can_transfer) == (withdraws, transfers)


def test_a_read_only_key_does_nothing() -> None:
    told = rights(readOnly=1, permissions={**KEY["permissions"], "Wallet": ["Withdraw"]})
    assert (told.read_only, told.can_trade, told.can_withdraw) == (True, False, False)


@pytest.mark.parametrize(("ips", "bound"), [(["*"], False), ([], False), (None, False), (["1.2.3.4"], True)])
def test_every_address_is_none(ips: Any, bound: bool) -> None:
    assert rights(ips=ips).ip_bound is bound


def test_a_key_expires_when_it_says_so() -> None:
    assert rights(deadlineDay=30, expiredAt="2023-12-15T03:21:05Z").expires_ms == 1_702_610_465_000
    told = rights(deadlineDay=3, expiredAt=None)
    assert told.expires_ms == 1_700_000_001_000 + 3 * 86_400_000
    assert rights(deadlineDay=None, expiredAt=None).expires_ms is None
    assert isinstance(rights(deadlineDay=3, expiredAt="soon"), VenueFailure)


@pytest.mark.parametrize("changes", [{"permissions": None}, {"readOnly": None}, {"permissions": {"Spot": 1}}])
def test_rights_that_cannot_be_read_are_none_at_all(changes: Any) -> None:
    told = rights(**changes)
    assert isinstance(told, VenueFailure)
    assert told.error_class is ErrorClass.unknown


def test_rates_are_of_the_symbols_that_were_asked_for() -> None:
    bench, answers = linear(up=False), []
    bench.venue.account.fee_rates(["ETH/USDT:USDT"], answers.append)
    request = bench.http.answer("/v5/account/fee-rate", fixture("bybit", "rest_fee_rate"))
    assert query_of(request.url) == {"category": "linear", "symbol": "ETHUSDT"}
    assert answers.pop() == [FeeRates("ETH/USDT:USDT", "0.0001", "0.0006")]
    bench.venue.account.fee_rates(["BTC/USDT:USDT", "ETH/USDT:USDT"], answers.append)
    request = bench.http.answer("/v5/account/fee-rate", fixture("bybit", "rest_fee_rate"))
    assert query_of(request.url) == {"category": "linear"}
    assert isinstance(answers.pop(), VenueFailure), "one of them was not told"


def positions(bench: Bench, *found: Any) -> Any:
    answers: list[Any] = []
    bench.venue.account.positions(answers.append)
    bench.http.answer("/v5/position/list", rows(*found))
    return answers[0]


def test_positions_are_those_that_are_not_flat() -> None:
    assert positions(linear(up=False), FLAT, SHORT) == [Position("ETH/USDT:USDT", "-1.5", "2000", 5)]
    assert positions(linear(up=False), {**SHORT, "positionIdx": 2}) == []
    assert isinstance(positions(linear(up=False), {**SHORT, "avgPrice": "x"}), VenueFailure)


def test_spot_has_no_positions() -> None:
    bench, answers = spot(up=False), []
    bench.venue.account.positions(answers.append)
    assert answers == [], "no callback from inside the call"
    bench.clock.advance(0.0)
    assert answers == [()]


def facts(make: Any, symbols: list[str], *answered: Any, info: Any = INFO) -> Any:
    bench, answers = make(up=False), []
    bench.venue.account.facts(symbols, answers.append)
    bench.http.answer("/v5/user/query-api", envelope(KEY))
    bench.http.answer("/v5/account/info", info)
    for row in answered:
        bench.http.answer("/v5/position/list", rows(*row))
    return answers[0]


def test_facts_of_spot_are_the_account() -> None:
    assert facts(spot, ["BTC/USDT"]) == AccountFacts("24617703", can_trade=True)


def test_facts_of_linear_name_mode_and_leverage_of_each_symbol() -> None:
    told = facts(
        linear,
        ["BTC/USDT:USDT", "ETH/USDT:USDT"],
        [{**FLAT, "leverage": "10"}],
        [{**SHORT, "leverage": "3"}],
    )
    leverage = {"BTC/USDT:USDT": "10", "ETH/USDT:USDT": "3"}
    assert told == AccountFacts("24617703", True, False, "cross", leverage)


def test_one_symbol_in_hedge_mode_is_hedge_mode() -> None:
    both = [{**FLAT, "positionIdx": index, "leverage": "10"} for index in (1, 2)]
    assert facts(linear, ["BTC/USDT:USDT"], both).hedge_mode is True


def test_a_classic_account_takes_no_order_of_ours() -> None:
    result = {**INFO["result"], "unifiedMarginStatus": 1, "marginMode": "ISOLATED_MARGIN"}
    told = facts(linear, ["BTC/USDT:USDT"], [{**FLAT, "leverage": "1"}], info=envelope(result))
    assert (told.can_trade, told.margin_mode) == (False, "isolated")


@pytest.mark.parametrize("failing", ["/v5/user/query-api", "/v5/account/info", "/v5/position/list"])
def test_the_first_failure_is_the_answer(failing: str) -> None:
    bench, answers = linear(up=False), []
    bench.venue.account.facts(["BTC/USDT:USDT"], answers.append)
    for path, body in (
        ("/v5/user/query-api", envelope(KEY)),
        ("/v5/account/info", INFO),
        ("/v5/position/list", rows()),
    ):
        if path == failing:
            bench.http.answer(path, b"", 502)
            break
        bench.http.answer(path, body)
    assert [type(a) for a in answers] == [VenueFailure]
    assert not bench.http.open
