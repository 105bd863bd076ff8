"""Plays one conversation: a registered adapter on fake ports, the file for everything it talks to."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from arb.venues.base import (
    Credentials,
    Failure,
    KeyKind,
    OrderRequest,
    Secret,
    Side,
    TimeInForce,
    VenueFailure,
)
from arb.venues.registry import venue_class
from arb.venues.settings import VenueSettings
from tests.conformance.script import Line, ScriptError, fill_in, missing
from tests.conformance.words import told
from tests.venues.fakes import EventLog, FakeClock, FakeHttp, FakeSocket, FakeSockets

KEY, SECRET = "test_api_key", "test_secret"
URLS = {
    "rest": "http://127.0.0.1:1",
    "sapi": "http://127.0.0.1:1",
    "ws": "ws://127.0.0.1:2",
    "ws_api": "ws://127.0.0.1:3/ws_api",
    "ws_public": "ws://127.0.0.1:4/ws_public",
    "ws_private": "ws://127.0.0.1:5/ws_private",
    "ws_trade": "ws://127.0.0.1:6/ws_trade",
}
_FAILURES = {
    "timeout": (Failure.timeout, True),
    "broken": (Failure.broken, True),
    "unsent": (Failure.connect, False),
}

TIFS = {tif.value for tif in TimeInForce}


class Stage:
    """`play` raises ScriptError at the first line that does not come true."""

    def __init__(self, market: str, symbol: str) -> None:
        self.symbol = symbol
        self.clock = FakeClock()
        self.http = FakeHttp()
        self.sockets = FakeSockets()
        self.events = EventLog()
        self.values: dict[str, str] = {}
        self._frames: dict[int, int] = {}  # frames of a socket the file has seen
        self._seen = 0  # requests the file has seen
        self._market = market
        self._answers: list[str] = []
        self._settings: dict[str, Any] = {}
        self._kind = KeyKind.hmac
        self._secret = SECRET
        self._venue: Any = None
        self._marks: Any = None

    @property
    def venue(self) -> Any:
        if self._venue is None:
            kind, _, market = self._market.partition("_")
            self._venue = venue_class(kind, market)(
                "here",
                URLS,
                self.http,
                self.sockets,
                self.clock,
                self.events,
                Credentials(KEY, Secret(self._secret), self._kind),
                VenueSettings(**self._settings),
                random=lambda: 0.0,
            )
        return self._venue

    def hear(self, name: str, text: str) -> None:
        """A message comes on that socket."""
        self._socket(name).say(text.encode())

    def reply(self, name: str, text: str) -> None:
        """The same, as the answer to the last frame that left there."""
        socket = self._socket(name)
        message = json.loads(text)
        for key in ("id", "reqId"):
            if key in message:
                message[key] = socket.sent[-1][key]
        socket.say(message)

    def take(self) -> list[str]:
        """What was told and answered, and that it is not asked for any more."""
        found = [*map(told, self.events.take()), *self._answers]
        self._answers = []
        return found

    def play(self, lines: Sequence[Line], *, to_the_end: bool = True) -> None:
        speakers: dict[str, Callable[[Line], None]] = {
            "we": self._we,
            ">>": self._request,
            "<<": self._answer,
            "=>": self._sent,
            "<=": self._comes,
            "ok": self._told,
            "..": lambda line: self.clock.advance(float(line.words)),
        }
        for line in lines:
            try:
                if line.speaker != "ok" and self.events.log:
                    raise ScriptError(f"told before: {told(self.events.log[0])}")
                speakers[line.speaker](line)
            except ScriptError as error:
                raise ScriptError(f"{line.where}: {error}") from None
        if to_the_end:
            self._at_the_end(lines)

    def _at_the_end(self, lines: Sequence[Line]) -> None:
        if self.events.log or self._answers:
            rest = [*map(told, self.events.log), *self._answers]
            raise ScriptError(f"{lines[-1].where}: at the end also told: {rest}")
        if len(self.http.requests) > self._seen:
            raise ScriptError(
                f"{lines[-1].where}: at the end also sent: {self.http.requests[self._seen].url}"
            )
        for socket in self.sockets.sockets:
            if unseen := socket.sent[self._frames.get(id(socket), 0) :]:
                raise ScriptError(f"{lines[-1].where}: at the end also sent to {socket.url}: {unseen}")

    # What the session asks.

    def _we(self, line: Line) -> None:
        words = line.words.split()
        verb, rest = words[0], words[1:]
        if verb == "set":  # before anything else: a setting of the adapter
            name, _, value = rest[0].partition("=")
            self._settings[name] = (
                json.loads(value) if value[:1] not in "abcdefghijklmnopqrstuvwxyz" else value
            )
        elif verb == "have" and rest == ["ed25519"]:
            self._kind, self._secret = KeyKind.ed25519, _ed25519_pem()
        elif verb == "place":
            self._place(rest)
        elif verb in ("cancel", "query"):
            refused = getattr(self.venue.orders, verb)(rest[0], self.symbol)
            if refused is not None:
                self._answers.append(f"not sent: {refused.reason}")
        elif verb == "start":
            {
                "private": self.venue.private.start,
                "orders": getattr(self.venue.orders, "start", lambda: None),
            }[rest[0]]()
        elif verb == "stop":
            self.venue.private.stop()
        elif verb == "measure":
            self.venue.measure_clock()
        elif verb == "read":
            self._read(" ".join(rest))
        elif verb == "follow":
            self._marks = self.venue.mark_stream(
                [self.symbol],
                lambda mark: self._answers.append(told(("Mark", mark))),
                lambda is_up, reason: self._answers.append(f"marks {'up' if is_up else 'down'}"),
            )
            self._marks.start()
        elif verb == "subscribe":
            stream = self.venue.market_stream([self.symbol])
            self._answers.append(f"stream {stream.url.partition('127.0.0.1')[2].partition('/')[2]}")
            self._answers += [frame.decode() for frame in stream.frames]
        else:
            raise ScriptError(f"we do not know how to {verb}")

    def _place(self, words: list[str]) -> None:
        coid, side, qty, price, *more = words
        request = OrderRequest(
            coid,
            self.symbol,
            Side(side),
            qty,
            price,
            TimeInForce(next((word for word in more if word in TIFS), "ioc")),
            reduce_only="reduce-only" in more,
        )
        refused = self.venue.orders.place(request)
        if refused is not None:
            self._answers.append(f"not sent: {refused.reason}")

    def _read(self, what: str) -> None:
        venue, note = self.venue, self._note
        questions: dict[str, Callable[[], None]] = {
            "instruments": lambda: venue.instruments([self.symbol], note),
            "balances": lambda: venue.orders.balances(note),
            "open orders": lambda: venue.orders.open_orders(note),
            "fees": lambda: venue.account.fee_rates([self.symbol], note),
            "positions": lambda: venue.account.positions(note),
            "facts": lambda: venue.account.facts([self.symbol], note),
            "rights": lambda: venue.account.key_rights(note),
        }
        if what not in questions:
            raise ScriptError(f"we can read {', '.join(questions)}")
        questions[what]()

    def _note(self, answer: Any) -> None:
        rows = answer if isinstance(answer, list | tuple) else [answer]
        self._answers += [_text(row) for row in rows] or ["none"]

    # What leaves and what comes.

    def _request(self, line: Line) -> None:
        if self._seen >= len(self.http.requests):
            raise ScriptError("no request left")
        request = self.http.requests[self._seen]
        self._seen += 1
        method, path, *wanted = line.words.split()
        url = urlsplit(request.url)
        if (request.method, url.path) != (method, path):
            raise ScriptError(f"left was {request.method} {url.path}")
        found = dict(parse_qsl(url.query, keep_blank_values=True))
        body = (request.body or b"").decode()
        found |= {f"@{name}": value for name, value in request.headers.items()}
        found |= _json_fields(body) if body[:1] == "{" else dict(parse_qsl(body, keep_blank_values=True))
        for pair in wanted:
            name, _, value = pair.partition("=")
            if name.startswith("!"):
                if name[1:] in found:
                    raise ScriptError(f"{name[1:]} should not be there, was {found[name[1:]]!r}")
            elif name not in found or value not in ("*", found[name]):
                raise ScriptError(f"{name}: {value!r} was expected, was {found.get(name)!r}")

    def _answer(self, line: Line) -> None:
        if not self.http.open:
            raise ScriptError("no request is open")
        if line.words in _FAILURES:
            failure, sent = _FAILURES[line.words]
            self.http.fail("", failure, sent=sent)
            return
        status, _, rest = line.words.partition(" ")
        headers: dict[str, str] = {}
        while rest and rest[0] not in "{[<" and "=" in rest.split()[0]:
            pair, _, rest = rest.partition(" ")
            name, _, value = pair.partition("=")
            headers[name] = value
        self.http.answer("", fill_in(rest, self.values).encode(), int(status), headers)

    def _socket(self, name: str) -> FakeSocket:
        """The newest of that name; `name:2` is the second that was opened."""
        name, _, number = name.partition(":")
        found = [
            s for s in self.sockets.sockets if s.url.startswith(URLS.get(name, "?")) or f"/{name}" in s.url
        ]
        if len(found) < int(number or 1):
            raise ScriptError(f"no socket {name} was opened; {[s.url for s in self.sockets.sockets]}")
        return found[int(number or 0) - 1]

    def _sent(self, line: Line) -> None:
        socket = self._socket(line.first)
        if line.rest == "closed":
            if not socket.dead:
                raise ScriptError("the socket was not closed")
            return
        at = self._frames.get(id(socket), 0)
        if at >= len(socket.sent):
            raise ScriptError("no frame left")
        self._frames[id(socket)] = at + 1
        frame = socket.sent[at]
        for name in ("id", "reqId", "req_id"):
            if name in frame:
                self.values["id"] = str(frame[name])
        problem = missing(json.loads(line.rest), frame)
        if problem:
            raise ScriptError(f"{problem}; left was {json.dumps(frame)}")

    def _comes(self, line: Line) -> None:
        socket = self._socket(line.first)
        if line.rest == "open":
            socket.open()
        elif line.rest == "lost":
            socket.end()
        else:
            socket.say(fill_in(line.rest, self.values).encode())

    def _told(self, line: Line) -> None:
        if self._answers:
            found = self._answers.pop(0)
        elif self.events.log:
            found = told(self.events.log.pop(0))
        elif line.words == "nothing":
            return
        else:
            raise ScriptError("nothing was told")
        if not _same(line.words, found):
            raise ScriptError(f"told was: {found}")


def _same(wanted: str, found: str) -> bool:
    """`...` at the end leaves the rest open."""
    if wanted.endswith("..."):
        return found.startswith(wanted[:-3].rstrip())
    return wanted == found


def _text(row: Any) -> str:
    if isinstance(row, VenueFailure):
        return f"failed {row.error_class.value} {row.code}"
    return told((type(row).__name__, row))


def _json_fields(body: str) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in json.loads(body).items()
    }


def _ed25519_pem() -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
