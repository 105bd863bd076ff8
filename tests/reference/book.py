"""A synced order book in plain Python: SortedDict sides and each venue's continuity rule, one line a rule.

The oracle of `arb::SyncedBook` and `arbcore.OrderBook`; it takes messages of `tests.reference.frames`. Its
waiting list has no bound and it never runs out of room for levels; otherwise each event has the same answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sortedcontainers import SortedDict

from tests.reference.frames import Decoded

MARKETS: Final = ("binance_spot", "binance_usdm", "bybit_spot", "bybit_linear")


def verdict(market: str, last_id: int, sequence: int, bridged: bool, update: Decoded) -> str:
    """What an update means for a book that ends at `last_id`: "apply", "replace", "old" or "gap".

    `bridged` is False while `last_id` is a REST snapshot's and no update has been applied to it.
    """
    if market == "binance_spot":
        if update.last_id <= last_id:
            return "old"
        return "apply" if update.first_id <= last_id + 1 else "gap"
    if market == "binance_usdm":
        previous = update.prev_id
        if not bridged:
            if update.last_id < last_id:
                return "old"
            joins = update.first_id <= last_id or (previous is not None and previous <= last_id)
            return "apply" if joins else "gap"
        if update.last_id <= last_id:
            return "old"
        return "apply" if previous == last_id else "gap"
    if update.kind == "snapshot" or update.last_id == 1:
        return "replace"
    if update.last_id == last_id + 1:
        return "apply"
    return "old" if update.last_id <= last_id and update.sequence <= sequence else "gap"


@dataclass(slots=True)
class ReferenceBook:
    """`bids` and `asks` map price to quantity on the grid, sorted by price; only levels with a quantity."""

    market: str
    bids: SortedDict[int, int] = field(default_factory=SortedDict)
    asks: SortedDict[int, int] = field(default_factory=SortedDict)
    bid_floor: int | None = None  # verified down to here; None: the side is whole
    ask_ceiling: int | None = None
    bid_span: int = 0  # from the touch to the verified depth when the snapshot came
    ask_span: int = 0
    renewing: bool = False  # half of the verified depth is used up: a snapshot is wanted while LIVE
    phase: str = ""  # "down", "waiting", "buffering", "bridging" or "live"
    stale_reason: str | None = None
    last_id: int = 0
    sequence: int = 0
    bridged: bool = False
    waiting: list[Decoded] = field(default_factory=list)
    applied: int = 0
    ignored: int = 0
    buffered: int = 0
    gaps: int = 0

    def __post_init__(self) -> None:
        self.phase = self._before_a_snapshot()

    @property
    def state(self) -> str:
        if self.phase == "live":
            return "LIVE"
        return "SYNCING" if self.stale_reason is None else "STALE"

    def on_update(self, update: Decoded) -> str:
        """A message of the stream: "applied", "ignored", "buffered" or "stale"."""
        if update.kind == "ticker" or (self._joins_by_rest() and update.kind == "snapshot"):
            return "ignored"
        if self.phase == "down":
            return "stale"
        if self.phase == "waiting":
            if verdict(self.market, 0, 0, False, update) == "replace":
                return self._restart(update)
            if self.stale_reason is None:
                self._go_stale("no_snapshot")
            return "stale"
        if self.phase == "buffering":
            return self._wait(update)
        match verdict(self.market, self.last_id, self.sequence, self.bridged, update):
            case "old":
                self.ignored += 1
                return "ignored"
            case "replace":
                return self._restart(update)
            case "gap":
                self.gaps += 1
                self._go_stale("gap")
                if self.phase == "buffering":
                    self._wait(update)  # the snapshot to come may end before it
                return "stale"
        self._apply(update)
        if self._crossed():
            self._go_stale("crossed")
            return "stale"
        self.phase, self.stale_reason = "live", None
        self.renewing = self.renewing or self._depth_low()
        return "applied"

    def on_snapshot(self, snapshot: Decoded, limit: int = 0) -> str:
        """A REST snapshot, asked for with `limit`: "joined", "too_old", "gap" or "ignored"."""
        if self.phase == "bridging":
            if snapshot.last_id <= self.last_id:
                return "ignored"
        elif self.phase == "live" and self.renewing:
            if snapshot.last_id < self.last_id:
                return "too_old"
        elif self.phase != "buffering":
            return "ignored"
        kept = [
            update
            for update in self.waiting
            if verdict(self.market, snapshot.last_id, 0, False, update) != "old"
        ]
        if kept and verdict(self.market, snapshot.last_id, 0, False, kept[0]) == "gap":
            return "too_old"
        self._replace(snapshot, limit)
        self.ignored += len(self.waiting) - len(kept)
        for update in kept:
            self._apply(update)
            if self._crossed():
                self._go_stale("crossed")
                return "gap"
        if self._crossed():
            self._go_stale("crossed")
            return "gap"
        self.waiting.clear()
        self.renewing = False
        self.phase, self.stale_reason = ("live" if kept else "bridging"), None
        return "joined"

    def on_refused(self) -> None:
        """A frame that could not be read: what it carried is missing."""
        if self.phase == "down":
            return
        if self.phase == "buffering" and self.stale_reason is not None:
            self.waiting.clear()
        else:
            self._go_stale("refused")

    def on_connected(self) -> None:
        self.waiting.clear()
        self.renewing = False
        self.phase, self.stale_reason = self._before_a_snapshot(), None

    def on_disconnected(self) -> None:
        self.waiting.clear()
        self.renewing = False
        self.phase, self.stale_reason = "down", "disconnected"

    def levels(self, side: str) -> list[tuple[int, int]]:
        """(price, quantity), the best level first; "bid" or "ask"."""
        return list(reversed(self.bids.items())) if side == "bid" else list(self.asks.items())

    def verified(self, side: str) -> list[tuple[int, int]]:
        """The levels above which none can be missing."""
        if side == "bid":
            return [
                level for level in self.levels(side) if self.bid_floor is None or level[0] >= self.bid_floor
            ]
        return [
            level for level in self.levels(side) if self.ask_ceiling is None or level[0] <= self.ask_ceiling
        ]

    def _joins_by_rest(self) -> bool:
        return self.market.startswith("binance")

    def _before_a_snapshot(self) -> str:
        return "buffering" if self._joins_by_rest() else "waiting"

    def _wait(self, update: Decoded) -> str:
        if self.waiting:
            newest = self.waiting[-1]
            match verdict(self.market, newest.last_id, newest.sequence, True, update):
                case "old":
                    self.ignored += 1
                    return "ignored"
                case "gap":
                    self.gaps += 1
                    self.waiting.clear()
        self.buffered += 1
        self.waiting.append(update)
        return "buffered"

    def _restart(self, snapshot: Decoded) -> str:
        self._replace(snapshot, limit=None)
        self.bridged = True
        if self._crossed():
            self._go_stale("crossed")
            return "stale"
        self.phase, self.stale_reason = "live", None
        return "applied"

    def _replace(self, snapshot: Decoded, limit: int | None) -> None:
        self.bids.clear()
        self.asks.clear()
        _set(self.bids, snapshot.bids)
        _set(self.asks, snapshot.asks)
        whole = (limit is None or len(snapshot.bids) < limit, limit is None or len(snapshot.asks) < limit)
        self.bid_floor = None if whole[0] or not self.bids else self.bids.keys()[0]
        self.ask_ceiling = None if whole[1] or not self.asks else self.asks.keys()[-1]
        self.bid_span = self.bids.keys()[-1] - self.bids.keys()[0] if self.bids else 0
        self.ask_span = self.asks.keys()[-1] - self.asks.keys()[0] if self.asks else 0
        self.last_id, self.sequence, self.bridged = snapshot.last_id, snapshot.sequence, False

    def _apply(self, update: Decoded) -> None:
        _set(self.bids, update.bids)
        _set(self.asks, update.asks)
        self.last_id, self.sequence, self.bridged = update.last_id, update.sequence, True
        self.applied += 1

    def _crossed(self) -> bool:
        return bool(self.bids) and bool(self.asks) and self.bids.keys()[-1] >= self.asks.keys()[0]

    def _depth_low(self) -> bool:
        if self.bid_floor is not None and (
            not self.bids or 2 * (self.bids.keys()[-1] - self.bid_floor) < self.bid_span
        ):
            return True
        return self.ask_ceiling is not None and (
            not self.asks or 2 * (self.ask_ceiling - self.asks.keys()[0]) < self.ask_span
        )

    def _go_stale(self, reason: str) -> None:
        self.waiting.clear()
        self.renewing = False
        self.phase, self.stale_reason = self._before_a_snapshot(), reason


def _set(side: SortedDict[int, int], levels: Iterable[tuple[int, int]]) -> None:
    for price, qty in levels:
        if qty:
            side[price] = qty
        else:
            side.pop(price, None)
