# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False, autotestdict=False
"""Durations in constant memory."""

cimport cython

from arbcore.cpp cimport CppHistogram, Nanos


@cython.final
cdef class Histogram:
    """A log-linear histogram of durations in ns: quantiles within 0.4 % of a recorded value, 58 KB."""

    def __cinit__(self):
        self.buckets = new CppHistogram()

    def __dealloc__(self):
        del self.buckets

    def record(self, Nanos ns):
        """Counts one duration; a negative one counts as 0."""
        self.buckets.record(ns)

    @property
    def count(self):
        return self.buckets.count()

    @property
    def min(self):
        """The smallest record, exact; 0 when nothing was recorded."""
        return self.buckets.min()

    @property
    def max(self):
        """The largest record, exact; 0 when nothing was recorded."""
        return self.buckets.max()

    def quantile(self, double q):
        """The duration at or below which the share ``q`` (0 to 1) of all records lies; 0 without any."""
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"q must be from 0 to 1, was {q}")
        return self.buckets.quantile(q)

    def merge(self, Histogram other not None):
        """Adds all records of another histogram."""
        self.buckets.merge(other.buckets[0])

    def reset(self):
        """Forgets all records."""
        self.buckets.reset()
