"""``firedrill drift``: changes made outside of Pulumi, property by property, and who made them. Only reads."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.datadog.mapping.kind import DatadogKind
from firedrill.datadog.provider import provider
from firedrill.delivery import programs
from firedrill.delivery.audit import AuditEdit, last_edits
from firedrill.delivery.created_at_runtime import RuntimeObject, created_at_runtime
from firedrill.delivery.resource_changes import (
    PropertyChange,
    ResourceChange,
    markdown_cell,
    one_line,
    resource_changes,
)
from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.errors import KnownFailure

SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"  # noqa: S105 (a kind of resource)
"""Its read also returns the value, which roles/secretmanager.viewer does not allow.
https://docs.cloud.google.com/secret-manager/docs/access-control"""
NOT_NAMED = "differs in a property that the engine does not name"
HARMLESS = Path(__file__).with_name("harmless.yaml")


@dataclass(frozen=True)
class HarmlessRule:
    """A difference that does not count as drift: at property paths like ``path``, of resources of ``type``."""

    type: str
    path: str
    because: str


@dataclass(frozen=True)
class Drift:
    """The result of a comparison. edits: the last edits by object id; at_runtime: the objects that are not declared."""

    changes: list[ResourceChange]
    harmless: list[tuple[ResourceChange, str]]
    edits: Mapping[str, AuditEdit]
    at_runtime: list[RuntimeObject]
    compared: int
    notes: list[str] = field(default_factory=list)


def find_drift(target: Target) -> Drift:
    """Compare the accounts with the states of both programs, and change neither (``pulumi refresh --preview-only``).

    The organisation's resources count too: logs are lost when somebody moves its log index, for example.
    """
    targets, notes = programs.with_organisation(target)
    all_changes: list[ResourceChange] = []
    compared = 0
    for program in targets:
        unreadable = _unreadable(program)
        if unreadable:
            notes.append(
                f"Not compared: {len(unreadable)} secret versions. Reading one also reads its value, which the roles "
                "of a drift check do not allow."
            )
        result = stack.find_drift(program.stack, lambda _: None, unreadable)
        compared += sum(result.changes.values())
        changes = [without_outputs(change) for change in resource_changes(result.done) if not is_pulumis_own(change)]
        if changes and program is not target and target.settings is None:
            command = f"pulumi up -s {program.name} --refresh"
            notes.append(f"`{command}` in {stack.ORGANISATION} restores the organisation's resources.")
        all_changes += changes
    drift, harmless = separate_harmless(all_changes, harmless_rules())
    edits, edit_notes = _edits(target, drift)
    return Drift(drift, harmless, edits, created_at_runtime(target.datadog), compared, [*notes, *edit_notes])


def is_pulumis_own(change: ResourceChange) -> bool:
    """Return whether a resource belongs to no account: a stack reference, whose outputs every release changes."""
    return change.type.startswith("pulumi:")


def without_outputs(change: ResourceChange) -> ResourceChange:
    """Leave out what only the API writes, such as the time of the edit, where something else differs."""
    kind = provider().kinds.get(change.type)
    if not isinstance(kind, DatadogKind):
        return change
    inputs = {prop.name for prop in kind.schema.properties if not prop.output}
    kept = tuple(item for item in change.properties if re.split(r"[.\[:]", item.path, maxsplit=1)[0] in inputs)
    return replace(change, properties=kept) if kept else change


def _unreadable(target: Target) -> list[str]:
    """Return the URNs that the provider cannot read with the roles of a drift check (infra/gcp/deploy_identity.py).

    The sandbox's Google Cloud returns a version's state without its value.
    """
    if target.settings is not None:
        return []
    return [
        str(resource["urn"])
        for resource in target.resources()
        if resource["type"] == SECRET_VERSION and resource.get("id")
    ]


def harmless_rules() -> list[HarmlessRule]:
    """Return the rules of harmless.yaml."""
    return [HarmlessRule(**rule) for rule in yaml.safe_load(HARMLESS.read_text())]


