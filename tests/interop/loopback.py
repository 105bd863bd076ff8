"""Keeps a third-party client on this machine, whatever its defaults are: they name real exchanges.

Imported first by every client script. A look-up or a connection that would leave raises; addresses are
replaced besides, so that nothing even tries.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_getaddrinfo = socket.getaddrinfo
_connect = socket.socket.connect


def _is_local(host: object) -> bool:
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _guarded_getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
    if not _is_local(host):
        raise PermissionError(f"a look-up of {host} would leave this machine")
    return _getaddrinfo(host, *arguments, **named)


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not _is_local(address[0]):
        raise PermissionError(f"a connection to {address[0]} would leave this machine")
    _connect(self, address)


def stay() -> None:
    socket.getaddrinfo = _guarded_getaddrinfo
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign]


def moved(url: str, base: str) -> str:
    """`url` with scheme, host and port of `base`; its path stays."""
    there = urlsplit(base)
    return urlunsplit((there.scheme, there.netloc, urlsplit(url).path, urlsplit(url).query, ""))


def assert_local(urls: Any, where: str = "urls") -> None:
    """Of a nested mapping: no address of any other machine is left."""
    if isinstance(urls, dict):
        for name, value in urls.items():
            assert_local(value, f"{where}.{name}")
    elif isinstance(urls, str):
        assert _is_local(urlsplit(urls).hostname), f"{where}: {urls}"
