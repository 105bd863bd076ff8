# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""From picows' read buffer straight into the engine: no Python object stands between.

Turn stamps: all that happens within one turn of the event loop shares a stamp of whole microseconds, and its
k-th event is recorded at stamp + k ns. So the times alone order all events, and a group of equal
microseconds is a turn: a replay needs no knowledge of bursts.

Errors: what must not happen (an exception behind a callback) halts the engine, which then takes no new risk,
and goes to the loop's exception handler. It never ends in silence and never leaves a turn open.
"""

cimport cython
from libc.stdint cimport int64_t, uint64_t
from picows.picows cimport WSFrame, WSListener, WSMsgType, WSTransport
from posix.time cimport clock_gettime, timespec
from posix.types cimport clockid_t

from arbcore.cpp_engine cimport CommandKind, ConnId, FrameResult, Scope, Status, StreamKind
from arbcore.engine cimport Engine

cdef extern from *:
    """
    #include <time.h>
    #ifdef __APPLE__
    // The clock of Python's time.monotonic; CLOCK_MONOTONIC goes on there while the machine sleeps.
    #define ARB_MONOTONIC CLOCK_UPTIME_RAW
    #else
    #define ARB_MONOTONIC CLOCK_MONOTONIC
    #endif
    """
    const clockid_t ARB_MONOTONIC

cdef enum:
    PER_TURN = 1000  # nanoseconds between two stamps: more events than that close the turn


cdef inline int64_t _monotonic_us() noexcept:
    cdef timespec now
    clock_gettime(ARB_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1_000_000 + now.tv_nsec // 1000


@cython.final
cdef class Turn:
    """The engine's time and the end of each turn of the loop.

    `on_actions(list)` gets what the engine wants, at most once a turn and only when there is something.
    """

    def __cinit__(self, Engine engine not None, loop, on_actions):
        self.engine = engine
        self._loop = loop
        self._on_actions = on_actions
        self._close = self.close
        self._listeners = []
        self._room = PER_TURN - 1

    cpdef int64_t stamp(self) except -1:
        """The time of an event that enters now, in ns; opens a turn where none is open."""
        if self._open and self._used >= self._room:
            self._finish()
        if not self._open:
            self._begin()
        cdef int64_t t = self._stamp_us * 1000 + self._used
        self._used += 1
        return t

    cdef int _begin(self) except -1:
        # The one Python call between a frame and the touch compare, once a turn. Scheduled from inside a
        # read callback, it runs before the next poll's frames.
        self._loop.call_soon(self._close)
        cdef int64_t now = _monotonic_us()
        self._stamp_us = now if now > self._stamp_us else self._stamp_us + 1
        self._used = 0
        self._open = True
        return 0

    cpdef close(self):
        """Ends the turn: decides if a touch crossed, then hands the actions over."""
        if self._open:
            self._finish()

    cdef int _finish(self) except -1:
        self._open = False
        try:
            self._decide()
            self._hand_over()
        except Exception as error:
            self.fail("the end of a turn failed; what was decided may not have been carried out", error)
        return 0

    cdef int _decide(self) except -1:
        cdef MarketListener listener
        if not self.engine.engine.get().wants_decide():
            return 0
        # A connection in doubt is asked before a decision: after a protocol error the CLOSE is sent at
        # once, but `on_ws_disconnected` comes 10 ms later.
        for listener in self._listeners:
            if listener._reported_closing or not listener._is_closing():
                continue
            listener._reported_closing = True
            self.engine.engine.get().stream(
                StreamKind.closing, <unsigned short>listener.connection, True, self._stamp_us * 1000 + self._used)
            self._used += 1
        self.engine.engine.get().decide(self._stamp_us * 1000 + self._used)
        self._used += 1
        return 0

    cdef int _hand_over(self) except -1:
        cdef list actions
        if self._handing_over:  # a full turn closed inside `on_actions`: these come after the ones in hand
            self._more = True
            return 0
        self._handing_over = True
        try:
            self._more = True
            while self._more:
                self._more = False
                actions = self.engine.drain()
                if actions:
                    self._on_actions(actions)
        finally:
            self._handing_over = False
        return 0

    cpdef fail(self, str what, error):
        """Something went wrong that nothing here knows how to mend: halts, and tells the loop's handler."""
        self.engine.engine.get().command(CommandKind.halt, <Scope>0, 0, self.stamp())
        self._loop.call_exception_handler({"message": what, "exception": error})

    cdef int watch(self, MarketListener listener) except -1:
        self._listeners.append(listener)
        # `decide` and one closing flag a connection find room within the turn.
        self._room = PER_TURN - 1 - len(self._listeners)
        return 0

    cdef int forget(self, MarketListener listener) except -1:
        if listener in self._listeners:
            self._listeners.remove(listener)
        self._room = PER_TURN - 1 - len(self._listeners)
        return 0


