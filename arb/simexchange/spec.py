"""What the simulated venues list: symbols, filters, fees and opening balances, as data.

Ticks, lots and minimums are those of the real venues (BTC, ETH against USDT) as documented examples show
them; clients read them at run time from exchangeInfo and instruments-info.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

BINANCE = "binance"
BYBIT = "bybit"
SPOT = "spot"
USDM = "usdm"  # Binance USD-M perpetuals
LINEAR = "linear"  # Bybit USDT perpetuals


@dataclass(frozen=True, slots=True)
class Listing:
    """One order book: where it is and the rules of its orders (prices in quote, quantities in base)."""

    venue: str
    market: str
    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_qty: Decimal
    max_qty: Decimal
    min_notional: Decimal


def _listing(
    venue: str, market: str, base: str, tick: str, lot: str, limits: tuple[str, str, str]
) -> Listing:
    low, high, notional = (Decimal(text) for text in limits)
    return Listing(
        venue, market, f"{base}USDT", base, "USDT", Decimal(tick), Decimal(lot), low, high, notional
    )


SPOT_LISTINGS = (
    _listing(BINANCE, SPOT, "BTC", "0.01", "0.00001", ("0.00001", "9000", "5")),
    _listing(BYBIT, SPOT, "BTC", "0.1", "0.000001", ("0.000011", "83", "5")),
    _listing(BINANCE, SPOT, "ETH", "0.01", "0.0001", ("0.0001", "9000", "5")),
    _listing(BYBIT, SPOT, "ETH", "0.01", "0.00001", ("0.00062", "1229", "5")),
)

PERPETUAL_LISTINGS = (
    _listing(BINANCE, USDM, "BTC", "0.1", "0.001", ("0.001", "1000", "100")),
    _listing(BYBIT, LINEAR, "BTC", "0.1", "0.001", ("0.001", "1190", "5")),
    _listing(BINANCE, USDM, "ETH", "0.01", "0.001", ("0.001", "10000", "20")),
    _listing(BYBIT, LINEAR, "ETH", "0.01", "0.01", ("0.01", "7240", "5")),
)

ALL_LISTINGS = SPOT_LISTINGS + PERPETUAL_LISTINGS

START_PRICES: Mapping[str, float] = {"BTC": 60_000.0, "ETH": 2_500.0}

# Both assets on both venues: a cross can be traded in either direction from the first second on.
OPENING_BALANCES: Mapping[str, Decimal] = {
    "BTC": Decimal(4),
    "ETH": Decimal(100),
    "USDT": Decimal(250_000),
}


@dataclass(frozen=True, slots=True)
class Fees:
    """Rates of the spot fee, taken from the asset received: base on a buy, quote on a sell."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class MarketSpec:
    """How lively the generated market is. Times in milliseconds, distances in basis points of the price.

    The defaults make a market that no real one is like: some 4 crosses a second, wide enough to pay 10 + 10
    bp and long enough to outlive Binance's 100 ms depth interval also on a slow machine.
    """

    step_ms: int = 10
    volatility_bp: float = 0.05  # spread of one step of the common mid
    noise_bp: float = 0.4  # a venue's own mid around the common one
    dislocation_bp: tuple[float, float] = (27.0, 60.0)
    dislocation_ms: tuple[int, int] = (160, 400)
    pause_ms: tuple[int, int] = (100, 300)  # between two dislocations of one symbol
    level_gap_bp: float = 0.8  # typical distance of two levels
    level_notional: tuple[float, float] = (400.0, 4_500.0)  # quote amount of one level
    levels: int = 120  # a side
    basis_bp: float = 3.0  # perpetual above spot


@dataclass(frozen=True, slots=True)
class Credentials:
    """One key a run, good at both venues. Not a secret: the venues listen on loopback only."""

    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """Everything that distinguishes one simulated world from another.

    With `window_cuts` above 1 the connections cut their depth windows at so many different moments, in turn:
    other ids at each, the same book. Nothing documents that a venue's connections agree on them.
    `connection_life_s` is the age at which the venue closes a market connection; None is never.
    """

    seed: int = 7
    listings: tuple[Listing, ...] = ALL_LISTINGS
    market: MarketSpec = field(default_factory=MarketSpec)
    fees: Fees = field(default_factory=Fees)
    balances: Mapping[str, Decimal] = field(default_factory=lambda: dict(OPENING_BALANCES))
    credentials: Credentials = Credentials("simkey" + "0" * 58, "simsecret" + "0" * 55)
    window_cuts: int = 1
    connection_life_s: float | None = None
