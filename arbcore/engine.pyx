# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""The engine: events in, actions out. Wraps `csrc/include/arb/engine.hpp` and nothing more.

Every method that takes `t` is an event and is recorded on the tape; `t` is nanoseconds of the driver's
monotonic clock and never goes back.
"""

cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from libcpp.memory cimport make_unique
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from arbcore.cpp_engine cimport *

from decimal import Decimal as _Decimal

from arbcore import actions as _actions
from arbcore.exact import to_bound as _to_bound, to_cost as _to_cost
from arbcore.settings import EngineSettings as _EngineSettings

_MARKETS = {
    "binance_spot": <int>Market.binance_spot,
    "binance_usdm": <int>Market.binance_usdm,
    "bybit_spot": <int>Market.bybit_spot,
    "bybit_linear": <int>Market.bybit_linear,
}
_STATUS = {
    "ack": <int>OrderStatus.ack,
    "new": <int>OrderStatus.open,
    "partial": <int>OrderStatus.partial,
    "rejected": <int>OrderStatus.rejected,
    "expired": <int>OrderStatus.expired,
    "canceled": <int>OrderStatus.canceled,
    "filled": <int>OrderStatus.filled,
}
_RECORD_KINDS = ("none", "intent", "sent", "report", "fill", "unknown", "resolved", "done", "halt", "adopt",
                 "price", "cash")
_FRAME_RESULTS = ("applied", "ignored", "buffered", "stale", "refused")
_SNAPSHOT_RESULTS = ("joined", "too_old", "gap", "ignored", "refused")
_ORDER_RESULTS = ("known", "duplicate", "foreign")
_POSITION_RESULTS = ("opened", "agrees", "differs", "busy")
_CASH = {"funding": <int>CashKind.funding, "transfer": <int>CashKind.transfer, "other": <int>CashKind.other}
_STATES = ("ACTIVE", "NO_NEW", "REDUCE_ONLY", "HALT")
_STAGES = ("seen", "over_threshold", "risk_ok", "sent", "both_filled", "profitable")
_UPDATE_KINDS = {"delta": <int>UpdateKind.delta, "snapshot": <int>UpdateKind.snapshot,
                 "ticker": <int>UpdateKind.ticker}
_SCOPES = ("global", "venue", "pair")
_STREAMS = {"private": <int>StreamKind.private_stream, "order": <int>StreamKind.order_entry,
            "closing": <int>StreamKind.closing}
_COMMANDS = {"no_new": <int>CommandKind.no_new, "active": <int>CommandKind.active, "halt": <int>CommandKind.halt}
_UNKNOWN_REASONS = {"ambiguous": <int>UnknownReason.ambiguous_answer, "lost": <int>UnknownReason.connection_lost}
_NOT_SENT = {"kill": <int>Refusal.kill_flag, "clock": <int>Refusal.clock, "rate": <int>Refusal.rate}


class InexactError(ValueError):
    """A number that does not fit its grid; nothing was rounded and nothing was done."""


cdef inline string_view _view(bytes text):
    return string_view(<const char*>text, len(text))


cdef int64_t _grid(str what, object text, int decimals) except? -1:
    cdef bytes raw = str(text).encode("ascii", "replace")
    cdef int64_t value = 0
    cdef DecimalStatus status = parse_decimal(_view(raw), decimals, value)
    if status != DecimalStatus.ok:
        raise InexactError(f"{what}: {text!r} cannot be held with {decimals} decimals")
    return value


cdef int64_t _positive(str what, object text, int decimals, int64_t least) except? -1:
    cdef int64_t value = _grid(what, text, decimals)
    if value < least:
        raise InexactError(f"{what}: {text!r} is below what an execution can have")
    return value


cdef Amount _amount(str what, object text) except *:
    # str() of a small Decimal, zero included, has an exponent, which no venue prints and no reader takes.
    plain = format(text, "f") if isinstance(text, _Decimal) else str(text)
    cdef bytes raw = plain.encode("ascii", "replace")
    cdef Amount value
    if parse_amount(_view(raw), value) != DecimalStatus.ok:
        raise InexactError(f"{what}: {text!r} is not an amount with at most 18 decimals")
    return value


cdef int _ppm(str what, object bps) except? -999999:
    """Basis points as text to parts per million, exactly."""
    return <int>_grid(what, bps, 2)


cdef int _known(str what, int id, Py_ssize_t count) except -1:
    """The core trusts its caller with ids; Python callers are not trusted."""
    if not 0 <= id < count:
        raise IndexError(f"{what} {id} is not registered")
    return id


cdef str _text(const string& value):
    return value.decode("ascii")


cdef str _side(Side side):
    return "buy" if side == Side.buy else "sell"


cdef EngineConfig _config(object settings) except *:
    cdef EngineConfig config
    instance = settings.instance.encode("ascii")
    if len(instance) != 2:
        raise ValueError(f"instance: two letters of a-z2-7, was {settings.instance!r}")
    config.owner.instance[0] = instance[0]
    config.owner.instance[1] = instance[1]
    config.owner.epoch = settings.epoch
    config.max_hedges = settings.max_hedges
    config.hedge_band.value = settings.hedge_band_ppm
    config.strategy.min_edge.value = settings.min_edge_ppm
    config.strategy.slippage.value = settings.slippage_ppm
    limits = settings.limits
    config.limits.max_book_age = limits.max_book_age_ns
    config.limits.max_feed_lag = limits.max_feed_lag_ns
    config.limits.own_fill_quiet = limits.own_fill_quiet_ns
    config.limits.own_fill_block = limits.own_fill_block_ns
    config.limits.duplicate_window = limits.duplicate_window_ns
    config.limits.max_order_notional = _amount("max_order_notional", limits.max_order_notional)
    config.limits.max_notional = _amount("max_notional", limits.max_notional)
    config.limits.max_loss = _amount("max_loss", limits.max_loss)
    if len(limits.max_position) > 32:
        raise ValueError(f"max_position: at most 32 assets, was {len(limits.max_position)}")
    for asset, text in enumerate(limits.max_position):
        config.limits.max_position[<int>asset] = _amount("max_position", text)
    config.limits.max_open_trades = limits.max_open_trades
    if limits.max_leverage_ppm <= 0:
        raise ValueError(f"max_leverage_ppm must be above 0, was {limits.max_leverage_ppm}")
    config.limits.max_leverage.value = limits.max_leverage_ppm
    config.limits.collar.value = limits.collar_ppm
    config.limits.hedge_collar.value = limits.hedge_collar_ppm
    config.limits.max_edge.value = limits.max_edge_ppm
    timing = settings.timing
    config.timing.ack = timing.ack_ns
    config.timing.place_deadline = timing.place_deadline_ns
    config.timing.hedge_deadline = timing.hedge_deadline_ns
    if len(timing.query_ns) != 6:
        raise ValueError(f"query_ns: six times, was {len(timing.query_ns)}")
    for step, ns in enumerate(timing.query_ns):
        config.timing.query[<int>step] = ns
    config.timing.query_later = timing.query_later_ns
    config.timing.fills = timing.fills_ns
    config.timing.fence = timing.fence_ns
    config.timing.absent_gap = timing.absent_gap_ns
    config.timing.lost = timing.lost_ns
    config.timing.hedge = timing.hedge_ns
    config.timing.hedge_retry = timing.hedge_retry_ns
    return config


cdef list _level(Level level, Grid grid):
    return [_text(price_text(level.price, grid)), _text(qty_text(level.qty, grid))]


@cython.final
cdef class Engine:
    """One engine. Register first, then feed events; `drain` after each turn.

    `tape_bytes`: room for recorded events between two `drain_tape` calls; 0 records nothing.
    """

    def __cinit__(self, settings=None, *, size_t tape_bytes=0):
        self.engine = make_unique[CppEngine](_config(settings if settings is not None else _EngineSettings()), tape_bytes)
        self.venues = []
        self.assets = []
        self.instruments = []
        self._pairs = 0
        self._connections = 0

    # Registration.

    def add_venue(self, str name):
        if len(self.venues) == 8:
            raise ValueError("at most 8 venues")
        self.venues.append(name)
        return <int>self.engine.get().add_venue(_view(name.encode()))

    def add_asset(self, str name):
        if len(self.assets) == 32:
            raise ValueError("at most 32 assets")
        self.assets.append(name)
        return <int>self.engine.get().add_asset(_view(name.encode()))

    def add_pair(self, int base, int quote, int price_decimals, int qty_decimals):
        """The common grid of an asset pair; together at most 18 decimals, the resolution of amounts."""
        _known("asset", base, len(self.assets))
        _known("asset", quote, len(self.assets))
        if not (0 <= price_decimals <= 18 and 0 <= qty_decimals <= 18 and price_decimals + qty_decimals <= 18):
            raise ValueError(f"grid of {price_decimals} and {qty_decimals} decimals: together at most 18")
        cdef Grid grid
        grid.price_decimals = price_decimals
        grid.qty_decimals = qty_decimals
        self._pairs += 1
        return <int>self.engine.get().add_pair(<AssetId>base, <AssetId>quote, grid)

    def add_connection(self, int venue, str market):
        _known("venue", venue, len(self.venues))
        cdef int kind = _MARKETS[market]
        self._connections += 1
        return <int>self.engine.get().add_connection(<VenueId>venue, <Market>kind)

    def add_instrument(self, str symbol, *, int venue, str market, int pair, int connection, str venue_symbol,
                       int price_decimals, int qty_decimals, rules):
        """`rules`: an InstrumentRules; numbers that do not fit the pair's grid raise InexactError."""
        _known("venue", venue, len(self.venues))
        _known("pair", pair, self._pairs)
        _known("connection", connection, self._connections)
        if len(self.instruments) == 512:
            raise ValueError("at most 512 instruments")
        cdef Instrument out
        cdef Grid grid
        grid.price_decimals = price_decimals
        grid.qty_decimals = qty_decimals
        out.venue = <VenueId>venue
        out.market = <Market><int>_MARKETS[market]
        out.pair = <PairId>pair
        out.tradable = True
        out.grid = grid
        out.filters.tick.value = _grid(f"{symbol} tick", rules.tick, price_decimals)
        out.filters.lot.value = _grid(f"{symbol} lot", rules.lot, qty_decimals)
        if out.filters.tick.value <= 0 or out.filters.lot.value <= 0:
            raise ValueError(f"{symbol}: tick {rules.tick} and lot {rules.lot} must be above 0")
        out.filters.min_qty.value = _grid(f"{symbol} min_qty", rules.min_qty, qty_decimals)
        out.filters.max_qty.value = _grid(f"{symbol} max_qty", rules.max_qty, qty_decimals)
        out.filters.min_price.value = _grid(f"{symbol} min_price", rules.min_price, price_decimals)
        out.filters.max_price.value = _grid(f"{symbol} max_price", rules.max_price, price_decimals)
        out.filters.min_notional = notional_at_least(_amount(f"{symbol} min_notional", rules.min_notional), grid)
        out.filters.max_notional = notional_at_least(_amount(f"{symbol} max_notional", rules.max_notional), grid)
        out.fees.taker.value = _ppm(f"{symbol} taker_fee_bps", rules.taker_fee_bps)
        out.fees.buy_mode = FeeMode.base if rules.buy_fee_in_base else FeeMode.quote
        self.instruments.append(symbol)
        return <int>self.engine.get().add_instrument(out, <ConnId>connection, _view(venue_symbol.encode()))

    # Market events.

    def conn_up(self, int conn, int64_t t):
        _known("connection", conn, self._connections)
        self.engine.get().conn_up(<ConnId>conn, t)

    def conn_down(self, int conn, int64_t t):
        _known("connection", conn, self._connections)
        self.engine.get().conn_down(<ConnId>conn, t)

    def stream(self, str kind, int id, bint up, int64_t t):
        """kind: "private" | "order" of a venue, or "closing" of a connection."""
        if kind == "closing":
            _known("connection", id, self._connections)
        else:
            _known("venue", id, len(self.venues))
        self.engine.get().stream(<StreamKind><int>_STREAMS[kind], id, up, t)

    def frame(self, int conn, bytes payload not None, int64_t t):
        """-> "applied" | "ignored" | "buffered" | "stale" | "refused" (nothing was done, see `last_refusal`)."""
        _known("connection", conn, self._connections)
        return _FRAME_RESULTS[<int>self.engine.get().frame(<ConnId>conn, payload, len(payload), t)]

    def add_standby(self, int instrument, int connection, str venue_symbol):
        """A second connection that may carry the instrument: it syncs a book of its own, for `switch`."""
        _known("instrument", instrument, len(self.instruments))
        _known("connection", connection, self._connections)
        self.engine.get().add_standby(<InstrumentId>instrument, <ConnId>connection, _view(venue_symbol.encode()))

    def can_switch(self, int instrument):
        """Whether the standby book is LIVE and not behind the active one."""
        _known("instrument", instrument, len(self.instruments))
        return self.engine.get().can_switch(<InstrumentId>instrument)

    def switch(self, int instrument, int64_t t):
        """The standby book becomes the one that counts; False, and nothing changed, where it cannot."""
        _known("instrument", instrument, len(self.instruments))
        return self.engine.get().switch_book(<InstrumentId>instrument, t)

    def active_connection(self, int instrument):
        _known("instrument", instrument, len(self.instruments))
        return <int>self.engine.get().active(<InstrumentId>instrument).connection

    def feed_lag(self, int connection):
        """How far the connection runs behind its own best of the last ten minutes, in ns."""
        _known("connection", connection, self._connections)
        return self.engine.get().feed_lag(<ConnId>connection)

    cdef ConnId _connection_of(self, int instrument, object connection) except *:
        """The named connection, else the active one."""
        if connection is None:
            return self.engine.get().active(<InstrumentId>instrument).connection
        return <ConnId>_known("connection", connection, self._connections)

    def update(self, int instrument, update, int64_t t, connection=None):
        """The slow path's reading of a frame (arbcore.slowpath.SlowUpdate); answers like `frame`."""
        _known("instrument", instrument, len(self.instruments))
        cdef vector[Level] levels
        cdef Level level
        for price, qty in list(update.bids) + list(update.asks):
            level.price.value = price
            level.qty.value = qty
            levels.push_back(level)
        cdef Update out
        cdef size_t bids = len(update.bids)
        out.kind = <UpdateKind><int>_UPDATE_KINDS[update.kind]
        out.has_prev_id = update.prev_id is not None
        out.first_id = update.first_id
        out.last_id = update.last_id
        out.prev_id = update.prev_id or 0
        out.sequence = update.sequence
        out.event_time = update.event_time
        out.engine_time = update.engine_time
        out.bids = LevelSpan(levels.data(), bids)
        out.asks = LevelSpan(levels.data() + bids, levels.size() - bids)
        cdef ConnId conn = self._connection_of(instrument, connection)
        return _FRAME_RESULTS[<int>self.engine.get().update(<InstrumentId>instrument, conn, out, t)]

    def snapshot(self, int instrument, bytes body not None, int limit, int64_t t, connection=None):
        """REST depth, asked for with that many levels a side -> "joined" | "ignored" | "too_old" | "gap" (a Resync
        follows) | "refused" (unreadable, see `last_refusal`)."""
        _known("instrument", instrument, len(self.instruments))
        if limit < 0:
            raise ValueError(f"limit {limit} is below 0")
        cdef ConnId conn = self._connection_of(instrument, connection)
        return _SNAPSHOT_RESULTS[
            <int>self.engine.get().snapshot(<InstrumentId>instrument, conn, body, len(body), limit, t)]

    def refused(self, int conn, int64_t t, instrument=None):
        """What the slow path could not read either: that book, or every book of the connection, is STALE."""
        _known("connection", conn, self._connections)
        cdef InstrumentId id
        if instrument is None:
            self.engine.get().refused(<ConnId>conn, NULL, t)
        else:
            id = <InstrumentId>_known("instrument", instrument, len(self.instruments))
            self.engine.get().refused(<ConnId>conn, &id, t)

    @property
    def last_refusal(self):
        """(reason, field or None) of the newest frame or snapshot that was not read."""
        cdef Decoded decoded = self.engine.get().last_decoded()
        field = None if decoded.field == NULL else (<bytes>decoded.field).decode()
        return (<bytes>status_name(decoded.status)).decode(), field

    @property
    def wants_decide(self):
        return self.engine.get().wants_decide()

    def decide(self, int64_t t):
        self.engine.get().decide(t)

    # Order events. `coid` is the client order id as the venue gave it back.

    cdef int _order(self, str coid, OrderId* out) except -1:
        cdef bytes raw = coid.encode("ascii", "replace")
        return parse_client_order_id(self.engine.get().config().owner, _view(raw), out[0]) == CoidStatus.ours

    def sent(self, str coid, int64_t t):
        cdef OrderId id
        if self._order(coid, &id):
            self.engine.get().sent(id, t)

    def not_sent(self, str coid, str why, int64_t t):
        """why: "kill" | "clock" | "rate" | anything else; proof that no byte of the order left."""
        cdef OrderId id
        if self._order(coid, &id):
            self.engine.get().not_sent(id, <Refusal><int>_NOT_SENT.get(why, 0), t)

    def ack(self, str coid, int64_t t):
        """-> "known" | "foreign". The venue took the order; what became of it is not said yet."""
        cdef OrderId id
        cdef Qty nothing
        if not self._order(coid, &id):
            return "foreign"
        nothing.value = 0
        return _ORDER_RESULTS[<int>self.engine.get().report(id, OrderStatus.ack, nothing, t)]

    def report(self, str coid, str status, cum, int instrument, int64_t t):
        """-> "known" | "foreign". `cum`: cumulative quantity as text."""
        cdef OrderId id
        if not self._order(coid, &id):
            return "foreign"
        cdef Qty qty
        qty.value = _positive("cumulative quantity", cum, self._instrument_grid(instrument).qty_decimals, 0)
        return _ORDER_RESULTS[<int>self.engine.get().report(id, <OrderStatus><int>_STATUS[status], qty, t)]

    def fill(self, str coid, str trade_id, price, qty, fee, int fee_asset, int instrument, int64_t t):
        """-> "known" | "duplicate" | "foreign" (not one of our ids: nothing was booked)."""
        cdef FillEvent event
        if not self._order(coid, &event.order):
            return "foreign"
        cdef Grid grid = self._instrument_grid(instrument)
        cdef bytes raw = trade_id.encode()
        _known("asset", fee_asset, len(self.assets))
        event.time = t
        event.price.value = _positive("fill price", price, grid.price_decimals, 1)
        event.qty.value = _positive("fill quantity", qty, grid.qty_decimals, 1)
        event.trade_id = hash_text(_view(raw))
        event.fee = _amount("fee", fee)
        event.fee_asset = <AssetId>fee_asset
        return _ORDER_RESULTS[<int>self.engine.get().fill(event)]

    def reject(self, str coid, int64_t t):
        cdef OrderId id
        if self._order(coid, &id):
            self.engine.get().reject(id, t)

    def ambiguous(self, str coid, str why, int64_t t):
        """why: "ambiguous" (an answer that proves nothing) | "lost" (the connection is gone)."""
        cdef OrderId id
        if self._order(coid, &id):
            self.engine.get().ambiguous(id, <UnknownReason><int>_UNKNOWN_REASONS[why], t)

    def found(self, str coid, str status, cum, int instrument, int64_t t):
        """A query's answer; its fills were reported before."""
        cdef OrderId id
        if not self._order(coid, &id):
            return
        cdef Qty qty
        qty.value = _positive("cumulative quantity", cum, self._instrument_grid(instrument).qty_decimals, 0)
        self.engine.get().found(id, <OrderStatus><int>_STATUS[status], qty, t)

    def absent(self, str coid, int64_t t):
        """A single-order query did not find the order. Two such answers to queries made after the fence, while the
        venue's private stream is up, end it with nothing executed; anything else is asked again. A query that
        failed is no answer: it is not told."""
        cdef OrderId id
        if self._order(coid, &id):
            self.engine.get().absent(id, t)

    def balance(self, int venue, int asset, total, int64_t t):
        """Sets an opening balance; of a perpetual's venue the wallet, without what its positions are worth.

        False, and nothing changed, once orders touched the account, and for the base asset of a perpetual.
        """
        _known("venue", venue, len(self.venues))
        _known("asset", asset, len(self.assets))
        return self.engine.get().balance(<VenueId>venue, <AssetId>asset, _amount("balance", total), t)

    def position(self, int instrument, qty, int64_t t, entry_price="0"):
        """A perpetual's position as its venue has it, negative when short -> "opened" | "agrees" | "differs" | "busy".

        Before the first record of an order it is the opening, and may be corrected; later it is compared and changes
        nothing: "busy" while orders may still change it, and "differs" is counted (stats["positions_differ"]).
        """
        _known("instrument", instrument, len(self.instruments))
        if not is_perpetual(self.engine.get().instrument(<InstrumentId>instrument).market):
            raise ValueError(f"{self.instruments[instrument]} is no perpetual")
        cdef Qty held
        held.value = _grid("position", qty, self._instrument_grid(instrument).qty_decimals)
        cdef Amount cost = _amount("cost of the position", _to_cost(qty, entry_price))
        return _POSITION_RESULTS[<int>self.engine.get().position(<InstrumentId>instrument, held, cost, t)]

    def asset_price(self, int asset, price, int64_t t):
        """What one unit of an asset is worth in the accounting currency: values fees (and funding) taken in it.

        What was taken before any price was known counts at the first one.
        """
        _known("asset", asset, len(self.assets))
        cdef Amount amount = _amount("price", price)
        if not 0 < _to_bound(price, 0, "price", "up") < 1 << 20:
            raise ValueError(f"price of {self.assets[asset]}: above 0 and at most 1048575, was {price!r}")
        self.engine.get().asset_price(<AssetId>asset, amount, t)

    def cash(self, int venue, int asset, amount, str kind, int64_t t):
        """Money that came (above 0) or went without an order. kind: "funding" (part of the result, at the asset's
        price) | "transfer" | "other"."""
        _known("venue", venue, len(self.venues))
        _known("asset", asset, len(self.assets))
        self.engine.get().cash(<VenueId>venue, <AssetId>asset, _amount("cash", amount), <CashKind><int>_CASH[kind], t)

    def rules(self, int instrument, rules, bint tradable, int64_t t):
        """The venue's trading rules as they are now (an InstrumentRules; its fees are not looked at) -> "" or why
        the pair makes no entries any more until a restart: a tick or lot that its grid cannot hold.

        They count from the next check. Bounds that are finer than the grid are rounded to the safe side.
        """
        cdef Grid grid = self._instrument_grid(instrument)
        cdef Filters filters = self.engine.get().instrument(<InstrumentId>instrument).filters
        reason = ""
        for name, text, decimals in (("tick", rules.tick, grid.price_decimals), ("lot", rules.lot, grid.qty_decimals)):
            try:
                if _grid(name, text, decimals) <= 0:
                    reason = f"{name} {text} is not above 0"
            except InexactError as error:
                reason = str(error)
        if not reason:
            filters.tick.value = _grid("tick", rules.tick, grid.price_decimals)
            filters.lot.value = _grid("lot", rules.lot, grid.qty_decimals)
            filters.min_qty.value = _to_bound(rules.min_qty, grid.qty_decimals, "min_qty", "up")
            filters.max_qty.value = _to_bound(rules.max_qty, grid.qty_decimals, "max_qty", "down")
            filters.min_price.value = _to_bound(rules.min_price, grid.price_decimals, "min_price", "up")
            filters.max_price.value = _to_bound(rules.max_price, grid.price_decimals, "max_price", "down")
            filters.min_notional = notional_at_least(_amount("min_notional", rules.min_notional), grid)
            filters.max_notional = notional_at_least(_amount("max_notional", rules.max_notional), grid)
        self.engine.get().rules(<InstrumentId>instrument, filters, tradable, not reason, t)
        return reason

    def command(self, str kind, int64_t t, str scope="global", int id=0):
        """kind: "no_new" | "active" | "halt"; scope: "global" | "venue" | "pair". A halt is sticky."""
        if scope == "venue":
            _known("venue", id, len(self.venues))
        elif scope == "pair":
            _known("pair", id, self._pairs)
        self.engine.get().command(<CommandKind><int>_COMMANDS[kind], <Scope><int>_SCOPES.index(scope), id, t)

    def id_block(self, uint64_t upto, int64_t t):
        """Trade numbers below `upto` may be used in order ids."""
        self.engine.get().id_block(upto, t)

    def time(self, int64_t t):
        """Heartbeat; fires every timer that is due."""
        self.engine.get().time(t)

    @property
    def next_deadline(self):
        """When `time` should be called next, in ns; 0: no timer is armed."""
        return self.engine.get().next_deadline()

    # Actions.

    cpdef list drain(self):
        """Every action since the last call, in order (arbcore.actions)."""
        cdef list out = []
        cdef CppAction action
        while self.engine.get().pop(action):
            out.append(self._action(action))
        return out

    cdef object _action(self, const CppAction& action):
        cdef const Record* body = &action.body
        cdef int instrument = <int>body.instrument
        if action.kind == ActionKind.place:
            return _actions.Place(self._coid(body.order), instrument, _side(body.side),
                                 self._qty(body.instrument, body.qty), self._price(body.instrument, body.price),
                                 body.trade, body.hedge != 0, action.deadline, action.trigger,
                                 body.reduce_only != 0)
        if action.kind == ActionKind.query:
            return _actions.Query(self._coid(body.order), instrument)
        if action.kind == ActionKind.cancel:
            return _actions.Cancel(self._coid(body.order), instrument)
        if action.kind == ActionKind.resync:
            return _actions.Resync(instrument, (<bytes>stale_reason_name(<StaleReason>action.code)).decode(),
                                   <int>body.ref)
        if action.kind == ActionKind.halt:
            id = <int>body.pair if action.scope == 2 else <int>body.venue
            return _actions.Halt(_SCOPES[action.scope], id, (<bytes>halt_name(<HaltReason>action.code)).decode())
        return _actions.Record(body.seq, body.time, _RECORD_KINDS[<int>body.kind], body.trade, <int>body.pair,
                              self._coid(body.order), instrument, body.index, body.code, _side(body.side),
                              body.hedge != 0, self._price(body.instrument, body.price),
                              self._qty(body.instrument, body.qty), _text(amount_text(body.amount)),
                              _text(amount_text(body.other)), <int>body.asset)

    cdef Grid _instrument_grid(self, int instrument) except *:
        _known("instrument", instrument, len(self.instruments))
        return self.engine.get().instrument(<InstrumentId>instrument).grid

    cdef str _price(self, InstrumentId id, Price price):
        return _text(price_text(price, self.engine.get().instrument(id).grid))

    cdef str _qty(self, InstrumentId id, Qty qty):
        return _text(qty_text(qty, self.engine.get().instrument(id).grid))

    cdef str _coid(self, OrderId id):
        cdef ClientOrderId coid = client_order_id(self.engine.get().config().owner, id)
        return (<bytes>coid.text[:16]).decode("ascii")

    # To look at.

    @property
    def state(self):
        return _STATES[<int>self.engine.get().state()]

    @property
    def open_trades(self):
        return self.engine.get().open_trades()

    @property
    def unresolved_orders(self):
        return self.engine.get().unresolved_orders()

    @property
    def action_hash(self):
        return self.engine.get().action_hash()

    @property
    def state_hash(self):
        return self.engine.get().state_hash()

    def book_state(self, int instrument, connection=None):
        """One of SYNCING, LIVE and STALE: of the active book, or of that connection's."""
        return (<bytes>book_state_name(self._slot(instrument, connection).book.state())).decode().upper()

    cdef const BookSlot* _slot(self, int instrument, object connection) except NULL:
        _known("instrument", instrument, len(self.instruments))
        cdef ConnId conn = self._connection_of(instrument, connection)
        cdef BookSlots slots = self.engine.get().slots(<InstrumentId>instrument)
        cdef size_t i
        for i in range(slots.size()):
            if slots[i].connection == conn:
                return &slots[i]
        raise IndexError(f"connection {connection} does not carry instrument {instrument}")

    def book(self, int instrument, connection=None):
        """{state, reason, bid, ask, recv_ns, id, applied, gaps, joins, stales, heard_ns, best_ns, key} of the
        active book, or of that connection's; bid and ask are [price, qty] texts or None, the freshest best price
        of the connection. `heard_ns` and `best_ns`: when a depth or a best price message last came, whatever
        became of it; `key`: the id that orders the venue's messages across streams."""
        cdef const BookSlot* slot = self._slot(instrument, connection)
        cdef Grid grid = self._instrument_grid(instrument)
        cdef const SyncedBook* book = &slot.book
        cdef Touch touch = slot.touch()
        bid = [_text(price_text(touch.bid.price, grid)), _text(qty_text(touch.bid.qty, grid))] if touch.has_bid else None
        ask = [_text(price_text(touch.ask.price, grid)), _text(qty_text(touch.ask.qty, grid))] if touch.has_ask else None
        return {
            "state": (<bytes>book_state_name(book.state())).decode().upper(),
            "reason": (<bytes>stale_reason_name(book.stale_reason())).decode(),
            "bid": bid,
            "ask": ask,
            "recv_ns": book.last_recv_ns(),
            "id": book.last_id(),
            "applied": book.applied(),
            "gaps": book.gaps(),
            "joins": book.joins(),
            "stales": book.stales(),
            "heard_ns": slot.book_heard,
            "best_ns": slot.best_heard,
            "key": slot.key(),
        }

    def depth(self, int instrument, size_t n, connection=None):
        """(bids, asks), the best n levels of each as [price, qty] texts: of the active book, or of that
        connection's. The depth alone, without the best price laid over it."""
        cdef const BookSlot* slot = self._slot(instrument, connection)
        cdef Grid grid = self._instrument_grid(instrument)
        cdef const CppOrderBook* book = &slot.book.book()
        cdef size_t i
        bids = [_level(book.bids.at(i), grid) for i in range(min(n, book.bids.size()))]
        asks = [_level(book.asks.at(i), grid) for i in range(min(n, book.asks.size()))]
        return bids, asks

    def account(self, int venue, int asset):
        """{opening, flow, reserved, fees} as exact decimal texts."""
        _known("venue", venue, len(self.venues))
        _known("asset", asset, len(self.assets))
        cdef Account account = self.engine.get().ledger().account(<VenueId>venue, <AssetId>asset)
        return {
            "opening": _text(amount_text(account.opening)),
            "flow": _text(amount_text(account.flow)),
            "reserved": _text(amount_text(account.reserved)),
            "fees": _text(amount_text(account.fees)),
        }

    def exposure(self, int asset):
        """(low, high) of the net over all venues, as texts: pending and unknown orders at their worst."""
        _known("asset", asset, len(self.assets))
        cdef Exposure exposure = self.engine.get().ledger().exposure(<AssetId>asset)
        return _text(amount_text(exposure.low)), _text(amount_text(exposure.high))

    def position_of(self, int instrument):
        """(held, low, high) of a perpetual, as texts: pending and unknown orders at their worst."""
        _known("instrument", instrument, len(self.instruments))
        cdef Position position = self.engine.get().ledger().position(<InstrumentId>instrument)
        cdef InstrumentId id = <InstrumentId>instrument
        return self._qty(id, position.total()), self._qty(id, position.low()), self._qty(id, position.high())

    def unpriced_fees(self, int asset):
        """Fees in an asset whose price is not known yet: not part of `realised`."""
        _known("asset", asset, len(self.assets))
        return _text(amount_text(self.engine.get().ledger().unpriced(<AssetId>asset)))

    def dust(self, int pair):
        """What balanced trades left of the base asset, too small to trade."""
        _known("pair", pair, self._pairs)
        return _text(amount_text(self.engine.get().ledger().dust(<PairId>pair)))

    @property
    def realised(self):
        """Profit of balanced trades net of their fees, and fees in other assets and funding as they came, in the
        accounting currency."""
        return _text(amount_text(self.engine.get().ledger().realised()))

    @property
    def stats(self):
        """Counters since the start; each name says what it counts."""
        cdef EngineStats stats = self.engine.get().stats()
        return {
            "frames": stats.frames,
            "slow_updates": stats.slow_updates,
            "tickers": stats.tickers,
            "decides": stats.decides,
            "resyncs": stats.resyncs,
            "switches": stats.switches,
            "trades": stats.trades,
            "balanced": stats.balanced,
            "halted": stats.halted,
            "orders": stats.orders,
            "hedges": stats.hedges,
            "fills": stats.fills,
            "duplicate_fills": stats.duplicate_fills,
            "unknowns": stats.unknowns,
            "fenced": stats.fenced,
            "fence_broken": stats.fence_broken,
            "queries": stats.queries,
            "foreign": stats.foreign,
            "not_sent": stats.not_sent,
            "rejects": stats.rejects,
            "positions_differ": stats.positions_differ,
        }

    @property
    def opportunities(self):
        """{stage: episodes}, cumulative by the furthest stage reached."""
        return {stage: self.engine.get().opportunities().stages[i] for i, stage in enumerate(_STAGES)}

    @property
    def refusals(self):
        """{code: episodes whose first refusal it was}; only codes that occurred."""
        return self._codes(False)

    @property
    def denials(self):
        """{code: refused decisions}; only codes that occurred."""
        return self._codes(True)

    cdef dict _codes(self, bint denials):
        cdef dict out = {}
        cdef size_t i
        cdef uint64_t count
        for i in range(kRefusals):
            count = (self.engine.get().opportunities().denials[i] if denials
                     else self.engine.get().opportunities().refusals[i])
            if count:
                out[(<bytes>refusal_name(<Refusal>i)).decode()] = count
        return out

    # The tape.

    def drain_tape(self):
        """The bytes recorded since the last call."""
        cdef Tape* tape = &self.engine.get().tape()
        cdef ByteSpan pending = tape.pending()
        cdef bytes out = (<const char*>pending.data())[:pending.size()] if pending.size() else b""
        tape.drain()
        return out

    @property
    def tape_dropped(self):
        """Events that found no room: above 0 the tape is torn and does not replay."""
        return self.engine.get().tape().dropped()


