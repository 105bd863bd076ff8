"""Orders, fills and what happened to them: the vocabulary of matching, REST answers and private streams."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from arb.simexchange.amounts import ZERO
from arb.simexchange.instant import Instant
from arb.simexchange.spec import Listing


class Status(Enum):
    NEW = "new"
    PARTIALLY_FILLED = "partially filled"
    FILLED = "filled"
    CANCELED = "canceled"  # by the client
    EXPIRED = "expired"  # by its time in force: what an IOC or FOK order did not get
    PREVENTED = "prevented"  # it would have met an order of its own account
    REJECTED = "rejected"  # after acceptance: a post-only order that would have taken (Bybit)

    @property
    def is_open(self) -> bool:
        return self in (Status.NEW, Status.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; without another agreement the fee is in the asset received."""

    trade_id: int
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    unix_ms: int
    realised: Decimal = ZERO  # profit it took out of a position, of perpetuals
    closed: Decimal = ZERO  # how much of `qty` closed a position

    @property
    def quote(self) -> Decimal:
        return self.price * self.qty


@dataclass(slots=True, eq=False)
class Order:
    """`price` is None for a market order; one in quote (`quote_qty`) gets its `qty` when it is matched."""

    order_id: int
    client_id: str
    listing: Listing
    is_buy: bool
    kind: str  # LIMIT | MARKET | LIMIT_MAKER
    tif: str  # GTC | IOC | FOK
    price: Decimal | None
    qty: Decimal
    created_ms: int
    quote_qty: Decimal | None = None
    status: Status = Status.NEW
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    locked: Decimal = ZERO  # of the asset it pays with
    updated_ms: int = 0
    fills: list[Fill] = field(default_factory=list)
    reduce_only: bool = False
    stp: str = "NONE"  # who gives way in a self-trade: EXPIRE_TAKER, EXPIRE_MAKER or EXPIRE_BOTH
    origin: str = ""  # "liquidation" or "adl" when the venue itself placed it

    @property
    def left(self) -> Decimal:
        return self.qty - self.filled

    @property
    def pays(self) -> str:
        return self.listing.quote if self.is_buy else self.listing.base

    @property
    def gets(self) -> str:
        return self.listing.base if self.is_buy else self.listing.quote

    def fees(self) -> dict[str, Decimal]:
        """Sum of the fees by asset."""
        sums: dict[str, Decimal] = {}
        for fill in self.fills:
            sums[fill.fee_asset] = sums.get(fill.fee_asset, ZERO) + fill.fee
        return sums


def market_order(
    order_id: int,
    client_id: str,
    listing: Listing,
    is_buy: bool,
    qty: Decimal,
    now: Instant,
    price: Decimal | None = None,
) -> Order:
    """An order at the market, or with a price one that rests."""
    kind = "MARKET" if price is None else "LIMIT"
    return Order(order_id, client_id, listing, is_buy, kind, "GTC", price, qty, now.unix_ms)


class Event(NamedTuple):
    """One step of an order's life, with its sums at that moment (an Order moves on)."""

    what: str  # new | amended | trade | canceled | expired | prevented | rejected
    order: Order
    status: Status
    filled: Decimal
    filled_quote: Decimal
    fill: Fill | None
    now_ms: int


class Trade(NamedTuple):
    """A public trade."""

    listing: Listing
    trade_id: int
    price: Decimal
    qty: Decimal
    taker_buys: bool
    unix_ms: int


class Refusal(Enum):
    """Why an order was not accepted by matching; each venue has its own words for it."""

    INSUFFICIENT_BALANCE = "insufficient balance"
    WOULD_TAKE = "post-only order would take"
