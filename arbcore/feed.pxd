from libc.stdint cimport int64_t, uint64_t
from picows.picows cimport WSFrame, WSListener, WSTransport

from arbcore.engine cimport Engine


cdef class Turn:
    cdef readonly Engine engine
    cdef object _loop
    cdef object _close        # bound once: scheduled by the first event of each turn
    cdef object _on_actions
    cdef list _listeners
    cdef int64_t _stamp_us
    cdef int64_t _used
    cdef int64_t _room        # events a turn takes before it is closed
    cdef bint _open
    cdef bint _handing_over
    cdef bint _more

    cpdef int64_t stamp(self) except -1
    cpdef close(self)
    cpdef fail(self, str what, error)
    cdef int watch(self, MarketListener listener) except -1
    cdef int forget(self, MarketListener listener) except -1
    cdef int _begin(self) except -1
    cdef int _finish(self) except -1
    cdef int _decide(self) except -1
    cdef int _hand_over(self) except -1


cdef class MarketListener(WSListener):
    cdef Turn _turn
    cdef readonly int connection
    cdef object _slow_path
    cdef object _on_text
    cdef object _on_close
    cdef WSTransport _transport
    cdef bint _dead               # ours: picows goes on delivering what it has read
    cdef bint _up
    cdef bint _reported_closing
    cdef readonly int64_t last_frame_ns  # newest message about a book
    cdef readonly uint64_t frames
    cdef readonly uint64_t refused
    cdef readonly str reason

    cpdef drop(self, str reason)
    cdef bint _is_closing(self) noexcept
    cdef int _feed(self, WSFrame frame) except -1
    cdef int _aside(self, slow_path, WSFrame frame) except -1
    cdef int _control(self, WSFrame frame) except -1
