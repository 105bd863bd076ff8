"""What a venue adapter needs from the shell (the ports) and what it offers to the session.

Adapters do all I/O through two ports (HTTP and text sockets), take time and timers from a third and ids from
the engine, so that the same adapter code runs on real sockets and on a virtual clock. Everything is a plain
call: no coroutine stands between a decision and its bytes. All callbacks arrive later, in the event loop,
never from inside the call that caused them.

Prices, quantities and fees are the venue's own decimal strings; times are Unix milliseconds of the venue
unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from arb.venues.liveness import LivenessRules
from arb.venues.rate_budget import Lane as Lane
from arb.venues.rate_budget import RateBudget
from arb.venues.subscriptions import Subscriptions


class VenueError(Exception):
    """The venue's configuration or one of its messages cannot be used; the text names the field."""


# The ports.


class Failure(Enum):
    """Why an HTTP request has no answer."""

    connect = "connect"  # refused, unresolved, TLS, no connection in time
    timeout = "timeout"
    broken = "broken"  # connection lost or nonsense in the middle of the exchange
    closed = "closed"  # the port was closed by us
    refused = "refused"  # the port does not talk to that host


@dataclass(slots=True)
class HttpRequest:
    """One request; `url` (percent-encoded) and `body` leave as they stand, they are what was signed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    timeout_s: float = 10.0
    tag: str = ""  # for logs and counters, holds no secret
    weight: int = 0  # of the venue's request budget, `Venue.budget`


@dataclass(slots=True)
class HttpDone:
    """The one answer to a request. `sent` False proves that no byte left; True: bytes may have left."""

    sent: bool
    status: int = 0  # 0: no answer, see failure
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # names compare without case in the live port
    failure: Failure | None = None
    detail: str = ""


class HttpPort(Protocol):
    def start(
        self,
        request: HttpRequest,
        on_done: Callable[[HttpDone], None],
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        """Sends without waiting. `on_sent` fires when the first bytes are handed to the connection: at most
        once, before `on_done`, and exactly when `HttpDone.sent`. `on_done` fires exactly once. Neither fires
        inside `start`."""


class SocketEvents(Protocol):
    """Receiver of one text socket. `on_close` comes exactly once, also when the connection was never made,
    and nothing comes after it."""

    def on_open(self) -> None: ...
    def on_text(self, text: bytes) -> None: ...
    def on_close(self, reason: str) -> None: ...


class Socket(Protocol):
    @property
    def closing(self) -> bool:
        """True from the moment anything sent could no longer arrive (never open, close seen or asked for)."""

    @property
    def unsent(self) -> int:
        """Bytes of ours that the peer has not let out yet: what is sent now would age behind them."""

    def send(self, text: bytes) -> bool:
        """False proves that nothing left; True means that it may have."""

    def close(self) -> None:
        """Drops the connection at once; no `on_text` follows, `on_close` follows."""


class SocketPort(Protocol):
    def open(self, url: str, events: SocketEvents) -> Socket: ...


class Timer(Protocol):
    def cancel(self) -> None: ...


class ClockPort(Protocol):
    def mono_ns(self) -> int:
        """Monotonic time; the only time that measures anything."""

    def wall_ms(self) -> int:
        """Unix time, for logs; it may step."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer: ...


# Secrets.