def replay_tape(bytes tape not None):
    """Feeds a tape to a fresh engine.

    -> {status, events, actions, action_hash, state_hash, left, books, placed}: `status` is "ok" or why it
    ended before the tape did; `books` lists (time_ns, instrument, state, reason) at every change; `placed`
    lists (trigger_ns, order id, instrument, hedge, state of its book when it was decided on).
    """
    cdef ReplayLog log
    cdef ReplayResult result = replay(ByteSpan(<const uint8_t*><const char*>tape, len(tape)), &log)
    cdef size_t i
    books = []
    for i in range(log.books.size()):
        books.append((log.books[i].time, <int>log.books[i].instrument,
                      (<bytes>book_state_name(log.books[i].state)).decode().upper(),
                      (<bytes>stale_reason_name(log.books[i].reason)).decode()))
    placed = []
    for i in range(log.placed.size()):
        placed.append((log.placed[i].time, <uint64_t>log.placed[i].order, <int>log.placed[i].instrument,
                       log.placed[i].hedge, (<bytes>book_state_name(log.placed[i].book)).decode().upper()))
    return {
        "status": (<bytes>replay_name(result.status)).decode(),
        "events": result.events,
        "actions": result.actions,
        "action_hash": result.action_hash,
        "state_hash": result.state_hash,
        "left": result.left,
        "books": books,
        "placed": placed,
    }
