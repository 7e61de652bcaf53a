"""Syntax tree of a log search. Positions are characters of the parsed text."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

Network = IPv4Network | IPv6Network
Operator = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True)
class Text:
    """A text to match: literal ``parts``, separated by ``wildcards`` (``*`` or ``?``)."""

    parts: tuple[str, ...]
    wildcards: tuple[str, ...] = ()
    quoted: bool = False

    @property
    def any_value(self) -> bool:
        """True for a bare ``*``, which matches any attribute that exists."""
        return self.parts == ("", "") and self.wildcards == ("*",)


@dataclass(frozen=True)
class Comparison:
    """``>100``."""

    operator: Operator
    number: float


@dataclass(frozen=True)
class Range:
    """``[400 TO 499]``, both ends inclusive; infinity for ``*``."""

    low: float
    high: float


@dataclass(frozen=True)
class Cidr:
    """``CIDR(@ip, 10.0.0.0/8)``."""

    networks: tuple[Network, ...]


Value = Text | Comparison | Range | Cidr


@dataclass(frozen=True)
class Term:
    """One condition. ``key`` is ``@path``, a reserved field or a tag's key, ``*``, or None for the message."""

    key: str | None
    value: Value
    start: int
    end: int


@dataclass(frozen=True)
class Not:
    """An excluded condition."""

    child: "Node"
    start: int
    end: int


@dataclass(frozen=True)
class Junction:
    """Two or more conditions joined by AND or OR. ``grouped`` is whether it has its own parentheses."""

    operator: Literal["AND", "OR"]
    children: tuple["Node", ...]
    start: int
    end: int
    grouped: bool = False


Node = Term | Not | Junction


def terms(node: Node | None) -> Iterator[Term]:
    """Yield all conditions of a tree, left to right."""
    match node:
        case Term():
            yield node
        case Not(child):
            yield from terms(child)
        case Junction(children=children):
            for child in children:
                yield from terms(child)
