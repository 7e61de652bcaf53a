"""The time when this process last sent something to a product of Datadog, or received something from it."""

import time
from datetime import UTC, datetime

_times: dict[str, float] = {}


def note(product: str) -> None:
    """Note that something of the product was sent or received now."""
    _times[product] = time.time()


def last_seen(product: str) -> str | None:
    """Return when that was last (RFC 3339, UTC); None for never."""
    seconds = _times.get(product)
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
