# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False, autotestdict=False
"""The best trade between two books, fees paid."""

cimport cython
from libc.stdint cimport int64_t

from arbcore.book cimport OrderBook
from arbcore.cpp cimport (
    BookState,
    CppEdge,
    EdgeReason,
    EdgeTerms,
    FeeMode,
    Filters,
    Int128,
    Side,
    best_edge as cpp_best_edge,
    edge_reason_name,
    kQtyBound,
)

from arbcore.exact import to_decimal, to_ppm, to_steps

cdef int _PPM_DECIMALS = 6
cdef object _MONEY_BOUND = 1 << 80

# The filters of one leg as keyword arguments: buy_tick, sell_tick, ...
cdef tuple _FILTERS = (
    "tick", "lot", "min_price", "max_price", "min_qty", "max_qty", "min_notional", "max_notional",
)


@cython.final
cdef class Edge:
    """What ``best_edge`` found. Of a refused edge the sizes and profits are 0, the limits None."""

    def __init__(self):
        raise TypeError("an Edge comes from best_edge")

    @property
    def tradable(self):
        return self.reason is None

    def __repr__(self):
        if self.reason is not None:
            return f"<Edge refused: {self.reason}>"
        return f"<Edge {self.size} bought at {self.buy_limit}, sold at {self.sell_limit}: {self.net_profit}>"


cdef int64_t _steps(object value, int decimals, str what) except? -1:
    steps = to_steps(value, decimals, what)
    if not 0 <= steps < kQtyBound:
        raise ValueError(f"{what} is out of range, was {value!r}")
    return steps


cdef Int128 _money(object value, int decimals, str what) except? -1:
    steps = to_steps(value, decimals, what)
    if not -_MONEY_BOUND < steps < _MONEY_BOUND:
        raise ValueError(f"{what} is out of range, was {value!r}")
    return steps


cdef int _read_filters(Filters* out, str leg, dict given, int price, int qty) except -1:
    """Takes the filters of one leg out of the keyword arguments; one step of the grid where none is given."""
    for name in _FILTERS:
        value = given.pop(f"{leg}_{name}", None)
        if value is None:
            continue
        what = f"{leg}_{name}"
        if name == "tick":
            out.tick.value = _steps(value, price, what)
        elif name == "lot":
            out.lot.value = _steps(value, qty, what)
        elif name == "min_price":
            out.min_price.value = _steps(value, price, what)
        elif name == "max_price":
            out.max_price.value = _steps(value, price, what)
        elif name == "min_qty":
            out.min_qty.value = _steps(value, qty, what)
        elif name == "max_qty":
            out.max_qty.value = _steps(value, qty, what)
        elif name == "min_notional":
            out.min_notional.value = _money(value, price + qty, what)
        else:
            out.max_notional.value = _money(value, price + qty, what)
    return 0


def best_edge(
    OrderBook buy_book not None,
    OrderBook sell_book not None,
    *,
    buy_fee_bps,
    sell_fee_bps,
    str fee_mode not None="quote",
    min_edge_bps="0",
    slippage_bps="0",
    cap=None,
    min_profit="0",
    worst_floor="0",
    **filters,
):
    """The best trade that buys on one book and sells on the other.

    Fees are basis points of the taker (str, Decimal or int; rounded up to ppm); ``fee_mode`` says what the
    buy pays its fee in: "quote", or "base", the asset it receives. ``cap`` bounds the quantity bought. Each
    venue's rules are ``buy_`` or ``sell_`` and tick, lot, min_price, max_price, min_qty, max_qty,
    min_notional, max_notional, in the asset's own units; tick and lot are one step of the grid unless given.
    ``slippage_bps`` moves the limits past the deepest level used; ``worst_floor`` is the least worth accepted
    if both legs fill at their limits; ``min_profit`` must be exceeded.

    Returns an Edge whose ``reason`` is None where the trade is worth doing, else says why not: "no_cross",
    "not_live", "below_lot", "below_min_qty", "below_min_notional", "outside_price_band",
    "below_min_profit", "negative_worst_case", "bad_terms" or "overflow". Only verified depth is used.

    Raises TypeError for a float, ValueError for other values that make no sense and for books on two grids.
    """
    cdef EdgeTerms terms
    cdef CppEdge found
    cdef Edge edge
    cdef int price = buy_book.grid.price_decimals
    cdef int qty = buy_book.grid.qty_decimals
    cdef int money = price + qty + _PPM_DECIMALS
    if price != sell_book.grid.price_decimals or qty != sell_book.grid.qty_decimals:
        raise ValueError(f"{buy_book.instrument} and {sell_book.instrument} are on different grids")
    if fee_mode == "base":
        terms.fee_mode = FeeMode.base
    elif fee_mode != "quote":
        raise ValueError(f'fee_mode must be "quote" or "base", was {fee_mode!r}')
    terms.buy_fee.value = to_ppm(buy_fee_bps, "buy_fee_bps", "up")
    terms.sell_fee.value = to_ppm(sell_fee_bps, "sell_fee_bps", "up")
    terms.min_edge.value = to_ppm(min_edge_bps, "min_edge_bps", "up")
    terms.slippage.value = to_ppm(slippage_bps, "slippage_bps", "down")
    if cap is not None:
        terms.cap.value = _steps(cap, qty, "cap")
    terms.min_profit.value = _money(min_profit, price + qty, "min_profit")
    terms.worst_floor.value = _money(worst_floor, price + qty, "worst_floor")
    _read_filters(&terms.buy, "buy", filters, price, qty)
    _read_filters(&terms.sell, "sell", filters, price, qty)
    if filters:
        raise TypeError(f"best_edge() got an unexpected keyword argument {next(iter(filters))!r}")

    edge = Edge.__new__(Edge)
    edge.size = edge.sell_size = edge.dust = edge.optimal = to_decimal(0, qty)
    edge.net_profit = edge.worst_case = edge.optimal_profit = to_decimal(0, money)
    if buy_book.book.state() != BookState.live or sell_book.book.state() != BookState.live:
        edge.reason = "not_live"
        return edge
    found = cpp_best_edge(buy_book.book.book().asks.cursor(), sell_book.book.book().bids.cursor(), terms)
    edge.optimal = to_decimal(found.optimal.value, qty)
    edge.optimal_profit = to_decimal(found.optimal_net_ppm, money)
    if found.reason != EdgeReason.none:
        edge.reason = edge_reason_name(found.reason).decode("ascii")
        edge.leg = "buy" if found.leg == Side.buy else "sell"
        return edge
    edge.size = to_decimal(found.buy_qty.value, qty)
    edge.sell_size = to_decimal(found.sell_qty.value, qty)
    edge.dust = to_decimal(found.dust_ppm, qty + _PPM_DECIMALS)
    edge.net_profit = to_decimal(found.net_ppm, money)
    edge.worst_case = to_decimal(found.worst_ppm, money)
    edge.buy_limit = to_decimal(found.buy_limit.value, price)
    edge.sell_limit = to_decimal(found.sell_limit.value, price)
    edge.levels = found.levels
    return edge
