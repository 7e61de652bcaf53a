"""What is wrong with a monitor's message before it is ever sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from firedrill.notify.handles import INTEGRATIONS, PREFIXES, Handle, read_handles
from firedrill.notify.template import Block, Literal, Node, TemplateError, Variable, parse_template, path_of, walk
from firedrill.notify.transition import CONDITIONS, Change, holds
from firedrill.notify.variables import EVENTS, PLAIN

Json = Mapping[str, Any]
STATES = ("OK", "WARN", "ALERT", "NO DATA")
FUNCTIONS = ("eval", "local_time", "urlencode", "override_priority")
TESTS = ("is_match", "is_exact_match")
# Monitor types whose evaluation has no sample event to show.
WITHOUT_EVENTS = (
    "query alert",
    "metric alert",
    "service check",
    "composite",
    "slo alert",
    "process alert",
    "cost alert",
)
GLUED = re.compile(r"\S@(?:" + "|".join([*PREFIXES, *(f"{name}-" for name in INTEGRATIONS)]) + r")[\w-]*")
HANDLE_BEGUN = re.compile(r"(?:^|\s)@[\w.+-]*$")


@dataclass(frozen=True)
class Finding:
    """One thing to change, at characters of the message. ``error``: it cannot work; otherwise it is a trap."""

    message: str
    start: int
    end: int
    error: bool = True


def group_by(monitor: Json) -> set[str] | None:
    """Tags and facets that a message can name, from the query and ``notify_by``; None where a query does not tell."""
    if monitor.get("type") in ("composite", "slo alert", "synthetics alert"):
        return None
    query, options = monitor.get("query") or "", monitor.get("options") or {}
    found = {tag.strip() for tags in re.findall(r"\bby\s*\{([^}]*)\}", query) for tag in tags.split(",")}
    for facets in re.findall(r"\.by\(([^)]*)\)", query):
        found |= {facet.strip().strip("\"'") for facet in re.sub(r"[\"']", "", facets).split(",")}
    for variable in options.get("variables") or ():
        found |= {group.get("facet", "") for group in variable.get("group_by") or ()}
    found -= {"", "*"}
    notify_by = options.get("notify_by")
    return found if not notify_by else {key for key in found if key in notify_by}


def lint_message(monitor: Json) -> list[Finding]:
    """All findings for a monitor (the API's JSON), in the order of the message."""
    message = monitor.get("message") or ""
    try:
        nodes = parse_template(message)
    except TemplateError as error:
        return [Finding(error.message, error.start, error.end)]
    found = [*_names(nodes, monitor), *_routing_by_events(nodes), *_glued(nodes), *_pages(nodes)]
    return sorted(found, key=lambda finding: finding.start)


def _names(nodes: tuple[Node, ...], monitor: Json) -> Iterator[Finding]:
    for node in walk(nodes):
        if isinstance(node, Block):
            if node.name not in (*CONDITIONS, *TESTS, "is_priority"):
                yield Finding(f"{node.name!r} is no condition", node.start, node.end)
            elif node.name in TESTS and node.arguments:
                yield from _variable(node.arguments[0], node, monitor)
        elif isinstance(node, Variable):
            if node.name == "urlencode" and node.arguments:
                yield from _variable(node.arguments[0], node, monitor)
            elif node.name not in FUNCTIONS:
                yield from _variable(node.name, node, monitor)


def _variable(name: str, node: Block | Variable, monitor: Json) -> Iterator[Finding]:
    parts = path_of(name)
    known = group_by(monitor)
    if name in PLAIN or not parts or parts[0] == "host":
        return
    if len(parts) > 1 and parts[-1] == "name":
        key = ".".join(parts[:-1])
        if "." in key and f"[{key}]" not in name:
            yield Finding(f"a key with periods stands in brackets: [{key}].name", node.start, node.end)
        elif known is not None and key not in known:
            yield Finding(f"{key} is not in the group-by: {name} is empty", node.start, node.end)
    elif len(parts) > 1 and parts[0] in EVENTS:
        if monitor.get("type") in WITHOUT_EVENTS:
            yield Finding(f"a {monitor['type']} has no {parts[0]} to show: {name} is empty", node.start, node.end)
    elif not (len(parts) == 2 and parts[1] in ("value", "status") and monitor.get("type") == "composite"):
        yield Finding(f"there is no variable {name!r}", node.start, node.end)


def _routing_by_events(nodes: tuple[Node, ...]) -> Iterator[Finding]:
    flat = list(walk(nodes))
    for before, node in pairwise(flat):
        if isinstance(before, Literal) and isinstance(node, Variable) and HANDLE_BEGUN.search(before.text):
            parts = path_of(node.name)
            if len(parts) > 1 and parts[0] in EVENTS and parts[-1] != "name":
                text = "a handle made from a sample event is not safe: the value differs or is empty in a recovery"
                yield Finding(text, node.start, node.end, error=False)


def _glued(nodes: tuple[Node, ...]) -> Iterator[Finding]:
    for node in walk(nodes):
        if isinstance(node, Literal):
            for match in GLUED.finditer(node.text):
                start = node.start + match.start() + 1
                yield Finding("a handle needs a space before it", start, node.start + match.end())


def _pages(nodes: tuple[Node, ...]) -> Iterator[Finding]:
    recovered = {handle.name for old in ("ALERT", "WARN", "NO DATA") for handle in _sent(nodes, old, "OK")}
    for node in walk(nodes):
        if not isinstance(node, Literal):
            continue
        for handle in read_handles(node.text):
            if handle.kind == "oncall" and handle.name not in recovered:
                start = node.start + node.text.index(f"@{handle}")
                text = f"the recovery does not mention @{handle}: its page stays open until somebody resolves it"
                yield Finding(text, start, start + len(str(handle)) + 1, error=False)


def _sent(nodes: tuple[Node, ...], old: str, new: str) -> list[Handle]:
    """Handles that a change can reach, whatever the conditions on variables say."""
    return read_handles(_outline(nodes, Change(old, new)))


UNKNOWN = "\u02e3"
"""Stands for a variable's value in :func:`handles_of`."""


def handles_of(message: str) -> list[Handle]:
    """Every handle that some notification of a message can be sent to, each once. Raises ``TemplateError``."""
    nodes, found = parse_template(message), list[Handle]()
    for old, new in ((old, new) for old in STATES for new in STATES if old != new):
        text = _outline(nodes, Change(old, new), UNKNOWN)
        found += [handle for handle in read_handles(text) if handle not in found]
    return found


def _outline(nodes: tuple[Node, ...], change: Change, value: str = "x") -> str:
    text = ""
    for node in nodes:
        if isinstance(node, Literal):
            text += node.text
        elif isinstance(node, Variable):
            text += value
        elif node.name in CONDITIONS:
            text += _outline(node.then if holds(node.name, change) != node.negated else node.otherwise, change, value)
        else:
            text += f"{_outline(node.then, change, value)} {_outline(node.otherwise, change, value)}"
    return text
