"""``firedrill drift``: what was changed behind Pulumi's back, property by property, and by whom. Only looks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.delivery import made, programs
from firedrill.delivery.audit import Edit, last_edits
from firedrill.delivery.changes import Change, Property, cell, changes, shown
from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.errors import KnownFailure

SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"  # noqa: S105 (a kind of resource)
"""Its read asks for the value too, which roles/secretmanager.viewer does not allow.
https://docs.cloud.google.com/secret-manager/docs/access-control"""
HARMLESS = Path(__file__).with_name("harmless.yaml")


@dataclass(frozen=True)
class Harmless:
    """A difference that is none: of resources of ``type``, at property paths like ``path``."""

    type: str
    path: str
    because: str


@dataclass(frozen=True)
class Drift:
    """What was found. ``edits`` are the newest changes by object id; ``made`` are the service's own objects."""

    changed: list[Change]
    harmless: list[tuple[Change, str]]
    edits: Mapping[str, Edit]
    made: list[tuple[str, str]]
    compared: int
    notes: list[str] = field(default_factory=list)


def look(target: Target) -> Drift:
    """Compare the account with the states of both programs, which stay as they are (``pulumi refresh --preview-only``).

    What the organisation shares drifts like the environment's own: a log index that somebody moved gets no log.
    """
    looked_at, notes = programs.with_organisation(target)
    found: list[Change] = []
    compared = 0
    for one in looked_at:
        unread = _unread(one)
        if unread:
            notes.append(
                f"Not compared: {len(unread)} secret versions. To read one is to read its value, which nobody may who "
                "only looks."
            )
        result = stack.find_drift(one.stack, lambda _: None, unread)
        compared += sum(result.changes.values())
        of_one = changes(result.done)
        if of_one and one is not target and target.settings is None:
            notes.append(
                f"`pulumi up -s {one.name} --refresh` in {stack.ORGANISATION} restores what is declared there."
            )
        found += of_one
    changed, harmless = sift(found, rules())
    edits, unknown = _edits(target, changed)
    by_the_service = [(one.what, one.name) for one in made.by_the_running(target.datadog)]
    return Drift(changed, harmless, edits, by_the_service, compared, [*notes, *unknown])


def _unread(target: Target) -> list[str]:
    """The URNs of what the provider cannot read with the roles of whoever looks (infra/deploy_identity.py).

    The sandbox's Google Cloud gives a version's state without its value.
    """
    if target.settings is not None:
        return []
    return [str(one["urn"]) for one in target.resources() if one["type"] == SECRET_VERSION and one.get("id")]


def rules() -> list[Harmless]:
    """The differences that are none, from harmless.yaml."""
    return [Harmless(**one) for one in yaml.safe_load(HARMLESS.read_text())]


def sift(found: Iterable[Change], known: Iterable[Harmless]) -> tuple[list[Change], list[tuple[Change, str]]]:
    """Drift, and what is harmless with the reason."""
    drift: list[Change] = []
    harmless: list[tuple[Change, str]] = []
    known = list(known)
    for change in found:
        kept: list[Property] = []
        for one in change.properties:
            reason = next((r.because for r in known if r.type == change.type and fnmatchcase(one.path, r.path)), None)
            if reason is None:
                kept.append(one)
            else:
                harmless.append((_with(change, (one,)), reason))
        if kept or not change.properties:
            drift.append(_with(change, tuple(kept)))
    return drift, harmless


def _with(change: Change, properties: tuple[Property, ...]) -> Change:
    return Change(change.urn, change.type, change.id, change.operation, properties)


def _edits(target: Target, changed: Iterable[Change]) -> tuple[Mapping[str, Edit], list[str]]:
    ids = [change.id for change in changed if change.type.startswith("datadog:")]
    try:
        return (last_edits(target.datadog, ids) if ids else {}), []
    except KnownFailure as error:
        return {}, [f"Who changed it is not known: {error}"]


def rows(drift: Drift) -> list[tuple[str, str, Any, Any]]:
    """Resource, property, declared value, actual value."""
    found: list[tuple[str, str, Any, Any]] = []
    for change in drift.changed:
        resource = f"{change.kind} {change.name}"
        if change.operation == "delete":
            found.append((resource, "", "exists", "deleted"))
        found += [(resource, one.path, one.before, one.after) for one in change.properties]
    return found


def who(drift: Drift) -> list[tuple[str, str]]:
    """Resource and who changed it."""
    named = [(f"{change.kind} {change.name}", drift.edits.get(change.id)) for change in drift.changed]
    return [(resource, str(edit)) for resource, edit in named if edit]


def show(drift: Drift, console: Console) -> None:
    """The screen."""
    if drift.changed:
        table = Table("resource", "property", "declared", "actual", title="Drift")
        for row in rows(drift):
            table.add_row(*(escape(shown(one)) for one in row))
        console.print(table)
        for resource, edit in who(drift):
            console.print(f"{escape(resource)}: {escape(edit)}", soft_wrap=True)
    for note in drift.notes:
        console.print(escape(note), soft_wrap=True)
    for change, reason in drift.harmless:
        places = ", ".join(one.path for one in change.properties)
        console.print(f"Harmless: {escape(f'{change.kind} {change.name}, {places}: {reason}')}", soft_wrap=True)
    if drift.made:
        console.print(f"Made at run time, by the service, a workflow or a deployment, not declared: {len(drift.made)}")
        for kind, name in drift.made:
            console.print(f"  {kind} {escape(name)}", soft_wrap=True)
    if drift.changed:
        console.print("`firedrill up --refresh` restores what is declared.")
    else:
        console.print(f"No drift in {drift.compared} resources.")


def markdown(drift: Drift, name: str) -> str:
    """The report, as the scheduled workflow posts it."""
    text = [f"## Drift of stack `{name}`", ""]
    if drift.changed:
        text += ["| resource | property | declared | actual |", "|---|---|---|---|"]
        text += [f"| {resource} | {path} | {cell(a)} | {cell(b)} |" for resource, path, a, b in rows(drift)]
        text += ["", *(f"- {resource}: {edit}" for resource, edit in who(drift))]
    else:
        text.append(f"None in {drift.compared} resources.")
    text += ["", *drift.notes] if drift.notes else []
    if drift.harmless:
        text += ["", "<details><summary>Harmless differences</summary>", ""]
        for change, reason in drift.harmless:
            places = ", ".join(one.path for one in change.properties)
            text.append(f"- {change.kind} {change.name}, {places}: {reason}")
        text += ["", "</details>"]
    if drift.made:
        text += [
            "",
            f"<details><summary>Made at run time, not declared: {len(drift.made)}</summary>",
            "",
        ]
        text += [*(f"- {kind} {name}" for kind, name in drift.made), "", "</details>"]
    return "\n".join(text).rstrip() + "\n"
