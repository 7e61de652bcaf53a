"""``firedrill rollback``: return to an earlier update, and show before what that would cost.

By default its revision gets all requests again, and the service its model: that takes seconds and changes nothing else.
With ``--alerts`` the whole program of that update is applied again, from git, with that commit's configuration.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from firedrill.delivery import cloud_run, history
from firedrill.delivery.cloud_run import CloudRunService, Revision
from firedrill.delivery.history import Update
from firedrill.delivery.resource_changes import ResourceChange, resource_changes
from firedrill.delivery.target import Target, config_file, with_checkout
from firedrill.delivery.traffic import Share
from firedrill.engine import stack
from firedrill.engine.result import UpdateFailed
from firedrill.errors import KnownFailure

HISTORY = {
    "datadog:index/monitor:Monitor": "its states and the marks on its graphs",
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": "the error budget so far",
    "datadog:index/syntheticsTest:SyntheticsTest": "its results",
    "datadog:index/incidentType:IncidentType": "the incidents of this type",
    "gcp:storage/bucket:Bucket": "the objects in it",
    "gcp:artifactregistry/repository:Repository": "the images in it",
}
"""The history that is lost with a deleted object, and does not return with a new one."""
TIMEOUT = 60.0
"""Seconds that the rolled-back revision has to answer."""


@dataclass
class Direction:
    """The changes of one direction, as the engine previews them. problem: why it is impossible, "" where it is not."""

    name: str
    changes: list[ResourceChange] = field(default_factory=list)
    problem: str = ""


def revision_of(service: CloudRunService, update: Update) -> Revision:
    """Return the revision that served after an update: the newest ready one that existed when it ended.

    Raises:
        KnownFailure: it does not exist any more, or never got ready.
    """
    for revision in service.revisions():
        if revision.ready and revision.created <= update.ended:
            return revision
    raise KnownFailure(
        f"no revision of update {update.number} is left, because Cloud Run deleted it: use `--alerts`, which creates "
        "it again"
    )


def roll_back_revision(
    target: Target, service: CloudRunService, revision: Revision, model: str | None, console: Console
) -> None:
    """Give all requests to a revision, and set its model; the state records both, so that the next `up` keeps them."""
    started = time.monotonic()
    service.move_traffic([Share(revision.name, 100)])
    console.print(f"Revision {revision.name} has all requests after {time.monotonic() - started:.0f} s.")
    if model is not None:
        _set_model(target, service, model, console)
    cloud_run.record_traffic(target, service)


def _set_model(target: Target, service: CloudRunService, model: str, console: Console) -> None:
    """Set the service's model; a failure is printed and does not stop the roll-back."""
    token = target.setting("operatorToken")
    if token is None:
        console.print("The model was not changed: the stack has no operatorToken.")
        return
    body = {"model": model, "reason": f"firedrill rollback to {model}"}
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=2), timeout=TIMEOUT) as client:
            response = client.post(f"{service.get()['uri']}/v1/control/model", headers=headers, json=body)
    except httpx.HTTPError as error:
        console.print(f"[red]The model was not set:[/red] {escape(str(error))}", soft_wrap=True)
        return
    if response.is_success:
        console.print(f"Its model is {model}.")
    else:
        reason = f"{response.status_code} {escape(response.text)}"
        console.print(f"[red]The model was not set:[/red] {reason}", soft_wrap=True)


@contextmanager
def _at(target: Target, update: Update) -> Iterator[Target]:
    """Provide the stack with the program of an update."""
    with history.checkout(target.root, update) as tree:
        yield with_checkout(target, tree)


def _image(update: Update) -> dict[str, str]:
    """Return the image that an update ran with, which its commit does not have."""
    return {key: value for key, value in update.config.items() if key.endswith(":image") and value}


def reapply(target: Target, update: Update, console: Console) -> None:
    """Apply the whole program of an update again.

    Raises:
        KnownFailure: it failed; the message lists the changes before the failure, and how to restore them.
    """
    with _at(target, update) as earlier:
        cloud_run.record_moved_traffic(earlier)
        message = f"Roll-back to update {update.number} ({update.commit[:10]})"
        try:
            with config_file(earlier, _image(update)) as file:
                result = stack.up(earlier.stack, earlier.accounts, console.out, message=message, config_file=file)
        except UpdateFailed as error:
            done = resource_changes(error.result.done)
            listed = "\n".join(f"  {change.operation} {change.label}" for change in done) or "  nothing"
            raise KnownFailure(
                f"the roll-back failed half-way:\n{error}\n\nChanged before it failed:\n{listed}\n\n"
                "`firedrill up` at the commit that was deployed restores it; `firedrill rollback` tries again."
            ) from error
    console.print(f"The program of {update.commit[:10]} is applied: {result.changed} resources changed.")


