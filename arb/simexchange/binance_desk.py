"""One market of Binance as calls by name: weight, rights and work are the same on each transport."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from arb.simexchange import binance_errors as errors
from arb.simexchange.api_keys import ApiKey
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Response
from arb.simexchange.weights import Weights

Params = Mapping[str, str]


class Need(Enum):
    """What a call asks of its key."""

    NOTHING = "nothing"
    KEY = "key"  # the key alone: no signature, no time stamp
    READ = "read"
    TRADE = "trade"


@dataclass(frozen=True, slots=True)
class Call:
    """`run(params, now)` gives what is printed as JSON, or bytes that are JSON already.

    `is_free`: the weight counts only when the call fails. `order` names what it does to an order, for the
    faults of order entry: place, cancel, query.
    """

    run: Callable[[Params, Instant], object]
    weight: int | Callable[[Params], int] = 1
    need: Need = Need.NOTHING
    is_free: bool = False
    order: str = ""

    def cost(self, params: Params) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)


@dataclass(frozen=True, slots=True)
class Reply:
    """A result, an error, or the refusal of a peer that has used up its weight."""

    result: object = None
    error: BinanceError | None = None
    refusal: Response | None = None


class Desk:
    """Serves calls of one market. `may_trade` tells whether a key's rights reach to orders here."""

    def __init__(
        self,
        market: str,
        calls: Mapping[str, Call],
        weights: Weights,
        may_trade: Callable[[ApiKey], bool],
    ) -> None:
        self.market = market
        self.calls = calls
        self.weights = weights
        self._may_trade = may_trade

    def serve(
        self,
        call: Call,
        params: Params,
        peer: str,
        now: Instant,
        identify: Callable[[Need], ApiKey],
    ) -> Reply:
        """`identify` gives the key behind the request, or raises what is wrong with it."""
        cost = call.cost(params)
        refusal = self.weights.take(peer, 0 if call.is_free else cost, now)
        if refusal is not None:
            return Reply(refusal=refusal)
        try:
            if call.need is not Need.NOTHING:
                self._check_rights(call.need, identify(call.need), peer, now)
            return Reply(call.run(params, now))
        except BinanceError as error:
            if call.is_free:
                self.weights.add(peer, cost, now)
            return Reply(error=error)

    def _check_rights(self, need: Need, key: ApiKey, peer: str, now: Instant) -> None:
        if (
            not key.rights.admits(peer, now.arrived_ms)
            or (need is Need.READ and not key.rights.reading)
            or (need is Need.TRADE and not self._may_trade(key))
        ):
            raise errors.not_permitted()
