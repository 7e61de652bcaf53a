"""Rendering of a monitor's message at a transition: conditions, variables, handles.

docs.datadoghq.com/monitors/notify/variables. Choices where the pages are silent: ALERT to WARN is not a recovery,
``is_match`` compares with case, variables are not escaped, and a title's prefix for anything but an alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firedrill.notify.eval_expression import EvaluationError, evaluate
from firedrill.notify.handles import Handle, read_handles
from firedrill.notify.template import Block, Literal, Node, TemplateError, TemplateVariable, parse_template
from firedrill.notify.transition import CONDITIONS, NotifiedTransition, condition_holds, notified_tags
from firedrill.notify.variables import Variables, as_text

# Only "Triggered" is documented.
PREFIXES = {"ALERT": "Triggered", "WARN": "Warn", "NO DATA": "No data", "OK": "Recovered", "UNKNOWN": "Unknown"}


@dataclass(frozen=True)
class Rendered:
    """A rendered notification. ``priority`` is the monitor's (1 to 5) unless ``override_priority`` sets it."""

    title: str
    text: str
    handles: list[Handle]
    priority: int | None = None


def render(
    monitor: Mapping[str, Any], transition: NotifiedTransition, variables: Mapping[str, Any] | None = None
) -> Rendered:
    """Return the notification of a monitor (the API's JSON) for a transition.

    ``variables`` are values that neither has: ``timeframe``, ``a.value``, ``host.ip``. A variable without a value is
    empty. Raises :class:`TemplateError` for a message that Datadog cannot read.
    """
    message = monitor.get("message") or ""
    values = Variables(monitor, transition, variables or {})
    writer = _Writer(message, monitor, values)
    text = writer.write(parse_template(message))
    handles = read_handles(text, values.value_of)
    return Rendered(_title(monitor, transition, variables or {}), text, handles, writer.priority)


def _title(monitor: Mapping[str, Any], transition: NotifiedTransition, variables: Mapping[str, Any]) -> str:
    name = monitor.get("name") or ""
    text = _Writer(name, monitor, Variables(monitor, transition, variables)).write(parse_template(name))
    prefix = PREFIXES.get(transition.new, transition.new.title())
    if transition.kind == "renotify":
        prefix = f"Re-{prefix}"
    group = notified_tags(monitor, transition)
    tagged = (monitor.get("options") or {}).get("include_tags", True) and group
    tags = ",".join(f"{key}:{as_text(value)}" for key, value in sorted(group.items()))
    return f"[{prefix} on {{{tags}}}] {text}" if tagged else f"[{prefix}] {text}"


class _Writer:
    def __init__(self, template: str, monitor: Mapping[str, Any], variables: Variables) -> None:
        self.template, self.monitor, self.variables = template, monitor, variables
        self.priority: int | None = monitor.get("priority")

    def write(self, nodes: tuple[Node, ...]) -> str:
        return "".join(self._node(node) for node in nodes)

    def _node(self, node: Node) -> str:
        match node:
            case Literal(text):
                return text
            case TemplateVariable():
                return self._variable(node)
            case Block():
                true = self._condition(node) != node.negated
                return self.write(node.then if true else node.otherwise)

    def _condition(self, block: Block) -> bool:
        name, arguments = block.name, block.arguments
        if name in CONDITIONS:
            return condition_holds(name, self.variables.transition)
        if name == "is_priority":
            return self._argument(block, 0).upper() == f"P{self.monitor.get('priority')}"
        if name in ("is_match", "is_exact_match"):
            value = self.variables.text(self._argument(block, 0))
            texts = arguments[1:]
            if not texts:
                raise TemplateError(
                    f"{name} needs a variable and at least one text", self.template, block.start, block.end
                )
            if name == "is_match":
                return any(text in value if text else bool(value) for text in texts)
            return any(text == value or _same_number(text, value) for text in texts)
        raise TemplateError(f"{name!r} is not a condition", self.template, block.start, block.end)

    def _argument(self, node: Block | TemplateVariable, position: int) -> str:
        if position >= len(node.arguments):
            raise TemplateError(f"{node.name} needs an argument", self.template, node.start, node.end)
        return node.arguments[position]

    def _variable(self, node: TemplateVariable) -> str:
        match node.name:
            case "eval":
                try:
                    return evaluate(self._argument(node, 0), self.variables.number)
                except EvaluationError as error:
                    raise TemplateError(str(error), self.template, node.start, node.end) from error
            case "local_time":
                return self._local_time(node)
            case "urlencode":
                return quote(self.variables.text(self._argument(node, 0)), safe="")
            case "override_priority":
                self.priority = self._priority(node)
                return ""
        if node.arguments:
            raise TemplateError(f"{node.name!r} takes no arguments", self.template, node.start, node.end)
        return self.variables.text(node.name)

    def _local_time(self, node: TemplateVariable) -> str:
        moment = self.variables.moment(self._argument(node, 0))
        try:
            zone = ZoneInfo(self._argument(node, 1))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise TemplateError("no such time zone", self.template, node.start, node.end) from error
        return moment.astimezone(zone).isoformat(" ", "seconds") if moment else ""

    def _priority(self, node: TemplateVariable) -> int:
        argument = self._argument(node, 0).upper()
        if argument not in ("P1", "P2", "P3", "P4", "P5"):
            raise TemplateError("priorities are P1 to P5", self.template, node.start, node.end)
        return int(argument[1])


def _same_number(text: str, value: str) -> bool:
    try:
        return float(text) == float(value)
    except ValueError:
        return False
