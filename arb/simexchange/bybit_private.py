"""What Bybit's private stream says of orders and payments: executions, orders, positions, the wallet."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random

import orjson

from arb.simexchange import bybit_account_shapes as account_shapes
from arb.simexchange import bybit_shapes as shapes
from arb.simexchange.account import Account
from arb.simexchange.book import Book
from arb.simexchange.bybit_account_shapes import Funding
from arb.simexchange.bybit_linear import BybitLinear
from arb.simexchange.instant import Instant
from arb.simexchange.messages import PRIVATE, Message
from arb.simexchange.orders import Event, Order
from arb.simexchange.spec import BYBIT, LINEAR, SPOT, Fees

Json = dict[str, object]


class BybitEvents:
    """Makes the messages of one action at a time. Streams are named by topic and category."""

    def __init__(
        self,
        account: Account,
        books: Mapping[str, Mapping[str, Book]],
        fees: Mapping[str, Fees],
        marks: Callable[[], Mapping[str, Decimal]],
        rng: Random,
    ) -> None:
        self.linear: BybitLinear | None = None
        self._account = account
        self._books = books
        self._fees = fees
        self._marks = marks
        self._rng = rng
        self._count = 0

    def orders(self, events: Sequence[Event], now: Instant) -> list[Message]:
        """Executions and orders, either kind first, then positions and the wallet."""
        last: dict[Order, Event] = {}
        executions: list[Message] = []
        for event in events:
            # The venue prints where an order stands after the action, not each step.
            last[event.order] = event
            if event.fill is not None:
                listing = event.order.listing
                row = self._execution(event)
                executions.append(self._message("execution", listing.market, listing.symbol, row, now))
        messages = []
        for order, event in last.items():
            row = shapes.order(order, event)
            row |= {"category": order.listing.market, "feeCurrency": "", "closedPnl": _closed_profit(order)}
            messages.append(self._message("order", order.listing.market, order.listing.symbol, row, now))
        messages = executions + messages if self._rng.random() < 0.5 else messages + executions
        symbols = {order.listing.symbol: None for order in last if order.listing.market == LINEAR}
        for symbol in symbols:
            messages += self.position(symbol, now)
        messages.append(self.wallet(LINEAR if symbols else SPOT, now))
        return messages

    def funding(self, payment: Funding, now: Instant) -> list[Message]:
        symbol = payment.listing.symbol
        row = account_shapes.funding(payment, self._books[LINEAR][symbol].last_id)
        row |= {"category": LINEAR, "execPnl": "0"}
        execution = self._message("execution", LINEAR, symbol, row, now)
        return [execution, *self.position(symbol, now), self.wallet(LINEAR, now)]

    def position(self, symbol: str, now: Instant) -> list[Message]:
        linear = self.linear
        if linear is None:
            return []
        perpetual, leverage = linear.perpetuals[symbol], linear.margin.leverage[symbol]
        seq = self._books[LINEAR][symbol].last_id
        held = linear.margin.positions[symbol]
        row = account_shapes.position(held, perpetual, leverage, seq, "entryPrice") | {"category": LINEAR}
        return [self._message("position", LINEAR, symbol, row, now)]

    def wallet(self, market: str, now: Instant) -> Message:
        margins = {} if self.linear is None else self.linear.margins()
        row = account_shapes.wallet(self._account, self._marks(), margins)
        return self._message("wallet", market, "", row, now)

    def _execution(self, event: Event) -> Json:
        assert event.fill is not None
        listing, fill = event.order.listing, event.fill
        rate = self._fees[listing.market].maker if fill.is_maker else self._fees[listing.market].taker
        seq = self._books[listing.market][listing.symbol].last_id
        left = event.order.qty - event.filled
        row = shapes.execution(event.order, fill, rate, left, seq)
        return row | {"category": listing.market, "execPnl": f"{fill.realised:f}"}

    def _message(self, topic: str, market: str, symbol: str, row: Json, now: Instant) -> Message:
        self._count += 1
        body = {"topic": topic, "id": f"sim_{self._count}", "creationTime": now.unix_ms, "data": [row]}
        stream = topic if topic == "wallet" else f"{topic}.{market}"
        return Message(BYBIT, market, PRIVATE, topic, symbol, stream, orjson.dumps(body))


def _closed_profit(order: Order) -> str:
    if order.listing.market == SPOT:
        return ""
    return f"{sum((fill.realised for fill in order.fills), Decimal(0)):f}"
