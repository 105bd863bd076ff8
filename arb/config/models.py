"""What a configuration says, section by section; every key has its meaning and its bound here.

Amounts are in the accounting currency (USDT unless the file names another), basis points are Decimals with at
most two decimals, times carry their unit in the name. Unknown keys are mistakes.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from arb.config.fields import Amount, Asset, Bps, HttpUrl, Millis, Number, Schedule, Seconds, Symbol, WsUrl

STRATEGIES = ("taker",)


class Section(BaseModel):
    """A table of the file: immutable, no key beyond the named ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class General(Section):
    """The keys above the first table."""

    version: Literal[1]
    name: str = Field(default="arb", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
    # In every client order id: two bots on one account must differ.
    instance: str = Field(default="aa", pattern=r"^[a-z2-7]{2}$")
    mode: Literal["sim", "live"] = "sim"
    currency: Asset = "USDT"


class Strategy(Section):
    """`kind` is checked against STRATEGIES apart from the model: its mistake must not hide the others."""

    kind: str = "taker"
    symbols: tuple[Symbol, ...] = Field(default=("BTC/USDT",), min_length=1, max_length=200)
    min_edge_bps: Annotated[Bps, Field(ge=0, le=500)] = Decimal(4)
    # Limits go this far beyond the deepest level used, rounded towards safety.
    slippage_bps: Annotated[Bps, Field(ge=0, le=100)] = Decimal(1)


class Risk(Section):
    """Limits of the gate. An amount of 0 is no limit."""

    max_notional: Amount = Decimal(25_000)
    max_order_notional: Amount = Decimal(2_000)
    max_position: dict[Asset, Annotated[Number, Field(gt=0)]] = Field(default_factory=dict)
    max_daily_loss: Amount = Decimal(500)
    # Perpetuals: worst-case positions of an account, over what it is worth.
    max_leverage: Annotated[Number, Field(gt=0, le=20)] = Decimal(1)
    max_open_trades: int = Field(default=16, ge=1, le=16)
    max_unhedged_seconds: Seconds = 1.5
    max_book_age_ms: Millis = 500
    max_feed_lag_ms: Millis = 250
    duplicate_window_ms: Millis = 250
    own_fill_quiet_ms: Millis = 150
    own_fill_block_ms: Millis = 250
    collar_bps: Annotated[Bps, Field(gt=0, le=10_000)] = Decimal(500)
    hedge_collar_bps: Annotated[Bps, Field(gt=0, le=10_000)] = Decimal(500)
    # Above this an edge is bad data, not luck.
    max_edge_bps: Annotated[Bps, Field(gt=0, le=10_000)] = Decimal(500)


class Execution(Section):
    """How legs are sent and an unknown one is resolved; all times are here, so that tests shorten them."""

    order_type: Literal["limit_ioc"] = "limit_ioc"
    place_deadline_ms: Millis = 5
    t_ack_ms: Millis = 200
    # When an order whose fate is unknown is asked for, from the first question on; then `query_repeat_ms`.
    query_schedule_ms: Schedule = Field(
        default=(0, 100, 300, 1_000, 3_000, 10_000), min_length=1, max_length=6
    )
    query_repeat_ms: Millis = 5_000
    max_hedges: int = Field(default=1, ge=1, le=4)
    hedge_band_bps: Annotated[Bps, Field(gt=0, le=1_000)] = Decimal(100)
    # An unknown order that the venue does not know is given up after recv_window + 1 s + this: what queue and
    # index of the venue may lag behind. Two answers at least `absent_gap_ms` apart must say so.
    settle_ms: Millis = 11_000
    absent_gap_ms: Millis = 1_000
    t_max_ms: Millis = 20_000
    shutdown_ms: Millis = 20_000


class Connection(Section):
    """Periods of a venue's connections."""

    order_timeout_s: Seconds = 10.0
    read_timeout_s: Seconds = 10.0
    ping_period_s: Seconds = 20.0
    subscribe_timeout_s: Seconds = 5.0
    backoff_base_s: Seconds = 0.25
    backoff_cap_s: Seconds = 30.0
    healthy_s: Seconds = 60.0
    shed_pause_s: Seconds = 1.0
    limit_share_percent: int = Field(default=100, ge=1, le=100)
    snapshot_levels: int = Field(default=1_000, ge=1, le=4_000)  # a message holds 8,192 levels
    quiet_s: Seconds = 5.0
    first_frame_s: Seconds = 5.0
    listing_timeout_s: Seconds = 2.0
    moved_grace_s: Seconds = 2.0
    probe_retry_s: Seconds = 10.0
    best_repeat_s: Seconds = 10.0
    mark_silence_s: Seconds = 10.0
    order_transport: Literal["auto", "rest", "ws"] = "auto"
    usdm_logon: bool = False
    channel_life_s: Seconds = 82_800.0
    listen_key_s: Seconds = 1_500.0
    refill_overlap_s: Seconds = 60.0
    connection_life_s: Seconds = 82_800.0
    overlap_s: Seconds = 30.0
    resync_pause_s: Seconds = 0.2
    instruments_period_s: Seconds = 60.0


class BinanceUrls(Section):
    """Addresses of one Binance market, named as `arb sim --json` prints them.

    `sapi`: where the rights of a key are told, the REST address of the spot market; USD-M alone needs it.
    """

    rest: HttpUrl
    ws: WsUrl
    ws_api: WsUrl
    sapi: HttpUrl | None = None


class BinanceMarkets(Section):
    spot: BinanceUrls | None = None
    usdm: BinanceUrls | None = None


class BybitUrls(Section):
    """Addresses of Bybit, named as `arb sim --json` prints them."""

    rest: HttpUrl
    ws_public: WsUrl
    ws_private: WsUrl
    ws_trade: WsUrl | None = None


class Venue(Section):
    """What the venues have in common. `endpoint` has no default that could reach a real exchange."""

    endpoint: str = "sim"
    credentials: str = ""
    recv_window_ms: int = Field(default=1_000, ge=100, le=60_000)
    connection: Connection = Connection()


Fee = Annotated[Bps, Field(ge=-10, le=100)]


class BinanceFees(Section):
    spot: Fee = Decimal(10)
    usdm: Fee = Decimal(5)


class BybitFees(Section):
    spot: Fee = Decimal(10)
    linear: Fee = Decimal("5.5")


class Binance(Venue):
    """config/binance.toml"""

    markets: tuple[Literal["spot", "usdm"], ...] = Field(default=("spot",), min_length=1)
    taker_fee_bps: BinanceFees = BinanceFees()
    urls: BinanceMarkets | None = None


class Bybit(Venue):
    """config/bybit.toml"""

    markets: tuple[Literal["spot", "linear"], ...] = Field(default=("spot",), min_length=1)
    taker_fee_bps: BybitFees = BybitFees()
    urls: BybitUrls | None = None


VENUE_MODELS: dict[str, type[Binance] | type[Bybit]] = {"binance": Binance, "bybit": Bybit}


class Exchanges(Section):
    """The venues that take part; None where the file does not name it."""

    binance: Binance | None = None
    bybit: Bybit | None = None

    def named(self) -> dict[str, Binance | Bybit]:
        """The venues by name, in a fixed order."""
        found = {"binance": self.binance, "bybit": self.bybit}
        return {name: venue for name, venue in found.items() if venue is not None}


class Config(Section):
    """A whole configuration, checked; `arb.config.load_config` makes it."""

    general: General
    exchanges: Exchanges
    strategy: Strategy = Strategy()
    risk: Risk = Risk()
    execution: Execution = Execution()
