"""The URLs that callers give: what Datadog is asked to call."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from service.problems import CallerError

LOCAL_NAMES = re.compile(
    r"localhost|.*\.(?:localhost|local|internal|intranet|lan|home|corp|home\.arpa)|[^.:]+|0x[0-9a-f]+|[\d.]+",
    re.IGNORECASE,
)
"""Names that a network of its own resolves, and addresses in forms that only some libraries read."""
LABELS = re.compile(r"[^\W_](?:[\w-]{0,62})(?:\.[\w-]{1,63})*\.?")


def parse_web_url(url: str) -> SplitResult:
    """Return the parts of an absolute http or https URL. Raises ValueError for any other, and where it has a user."""
    if url != url.strip() or re.search(r"[\s\\<>\"{}|^`\x00-\x1f\x7f]", url):
        raise ValueError("must be a URL without blanks, backslashes or brackets")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL with a host and a valid port") from None
    if parts.scheme not in ("http", "https") or not url.lower().startswith(f"{parts.scheme}://"):
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must be a URL without a user")
    host = parts.hostname or ""
    if not (_address(host) or LABELS.fullmatch(host)) or port == 0:
        raise ValueError("must be a URL with a host and a valid port")
    return parts


def check_target(url: str, private_allowed: bool) -> None:
    """Raise :class:`CallerError` where the URL's host is private, unless the policy allows such hosts."""
    host = (parse_web_url(url).hostname or "").rstrip(".")
    address = _address(host)
    if private_allowed or (address and address.is_global and not address.is_multicast):
        return
    if address or LOCAL_NAMES.fullmatch(host):
        raise CallerError("url: a private or link-local host; PRIVATE_TARGETS=allow admits such targets")


def with_path(url: str, name: str) -> str:
    """Return the URL with a name appended to its path; its query stays, its fragment goes."""
    parts = parse_web_url(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment="").geturl()


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is; IPv4 within IPv6 as IPv4."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
