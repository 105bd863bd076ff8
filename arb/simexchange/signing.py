"""HMAC over text exactly as it was sent, and comparing secrets; any bytes a client can send are taken."""

import hashlib
import hmac


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # the way http.py decodes what is no UTF-8


def sign(secret: str, payload: str) -> str:
    """Lower-case hex HMAC-SHA256."""
    return hmac.new(_bytes(secret), _bytes(payload), hashlib.sha256).hexdigest()


def same(one: str, two: str) -> bool:
    return hmac.compare_digest(_bytes(one), _bytes(two))
