"""Access to ``/datadog/*``: for any process on this machine (sandbox), else for senders of a token with the role."""

from ipaddress import ip_address

from flask import request

from service.api.identity import Role, identify
from service.problems import CallerError, Unavailable
from service.settings import Settings


class Unauthorized(CallerError):
    """The caller is unknown."""

    status = 401
    title = "A token is needed"


class Forbidden(CallerError):
    """The caller is known, and lacks the role."""

    status = 403
    title = "The caller may not do this"


def authorize(settings: Settings, role: Role) -> None:
    """Raise unless the sender of the current request has the role."""
    if settings.api_auth == "off":
        raise Unavailable("API_AUTH is not set: the /datadog endpoints are off")
    header = request.headers.get("Authorization")
    if settings.api_auth == "loopback" and header is None:
        if _is_local():
            return
        raise Unauthorized("only callers on this machine need no token")
    sender = identify(settings, header or "")
    if sender is None or sender.role is None:
        raise Unauthorized("send the header Authorization: Bearer TOKEN")
    if role == "operate" and sender.role != "operate":
        raise Forbidden("this needs the role operate, the token has read")


def _is_local() -> bool:
    """Return whether every address on the way is a loopback address, and no foreign page sent the request."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return False
    try:
        return all(ip_address(address).is_loopback for address in [request.remote_addr or "", *forwarded])
    except ValueError:
        return False
