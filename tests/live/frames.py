"""picows frames made by hand; the one place that uses the helper picows keeps for its own tests."""

from __future__ import annotations

from picows import WSFrame, WSMsgType
from picows.picows import _make_test_ws_frame


def frame(
    payload: bytes, kind: WSMsgType = WSMsgType.TEXT, *, fin: bool = True, rsv1: bool = False
) -> WSFrame:
    return _make_test_ws_frame(kind, payload, fin, rsv1)
