"""Handles in a rendered message: its recipients (docs.datadoghq.com/monitors/notify)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

HandleKind = Literal["oncall", "workflow", "team", "email", "incident", "case", "integration"]
PREFIXES: dict[str, HandleKind] = {
    "oncall-": "oncall",
    "workflow-": "workflow",
    "incident-": "incident",
    "case-": "case",
}
# An integration's handle is @<name>-<values>; anything else without a domain is a team.
INTEGRATIONS = (
    *("slack", "pagerduty", "webhook", "jira", "teams", "opsgenie", "victorops", "servicenow", "sns", "eventbridge"),
    *("hangouts", "googlechat", "zendesk", "statuspage", "freshservice", "xmatters", "moogsoft", "sumo", "flowdock"),
    *("hipchat", "campfire", "pushover", "azure-devops", "github", "incidentio"),
)
# A space separates a handle from the text before it, none a workflow's parameters from its handle.
HANDLE = re.compile(r"(?<!\S)@(?P<name>[A-Za-z0-9][\w.+#/@:-]*)(?P<parameters>\((?:\"(?:\\.|[^\"\\])*\"|[^()\"])*\))?")
PARAMETER = re.compile(r"\s*(?P<key>[\w.-]+)\s*=\s*(?:\"(?P<quoted>(?:\\.|[^\"\\])*)\"|(?P<bare>[^,]*))\s*(?:,|$)")


@dataclass(frozen=True)
class Handle:
    """A recipient.

    ``name`` has neither ``@`` nor the kind's prefix; integrations keep theirs (``slack-llm``).
    """

    kind: HandleKind
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the handle as written, without ``@`` and parameters."""
        prefix = next((prefix for prefix, kind in PREFIXES.items() if kind == self.kind), "")
        return prefix + self.name


Values = Callable[[str], str | None]
"""Values of variables by name; None for a text that is not a variable with a value."""


def read_handles(text: str, values: Values = lambda _name: None) -> list[Handle]:
    """Return all handles of a rendered text, each once, in order.

    A workflow's parameter that names a variable without braces and quotes has the variable's value
    (docs.datadoghq.com/actions/workflows/trigger).
    """
    handles: list[Handle] = []
    for match in HANDLE.finditer(text):
        handle = parse_handle(match["name"].rstrip(".,:;!?"), match["parameters"] or "", values)
        if handle and handle not in handles:
            handles.append(handle)
    return handles


def parse_handle(name: str, parameters: str = "", values: Values = lambda _name: None) -> Handle | None:
    """Parse a handle without its ``@``; None where parentheses follow a handle that takes no parameters."""
    for prefix, kind in PREFIXES.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            if parameters and kind != "workflow":
                return None
            return Handle(kind, name.removeprefix(prefix), _parameters(parameters[1:-1], values))
    if parameters:
        return None
    if "@" in name:
        return Handle("email", name)
    integration = any(name.startswith(f"{integration}-") for integration in INTEGRATIONS)
    return Handle("integration" if integration else "team", name)


def _parameters(text: str, values: Values) -> dict[str, str]:
    parameters = {}
    for match in PARAMETER.finditer(text):
        if match["quoted"] is not None:
            parameters[match["key"]] = re.sub(r"\\(.)", r"\1", match["quoted"])
        else:
            bare = match["bare"].strip()
            value = values(bare)
            parameters[match["key"]] = bare if value is None else value
    return parameters