class Secret:
    """A key that does not print itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


class KeyKind(Enum):
    hmac = "hmac"
    ed25519 = "ed25519"  # Binance; the secret is the private key, PKCS#8 PEM


@dataclass(slots=True, frozen=True)
class Credentials:
    api_key: str = field(repr=False)
    secret: Secret
    kind: KeyKind = KeyKind.hmac


class Signer(Protocol):
    def sign(self, payload: bytes) -> str:
        """Signature text over exactly these bytes."""


# Instruments and market data.


@dataclass(slots=True, frozen=True)
class VenueInstrument:
    """Trading rules of one symbol; numbers are plain decimal strings, "0" where the venue sets no bound."""

    symbol: str  # ccxt style, "BTC/USDT" on spot, "BTC/USDT:USDT" for a perpetual settled in USDT
    venue_symbol: str
    base: str
    quote: str
    tick: str
    lot: str
    min_qty: str
    max_qty: str
    min_notional: str
    max_notional: str
    min_price: str
    max_price: str
    tradable: bool
    stp_modes: tuple[str, ...] = ()
    settle: str = ""  # asset a perpetual is settled in, "" on spot
    band: tuple[str, str] = ("", "")  # lowest and highest price, as multiples of the mark price; "" is none


@dataclass(slots=True, frozen=True)
class MarketStream:
    """Where to connect for market data and what to say there; the session brings the compiled listener.

    `frames` are those of a fresh `Venue.subscriptions(stream)`: send the ones or the others.
    """

    url: str
    frames: tuple[bytes, ...]  # to send once open, in order
    ping: bytes | None  # application ping the venue wants, None where PING frames do
    ping_period_s: float
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # ccxt symbol -> its topics here
    in_url: tuple[str, ...] = ()  # topics the address names
    batches: tuple[tuple[str, ...], ...] = ()  # topics of each of `frames`


@dataclass(slots=True, frozen=True)
class BookProbe:
    """A small REST book: the id to compare with the stream's (Binance's update id, Bybit's `seq`), and
    [price, qty] of the best levels."""

    id: int
    bid: tuple[str, str] | None
    ask: tuple[str, str] | None


@dataclass(slots=True, frozen=True)
class Mark:
    """Mark price and funding of a perpetual. Longs pay `funding_rate` of the notional at the mark when it is
    positive, to who holds at `next_funding_ms`; "" and 0 where the venue names none."""

    symbol: str
    mark: str
    index: str
    funding_rate: str
    next_funding_ms: int
    venue_time_ms: int


# Orders.


class Side(Enum):
    buy = "buy"
    sell = "sell"


class TimeInForce(Enum):
    ioc = "ioc"
    gtc = "gtc"
    fok = "fok"
    post_only = "post_only"


@dataclass(slots=True, frozen=True)
class OrderRequest:
    """A limit order. `coid`: at most 32 ASCII alphanumerics, never used before."""

    coid: str
    symbol: str
    side: Side
    qty: str
    price: str
    tif: TimeInForce = TimeInForce.ioc
    lane: Lane = Lane.entry
    reduce_only: bool = False  # perpetuals: it may only shrink the position


@dataclass(slots=True, frozen=True)
class NotSent:
    """Nothing left and nothing will: no event follows."""

    reason: str


class OrderStatus(Enum):
    new = "new"
    partial = "partial"
    filled = "filled"
    canceled = "canceled"
    expired = "expired"
    rejected = "rejected"

    @property
    def terminal(self) -> bool:
        return self not in (OrderStatus.new, OrderStatus.partial)


@dataclass(slots=True, frozen=True)
class OrderUpdate:
    coid: str
    venue_order_id: str
    symbol: str
    status: OrderStatus
    cum_qty: str
    cum_quote: str | None
    venue_time_ms: int
    reason: str = ""  # the venue's word for a reject, cancel or expiry


@dataclass(slots=True, frozen=True)
class FillUpdate:
    """One execution, to be counted once per (venue, symbol, trade_id). `fee` > 0 is paid, < 0 a rebate."""

    coid: str
    venue_order_id: str
    symbol: str
    trade_id: str
    price: str
    qty: str
    fee: str
    fee_asset: str
    is_maker: bool
    venue_time_ms: int


class ErrorClass(Enum):
    """What an error says about the order (the table of each venue; whatever is not listed is unknown)."""

    reject = "reject"  # definitely not accepted
    unknown = "unknown"  # it may exist
    retryable = "retryable"  # documented as not executed
    rate = "rate"  # not accepted, too many requests
    notsent = "notsent"  # no byte left


@dataclass(slots=True, frozen=True)
class VenueFailure:
    """A request about anything but a new order that brought no answer we can use."""

    error_class: ErrorClass
    code: int
    message: str


class QueryKind(Enum):
    found = "found"
    absent = "absent"  # the venue says that it does not know the order; no proof before the fence
    failed = "failed"  # no answer


@dataclass(slots=True, frozen=True)
class QueryOutcome:
    kind: QueryKind
    order: OrderUpdate | None = None
    reason: str = ""


class CancelOutcome(Enum):
    """None of them is an order state: ask with `query`."""

    accepted = "accepted"
    gone = "gone"  # filled, canceled or never there
    failed = "failed"


@dataclass(slots=True, frozen=True)
class Balance:
    asset: str
    free: str
    locked: str


@dataclass(slots=True, frozen=True)
class Position:
    """Of a perpetual in one-way mode. `qty` in the base asset, negative when short, "0" when flat."""

    symbol: str
    qty: str
    entry_price: str  # "0" when flat
    venue_time_ms: int = 0


@dataclass(slots=True, frozen=True)
class Cash:
    """Money that came or went without a fill of ours: `amount` > 0 came."""

    asset: str
    amount: str
    kind: str  # funding | transfer | other
    symbol: str  # "" where it belongs to none
    id: str  # the venue's, to be counted once; "" where it gives none
    venue_time_ms: int


# The account.


@dataclass(slots=True, frozen=True)
class FeeRates:
    """Of this account and symbol, as fractions: "0.001" is 10 basis points, a rebate is negative."""

    symbol: str
    maker: str
    taker: str


@dataclass(slots=True, frozen=True)
class AccountFacts:
    """What must hold before money is put at risk; None where the venue has no such notion."""

    account_id: str
    can_trade: bool
    hedge_mode: bool | None = None  # positions of both directions at once
    margin_mode: str = ""
    leverage: Mapping[str, str] = field(default_factory=dict)  # ccxt symbol -> leverage


@dataclass(slots=True, frozen=True)
class KeyRights:
    """What the key may do, by the venue's own word."""

    can_read: bool
    can_trade: bool  # on this market
    can_withdraw: bool
    can_transfer: bool
    ip_bound: bool
    expires_ms: int | None = None  # Unix time; None: never, or not told
    read_only: bool = False


