"""The account's stream of USD-M: what happened as ORDER_TRADE_UPDATE, TRADE_LITE and ACCOUNT_UPDATE."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from random import Random

import orjson

from arb.simexchange.amounts import ZERO
from arb.simexchange.instant import Instant
from arb.simexchange.messages import PRIVATE, Message
from arb.simexchange.orders import Event
from arb.simexchange.spec import BINANCE, USDM
from arb.simexchange.usdm_listen import ListenKeys
from arb.simexchange.usdm_shapes import Json, money, order_update, qty_text, trade_lite
from arb.simexchange.usdm_wallet import UsdmWallet


class UsdmEvents:
    """Makes messages for the listenKey in force; without one there is nobody to tell."""

    def __init__(self, wallet: UsdmWallet, listen_keys: ListenKeys, rng: Random) -> None:
        self._wallet = wallet
        self._listen_keys = listen_keys
        self._rng = rng

    def orders(self, events: Sequence[Event], now: Instant) -> list[Message]:
        """TRADE_LITE comes before or after the full event, a client must take both."""
        messages: list[Message] = []
        filled: dict[str, None] = {}
        for event in events:
            symbol = event.order.listing.symbol
            update = [("order", order_update(event))]
            if event.fill is not None:
                update.insert(self._rng.randrange(2), ("execution", trade_lite(event)))
                filled[symbol] = None
            for kind, body in update:
                messages += self._message(kind, symbol, body)
        if filled:
            messages += self.account("ORDER", filled, now)
        return messages

    def account(
        self, reason: str, symbols: Iterable[str], now: Instant, change: Decimal = ZERO, of: str = ""
    ) -> list[Message]:
        """ACCOUNT_UPDATE: the wallet, and the positions of `symbols`; `change` is what moved neither by a
        profit nor by a fee, `of` the symbol it was for."""
        body: Json = {
            "m": reason,
            "B": [
                {"a": asset, "wb": money(amount), "cw": money(amount), "bc": money(change) if change else "0"}
                for asset, amount in self._wallet.wallet.items()
            ],
            "P": [self._position(symbol) for symbol in symbols],
        }
        if of:
            body["S"] = of
        event = {"e": "ACCOUNT_UPDATE", "E": now.unix_ms, "T": now.unix_ms, "a": body}
        return self._message("balance", "", event)

    def leverage(self, symbol: str, leverage: int, now: Instant) -> list[Message]:
        event = {"e": "ACCOUNT_CONFIG_UPDATE", "E": now.unix_ms, "T": now.unix_ms}
        return self._message("config", symbol, event | {"ac": {"s": symbol, "l": leverage}})

    def expired(self, key: str, now: Instant) -> Message:
        event = {"e": "listenKeyExpired", "E": now.unix_ms, "listenKey": key}
        return _message("config", "", event, key)

    def _position(self, symbol: str) -> Json:
        position = self._wallet.positions[symbol]
        return {
            "s": symbol,
            "pa": qty_text(self._wallet.listing_of(symbol), position.qty),
            "ep": f"{position.entry.normalize():f}",
            "bep": f"{position.entry.normalize():f}",
            "cr": money(position.realised),
            "up": money(self._wallet.unrealised(symbol)),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
        }

    def _message(self, kind: str, symbol: str, event: Json) -> list[Message]:
        key = self._listen_keys.current
        return [] if key is None else [_message(kind, symbol, event, key)]


def _message(kind: str, symbol: str, event: Json, key: str) -> Message:
    return Message(BINANCE, USDM, PRIVATE, kind, symbol, "user", orjson.dumps(event), shown=key)
