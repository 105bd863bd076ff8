"""Which topics of one connection the venue has confirmed, which it refused, and what to say next.

Pure: it is fed the text frames that are no market data and the time, and hands out the frames to send, no
faster than the venue lets us speak. A refused request is asked again in halves down to the single topic, so
that one bad topic never keeps the others out; an answer that does not come is asked for again under the same
number, which every venue takes for the same subscription.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import orjson

_SECOND_NS = 1_000_000_000
_AGAIN = 50  # topics of one request for what a listing missed: far below every venue's frame size


class TopicState(Enum):
    waiting = "waiting"  # to be asked for
    asked = "asked"
    assumed = "assumed"  # named in the address, for which no venue gives an answer
    confirmed = "confirmed"
    refused = "refused"


@dataclass(slots=True, frozen=True)
class Answer:
    """What a control frame says of one request. `number` "" where the frame names none."""

    number: str
    ok: bool
    message: str = ""
    already: bool = False  # refused because it is subscribed
    topics: frozenset[str] | None = None  # of a listing


class Dialect(Protocol):
    """How one venue subscribes."""

    @property
    def messages_per_s(self) -> int:
        """What we may send a second; 0: no limit."""

    def subscribe(self, number: int, topics: Sequence[str]) -> bytes: ...
    def unsubscribe(self, topics: Sequence[str]) -> bytes:
        """Its answer is not waited for."""

    def list_subscriptions(self, number: int) -> bytes | None:
        """None where the venue cannot be asked."""

    def answer(self, message: Mapping[str, Any]) -> Answer | None:
        """None for what is no answer to a request."""


class ReplyKind(Enum):
    other = "other"  # a pong, an answer to somebody else's frame, anything that changes nothing
    confirmed = "confirmed"
    split = "split"  # a request of several topics was refused, they are asked for in halves
    refused = "refused"  # one topic, for as long as this connection lives
    listed = "listed"  # the answer to a listing; `topics` were missing in it and are asked for again
    error = "error"  # of a frame that is not ours, or unreadable
    shutdown = "shutdown"  # the server goes down: connect anew now


@dataclass(slots=True, frozen=True)
class Reply:
    kind: ReplyKind
    topics: tuple[str, ...] = ()
    message: str = ""


_OTHER = Reply(ReplyKind.other)


@dataclass(slots=True)
class _Request:
    topics: tuple[str, ...]  # () for a listing
    frame: bytes
    first_ns: int
    asked_ns: int
    tries: int = 1


def is_shutdown(message: Mapping[str, Any]) -> bool:
    """{"e":"serverShutdown","E":...}, or the same wrapped as {"stream":"!serverShutdown","data":{...}}."""
    data = message.get("data")
    inner = data if isinstance(data, dict) else message
    return inner.get("e") == "serverShutdown" or message.get("stream") == "!serverShutdown"


class Subscriptions:
    """Made anew for every connection. `in_url`: topics the address names; `batches`: one request each, which
    get the numbers 1, 2, ...; later requests go on from there."""

    def __init__(
        self,
        dialect: Dialect,
        batches: Iterable[Sequence[str]],
        in_url: Iterable[str] = (),
        *,
        timeout_ns: int,
        tries: int = 3,
    ) -> None:
        self._dialect = dialect
        self._timeout_ns = timeout_ns
        self._tries = tries
        self._queue: deque[tuple[str, ...]] = deque(tuple(batch) for batch in batches)
        self._states = dict.fromkeys(in_url, TopicState.assumed)
        for batch in self._queue:
            self._states.update(dict.fromkeys(batch, TopicState.waiting))
        self._leaving: deque[bytes] = deque()  # unsubscribe frames, before everything else
        self._flying: dict[str, _Request] = {}
        self._ended: set[str] = set()
        self._sent_ns: deque[int] = deque()
        self._number = 0
        self.refused: dict[str, str] = {}  # topic -> what the venue said

    def state(self, topic: str) -> TopicState | None:
        """None for a topic that was never wanted here."""
        return self._states.get(topic)

    @property
    def pending(self) -> tuple[str, ...]:
        """Neither confirmed nor refused yet; topics of the address are not among them."""
        return self._in(TopicState.waiting, TopicState.asked)

    @property
    def confirmed(self) -> tuple[str, ...]:
        return self._in(TopicState.confirmed)

    def overdue(self, now_ns: int) -> tuple[str, ...]:
        """Topics that were asked for and not answered in time, however often they were asked for since."""
        return tuple(
            topic
            for request in self._flying.values()
            if now_ns - request.first_ns >= self._timeout_ns
            for topic in request.topics
        )

    @property
    def listing(self) -> bool:
        """A listing was asked for and not answered."""
        return any(not request.topics for request in self._flying.values()) or () in self._queue

    # What to say.

    def frames(self, now_ns: int) -> list[bytes]:
        """What may be sent now; call it when connected, after `hear` and every few 100 ms."""
        result = []
        for request in self._flying.values():
            late = now_ns - request.asked_ns >= self._timeout_ns
            if late and request.tries < self._tries and self._may_speak(now_ns):
                request.tries += 1
                request.asked_ns = now_ns
                result.append(request.frame)
        while self._leaving and self._may_speak(now_ns):
            result.append(self._leaving.popleft())
        while self._queue and self._may_speak(now_ns):
            frame = self._ask(self._queue.popleft(), now_ns)
            if frame is not None:
                result.append(frame)
        return result

    def ask_list(self) -> bool:
        """Queues a listing unless one is under way; False where the venue cannot be asked."""
        if self._dialect.list_subscriptions(0) is None:
            return False
        if not self.listing:
            self._queue.appendleft(())
        return True

    def renew(self, topics: Sequence[str]) -> None:
        """Queues that these are subscribed anew. Through here and not past it: many symbols may need it in
        the same second, and a venue cuts who says too much."""
        wanted = tuple(topic for topic in topics if self._states.get(topic) is not TopicState.refused)
        if wanted:
            self._leaving.append(self._dialect.unsubscribe(wanted))
            self._again(wanted)

    # What was heard.

    def hear(self, text: bytes, now_ns: int) -> Reply:
        """One text frame that is no market data."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return Reply(ReplyKind.error, message=text[:200].decode("utf-8", "replace"))
        if not isinstance(message, dict):
            return _OTHER
        if is_shutdown(message):
            return Reply(ReplyKind.shutdown)
        answer = self._dialect.answer(message)
        if answer is None or answer.number in self._ended:
            return _OTHER
        number = answer.number
        if not number and self._flying:
            # No number: answers come in the order of the requests.
            number = next(iter(self._flying))
        request = self._flying.pop(number, None)
        if request is None:
            return _OTHER if answer.ok else Reply(ReplyKind.error, message=answer.message)
        self._ended.add(number)
        if not request.topics:
            return self._listed(answer)
        if answer.ok or (answer.already and len(request.topics) == 1):
            return self._confirm(request.topics)
        return self._refuse(request.topics, answer.message)

    def _confirm(self, topics: tuple[str, ...]) -> Reply:
        self._states.update(dict.fromkeys(topics, TopicState.confirmed))
        return Reply(ReplyKind.confirmed, topics)

    def _refuse(self, topics: tuple[str, ...], message: str) -> Reply:
        if len(topics) == 1:
            self._states[topics[0]] = TopicState.refused
            self.refused[topics[0]] = message
            return Reply(ReplyKind.refused, topics, message)
        half = (len(topics) + 1) // 2
        self._again(topics[:half], topics[half:])
        return Reply(ReplyKind.split, topics, message)

    def _listed(self, answer: Answer) -> Reply:
        if answer.topics is None:
            return Reply(ReplyKind.error, message=answer.message)
        missing = []
        for topic, state in self._states.items():
            if state is TopicState.refused:
                continue
            if topic in answer.topics:
                self._states[topic] = TopicState.confirmed
            elif state in (TopicState.assumed, TopicState.confirmed):
                missing.append(topic)
        self._again(*(tuple(missing[at : at + _AGAIN]) for at in range(0, len(missing), _AGAIN)))
        return Reply(ReplyKind.listed, tuple(missing))

    def _again(self, *batches: tuple[str, ...]) -> None:
        for batch in batches:
            self._states.update(dict.fromkeys(batch, TopicState.waiting))
        self._queue.extendleft(reversed(batches))

    # Small parts.

    def _ask(self, topics: tuple[str, ...], now_ns: int) -> bytes | None:
        self._number += 1
        make: Callable[[int], bytes | None] = self._dialect.list_subscriptions
        frame = self._dialect.subscribe(self._number, topics) if topics else make(self._number)
        if frame is None:
            return None
        self._flying[str(self._number)] = _Request(topics, frame, now_ns, now_ns)
        self._states.update(dict.fromkeys(topics, TopicState.asked))
        return frame

    def _may_speak(self, now_ns: int) -> bool:
        most = self._dialect.messages_per_s
        if not most:
            return True
        while self._sent_ns and self._sent_ns[0] + _SECOND_NS <= now_ns:
            self._sent_ns.popleft()
        if len(self._sent_ns) >= most:
            return False
        self._sent_ns.append(now_ns)
        return True

    def _in(self, *states: TopicState) -> tuple[str, ...]:
        return tuple(topic for topic, state in self._states.items() if state in states)
