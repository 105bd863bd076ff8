"""The instruments a venue object knows: ccxt symbol <-> the venue's own, filled from its instrument list."""

from __future__ import annotations

from collections.abc import Iterable

from arb.venues.base import VenueError, VenueInstrument


class Symbols:
    __slots__ = ("_by_symbol", "_by_venue_symbol")

    def __init__(self) -> None:
        self._by_symbol: dict[str, VenueInstrument] = {}
        self._by_venue_symbol: dict[str, VenueInstrument] = {}

    def update(self, instruments: Iterable[VenueInstrument]) -> None:
        for instrument in instruments:
            self._by_symbol[instrument.symbol] = instrument
            self._by_venue_symbol[instrument.venue_symbol] = instrument

    def find(self, symbol: str) -> VenueInstrument | None:
        return self._by_symbol.get(symbol)

    def get(self, symbol: str) -> VenueInstrument:
        found = self._by_symbol.get(symbol)
        if found is None:
            raise VenueError(f"symbol {symbol!r} is not among the instruments that were read")
        return found

    def of_venue(self, venue_symbol: str) -> VenueInstrument | None:
        return self._by_venue_symbol.get(venue_symbol)

    def to_venue_symbol(self, symbol: str) -> str:
        """The other way round; a symbol that was never read is left as it is, for the venue to refuse."""
        found = self._by_symbol.get(symbol)
        return symbol if found is None else found.venue_symbol

    def to_symbol(self, venue_symbol: str) -> str:
        """Events of symbols we never asked for (another program's orders) keep the venue's name."""
        found = self._by_venue_symbol.get(venue_symbol)
        return venue_symbol if found is None else found.symbol


def joined(symbol: str) -> str:
    """ "BTC/USDT" -> "BTCUSDT", the spelling of spot symbols on both Binance and Bybit."""
    base, slash, quote = symbol.partition("/")
    if not (base and slash and quote) or ":" in quote:
        raise VenueError(f"a spot symbol like BTC/USDT was expected, was {symbol!r}")
    return base + quote


def settled(symbol: str) -> str:
    """ "BTC/USDT:USDT" -> "BTCUSDT". Linear perpetuals are settled in their quote asset."""
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    if not (base and quote) or settle != quote:
        raise VenueError(f"a perpetual like BTC/USDT:USDT was expected, was {symbol!r}")
    return base + quote


def valid_coid(coid: str) -> bool:
    """At most 32 ASCII alphanumerics: fits every venue and needs no escaping in a query or in JSON."""
    return 0 < len(coid) <= 32 and coid.isascii() and coid.isalnum()