def check(target: Target, update: Update, current: Update | None) -> "Check":
    """Return the previews of both directions, and what is missing for the roll-back. Changes nothing."""
    directions = [_previewed(target, update, f"Roll-back to update {update.number}")]
    missing = _missing(target, update)
    if current is None:
        directions.append(Direction("Return", problem="no update of this stack succeeded"))
    elif current.number != update.number:
        directions.append(_previewed(target, current, f"Return to update {current.number}"))
    return Check(directions, missing)


def _previewed(target: Target, update: Update, name: str) -> Direction:
    try:
        with _at(target, update) as earlier, config_file(earlier, _image(update)) as file:
            return Direction(name, resource_changes(stack.preview(earlier.stack, lambda _: None, file).steps))
    except KnownFailure as error:
        return Direction(name, problem=str(error))


def _missing(target: Target, update: Update) -> list[str]:
    """Return descriptions of missing revisions, secrets and configuration, and of SDKs in another version."""
    missing: list[str] = []
    service = cloud_run.service_of(target)
    if service is not None:
        try:
            revision = revision_of(service, update)
        except KnownFailure as error:
            missing.append(str(error))
        else:
            for secret, version in revision.secrets:
                state = service.secret_state(secret, version)
                if state != "ENABLED":
                    missing.append(f"version {version} of secret {secret}, which {revision.name} reads: {state}")
    if update.commit and not update.dirty:
        file = f"Pulumi.{target.name}.yaml"
        text = history.git(target.root, "show", f"{update.commit}:{file}", default="")
        missing += [
            f"{key}: was set then, but {file} of {update.commit[:10]} lacks it: set it with `pulumi config set`"
            for key in update.config
            if f"{key}:" not in text and not key.endswith(":image")
        ]
        missing += _other_versions(target.root, update)
    return missing


def _other_versions(root: Path, update: Update) -> list[str]:
    """Return the SDKs whose locked version is another one now: the old program runs with what is installed."""
    file = root / "requirements.txt"
    then = _locked(history.git(root, "show", f"{update.commit}:requirements.txt", default=""))
    now = _locked(file.read_text() if file.exists() else "")
    return [
        f"{name} {version}, which that program was locked to: installed is {now.get(name, 'none')}"
        for name, version in then.items()
        if now.get(name) != version
    ]


def _locked(text: str) -> Mapping[str, str]:
    """Return the locked versions of Pulumi's packages in a requirements.txt."""
    lines = (line.partition(" ")[0].partition("==") for line in text.splitlines() if line.startswith("pulumi"))
    return {name: version for name, _, version in lines if version}


@dataclass(frozen=True)
class Check:
    """The result of --check: both directions, what is missing, and the changes that lose history."""

    directions: list[Direction]
    missing: list[str]

    @property
    def lost(self) -> list[ResourceChange]:
        """The changes of the roll-back that lose an object's history."""
        changes = self.directions[0].changes
        return [change for change in changes if change.type in HISTORY and change.operation in {"replace", "delete"}]

    @property
    def both_ways(self) -> bool:
        """True when the engine can do both directions."""
        return not any(direction.problem for direction in self.directions)

    @property
    def possible(self) -> bool:
        """True when both directions are possible and nothing is missing."""
        return self.both_ways and not self.missing


def print_check(checked: Check, console: Console) -> None:
    """Print the result of --check."""
    back = checked.directions[0]
    for direction in checked.directions:
        _print_direction(direction, console, all_changes=direction is back)
    for change in checked.lost:
        loss = f"{change.kind} {escape(change.name)} loses {HISTORY[change.type]}"
        console.print(f"[red]Lost:[/red] {loss}.", soft_wrap=True)
    for change in back.changes:
        if change.type in HISTORY and change.operation == "create":
            console.print(f"On return, {change.kind} {escape(change.name)} would lose {HISTORY[change.type]}.")
    for description in checked.missing:
        console.print(f"[red]Missing:[/red] {escape(description)}", soft_wrap=True)
    if not checked.lost and not back.problem:
        console.print("No object with history is replaced or deleted.")
    console.print(
        "Both directions are possible." if checked.both_ways else "[red]Not both directions are possible.[/red]"
    )


def _print_direction(direction: Direction, console: Console, *, all_changes: bool) -> None:
    """Print a direction's changes: all of them, or only replacements and deletions."""
    console.print(f"[bold]{escape(direction.name)}[/bold]")
    if direction.problem:
        console.print(f"  impossible: {escape(direction.problem)}", soft_wrap=True)
        return
    for change in direction.changes:
        if all_changes or change.operation in {"replace", "delete"}:
            console.print(f"  {change.operation} {change.kind} {escape(change.name)}", soft_wrap=True)
    if not direction.changes:
        console.print("  changes nothing")
