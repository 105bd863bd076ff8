"""Waiting for something to become true on a running loop, with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], limit_s: float = 10.0) -> Any:
    async with asyncio.timeout(limit_s):
        while not (found := condition()):  # noqa: ASYNC110 - servers, logs and sockets have no common event
            await asyncio.sleep(0.002)
        return found
