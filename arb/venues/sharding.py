"""Topics of many symbols spread over connections, within what the venue allows on each; limits are data.

The topics of one symbol stay together: its best price may be laid over its book only if both come in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from arb.venues.base import VenueError

_FRAME_OVERHEAD = 64  # bytes of a subscribe frame around its topics
_QUOTES = 3  # two quotes and a comma around a topic


@dataclass(slots=True, frozen=True)
class ConnectionLimits:
    """0: the venue sets no such limit."""

    topics: int = 0  # of a connection
    chars: int = 0  # of all topics of a connection, as they stand in JSON
    url_chars: int = 0  # of the topics in the address; 0: none goes there
    frames: int = 0  # subscribe frames at once after connecting, for what we say is counted too
    topics_per_frame: int = 0
    frame_bytes: int = 0


@dataclass(slots=True)
class Shard:
    """One connection: ccxt symbol -> topics, and where each of them is asked for."""

    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    in_url: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)  # one subscribe frame each


@dataclass(slots=True, frozen=True)
class _Filled:
    topics: int = 0
    chars: int = 0
    url_chars: int = 0
    frames: int = 0
    in_frame: int = 0
    frame_bytes: int = 0


def shards(topics: Mapping[str, tuple[str, ...]], limits: ConnectionLimits) -> list[Shard]:
    """In the order of the symbols. VenueError for no symbol at all and for one no connection can hold."""
    if not topics:
        raise VenueError("symbols: there is none to subscribe")
    result: list[Shard] = []
    filled = _Filled()
    for symbol, own in topics.items():
        after = _placed(filled, own, limits) if result else None
        if after is None:
            result.append(Shard())
            filled = _Filled()
            after = _placed(filled, own, limits)
        if after is None:
            raise VenueError(f"{symbol}: its topics alone are more than a connection may carry")
        _put(result[-1], symbol, own, filled, limits)
        filled = after
    return result


def _placed(filled: _Filled, topics: tuple[str, ...], limits: ConnectionLimits) -> _Filled | None:
    for topic in topics:
        after = _with(filled, topic, limits)
        if after is None:
            return None
        filled = after
    return filled


def _put(
    shard: Shard, symbol: str, topics: tuple[str, ...], filled: _Filled, limits: ConnectionLimits
) -> None:
    shard.topics[symbol] = topics
    for topic in topics:
        after = _with(filled, topic, limits)
        assert after is not None
        if after.url_chars > filled.url_chars:
            shard.in_url.append(topic)
        elif after.frames > filled.frames:
            shard.batches.append([topic])
        else:
            shard.batches[-1].append(topic)
        filled = after


def _with(filled: _Filled, topic: str, limits: ConnectionLimits) -> _Filled | None:
    """One topic more: into the address, the last frame or a new one; None where nothing has room."""
    size = len(topic) + _QUOTES
    after = replace(filled, topics=filled.topics + 1, chars=filled.chars + size)
    if _over(after.topics, limits.topics) or _over(after.chars, limits.chars):
        return None
    url_chars = filled.url_chars + len(topic) + 1
    if not filled.frames and url_chars <= limits.url_chars:
        return replace(after, url_chars=url_chars)
    if (
        filled.frames
        and not _over(filled.in_frame + 1, limits.topics_per_frame)
        and not _over(filled.frame_bytes + size, limits.frame_bytes)
    ):
        return replace(after, in_frame=filled.in_frame + 1, frame_bytes=filled.frame_bytes + size)
    if _over(filled.frames + 1, limits.frames) or _over(_FRAME_OVERHEAD + size, limits.frame_bytes):
        return None
    return replace(after, frames=filled.frames + 1, in_frame=1, frame_bytes=_FRAME_OVERHEAD + size)


def _over(value: int, limit: int) -> bool:
    return 0 < limit < value
