"""Compilation of a search's tree to one predicate on events.

An event has its reserved fields (service, status, source, host, message, trace_id ...) at the top, ``tags`` as a list
of ``key:value``, and everything else below ``attributes``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import ip_address
from operator import ge, gt, le, lt, methodcaller
from socket import AF_INET, inet_pton
from typing import Any

from firedrill.logs.attributes import leaves, values_at
from firedrill.logs.event import as_number, as_text
from firedrill.logs.search_tree import Cidr, Comparison, Junction, Network, Node, Not, Range, Term, Text, Value

Event = Mapping[str, Any]
Predicate = Callable[[Event], bool]
COMPARE: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
# The status remapper's page has "warning" and "emerg", the stored values are "warn" and "emergency": either finds both.
STATUS_SYNONYMS = {"warning": "warn", "emerg": "emergency"}


def everything(_: Any) -> bool:
    """Match any event."""
    return True


def _nothing(_: Any) -> bool:
    return False


def compile_predicate(node: Node) -> Predicate:
    """Compile a tree."""
    match node:
        case Term():
            return _term(node)
        case Not(child):
            excluded = compile_predicate(child)
            return lambda event: not excluded(event)
        case Junction(operator, children):
            return _junction(operator == "OR", tuple(compile_predicate(child) for child in children))


def _junction(decides: bool, parts: tuple[Predicate, ...]) -> Predicate:
    """Return a predicate whose first part with the result ``decides`` decides it: True for OR, False for AND."""

    def matches(event: Event) -> bool:
        for part in parts:
            if part(event) is decides:
                return decides
        return not decides

    return matches


def _term(term: Term) -> Predicate:
    key, value = term.key, term.value
    if isinstance(value, Text) and key in (None, "*"):
        finds = full_text_test(value)
        if key is None:
            return lambda event: finds(str(event.get("message") or ""))
        return lambda event: any(finds(as_text(leaf)) for leaf in leaves(event))
    assert key is not None
    test = value_test(term)
    read = _reader(key)

    def matches(event: Event) -> bool:
        for value in read(event):  # noqa: SIM110 (a loop is faster than any() over a generator)
            if test(value):
                return True
        return False

    return matches


def value_test(term: Term) -> Callable[[Any], bool]:
    """Return the test of a term with a key for one value."""
    value = term.value
    if term.key == "status" and isinstance(value, Text) and not value.wildcards:
        value = Text(tuple(STATUS_SYNONYMS.get(part, part) for part in value.parts), (), value.quoted)
    return _test(value)


def _reader(key: str) -> Callable[[Event], Iterable[Any]]:
    if key.startswith("@"):
        return partial(_attribute, key[1:])
    if key == "tags":
        return tags_of
    return partial(_field_or_tag, key)


def _attribute(path: str, event: Event) -> Iterable[Any]:
    return elements(values_at(event.get("attributes") or {}, path))


def _field_or_tag(key: str, event: Event) -> Iterable[Any]:
    value = event.get(key) if key != "attributes" else None
    if value is not None and value != "":
        return field_elements(key, value)
    prefix = f"{key}:"
    return [tag[len(prefix) :] for tag in tags_of(event) if tag.startswith(prefix)]


def tags_of(event: Event) -> list[str]:
    """Return the tags of an event: the texts of its list."""
    tags = event.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list | tuple) else []


def field_elements(key: str, value: Any) -> list[Any]:
    """Return the elements of a reserved field's value; a status is all of its synonyms."""
    return elements([value, *_synonyms(value)] if key == "status" else [value])


def _synonyms(status: Any) -> list[str]:
    return [STATUS_SYNONYMS[status]] if isinstance(status, str) and status in STATUS_SYNONYMS else []


def elements(values: list[Any]) -> list[Any]:
    """Return the values with arrays replaced by their elements."""
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list | tuple):
            flat += elements(list(value))
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
            return _equals(only)
        case Text():
            return _matches(value)
        case Comparison(operator, number):
            compare = COMPARE[operator]
            return lambda candidate: (parsed := as_number(candidate)) is not None and compare(parsed, number)
        case Range(low, high):
            return lambda candidate: (parsed := as_number(candidate)) is not None and low <= parsed <= high
        case Cidr(networks):
            return _inside(networks)
    raise AssertionError(value)


def _equals(text: str) -> Callable[[Any], bool]:
    number = as_number(text)

    def test(candidate: Any) -> bool:
        if isinstance(candidate, str):
            return candidate == text
        if isinstance(candidate, int | float) and not isinstance(candidate, bool):
            return number is not None and float(candidate) == number
        return not isinstance(candidate, Mapping) and as_text(candidate) == text

    return test


