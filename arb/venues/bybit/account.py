"""What Bybit says of the account and of the key, spot and linear. Reads alone; nothing here is on a path."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from arb.venues import fields
from arb.venues.answers import converted
from arb.venues.base import (
    AccountFacts,
    FeeRates,
    KeyRights,
    Position,
    VenueError,
    VenueFailure,
)
from arb.venues.bybit import parse, parse_private
from arb.venues.bybit.errors import LINEAR
from arb.venues.bybit.order_markets import OrderMarket
from arb.venues.bybit.order_reads import OrderReads
from arb.venues.bybit.rest import BybitRest
from arb.venues.bybit.tables import Endpoint
from arb.venues.symbols import Symbols

T = TypeVar("T")
OnRates = Callable[[Sequence[FeeRates] | VenueFailure], None]
OnFacts = Callable[[AccountFacts | VenueFailure], None]
OnPositions = Callable[[Sequence[Position] | VenueFailure], None]
OnRights = Callable[[KeyRights | VenueFailure], None]

_FEE_RATE = Endpoint("GET", "/v5/account/fee-rate", 5)
_INFO = Endpoint("GET", "/v5/account/info", 50)
_POSITIONS = Endpoint("GET", "/v5/position/list", 50)
_QUERY_API = Endpoint("GET", "/v5/user/query-api", 0)
_POSITION_ROWS = 200  # a page

_UNIFIED = 3  # unifiedMarginStatus from here on; 1 is a classic account, which our orders do not know
_MARGIN = {"REGULAR_MARGIN": "cross", "ISOLATED_MARGIN": "isolated", "PORTFOLIO_MARGIN": "portfolio"}
# The right to send orders of each category, among those of its group.
_TRADES = {"spot": ("Spot", "SpotTrade"), LINEAR: ("ContractTrade", "Order")}
_TRANSFERS = frozenset({"AccountTransfer", "SubMemberTransfer"})
_UTC = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)


class BybitAccount:
    def __init__(self, market: OrderMarket, rest: BybitRest, symbols: Symbols) -> None:
        self._market = market
        self._rest = rest
        self._symbols = symbols
        self._reads = OrderReads(market, rest, symbols)

    def fee_rates(self, symbols: Sequence[str], on_done: OnRates) -> None:
        """One question: without a symbol the venue tells all of the category."""

        def rates(rows: list[Mapping[str, Any]]) -> list[FeeRates]:
            by_name = {fields.text(row, "symbol"): row for row in rows}
            found = []
            for symbol in symbols:
                row = by_name.get(self._symbols.to_venue_symbol(symbol))
                if row is None:
                    raise VenueError(f"no rate of {symbol} was told")
                maker, taker = (fields.decimal(row, f"{role}FeeRate") for role in ("maker", "taker"))
                found.append(FeeRates(symbol, fields.plain(maker), fields.plain(taker)))
            return found

        query = f"category={self._market.category}"
        if len(symbols) == 1:
            query += f"&symbol={self._symbols.to_venue_symbol(symbols[0])}"
        self._read(_FEE_RATE, query, lambda result: rates(parse.result_list(result, "fee-rate")), on_done)

    def positions(self, on_done: OnPositions) -> None:
        if self._market.category != LINEAR:
            self._rest.clock.call_later(0.0, lambda: on_done(()))
            return

        def positions(rows: Sequence[Mapping[str, Any]]) -> list[Position]:
            # Those of a hedge account are not ours to net; `facts` refuses such an account.
            held = (row for row in rows if parse_private.is_one_way(row) and not parse_private.is_flat(row))
            return [parse_private.position(row, self._symbols) for row in held]

        query = f"category={LINEAR}{self._market.every}&limit={_POSITION_ROWS}"
        self._reads.rows(_POSITIONS, query, positions, on_done)

    def facts(self, symbols: Sequence[str], on_done: OnFacts) -> None:
        """From query-api (whose account it is), account/info and, for linear, position/list of each symbol,
        which names mode and leverage of flat ones too."""
        leverage: dict[str, str] = {}
        hedged = False

        def key(answer: str | VenueFailure) -> None:
            if isinstance(answer, VenueFailure):
                on_done(answer)
                return

            def info(told: tuple[bool, str] | VenueFailure) -> None:
                if isinstance(told, VenueFailure):
                    on_done(told)
                    return
                can_trade, mode = told
                if self._market.category != LINEAR:
                    on_done(AccountFacts(answer, can_trade))
                    return
                ask(AccountFacts(answer, can_trade, False, mode, leverage))

            self._read(_INFO, "", _account_info, info)

        def ask(facts: AccountFacts) -> None:
            if len(leverage) == len(set(symbols)):
                on_done(AccountFacts(facts.account_id, facts.can_trade, hedged, facts.margin_mode, leverage))
                return
            symbol = next(symbol for symbol in symbols if symbol not in leverage)

            def told(answer: tuple[bool, str] | VenueFailure) -> None:
                nonlocal hedged
                if isinstance(answer, VenueFailure):
                    on_done(answer)
                    return
                hedged = hedged or answer[0]
                leverage[symbol] = answer[1]
                ask(facts)

            query = f"category={LINEAR}&symbol={self._symbols.to_venue_symbol(symbol)}"
            self._read(_POSITIONS, query, _mode_and_leverage, told)

        self._read(_QUERY_API, "", _account_id, key)

    def key_rights(self, on_done: OnRights) -> None:
        def rights(result: Any) -> KeyRights:
            row = fields.mapping(result, "query-api")
            granted = fields.mapping(row.get("permissions"), "permissions")
            group, right = _TRADES[self._market.category]
            wallet = _names(granted, "Wallet")
            read_only = fields.integer(row, "readOnly") != 0
            return KeyRights(
                can_read=True,
                can_trade=not read_only and right in _names(granted, group),
                can_withdraw=not read_only and "Withdraw" in wallet,
                can_transfer=not read_only and bool(_TRANSFERS & wallet),
                ip_bound=_is_bound(row.get("ips")),
                expires_ms=_expiry(row, self._rest.clock.stamp_ms()),
                read_only=read_only,
            )

        self._read(_QUERY_API, "", rights, on_done)

    def _read(
        self,
        endpoint: Endpoint,
        query: str,
        to_value: Callable[[Any], T],
        on_done: Callable[[T | VenueFailure], None],
    ) -> None:
        self._rest.read(endpoint, query, converted(to_value, on_done, endpoint.path))


def _account_id(result: Any) -> str:
    return fields.text(fields.mapping(result, "query-api"), "userID")


def _account_info(result: Any) -> tuple[bool, str]:
    """(takes our orders, margin mode)"""
    row = fields.mapping(result, "account/info")
    mode = fields.text(row, "marginMode")
    return fields.integer(row, "unifiedMarginStatus") >= _UNIFIED, _MARGIN.get(mode, mode.lower())


def _mode_and_leverage(result: Any) -> tuple[bool, str]:
    """(hedge mode, leverage) of one symbol."""
    rows = parse.result_list(result, "position/list")
    if not rows:
        raise VenueError("no position row was told")
    hedged = any(not parse_private.is_one_way(row) for row in rows)
    return hedged, fields.optional_text(rows[0], "leverage")


def _names(granted: Mapping[str, Any], group: str) -> frozenset[str]:
    """A group that is not named grants nothing."""
    names = granted.get(group) or []
    if not isinstance(names, list):
        raise VenueError(f"permissions.{group}: a list was expected, was {type(names).__name__}")
    return frozenset(str(name) for name in names)


def _is_bound(ips: Any) -> bool:
    """ "*" is every address."""
    return isinstance(ips, list) and bool(ips) and "*" not in ips


def _expiry(row: Mapping[str, Any], now_ms: int) -> int | None:
    """`expiredAt` is "2027-05-15T03:21:05Z"; only keys without an address expire, the others have a negative
    `deadlineDay` or none."""
    days = fields.integer(row, "deadlineDay") if row.get("deadlineDay") not in (None, "") else None
    if days is not None and days < 0:
        return None
    told = fields.optional_text(row, "expiredAt")
    if told:
        parts = _UTC.fullmatch(told)
        if parts is None:
            raise VenueError(f"expiredAt: a time was expected, was {told!r}")
        return timegm((*(int(part) for part in parts.groups()), 0, 0, 0)) * 1_000
    return None if days is None else now_ms + days * 86_400_000
