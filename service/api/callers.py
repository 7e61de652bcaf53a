"""The caller and the purpose of a chat, in a few fixed values: a hash for the caller, a name for the purpose."""

import hashlib
from ipaddress import IPv4Address, ip_address, ip_network

from flask import Request, g

from service.api.identity import Sender, identify
from service.llm.chat import Caller
from service.problems import Unavailable
from service.settings import Settings
from service.telemetry import CALLER_BUCKETS, FEATURE

HEADER = "X-Caller-Id"
FEATURE_HEADER = "X-Feature"


def caller_of(request: Request, settings: Settings) -> Caller:
    """Return the caller: the sender that the token names, else the address that Cloud Run's front saw.

    The header :data:`HEADER` counts only where everybody is trusted (the sandbox), or from the role operate, which
    speaks for others: else anybody could spend another's budget, or have a new one for each chat.
    """
    if "caller" not in g:  # once for each request: it may have to read Google's keys
        g.caller = _identify_caller(request, settings)
    caller: Caller = g.caller
    return caller


def _identify_caller(request: Request, settings: Settings) -> Caller:
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    name_in_header = request.headers.get(HEADER, "").strip()
    identity = network_of(forwarded or request.remote_addr or "")
    if settings.api_auth == "loopback":
        identity = name_in_header or identity
    elif sender := _sender(request, settings):
        speaks_for_others = sender.role == "operate" and name_in_header
        identity = name_in_header if speaks_for_others else f"known: {sender.name}"
    digest = hashlib.sha256(identity.encode()).digest()
    # Many callers share a bucket, so that none can be told from it.
    return Caller(digest[:16].hex(), f"{int.from_bytes(digest[16:20]) % CALLER_BUCKETS:02d}")


def network_of(address: str) -> str:
    """Return what one customer has: an IPv4 address, or all 2^64 addresses of an IPv6 /64 (RFC 6177)."""
    try:
        parsed = ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address) or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ip_network((parsed, 64), strict=False))


def _sender(request: Request, settings: Settings) -> Sender | None:
    """Return the token's sender. A chat needs no token, so one that cannot be checked now counts as none."""
    try:
        return identify(settings, request.headers.get("Authorization", ""))
    except Unavailable:
        return None


def feature_of(request: Request) -> str:
    """Return the chat's purpose: ``api`` unless the header names another one, ``other`` for an undeclared name."""
    name = request.headers.get(FEATURE_HEADER, "").strip() or "api"
    return name if name in FEATURE.values else "other"
