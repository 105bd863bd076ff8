"""Bybit's calls by name with their limits, the same for REST and WebSocket order entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.bybit_account_calls import BybitAccountCalls
from arb.simexchange.bybit_auth import key_facts
from arb.simexchange.bybit_market_calls import BybitMarketCalls
from arb.simexchange.bybit_order_calls import BybitOrderCalls
from arb.simexchange.bybit_orders import Params
from arb.simexchange.instant import Instant
from arb.simexchange.rates import OrderWindow
from arb.simexchange.spec import LINEAR, SPOT

Serve = Callable[[Params, Instant], object]
BATCHES = ("order.create-batch", "order.amend-batch", "order.cancel-batch")


@dataclass(frozen=True, slots=True)
class Call:
    """`spot` and `linear` are requests a second of the account; a call without them is public."""

    serve: Serve
    spot: int = 0
    linear: int = 0

    @property
    def is_public(self) -> bool:
        return not self.spot


class Windows:
    """Counters by call and category, shared by both transports; those of order.create are `orders`."""

    def __init__(self, orders: Mapping[str, OrderWindow]) -> None:
        self._orders = orders
        self._others: dict[tuple[str, str], OrderWindow] = {}

    def of(self, name: str, call: Call, category: str) -> OrderWindow:
        if name == "order.create" and category in self._orders:
            return self._orders[category]
        return self._window(name, category, call.linear if category == LINEAR else call.spot)

    def batch(self, name: str, category: str) -> OrderWindow:
        """Counts the orders of batches, apart from single ones."""
        return self._window(name, category, 20 if category == SPOT and name != "order.amend-batch" else 10)

    def _window(self, name: str, category: str, limit: int) -> OrderWindow:
        return self._others.setdefault((name, category), OrderWindow(limit))


class BybitDesk:
    """`windows` counts what `table` is asked for; `before()` is called ahead of each request."""

    def __init__(
        self, table: Mapping[str, Call], windows: Windows, keys: KeyStore, before: Callable[[], None]
    ) -> None:
        self.calls = table
        self.keys = keys
        self.before = before
        self._windows = windows

    def take(self, name: str, params: Params, now: Instant) -> tuple[OrderWindow, bool]:
        """The counter of a private call, and whether it had room for this one. A batch counts its orders
        itself, as they come, and only looks here."""
        category = str(params.get("category", ""))
        if name in BATCHES:
            return self._windows.batch(name, category), True
        window = self._windows.of(name, self.calls[name], category)
        return window, window.take(now)

    def serve(self, name: str, params: Params, key: ApiKey | None, now: Instant) -> object:
        """What the call gives, else BybitError."""
        if name == "user.query-api" and key is not None:
            return key_facts(key, self.keys.uid, now)
        return self.calls[name].serve(params, now)


def calls(orders: BybitOrderCalls, account: BybitAccountCalls, market: BybitMarketCalls) -> dict[str, Call]:
    create, amend, cancel = orders.create, orders.amend, orders.cancel
    return {
        "market.time": Call(market.time),
        "market.instruments-info": Call(market.instruments),
        "market.orderbook": Call(market.orderbook),
        "market.tickers": Call(market.tickers),
        "market.funding.history": Call(market.funding_history),
        "order.create": Call(create, 20, 10),
        "order.amend": Call(amend, 10, 10),
        "order.cancel": Call(cancel, 20, 10),
        "order.cancel-all": Call(orders.cancel_all, 20, 10),
        "order.create-batch": Call(orders.batch("order.create-batch", create), 20, 10),
        "order.amend-batch": Call(orders.batch("order.amend-batch", amend), 10, 10),
        "order.cancel-batch": Call(orders.batch("order.cancel-batch", cancel), 20, 10),
        "order.realtime": Call(orders.realtime, 50, 50),
        "order.history": Call(orders.history, 50, 50),
        "execution.list": Call(orders.executions, 50, 50),
        "account.wallet-balance": Call(account.wallet, 50, 50),
        "account.info": Call(account.info, 50, 50),
        "account.fee-rate": Call(account.fee_rates, 5, 5),
        "position.list": Call(account.positions, 50, 50),
        "position.set-leverage": Call(account.set_leverage, 10, 10),
        "position.switch-mode": Call(account.switch_mode, 10, 10),
        "user.query-api": Call(lambda params, now: {}, 10, 10),  # by the key, and not by what it asks
        "asset.coin.query-info": Call(account.coin_info, 5, 5),
    }