@dataclass(slots=True, frozen=True)
class RateLimit:
    """The venue asks for a pause, counted from now; `banned` when the address or account is shut out."""

    pause_s: float
    banned: bool


class StreamKind(Enum):
    private = "private"
    order = "order"


class StreamState(Enum):
    up = "up"  # subscribed, the account not compared yet
    resynced = "resynced"  # open orders and balances fetched after the subscription
    down = "down"


class StreamCause(Enum):
    """Why a stream went down."""

    none = "none"
    closed = "closed"  # by the peer or the network, or never connected
    silent = "silent"  # no sign of life in time
    auth = "auth"  # key, signature or clock refused
    refused = "refused"  # subscription refused
    terminated = "terminated"  # the venue ended the subscription
    shutdown = "shutdown"  # the venue announced that this server goes down
    malformed = "malformed"  # a message could not be read
    resync = "resync"  # open orders or balances could not be fetched
    stopped = "stopped"  # by us


class VenueEvents(Protocol):
    """The session's ear for one venue.

    After `place` returned None exactly one of on_not_sent, on_ack, on_reject, on_unknown follows for the
    coid; on_sent comes before it, except before on_not_sent. on_order and on_fill come in any order,
    repeatedly and also before the ack: merging is the core's job.
    """

    def on_sent(self, coid: str) -> None: ...
    def on_not_sent(self, coid: str, reason: str) -> None: ...
    def on_ack(self, coid: str, venue_order_id: str) -> None: ...
    def on_reject(self, coid: str, error_class: ErrorClass, code: int, message: str) -> None: ...
    def on_unknown(self, coid: str, reason: str) -> None: ...
    def on_order(self, order: OrderUpdate) -> None: ...
    def on_fill(self, fill: FillUpdate) -> None: ...
    def on_cancel(self, coid: str, outcome: CancelOutcome, code: int, message: str) -> None: ...
    def on_query(self, coid: str, outcome: QueryOutcome) -> None: ...
    def on_balances(self, balances: Sequence[Balance]) -> None: ...
    def on_positions(self, positions: Sequence[Position]) -> None: ...
    def on_cash(self, cash: Cash) -> None: ...
    def on_stream(self, kind: StreamKind, state: StreamState, cause: StreamCause, detail: str) -> None: ...
    def on_rate_limit(self, limit: RateLimit) -> None: ...


class OrderEntry(Protocol):
    """Plain calls. None: on its way, events tell the rest. NotSent: it did not and will not leave."""

    def ready(self, orders: Sequence[OrderRequest]) -> NotSent | None:
        """Would all of these leave at once if they were placed now? Session, clock and every budget together;
        nothing is taken, and until the next loop turn a None stays true."""

    def place(self, order: OrderRequest) -> NotSent | None: ...
    def cancel(self, coid: str, symbol: str) -> NotSent | None: ...
    def query(self, coid: str, symbol: str) -> NotSent | None:
        """Ends in one on_query; every fill of a found order is reported by on_fill before it."""

    def fetch_fills(
        self, order: OrderUpdate, on_done: Callable[[Sequence[FillUpdate] | VenueFailure], None]
    ) -> None: ...
    def start(self) -> None:
        """Connects the order channel where there is one, and again after every loss, until `stop`."""

    def stop(self) -> None: ...
    def traded(self) -> Sequence[str]:
        """Symbols that can have fills: those an order was placed on, and those with one that was open."""

    def recent_fills(
        self,
        symbols: Sequence[str],
        since_ms: int,
        on_done: Callable[[Sequence[FillUpdate] | VenueFailure], None],
    ) -> None:
        """Every fill of the account on these symbols since that venue time, by symbol, oldest first."""

    def open_orders(self, on_done: Callable[[Sequence[OrderUpdate] | VenueFailure], None]) -> None: ...
    def balances(self, on_done: Callable[[Sequence[Balance] | VenueFailure], None]) -> None: ...


