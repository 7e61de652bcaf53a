"""The sensitive data scanner (docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data).

Only strings are scanned. Choices where the pages are silent: keywords compare with case; a masked character is ``*``;
a hash is the first 16 hexadecimal digits of SHA-256; rules run in the order in which they are given.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from hashlib import sha256
from typing import Any

from firedrill.logs.event import RESERVED
from firedrill.logs.search import parse_search

Json = dict[str, Any]
DEFAULT_PROXIMITY = 30
PROTECTED = 30
# The page's reserved words: the characters behind one are not redacted.
WORDS = (
    *("host", "hostname", "syslog.hostname", "service", "status", "env", "version"),
    *("dd.trace_id", "trace_id", "span_id", "traceparent", "timestamp"),
)
UNSUPPORTED = re.compile(r"(?<!\\)(\(\?<?[=!]|\(\?>|\(\?R\)|\(\?\d|\\[1-9]|\\k<|[*+?}]\+)")
UNSCANNED = {*RESERVED, "tags"} - {"message"}


class ScannerError(ValueError):
    """A rule that Datadog would refuse, or whose library pattern is not public."""


def scan(groups: Sequence[tuple[Json, Sequence[Json]]], log: Json, product: str = "logs") -> Json:
    """An event after all groups, each with its rules (attributes of the API's JSON), as a copy.

    What a rule without an action matched is left as it is. Raises :class:`ScannerError`.
    """
    event = deepcopy(log)
    for group, rules in groups:
        if not group.get("is_enabled") or product not in (group.get("product_list") or ()):
            continue
        if not parse_search((group.get("filter") or {}).get("query") or "*").matches(event):
            continue
        for rule in rules:
            if rule.get("is_enabled"):
                _apply(rule, event, product)
    return event


def _apply(rule: Json, event: Json, product: str) -> None:
    if product == "logs" and isinstance(event.get("message"), str) and _in_scope(rule, "message"):
        event["message"] = redact(rule, event["message"])
    event["attributes"] = _scanned(rule, event.get("attributes") or {}, "")


def _scanned(rule: Json, value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {key: _scanned(rule, below, f"{path}.{key}" if path else key) for key, below in value.items()}
    if isinstance(value, list):
        return [_scanned(rule, element, path) for element in value]
    if isinstance(value, str) and path not in UNSCANNED and _in_scope(rule, path):
        return redact(rule, value)
    return value


def _in_scope(rule: Json, path: str) -> bool:
    only, never = rule.get("namespaces") or (), rule.get("excluded_namespaces") or ()
    if any(_within(path, namespace) for namespace in never):
        return False
    return not only or any(_within(path, namespace) for namespace in only)


def _within(path: str, namespace: str) -> bool:
    return path == namespace or path.startswith(f"{namespace}.")


def redact(rule: Json, text: str) -> str:
    """A text with the rule's action done to each match that counts."""

    def replacement(match: re.Match[str]) -> str:
        whole = match[0]
        if not whole or _suppressed(rule, whole) or not _keyword_before(rule, text, match.start()):
            return whole
        return whole if _protected(text, match.start()) else _replaced(rule, whole)

    return pattern(rule).sub(replacement, text)


def pattern(rule: Json) -> re.Pattern[str]:
    """The rule's own expression. Raises :class:`ScannerError` for a library pattern or one outside the PCRE subset."""
    if not rule.get("pattern"):
        raise ScannerError("library patterns are not public: give the rule a pattern of its own to see what it does")
    return _compiled(rule["pattern"])


@lru_cache(maxsize=512)
def _compiled(source: str) -> re.Pattern[str]:
    forbidden = UNSUPPORTED.search(source)
    if forbidden:
        raise ScannerError(f"{forbidden[1]!r} is not in the scanner's regular expressions: {source!r}")
    try:
        return re.compile(source)
    except re.error as error:
        raise ScannerError(f"the pattern {source!r} cannot be read: {error}") from error


def _suppressed(rule: Json, found: str) -> bool:
    suppressions = rule.get("suppressions") or {}
    return (
        found.startswith(tuple(suppressions.get("starts_with") or ()))
        or found.endswith(tuple(suppressions.get("ends_with") or ()))
        or found in (suppressions.get("exact_match") or ())
    )


def _keyword_before(rule: Json, text: str, start: int) -> bool:
    configuration = rule.get("included_keyword_configuration") or {}
    keywords = configuration.get("keywords") or ()
    if not keywords:
        return True
    proximity = configuration.get("character_count") or DEFAULT_PROXIMITY
    before = text[max(0, start - proximity) : start]
    return any(keyword in before for keyword in keywords)


def _protected(text: str, start: int) -> bool:
    before = text[max(0, start - PROTECTED) : start]
    return any(re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", before) for word in WORDS)


def _replaced(rule: Json, found: str) -> str:
    action = rule.get("text_replacement") or {}
    count = int(action.get("number_of_chars") or 0)
    match action.get("type", "none"):
        case "replacement_string":
            return str(action.get("replacement_string") or "")
        case "hash":
            return sha256(found.encode()).hexdigest()[:16]
        case "partial_replacement_from_beginning":
            return "*" * min(count, len(found)) + found[count:]
        case "partial_replacement_from_end":
            return found[: max(0, len(found) - count)] + "*" * min(count, len(found))
        case "none":
            return found
        case unknown:
            raise ScannerError(f"the scanner has no action {unknown!r}")
