"""Parser of the template language of monitor messages (docs.datadoghq.com/monitors/notify/variables)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


class TemplateError(ValueError):
    """Raised for a message that Datadog cannot read. ``str()`` underlines the place."""

    def __init__(self, message: str, template: str, start: int, end: int) -> None:
        """``start`` and ``end`` are characters of ``template``."""
        super().__init__(message, template, start, end)
        self.message, self.template, self.start, self.end = message, template, start, end

    def __str__(self) -> str:
        """Return the message, the line and carets below the place."""
        begin = self.template.rfind("\n", 0, self.start) + 1
        line = self.template[begin:].split("\n", 1)[0]
        width = max(1, min(self.end, begin + len(line)) - self.start)
        return f"{self.message}\n  {line}\n  {' ' * (self.start - begin)}{'^' * width}"


@dataclass(frozen=True)
class Literal:
    """Literal text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class TemplateVariable:
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


Node = Literal | TemplateVariable | Block

TOKEN = re.compile(
    r"\{\{!--.*?--\}\}|\{\{!.*?\}\}"
    r"|\{\{\{\{\s*(?P<helper>\w+)(?P<arguments>[^{}]*)\}\}\}\}(?P<raw>.*?)\{\{\{\{\s*/\s*(?P=helper)\s*\}\}\}\}"
    r"|\{\{\{(?P<triple>[^{}]*)\}\}\}"
    r"|\{\{~?(?P<mark>[#^/])?(?P<inside>[^{}]*)\}\}",
    re.DOTALL,
)
WORD = re.compile(r"\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>(?:\\.|[^'\\])*)'|(?P<bare>(?:\[[^\]]*\]|[^\s\"'])+)")


@lru_cache(maxsize=1024)
def parse_template(template: str) -> tuple[Node, ...]:
    """Parse a message. Raises :class:`TemplateError`."""
    return _Parser(template).nodes()


class _Parser:
    def __init__(self, template: str) -> None:
        self.template = template
        self.tokens = list(_tokens(template))
        self.at = 0

    def nodes(self) -> tuple[Node, ...]:
        nodes, token = self._until()
        if token:
            start, end = token.span()
            raise TemplateError("nothing is open here", self.template, start, end)
        return nodes

    def _until(self) -> tuple[tuple[Node, ...], re.Match[str] | None]:
        """Return the nodes up to ``{{/..}}`` or ``{{else}}``, and that token; None at the end."""
        nodes: list[Node] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if isinstance(token, Literal):
                nodes.append(token)
            elif token["helper"]:
                nodes.append(self._raw_block(token))
            elif token["mark"] == "/" or (token["inside"] or "").strip() == "else":
                return tuple(nodes), token
            elif token["mark"]:
                nodes.append(self._block(token))
            else:
                nodes.append(self._variable(token))
        return tuple(nodes), None

    def _block(self, opening: re.Match[str]) -> Block:
        name, *arguments = self._words(opening)
        then, closing = self._until()
        otherwise: tuple[Node, ...] = ()
        if closing is not None and closing["mark"] != "/":
            otherwise, closing = self._until()
        if closing is None or closing["mark"] != "/":
            raise TemplateError(f"{{{{#{name}}}}} is never closed", self.template, *opening.span())
        if closing["inside"].strip() != name:
            raise TemplateError(f"this closes {{{{#{name}}}}}", self.template, *closing.span())
        return Block(name, tuple(arguments), opening["mark"] == "^", then, otherwise, opening.start(), closing.end())

    def _raw_block(self, token: re.Match[str]) -> Block:
        """Return a block such as ``{{{{is_match "host.name" "web"}}}}``, whose content is sent as it is written."""
        content = Literal(token["raw"], token.start("raw"), token.end("raw"))
        arguments = tuple(_words(token["arguments"]))
        return Block(token["helper"], arguments, False, (content,), (), token.start(), token.end())

    def _variable(self, token: re.Match[str]) -> TemplateVariable:
        name, *arguments = self._words(token)
        return TemplateVariable(name, tuple(arguments), *token.span())

    def _words(self, token: re.Match[str]) -> list[str]:
        inside = token["triple"] if token["triple"] is not None else token["inside"]
        words = _words(inside)
        if not words:
            raise TemplateError("these braces are empty", self.template, *token.span())
        return words


def _words(inside: str) -> list[str]:
    """Return the words between braces, without quotes."""
    return [
        match["bare"]
        if match["bare"] is not None
        else re.sub(r"\\(.)", r"\1", match["double"] or match["single"] or "")
        for match in WORD.finditer(inside.strip("~ "))
    ]


def _tokens(template: str) -> Iterator[Literal | re.Match[str]]:
    end = 0
    for match in TOKEN.finditer(template):
        yield from _literal(template, end, match.start())
        end = match.end()
        if match["helper"] == "raw":
            yield Literal(match["raw"], match.start(), match.end())
        elif any(match[group] is not None for group in ("helper", "inside", "triple")):
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
    """Yield all nodes, outer ones first."""
    for node in nodes:
        yield node
        if isinstance(node, Block):
            yield from walk(node.then)
            yield from walk(node.otherwise)


def path_of(name: str) -> tuple[str, ...]:
    """Return a name's parts: ``log``, ``attributes``, ``error.message`` of ``log.attributes.[error.message]``."""
    return tuple(
        match[1] if match[1] is not None else match[2] for match in re.finditer(r"\[([^\]]*)\]|([^.\[\]]+)", name)
    )
