"""Grok rules: lines ``name pattern``, compiled to one regular expression each, matched against a whole text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from firedrill.logs.event import PipelineError
from firedrill.logs.grok.expression import Block, split_rule
from firedrill.logs.grok.filters import apply
from firedrill.logs.grok.matchers import Matcher, matcher

MAX_NESTING = 20


@dataclass(frozen=True)
class Capture:
    """One block that puts something out: its group, where to, and how."""

    group: str
    block: Block
    matcher: Matcher


@dataclass(frozen=True)
class Rule:
    """A compiled rule."""

    name: str
    regex: re.Pattern[str]
    captures: tuple[Capture, ...]

    def parse(self, text: str) -> list[tuple[str, Any]] | None:
        """Paths and values of a text that matches as a whole (an empty path: merge at the root); None otherwise."""
        match = self.regex.fullmatch(text)
        if not match:
            return None
        found: dict[str, Any] = {}
        merged: list[tuple[str, Any]] = []
        for capture in self.captures:
            value = _value(capture, match[capture.group])
            path = capture.block.path
            if value is None or value == "":
                continue
            if not path:
                merged.append((path, value))
            elif path in found:
                found[path] = [*(found[path] if isinstance(found[path], list) else [found[path]]), value]
            else:
                found[path] = value
        return [*found.items(), *merged]


def _value(capture: Capture, text: str | None) -> Any:
    if text is None:
        return None
    value: Any = capture.matcher.value(text)
    for function in capture.block.filters:
        if value is None:
            return None
        value = apply(function, value)
    return value


@lru_cache(maxsize=256)
def compile_rules(match_rules: str, support_rules: str = "") -> tuple[Rule, ...]:
    """All match rules in order; each may use the helper rules and the rules above it. Raises :class:`PipelineError`."""
    helpers = dict(_lines(support_rules))
    rules = []
    for name, pattern in _lines(match_rules):
        rules.append(_compile(name, pattern, helpers))
        helpers[name] = pattern
    return tuple(rules)


def _lines(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, pattern = line.strip().partition(" ")
        if not re.fullmatch(r"\w[\w.]*", name) or not pattern.strip():
            raise PipelineError(f'a grok rule is written "name pattern", not {line!r}')
        found.append((name, pattern.strip()))
    return found


def _compile(name: str, pattern: str, helpers: Mapping[str, str]) -> Rule:
    captures: list[Capture] = []
    source = _expand(pattern, helpers, captures, 0)
    try:
        return Rule(name, re.compile(source), tuple(captures))
    except re.error as error:
        raise PipelineError(f"the grok rule {name!r} cannot be read: {error}") from error


def _expand(pattern: str, helpers: Mapping[str, str], captures: list[Capture], depth: int) -> str:
    if depth > MAX_NESTING:
        raise PipelineError("grok rules refer to each other in a circle")
    source = ""
    for piece in split_rule(pattern):
        if isinstance(piece, str):
            source += piece
            continue
        known = matcher(piece.matcher)
        outputs = bool(piece.path or piece.filters)
        place = len(captures)
        if known is None and piece.matcher.name not in helpers:
            raise PipelineError(f"grok has no matcher {piece.matcher.name!r}, and no rule above has that name")
        if outputs:
            captures.append(Capture(f"capture{place}", piece, known or Matcher("", str)))
        inner = known.regex if known else _expand(helpers[piece.matcher.name], helpers, captures, depth + 1)
        source += f"(?P<capture{place}>{inner})" if outputs else f"(?:{inner})"
    return source
