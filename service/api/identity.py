"""The sender of a request, from its bearer token: a secret that the service holds, or a Google identity."""

import base64
import binascii
import hmac
import json
import re
import threading
import time
from dataclasses import dataclass
from typing import Any, Literal

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from service.problems import Unavailable
from service.settings import Settings

Role = Literal["read", "operate"]
ISSUERS = ("accounts.google.com", "https://accounts.google.com")
MAX_TOKEN_CHARACTERS = 4096
MAX_KEY_SECONDS, RETRY_SECONDS = 3600.0, 10.0
"""The longest time for which Google's keys are used without being read again; the time between two failed reads."""


@dataclass(frozen=True)
class Sender:
    """A sender with a valid token. ``name`` tells senders apart; ``role`` is what it may do at ``/datadog``."""

    name: str
    role: Role | None


def identify(settings: Settings, authorization: str) -> Sender | None:
    """Return the sender by the Authorization header; None without a valid token.

    Raises:
        Unavailable: Google's keys cannot be read now.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return None
    secrets: tuple[tuple[Role, str | None], ...] = (
        ("operate", settings.operator_token),
        ("read", settings.reader_token),
    )
    # Every secret is compared, so that the response time does not depend on the token.
    roles = [role for role, secret in secrets if secret and hmac.compare_digest(token.encode(), secret.encode())]
    if roles:
        return Sender(f"token of the role {roles[0]}", roles[0])
    is_candidate = settings.api_audience and may_be_identity(token, settings.api_audience)
    return _google_identity(settings, token) if is_candidate else None


def may_be_identity(token: str, audience: str) -> bool:
    """Return whether a token says that it is one of Google's for this audience, and not expired.

    Nothing is verified: this refuses what cannot be valid before Google's keys are read for it.
    """
    parts = token.split(".")
    if len(token) > MAX_TOKEN_CHARACTERS or len(parts) != 3:
        return False
    try:
        header, claims = (
            json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
            for part in parts[:2]
        )
        return (
            header["alg"] in ("RS256", "ES256")
            and claims["iss"] in ISSUERS
            and claims["aud"] == audience
            and claims["exp"] > time.time()
        )
    except (ValueError, binascii.Error, TypeError, KeyError, RecursionError):
        return False


class _Keys:
    """A transport that keeps Google's answer for as long as the answer says. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[Any, float]] = {}
        self._failed: dict[str, float] = {}

    def __call__(self, url: str, method: str = "GET", **options: Any) -> Any:
        """Return the answer of a GET. Raises :class:`TransportError`."""
        with self._lock:
            now = time.monotonic()
            if url in self._answers and now < self._answers[url][1]:
                return self._answers[url][0]
            if now < self._failed.get(url, 0):
                raise TransportError("Google's keys could not be read a moment ago")  # type: ignore[no-untyped-call]  # publishes no types
            try:
                answer = Request()(url, method, timeout=5, **options)
                if answer.status != 200:
                    message = f"Google answered {answer.status}"
                    raise TransportError(message)  # type: ignore[no-untyped-call] # noqa: TRY301 - as a lost connection
            except (TransportError, requests.RequestException):
                self._failed[url] = now + RETRY_SECONDS
                raise
            age = re.search(r"max-age=(\d+)", answer.headers.get("Cache-Control", ""))
            seconds = min(float(age[1]), MAX_KEY_SECONDS) if age else MAX_KEY_SECONDS
            self._answers[url] = answer, now + seconds
            return answer


KEYS = _Keys()


def _google_identity(settings: Settings, token: str) -> Sender | None:
    """Return the sender by the verified e-mail of a Google identity token."""
    try:
        claims = id_token.verify_oauth2_token(token, KEYS, settings.api_audience)  # type: ignore[no-untyped-call]  # publishes no types
    except (TransportError, requests.RequestException) as error:
        raise Unavailable("Google's public keys cannot be read now", retry_after=5) from error
    except (ValueError, GoogleAuthError):
        return None
    email = claims.get("email") if claims.get("email_verified") else None
    if not email:
        return None
    operates, reads = email in settings.api_operators, email in settings.api_readers
    return Sender(str(email), "operate" if operates else "read" if reads else None)