class AccountReader(Protocol):
    """What the venue says of account and key; each question ends in one answer or one VenueFailure."""

    def fee_rates(
        self, symbols: Sequence[str], on_done: Callable[[Sequence[FeeRates] | VenueFailure], None]
    ) -> None: ...
    def positions(self, on_done: Callable[[Sequence[Position] | VenueFailure], None]) -> None:
        """Every position that is not flat; none on spot."""

    def facts(
        self, symbols: Sequence[str], on_done: Callable[[AccountFacts | VenueFailure], None]
    ) -> None: ...
    def key_rights(self, on_done: Callable[[KeyRights | VenueFailure], None]) -> None: ...


class PrivateStream(Protocol):
    @property
    def state(self) -> StreamState: ...
    def start(self) -> None:
        """Connects, and again after every loss, until `stop`."""

    def stop(self) -> None: ...


class MarkFeed(Protocol):
    @property
    def up(self) -> bool:
        """Connected, and a mark came since."""

    def start(self) -> None:
        """Connects, and again after every loss, until `stop`."""

    def stop(self) -> None: ...


class Venue(Protocol):
    """One market of one venue. `orders`, `private` and `account` exist only with credentials."""

    @property
    def name(self) -> str: ...
    @property
    def orders(self) -> OrderEntry | None: ...
    @property
    def private(self) -> PrivateStream | None: ...
    @property
    def account(self) -> AccountReader | None: ...
    @property
    def budget(self) -> RateBudget:
        """Request budget of our address at this market; the adapter's own reads are counted in it."""

    @property
    def snapshot_levels(self) -> int:
        """Levels `snapshot_request` really asks for: a market may know only certain depths."""

    @property
    def liveness_rules(self) -> LivenessRules: ...
    def instruments(
        self,
        symbols: Sequence[str],
        on_done: Callable[[Sequence[VenueInstrument] | VenueFailure], None],
    ) -> None:
        """Rules of the given ccxt symbols; a symbol the venue does not know is missing in the answer. What is
        answered is also what `place` accepts from then on."""

    def market_stream(self, symbols: Sequence[str]) -> MarketStream:
        """VenueError where they are more than one connection carries."""

    def market_streams(self, symbols: Sequence[str]) -> list[MarketStream]:
        """Depth and best price of the symbols on as few connections as the venue's limits permit."""

    def subscriptions(self, stream: MarketStream) -> Subscriptions:
        """For one new connection to that stream."""

    def mark_stream(
        self,
        symbols: Sequence[str],
        on_mark: Callable[[Mark], None],
        on_state: Callable[[bool, str], None],
        on_other: Callable[[bytes], None] | None = None,
    ) -> MarkFeed | None:
        """`on_state(up, reason)`. None on spot, which has no mark price. `on_other` gets what else comes on
        this connection: trades of USD-M, where `VenueSettings.trades` is set."""

    def probe_request(self, symbol: str) -> HttpRequest:
        """A small REST book, to tell a quiet symbol from a dead stream."""

    def probe_answer(self, done: HttpDone) -> BookProbe | VenueFailure: ...
    def observe(self, done: HttpDone) -> None:
        """Feeds `budget` from the answer to a request that the adapter built and others sent."""

    def snapshot_request(self, symbol: str) -> HttpRequest | None:
        """REST depth for the snapshot join; None where the stream itself brings the snapshot."""

    def resubscribe_frames(self, symbol: str) -> tuple[bytes, ...]:
        """Frames that subscribe the symbol anew; a stream that brings the snapshot sends a fresh one."""

    def measure_clock(self, on_done: Callable[[bool], None] | None = None) -> None:
        """One reading of the venue's clock; tells whether it tightened or confirmed the bounds."""

    def clock_ms(self) -> int | None:
        """The venue's Unix time now, as measured; None while it is not known."""

    def clock_half_width_ns(self) -> int | None:
        """Half the uncertainty of the venue's clock, None while it is not known."""
