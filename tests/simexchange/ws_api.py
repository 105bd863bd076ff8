"""A WS-API connection without a socket: signs requests as a client does and keeps what it is answered."""

import base64
import json
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arb.simexchange.api_keys import ApiKey, Rights
from arb.simexchange.binance_venue import BinanceVenue
from arb.simexchange.binance_ws_api import WsApiSession, open_ws_api
from tests.simexchange.support import START, sign

PATHS = {"spot": "/ws-api/v3", "usdm": "/ws-fapi/v1"}
# The key of RFC 8032, test 1.
PRIVATE = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
ED25519 = "ed25519key" + "0" * 54


def ed25519_key(rights: Rights | None = None) -> ApiKey:
    return ApiKey(ED25519, public=PRIVATE.public_key(), rights=rights or Rights())


def ed25519_signature(payload: str) -> str:
    return base64.b64encode(PRIVATE.sign(payload.encode())).decode()


class WsClient:
    """`ask` signs with HMAC, with the Ed25519 key, or not at all; answers are checked for their id."""

    def __init__(self, venue: BinanceVenue, market: str = "spot", query: str = "") -> None:
        self.venue = venue
        self.now = START
        session = open_ws_api(PATHS[market] + query, venue.ws_api(market))
        assert session is not None
        self.session: WsApiSession = session
        self.extra: list[Any] = []  # frames beside the answer
        self._ids = count(1)

    def ask(self, method: str, /, sign_with: str = "hmac", **params: Any) -> Any:
        if sign_with:
            params = self.signed(sign_with, params)
        elif "timestamp" not in params and self.session.key is not None:
            params["timestamp"] = self.now.unix_ms
        number = next(self._ids)
        frame = json.dumps({"id": number, "method": method, "params": params})
        answer, *self.extra = map(json.loads, self.session.answer(frame.encode(), self.now))
        assert answer["id"] == number
        return answer

    def result(self, method: str, /, sign_with: str = "hmac", **params: Any) -> Any:
        answer = self.ask(method, sign_with, **params)
        assert answer["status"] == 200, answer
        return answer["result"]

    def error(self, method: str, /, sign_with: str = "hmac", **params: Any) -> tuple[int, int]:
        answer = self.ask(method, sign_with, **params)
        return answer["status"], answer["error"]["code"]

    def logon(self) -> Any:
        return self.result("session.logon", "ed25519")

    def signed(self, sign_with: str, params: dict[str, Any]) -> dict[str, Any]:
        key = ED25519 if sign_with == "ed25519" else self.venue.credentials.key
        params = {"timestamp": self.now.unix_ms, "apiKey": key} | params
        texts = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()
        }
        payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts))
        if sign_with == "ed25519":
            return params | {"signature": ed25519_signature(payload)}
        return params | {"signature": sign(self.venue.credentials.secret, payload)}

    def later(self, milliseconds: int) -> None:
        self.now = self.now.plus(milliseconds * 1_000_000)

    def events(self) -> list[Any]:
        """The private events so far, as this connection gets them."""
        self.later(10)
        self.venue.render()
        frames = [self.session.wrap(message) for message in self.venue.outbox.take(self.now.mono_ns)]
        return [json.loads(frame) for frame in frames if frame is not None]
