"""Searches of events against the contract: fields, tags, their values and types, and what is measured."""

from firedrill.logs.search import SearchError, parse_search
from firedrill.logs.search_tree import Comparison, Range, Term, Text
from firedrill.query import QueryError, Span
from firedrill.query.tree import Word
from infra.contract.metrics import NO_VARIABLES, Variables
from infra.contract.nearest import violation
from infra.contract.sources import SOURCES, Facet, Source

COUNTING = frozenset({"count", "cardinality"})


def check_search(source: str, search: str, text: str = "", start: int = 0, variables: Variables = NO_VARIABLES) -> None:
    """A search of a source's events, which stands at ``start`` of ``text``. Raises :class:`QueryError`."""
    text = text or search
    try:
        parsed = parse_search(search)
    except SearchError as error:
        raise QueryError(error.message, text, start + error.start, start + error.end) from None
    known = SOURCES.get(source)
    # A search with escaped characters is longer in the text than when read: its places are not those of the text.
    exact = text[start : start + len(search)] == search
    for term in parsed.terms:
        here = _Place(term, search, text, start) if exact else _Place(term, search, search, 0)
        if term.key is None:
            _check_variable(term, here, known, variables)
        elif known is not None:
            _check_term(term, here, known)


def check_facet(source: str, facet: Word, text: str) -> Facet | None:
    """A facet to group by or to measure: ``@path`` or a tag. Raises :class:`QueryError`."""
    known = SOURCES.get(source)
    return _facet(known, facet.text, text, facet.span) if known is not None else None


def check_measure(source: str, method: str, measure: Word | None, text: str) -> None:
    """What is aggregated. Raises :class:`QueryError` where the field's type has no such aggregation."""
    if measure is None:
        return
    facet = check_facet(source, measure, text)
    if facet is not None and facet.type not in {"number", "any"} and method not in COUNTING:
        raise violation(f"{measure.text} is a {facet.type}: it has no {method}", text, measure.span)


class _Place:
    """Where the key and the value of a term stand."""

    def __init__(self, term: Term, search: str, text: str, start: int) -> None:
        self.text, self.key_name = text, term.key or ""
        before = f"{self.key_name}:"
        at = term.start if search.startswith(before, term.start) else search.rfind(before, 0, term.end)
        begin = term.start + len(before) if at == term.start else term.start
        self.key = Span(start + max(at, 0), start + max(at, 0) + len(self.key_name))
        self.value = Span(start + begin, start + term.end)
        self.whole = Span(start + term.start, start + term.end)


def _check_variable(term: Term, here: _Place, known: Source | None, variables: Variables) -> None:
    """``$env`` alone in a dashboard's search stands for ``env:value``."""
    if not isinstance(term.value, Text) or term.value.quoted or not term.value.parts[0].startswith("$"):
        return
    name = term.value.parts[0][1:]
    if name not in variables:
        raise violation(f"the dashboard has no template variable {name!r}", here.text, here.whole, name, variables)
    key = variables[name]
    if known is not None and key.removeprefix("@") not in (known.fields if key.startswith("@") else known.tags):
        raise violation(f"${name} stands for {key!r}, which {known.events} events do not have", here.text, here.whole)


def _check_term(term: Term, here: _Place, known: Source) -> None:
    if term.key == "*":
        return
    facet = _facet(known, here.key_name, here.text, here.key)
    if isinstance(term.value, Comparison | Range) and facet.type not in {"number", "any"}:
        raise violation(f"{here.key_name} is a {facet.type}: it cannot be compared", here.text, here.value)
    if not isinstance(term.value, Text) or term.value.wildcards or not facet.values:
        return
    value = term.value.parts[0]
    if value not in facet.values and not value.startswith("$"):
        raise violation(_no_value(known, here.key_name, value, facet), here.text, here.value, value, facet.values)


def _no_value(known: Source, key: str, value: str, facet: Facet) -> str:
    if known.events == "span" and key in {"operation_name", "resource_name"}:
        return f"service/telemetry.py declares no span with {key} {value!r}"
    return f"{known.events} field {key.removeprefix('@')} has no value {value!r}, only {', '.join(facet.values)}"


def _facet(known: Source, key: str, text: str, span: Span) -> Facet:
    """The facet of a key. Raises :class:`QueryError`."""
    if not key.startswith("@"):
        if key not in known.tags:
            names = [*known.tags, *(f"@{path}" for path in known.fields)]
            raise violation(f"{known.events} events have no tag {key!r}", text, span, key, names)
        return known.tags[key]
    path = key[1:]
    if path in known.fields:
        return known.fields[path]
    if known.open and path.startswith(known.open):
        return Facet("any")
    declared = known.events in {"log", "span"}
    message = f"service/telemetry.py declares no {known.events} field" if declared else f"{known.events} has no field"
    raise violation(f"{message} {path!r}", text, span, path, known.fields)


def whole(name: str) -> Word:
    """A facet that stands by itself."""
    return Word(name, span=Span(0, len(name)))
