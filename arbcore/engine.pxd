from libc.stdint cimport uint64_t
from libcpp.memory cimport unique_ptr

from arbcore.cpp_engine cimport BookSlot, ConnId, CppAction, CppEngine, Grid, InstrumentId, OrderId, Price, Qty, Side


cdef class Engine:
    cdef unique_ptr[CppEngine] engine
    # The engine knows numbers; the names live here.
    cdef readonly list venues
    cdef readonly list assets
    cdef readonly list instruments  # symbols, by instrument id
    cdef int _pairs
    cdef int _connections

    cpdef list drain(self)
    cdef int _order(self, str coid, OrderId* out) except -1
    cdef object _action(self, const CppAction& action)
    cdef ConnId _connection_of(self, int instrument, object connection) except *
    cdef const BookSlot* _slot(self, int instrument, object connection) except NULL
    cdef Grid _instrument_grid(self, int instrument) except *
    cdef str _price(self, InstrumentId id, Price price)
    cdef str _qty(self, InstrumentId id, Qty qty)
    cdef str _coid(self, OrderId id)
    cdef dict _codes(self, bint denials)
