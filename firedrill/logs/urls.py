"""Datadog's URL parser (docs.datadoghq.com/logs/log_configuration/processors/url_parser)."""

import re
from typing import Any
from urllib.parse import urlsplit


def _host(authority: str) -> str:
    """Return the host of an authority in its own letters, without user and port."""
    return re.sub(r":\d*$", "", authority.rpartition("@")[2])


def url_details(text: str, normalize_ending_slashes: bool = False) -> dict[str, Any]:
    """Return the parts that the URL parser extracts; empty for a text that is not a URL.

    As recorded results show, a port is one that the text names, and the query's values stay encoded.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return {}
    path = parts.path
    if normalize_ending_slashes and len(path) > 1:
        path = path.rstrip("/") or "/"
    query: dict[str, Any] = {}
    for key, _, value in (pair.partition("=") for pair in parts.query.split("&") if pair):
        earlier = query.get(key)
        query[key] = value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
    details = {
        "scheme": text[: len(parts.scheme)],
        "host": _host(parts.netloc),
        "port": port,
        "path": path,
        "queryString": query,
    }
    present = {key: value for key, value in details.items() if value}
    return {**present, "path": path} if present else {}
