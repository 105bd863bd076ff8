from arbcore.cpp cimport BinanceReader, BybitReader, Grid, LevelBuffer, SymbolTable


cdef class Reader:
    cdef LevelBuffer* levels
    cdef SymbolTable* table
    cdef BinanceReader* binance  # NULL at Bybit
    cdef BybitReader* bybit  # NULL at Binance
    cdef readonly tuple symbols  # by InstrumentId

    cdef tuple decode(self, bytes raw, const Grid* snapshot)
