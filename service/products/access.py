"""Who may call ``/datadog/*``: anybody on this machine in the sandbox; elsewhere a bearer token or Google identity."""

from ipaddress import ip_address

from flask import request

from service.identity import Role, known
from service.problems import CallerError, Unavailable
from service.settings import Settings


class Unauthorized(CallerError):
    """The caller is not known."""

    status = 401
    title = "A token is needed"


class Forbidden(CallerError):
    """The caller is known, and may not do this."""

    status = 403
    title = "The caller may not do this"


def authorize(settings: Settings, role: Role) -> None:
    """Raise unless the request may do this."""
    if settings.api_auth == "off":
        raise Unavailable("API_AUTH is not set: the /datadog endpoints are off")
    given = request.headers.get("Authorization")
    if settings.api_auth == "loopback" and given is None:
        if _from_here():
            return
        raise Unauthorized("only callers on this machine need no token")
    sender = known(settings, given or "")
    if sender is None or sender.role is None:
        raise Unauthorized("send the header Authorization: Bearer TOKEN")
    if role == "operate" and sender.role != "operate":
        raise Forbidden("this needs the role operate, the token has read")


def _from_here() -> bool:
    """Whether every address on the way is this machine's, and no foreign page sent the request."""
    forwarded = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return False
    try:
        return all(ip_address(one).is_loopback for one in [request.remote_addr or "", *forwarded])
    except ValueError:
        return False
