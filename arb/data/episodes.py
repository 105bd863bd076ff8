"""Opportunities of one direction: buy here, sell there, counted as episodes.

An opportunity lasts from the first moment with a net edge above 0 until the touch no longer crosses after
fees or a book is not LIVE; gaps up to 50 ms are joined. Counting frames instead would make one dislocation of
200 ms many opportunities.
"""

from dataclasses import dataclass
from decimal import Decimal

JOIN_NS = 50_000_000
_FEE_STEPS_PER_BPS = 10**6
_ONE = 10**4 * _FEE_STEPS_PER_BPS


@dataclass(frozen=True, slots=True)
class FeeFactors:
    """What a taker pays and gets per unit of notional, as integers over `10^10`: exact, no float."""

    pays: int
    gets: int

    @classmethod
    def of(cls, fee_bps: Decimal) -> "FeeFactors":
        """Factors of a fee a leg in basis points; ValueError below a millionth of one."""
        steps = fee_bps * _FEE_STEPS_PER_BPS
        if steps != int(steps):
            raise ValueError(f"a fee has at most 6 decimals of a basis point (got {fee_bps})")
        return cls(_ONE + int(steps), _ONE - int(steps))


@dataclass(slots=True)
class Direction:
    """Buy at one book's ask, sell at the other's bid; prices are integers on one common grid."""

    fees: FeeFactors
    opportunities: int = 0
    crossed_ns: int = 0
    _since: int | None = None
    _ended: int | None = None
    _best: tuple[int, int] | None = None  # (net, ask): compared as fractions, divided once at the end

    def see(self, now_ns: int, ask: int, bid: int) -> None:
        """Both tops as they stand from `now_ns` on."""
        net = bid * self.fees.gets - ask * self.fees.pays
        if self._best is None or net * self._best[1] > self._best[0] * ask:
            self._best = (net, ask)
        if net <= 0:
            self.close(now_ns)
        elif self._since is None:
            if self._ended is None or now_ns - self._ended > JOIN_NS:
                self.opportunities += 1
            self._since = now_ns

    def close(self, now_ns: int) -> None:
        """The cross is over: no edge, a book that is not LIVE, or the end of the data."""
        if self._since is not None:
            self.crossed_ns += now_ns - self._since
            self._since, self._ended = None, now_ns

    @property
    def max_edge_bps(self) -> Decimal | None:
        """The best net edge in bps of the buy price, four decimals; below 0 it says how much was missing.

        None where the two books were never LIVE together.
        """
        if self._best is None:
            return None
        net, ask = self._best
        return (Decimal(net) / (Decimal(ask) * _FEE_STEPS_PER_BPS)).quantize(Decimal("0.0001"))
