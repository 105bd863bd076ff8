"""Private events on their way: half of them leave before the answer to the request that caused them."""

from collections.abc import Callable, Sequence
from random import Random

import orjson

from arb.simexchange.account import Account
from arb.simexchange.binance_shapes import account_position, execution_report
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.messages import PRIVATE, Message, Outbox
from arb.simexchange.orders import Event
from arb.simexchange.spec import BINANCE, SPOT

Render = Callable[[], list[Message]]


class Announcer:
    """Decides when what happened is told. The messages are made after the answer, which does not wait for
    them, but before anything else can change the account: call `render` before that."""

    def __init__(self, rng: Random) -> None:
        self.outbox = Outbox()
        self._rng = rng
        self._unrendered: list[tuple[Render, int]] = []

    def announce(self, render: Render, now: Instant) -> None:
        delay = 0 if self._rng.random() < 0.5 else self._rng.randrange(200_000, 2 * MILLISECOND_NS)
        self._unrendered.append((render, self.outbox.due_at(now.mono_ns + delay)))

    def is_due(self, now: Instant) -> bool:
        """Must private messages leave before anything else does?"""
        first = self.outbox.next_due_ns
        return bool(self._unrendered and self._unrendered[0][1] <= now.mono_ns) or (
            first is not None and first <= now.mono_ns
        )

    def render(self) -> None:
        for render, due_ns in self._unrendered:
            for message in render():
                self.outbox.put(message, due_ns)
        self._unrendered.clear()


class SpotEvents:
    """Turns what happened on spot into executionReport and outboundAccountPosition."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._execution_id = 8_641_984

    def messages(self, events: Sequence[Event], now: Instant, cancel_id: str) -> list[Message]:
        assets: dict[str, None] = {}
        messages = []
        for event in events:
            self._execution_id += 1
            listing = event.order.listing
            report = execution_report(event, self._execution_id, cancel_id)
            messages.append(_message("order", listing.symbol, report))
            assets |= dict.fromkeys((listing.base, listing.quote))
            if event.fill is not None:
                assets[event.fill.fee_asset] = None
        position = account_position(self._account, list(assets), now.unix_ms)
        messages.append(_message("balance", "", position))
        return messages


def _message(kind: str, symbol: str, event: dict[str, object]) -> Message:
    return Message(BINANCE, SPOT, PRIVATE, kind, symbol, "user", orjson.dumps(event))
