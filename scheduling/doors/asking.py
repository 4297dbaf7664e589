"""Where a request comes from, as far as that can be believed."""

import re
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

NETWORK = {4: 24, 6: 64}
"""The bits that one household or one small network shares: what a provider gives out as one."""


def asker(request: HttpRequest) -> str:
    """Name who asks, by the address that the outermost trusted proxy saw.

    X-Forwarded-For is read from its end, one entry a proxy that FALLOW_PROXIES counts; whatever
    stands before those was written by the sender, and is believed from nobody.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if proxies and len(seen) >= proxies:
        return re.sub(r"[^0-9A-Fa-f.:]", "", _without_port(seen[-proxies]))[:45]
    return str(request.META.get("REMOTE_ADDR", ""))


def _without_port(address: str) -> str:
    """Take off the port that some proxies add: ``203.0.113.9:4711``, ``[2001:db8::9]:4711``."""
    found = re.fullmatch(r"([0-9.]+):[0-9]+|\[([^\]]*)\](?::[0-9]+)?", address)
    return address if found is None else found[1] or found[2] or ""


def network_of(request: HttpRequest) -> str:
    """Name the network that a request comes from: /24 of IPv4, /64 of IPv6.

    What is no address is a network of its own, shared by all such requests.
    """
    try:
        address = ip_address(asker(request))
    except ValueError:
        return "nowhere"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network(f"{address}/{NETWORK[address.version]}", strict=False))
