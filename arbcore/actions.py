"""What the engine asks the shell to do, as plain tuples.

Prices and quantities are the decimal strings a venue is sent; times are nanoseconds of the driver's
monotonic clock; ids are the engine's dense numbers.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Send this immediate-or-cancel limit order, not after `deadline_ns`; else answer `not_sent`."""

    coid: str
    instrument: int
    side: str  # "buy" | "sell"
    qty: str
    price: str
    trade: int  # the places of one trade leave together or not at all
    hedge: bool
    deadline_ns: int
    trigger_ns: int  # first frame of the turn that led to it
    reduce_only: bool = False  # of a perpetual: it can only shrink the position there


class Cancel(NamedTuple):
    coid: str
    instrument: int


class Query(NamedTuple):
    """Ask the venue for the order and its fills."""

    coid: str
    instrument: int


class Resync(NamedTuple):
    """The book needs a fresh snapshot."""

    instrument: int
    reason: str
    connection: int  # whose book it is: an instrument may have a standby


class Halt(NamedTuple):
    """Only risk-reducing orders leave from here on, in that scope, until a person re-arms it."""

    scope: str  # "global" | "venue" | "pair"
    id: int
    reason: str


class Record(NamedTuple):
    """What happened to a trade. Committed before the places that follow it are sent."""

    seq: int
    time_ns: int
    kind: str
    trade: int
    pair: int
    coid: str
    instrument: int
    leg: int  # which order of the trade: 0 and 1 entered it, later ones are hedges
    code: int
    side: str
    hedge: bool
    price: str
    qty: str
    amount: str
    other: str
    asset: int


Action = Place | Cancel | Query | Resync | Halt | Record
