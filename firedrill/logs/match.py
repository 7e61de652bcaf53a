"""Whether an event matches a search: a tree compiled to one predicate.

An event has its reserved fields (service, status, source, host, message, trace_id ...) on top, ``tags`` as a list of
``key:value``, and everything else below ``attributes``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import ip_address
from operator import ge, gt, le, lt
from typing import Any

from firedrill.logs.attributes import leaves, values_at
from firedrill.logs.event import as_number, as_text
from firedrill.logs.search_tree import Cidr, Comparison, Junction, Node, Not, Range, Term, Text, Value

Event = Mapping[str, Any]
Predicate = Callable[[Event], bool]
COMPARE: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
# The status remapper's "warning" is the facet value "warn": both spellings find it.
SAME_STATUS = {"warning": "warn"}


def everything(_: Any) -> bool:
    """Matches."""
    return True


def _nothing(_: Any) -> bool:
    return False


def predicate(node: Node) -> Predicate:
    """Compile a tree."""
    match node:
        case Term():
            return _term(node)
        case Not(child):
            excluded = predicate(child)
            return lambda event: not excluded(event)
        case Junction(operator, children):
            return _junction(operator == "OR", tuple(predicate(child) for child in children))


def _junction(decides: bool, parts: tuple[Predicate, ...]) -> Predicate:
    """The first part that gives ``decides`` settles it: True for OR, False for AND."""

    def matches(event: Event) -> bool:
        for part in parts:
            if part(event) is decides:
                return decides
        return not decides

    return matches


def _term(term: Term) -> Predicate:
    key, value = term.key, term.value
    if isinstance(value, Text) and key in (None, "*"):
        finds = _full_text(value)
        if key is None:
            return lambda event: finds(str(event.get("message") or ""))
        return lambda event: any(finds(as_text(leaf)) for leaf in leaves(event))
    assert key is not None
    if key == "status" and isinstance(value, Text) and not value.wildcards:
        value = Text(tuple(SAME_STATUS.get(part, part) for part in value.parts), (), value.quoted)
    test = _test(value)
    read = _reader(key)

    def matches(event: Event) -> bool:
        for found in read(event):  # noqa: SIM110 (a loop is faster than any() over a generator)
            if test(found):
                return True
        return False

    return matches


def _reader(key: str) -> Callable[[Event], Iterable[Any]]:
    if key.startswith("@"):
        return partial(_attribute, key[1:])
    if key == "tags":
        return lambda event: event.get("tags") or ()
    return partial(_field_or_tag, key)


def _attribute(path: str, event: Event) -> Iterable[Any]:
    return _elements(values_at(event.get("attributes") or {}, path))


def _field_or_tag(key: str, event: Event) -> Iterable[Any]:
    found = event.get(key) if key != "attributes" else None
    if found is not None and found != "":
        return _elements([found, *_spellings(found)] if key == "status" else [found])
    prefix = f"{key}:"
    return [tag[len(prefix) :] for tag in event.get("tags") or () if tag.startswith(prefix)]


def _spellings(status: Any) -> list[str]:
    return [SAME_STATUS[status]] if isinstance(status, str) and status in SAME_STATUS else []


def _elements(values: list[Any]) -> list[Any]:
    """Arrays give their elements."""
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list | tuple):
            flat += _elements(list(value))
        else:
            flat.append(value)
    return flat


def _pattern(text: Text, flags: int = 0) -> re.Pattern[str]:
    source = re.escape(text.parts[0])
    for wildcard, part in zip(text.wildcards, text.parts[1:], strict=True):
        source += (".*" if wildcard == "*" else ".") + re.escape(part)
    return re.compile(source, flags | re.DOTALL)


def _test(value: Value) -> Callable[[Any], bool]:
    match value:
        case Text() if value.any_value:
            return everything
        case Text(parts=(only,), wildcards=()):
            number = as_number(only)
            return lambda found: _equals(found, only, number)
        case Text():
            pattern = _pattern(value)
            return lambda found: not isinstance(found, Mapping) and pattern.fullmatch(as_text(found)) is not None
        case Comparison(operator, number):
            compare = COMPARE[operator]
            return lambda found: (known := as_number(found)) is not None and compare(known, number)
        case Range(low, high):
            return lambda found: (known := as_number(found)) is not None and low <= known <= high
        case Cidr(networks):
            return lambda found: _inside(found, networks)
    raise AssertionError(value)


def _equals(found: Any, text: str, number: float | None) -> bool:
    if isinstance(found, str):
        return found == text
    if isinstance(found, int | float) and not isinstance(found, bool):
        return number is not None and float(found) == number
    return not isinstance(found, Mapping) and as_text(found) == text


def _inside(found: Any, networks: tuple[Any, ...]) -> bool:
    try:
        address = ip_address(str(found))
    except ValueError:
        return False
    return any(address in network for network in networks)


def _full_text(text: Text) -> Callable[[str], bool]:
    """Words of a text, in order and adjacent, compared without case; special characters only separate words."""
    if text.any_value:
        return everything
    if not any(re.search(r"\w", part) for part in text.parts):
        return _nothing
    parts = list(text.parts)
    parts[0] = re.sub(r"^\W+", "", parts[0])
    parts[-1] = re.sub(r"\W+$", "", parts[-1])
    source = _words(parts[0])
    for wildcard, part in zip(text.wildcards, parts[1:], strict=True):
        source += (r"\w*" if wildcard == "*" else r"\w") + _words(part)
    pattern = re.compile(rf"(?<!\w){source}(?!\w)", re.IGNORECASE)
    return lambda message: pattern.search(message) is not None


def _words(part: str) -> str:
    return "".join(re.escape(run) if re.match(r"\w", run) else r"\W+" for run in re.findall(r"\w+|\W+", part))
