"""The two programs of an environment: its own, and that of the organisation, which all environments share."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation import StackNotFoundError

from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.engine.result import Result, UpdateFailed
from firedrill.engine.stack import Output

ENVIRONMENTS = "environments"
"""The key of the organisation's configuration with the stacks that it reads (``PROJECT:environments``)."""


def with_organisation(target: Target) -> tuple[list[Target], list[str]]:
    """Return the target, the organisation's stacks that read it, and a note for each of those that is not deployed."""
    folder = target.root / stack.ORGANISATION
    targets, notes = [target], []
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        if target.name not in _environments(file):
            continue
        name = file.stem.removeprefix("Pulumi.")
        options = automation.LocalWorkspaceOptions(work_dir=str(folder), env_vars=target.stack.workspace.env_vars)
        try:
            with stack.pulumi_errors():
                selected = automation.select_stack(name, work_dir=str(folder), opts=options)
            targets.append(Target(name, target.root, selected, target.settings))
        except (StackNotFoundError, UpdateFailed) as error:
            reason = str(error).strip().splitlines()[-1]
            notes.append(f"Left out: stack {name} of {stack.ORGANISATION}, which is not deployed ({reason}).")
    return targets, notes


def _environments(file: Path) -> list[str]:
    values: dict[str, Any] = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
    return [name for key, names in values.items() if key.rpartition(":")[2] == ENVIRONMENTS for name in names]


def preview(target: Target, output: Output, config_file: str | None) -> tuple[Result, list[str]]:
    """Return the preview of both programs together, and notes.

    The organisation's program reads the environment's deployed outputs, so that both are previewed at the same time;
    their output is printed one after the other. An output that this change adds does not exist yet, so that the
    organisation's program can be previewed only after the environment is deployed; a note says so.

    Raises:
        UpdateFailed: a program or a policy refuses; its ``result`` has everything that was previewed.
    """
    targets, notes = with_organisation(target)
    printed: list[list[str]] = [[] for _ in targets[1:]]
    with ThreadPoolExecutor() as threads:
        started = [
            threads.submit(stack.preview, organisation.stack, lines.append)
            for organisation, lines in zip(targets[1:], printed, strict=True)
        ]
        result = stack.preview(target.stack, output, config_file)
    for preview_of_organisation, lines in zip(started, printed, strict=True):
        for line in lines:
            output(line)
        try:
            result = merge(result, preview_of_organisation.result())
        except UpdateFailed as error:
            if added := sorted(_planned_outputs(result) - set(target.stack.outputs())):
                notes.append(
                    f"Not previewed: {stack.ORGANISATION}, which may read outputs that this change adds "
                    f"({', '.join(added)}); without them it fails: {str(error).strip().splitlines()[0]}"
                )
                continue
            raise UpdateFailed(f"{stack.ORGANISATION}: {error}", merge(result, error.result)) from error
    return result, notes


def merge(first: Result, second: Result) -> Result:
    """Return two results as one."""
    counts = {
        operation: first.changes.get(operation, 0) + second.changes.get(operation, 0)
        for operation in {**first.changes, **second.changes}
    }
    return Result(
        counts,
        [*first.steps, *second.steps],
        [*first.done, *second.done],
        [*first.violations, *second.violations],
        [*first.errors, *second.errors],
    )


def _planned_outputs(result: Result) -> set[str]:
    return {
        name
        for step in result.done
        if step.type == "pulumi:pulumi:Stack" and step.new is not None
        for name in step.new.outputs or ()
    }