def _matches(text: Text) -> Callable[[Any], bool]:
    """Return the test of wildcards. A beginning or a part needs no regular expression, which takes much longer."""
    match text.parts, text.wildcards:
        case (beginning, ""), ("*",):
            finds: Callable[[str], object] = methodcaller("startswith", beginning)
        case ("", part, ""), ("*", "*"):
            finds = methodcaller("__contains__", part)
        case _:
            finds = _pattern(text).fullmatch

    def test(candidate: Any) -> bool:
        if not isinstance(candidate, str):
            if isinstance(candidate, Mapping):
                return False
            candidate = as_text(candidate)
        return bool(finds(candidate))

    return test


def _inside(networks: tuple[Network, ...]) -> Callable[[Any], bool]:
    version4 = [(int(each.network_address), int(each.netmask)) for each in networks if each.version == 4]

    def test(candidate: Any) -> bool:
        text = str(candidate)
        if not text[:1].isdecimal():
            return ":" in text and _inside_any(text, networks)
        try:
            # The usual address, without the objects of ipaddress.
            number = int.from_bytes(inet_pton(AF_INET, text))
        except (OSError, ValueError):
            return ":" in text and _inside_any(text, networks)
        return any(number & mask == network for network, mask in version4)

    return test


def _inside_any(text: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


def full_text_test(text: Text) -> Callable[[str], bool]:
    """Return a test for the words of a text: in order and adjacent, without case; special characters separate words."""
    if text.any_value:
        return everything
    source = _source(text)
    if source is None:
        return _nothing
    pattern = re.compile("".join(source), re.IGNORECASE)
    if not source[1].isascii():
        return lambda message: pattern.search(message) is not None
    quick = re.compile(_quick(*source))
    return lambda message: (quick.search(message.lower()) if message.isascii() else pattern.search(message)) is not None


def line_pattern(text: Text) -> re.Pattern[str] | None:
    """Return a pattern for lines of ASCII in small letters, each in quotation marks; None if there is none."""
    source = None if text.any_value else _source(text)
    if source is None or not source[1].isascii():
        return None
    before, words = source
    return re.compile(_quick(before, words.replace(r"\W+", r'[^\w\n"]+').replace(r"[^\w*?]+", r'[^\w*?\n"]+')))


def _quick(before: str, words: str) -> str:
    """Return the pattern for ASCII in small letters.

    The lookbehind is after the first word: the search for a word with which a pattern begins is many times as fast.
    """
    first = re.match(r"\w+", words)
    if first is None or not before:
        return before + _lower(words)
    start = first[0].lower()
    return rf"{start}(?<!\w{start})" + _lower(words[first.end() :])


def _lower(source: str) -> str:
    """Return a pattern in small letters, but for its classes."""
    return re.sub(r"\\W|[^\\]+", lambda part: part[0] if part[0] == r"\W" else part[0].lower(), source)


def _source(text: Text) -> tuple[str, str] | None:
    """Return the pattern of a text: a lookbehind and the words; None for a text without words."""
    if text.quoted:
        return _phrase(text.parts[0])
    if not any(re.search(r"\w", part) for part in text.parts):
        return None
    parts = list(text.parts)
    parts[0] = re.sub(r"^\W+", "", parts[0])
    parts[-1] = re.sub(r"\W+$", "", parts[-1])
    source = _words(parts[0])
    for wildcard, part in zip(text.wildcards, parts[1:], strict=True):
        source += (r"\w*" if wildcard == "*" else r"\w") + _words(part)
    return r"(?<!\w)", source + r"(?!\w)"


def _phrase(phrase: str) -> tuple[str, str] | None:
    """Return the pattern of a quoted phrase: ``*`` and ``?`` stand for themselves, other characters separate words."""
    runs = re.findall(r"\w+|[*?]|[^\w*?]+", phrase)
    while runs and re.fullmatch(r"[^\w*?]+", runs[0]):
        del runs[0]
    while runs and re.fullmatch(r"[^\w*?]+", runs[-1]):
        del runs[-1]
    if not runs:
        return None
    source = "".join(re.escape(run) if re.match(r"[\w*?]", run) else r"[^\w*?]+" for run in runs)
    before, after = (r"(?<!\w)" if re.match(r"\w", runs[0]) else ""), (r"(?!\w)" if re.match(r"\w", runs[-1]) else "")
    return before, source + after


def _words(part: str) -> str:
    return "".join(re.escape(run) if re.match(r"\w", run) else r"\W+" for run in re.findall(r"\w+|\W+", part))
