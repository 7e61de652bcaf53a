"""Mutants of a monitor's message: one fault at a time in a condition, a variable, a handle or a workflow's input."""

import re
from collections.abc import Iterator
from itertools import pairwise

from firedrill.evaluate.model import Json
from firedrill.notify.handles import HANDLE, PARAMETER
from firedrill.notify.render import render
from firedrill.notify.transition import SampleTransition
from firedrill.prove.mutation.mutants import Kind
from firedrill.prove.state_paths import state_paths

BLOCK = re.compile(r"(?=\{\{(?P<sign>[#^])(?P<name>is_\w+)\}\}(?P<body>.*?)\{\{/(?P=name)\}\})", re.DOTALL)
"""A block without arguments. The lookahead finds blocks within blocks, too."""
VARIABLE = re.compile(r"\{\{(?P<name>[a-z_@\[][^\s}#/^\"]*)\}\}")
OTHER_CONDITIONS = {
    "is_alert": ("is_warning", "is_no_data"),
    "is_warning": ("is_alert", "is_no_data"),
    "is_recovery": ("is_no_data_recovery", "is_alert"),
    "is_alert_recovery": ("is_warning_recovery",),
    "is_alert_to_warning": ("is_renotify",),
}


def message_mutants(monitor: Json) -> Iterator[tuple[Kind, str, Json]]:
    """Yield each class (``message`` or ``workflow``), fault and faulty monitor."""
    message = str(monitor.get("message") or "")
    for kind, fault, text in (*_conditions(message), *_variables(message), *_handles(message)):
        yield kind, fault, {**monitor, "message": text}


def alike(monitor: Json, mutant: Json) -> bool:
    """Return whether both messages are the same at every transition that the monitor's thresholds allow."""
    pairs = {pair for path in state_paths(monitor) for pair in pairwise(path)}
    return all(_text(monitor, *pair) == _text(mutant, *pair) for pair in pairs)


def _text(monitor: Json, old: str, new: str) -> tuple[str, list[str]]:
    rendered = render(monitor, SampleTransition(old, new, value=1.0, first_triggered=0.0))
    return rendered.text, [str(handle) for handle in rendered.handles]


def _conditions(message: str) -> Iterator[tuple[Kind, str, str]]:
    for block in BLOCK.finditer(message):
        name, sign, start = block["name"], block["sign"], block.start()
        opening, closing = f"{{{{{sign}{name}}}}}", f"{{{{/{name}}}}}"
        end = start + len(opening) + len(block["body"]) + len(closing)
        for other in OTHER_CONDITIONS.get(name, ()) if sign == "#" else ():
            changed = f"{{{{{sign}{other}}}}}{block['body']}{{{{/{other}}}}}"
            yield "message", f"block {sign}{name} → {sign}{other}", message[:start] + changed + message[end:]
        if sign == "^" or name == "is_alert":
            inverted = "^" if sign == "#" else "#"
            changed = f"{{{{{inverted}{name}}}}}{block['body']}{closing}"
            yield "message", f"block {sign}{name} → {inverted}{name}", message[:start] + changed + message[end:]


def _variables(message: str) -> Iterator[tuple[Kind, str, str]]:
    for name in dict.fromkeys(match["name"] for match in VARIABLE.finditer(message)):
        yield "message", f"variable {name} misspelt", message.replace(f"{{{{{name}}}}}", f"{{{{{name[:-1]}}}}}")


def _handles(message: str) -> Iterator[tuple[Kind, str, str]]:
    for place, match in enumerate(HANDLE.finditer(message), 1):
        name, parameters = match["name"], match["parameters"] or ""
        kind: Kind = "workflow" if name.startswith("workflow-") else "message"
        yield kind, f"handle {name} ({place}) dropped", message[: match.start()] + message[match.end() :]
        for parameter in PARAMETER.finditer(parameters[1:-1]):
            key = parameter["key"]
            end = "," if parameter.group().endswith(",") else ""
            without = parameters.replace(parameter.group(), f'{key}=""{end}')
            changed = message[: match.start()] + "@" + name + without + message[match.end() :]
            yield "workflow", f"input {key} of {name} emptied", changed
