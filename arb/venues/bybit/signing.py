"""Bybit signing recipe: hex HMAC-SHA256 over timestamp + key + window + (query string | body), in headers."""

from __future__ import annotations

from arb.venues.base import Signer


def headers(signer: Signer, api_key: str, timestamp_ms: int, window_ms: int, payload: str) -> dict[str, str]:
    """`payload` is the query string or the body exactly as it is sent."""
    signature = signer.sign(f"{timestamp_ms}{api_key}{window_ms}{payload}".encode())
    return {
        "X-BAPI-API-KEY": api_key,
        "X-BAPI-TIMESTAMP": str(timestamp_ms),
        "X-BAPI-RECV-WINDOW": str(window_ms),
        "X-BAPI-SIGN": signature,
    }


def login_signature(signer: Signer, expires_ms: int) -> str:
    """For the `auth` operation of a WebSocket."""
    return signer.sign(f"GET/realtime{expires_ms}".encode())
