"""Binance signing recipe: HMAC-SHA256 over the parameters, hex, as the last parameter.

REST signs the percent-encoded bytes as sent (query and body joined without a separator); the WebSocket API
signs all parameters but the signature, sorted by name, raw UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from arb.venues.base import Signer


def signed(signer: Signer, payload: str) -> str:
    """The payload with its signature; what comes out leaves as it stands."""
    return f"{payload}&signature={signer.sign(payload.encode())}"


def encoded(params: Mapping[str, str | int]) -> str:
    """Percent-encoded parameters in the given order (not for the order path)."""
    return "&".join(f"{key}={quote(str(value), safe='')}" for key, value in params.items())


def ws_signature(signer: Signer, params: Mapping[str, str | int]) -> str:
    return signer.sign("&".join(f"{key}={params[key]}" for key in sorted(params)).encode())
