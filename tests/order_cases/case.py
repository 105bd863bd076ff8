"""One case: the real engine opens a trade; one leg meets its fault on the venue, the other fills on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from arb.live.ear import VenueEar
from arb.live.gateway import Gateway, Route
from arb.live.grids import pair_grid
from arb.live.heart import Heart
from arb.venues.base import (
    FillUpdate,
    OrderRequest,
    OrderStatus,
    OrderUpdate,
    QueryKind,
    QueryOutcome,
    StreamCause,
    StreamKind,
    StreamState,
)
from arbcore.actions import Action, Halt, Place, Record
from arbcore.engine import Engine
from arbcore.feed import Turn
from arbcore.settings import MS, EngineSettings, InstrumentRules, Limits, S, Timing
from tests.live.rig import BybitText
from tests.order_cases.draw import Draw

if TYPE_CHECKING:
    from tests.order_cases.stand import Stand

REAL, PAPER = 0, 1
INSTANCE = "oc"
# recvWindow 200 ms, then what the simulator holds an order back for at most (300 ms), then room for a machine
# that is busy: in-flight bytes and answers wait for the loop.
TIMING = Timing(
    ack_ns=300 * MS,
    place_deadline_ns=2 * S,
    hedge_deadline_ns=2 * S,
    query_ns=(0, 100 * MS, 200 * MS, 400 * MS, 700 * MS, 1_000 * MS),
    query_later_ns=300 * MS,
    fills_ns=50 * MS,
    fence_ns=1_300 * MS,
    absent_gap_ns=100 * MS,
    lost_ns=60 * S,
    hedge_ns=3 * S,
)
LIMITS = Limits(
    max_book_age_ns=600 * S,
    max_feed_lag_ns=600 * S,
    own_fill_quiet_ns=0,
    own_fill_block_ns=0,
    duplicate_window_ns=MS,
    max_open_trades=1,
    max_edge_ppm=500_000,
)


@dataclass(slots=True)
class Heard:
    """What our side holds of one order."""

    place: Place
    executed: Decimal | None = None  # None: unresolved
    source: str = ""
    fills: list[tuple[Decimal, Decimal]] = field(default_factory=list)  # price, qty
    unknown: bool = False
    reopened: bool = False


class Case:
    """`begin`; `is_over` once every order of it is resolved. `late` tells of executions heard afterwards."""

    def __init__(self, draw: Draw, stand: Stand, loop: Any, clock: Any, timing: Timing = TIMING) -> None:
        self.draw = draw
        self.is_over = False
        self.orders: dict[str, Heard] = {}  # those on the venue
        self.late: list[str] = []
        self.halts: list[str] = []
        self.fault_ids: list[int] = []
        self._stand = stand
        self._loop = loop
        self._trades: set[tuple[str, str]] = set()
        self._engine = Engine(
            EngineSettings(INSTANCE, draw.number, max_hedges=3, limits=LIMITS, timing=timing)
        )
        self._turn = Turn(self._engine, loop, self._act)
        self._heart = Heart(self._turn, clock, 0.25, lambda: None)
        troubles: Callable[[str], None] = self.halts.append
        self.ear = VenueEar("venue", clock, on_sent=_nothing, on_gone=_nothing, on_trouble=troubles)
        self._paper_ear = VenueEar("paper", clock, on_sent=_nothing, on_gone=_nothing, on_trouble=troubles)
        self._paper_text, self._real_text = BybitText(), BybitText()
        self._register()
        paper = Paper(self._paper_ear, stand.symbol, loop)
        routes: Any = {
            REAL: Route(stand.symbol, "venue", stand.venue.orders),
            PAPER: Route(stand.symbol, "paper", paper),  # type: ignore[arg-type]
        }
        self._gateway = Gateway(self._turn, routes, clock, _nothing, self._seen)

    def begin(self, mark: Decimal) -> None:
        """Books that cross: the venue's side of the trade is priced so that it fills, or never can."""
        draw, tick = self.draw, Decimal(self._stand.listed.tick)
        away = Decimal("1.012") if draw.fills == draw.is_buy else Decimal("0.988")
        price = _to(mark * away, tick)
        qty = Decimal(draw.lots) / 1_000
        sign = 1 if draw.is_buy else -1
        there, behind = _to(price * (1 + sign * _EDGE), tick), _to(price * (1 - sign * _GAP), tick)
        beyond = _to(price * (1 + sign * (_EDGE + _GAP)), tick)
        real, paper = {str(price): str(qty)}, {str(there): str(qty)}
        real_behind, paper_beyond = {str(behind): str(qty)}, {str(beyond): str(qty)}
        sides = (real_behind, real) if draw.is_buy else (real, real_behind)
        self._real_text.bids, self._real_text.asks = sides
        sides = (paper, paper_beyond) if draw.is_buy else (paper_beyond, paper)
        self._paper_text.bids, self._paper_text.asks = sides
        # What is left of the trade is closed where it costs less: on paper only if its market has come back.
        near, far = _to(price * (1 - sign * _GAP / 2), tick), _to(price * (1 - sign * _GAP * 2), tick)
        much = str(qty * 10)
        back = ({str(far): much}, {str(near): much})
        self._after = None if draw.hedges_here else (back if draw.is_buy else (back[1], back[0]))
        self._heart.start()
        for number, text in ((PAPER, self._paper_text), (REAL, self._real_text)):
            self._engine.conn_up(number, self._turn.stamp())
            result = self._engine.frame(number, text.snapshot(), self._turn.stamp())
            assert result == "applied", (result, self._engine.last_refusal)

    @property
    def is_settled(self) -> bool:
        """Every order is resolved and its fills are known, and the trade is closed or has halted."""
        engine = self._engine
        if engine.unresolved_orders or (engine.open_trades and not self.halts):
            return False
        return all(heard.executed == sum(qty for _, qty in heard.fills) for heard in self.orders.values())

    @property
    def was_opened(self) -> bool:
        return bool(self.orders)

    def why_not(self) -> str:
        return str(self._engine.refusals | self._engine.denials)

    def end(self) -> None:
        self.is_over = True
        self._heart.stop()
        self.ear.stop()
        self._turn.close()

    def hear_fill(self, fill: FillUpdate) -> None:
        key = (fill.coid, fill.trade_id)
        if not self.is_over:
            self._trades.add(key)
            self.ear.on_fill(fill)
        elif key not in self._trades:
            self._trades.add(key)
            self.late.append(f"{fill.coid} {fill.qty} at {fill.price}, trade {fill.trade_id}")

    def _register(self) -> None:
        listed, engine, turn = self._stand.listed, self._engine, self._turn
        price_decimals, qty_decimals = pair_grid([listed])
        engine.add_asset("BTC")
        engine.add_asset("USDT")
        spot = self._stand.kind.endswith("spot")
        instruments, assets = {self._stand.symbol: REAL}, {"BTC": 0, "USDT": 1}
        for number, name in enumerate(("venue", "paper")):
            engine.add_venue(name)
            if number == 0:
                engine.add_pair(0, 1, price_decimals, qty_decimals)
            engine.add_connection(number, "bybit_spot")  # the books of a case are its own, in one wording
            engine.add_instrument(
                self._stand.symbol,
                venue=number,
                market="bybit_spot",
                pair=0,
                connection=number,
                venue_symbol="BTCUSDT",
                price_decimals=price_decimals,
                qty_decimals=qty_decimals,
                rules=InstrumentRules(
                    tick=listed.tick,
                    lot="0.001",
                    min_qty=listed.min_qty,
                    min_notional=listed.min_notional,
                    taker_fee_bps="10" if number == 0 else "0",
                    buy_fee_in_base=spot and number == 0,
                ),
            )
        for number, ear in enumerate((self.ear, self._paper_ear)):
            ear.attach(turn, number, {self._stand.symbol: number} if number else instruments, assets)
            for asset, total in enumerate(("1000", "100000000")):
                assert engine.balance(number, asset, total, turn.stamp())
            ear.on_stream(StreamKind.private, StreamState.resynced, StreamCause.none, "")
        engine.id_block(1 << 20, turn.stamp())

    def _act(self, actions: Sequence[Action]) -> None:
        self._gateway.carry_out(actions)
        self._heart.arm()
        if self._after is not None and any(isinstance(action, Place) for action in actions):
            after, self._after = self._after, None
            self._loop.call_soon(self._move_back, after)

    def _move_back(self, sides: tuple[dict[str, str], dict[str, str]]) -> None:
        if not self.is_over:
            self._engine.frame(PAPER, self._paper_text.move(*sides), self._turn.stamp())

    def _seen(self, action: Action) -> None:
        if isinstance(action, Place) and action.instrument == REAL:
            self.orders[action.coid] = Heard(action)
        elif isinstance(action, Halt):
            self.halts.append(action.reason)
        elif isinstance(action, Record) and action.coid in self.orders:
            heard = self.orders[action.coid]
            if action.kind == "fill":
                heard.fills.append((Decimal(action.price), Decimal(action.qty)))
            elif action.kind == "resolved":
                heard.executed, heard.source = Decimal(action.qty), _SOURCES[action.code]
            elif action.kind == "unknown":
                heard.unknown = True
            elif action.kind == "adopt":
                heard.reopened = True


