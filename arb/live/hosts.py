"""Which hosts the ports may talk to: the last check before a connection, whatever the configuration said."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


class HostGuard:
    """Loopback is always allowed, anything else only when it is listed."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(allowed)
        self._origins: dict[str, bool] = {}  # a handful: one per configured address

    def permits(self, url: str) -> bool:
        slash = url.find("/", url.find("//") + 2)
        origin = url if slash < 0 else url[:slash]
        known = self._origins.get(origin)
        if known is None:
            known = self._check(origin)
            if len(self._origins) < 64:
                self._origins[origin] = known
        return known

    def _check(self, origin: str) -> bool:
        try:
            host = urlsplit(origin).hostname
        except ValueError:
            return False
        if not host:
            return False
        if host == "localhost" or host in self._allowed:
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False
