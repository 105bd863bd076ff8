"""HMAC-SHA256 over exact bytes, with the key schedule done once.

Copying a keyed state costs a fraction of keying a new one, and it happens on the order path.
"""

from __future__ import annotations

import hashlib
import hmac

from arb.venues.base import Secret


class HmacSigner:
    """Signs with lower-case hex."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: Secret) -> None:
        self._keyed = hmac.new(secret.reveal().encode(), digestmod=hashlib.sha256)

    def after(self, head: bytes) -> HmacSigner:
        """Signs `head` + payload, with `head` hashed once and for all."""
        other = object.__new__(HmacSigner)
        other._keyed = self._keyed.copy()
        other._keyed.update(head)
        return other

    def sign(self, payload: bytes) -> str:
        state = self._keyed.copy()
        state.update(payload)
        return state.hexdigest()

    def __repr__(self) -> str:
        return "HmacSigner(***)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a signer is not pickled")
