"""Which proxy stands between a client and its server: what the environment says is easily forgotten."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["Proxy", "proxy_before"]


class Proxy(NamedTuple):
    """A proxy's address without credentials, who named it, and how to go without.

    >>> str(Proxy("http://proxy:3128", "HTTP_PROXY", "localhost"))
    'the proxy http://proxy:3128 (HTTP_PROXY; NO_PROXY=localhost goes without)'
    """

    address: str
    named_by: str
    host: str

    def __str__(self) -> str:
        return f"the proxy {self.address} ({self.named_by}; NO_PROXY={self.host} goes without)"


def proxy_before(address: str) -> Proxy | None:
    """The proxy through which requests to an address go; None where they go straight."""
    parts = urlsplit(address)
    host, proxies = parts.hostname or "", getproxies()
    kind = next((name for name in (parts.scheme, "all") if proxies.get(name)), None)
    if kind is None or (proxies.get("no") == "*") or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxy = urlsplit(proxies[kind])
    shown = f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}" if proxy.netloc else "of an address that is none"
    named = next((n for n in (f"{kind.upper()}_PROXY", f"{kind}_proxy") if os.environ.get(n)), "the system's settings")
    return Proxy(shown, named, host)
