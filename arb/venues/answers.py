"""An answer of a venue on its way to who asked: turned into a value, or into the failure to read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from arb.venues.base import ErrorClass, VenueError, VenueFailure

T = TypeVar("T")


def converted(
    to_value: Callable[[Any], T], on_done: Callable[[T | VenueFailure], None], what: str
) -> Callable[[Any], None]:
    """The callback for a read. A VenueFailure passes as it is; a VenueError of `to_value` becomes one that
    begins with `what`: the venue answered, and not what its documents say."""

    def answered(result: Any) -> None:
        if not isinstance(result, VenueFailure):
            try:
                result = to_value(result)
            except VenueError as error:
                result = VenueFailure(ErrorClass.unknown, 200, f"{what}: {error}")
        on_done(result)

    return answered
