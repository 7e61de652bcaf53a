"""The two programs behind one environment: its own, and that of the organisation which it shares with others."""

from pathlib import Path
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation import StackNotFoundError

from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.engine.stack import Output, Result, UpdateFailed

KEY = "environments"
"""What the organisation's configuration calls the stacks that it reads (``PROJECT:environments``)."""


def with_organisation(target: Target) -> tuple[list[Target], list[str]]:
    """The target and, behind it, the organisation's stack that names it; and a note where that is not deployed."""
    folder = target.root / stack.ORGANISATION
    found, notes = [target], []
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        if target.name not in _environments(file):
            continue
        name = file.stem.removeprefix("Pulumi.")
        options = automation.LocalWorkspaceOptions(work_dir=str(folder), env_vars=target.stack.workspace.env_vars)
        try:
            with stack.told():
                selected = automation.select_stack(name, work_dir=str(folder), opts=options)
            found.append(Target(name, target.root, selected, target.settings))
        except (StackNotFoundError, UpdateFailed) as error:
            reason = str(error).strip().splitlines()[-1]
            notes.append(f"Not looked at: stack {name} of {stack.ORGANISATION}, which is not deployed ({reason}).")
    return found, notes


def _environments(file: Path) -> list[str]:
    values: dict[str, Any] = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
    return [one for key, value in values.items() if key.rpartition(":")[2] == KEY for one in value]


def preview(target: Target, output: Output, file: str | None) -> tuple[Result, list[str]]:
    """What a change does to both programs, and notes.

    The organisation's reads what the environment's exports; what the change itself is the first to export is not there
    yet: then only the deployment can tell what it does to the organisation's.

    Raises:
        UpdateFailed: a program or a policy refuses; its ``result`` is of all that was previewed.
    """
    found, notes = with_organisation(target)
    result = stack.preview(target.stack, output, file)
    for shared in found[1:]:
        try:
            result = joined(result, stack.preview(shared.stack, output))
        except UpdateFailed as error:
            if new := sorted(_planned_exports(result) - set(target.stack.outputs())):
                notes.append(
                    f"Not previewed: {stack.ORGANISATION}, which may read what this change is the first to export "
                    f"({', '.join(new)}); without it, it fails: {str(error).strip().splitlines()[0]}"
                )
                continue
            raise UpdateFailed(f"{stack.ORGANISATION}: {error}", joined(result, error.result)) from error
    return result, notes


def joined(first: Result, second: Result) -> Result:
    """Two results as one."""
    counts = {
        key: first.changes.get(key, 0) + second.changes.get(key, 0) for key in {**first.changes, **second.changes}
    }
    return Result(
        counts,
        [*first.steps, *second.steps],
        [*first.done, *second.done],
        [*first.violations, *second.violations],
        [*first.errors, *second.errors],
    )


def _planned_exports(result: Result) -> set[str]:
    return {
        name
        for step in result.done
        if step.type == "pulumi:pulumi:Stack" and step.new is not None
        for name in step.new.outputs or ()
    }