class Paper:
    """A venue that fills every order at its limit, at once and for nothing."""

    def __init__(self, ear: VenueEar, symbol: str, loop: Any) -> None:
        self._ear, self._symbol, self._loop = ear, symbol, loop
        self._filled: dict[str, OrderUpdate] = {}

    def ready(self, orders: Sequence[OrderRequest]) -> None:
        return None

    def place(self, order: OrderRequest) -> None:
        update = OrderUpdate(order.coid, "1", self._symbol, OrderStatus.filled, order.qty, None, 0)
        self._filled[order.coid] = update
        fill = FillUpdate(
            order.coid, "1", self._symbol, f"p{order.coid}", order.price, order.qty, "0", "USDT", False, 0
        )
        for action in (
            partial(self._ear.on_sent, order.coid),
            partial(self._ear.on_fill, fill),
            partial(self._ear.on_order, update),
        ):
            self._loop.call_soon(action)

    def cancel(self, coid: str, symbol: str) -> None:
        return None

    def query(self, coid: str, symbol: str) -> None:
        found = QueryOutcome(QueryKind.found, self._filled[coid])
        self._loop.call_soon(self._ear.on_query, coid, found)


_EDGE, _GAP = Decimal("0.004"), Decimal("0.006")
_SOURCES = ("", "report", "query", "reject", "not sent", "fence")


def _nothing(*_: object) -> None:
    return None


def _to(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value() * tick
