"""The adapters' callback answers as awaitables, for start and stop, where waiting is what is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from arb.errors import AuthError, Unreachable
from arb.venues.base import ErrorClass, Venue, VenueFailure
from arb.venues.clock import SETTLED_SAMPLES

T = TypeVar("T")

_ATTEMPTS = 4
_KEY_CODES = (-2014, -2015, -1022, 10003, 10004, 10005, 33004)  # key, permission or signature


async def ask(
    what: str, question: Callable[[Callable[[T | VenueFailure], None]], None], timeout_s: float
) -> T:
    """Asks a few times; AuthError where the key is refused, Unreachable where no usable answer comes."""
    failure = VenueFailure(ErrorClass.unknown, 0, "no answer")
    for attempt in range(_ATTEMPTS):
        answer: asyncio.Future[T | VenueFailure] = asyncio.get_running_loop().create_future()

        def on_done(result: T | VenueFailure, answer: asyncio.Future[T | VenueFailure] = answer) -> None:
            if not answer.done():
                answer.set_result(result)

        question(on_done)
        try:
            async with asyncio.timeout(timeout_s):
                result = await answer
        except TimeoutError:
            failure = VenueFailure(ErrorClass.unknown, 0, f"no answer within {timeout_s:g} s")
            continue
        if not isinstance(result, VenueFailure):
            return result
        failure = result
        if failure.code in _KEY_CODES:
            raise AuthError(f"{what}: {failure.code} {failure.message}")
        if attempt + 1 < _ATTEMPTS:
            await asyncio.sleep(0.1 * 2**attempt)
    raise Unreachable(f"{what}: {failure.code} {failure.message}")


async def measure_clock(venue: Venue, samples: int = SETTLED_SAMPLES) -> None:
    """A few readings, so that the bounds can be trusted; Unreachable where none succeeds."""
    good = 0
    for _ in range(2 * samples):
        measured: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        venue.measure_clock(partial(_resolve, measured))
        if await measured:
            good += 1
        else:
            await asyncio.sleep(0.1)
        if good == samples:
            return
    if venue.clock_half_width_ns() is None:
        raise Unreachable(f"{venue.name}: its clock could not be measured")


def _resolve(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)
