"""Values that Google generates when a resource is created, in Google's formats."""

import secrets
import uuid
from datetime import UTC, datetime


def etag() -> str:
    """Return a resource version such as ``BwXhqDaK0zE=``."""
    return f"Bw{secrets.token_urlsafe(6)}="


def timestamp() -> str:
    """Return the current time in RFC 3339 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def number() -> str:
    """Return a numeric id of 21 digits, as service accounts have."""
    return f"1{secrets.randbelow(10**20):020d}"


def uid() -> str:
    """Return a UUID."""
    return str(uuid.uuid4())
