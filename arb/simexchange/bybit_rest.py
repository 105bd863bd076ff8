"""Bybit v5 REST: routes, rate limits and headers. Business errors come under HTTP 200."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import unquote_plus

import orjson

from arb.simexchange import bybit_errors as errors
from arb.simexchange import bybit_shapes as shapes
from arb.simexchange.account import Account
from arb.simexchange.bybit_auth import check
from arb.simexchange.bybit_errors import BybitError, envelope, params_error
from arb.simexchange.bybit_feed import BybitFeed
from arb.simexchange.bybit_orders import BybitOrders, Params
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.messages import Request, Response
from arb.simexchange.orders import Event
from arb.simexchange.rates import RollingSecond
from arb.simexchange.spec import LINEAR, SPOT, Credentials, Fees, Listing

Handler = Callable[[Params, Instant], object]
RECENT = 500  # closed orders that order/realtime still knows


class BybitRest:
    """`announce(events, now)` takes what an order action did, for the private stream."""

    def __init__(
        self,
        orders: BybitOrders,
        account: Account,
        feeds: Mapping[str, BybitFeed],
        listings: list[Listing],
        fees: Fees,
        credentials: Credentials,
        announce: Callable[[list[Event], Instant], None],
        marks: Callable[[], Mapping[str, Decimal]],
    ) -> None:
        self._orders = orders
        self._account = account
        self._feeds = feeds
        self._listings = listings
        self._fees = fees
        self._credentials = credentials
        self._announce = announce
        self._marks = marks
        public: dict[tuple[str, str], Handler] = {
            ("GET", "/v5/market/time"): _time,
            ("GET", "/v5/market/instruments-info"): self._instruments,
            ("GET", "/v5/market/orderbook"): self._orderbook,
            ("GET", "/v5/market/tickers"): self._tickers,
        }
        # with the limit a second of the account
        private: dict[tuple[str, str], tuple[int, Handler]] = {
            ("POST", "/v5/order/create"): (20, self._create),
            ("POST", "/v5/order/cancel"): (20, self._cancel),
            ("POST", "/v5/order/cancel-all"): (20, self._cancel_all),
            ("GET", "/v5/order/realtime"): (50, self._realtime),
            ("GET", "/v5/order/history"): (50, self._history),
            ("GET", "/v5/execution/list"): (50, self._executions),
            ("GET", "/v5/account/wallet-balance"): (50, self._wallet),
            ("GET", "/v5/account/info"): (50, self._info),
            ("GET", "/v5/account/fee-rate"): (5, self._fee_rate),
            ("GET", "/v5/user/query-api"): (10, self._query_api),
        }
        self._public = public
        self._private = {
            route: (RollingSecond(limit), handler) for route, (limit, handler) in private.items()
        }

    def handle(self, request: Request, now: Instant) -> Response:
        route = (request.method, request.path)
        headers: dict[str, str] = {}
        try:
            if route in self._public:
                return envelope(self._public[route](_query(request), now), now.unix_ms)
            if route not in self._private:
                raise BybitError(10017, "Route not found.")
            limit, handler = self._private[route]
            check(request, self._credentials, now.arrived_ms)
            allowed = limit.take(now)
            headers = {
                "X-Bapi-Limit": str(limit.limit),
                "X-Bapi-Limit-Status": str(limit.left),
                "X-Bapi-Limit-Reset-Timestamp": str(now.unix_ms if allowed else now.unix_ms + 1000),
            }
            if not allowed:
                raise BybitError(10006, "Too many visits. Exceeded the API Rate Limit.")
            params = _query(request) if request.method == "GET" else _body(request)
            return envelope(handler(params, now), now.unix_ms, headers=headers)
        except BybitError as error:
            return envelope(error.result, now.unix_ms, error.code, error.msg, headers)

    def _instruments(self, params: Params, now: Instant) -> object:
        category = params.get("category")
        rows = [
            shapes.instrument(listing)
            for listing in self._listings
            if listing.market == category and params.get("symbol", listing.symbol) == listing.symbol
        ]
        if params.get("status", "Trading") != "Trading":
            rows = []
        if category not in (SPOT, LINEAR, "inverse", "option"):
            raise params_error("category is invalid")
        if "symbol" in params and not rows and category == SPOT:
            raise params_error("symbol invalid")
        return {"category": category, "list": rows, "nextPageCursor": ""}

    def _orderbook(self, params: Params, now: Instant) -> object:
        feed, symbol = self._market(params)
        limit = str(params.get("limit", "1" if params.get("category") == SPOT else "25"))
        if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
            raise params_error("limit invalid")
        return feed.rest_book(symbol, int(limit))

    def _tickers(self, params: Params, now: Instant) -> object:
        market = str(params.get("category"))
        if "symbol" in params:
            feed, symbol = self._market(params)
            rows = [feed.rest_ticker(symbol, now)]
        else:
            own = [listing.symbol for listing in self._listings if listing.market == market]
            rows = [self._feeds[market].rest_ticker(symbol, now) for symbol in own]
        return {"category": market, "list": rows}

    def _market(self, params: Params) -> tuple[BybitFeed, str]:
        feed = self._feeds.get(str(params.get("category")))
        symbol = str(params.get("symbol", ""))
        if feed is None:
            raise params_error("category is invalid")
        if not feed.knows(f"tickers.{symbol}"):
            raise BybitError(10001, "Not supported symbols")
        return feed, symbol

    def _create(self, params: Params, now: Instant) -> object:
        order, events = self._orders.create(params, now)
        self._announce(events, now)
        return {"orderId": str(order.order_id), "orderLinkId": order.client_id}

    def _cancel(self, params: Params, now: Instant) -> object:
        order, event = self._orders.cancel(params, now)
        self._announce([event], now)
        return {"orderId": str(order.order_id), "orderLinkId": order.client_id}

    def _cancel_all(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol if params.get("symbol") else None
        rows = []
        for order in self._orders.store.open(symbol):
            one = {"category": SPOT, "symbol": order.listing.symbol, "orderId": str(order.order_id)}
            order, event = self._orders.cancel(one, now)
            self._announce([event], now)
            rows.append({"orderId": str(order.order_id), "orderLinkId": order.client_id})
        return {"list": rows, "success": "1"}

    def _realtime(self, params: Params, now: Instant) -> object:
        """Open orders; with openOnly=1 the recent closed ones; by id both, openOnly is ignored then."""
        symbol = self._optional_symbol(params)
        store = self._orders.store
        if params.get("orderId") or params.get("orderLinkId"):
            order = self._orders.find(params, symbol)
            known = order is not None and (order.status.is_open or store.is_recent(order, RECENT))
            rows = [order] if order is not None and known else []
        elif str(params.get("openOnly", "0")) == "0":
            rows = store.open(symbol)
        else:
            rows = [order for order in store.all(symbol) if not order.status.is_open][-RECENT:]
        return self._page(params, [shapes.order(order) for order in reversed(rows)])

    def _history(self, params: Params, now: Instant) -> object:
        symbol = self._optional_symbol(params)
        if params.get("orderId") or params.get("orderLinkId"):
            order = self._orders.find(params, symbol)
            rows = [order] if order is not None else []
        else:
            rows = [order for order in self._orders.store.all(symbol) if _in_window(params, order.created_ms)]
        rows = [order for order in rows if not order.status.is_open]
        return self._page(params, [shapes.order(order) for order in reversed(rows)])

    def _executions(self, params: Params, now: Instant) -> object:
        symbol = self._optional_symbol(params)
        pairs = [
            (order, fill)
            for order, fill in self._orders.store.fills(symbol)
            if _in_window(params, fill.unix_ms)
            and params.get("orderId", str(order.order_id)) == str(order.order_id)
            and params.get("orderLinkId", order.client_id) == order.client_id
        ]
        pairs.sort(key=lambda pair: pair[1].unix_ms, reverse=True)
        rows = []
        for order, fill in pairs:
            rate = self._fees.maker if fill.is_maker else self._fees.taker
            rows.append(shapes.execution(order, fill, rate, order.left, fill.trade_id))
        return self._page(params, rows, most=100)

    def _page(self, params: Params, rows: list[dict[str, object]], most: int = 50) -> dict[str, object]:
        """`limit` rows from the cursor on; the cursor is an offset, percent-encoded like the real one."""
        limit, cursor = str(params.get("limit", most)), str(params.get("cursor") or "offset:0")
        offset = cursor.rpartition(":")[2]
        if not limit.isdecimal() or not 1 <= int(limit) <= most or not offset.isdecimal():
            raise params_error("limit or cursor invalid")
        start, end = int(offset), int(offset) + int(limit)
        following = f"offset%3A{end}" if end < len(rows) else ""
        return {"nextPageCursor": following, "category": SPOT, "list": rows[start:end]}

    def _wallet(self, params: Params, now: Instant) -> object:
        if params.get("accountType") != "UNIFIED":
            raise params_error("accountType only support UNIFIED.")
        coins = str(params["coin"]).split(",") if params.get("coin") else None
        return {"list": [shapes.wallet(self._account, self._marks(), coins)]}

    def _info(self, params: Params, now: Instant) -> object:
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

    def _fee_rate(self, params: Params, now: Instant) -> object:
        own = [listing.symbol for listing in self._listings if listing.market == SPOT]
        if params.get("category") != SPOT:
            raise params_error("category is invalid")
        if params.get("symbol", own[0]) not in own:
            raise BybitError(*errors.INVALID_SYMBOL)
        names = [str(params["symbol"])] if "symbol" in params else own
        return {"list": [shapes.fee_rate(name, self._fees) for name in names]}

    def _query_api(self, params: Params, now: Instant) -> object:
        rights = {"ContractTrade": [], "Spot": ["SpotTrade"], "Wallet": []}
        return {
            "readOnly": 0,
            "permissions": rights,
            "ips": ["*"],
            "uta": 1,
            "deadlineDay": -2,
            "userID": 24617703,
        }

    def _optional_symbol(self, params: Params) -> str | None:
        if params.get("category") != SPOT:
            raise params_error("Only the category spot has orders here.")
        return self._orders.listing(params).symbol if params.get("symbol") else None


def _time(params: Params, now: Instant) -> object:
    return {"timeSecond": str(now.unix_ns // SECOND_NS), "timeNano": str(now.unix_ns)}


def _query(request: Request) -> Params:
    pairs = (pair.partition("=") for pair in request.query.split("&") if pair)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}


def _body(request: Request) -> Params:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise params_error("the body is no JSON") from None
    if not isinstance(body, dict):
        raise params_error("the body is no JSON object")
    return body


def _in_window(params: Params, stamp_ms: int) -> bool:
    start, end = str(params.get("startTime", 0)), str(params.get("endTime", 1 << 62))
    if not start.isdecimal() or not end.isdecimal():
        raise params_error("startTime or endTime invalid")
    return int(start) <= stamp_ms <= int(end)
