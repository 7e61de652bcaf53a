"""Grok rules: lines ``name pattern``, compiled to one regular expression each, matched against a whole text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from firedrill.logs.attributes import as_stored
from firedrill.logs.event import PipelineError
from firedrill.logs.grok.expression import Block, Function, split_rule
from firedrill.logs.grok.filters import NEEDS_DATADOG, apply_filter
from firedrill.logs.grok.java_regex import translate
from firedrill.logs.grok.matchers import Matcher, find_matcher

MAX_NESTING = 20
TEXT = Function("regex")


@dataclass(frozen=True)
class Capture:
    """One block with an output: its regex group, the block, and its matcher."""

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
        """Return paths and values of a text that matches as a whole, else None; an empty path merges at the root."""
        # The engine trims the text, as recorded results show for its end; for its start none does.
        match = self.regex.fullmatch(text.rstrip()) or self.regex.fullmatch(text.strip())
        if not match:
            return None
        values: dict[str, Any] = {}
        merged: list[tuple[str, Any]] = []
        for capture in self.captures:
            value = _value(capture, match[capture.group])
            path = capture.block.path
            if value is None or value in ("", {}, []):
                continue
            if not path:
                merged.append((path, value))
            elif path in values:
                earlier = values[path] if isinstance(values[path], list) else [values[path]]
                values[path] = [*earlier, value]
            else:
                values[path] = value
        return [*values.items(), *merged]


def _value(capture: Capture, text: str | None) -> Any:
    if text is None:
        return None
    value: Any = capture.matcher.value(text)
    for function in capture.block.filters:
        if value is None or value is NEEDS_DATADOG:
            return value
        value = apply_filter(function, value)
    return as_stored(value)


@lru_cache(maxsize=256)
def compile_rules(match_rules: str, support_rules: str = "") -> tuple[Rule, ...]:
    """Compile match rules; each may use the helper rules and the rules above it. Raises :class:`PipelineError`."""
    helpers = dict(_patterns(support_rules))
    rules = []
    for name, pattern in _patterns(match_rules):
        rules.append(_compile(name, pattern, helpers))
        helpers[name] = pattern
    return tuple(rules)


def _patterns(text: str) -> list[tuple[str, str]]:
    patterns = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        # Blanks at the end of a rule belong to it: a helper rule may end with a separator.
        match = re.fullmatch(r"(\w[\w.-]*)\s+(\S.*)", line.lstrip())
        if not match:
            raise PipelineError(f'a grok rule is written "name pattern", not {line!r}')
        patterns.append((match[1], match[2]))
    return patterns


def _compile(name: str, pattern: str, helpers: Mapping[str, str]) -> Rule:
    captures: list[Capture] = []
    source, named = translate(_expand(pattern, helpers, captures, 0))
    captures += [Capture(group, Block(TEXT, path, ()), Matcher("", str)) for group, path in named.items()]
    try:
        return Rule(name, re.compile(source, re.DOTALL | re.ASCII), tuple(captures))
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
        matcher = find_matcher(piece.matcher)
        outputs = bool(piece.path or piece.filters)
        place = len(captures)
        if matcher is None and piece.matcher.name not in helpers:
            raise PipelineError(f"grok has no matcher {piece.matcher.name!r}, and no rule above has that name")
        if outputs:
            captures.append(Capture(f"capture{place}", piece, matcher or Matcher("", str)))
        inner = matcher.regex if matcher else _expand(helpers[piece.matcher.name], helpers, captures, depth + 1)
        source += f"(?P<capture{place}>{inner})" if outputs else f"(?:{inner})"
    return source
