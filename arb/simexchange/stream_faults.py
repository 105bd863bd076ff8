"""Faults of messages on their way from a venue to its connections, after their ids were assigned."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from arb.simexchange import forge
from arb.simexchange.amounts import ZERO
from arb.simexchange.book import Book
from arb.simexchange.fault_params import BYTES, STREAM
from arb.simexchange.faults import Fault, Faults, FaultState
from arb.simexchange.frames import Mangling
from arb.simexchange.instant import Instant
from arb.simexchange.messages import PUBLIC, Message, Request
from arb.simexchange.spec import BINANCE, BYBIT, SPOT, USDM
from arb.simexchange.world import World

Handler = Callable[[Fault, Message, Instant], list[Message] | None]


class StreamFaults:
    """`filter` is the only way from a venue to its connections; one fault acts on a message, the oldest that
    has something to do with it.

    `world` is needed by the kinds that look at books (crossed, wrong_symbol, old_snapshot, restart).
    """

    def __init__(self, faults: Faults, world: World | None = None) -> None:
        self._faults = faults
        self._world = world
        self._delayed: list[tuple[int, Message]] = []
        self._held: list[tuple[Fault, Message]] = []  # by a stall or a reorder, until these are over
        self._crossings: dict[int, tuple[str, Decimal]] = {}  # by fault: (stream, price of the bid)
        self._handlers: dict[str, Handler] = {
            "drop": self._drop,
            "gap": self._drop,
            "duplicate": self._duplicate,
            "delay": self._delay,
            "reorder": self._reorder,
            "silence": lambda fault, message, now: [],
            "stall": self._stall,
            "wrong_symbol": self._wrong_symbol,
            "crossed": self._crossed,
            "old_snapshot": self._old_snapshot,
            "restart": self._restart,
        }

    def filter(self, messages: Iterable[Message], now: Instant) -> list[Message]:
        """What of `messages` is sent now, and what was held back before and is due."""
        passed = self._released(now)
        live = [fault for fault in self._faults.of(STREAM, BYTES) if self._is_live(fault, now)]
        passed += self._freed()
        if not live:
            return [*passed, *messages]
        for message in messages:
            passed += self._apply(message, live, now)
        return passed

    def _released(self, now: Instant) -> list[Message]:
        due = [message for due_ns, message in self._delayed if due_ns <= now.mono_ns]
        if due:
            self._delayed = [entry for entry in self._delayed if entry[0] > now.mono_ns]
        return due

    def _freed(self) -> list[Message]:
        free = [message for fault, message in self._held if fault.state is FaultState.DONE]
        if free:
            self._held = [entry for entry in self._held if entry[0].state is not FaultState.DONE]
        return free

    def _is_live(self, fault: Fault, now: Instant) -> bool:
        if now.mono_ns < fault.at_ns:
            return False
        if fault.kind in ("silence", "stall"):
            if fault.state is FaultState.ARMED:
                fault.begin(now, fault.duration_ns)
            elif now.mono_ns >= fault.until_ns:
                fault.finish(now)
                return False
        return True

    def _apply(self, message: Message, live: Iterable[Fault], now: Instant) -> list[Message]:
        for fault in live:
            if fault.state is not FaultState.DONE and fault.concerns(message):
                result = self._handlers.get(fault.kind, self._mangle)(fault, message, now)
                if result is not None:
                    return result
        return [message]

    def _drop(self, fault: Fault, message: Message, now: Instant) -> list[Message]:
        fault.fire(now)  # the ids of the message are used up: the next one continues behind them
        return []

    def _duplicate(self, fault: Fault, message: Message, now: Instant) -> list[Message]:
        fault.fire(now)
        return [message, message]

    def _delay(self, fault: Fault, message: Message, now: Instant) -> list[Message]:
        fault.fire(now)
        self._delayed.append((now.mono_ns + fault.duration_ns, message))
        return []

    def _stall(self, fault: Fault, message: Message, now: Instant) -> list[Message]:
        self._held.append((fault, message))
        return []

    def _reorder(self, fault: Fault, message: Message, now: Instant) -> list[Message] | None:
        held = next((entry for entry in self._held if entry[0] is fault), None)
        if held is None:
            self._held.append((fault, message))
            return []
        if held[1].stream != message.stream or held[1].market != message.market:
            return None
        self._held.remove(held)
        fault.fire(now)  # now the later one leaves first
        return [message, held[1]]

    def _mangle(self, fault: Fault, message: Message, now: Instant) -> list[Message]:
        fault.fire(now)
        params = fault.params
        mangling = Mangling(
            fault.kind,
            most=int(fault.number("most")),
            then=str(params.get("then", "more")),
            seed=fault.fault_id * 1_000 + len(fault.fired_ns),
            length=int(params.get("length", 0)),
            pieces=int(params.get("pieces", 2)),
            declared_bytes=int(params.get("declared_bytes", 0)),
            sent_bytes=int(params.get("sent_bytes", 0)),
            text=str(params.get("text", "")),
        )
        return [message._replace(mangling=mangling)]

    def _wrong_symbol(self, fault: Fault, message: Message, now: Instant) -> list[Message] | None:
        if message.kind == "depth" and not _is_diff(message):
            return None
        fault.fire(now)
        symbol = fault.text("as_symbol")
        other = self._books(message).get(symbol)
        extra = forge.relabelled(
            message,
            symbol,
            other or self._book(message),
            listed=other is not None,
            keep_stream=bool(fault.params["keep_stream"]),
        )
        return [extra, message]

    def _crossed(self, fault: Fault, message: Message, now: Instant) -> list[Message] | None:
        if not _is_diff(message):
            return None
        book = self._book(message)
        crossing = self._crossings.get(fault.fault_id)
        if crossing is None:
            ask = book.best(False)
            if ask is None:
                return None
            price = ask[0] + int(fault.number("ticks")) * book.listing.tick
            self._crossings[fault.fault_id] = (_key(message), price)
            left = fault.left - 1
            fault.begin(now, fault.duration_ns)
            fault.left = left
            return [forge.with_bid(message, price, ask[1])]
        if crossing[0] != _key(message) or now.mono_ns < fault.until_ns:
            return None
        del self._crossings[fault.fault_id]
        if fault.left > 0:
            fault.state = FaultState.ARMED
        else:
            fault.finish(now)
        return [forge.with_bid(message, crossing[1], book.bids.get(crossing[1], ZERO))]

    def _old_snapshot(self, fault: Fault, message: Message, now: Instant) -> list[Message] | None:
        if message.venue != BYBIT or fault.text("where") not in ("any", "stream") or not _is_diff(message):
            return None
        feed = self._the_world().bybit.feeds[message.market]
        payload = feed.past_snapshot(message.stream, int(fault.number("steps")), now.unix_ms)
        if payload is None:  # the topic is younger than that
            return None
        fault.fire(now)
        return [message._replace(payload=payload), message]

    def _restart(self, fault: Fault, message: Message, now: Instant) -> list[Message] | None:
        if not _is_diff(message):
            return None
        fault.fire(now)
        feed = self._the_world().bybit.feeds[message.market]
        return [message._replace(payload=feed.restart(message.stream, now.unix_ms))]

    def old_rest(self, request: Request, now: Instant) -> tuple[Fault, str, str] | None:
        """The fault that makes the answer to a depth request an old one, with its market and symbol."""
        place = _DEPTH_PATHS.get(request.path)
        if place is None or request.method != "GET":
            return None
        fields = dict(pair.partition("=")[::2] for pair in request.query.split("&"))
        market, symbol = place[1] or fields.get("category", ""), fields.get("symbol", "")
        fault = self._old(place[0], market, symbol, ("any", "rest"), now)
        return None if fault is None else (fault, market, symbol)

    def old_first(self, market: str, symbol: str, now: Instant) -> Fault | None:
        """The fault that makes the first snapshot of a Bybit subscription an old one."""
        return self._old(BYBIT, market, symbol, ("subscribe",), now)

    def _old(
        self, venue: str, market: str, symbol: str, where: tuple[str, ...], now: Instant
    ) -> Fault | None:
        asked = Message(venue, market, PUBLIC, "depth", symbol, "", b"")
        for fault in self._faults.of(STREAM):
            if (
                fault.kind == "old_snapshot"
                and fault.is_due(now)
                and fault.text("where") in where
                and fault.concerns(asked)
            ):
                return fault
        return None

    def _the_world(self) -> World:
        assert self._world is not None
        return self._world

    def _books(self, message: Message) -> dict[str, Book]:
        return self._the_world().venues[message.venue].books[message.market]

    def _book(self, message: Message) -> Book:
        return self._books(message)[message.symbol]


_DEPTH_PATHS = {
    "/api/v3/depth": (BINANCE, SPOT),
    "/fapi/v1/depth": (BINANCE, USDM),
    "/v5/market/orderbook": (BYBIT, ""),
}


def _key(message: Message) -> str:
    return f"{message.market}:{message.stream}"


def _is_diff(message: Message) -> bool:
    """Does it change a book, and is it no snapshot?"""
    return message.kind == "depth" and b'"type":"snapshot"' not in message.payload[:120]
