"""Bybit's calls about the account: wallet, positions, leverage, position mode, fee rates."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from arb.simexchange import bybit_account_shapes as shapes
from arb.simexchange import bybit_errors as errors
from arb.simexchange.account import Account
from arb.simexchange.amounts import parse
from arb.simexchange.book import Book
from arb.simexchange.bybit_errors import BybitError, params_error
from arb.simexchange.bybit_linear import BybitLinear
from arb.simexchange.bybit_orders import Params
from arb.simexchange.bybit_params import Json, page
from arb.simexchange.bybit_shapes import fee_rate
from arb.simexchange.instant import Instant
from arb.simexchange.spec import LINEAR, Fees

MOST_LEVERAGE = 100
ONE_WAY, HEDGE = 0, 3


class BybitAccountCalls:
    """`moved(symbol, now)` is told of positions whose terms changed. `linear` may not be listed."""

    def __init__(
        self,
        account: Account,
        linear: BybitLinear | None,
        books: Mapping[str, Mapping[str, Book]],
        fees: Mapping[str, Fees],
        marks: Callable[[], Mapping[str, Decimal]],
        moved: Callable[[str, Instant], None],
    ) -> None:
        self._account = account
        self._linear = linear
        self._books = books
        self._fees = fees
        self._marks = marks
        self._moved = moved

    def wallet(self, params: Params, now: Instant) -> object:
        if params.get("accountType") != "UNIFIED":
            raise params_error("accountType only support UNIFIED.")
        coins = str(params["coin"]).split(",") if params.get("coin") else None
        margins = {} if self._linear is None else self._linear.margins()
        return {"list": [shapes.wallet(self._account, self._marks(), margins, coins)]}

    def info(self, params: Params, now: Instant) -> object:
        return {
            "marginMode": "REGULAR_MARGIN",
            "updatedTime": str(now.unix_ms),
            "unifiedMarginStatus": 4,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def coin_info(self, params: Params, now: Instant) -> object:
        """Names alone: nothing is deposited or withdrawn here."""
        coins = [name for name in self._account.assets if params.get("coin", name) == name]
        return {"rows": [{"name": name, "coin": name, "remainAmount": "0", "chains": []} for name in coins]}

    def fee_rates(self, params: Params, now: Instant) -> object:
        category = str(params.get("category"))
        if category not in self._books:
            raise params_error("category is invalid")
        own = list(self._books[category])
        if params.get("symbol", own[0]) not in own:
            raise params_error("symbol invalid")
        names = [str(params["symbol"])] if "symbol" in params else own
        return {"list": [fee_rate(name, self._fees[category]) for name in names]}

    def positions(self, params: Params, now: Instant) -> object:
        """Of one symbol also a flat one, of a settle coin those that are held."""
        linear = self._of(params)
        if params.get("symbol"):
            symbols = [self._symbol(params)]
        elif params.get("settleCoin"):
            symbols = [
                symbol
                for symbol, position in linear.margin.positions.items()
                if position.qty and linear.margin.asset_of(symbol) == params["settleCoin"]
            ]
        else:
            raise params_error("symbol or settleCoin is required")
        rows = [row for symbol in symbols for row in self._rows(linear, symbol, now)]
        return page(params, rows, most=200)

    def set_leverage(self, params: Params, now: Instant) -> object:
        margin, symbol = self._of(params).margin, self._symbol(params)
        buy, sell = parse(params.get("buyLeverage")), parse(params.get("sellLeverage"))
        if buy is None or sell is None or buy != sell:  # of one position there is one leverage
            raise params_error("buyLeverage must equal sellLeverage")
        if not 1 <= buy <= MOST_LEVERAGE:
            raise BybitError(*errors.BAD_LEVERAGE)
        if margin.leverage[symbol] == buy:
            raise BybitError(*errors.LEVERAGE_NOT_MODIFIED)
        margin.leverage[symbol] = buy
        self._moved(symbol, now)
        return {}

    def switch_mode(self, params: Params, now: Instant) -> object:
        """`mode` 0 is one-way, 3 hedge, of a symbol or a coin; there is one mode for all of them here."""
        linear = self._of(params)
        if params.get("mode") not in (ONE_WAY, HEDGE):
            raise params_error("mode invalid")
        is_hedge = params["mode"] == HEDGE
        if is_hedge == linear.orders.is_hedge:
            raise BybitError(*errors.MODE_NOT_MODIFIED)
        if any(position.qty for position in linear.margin.positions.values()):
            raise BybitError(*errors.MODE_WITH_POSITION)
        if linear.orders.store.open():
            raise BybitError(*errors.MODE_WITH_ORDERS)
        linear.orders.is_hedge = is_hedge
        return {}

    def _rows(self, linear: BybitLinear, symbol: str, now: Instant) -> list[Json]:
        linear.perpetuals[symbol].refresh(now)
        margin, perpetual = linear.margin, linear.perpetuals[symbol]
        seq = self._books[LINEAR][symbol].last_id
        held, leverage = margin.positions[symbol], margin.leverage[symbol]
        return [
            shapes.position(held, perpetual, leverage, seq, "avgPrice", idx)
            for idx in ((1, 2) if linear.orders.is_hedge else (0,))
        ]

    def _of(self, params: Params) -> BybitLinear:
        if self._linear is None or params.get("category") != LINEAR:
            raise params_error("category is invalid")
        return self._linear

    def _symbol(self, params: Params) -> str:
        symbol = str(params.get("symbol", ""))
        if symbol not in self._books[LINEAR]:
            raise params_error("symbol invalid")
        return symbol
