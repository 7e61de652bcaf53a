"""The contract's check of searches: fields, tags, their values and types, and measures."""

from firedrill.logs.search import SearchError, parse_search
from firedrill.logs.search_tree import Comparison, Range, Term, Text
from firedrill.query import QueryError, TextSpan
from firedrill.query.tree import Word
from infra.contract.metrics import NO_VARIABLES, Variables
from infra.contract.nearest import violation
from infra.contract.sources import SOURCES, Facet, Source

COUNTING = frozenset({"count", "cardinality"})


def check_search(source: str, search: str, text: str = "", start: int = 0, variables: Variables = NO_VARIABLES) -> None:
    """Check a search of a source's events, which starts at ``start`` of ``text``. Raises :class:`QueryError`."""
    text = text or search
    try:
        parsed = parse_search(search)
    except SearchError as error:
        raise QueryError(error.message, text, start + error.start, start + error.end) from None
    facets = SOURCES.get(source)
    # A search with escaped characters is longer in the text: its positions are not those of the text.
    exact = text[start : start + len(search)] == search
    for term in parsed.terms:
        place = _Place(term, search, text, start) if exact else _Place(term, search, search, 0)
        if term.key is None:
            _check_variable(term, place, facets, variables)
        elif facets is not None:
            _check_term(term, place, facets)


def check_facet(source: str, facet: Word, text: str) -> Facet | None:
    """Return a facet to group by or to measure: ``@path`` or a tag. Raises :class:`QueryError`."""
    facets = SOURCES.get(source)
    return _facet(facets, facet.text, text, facet.span) if facets is not None else None


def check_measure(source: str, method: str, measure: Word | None, text: str) -> None:
    """Check a measure. Raises :class:`QueryError` if the field's type has no such aggregation."""
    if measure is None:
        return
    facet = check_facet(source, measure, text)
    if facet is not None and facet.type not in {"number", "any"} and method not in COUNTING:
        raise violation(f"{measure.text} is a {facet.type}: it has no {method}", text, measure.span)


class _Place:
    """The positions of a term's key and value."""

    def __init__(self, term: Term, search: str, text: str, start: int) -> None:
        self.text, self.key_name = text, term.key or ""
        before = f"{self.key_name}:"
        at = term.start if search.startswith(before, term.start) else search.rfind(before, 0, term.end)
        begin = term.start + len(before) if at == term.start else term.start
        self.key = TextSpan(start + max(at, 0), start + max(at, 0) + len(self.key_name))
        self.value = TextSpan(start + begin, start + term.end)
        self.whole = TextSpan(start + term.start, start + term.end)


def _check_variable(term: Term, place: _Place, facets: Source | None, variables: Variables) -> None:
    """Check a template variable: ``$env`` alone in a dashboard's search stands for ``env:value``."""
    if not isinstance(term.value, Text) or term.value.quoted or not term.value.parts[0].startswith("$"):
        return
    name = term.value.parts[0][1:]
    if name not in variables:
        raise violation(f"the dashboard has no template variable {name!r}", place.text, place.whole, name, variables)
    key = variables[name]
    if facets is not None and key.removeprefix("@") not in (facets.fields if key.startswith("@") else facets.tags):
        raise violation(
            f"${name} stands for {key!r}, which {facets.events} events do not have", place.text, place.whole
        )


def _check_term(term: Term, place: _Place, facets: Source) -> None:
    if term.key == "*":
        return
    facet = _facet(facets, place.key_name, place.text, place.key)
    if isinstance(term.value, Comparison | Range) and facet.type not in {"number", "any"}:
        raise violation(f"{place.key_name} is a {facet.type}: it cannot be compared", place.text, place.value)
    if not isinstance(term.value, Text) or term.value.wildcards or not facet.values:
        return
    value = term.value.parts[0]
    if value not in facet.values and not value.startswith("$"):
        raise violation(_no_value(facets, place.key_name, value, facet), place.text, place.value, value, facet.values)


def _no_value(facets: Source, key: str, value: str, facet: Facet) -> str:
    if facets.events == "span" and key in {"operation_name", "resource_name"}:
        return f"service/telemetry declares no span with {key} {value!r}"
    return f"{facets.events} field {key.removeprefix('@')} has no value {value!r}, only {', '.join(facet.values)}"


def _facet(facets: Source, key: str, text: str, span: TextSpan) -> Facet:
    """Return the facet of a key. Raises :class:`QueryError`."""
    if not key.startswith("@"):
        if key not in facets.tags:
            names = [*facets.tags, *(f"@{path}" for path in facets.fields)]
            raise violation(f"{facets.events} events have no tag {key!r}", text, span, key, names)
        return facets.tags[key]
    path = key[1:]
    if path in facets.fields:
        return facets.fields[path]
    if facets.open and path.startswith(facets.open):
        return Facet("any")
    declared = facets.events in {"log", "span"}
    message = f"service/telemetry declares no {facets.events} field" if declared else f"{facets.events} has no field"
    raise violation(f"{message} {path!r}", text, span, path, facets.fields)


def as_facet(name: str) -> Word:
    """Return a name as a facet whose position is the whole text."""
    return Word(name, span=TextSpan(0, len(name)))
