"""What venues take and give, free of any transport: requests, responses, stream messages, subscriptions."""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from arb.simexchange.frames import Mangling

PUBLIC = "public"
PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came: query and body are the exact text, for signatures cover the bytes.

    `headers` is case-insensitive.
    """

    method: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]
    peer: str = "127.0.0.1"  # the address it came from: limits are per IP


class Ending(Enum):
    """What becomes of an answer on its way; whoever has the connection carries it out."""

    SENT = "sent"
    NEVER = "none"  # nothing comes, the connection stays
    RESET = "reset"  # RST
    CLOSE = "close"  # FIN
    HALF = "half"  # a half of it, then FIN


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.SENT


class Message(NamedTuple):
    """One stream message with its ids. Faults select by `kind`: depth, ticker, trade, order, ...

    `stream` is unique on the venue; behind a "#" is the number of the window cut, no part of the name.
    `mangling` says that the frame writer is passed by, `shown` that readers see another stream name.
    """

    venue: str
    market: str
    channel: str  # public | private
    kind: str
    symbol: str
    stream: str
    payload: bytes
    mangling: Mangling | None = None
    shown: str = ""

    @property
    def name(self) -> str:
        """The stream's name as readers see it."""
        return self.shown or self.stream.partition("#")[0]


class Subscriptions:
    """How many connections want each stream: what nobody wants is not encoded.

    `cut` are those with a "#": whoever feeds them makes and drops what a window cut of its own needs.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.cut: dict[str, None] = {}

    def add(self, stream: str) -> None:
        self._counts[stream] += 1
        if "#" in stream:
            self.cut[stream] = None

    def remove(self, stream: str) -> None:
        self._counts[stream] -= 1
        if self._counts[stream] <= 0:
            del self._counts[stream]
            self.cut.pop(stream, None)

    def __contains__(self, stream: str) -> bool:
        return stream in self._counts


class Outbox:
    """Private messages on their way: each is due some time after its cause, never before an earlier one."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Message]] = []
        self._count = 0
        self._latest_ns = 0

    def put(self, message: Message, due_ns: int) -> None:
        self._latest_ns = max(self._latest_ns, due_ns)
        self._count += 1
        heapq.heappush(self._heap, (self._latest_ns, self._count, message))

    def due_at(self, due_ns: int) -> int:
        """When a message caused now really leaves, if it is due at `due_ns`."""
        self._latest_ns = max(self._latest_ns, due_ns)
        return self._latest_ns

    @property
    def next_due_ns(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def take(self, now_ns: int) -> list[Message]:
        due: list[Message] = []
        while self._heap and self._heap[0][0] <= now_ns:
            due.append(heapq.heappop(self._heap)[2])
        return due
