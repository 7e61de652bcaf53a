"""What Google makes up when a resource is made, in its own form."""

import secrets
import uuid
from datetime import UTC, datetime


def etag() -> str:
    """A version mark, such as ``BwXhqDaK0zE=``."""
    return f"Bw{secrets.token_urlsafe(6)}="


def moment() -> str:
    """This moment, RFC 3339 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def number() -> str:
    """A numeric id of 21 digits, as service accounts have."""
    return f"1{secrets.randbelow(10**20):020d}"


def uid() -> str:
    """A UUID."""
    return str(uuid.uuid4())
