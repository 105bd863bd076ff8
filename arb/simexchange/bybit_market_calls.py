"""Bybit's calls about the market: time, instruments, book, tickers, funding rates."""

from collections.abc import Mapping, Sequence

from arb.simexchange import bybit_shapes as shapes
from arb.simexchange.amounts import plain
from arb.simexchange.bybit_errors import BybitError, params_error
from arb.simexchange.bybit_feed import BybitFeed
from arb.simexchange.bybit_linear import BybitLinear
from arb.simexchange.bybit_orders import Params
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.spec import LINEAR, SPOT, Listing


class BybitMarketCalls:
    def __init__(
        self, feeds: Mapping[str, BybitFeed], listings: Sequence[Listing], linear: BybitLinear | None
    ) -> None:
        self._feeds = feeds
        self._listings = listings
        self._linear = linear

    def time(self, params: Params, now: Instant) -> object:
        return {"timeSecond": str(now.unix_ns // SECOND_NS), "timeNano": str(now.unix_ns)}

    def instruments(self, params: Params, now: Instant) -> object:
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

    def orderbook(self, params: Params, now: Instant) -> object:
        feed, symbol = self._market(params)
        limit = str(params.get("limit", "1" if params.get("category") == SPOT else "25"))
        if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
            raise params_error("limit invalid")
        return feed.rest_book(symbol, int(limit))

    def tickers(self, params: Params, now: Instant) -> object:
        market = str(params.get("category"))
        if "symbol" in params:
            feed, symbol = self._market(params)
            rows = [feed.rest_ticker(symbol, now)]
        elif market in ("inverse", "option"):
            rows = []
        elif market not in self._feeds:
            raise params_error("category is invalid")
        else:
            own = [listing.symbol for listing in self._listings if listing.market == market]
            rows = [self._feeds[market].rest_ticker(symbol, now) for symbol in own]
        return {"category": market, "list": rows}

    def funding_history(self, params: Params, now: Instant) -> object:
        """Of the intervals that ended here, the latest first."""
        _, symbol = self._market(params)
        settled = [] if self._linear is None else self._linear.settled
        rows = [
            {"symbol": name, "fundingRate": plain(rate), "fundingRateTimestamp": str(stamp)}
            for name, rate, stamp in reversed(settled)
            if name == symbol
        ]
        return {"category": params.get("category"), "list": rows[:200]}

    def _market(self, params: Params) -> tuple[BybitFeed, str]:
        feed = self._feeds.get(str(params.get("category")))
        symbol = str(params.get("symbol", ""))
        if feed is None:
            raise params_error("category is invalid")
        if not feed.knows(f"tickers.{symbol}"):
            raise BybitError(10001, "Not supported symbols")
        return feed, symbol
