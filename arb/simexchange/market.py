"""The seeded market: a common mid a symbol, noise of each venue, dislocations, and ladders that follow.

One seed gives one market, step by step, whatever happens on the sockets. Only + - * / touch the floats, so
that the same seed gives the same steps on every platform (exp, log and gauss may differ in the last bit).
"""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple, Protocol

from arb.simexchange.ladder import Change, Ladder
from arb.simexchange.spec import SPOT, START_PRICES, Listing, MarketSpec

HASHED_STEPS = 200  # `market_hash` stands still after so many steps: two seconds of market


class PricePath(Protocol):
    """The common mid of one symbol, in quote units, at the time of each step."""

    def at(self, elapsed_ns: int) -> float: ...


class BookStep(NamedTuple):
    """What one step does to one book: sizes are absolute, trades hit the side named."""

    listing: Listing
    changes: list[Change]
    trades: list[Change]


class RandomPath:
    """A bounded random walk: pulled back to its start, so that hours later prices are still plausible."""

    def __init__(self, start: float, spec: MarketSpec, rng: Random) -> None:
        self._start = start
        self._value = start
        self._scale = spec.volatility_bp * 1e-4 * 1.7320508  # four uniforms have a spread of 1/sqrt(3)
        self._rng = rng

    def at(self, elapsed_ns: int) -> float:
        draw = self._rng.random
        shock = draw() + draw() + draw() + draw() - 2.0
        pull = (self._start - self._value) / self._start * 2e-5
        self._value *= 1.0 + shock * self._scale + pull
        return self._value


class Dislocations:
    """One symbol's schedule: one venue leaves the common mid for a while, in alternating direction.

    Alternating, so that an account that trades them all keeps its inventory on both venues.
    """

    def __init__(self, venues: Sequence[str], spec: MarketSpec, rng: Random) -> None:
        self._venues = tuple(venues)
        self._spec = spec
        self._rng = rng
        self._sign = 1
        self._until = 0
        self._next = rng.randint(*spec.pause_ms) // spec.step_ms
        self.count = 0
        self.active: tuple[str, float] | None = None  # (venue, offset in bp)

    def step(self, index: int) -> None:
        if self.active is not None:
            if index < self._until:
                return
            self.active = None
            self._next = index + self._rng.randint(*self._spec.pause_ms) // self._spec.step_ms
        elif index >= self._next and len(self._venues) > 1:
            low, high = self._spec.dislocation_bp
            size = low + (high - low) * self._rng.random()
            which = self._rng.randrange(len(self._venues))
            # The first venue up is the same cross as any other venue down.
            sign = self._sign if which == 0 else -self._sign
            self.active = (self._venues[which], size * sign)
            self._sign = -self._sign
            self._until = index + self._rng.randint(*self._spec.dislocation_ms) // self._spec.step_ms
            self.count += 1


class Market:
    """All books of one world, one `step` at a time."""

    def __init__(
        self,
        seed: int,
        listings: Sequence[Listing],
        spec: MarketSpec,
        paths: Mapping[str, PricePath] | None = None,
    ) -> None:
        """`paths` gives recorded paths by base asset; the other symbols walk at random."""
        self.spec = spec
        self.steps = 0
        self._hash = hashlib.sha256()
        self._paths: dict[str, PricePath] = {}
        self._dislocations: dict[tuple[str, bool], Dislocations] = {}  # by base asset and is spot
        self._ladders: dict[str, list[Ladder]] = {}
        self._noise: dict[Listing, float] = {}
        # Apart, so that the spot markets of a seed are the same with and without perpetuals.
        self._noise_rngs = {
            is_spot: Random(f"{seed}:noise" if is_spot else f"{seed}:noise:perpetuals")
            for is_spot in (True, False)
        }
        for base in dict.fromkeys(listing.base for listing in listings):
            own = [listing for listing in listings if listing.base == base]
            path = (paths or {}).get(base)
            start = path.at(0) if path is not None else START_PRICES[base]
            self._paths[base] = path or RandomPath(start, spec, Random(f"{seed}:{base}:path"))
            for is_spot, name in ((True, "dislocations"), (False, "dislocations:perpetuals")):
                venues = [listing.venue for listing in own if (listing.market == SPOT) == is_spot]
                schedule = Dislocations(venues, spec, Random(f"{seed}:{base}:{name}"))
                self._dislocations[base, is_spot] = schedule
            self._ladders[base] = [
                Ladder(listing, spec, start, Random(f"{seed}:{listing.venue}:{listing.market}:{base}"))
                for listing in own
            ]
            self._noise.update(dict.fromkeys(own, 0.0))

    @property
    def market_hash(self) -> str:
        """SHA-256 over the first `min(steps, HASHED_STEPS)` steps."""
        return self._hash.hexdigest()

    @property
    def dislocations(self) -> int:
        """Of the spot markets, by which a run without a config is judged."""
        return sum(schedule.count for (_, is_spot), schedule in self._dislocations.items() if is_spot)

    def step(self) -> list[BookStep]:
        """The next step of every book that changed."""
        result: list[BookStep] = []
        for base, ladders in self._ladders.items():
            mid = self._paths[base].at(self._elapsed_ns())
            for is_spot in (True, False):
                self._dislocations[base, is_spot].step(self.steps)
            for ladder in ladders:
                changes = ladder.step(mid * (1.0 + 1e-4 * self._offset_bp(ladder.listing)))
                if changes:
                    result.append(BookStep(ladder.listing, changes, ladder.trades))
        if self.steps < HASHED_STEPS:
            self._digest(result)
        self.steps += 1
        return result

    def _elapsed_ns(self) -> int:
        return self.steps * self.spec.step_ms * 1_000_000

    def _offset_bp(self, listing: Listing) -> float:
        is_spot = listing.market == SPOT
        noise = self._noise[listing] * 0.95 + (self._noise_rngs[is_spot].random() - 0.5) * self.spec.noise_bp
        self._noise[listing] = noise
        offset = noise if is_spot else noise + self.spec.basis_bp
        active = self._dislocations[listing.base, is_spot].active
        return offset + active[1] if active is not None and active[0] == listing.venue else offset

    def _digest(self, steps: Sequence[BookStep]) -> None:
        flat = array("q", [self.steps])
        for step in steps:
            flat.extend((len(step.changes), len(step.trades)))
            for change in step.changes:
                flat.extend(change)
            for trade in step.trades:
                flat.extend(trade)
            self._hash.update(f"{step.listing.venue}:{step.listing.market}:{step.listing.symbol}".encode())
        self._hash.update(flat.tobytes())
