"""What is said on USD-M's private stream, whose address holds a key that must be asked for and kept alive.

The key is valid for 60 minutes after the last POST or PUT and belongs to the account: whoever asks gets the
same one, so it is never deleted here. It lets everybody listen: it stays out of every text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arb.venues import fields
from arb.venues.base import (
    Balance,
    ClockPort,
    ErrorClass,
    OrderEntry,
    SocketPort,
    StreamCause,
    Timer,
    VenueError,
    VenueEvents,
    VenueFailure,
)
from arb.venues.binance import parse_usdm
from arb.venues.binance.order_reads import OrderIds
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.tables import Endpoint
from arb.venues.comparison import AskPositions
from arb.venues.private_stream import Heard, ReconnectingStream
from arb.venues.settings import VenueSettings
from arb.venues.symbols import Symbols

_START = Endpoint("POST", "/fapi/v1/listenKey", 1)
_KEEP_ALIVE = Endpoint("PUT", "/fapi/v1/listenKey", 1)
_KEY_UNKNOWN = -1125
_RETRY_S = 30.0  # after a keep-alive without an answer: there are many within the 60 minutes


class ListenKey:
    """`on_expired(detail)`: the key of the present connection is no more, a new one is wanted."""

    def __init__(self, rest: BinanceRest, on_expired: Callable[[str], None]) -> None:
        self._rest = rest
        self._on_expired = on_expired
        self._timer: Timer | None = None
        self._key = ""
        self.keep_alives = 0

    @property
    def path(self) -> str:
        return f"/private/ws/{self._key}"

    def fetch(self, on_done: Callable[[VenueFailure | None], None]) -> None:
        def answered(result: Any) -> None:
            if not isinstance(result, VenueFailure):
                try:
                    self._key = fields.text(fields.mapping(result, "listenKey"), "listenKey")
                    if not self._key.isalnum():  # it becomes a part of an address
                        raise VenueError("listenKey: not alphanumeric")
                except VenueError as error:
                    result = VenueFailure(ErrorClass.unknown, 200, str(error))
            if isinstance(result, VenueFailure):
                on_done(result)
                return
            self._schedule(self._rest.settings.listen_key_s)
            on_done(None)

        self.drop()
        self._rest.keyed(_START, answered)

    def drop(self) -> None:
        """No keep-alive from here on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, delay_s: float) -> None:
        self.drop()
        self._timer = self._rest.clock.call_later(delay_s, self._keep_alive)

    def _keep_alive(self) -> None:
        timer = self._timer

        def answered(result: Any) -> None:
            if self._timer is not timer:
                return  # stopped, or a new key since
            if not isinstance(result, VenueFailure):
                self.keep_alives += 1
                self._schedule(self._rest.settings.listen_key_s)
            elif result.code == _KEY_UNKNOWN:
                self.drop()
                self._on_expired(f"{result.code} {result.message}")
            else:
                self._schedule(min(_RETRY_S, self._rest.settings.listen_key_s))

        self._rest.keyed(_KEEP_ALIVE, answered)


class BinanceUsdmDialogue:
    """`ws` is the address without a route. `hold_entries(symbol, reason)` stops new trades on that symbol,
    "" for all, when the account's configuration was changed under us."""

    ping: bytes | None = None

    def __init__(
        self,
        ws: str,
        key: ListenKey,
        symbols: Symbols,
        ids: OrderIds,
        events: VenueEvents,
        hold_entries: Callable[[str, str], None],
    ) -> None:
        self._ws = ws
        self._key = key
        self._symbols = symbols
        self._ids = ids
        self._events = events
        self._hold_entries = hold_entries
        self.hints = 0  # TRADE_LITE messages

    @property
    def url(self) -> str:
        return self._ws + self._key.path

    def hello(self) -> bytes | None:
        return None

    def on_text(self, text: bytes, on_balances: Callable[[Sequence[Balance]], None]) -> Heard | None:
        message = fields.mapping(fields.loads(text), "message")
        event = fields.mapping(message["data"], "data") if "data" in message else message
        if "e" not in event:
            return None
        kind = fields.text(event, "e")
        if kind == "ORDER_TRADE_UPDATE":
            self._order(event)
        elif kind == "TRADE_LITE":
            # A trade without its fee, before or after the whole one: it can settle nothing.
            self.hints += 1
        elif kind == "ACCOUNT_UPDATE":
            self._account(event, on_balances)
        elif kind == "ACCOUNT_CONFIG_UPDATE":
            self._config(event)
        elif kind == "listenKeyExpired":
            return Heard(lost=StreamCause.terminated, detail="listenKeyExpired")
        elif kind == "serverShutdown":
            return Heard(lost=StreamCause.shutdown, detail="serverShutdown")
        return None

    def _order(self, event: Mapping[str, Any]) -> None:
        order, fill = parse_usdm.report(event, self._symbols.to_symbol)
        self._ids.note(order.venue_order_id, order.coid)
        if fill is not None:
            self._events.on_fill(fill)
        self._events.on_order(order)

    def _account(self, event: Mapping[str, Any], on_balances: Callable[[Sequence[Balance]], None]) -> None:
        balances = parse_usdm.account_balances(event)
        positions = parse_usdm.account_positions(event, self._symbols.to_symbol)
        moved = parse_usdm.cash(event, self._symbols.to_symbol)
        if balances:
            on_balances(balances)
        if positions:
            self._events.on_positions(positions)
        for cash in moved:
            self._events.on_cash(cash)

    def _config(self, event: Mapping[str, Any]) -> None:
        if "ac" in event:
            row = fields.mapping(event["ac"], "ac")
            symbol = self._symbols.to_symbol(fields.text(row, "s"))
            self._hold_entries(symbol, f"the leverage of {symbol} was changed to {fields.text(row, 'l')}")
        if "ai" in event:
            self._hold_entries("", "the multi-assets mode of the account was changed")


class UsdmPrivateStream(ReconnectingStream):
    """A new connection asks for the key first; without one there is no address."""

    def __init__(
        self,
        key: ListenKey,
        dialogue: BinanceUsdmDialogue,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        orders: OrderEntry,
        settings: VenueSettings,
        random: Callable[[], float],
        positions: AskPositions,
        venue_ms: Callable[[], int],
    ) -> None:
        super().__init__(
            dialogue,
            sockets,
            clock,
            events,
            orders,
            settings,
            random,
            venue_ms=venue_ms,
            positions=positions,
            prepare=key.fetch,
        )
        self._key = key

    def stop(self) -> None:
        self._key.drop()
        super().stop()
