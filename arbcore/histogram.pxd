from arbcore.cpp cimport CppHistogram


cdef class Histogram:
    cdef CppHistogram* buckets  # 58 KB: not inside the Python object
