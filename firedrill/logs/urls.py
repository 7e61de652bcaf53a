"""What Datadog's URL parser extracts (docs.datadoghq.com/logs/log_configuration/processors/url_parser)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}


def url_details(text: str, normalize_ending_slashes: bool = False) -> dict[str, Any]:
    """What the URL parser extracts; empty for a text that is no URL."""
    try:
        parts = urlsplit(text)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return {}
    path = parts.path
    if normalize_ending_slashes and len(path) > 1:
        path = path.rstrip("/") or "/"
    query: dict[str, Any] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        held = query.get(key)
        query[key] = value if held is None else [*(held if isinstance(held, list) else [held]), value]
    details = {"scheme": parts.scheme, "host": parts.hostname, "port": port, "path": path, "queryString": query}
    return {key: value for key, value in details.items() if value}
