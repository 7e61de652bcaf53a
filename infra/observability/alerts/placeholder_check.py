"""The check of an alert's placeholders: each ``$name`` of a text must be one that the alert has."""

from collections.abc import Collection, Iterator
from string import Template

import pulumi

from infra.contract import declaration, nearest
from infra.observability.alerts.alert import Alert


def refuse_unknown(alert: Alert, known: Collection[str], ids: Collection[str]) -> None:
    """Refuse a placeholder that nothing fills in.

    ``known`` are the names of :func:`~infra.observability.alerts.alert.placeholders`; ``ids`` those that only the query
    may read. Without this check an unknown name would end in a traceback, or stay in a notification as it is.

    Raises:
        pulumi.RunError: names the alert, the place, the placeholder and the most similar one.
    """
    for place, text, also in _texts(alert, ids):
        template, names = Template(text), sorted({*known, *also})
        if not template.is_valid():
            raise _fault(alert, place, f"a $ without a name, which is written $$: {text}")
        for name in template.get_identifiers():
            if name not in names:
                similar = nearest(name, names)
                hint = f" (did you mean ${similar}?)" if similar else ""
                listed = ", ".join(f"${name}" for name in names)
                raise _fault(alert, place, f"there is no ${name}{hint}, only {listed}")


def _fault(alert: Alert, place: str, reason: str) -> pulumi.RunError:
    return pulumi.RunError(f"alert {alert.key!r} in {declaration(alert.key)}, {place}: {reason}")


def _texts(alert: Alert, ids: Collection[str]) -> Iterator[tuple[str, str, Collection[str]]]:
    """Yield place, text, and the further names that it may hold."""
    yield "title", alert.title, ()
    yield "query", alert.query, ids
    yield "description", alert.description, ()
    for number, look in enumerate(alert.look_first, 1):
        yield f"look_first {number}", look, ()
    for name, count in (alert.counts or {}).items():
        yield f"counts {name}", count.search, ()
