"""Instrument names: `venue:SYMBOL` with ccxt symbols, as users write and read them everywhere."""

import difflib
import re
from dataclasses import dataclass

from arb.errors import UsageError

VENUES = ("binance", "bybit")
FORM = "write venue:BASE/QUOTE (spot) or venue:BASE/QUOTE:SETTLE (perpetual), for example binance:BTC/USDT"

_SYMBOL = re.compile(r"([A-Z0-9]+)/([A-Z0-9]+)(?::([A-Z0-9]+))?")


@dataclass(frozen=True, slots=True)
class InstrumentName:
    """One symbol at one venue. `settle` is empty for spot."""

    venue: str
    base: str
    quote: str
    settle: str = ""

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}:{self.settle}" if self.settle else f"{self.base}/{self.quote}"

    @property
    def perpetual(self) -> bool:
        return bool(self.settle)

    def __str__(self) -> str:
        return f"{self.venue}:{self.symbol}"


def symbol_parts(symbol: str) -> tuple[str, str, str]:
    """(base, quote, settle) of a ccxt symbol; ValueError says what is wrong with it."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise ValueError(f"{symbol!r} is no symbol")
    base, quote, settle = match[1], match[2], match[3] or ""
    if settle and settle != quote:
        raise ValueError(f"{symbol!r}: only perpetuals settled in their quote asset are supported")
    return base, quote, settle


def parse_instrument(text: str) -> InstrumentName:
    """The name in `text`; UsageError where the venue is not known or the form is another."""
    venue, colon, symbol = text.partition(":")
    if not colon or not symbol:
        raise UsageError(f"{text!r} is no instrument", hint=FORM)
    if venue not in VENUES:
        close = difflib.get_close_matches(venue, VENUES, n=1)
        known = f"did you mean {close[0]}?" if close else f"known venues are {', '.join(VENUES)}"
        raise UsageError(f"unknown venue {venue!r} in {text!r}", hint=known)
    try:
        return InstrumentName(venue, *symbol_parts(symbol))
    except ValueError as error:
        raise UsageError(f"unknown instrument {text!r}: {error}", hint=FORM) from None
