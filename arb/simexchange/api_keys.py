"""API keys of an account: HMAC or Ed25519, each with its rights; who checks a signature asks here."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from arb.simexchange.signing import same, sign

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do. Without `ips` it is good from everywhere, whatever `ip_bound` says of it;
    `expires_ms` is in Unix ms, None is never."""

    reading: bool = True
    spot: bool = True
    futures: bool = True
    withdrawals: bool = False
    transfers: bool = False
    ip_bound: bool = True
    ips: tuple[str, ...] = ()
    expires_ms: int | None = None
    read_only: bool = False

    def admits(self, peer: str, now_ms: int) -> bool:
        """May the key be used from there, and still?"""
        return (not self.ips or peer in self.ips) and (self.expires_ms is None or now_ms < self.expires_ms)

    def may_trade(self, *, futures: bool) -> bool:
        return not self.read_only and (self.futures if futures else self.spot)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`secret` signs with HMAC; a key with `public` is an Ed25519 key instead."""

    key: str
    secret: str = ""
    public: "Ed25519PublicKey | None" = None
    rights: Rights = field(default_factory=Rights)

    @property
    def is_ed25519(self) -> bool:
        return self.public is not None

    def verify(self, payload: str, signature: str) -> bool:
        if self.public is None:
            return same(sign(self.secret, payload), signature)
        from cryptography.exceptions import InvalidSignature

        try:
            self.public.verify(
                base64.b64decode(signature, validate=True), payload.encode("utf-8", "surrogateescape")
            )
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class KeyStore:
    """The keys of one account by their text. `uid` is the number of the account."""

    def __init__(self, keys: Iterable[ApiKey], uid: int = 0) -> None:
        self.keys = {key.key: key for key in keys}
        self.uid = uid

    def find(self, text: str) -> ApiKey | None:
        return self.keys.get(text)

    def add(self, key: ApiKey) -> None:
        self.keys[key.key] = key

    def remove(self, text: str) -> ApiKey | None:
        return self.keys.pop(text, None)


class Ed25519Pair(NamedTuple):
    """A key and what signs for it, as PKCS#8 in PEM."""

    key: ApiKey
    private_pem: str


def ed25519_pair(name: str, seed: str, rights: Rights | None = None) -> Ed25519Pair:
    """The key `name` with the private key that follows from `seed`: the same in every run."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return Ed25519Pair(ApiKey(name, public=private.public_key(), rights=rights or Rights()), pem.decode())


def public_key(pem: str) -> "Ed25519PublicKey":
    """ValueError for what is no Ed25519 public key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    loaded = load_pem_public_key(pem.encode())
    if not isinstance(loaded, Ed25519PublicKey):
        raise ValueError("no Ed25519 key")
    return loaded