@cython.final
cdef class MarketListener(WSListener):
    """One market connection.

    `slow_path(connection, payload)` reads what the core refused and feeds it itself (arb.live.slow_path);
    `on_text(payload)` gets frames that are no book message (acks, errors, pongs); `on_close(reason)` comes
    once for a connection that was made. Compressed, fragmented and binary frames end the connection: picows
    delivers them as they are.
    """

    def __init__(self, Turn turn not None, int connection, slow_path, on_text, on_close):
        self._turn = turn
        self.connection = connection
        self._slow_path = slow_path
        self._on_text = on_text
        self._on_close = on_close
        self.reason = ""

    cdef bint _is_closing(self) noexcept:
        return self._dead or self._transport is None or self._transport.is_close_frame_sent or \
            self._transport.is_disconnected

    @property
    def closing(self):
        return self._is_closing()

    @property
    def up(self):
        """The engine was told of this connection, and not yet of its end."""
        return self._up

    def send(self, bytes text not None):
        """False: nothing left."""
        if self._is_closing():
            return False
        self._transport.send(WSMsgType.TEXT, text)
        return True

    cpdef drop(self, str reason):
        """Ends the connection at once; frames of the same read that still come are not used."""
        if not self.reason:
            self.reason = reason
        if self._dead:
            return
        self._dead = True
        if self._transport is not None:
            # The graceful way waits for the peer, for ever if it does not read.
            self._transport.disconnect(False)

    cpdef on_ws_connected(self, WSTransport transport):
        if self._dead:  # dropped while the handshake was under way
            transport.disconnect(False)
            return
        self._transport = transport
        cdef int64_t t = self._turn.stamp()
        self.last_frame_ns = t
        self._turn.watch(self)
        self._up = True
        self._turn.engine.engine.get().conn_up(<ConnId>self.connection, t)

    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame):
        if self._dead:
            return
        if frame.msg_type == WSMsgType.TEXT and frame.fin and not frame.rsv1:
            self._feed(frame)
        else:
            self._control(frame)

    cdef int _feed(self, WSFrame frame) except -1:
        cdef int64_t t = self._turn.stamp()
        self.frames += 1
        cdef FrameResult result = self._turn.engine.engine.get().frame(
            <ConnId>self.connection, frame.payload_ptr, <size_t>frame.payload_size, t)
        if result == FrameResult.refused:
            self.refused += 1
            self.last_frame_ns = t
            self._aside(self._slow_path, frame)
        elif result == FrameResult.ignored and \
                self._turn.engine.engine.get().last_decoded().status == Status.ignored:
            self._aside(None, frame)  # the answer to a ping proves the peer, not the data: no frame of the feed
        else:
            self.last_frame_ns = t
        return 0

    # Off the common way: refused frames and messages that are not about books.
    cdef int _aside(self, slow_path, WSFrame frame) except -1:
        try:
            if slow_path is not None:
                slow_path(self.connection, frame.get_payload_as_bytes())
            else:
                self._on_text(frame.get_payload_as_bytes())
        except Exception as error:
            # The frame is lost, so no book of this connection is proven any more.
            self._turn.engine.engine.get().refused(<ConnId>self.connection, NULL, self._turn.stamp())
            self.drop(f"internal error: {type(error).__name__}: {error}")
            self._turn.fail("a market frame could not be handled", error)
        return 0

    cdef int _control(self, WSFrame frame) except -1:
        if frame.msg_type == WSMsgType.CLOSE:
            self.drop(f"closed by the venue ({<int>frame.get_close_code()})")
        elif frame.msg_type != WSMsgType.PING and frame.msg_type != WSMsgType.PONG:
            self.drop("the venue sent a compressed, fragmented or binary frame")
        return 0

    cpdef on_ws_disconnected(self, WSTransport transport):
        self._dead = True
        self._turn.forget(self)
        try:
            if self._up:
                self._up = False
                self._turn.engine.engine.get().conn_down(<ConnId>self.connection, self._turn.stamp())
        finally:
            self._on_close(self.reason or "connection lost")
