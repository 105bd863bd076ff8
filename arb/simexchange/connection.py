"""One client's WebSocket on picows: sends what its session answers, cuts who lags, breaks on demand."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol

import picows

from arb.simexchange.frames import CLOSE, FIN, Mangling, frame
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Message

MAX_BEHIND = 1 << 20  # bytes a reader may lag before it is cut: sends must be bounded somewhere
PING_SECONDS = 20.0
PONG_SECONDS = 60.0
GOING_AWAY = 1001


class Session(Protocol):
    """A connection's protocol state without its socket."""

    @property
    def is_private(self) -> bool:
        """Is it for the account, and not for market data?"""

    @property
    def market(self) -> str:
        """Its only market, empty where it has none."""

    @property
    def feeds(self) -> dict[str, None]:
        """The streams it wants now."""

    def answer(self, text: bytes, now: Instant) -> list[bytes]: ...
    def wrap(self, message: Message) -> bytes | None: ...
    def allows(self, now: Instant) -> bool:
        """Count one incoming frame; False when the venue would disconnect for too many."""

    def close(self) -> None: ...


class Owner(Protocol):
    """What a connection needs of its hub."""

    pings: bool
    life_s: float | None

    @property
    def receive(self) -> "Callable[[Connection, bytes, Instant], None] | None":
        """Answers the frames of private connections; None leaves that to their sessions."""

    def clock(self) -> Instant: ...
    def joined(self, connection: "Connection") -> None: ...
    def left(self, connection: "Connection") -> None: ...
    def index(self, connection: "Connection") -> None: ...


class Connection(picows.WSListener):
    """`is_frozen`: neither read nor written, as if the peer were gone. `is_mute`: nothing more is sent."""

    def __init__(self, owner: Owner, session: Session) -> None:
        self.session = session
        self.streams: set[str] = set()
        self.is_frozen = False
        self.is_mute = False
        self._is_over = False
        self._owner = owner
        self._transport: picows.WSTransport | None = None
        self._pongs_due: dict[bytes, asyncio.TimerHandle] = {}  # by the payload of the ping
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._pings = 0

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self._owner.joined(self)
        if self._owner.pings:
            self._later("ping", PING_SECONDS)
        if self._owner.life_s is not None and not self.session.is_private:
            self._later("life", self._owner.life_s)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if self.is_frozen or self._is_over:  # of the same read as one before it; after our CLOSE
            return
        kind = frame.msg_type
        if kind == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
            return
        now = self._owner.clock()
        if not self.session.allows(now):
            self.reset()
            return
        if kind == picows.WSMsgType.TEXT:
            text = frame.get_payload_as_bytes()
            if self.session.is_private and self._owner.receive is not None:
                self._owner.receive(self, text, now)
            else:
                for answer in self.session.answer(text, now):
                    self.send(answer)
            self._owner.index(self)
        elif kind == picows.WSMsgType.PING:
            if not self.is_mute:
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == picows.WSMsgType.PONG:
            self._on_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        for timer in (*self._timers.values(), *self._pongs_due.values()):
            timer.cancel()
        self._owner.left(self)
        self.session.close()

    def send(self, payload: bytes) -> None:
        transport = self._open_transport()
        if transport is not None:
            transport.send(picows.WSMsgType.TEXT, payload)

    def send_mangled(self, mangling: Mangling, payload: bytes) -> None:
        """Bytes of our own, past the frame writer."""
        transport = self._open_transport()
        if transport is None:
            return
        transport.underlying_transport.write(mangling.bytes_for(payload))
        if mangling.then == "silence":
            self.is_mute = True
        elif mangling.then == "close":
            self.is_mute = True
            transport.underlying_transport.close()

    def reset(self) -> None:
        """End with RST: no CLOSE frame, no FIN."""
        if self._transport is None:
            return
        underlying = self._transport.underlying_transport
        raw = underlying.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        underlying.abort()

    def finish(self, code: int = GOING_AWAY) -> None:
        """End in order: CLOSE, then FIN."""
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return
        self._is_over = True
        # As a frame of bytes: the writer knows only the registered codes.
        transport.underlying_transport.write(frame(code.to_bytes(2, "big"), FIN | CLOSE))
        transport.disconnect()

    def freeze(self) -> None:
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.underlying_transport.pause_reading()
            self.is_frozen = True

    def thaw(self) -> None:
        if self._transport is None or not self.is_frozen:
            return
        self.is_frozen = False
        if not self._transport.is_disconnected:
            self._transport.underlying_transport.resume_reading()

    def _open_transport(self) -> picows.WSTransport | None:
        """None for a connection that may not or cannot be written to."""
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return None
        if self.is_frozen or self.is_mute or self._is_over:
            return None
        if transport.underlying_transport.get_write_buffer_size() > MAX_BEHIND:
            self.reset()
            return None
        return transport

    def _later(self, name: str, seconds: float) -> None:
        action = {"ping": self._ping, "life": self.finish}[name]
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, action)

    def _ping(self) -> None:
        assert self._transport is not None
        if not self.is_frozen and not self.is_mute and not self._is_over:
            self._pings += 1
            payload = str(self._pings).encode()
            self._transport.send_ping(payload)
            loop = asyncio.get_running_loop()
            self._pongs_due[payload] = loop.call_later(PONG_SECONDS, self._no_pong)
        self._later("ping", PING_SECONDS)

    def _no_pong(self) -> None:
        if not self.is_frozen:
            self.reset()

    def _on_pong(self, payload: bytes) -> None:
        # Only a pong that repeats a payload keeps the connection; others are allowed but count for nothing.
        while payload in self._pongs_due:
            first = next(iter(self._pongs_due))
            self._pongs_due.pop(first).cancel()
