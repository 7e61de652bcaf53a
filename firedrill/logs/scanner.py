"""The sensitive data scanner (docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data).

Only strings are scanned. Choices where the pages are silent: keywords compare with case; a masked character is ``*``;
a hash is the first 16 hexadecimal digits of SHA-256; rules run in their order.
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
PROTECTED_LENGTH = 30
# The page's reserved words: the characters after one are not redacted.
RESERVED_WORDS = (
    *("host", "hostname", "syslog.hostname", "service", "status", "env", "version"),
    *("dd.trace_id", "trace_id", "span_id", "traceparent", "timestamp"),
)
UNSUPPORTED = re.compile(r"(?<!\\)(\(\?<?[=!]|\(\?>|\(\?R\)|\(\?\d|\\[1-9]|\\k<|[*+?}]\+)")
UNSCANNED = {*RESERVED, "tags"} - {"message"}


class ScannerError(ValueError):
    """Raised for a rule that Datadog would refuse, or whose library pattern is not public."""


def scan(groups: Sequence[tuple[Json, Sequence[Json]]], log: Json, product: str = "logs") -> Json:
    """Return an event after all groups, each with its rules (attributes of the API's JSON), as a copy.

    A match of a rule without an action is left unchanged. Raises :class:`ScannerError`.
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
        return {key: _scanned(rule, nested, f"{path}.{key}" if path else key) for key, nested in value.items()}
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
    """Return a text with the rule's action applied to each match that counts."""
    return compile_pattern(rule).sub(
        lambda match: _replaced(rule, match[0]) if _counts(rule, text, match) else match[0], text
    )


def _counts(rule: Json, text: str, match: re.Match[str]) -> bool:
    """Return whether a match is hidden: not suppressed, after a keyword if there are any, not protected."""
    return (
        bool(match[0])
        and not _suppressed(rule, match[0])
        and _keyword_before(rule, text, match.start())
        and not _protected(text, match.start())
    )


def hidden_texts(groups: Sequence[tuple[Json, Sequence[Json]]], log: Json, product: str = "logs") -> list[str]:
    """Return the parts of an event that the groups hide: message first, then attributes in order. Changes nothing.

    Each rule sees what the rules before it left. Raises :class:`ScannerError`.
    """
    hidden: list[str] = []
    for number in range(len(groups)):
        group, rules = groups[number]
        for count in range(len(rules)):
            before = scan([*groups[:number], (group, rules[:count])], log, product)
            after = scan([*groups[:number], (group, rules[: count + 1])], log, product)
            hidden += _hidden_by(rules[count], before, after)
    return hidden


def _hidden_by(rule: Json, before: Any, after: Any) -> list[str]:
    if isinstance(before, dict):
        keys = sorted(before, key=lambda key: key != "message")
        return [text for key in keys for text in _hidden_by(rule, before[key], after[key])]
    if isinstance(before, list):
        return [text for left, right in zip(before, after, strict=True) for text in _hidden_by(rule, left, right)]
    if before == after or not isinstance(before, str):
        return []
    return [match[0] for match in compile_pattern(rule).finditer(before) if _counts(rule, before, match)]


def compile_pattern(rule: Json) -> re.Pattern[str]:
    """Compile a rule's own pattern.

    Raises :class:`ScannerError` for a library pattern or one outside the PCRE subset.
    """
    if not rule.get("pattern"):
        raise ScannerError("library patterns are not public: give the rule its own pattern")
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


def _suppressed(rule: Json, matched: str) -> bool:
    suppressions = rule.get("suppressions") or {}
    return (
        matched.startswith(tuple(suppressions.get("starts_with") or ()))
        or matched.endswith(tuple(suppressions.get("ends_with") or ()))
        or matched in (suppressions.get("exact_match") or ())
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
    before = text[max(0, start - PROTECTED_LENGTH) : start]
    return any(re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", before) for word in RESERVED_WORDS)


def _replaced(rule: Json, matched: str) -> str:
    action = rule.get("text_replacement") or {}
    count = int(action.get("number_of_chars") or 0)
    match action.get("type", "none"):
        case "replacement_string":
            return str(action.get("replacement_string") or "")
        case "hash":
            return sha256(matched.encode()).hexdigest()[:16]
        case "partial_replacement_from_beginning":
            return "*" * min(count, len(matched)) + matched[count:]
        case "partial_replacement_from_end":
            return matched[: max(0, len(matched) - count)] + "*" * min(count, len(matched))
        case "none":
            return matched
        case unknown:
            raise ScannerError(f"the scanner has no action {unknown!r}")
