"""The constant part of every order of an instrument and side, laid out once for both transports.

On the path nothing is sorted, escaped or encoded: only the id, price, quantity and time are put in their
places. REST signs the form as it is sent, in any order; the WebSocket API signs the parameters sorted by
name, so its payload is laid out sorted.
"""

from __future__ import annotations

import json

from arb.venues.base import OrderRequest, Side, Signer, TimeInForce, VenueInstrument
from arb.venues.binance.order_markets import STP_MODE, OrderMarket
from arb.venues.binance.signing import signed
from arb.venues.binance.tables import SIDES
from arb.venues.signing import HmacSigner

Key = tuple[str, Side, TimeInForce, bool]  # ccxt symbol, side, time in force, reduce only


class OrderTemplate:
    """`api_key` "" on a logged-on session: there neither key nor signature is sent."""

    __slots__ = (
        "_constants",
        "_form",
        "_is_session",
        "_price",
        "_qty",
        "_signer",
        "_sorted",
        "_stamp",
        "_tail",
    )

    def __init__(
        self,
        market: OrderMarket,
        instrument: VenueInstrument,
        side: Side,
        tif: TimeInForce,
        reduce_only: bool,
        recv_window_ms: int,
        api_key: str,
        signer: HmacSigner | Signer,
    ) -> None:
        kind, in_force = market.types[tif]
        words = {"newOrderRespType": market.response}
        if reduce_only:
            words["reduceOnly"] = "true"
        if market.takes_stp(instrument):
            words["selfTradePreventionMode"] = STP_MODE
        words["side"] = SIDES[side]
        words["symbol"] = instrument.venue_symbol
        if in_force:
            words["timeInForce"] = in_force
        words["type"] = kind
        self._signer = signer
        self._is_session = not api_key

        self._form = (
            "&".join(f"{name}={word}" for name, word in words.items())
            + f"&recvWindow={recv_window_ms}&newClientOrderId="
        )

        constants: dict[str, str | int] = {**words, "recvWindow": recv_window_ms}
        if api_key:
            constants["apiKey"] = api_key
        self._constants = json.dumps(constants, separators=(",", ":"))[:-1]
        # Where those that change stand among the sorted names; "\0" is in no parameter.
        slots = {"newClientOrderId": "\0", "price": "\0", "quantity": "\0", "timestamp": "\0"}
        everything: dict[str, str | int] = {**constants, **slots}
        payload = "&".join(f"{name}={everything[name]}" for name in sorted(everything))
        head, self._price, self._qty, self._stamp, self._tail = payload.split("\0")
        # The key state with the constant beginning already hashed.
        self._sorted = (
            signer.after(head.encode()) if isinstance(signer, HmacSigner) else _Joined(signer, head)
        )

    def body(self, order: OrderRequest, stamp_ms: int) -> bytes:
        """The signed form of a POST."""
        return signed(
            self._signer,
            f"{self._form}{order.coid}&quantity={order.qty}&price={order.price}&timestamp={stamp_ms}",
        ).encode()

    def frame(self, order: OrderRequest, stamp_ms: int, id: int) -> bytes:
        """The order.place request of the WebSocket API, signed unless the session is logged on."""
        signature = ""
        if not self._is_session:
            payload = (
                f"{order.coid}{self._price}{order.price}{self._qty}{order.qty}"
                f"{self._stamp}{stamp_ms}{self._tail}"
            )
            signature = f',"signature":"{self._sorted.sign(payload.encode())}"'
        return (
            f'{{"id":{id},"method":"order.place","params":{self._constants},"newClientOrderId":"{order.coid}",'
            f'"price":"{order.price}","quantity":"{order.qty}","timestamp":{stamp_ms}{signature}}}}}'
        ).encode()


class _Joined:
    """A signer whose payloads all begin with the same text."""

    __slots__ = ("_head", "_signer")

    def __init__(self, signer: Signer, head: str) -> None:
        self._signer = signer
        self._head = head.encode()

    def sign(self, payload: bytes) -> str:
        return self._signer.sign(self._head + payload)
