"""The kinds of faults as data: the layer each acts at and the parameters it takes."""

from collections.abc import Mapping

from arb.simexchange.fault_params import BYTES, SOCKET, STREAM, Kind, Param
from arb.simexchange.order_fault_kinds import ORDER_KINDS


def _lasts(default_ms: int, meaning: str = "how long") -> dict[str, Param]:
    return {"duration_ms": Param(default_ms, meaning)}


_DEPTH = ("depth",)
_MOST = {"most": Param(0, "connections it takes at most, the oldest first; 0 is all", high=10_000)}
_THEN = Param(
    "more",
    "what follows on that connection: more frames, silence, or its end by FIN",
    words=("more", "silence", "close"),
)
_STEPS = Param(100, "market steps (10 ms each) the snapshot is behind", low=1, high=500)

KINDS: Mapping[str, Kind] = {
    "drop": Kind(STREAM, "messages that are never sent; their ids are used up", {}),
    "gap": Kind(STREAM, "drop, of depth messages unless a channel is named", {}, ("depth", "")),
    "duplicate": Kind(STREAM, "messages sent twice", {}),
    "delay": Kind(STREAM, "single messages held back and overtaken by later ones", _lasts(500)),
    "reorder": Kind(STREAM, "two consecutive messages of one stream change places", {}, ("depth", "")),
    "silence": Kind(STREAM, "nothing is sent for a while; what was due meanwhile is lost", _lasts(5_000)),
    "stall": Kind(STREAM, "nothing is sent for a while; then all that was due, in order", _lasts(5_000)),
    "wrong_symbol": Kind(
        STREAM,
        "an extra update comes first, labelled as a symbol the client did not ask for",
        {
            "as_symbol": Param("NOSUCHUSDT", "the label; a listed symbol brings the prices of its own book"),
            "keep_stream": Param(False, "the stream or topic name stays the one that was subscribed"),
        },
        ("depth", "ticker"),
    ),
    "crossed": Kind(
        STREAM,
        "an update with a bid at or above the best ask; a later update takes it back",
        {
            "duration_ms": Param(300, "from the crossed update to the first that may heal it"),
            "ticks": Param(0, "how far above the best ask", high=1_000_000),
        },
        _DEPTH,
    ),
    "old_snapshot": Kind(
        STREAM,
        "snapshots from some steps ago: REST depth answers; on Bybit also in mid-stream and on subscribing",
        {
            "steps": _STEPS,
            "where": Param(
                "any",
                "which snapshots; any is REST on Binance, and REST or mid-stream, what comes first, on Bybit",
                words=("any", "rest", "stream", "subscribe"),
            ),
        },
        _DEPTH,
    ),
    "restart": Kind(
        STREAM, "the topic starts anew: a snapshot with u=1, then u=2", {}, _DEPTH, venues=("bybit",)
    ),
    "garbage": Kind(
        BYTES,
        "random bytes in the place of a frame; reserved bits are set in the first",
        {"length": Param(256, "bytes", low=2, high=1 << 20), "then": _THEN, **_MOST},
    ),
    "truncated": Kind(
        BYTES,
        "the first half of a frame",
        {"then": Param("silence", _THEN.meaning, words=_THEN.words), **_MOST},
    ),
    "oversized": Kind(
        BYTES,
        "a frame header that declares far more than follows",
        {
            "declared_bytes": Param(64 << 20, "length in the header", low=1 << 16, high=1 << 40),
            "sent_bytes": Param(1024, "payload that really follows", high=1 << 20),
            "then": Param("silence", _THEN.meaning, words=_THEN.words),
            **_MOST,
        },
    ),
    "compressed": Kind(BYTES, "the frame deflated, rsv1 set, although nothing was agreed", {**_MOST}),
    "fragmented": Kind(
        BYTES,
        "the message in a frame without FIN and continuations",
        {"pieces": Param(2, "frames", low=2, high=64), **_MOST},
    ),
    "text_garbage": Kind(
        BYTES,
        "a sound text frame in its place that is not the message",
        {"text": Param('{"u":1,"b":[["NaN"', "what it says"), **_MOST},
    ),
    "reset": Kind(SOCKET, "RST: no CLOSE frame, no FIN", {**_MOST}),
    "fin": Kind(
        SOCKET,
        "a CLOSE frame and FIN",
        {"code": Param(1001, "of the CLOSE frame", low=1000, high=4999), **_MOST},
    ),
    "half_open": Kind(
        SOCKET,
        "established connections are neither read nor written, pongs included; new ones are served",
        {**_lasts(5_000), **_MOST},
    ),
    "refused": Kind(
        SOCKET,
        "no new connection on that port; established ones go on",
        {
            **_lasts(2_000),
            "mode": Param(
                "closed",
                "closed: nobody listens; accept: accepted, then RST; mute: accepted and never answered",
                words=("closed", "accept", "mute"),
            ),
        },
    ),
    "handshake_503": Kind(
        SOCKET,
        "the upgrade is answered with an error status",
        {**_lasts(2_000), "status": Param(503, "of the answer", low=400, high=599)},
    ),
    "shutdown": Kind(
        SOCKET,
        "serverShutdown is announced on the market connections of Binance spot, which end later",
        {"lead_ms": Param(2_000, "from the announcement to the end"), **_MOST},
        venues=("binance",),
        markets=("spot",),
    ),
    **ORDER_KINDS,
}

# Kinds of stream messages, and groups of them, that `channel` may name.
CHANNELS = (
    "public",
    "private",
    "depth",
    "ticker",
    "trade",
    "partial",
    "mark",
    "order",
    "execution",
    "balance",
    "wallet",
)


def kinds_as_json() -> dict[str, object]:
    return {name: kind.as_json() for name, kind in KINDS.items()}
