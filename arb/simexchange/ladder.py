"""One listing's generated ladder in ticks and lots: re-quoted around a moving mid, churned, traded against.

It knows nothing of the orders of the account: what the generator wants the background to look like never
depends on who traded, so that one seed gives one market. Keys are negated for bids, hence the best level is
always first.
"""

from random import Random

from arb.simexchange.sorted_levels import SortedLevels, sorted_ints
from arb.simexchange.spec import Listing, MarketSpec

BID = 0
ASK = 1

# (side, price in ticks, size in lots; 0 deletes)
Change = tuple[int, int, int]


class Ladder:
    """Both sides of one book. `step` returns what changed since the step before."""

    __slots__ = (
        "_changes",
        "_gap",
        "_lots",
        "_mid_ticks",
        "_price_to_ticks",
        "_rng",
        "_sides",
        "_size",
        "_spec",
        "_still",
        "listing",
        "trades",
    )

    def __init__(self, listing: Listing, spec: MarketSpec, price: float, rng: Random) -> None:
        self.listing = listing
        self._spec = spec
        self._rng = rng
        self._sides: tuple[SortedLevels[int, int], SortedLevels[int, int]] = (sorted_ints(), sorted_ints())
        self._price_to_ticks = 1.0 / float(listing.tick)
        self._gap = max(2, round(price * spec.level_gap_bp * 1e-4 * self._price_to_ticks))
        self._still = max(1, self._gap // 5)  # a smaller move of the mid does not move the quotes
        self._lots = 1.0 / (price * float(listing.lot))
        low, high = spec.level_notional
        self._size = (low, high - low)
        self._mid_ticks = 0.0
        self._changes: dict[tuple[int, int], int] = {}
        self.trades: list[Change] = []

    def step(self, mid: float) -> list[Change]:
        """Move to `mid`. `trades` then holds (side of the book hit, ticks, lots) of this step."""
        self._changes.clear()
        self.trades = []
        ticks = mid * self._price_to_ticks
        if abs(ticks - self._mid_ticks) >= self._still:
            self._mid_ticks = ticks
            self._requote(int(ticks))
        draw = self._rng.random()
        if draw < 0.7:
            self._churn(BID if draw < 0.35 else ASK)
        if draw > 0.95:
            self._trade(BID if draw < 0.975 else ASK)
        return [(side, -key if side == BID else key, lots) for (side, key), lots in self._changes.items()]

    def _draw_size(self) -> int:
        draw = self._rng.random()
        return max(1, int((self._size[0] + self._size[1] * draw * draw) * self._lots))

    def _set(self, side: int, key: int, lots: int) -> None:
        self._sides[side][key] = lots
        self._changes[(side, key)] = lots

    def _pop(self, side: int, index: int) -> None:
        key, _ = self._sides[side].popitem(index)
        self._changes[(side, key)] = 0

    def _requote(self, bid: int) -> None:
        ask = bid + self._rng.randint(1, 3)
        self._move(BID, -bid)
        self._move(ASK, ask)

    def _move(self, side: int, top: int) -> None:
        levels = self._sides[side]
        while len(levels) and levels.peekitem(0)[0] < top:  # better than the new best: gone
            self._pop(side, 0)
        if len(levels) and top < levels.peekitem(0)[0] < top + self._gap // 2:  # the old best was re-quoted
            self._pop(side, 0)
        self._set(side, top, self._draw_size())
        behind = levels.peekitem(1)[0] if len(levels) > 1 else top
        key = top
        while behind - key > 2 * self._gap:  # the market jumped away: fill the hole it left
            key += self._draw_gap()
            self._set(side, key, self._draw_size())
        while len(levels) > self._spec.levels:
            self._pop(side, -1)
        key = levels.peekitem(-1)[0]
        while len(levels) < self._spec.levels:
            key += self._draw_gap()
            self._set(side, key, self._draw_size())

    def _draw_gap(self) -> int:
        return self._gap // 2 + 1 + int(self._rng.random() * self._gap)

    def _churn(self, side: int) -> None:
        draw = self._rng.random()
        key, _ = self._sides[side].peekitem(int(draw * draw * draw * len(self._sides[side])))
        self._set(side, key, self._draw_size())

    def _trade(self, side: int) -> None:
        key, lots = self._sides[side].peekitem(0)
        taken = int(lots * self._rng.random() * 0.5)
        if taken > 0:
            self._set(side, key, lots - taken)
            self.trades.append((side, -key if side == BID else key, taken))
