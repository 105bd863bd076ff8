from libc.stdint cimport int64_t, uint32_t


cdef class Edge:
    cdef readonly str reason  # None: tradable
    cdef readonly str leg
    cdef readonly object size
    cdef readonly object sell_size
    cdef readonly object net_profit
    cdef readonly object worst_case
    cdef readonly object buy_limit
    cdef readonly object sell_limit
    cdef readonly object dust
    cdef readonly object optimal
    cdef readonly object optimal_profit
    cdef readonly uint32_t levels
