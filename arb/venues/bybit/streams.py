"""How Bybit subscribes, and what its ticker says of mark price and funding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import Mark
from arb.venues.subscriptions import Answer

_TICKER = "tickers."
_FIELDS = ("markPrice", "indexPrice", "fundingRate", "nextFundingTime")


class BybitDialect:
    """`{"req_id":"1","op":"subscribe","args":[...]}` <- `{"success":true,"ret_msg":...,"req_id":"1",
    "op":"subscribe"}`: one answer for all args, and one bad arg fails all. Nothing lists subscriptions."""

    messages_per_s = 0

    def subscribe(self, number: int, topics: Sequence[str]) -> bytes:
        return orjson.dumps({"req_id": str(number), "op": "subscribe", "args": topics})

    def unsubscribe(self, topics: Sequence[str]) -> bytes:
        return orjson.dumps({"req_id": "off", "op": "unsubscribe", "args": topics})

    def list_subscriptions(self, number: int) -> bytes | None:
        return None

    def answer(self, message: Mapping[str, Any]) -> Answer | None:
        if message.get("op") != "subscribe" or "success" not in message:
            return None
        text = str(message.get("ret_msg", ""))
        return Answer(
            number=str(message.get("req_id") or ""),
            ok=message["success"] is True,
            message=text,
            already="already subscribed" in text,
        )


class BybitMarkReader:
    """`{"topic":"tickers.BTCUSDT","type":"snapshot|delta","data":{...},"cs":...,"ts":...}`. A field that is
    missing in a delta is unchanged, so of a symbol nothing is known before its snapshot."""

    def __init__(self, to_symbol: Callable[[str], str]) -> None:
        self._to_symbol = to_symbol
        self._known: dict[str, dict[str, Any]] = {}  # venue symbol -> what the messages said so far

    def read(self, text: bytes) -> Mark | None:
        message = fields.loads(text)
        if not isinstance(message, dict) or not str(message.get("topic", "")).startswith(_TICKER):
            return None
        data = fields.mapping(message.get("data"), "data")
        symbol = fields.text(data, "symbol")
        if message.get("type") == "snapshot":
            known = self._known[symbol] = {}
        elif symbol in self._known:
            known = self._known[symbol]
        else:
            return None
        known.update((name, data[name]) for name in _FIELDS if name in data)
        if not known.get("markPrice"):
            return None
        rate = fields.optional_decimal(known, "fundingRate", "")
        return Mark(
            symbol=self._to_symbol(symbol),
            mark=fields.plain(fields.decimal(known, "markPrice")),
            index=fields.plain(fields.optional_decimal(known, "indexPrice")),
            funding_rate=fields.plain(rate) if rate else "",
            next_funding_ms=fields.integer(known, "nextFundingTime") if known.get("nextFundingTime") else 0,
            venue_time_ms=fields.integer(message, "ts"),
        )
