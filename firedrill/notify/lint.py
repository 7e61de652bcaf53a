"""Checks of a monitor's message before it is sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from firedrill.notify.handles import INTEGRATIONS, PREFIXES, Handle, read_handles
from firedrill.notify.template import (
    Block,
    Literal,
    Node,
    TemplateError,
    TemplateVariable,
    parse_template,
    path_of,
    walk,
)
from firedrill.notify.transition import CONDITIONS, SampleTransition, condition_holds
from firedrill.notify.variables import CHECK_MESSAGE, EVENTS, PLAIN

Json = Mapping[str, Any]
STATES = ("OK", "WARN", "ALERT", "NO DATA")
FUNCTIONS = ("eval", "local_time", "urlencode", "override_priority")
TESTS = ("is_match", "is_exact_match")
# Blocks of synthetic tests' messages (docs.datadoghq.com/synthetics/notifications/advanced_notifications).
LOOP = "each"
OF_TEST_RESULTS = (LOOP, "if", "unless")
SAMPLES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("query alert", "metric alert", "service check", "composite", "slo alert", "process alert", "cost alert"), ()
    ),
    "log alert": ("log",),
    "trace-analytics alert": ("span",),
    "rum alert": ("rum",),
    "event alert": ("event",),
    "event-v2 alert": ("event",),
    "ci-pipelines alert": ("cipipeline",),
    "ci-tests alert": ("citest",),
    "audit alert": ("audit",),
    "database-monitoring alert": ("databasemonitoring",),
    "error-tracking alert": ("issue", "log", "span", "rum"),
    "synthetics alert": ("synthetics",),
}
"""The sample events that a message can show, by the type of the monitor; of other types they are not documented."""
HANDLE_WITHOUT_SPACE = re.compile(
    r"[^\s`]@(?:" + "|".join([*PREFIXES, *(f"{name}-" for name in INTEGRATIONS)]) + r")[\w-]*"
)
HANDLE_BEGUN = re.compile(r"(?:^|\s)@[\w.+-]*$")


@dataclass(frozen=True)
class MessageFinding:
    """A problem at characters of a text of the monitor: its message, its title or its escalation message.

    An ``error`` cannot work; anything else is a trap.
    """

    message: str
    start: int
    end: int
    error: bool = True
    part: str = "message"
    text: str = ""

    def __str__(self) -> str:
        return self.message if self.part == "message" else f"{self.part}: {self.message}"


def group_by(monitor: Json) -> set[str] | None:
    """Return the tags and facets that a message can name, from the query and ``notify_by``; None where unknown."""
    if monitor.get("type") in ("composite", "slo alert", "synthetics alert"):
        return None
    options = monitor.get("options") or {}
    variables = [variable for variable in options.get("variables") or () if isinstance(variable, Mapping)]
    tags: set[str] = set()
    for query in (monitor.get("query"), *(variable.get("query") for variable in variables)):
        tags |= _group_by_of_text(str(query or ""))
    for variable in variables:
        groups = variable.get("group_by") or ()
        tags |= {str(group.get("facet", "")) if isinstance(group, Mapping) else str(group) for group in groups}
    tags -= {"", "*"}
    notify_by = options.get("notify_by")
    return tags if not notify_by else {key for key in tags if key in notify_by}


def _group_by_of_text(query: str) -> set[str]:
    lists = re.findall(r"\bby\s*\{([^}]*)\}", query)
    lists += [re.sub(r"[\"']", "", facets) for facets in re.findall(r"\.by\(([^)]*)\)", query)]
    return {tag.strip() for tag_list in lists for tag in tag_list.split(",")}


def lint_message(monitor: Json) -> list[MessageFinding]:
    """Return all findings for a monitor (the API's JSON): its message, its title, its escalation message.

    Those of a text are in the order of the text.
    """
    options = monitor.get("options") or {}
    texts = {
        "message": monitor.get("message"),
        "title": monitor.get("name"),
        "escalation message": options.get("escalation_message"),
    }
    return [
        replace(finding, part=part, text=str(text))
        for part, text in texts.items()
        for finding in _lint_text(str(text or ""), monitor, has_handles=part != "title")
    ]


def _lint_text(text: str, monitor: Json, *, has_handles: bool) -> list[MessageFinding]:
    try:
        nodes = parse_template(text)
    except TemplateError as error:
        return [MessageFinding(error.message, error.start, error.end)]
    findings = list(_names(nodes, monitor))
    if has_handles:
        findings += [*_handles_from_events(nodes), *_handles_without_space(nodes), *_pages_left_open(nodes)]
    return sorted(findings, key=lambda finding: finding.start)


def _names(nodes: tuple[Node, ...], monitor: Json) -> Iterator[MessageFinding]:
    for node in nodes:
        if isinstance(node, Block):
            yield from _block(node, monitor)
        elif isinstance(node, TemplateVariable):
            if node.name == "urlencode" and node.arguments:
                yield from _variable(node.arguments[0], node, monitor)
            elif node.name not in FUNCTIONS:
                yield from _variable(node.name, node, monitor)


def _block(block: Block, monitor: Json) -> Iterator[MessageFinding]:
    of_test = block.name in OF_TEST_RESULTS and monitor.get("type") == "synthetics alert"
    if block.name not in (*CONDITIONS, *TESTS, "is_priority") and not of_test:
        yield MessageFinding(f"{block.name!r} is not a condition", block.start, block.end)
    if block.arguments and (block.name in TESTS or of_test):
        yield from _variable(block.arguments[0], block, monitor)
    if of_test and block.name == LOOP:
        return  # inside, a name is a member of the loop's item
    yield from _names(block.then, monitor)
    yield from _names(block.otherwise, monitor)


def _variable(name: str, node: Block | TemplateVariable, monitor: Json) -> Iterator[MessageFinding]:
    problem = _problem_of_variable(name, monitor, is_tested=isinstance(node, Block))
    if problem is not None:
        # The page has no such form, but public monitors use it.
        is_group = name in (group_by(monitor) or ())
        problem = f"the documented form is {{{{{name}.name}}}}" if is_group else problem
        yield MessageFinding(problem, node.start, node.end, error=not is_group)


def _problem_of_variable(name: str, monitor: Json, *, is_tested: bool) -> str | None:
    """Return the reason why a variable has no value (docs.datadoghq.com/monitors/notify/variables), else None."""
    parts, tags, type_ = path_of(name), group_by(monitor), str(monitor.get("type"))
    if name == CHECK_MESSAGE and type_ != "service check":
        return f"only a service check has a message: {name} is empty"
    if not parts or name in (*PLAIN, CHECK_MESSAGE) or parts[0] == "host":
        return None
    key = ".".join(parts[:-1]) if parts[-1] == "name" else ""
    if key and (key in (tags or ()) or f"@{key}" in (tags or ())):
        return _without_brackets(key, name)
    if len(parts) > 1 and parts[0] in EVENTS:
        shown = SAMPLES.get(type_)
        return None if shown is None or parts[0] in shown else f"a {type_} has no {parts[0]} to show: {name} is empty"
    if type_ == "composite" and _is_of_member(parts):
        return None
    if type_ == "synthetics alert" and parts[0] == "tags":
        return None
    tag = key or (name if is_tested else "")
    if tag:
        # A group by host has all tags of the host.
        missing = tags is not None and tag not in tags and "host" not in tags
        return _without_brackets(tag, name) or (f"{tag} is not in the group-by: {name} is empty" if missing else None)
    if len(parts) > 1 and (tags is None or parts[0] in tags):
        return None  # metadata of a group: service.team, pod_name.phase
    return f"there is no variable {name!r}"


def _is_of_member(parts: tuple[str, ...]) -> bool:
    """Return whether a name is a composite's ``a.value``, ``a.status`` or ``a.log.message``."""
    return len(parts) > 1 and (parts[1] in EVENTS or (len(parts) == 2 and parts[1] in ("value", "status")))


def _without_brackets(key: str, name: str) -> str | None:
    """Return the problem of a tag's key with periods that is not in brackets, else None."""
    return f"write a key with periods in brackets: [{key}].name" if "." in key and f"[{key}]" not in name else None


def _handles_from_events(nodes: tuple[Node, ...]) -> Iterator[MessageFinding]:
    flat = list(walk(nodes))
    for before, node in pairwise(flat):
        if isinstance(before, Literal) and isinstance(node, TemplateVariable) and HANDLE_BEGUN.search(before.text):
            parts = path_of(node.name)
            if len(parts) > 1 and parts[0] in EVENTS and parts[-1] != "name":
                text = "a handle from a sample event is not safe: its value differs or is empty in a recovery"
                yield MessageFinding(text, node.start, node.end, error=False)


def _handles_without_space(nodes: tuple[Node, ...]) -> Iterator[MessageFinding]:
    for node in walk(nodes):
        if isinstance(node, Literal):
            for match in HANDLE_WITHOUT_SPACE.finditer(node.text):
                start = node.start + match.start() + 1
                yield MessageFinding("a handle needs a space before it", start, node.start + match.end())


def _pages_left_open(nodes: tuple[Node, ...]) -> Iterator[MessageFinding]:
    recovered = {handle.name for old in ("ALERT", "WARN", "NO DATA") for handle in _handles_at(nodes, old, "OK")}
    for node in walk(nodes):
        if not isinstance(node, Literal):
            continue
        for handle in read_handles(node.text):
            if handle.kind == "oncall" and handle.name not in recovered:
                start = node.start + node.text.index(f"@{handle}")
                text = f"the recovery does not mention @{handle}: its page stays open until somebody resolves it"
                yield MessageFinding(text, start, start + len(str(handle)) + 1, error=False)


def _handles_at(nodes: tuple[Node, ...], old: str, new: str) -> list[Handle]:
    """Return the handles of a change, whatever the conditions on variables are."""
    return read_handles(_outline(nodes, SampleTransition(old, new)))


UNKNOWN_VALUE = "\u02e3"
"""Placeholder for a variable's value in :func:`possible_handles`."""


def possible_handles(message: str) -> list[Handle]:
    """Return every handle that some notification of a message can be sent to, each once. Raises ``TemplateError``."""
    nodes, handles = parse_template(message), list[Handle]()
    for old, new in ((old, new) for old in STATES for new in STATES if old != new):
        text = _outline(nodes, SampleTransition(old, new), UNKNOWN_VALUE)
        handles += [handle for handle in read_handles(text) if handle not in handles]
    return handles


def _outline(nodes: tuple[Node, ...], transition: SampleTransition, value: str = "x") -> str:
    text = ""
    for node in nodes:
        if isinstance(node, Literal):
            text += node.text
        elif isinstance(node, TemplateVariable):
            text += value
        elif node.name in CONDITIONS:
            text += _outline(
                node.then if condition_holds(node.name, transition) != node.negated else node.otherwise,
                transition,
                value,
            )
        else:
            text += f"{_outline(node.then, transition, value)} {_outline(node.otherwise, transition, value)}"
    return text
