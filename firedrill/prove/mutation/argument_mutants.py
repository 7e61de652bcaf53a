"""Mutants of the arguments in a monitor's query and options: bounds, guards, windows, timeshifts, rollups."""

import copy
import re
from collections.abc import Iterator
from dataclasses import replace

from firedrill.evaluate.model import Json
from firedrill.prove.mutation.query_edit import replace_node
from firedrill.query import canonical, parse
from firedrill.query.tree import ChainMonitor, MetricMonitor, Node, Number, QuotedString, Window, Word, walk

FACTORS = (2.0, 0.5)
LENGTH = re.compile(r"(?P<prefix>(?:last_|next_)?)(?P<count>[0-9]+)(?P<unit>mo|[smhdw])(?P<suffix>(?:_ago)?)")
OTHER_WORDS = {
    "above": ("below", "both"),
    "below": ("above", "both"),
    "both": ("above",),
    "true": ("false",),
    "false": ("true",),
    "basic": ("agile",),
    "agile": ("basic",),
    "robust": ("basic",),
    "linear": ("seasonal",),
    "default": ("reactive",),
}
"""Other values of the words that algorithms take."""
FORMULA_NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+)?(?![\w.])")


def argument_mutants(monitor: Json) -> Iterator[tuple[str, Json]]:
    """Yield each fault and the faulty monitor."""
    if monitor["type"] != "synthetics alert":
        query = parse(monitor["type"], monitor["query"])
        if isinstance(query.body, MetricMonitor):
            for fault, body in _metric_arguments(query.body):
                yield fault, {**monitor, "query": canonical(body)}
        elif isinstance(query.body, ChainMonitor) and query.body.head.text == "formula":
            for fault, text in _formula_numbers(query.body.argument.value):
                argument = replace(query.body.argument, raw=f'"{text}"', value=text)
                yield fault, {**monitor, "query": canonical(replace(query.body, argument=argument))}
    yield from _options(monitor)


def _metric_arguments(body: MetricMonitor) -> Iterator[tuple[str, Node]]:
    for node in walk(body):
        if node is body.threshold or node is body.window:
            continue
        if isinstance(node, Number):
            for factor in FACTORS:
                other = f"{node.value * factor:g}"
                yield f"argument {node.text} → {other}", replace_node(body, node, Number(other))
        elif isinstance(node, QuotedString):
            for value in _others(node.value):
                changed = replace(node, raw=node.raw.replace(node.value, value), value=value)
                yield f"argument {node.value} → {value}", replace_node(body, node, changed)
        elif isinstance(node, Window):
            for value in _others(node.text):
                yield f"argument {node.text} → {value}", replace_node(body, node, _window(node, value))
        elif isinstance(node, Word) and LENGTH.fullmatch(node.text):
            for value in _others(node.text):
                yield f"argument {node.text} → {value}", replace_node(body, node, Word(value))


def _window(window: Window, text: str) -> Window:
    match = LENGTH.fullmatch(text)
    assert match is not None
    return replace(window, text=text, count=int(match["count"]))


def _formula_numbers(formula: str) -> Iterator[tuple[str, str]]:
    for match in FORMULA_NUMBER.finditer(formula):
        for factor in FACTORS:
            other = f"{float(match.group()) * factor:g}"
            yield f"argument {match.group()} → {other}", formula[: match.start()] + other + formula[match.end() :]


def _options(monitor: Json) -> Iterator[tuple[str, Json]]:
    options = monitor.get("options") or {}
    for name in ("evaluation_delay", "new_group_delay"):
        for factor in FACTORS if options.get(name) else ():
            seconds = int(options[name] * factor)
            yield f"{name} {options[name]} → {seconds}", {**monitor, "options": {**options, name: seconds}}
    for name, length in (options.get("threshold_windows") or {}).items():
        for value in _others(str(length)):
            changed = copy.deepcopy(monitor)
            changed["options"]["threshold_windows"][name] = value
            if name == "trigger_window":  # the same length stands in the query
                changed["query"] = monitor["query"].replace(f"alert_window='{length}'", f"alert_window='{value}'")
            yield f"{name} {length} → {value}", changed


def _others(text: str) -> Iterator[str]:
    """Yield other values of an argument: a length twice and half as long, or another word of the same meaning."""
    if match := LENGTH.fullmatch(text):
        count = int(match["count"])
        for other in {count * 2, count // 2} - {0, count}:
            yield f"{match['prefix']}{other}{match['unit']}{match['suffix']}"
    yield from OTHER_WORDS.get(text, ())
