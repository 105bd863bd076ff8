"""Watches over one market connection: are its topics confirmed, does every symbol still speak?

Silence is legal for a quiet symbol and fatal for a lost one, so it only makes us ask (arb.venues.liveness).
What is dead is repaired as small as it can be: one symbol is subscribed anew, and when that does not help, a
second connection is wanted beside this one, which the others go on using. It is dropped when all are dead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

from arb.venues.base import HttpDone, HttpPort, MarketStream, Venue, VenueFailure
from arb.venues.liveness import Ask, Dead, Liveness
from arb.venues.rate_budget import Lane
from arb.venues.subscriptions import Reply, ReplyKind
from arbcore.engine import Engine

log = logging.getLogger("arb.feed")

_RESUBSCRIBE_TRIES = 2  # of one symbol on one connection; then the connection may be to blame


class Vigil:
    """Made with each connection. `instruments`: ccxt symbol -> engine id; `send` puts a text frame on the
    connection, `drop(reason)` ends it, `replace()` asks, once, for another one that takes over when LIVE."""

    def __init__(
        self,
        venue: Venue,
        stream: MarketStream,
        instruments: Mapping[str, int],
        engine: Engine,
        connection: int,
        http: HttpPort,
        *,
        send: Callable[[bytes], bool],
        drop: Callable[[str], None],
        replace: Callable[[], None],
    ) -> None:
        self._venue = venue
        self._instruments = instruments
        self._engine = engine
        self._connection = connection
        self._http = http
        self._send = send
        self._drop = drop
        self._replace = replace
        self._replacing = False
        self._began_ns = 0
        self._topics = stream.topics
        self._subscriptions = venue.subscriptions(stream)
        self._liveness = Liveness(venue.liveness_rules, instruments, 0)
        self._tries: dict[str, int] = {}  # of symbols that were not heard since they were subscribed anew
        self._renewed_ns: dict[str, int] = {}
        self._ended = False

    @property
    def refused(self) -> Mapping[str, str]:
        """Topic -> what the venue said of it."""
        return self._subscriptions.refused

    def begin(self, now_ns: int) -> None:
        """The connection stands: subscribes, and counts from here."""
        self._began_ns = now_ns
        self._liveness = Liveness(self._venue.liveness_rules, self._instruments, now_ns)
        self.speak(now_ns)

    def speak(self, now_ns: int) -> None:
        """Sends what may be sent now of what is to be said."""
        for frame in self._subscriptions.frames(now_ns):
            self._send(frame)

    def hear(self, text: bytes, now_ns: int) -> Reply:
        """A text frame that is no book message."""
        reply = self._subscriptions.hear(text, now_ns)
        if reply.kind is ReplyKind.listed:
            missing = set(reply.topics)
            present = [symbol for symbol, topics in self._topics.items() if not missing & set(topics)]
            self._liveness.listed(present, now_ns)
        if reply.kind in (ReplyKind.split, ReplyKind.listed):
            self.speak(now_ns)
        return reply

    def look(self, now_ns: int) -> None:
        """Called every few 100 ms while the connection is open."""
        for symbol, instrument in self._instruments.items():
            book = self._engine.book(instrument, self._connection)
            if book["heard_ns"] > self._began_ns:
                self._liveness.frame_seen(symbol, book["heard_ns"])
                if book["heard_ns"] > self._renewed_ns.get(symbol, 0):
                    self._tries.pop(symbol, None)
            if book["best_ns"] > self._began_ns:
                self._liveness.best_seen(symbol, book["best_ns"])
        self.speak(now_ns)
        verdict = self._liveness.look(now_ns)
        if isinstance(verdict, Ask):
            if verdict.listing and self._subscriptions.ask_list():
                self.speak(now_ns)
            for symbol in verdict.rest:
                self._probe(symbol, now_ns)
        elif isinstance(verdict, Dead):
            self._bury(verdict, now_ns)

    def end(self) -> None:
        """Answers that still come are not used."""
        self._ended = True

    def _probe(self, symbol: str, now_ns: int) -> None:
        request = self._venue.probe_request(symbol)
        if self._venue.budget.take(request.weight, now_ns, Lane.background) is not None:
            self._liveness.rest_failed(symbol, now_ns)
            return
        self._http.start(request, partial(self._probed, symbol, now_ns))

    def _probed(self, symbol: str, asked_ns: int, done: HttpDone) -> None:
        answer = self._venue.probe_answer(done)
        if self._ended:
            return
        if isinstance(answer, VenueFailure):
            self._liveness.rest_failed(symbol, asked_ns)
            return
        instrument = self._instruments[symbol]
        book = self._engine.book(instrument, self._connection)
        # The ladder's own best: the best price laid over it comes by another stream, which may well be alive.
        bids, asks = self._engine.depth(instrument, 1, self._connection)
        same = _level(answer.bid) == _level(next(iter(bids), None))
        same = same and _level(answer.ask) == _level(next(iter(asks), None))
        key = book["key"] if book["state"] == "LIVE" else 0
        # Judged as of the question: what came since is newer than the answer anyway.
        self._liveness.rest_answered(symbol, answer.id, key, asked_ns, same_touch=same)

    def _bury(self, dead: Dead, now_ns: int) -> None:
        refused = set(self.refused)
        symbols = [symbol for symbol in dead.symbols if not refused & set(self._topics.get(symbol, ()))]
        for symbol in set(dead.symbols) - set(symbols):
            # The venue said why it is silent; a new connection helps nothing.
            self._liveness.restart(symbol, now_ns)
        if not symbols:
            return
        for symbol in symbols:
            self._tries[symbol] = self._tries.get(symbol, 0) + 1
        able = [symbol for symbol in self._instruments if not refused & set(self._topics.get(symbol, ()))]
        if (dead.connection and len(symbols) == len(dead.symbols)) or self._tries.keys() >= set(able):
            self._drop(dead.reason)
            return
        for symbol in symbols:
            if self._tries[symbol] > _RESUBSCRIBE_TRIES and not self._replacing:
                log.error("%s %s stays dead, a second connection is tried", self._venue.name, symbol)
                self._replacing = True
                self._replace()
            log.warning("%s %s is dead (%s), subscribed anew", self._venue.name, symbol, dead.reason)
            self._subscriptions.renew(self._topics[symbol])
            self._renewed_ns[symbol] = now_ns
            self._liveness.restart(symbol, now_ns)
        self.speak(now_ns)


def _level(level: list[str] | tuple[str, str] | None) -> tuple[float, ...] | None:
    """Texts differ in trailing zeros only; floats tell two such texts apart well enough for a watchdog."""
    return None if level is None else tuple(float(text) for text in level)
