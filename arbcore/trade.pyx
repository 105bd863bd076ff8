# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""The two-leg trade machine as a pure function over bytes: for model checkers, folds and people who look.

A state is the trade's own bytes, to be compared and used as a key. `step` decides and returns records and
wishes; `apply` is the only thing that changes a state. This is the machine the engine runs, not a copy.
"""

from libc.stdint cimport uint8_t, uint64_t, int64_t
from libc.string cimport memcpy
from libcpp.string cimport string
from libcpp.string_view cimport string_view

from arbcore.cpp_engine cimport (
    Amount, AssetId, DecimalStatus, HaltReason, InstrumentId, OrderId, OrderState, OrderStatus, PairId, Record,
    RecordKind, Side, VenueId, amount_text, halt_name, parse_amount,
)
from arbcore.trade cimport Input, InputKind, Step, Trade, TradeState, WishKind, apply as c_apply, net as c_net, step as c_step

INPUTS = ("sent", "not_sent", "report", "fill", "reject", "ambiguous", "found", "ack_timer", "query_timer",
          "lost_timer", "no_hedge", "hedge_timer", "fenced")
STATUSES = ("none", "ack", "open", "partial", "rejected", "expired", "canceled", "filled")
RECORDS = ("none", "intent", "sent", "report", "fill", "unknown", "resolved", "done", "halt", "adopt")
WISHES = ("place", "query", "ack_timer", "lost_timer", "hedge")
STATES = ("free", "working", "resolving", "balanced", "halted")
ORDER_STATES = ("none", "intent", "sent", "unknown", "resolved")


cdef Amount _amount(object text) except *:
    cdef bytes raw = str(text).encode("ascii", "replace")
    cdef Amount value
    if parse_amount(string_view(<const char*>raw, len(raw)), value) != DecimalStatus.ok:
        raise ValueError(f"{text!r} is not an amount with at most 18 decimals")
    return value


cdef str _text(const Amount& value):
    return amount_text(value).decode("ascii")


cdef bytes _bytes(const Trade& trade):
    return (<const char*>&trade)[:sizeof(Trade)]


cdef Trade _trade(bytes state) except *:
    if len(state) != sizeof(Trade):
        raise ValueError(f"a trade has {sizeof(Trade)} bytes, was {len(state)}")
    cdef Trade trade
    memcpy(&trade, <const char*>state, sizeof(Trade))
    return trade


def begin(*, uint64_t seq, int price_decimals, int qty_decimals, lot, dust_in="0", int max_hedges=1,
          int base=0, int quote=1, int pair=0):
    """An open trade without orders. `lot`: a net below it is dust; amounts as decimal text of the base asset."""
    if not (0 <= price_decimals and 0 <= qty_decimals and price_decimals + qty_decimals <= 18):
        raise ValueError(f"grid of {price_decimals} and {qty_decimals} decimals: together at most 18")
    if not 0 <= max_hedges <= 4:
        raise ValueError(f"max_hedges: 0 to 4, was {max_hedges}")
    cdef Trade trade
    trade.seq = seq
    trade.pair = <PairId>pair
    trade.base = <AssetId>base
    trade.quote = <AssetId>quote
    trade.grid.price_decimals = price_decimals
    trade.grid.qty_decimals = qty_decimals
    trade.state = TradeState.working
    trade.max_hedges = max_hedges
    trade.lot = _amount(lot)
    trade.dust_in = _amount(dust_in)
    return _bytes(trade)


def intend(bytes state, *, str side, int64_t qty, int64_t price, int instrument=0, int venue=0, bint hedge=False,
           int base_fee_ppm=0, reserved="0"):
    """Applies an intent record: the next order of the trade. Grid integers."""
    cdef Trade trade = _trade(state)
    if trade.order_count >= 6:
        raise ValueError("a trade has at most 6 orders")
    cdef Record record
    record.kind = RecordKind.intent
    record.index = trade.order_count
    record.order = <OrderId>(trade.seq << 10 | (<uint64_t>2 << 5 | trade.hedges if hedge else <uint64_t>trade.order_count << 5))
    record.instrument = <InstrumentId>instrument
    record.venue = <VenueId>venue
    record.side = Side.buy if side == "buy" else Side.sell
    record.hedge = hedge
    record.price.value = price
    record.qty.value = qty
    record.amount = _amount(reserved)
    record.ref = base_fee_ppm
    c_apply(trade, record)
    return _bytes(trade)


def step(bytes state, str kind, int index=0, *, str status="none", int code=0, int64_t qty=0, int64_t price=0,
         fee="0", int fee_asset=1, uint64_t ref=0):
    """-> (next state, records, wishes).

    Records are (kind, index, code, qty, price, amount, other), wishes (kind, index); the next state is the
    state after `apply` of every record.
    """
    cdef Trade trade = _trade(state)
    if not 0 <= index < 6:
        raise ValueError(f"index: 0 to 5, was {index}")
    cdef Input event
    event.kind = <InputKind><int>INPUTS.index(kind)
    event.index = index
    event.status = <OrderStatus><int>STATUSES.index(status)
    event.code = code
    event.fee_asset = <AssetId>fee_asset
    event.qty.value = qty
    event.price.value = price
    event.fee = _amount(fee)
    event.ref = ref
    cdef Step decided = c_step(trade, event)
    cdef int i
    records = []
    for i in range(decided.record_count):
        records.append((RECORDS[<int>decided.records[i].kind], decided.records[i].index, decided.records[i].code,
                        decided.records[i].qty.value, decided.records[i].price.value,
                        _text(decided.records[i].amount), _text(decided.records[i].other)))
        c_apply(trade, decided.records[i])
    wishes = [(WISHES[<int>decided.wishes[i].kind], decided.wishes[i].index) for i in range(decided.wish_count)]
    return _bytes(trade), records, wishes


def net(bytes state):
    """The base the trade holds too much or (negative) too little, as decimal text."""
    cdef Trade trade = _trade(state)
    return _text(c_net(trade))


def describe(bytes state):
    """{state, halt, hedges, orders: [{state, status, qty, cum, fills, side, hedge}]}"""
    cdef Trade trade = _trade(state)
    cdef int i
    orders = []
    for i in range(trade.order_count):
        orders.append({
            "state": ORDER_STATES[<int>trade.orders[i].state],
            "status": STATUSES[<int>trade.orders[i].status],
            "qty": trade.orders[i].qty.value,
            "cum": trade.orders[i].cum.value,
            "fills": trade.orders[i].fills.value,
            "side": "buy" if trade.orders[i].side == Side.buy else "sell",
            "hedge": bool(trade.orders[i].hedge),
        })
    return {
        "state": STATES[<int>trade.state],
        "halt": (<bytes>halt_name(trade.halt)).decode(),
        "hedges": trade.hedges,
        "orders": orders,
    }
