"""How Binance subscribes, and what its mark price says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import Mark
from arb.venues.subscriptions import Answer


class BinanceDialect:
    """`{"method":"SUBSCRIBE","params":[...],"id":1}` <- `{"result":null,"id":1}`; an error is
    `{"code":2,"msg":...,"id":1}` or the same within `error`, and its `id` may be missing."""

    def __init__(self, messages_per_s: int) -> None:
        self.messages_per_s = messages_per_s

    def subscribe(self, number: int, topics: Sequence[str]) -> bytes:
        return orjson.dumps({"method": "SUBSCRIBE", "params": topics, "id": number})

    def unsubscribe(self, topics: Sequence[str]) -> bytes:
        return orjson.dumps({"method": "UNSUBSCRIBE", "params": topics, "id": "off"})

    def list_subscriptions(self, number: int) -> bytes | None:
        return orjson.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number})

    def answer(self, message: Mapping[str, Any]) -> Answer | None:
        number = message.get("id")
        number = "" if number is None else str(number)
        error = message.get("error", message)
        if isinstance(error, dict) and "code" in error:
            return Answer(number, False, f"{error['code']} {error.get('msg', '')}")
        if "result" not in message:
            return None
        result = message["result"]
        return Answer(number, True, topics=frozenset(map(str, result)) if isinstance(result, list) else None)


class BinanceMarkReader:
    """`{"e":"markPriceUpdate","E":...,"s":"BTCUSDT","p":mark,"i":index,"P":...,"r":rate,"T":next funding}`,
    wrapped in `{"stream":...,"data":...}`."""

    def __init__(self, to_symbol: Callable[[str], str]) -> None:
        self._to_symbol = to_symbol

    def read(self, text: bytes) -> Mark | None:
        message = fields.loads(text)
        if not isinstance(message, dict):
            return None
        data = message.get("data", message)
        if not isinstance(data, dict) or data.get("e") != "markPriceUpdate":
            return None
        return Mark(
            symbol=self._to_symbol(fields.text(data, "s")),
            mark=fields.plain(fields.decimal(data, "p")),
            index=fields.plain(fields.decimal(data, "i")),
            funding_rate=fields.plain(fields.optional_decimal(data, "r", "")) if data.get("r") else "",
            next_funding_ms=fields.integer(data, "T"),
            venue_time_ms=fields.integer(data, "E"),
        )
