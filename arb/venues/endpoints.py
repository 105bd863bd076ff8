"""Addresses come from the configuration and from nowhere else: a missing one is an error in every mode."""

from __future__ import annotations

from collections.abc import Mapping

from arb.venues.base import VenueError


def endpoint(urls: Mapping[str, str | None], key: str, venue: str) -> str:
    url = urls.get(key)
    if not url:
        raise VenueError(f"{venue}: no address is configured for {key!r}")
    return url.rstrip("/")
