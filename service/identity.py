"""Who sends a request, as far as its bearer token tells: a secret that the service knows, or a Google identity."""

import hmac
from dataclasses import dataclass
from typing import Literal

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from service.problems import Unavailable
from service.settings import Settings

Role = Literal["read", "operate"]


@dataclass(frozen=True)
class Known:
    """A sender whose token is right. ``name`` tells senders apart; ``role`` is what it may do at ``/datadog``."""

    name: str
    role: Role | None


def known(settings: Settings, header: str) -> Known | None:
    """By the header Authorization. Raises :class:`Unavailable` while Google's keys cannot be had."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return None
    roles: tuple[tuple[Role, str | None], ...] = (("operate", settings.operator_token), ("read", settings.reader_token))
    # Every secret is compared, so that the time says nothing.
    same = [role for role, secret in roles if secret and hmac.compare_digest(token.encode(), secret.encode())]
    if same:
        return Known(f"token of the role {same[0]}", same[0])
    return _google(settings, token) if settings.api_audience and token.count(".") == 2 else None


def _google(settings: Settings, token: str) -> Known | None:
    """A Google identity by its verified e-mail."""
    try:
        claims = id_token.verify_oauth2_token(token, Request(), settings.api_audience)  # type: ignore[no-untyped-call]  # publishes no types
    except (TransportError, requests.RequestException) as error:
        raise Unavailable("Google's keys cannot be had now", retry_after=5) from error
    except (ValueError, GoogleAuthError):
        return None
    email = claims.get("email") if claims.get("email_verified") else None
    if not email:
        return None
    operates, reads = email in settings.api_operators, email in settings.api_readers
    return Known(str(email), "operate" if operates else "read" if reads else None)
