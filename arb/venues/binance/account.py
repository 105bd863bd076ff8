"""What Binance says of the account and of the key, spot and USD-M. Reads alone; nothing here is on a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from arb.venues import fields
from arb.venues.answers import converted
from arb.venues.base import (
    AccountFacts,
    ErrorClass,
    FeeRates,
    KeyRights,
    Position,
    VenueError,
    VenueFailure,
)
from arb.venues.binance import parse_usdm
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.tables import ACCOUNT, Endpoint
from arb.venues.symbols import Symbols

T = TypeVar("T")
OnRates = Callable[[Sequence[FeeRates] | VenueFailure], None]
OnFacts = Callable[[AccountFacts | VenueFailure], None]
OnPositions = Callable[[Sequence[Position] | VenueFailure], None]
OnRights = Callable[[KeyRights | VenueFailure], None]

_COMMISSION = Endpoint("GET", "/api/v3/account/commission", 20)
_RESTRICTIONS = Endpoint("GET", "/sapi/v1/account/apiRestrictions", 1)
_COMMISSION_RATE = Endpoint("GET", "/fapi/v1/commissionRate", 20)
_POSITIONS = Endpoint("GET", "/fapi/v3/positionRisk", 5)
_ACCOUNT_CONFIG = Endpoint("GET", "/fapi/v1/accountConfig", 5)
_SYMBOL_CONFIG = Endpoint("GET", "/fapi/v1/symbolConfig", 5)
_BALANCE = Endpoint("GET", "/fapi/v3/balance", 5)


class _Reader:
    """`sapi` serves the rights of the key, for every market alike; None where no address is known."""

    def __init__(self, rest: BinanceRest, symbols: Symbols, sapi: BinanceRest | None) -> None:
        self._rest = rest
        self._symbols = symbols
        self._sapi = sapi

    def _read(
        self,
        endpoint: Endpoint,
        query: str,
        to_value: Callable[[Any], T],
        on_done: Callable[[T | VenueFailure], None],
        rest: BinanceRest | None = None,
    ) -> None:
        (rest or self._rest).read(endpoint, query, converted(to_value, on_done, endpoint.path))

    def _rates(
        self,
        endpoint: Endpoint,
        symbols: Sequence[str],
        to_rates: Callable[[str, Any], FeeRates],
        on_done: OnRates,
    ) -> None:
        """One question per symbol, one after the other; the first that fails is the answer."""
        found: list[FeeRates] = []

        def ask() -> None:
            if len(found) == len(symbols):
                on_done(found)
                return
            symbol = symbols[len(found)]
            name = self._symbols.to_venue_symbol(symbol)
            self._read(endpoint, f"symbol={name}", lambda body: to_rates(symbol, body), answered)

        def answered(answer: FeeRates | VenueFailure) -> None:
            if isinstance(answer, VenueFailure):
                on_done(answer)
                return
            found.append(answer)
            ask()

        ask()

    def _key_rights(self, trade: str, on_done: OnRights) -> None:
        """`trade` names the permission for this market."""

        def rights(body: Any) -> KeyRights:
            row = fields.mapping(body, "apiRestrictions")
            can_trade = fields.flag(row, trade)
            return KeyRights(
                can_read=fields.flag(row, "enableReading"),
                can_trade=can_trade,
                can_withdraw=fields.flag(row, "enableWithdrawals"),
                # Either of them moves money out of this account.
                can_transfer=_given(row, "enableInternalTransfer") or _given(row, "permitsUniversalTransfer"),
                ip_bound=fields.flag(row, "ipRestrict"),
                expires_ms=_expiry(row),
                read_only=not can_trade,
            )

        if self._sapi is None:
            on_done_later = VenueFailure(
                ErrorClass.notsent, 0, f"{_RESTRICTIONS.path}: no address is configured for 'sapi'"
            )
            self._rest.clock.call_later(0.0, lambda: on_done(on_done_later))
            return
        self._read(_RESTRICTIONS, "", rights, on_done, self._sapi)


def _given(row: Any, key: str) -> bool:
    """A right that is not named is not given."""
    return key in row and fields.flag(row, key)


def _expiry(row: Any) -> int | None:
    """Trading authority of a key without IP binding ends; 0 or nothing where it does not."""
    ends = row.get("tradingAuthorityExpirationTime")
    return None if not ends else fields.integer(row, "tradingAuthorityExpirationTime")


class BinanceSpotAccount(_Reader):
    def fee_rates(self, symbols: Sequence[str], on_done: OnRates) -> None:
        self._rates(_COMMISSION, symbols, _commission, on_done)

    def positions(self, on_done: OnPositions) -> None:
        self._rest.clock.call_later(0.0, lambda: on_done(()))

    def facts(self, symbols: Sequence[str], on_done: OnFacts) -> None:
        def facts(body: Any) -> AccountFacts:
            row = fields.mapping(body, "account")
            return AccountFacts(fields.optional_text(row, "uid"), fields.flag(row, "canTrade"))

        self._read(ACCOUNT, "omitZeroBalances=true", facts, on_done)

    def key_rights(self, on_done: OnRights) -> None:
        self._key_rights("enableSpotAndMarginTrading", on_done)


def _commission(symbol: str, body: Any) -> FeeRates:
    """Standard, special and tax rates add up, and so does the dearer of those by side. The discount of a fee
    asset is left out: whether it applies is known from the fill alone."""
    row = fields.mapping(body, "commission")
    parts = [
        fields.mapping(row[name], name)
        for name in ("standardCommission", "specialCommission", "taxCommission")
        if row.get(name) is not None
    ]
    if not parts:
        raise VenueError("standardCommission: missing")

    def total(role: str) -> str:
        by_role = fields.add([fields.decimal(part, role) for part in parts])
        by_side = (
            fields.add([fields.optional_decimal(part, side) for part in parts])
            for side in ("buyer", "seller")
        )
        return fields.plain(format(by_role + max(by_side), "f"))

    return FeeRates(symbol, total("maker"), total("taker"))


class BinanceUsdmAccount(_Reader):
    def fee_rates(self, symbols: Sequence[str], on_done: OnRates) -> None:
        def rates(symbol: str, body: Any) -> FeeRates:
            row = fields.mapping(body, "commissionRate")
            maker, taker = (fields.decimal(row, f"{role}CommissionRate") for role in ("maker", "taker"))
            return FeeRates(symbol, fields.plain(maker), fields.plain(taker))

        self._rates(_COMMISSION_RATE, symbols, rates, on_done)

    def positions(self, on_done: OnPositions) -> None:
        self._read(_POSITIONS, "", lambda body: parse_usdm.positions(body, self._symbols.to_symbol), on_done)

    def facts(self, symbols: Sequence[str], on_done: OnFacts) -> None:
        """From accountConfig, symbolConfig and, for the name of the account, balance. The margin mode is
        named when all the symbols have the same."""

        def config(body: Any) -> tuple[bool, bool]:
            row = fields.mapping(body, "accountConfig")
            return fields.flag(row, "canTrade"), fields.flag(row, "dualSidePosition")

        def symbol_rows(body: Any) -> dict[str, tuple[str, str]]:
            rows = fields.rows(body, "symbolConfig")
            return {
                self._symbols.to_symbol(fields.text(row, "symbol")): (
                    fields.text(row, "leverage"),
                    fields.text(row, "marginType"),
                )
                for row in rows
            }

        def name(body: Any) -> str:
            rows = fields.rows(body, "balance")
            return fields.optional_text(rows[0], "accountAlias") if rows else ""

        def configured(answer: tuple[bool, bool] | VenueFailure) -> None:
            if isinstance(answer, VenueFailure):
                on_done(answer)
                return
            can_trade, hedge = answer

            def listed(found: dict[str, tuple[str, str]] | VenueFailure) -> None:
                if isinstance(found, VenueFailure):
                    on_done(found)
                    return
                wanted = {symbol: found[symbol] for symbol in symbols if symbol in found}
                modes = {mode for _, mode in wanted.values()}

                def named(alias: str | VenueFailure) -> None:
                    if isinstance(alias, VenueFailure):
                        on_done(alias)
                        return
                    on_done(
                        AccountFacts(
                            alias,
                            can_trade,
                            hedge_mode=hedge,
                            margin_mode=modes.pop().lower() if len(modes) == 1 else "",
                            leverage={symbol: leverage for symbol, (leverage, _) in wanted.items()},
                        )
                    )

                self._read(_BALANCE, "", name, named)

            self._read(_SYMBOL_CONFIG, "", symbol_rows, listed)

        self._read(_ACCOUNT_CONFIG, "", config, configured)

    def key_rights(self, on_done: OnRights) -> None:
        self._key_rights("enableFutures", on_done)
