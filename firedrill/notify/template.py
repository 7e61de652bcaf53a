"""The template language of monitor messages, as a tree (docs.datadoghq.com/monitors/notify/variables)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


class TemplateError(ValueError):
    """A message that Datadog could not read. ``str()`` underlines the place."""

    def __init__(self, message: str, template: str, start: int, end: int) -> None:
        """``start`` and ``end`` are characters of ``template``."""
        super().__init__(message)
        self.message, self.template, self.start, self.end = message, template, start, end

    def __str__(self) -> str:
        """The message, the line and carets below the place."""
        begin = self.template.rfind("\n", 0, self.start) + 1
        line = self.template[begin:].split("\n", 1)[0]
        width = max(1, min(self.end, begin + len(line)) - self.start)
        return f"{self.message}\n  {line}\n  {' ' * (self.start - begin)}{'^' * width}"


@dataclass(frozen=True)
class Literal:
    """Text as it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Variable:
    """``{{name}}``, or a function with arguments such as ``{{eval "int(value)"}}``."""

    name: str
    arguments: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Block:
    """``{{#name arguments}} .. {{else}} .. {{/name}}``; ``negated`` when it opens with ``^``."""

    name: str
    arguments: tuple[str, ...]
    negated: bool
    then: tuple["Node", ...]
    otherwise: tuple["Node", ...]
    start: int
    end: int


Node = Literal | Variable | Block

TOKEN = re.compile(
    r"\{\{!--.*?--\}\}|\{\{!.*?\}\}"
    r"|\{\{\{\{\s*raw\s*\}\}\}\}(?P<raw>.*?)\{\{\{\{\s*/\s*raw\s*\}\}\}\}"
    r"|\{\{\{(?P<triple>[^{}]*)\}\}\}"
    r"|\{\{~?(?P<mark>[#^/])?(?P<inside>[^{}]*)\}\}",
    re.DOTALL,
)
WORD = re.compile(r"\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>(?:\\.|[^'\\])*)'|(?P<bare>(?:\[[^\]]*\]|[^\s\"'])+)")


@lru_cache(maxsize=1024)
def parse_template(template: str) -> tuple[Node, ...]:
    """A message as nodes. Raises :class:`TemplateError`."""
    return _Parser(template).nodes()


class _Parser:
    def __init__(self, template: str) -> None:
        self.template = template
        self.tokens = list(_tokens(template))
        self.at = 0

    def nodes(self) -> tuple[Node, ...]:
        found, stopped = self._until()
        if stopped:
            start, end = stopped.span()
            raise TemplateError("nothing is open here", self.template, start, end)
        return found

    def _until(self) -> tuple[tuple[Node, ...], re.Match[str] | None]:
        """Nodes up to ``{{/..}}`` or ``{{else}}``, which is returned, or to the end."""
        found: list[Node] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if isinstance(token, Literal):
                found.append(token)
            elif token["mark"] == "/" or (token["inside"] or "").strip() == "else":
                return tuple(found), token
            elif token["mark"]:
                found.append(self._block(token))
            else:
                found.append(self._variable(token))
        return tuple(found), None

    def _block(self, opening: re.Match[str]) -> Block:
        name, *arguments = self._words(opening)
        then, stopped = self._until()
        otherwise: tuple[Node, ...] = ()
        if stopped is not None and stopped["mark"] != "/":
            otherwise, stopped = self._until()
        if stopped is None or stopped["mark"] != "/":
            raise TemplateError(f"{{{{#{name}}}}} is never closed", self.template, *opening.span())
        if stopped["inside"].strip() != name:
            raise TemplateError(f"this closes {{{{#{name}}}}}", self.template, *stopped.span())
        return Block(name, tuple(arguments), opening["mark"] == "^", then, otherwise, opening.start(), stopped.end())

    def _variable(self, token: re.Match[str]) -> Variable:
        name, *arguments = self._words(token)
        return Variable(name, tuple(arguments), *token.span())

    def _words(self, token: re.Match[str]) -> list[str]:
        inside = token["triple"] if token["triple"] is not None else token["inside"]
        words = [
            match["bare"]
            if match["bare"] is not None
            else re.sub(r"\\(.)", r"\1", match["double"] or match["single"] or "")
            for match in WORD.finditer(inside.strip("~ "))
        ]
        if not words:
            raise TemplateError("these braces are empty", self.template, *token.span())
        return words


def _tokens(template: str) -> Iterator[Literal | re.Match[str]]:
    end = 0
    for match in TOKEN.finditer(template):
        yield from _literal(template, end, match.start())
        end = match.end()
        if match["raw"] is not None:
            yield Literal(match["raw"], match.start(), match.end())
        elif match["inside"] is not None or match["triple"] is not None:
            yield match
    yield from _literal(template, end, len(template))


def _literal(template: str, start: int, end: int) -> Iterator[Literal]:
    text = template[start:end]
    if "{{" in text:
        place = start + text.index("{{")
        raise TemplateError("these braces are never closed", template, place, place + 2)
    if text:
        yield Literal(text, start, end)


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """All nodes, outer ones first."""
    for node in nodes:
        yield node
        if isinstance(node, Block):
            yield from walk(node.then)
            yield from walk(node.otherwise)


def path_of(name: str) -> tuple[str, ...]:
    """``log.attributes.[error.message]`` as its parts: ``log``, ``attributes``, ``error.message``."""
    return tuple(
        match[1] if match[1] is not None else match[2] for match in re.finditer(r"\[([^\]]*)\]|([^.\[\]]+)", name)
    )