def separate_harmless(
    changes: Iterable[ResourceChange], rules: Iterable[HarmlessRule]
) -> tuple[list[ResourceChange], list[tuple[ResourceChange, str]]]:
    """Return the drift, and the harmless differences with their reasons."""
    drift: list[ResourceChange] = []
    harmless: list[tuple[ResourceChange, str]] = []
    rules = list(rules)
    for change in changes:
        remaining: list[PropertyChange] = []
        for changed in change.properties:
            reason = next(
                (rule.because for rule in rules if rule.type == change.type and fnmatchcase(changed.path, rule.path)),
                None,
            )
            if reason is None:
                remaining.append(changed)
            else:
                harmless.append((replace(change, properties=(changed,)), reason))
        if remaining or not change.properties:
            drift.append(replace(change, properties=tuple(remaining)))
    return drift, harmless


def _edits(target: Target, changes: Iterable[ResourceChange]) -> tuple[Mapping[str, AuditEdit], list[str]]:
    ids = [change.id for change in changes if change.type.startswith("datadog:")]
    try:
        return (last_edits(target.datadog, ids) if ids else {}), []
    except KnownFailure as error:
        return {}, [f"Who made the changes is not known: {error}"]


def _rows(drift: Drift) -> list[tuple[str, str, Any, Any]]:
    """Return resource, property, declared value and actual value of each difference."""
    rows: list[tuple[str, str, Any, Any]] = []
    for change in drift.changes:
        if change.operation == "delete":
            rows.append((change.label, "", "exists", "deleted"))
        elif not change.properties:
            rows.append((change.label, "", NOT_NAMED, NOT_NAMED))
        rows += [(change.label, changed.path, changed.before, changed.after) for changed in change.properties]
    return rows


def _authors(drift: Drift) -> list[tuple[str, str]]:
    """Return each changed resource with a description of its last edit."""
    edits = [(change.label, drift.edits.get(change.id)) for change in drift.changes]
    return [(label, str(edit)) for label, edit in edits if edit]


def _paths(change: ResourceChange) -> str:
    return ", ".join(changed.path for changed in change.properties)


def print_drift(drift: Drift, console: Console) -> None:
    """Print the drift for a person."""
    if drift.changes:
        table = Table("resource", "property", "declared", "actual", title="Drift")
        for row in _rows(drift):
            table.add_row(*(escape(one_line(value)) for value in row))
        console.print(table)
        for label, edit in _authors(drift):
            console.print(f"{escape(label)}: {escape(edit)}", soft_wrap=True)
    for note in drift.notes:
        console.print(escape(note), soft_wrap=True)
    for change, reason in drift.harmless:
        console.print(f"Harmless: {escape(f'{change.label}, {_paths(change)}: {reason}')}", soft_wrap=True)
    if drift.at_runtime:
        count = len(drift.at_runtime)
        console.print(f"Created at run time by the service, a workflow or a deployment, not declared: {count}")
        for created in drift.at_runtime:
            console.print(f"  {created.kind} {escape(created.name)}", soft_wrap=True)
    if drift.changes:
        console.print("`firedrill up --refresh` restores the declared state.")
    else:
        console.print(f"No drift in {drift.compared} resources.")


def markdown(drift: Drift, stack_name: str) -> str:
    """Return the drift as the scheduled workflow posts it."""
    text = [f"## Drift of stack `{stack_name}`", ""]
    if drift.changes:
        text += ["| resource | property | declared | actual |", "|---|---|---|---|"]
        text += [
            f"| {label} | {path} | {markdown_cell(declared)} | {markdown_cell(actual)} |"
            for label, path, declared, actual in _rows(drift)
        ]
        text += ["", *(f"- {label}: {edit}" for label, edit in _authors(drift))]
    else:
        text.append(f"None in {drift.compared} resources.")
    text += ["", *drift.notes] if drift.notes else []
    if drift.harmless:
        items = [f"- {change.label}, {_paths(change)}: {reason}" for change, reason in drift.harmless]
        text += _details("Harmless differences", items)
    if drift.at_runtime:
        items = [f"- {created.kind} {created.name}" for created in drift.at_runtime]
        text += _details(f"Created at run time, not declared: {len(items)}", items)
    return "\n".join(text).rstrip() + "\n"


def _details(summary: str, items: list[str]) -> list[str]:
    return ["", f"<details><summary>{summary}</summary>", "", *items, "", "</details>"]
