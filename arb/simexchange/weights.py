"""Request weight per IP, as Binance counts it: fixed minutes, 429 over the limit, 418 for who goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import SECOND_NS, Instant
from arb.simexchange.messages import Response
from arb.simexchange.rates import FixedWindow
from arb.simexchange.spec import SPOT, USDM

WEIGHT_LIMITS: Mapping[str, int] = {SPOT: 6_000, USDM: 2_400}


@dataclass(slots=True)
class _Peer:
    used: FixedWindow = field(default_factory=lambda: FixedWindow(60))
    strikes: int = 0  # requests refused with 429 in a row
    banned_until_ns: int = 0


class Weights:
    """The pool of one market. `limit`, `ban_after` (refusals that lead to a ban) and `ban_seconds` may be
    set at any time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.ban_after = 10
        self.ban_seconds = 120
        self.refused = 0  # answers 429 and 418 so far
        self._peers: dict[str, _Peer] = {}

    def take(self, peer: str, cost: int, now: Instant) -> Response | None:
        """Count a request; the refusal where it is one too many."""
        entry = self._peers.setdefault(peer, _Peer())
        if now.mono_ns < entry.banned_until_ns:
            return self._ban(entry, now)
        entry.used.add(now, cost)
        if entry.used.count(now) <= self.limit:
            entry.strikes = 0
            return None
        entry.strikes += 1
        if entry.strikes > self.ban_after:
            entry.strikes = 0
            entry.banned_until_ns = now.mono_ns + self.ban_seconds * SECOND_NS
            return self._ban(entry, now)
        self.refused += 1
        text = (
            f"Too much request weight used; current limit is {self.limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return self._answer(429, text, entry.used.seconds_left(now), self.used(peer, now))

    def add(self, peer: str, cost: int, now: Instant) -> None:
        """Weight that is known only afterwards: that of a refused order."""
        self._peers.setdefault(peer, _Peer()).used.add(now, cost)

    def used(self, peer: str, now: Instant) -> int:
        entry = self._peers.get(peer)
        return entry.used.count(now) if entry else 0

    def as_json(self, now: Instant) -> dict[str, object]:
        return {
            "limit": self.limit,
            "ban_after": self.ban_after,
            "ban_seconds": self.ban_seconds,
            "refused": self.refused,
            "used": {peer: entry.used.count(now) for peer, entry in self._peers.items()},
            "banned": [peer for peer, entry in self._peers.items() if now.mono_ns < entry.banned_until_ns],
        }

    def forgive(self) -> None:
        """Forget what was used and who is banned."""
        self._peers.clear()

    def _ban(self, entry: _Peer, now: Instant) -> Response:
        self.refused += 1
        left_ns = entry.banned_until_ns - now.mono_ns
        until_ms = now.plus(left_ns).unix_ms
        text = (
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return self._answer(418, text, -(-left_ns // SECOND_NS), entry.used.count(now))

    def _answer(self, status: int, text: str, retry_after: int, used: int) -> Response:
        headers = {"Retry-After": str(retry_after), "X-MBX-USED-WEIGHT-1M": str(used)}
        return Response(status, BinanceError(-1003, text, status).body(), headers)
