"""``firedrill rollback``: return to what an earlier update had deployed, and say before what that would cost.

By default the revision gets the requests again, and the service its model: seconds, and nothing else changes. With
``--alerts`` the whole program of that update is applied again, from git, with that commit's configuration.
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
from firedrill.delivery.changes import Change, changes
from firedrill.delivery.cloud_run import CloudRun, Revision
from firedrill.delivery.history import Update
from firedrill.delivery.target import Target, configured, select
from firedrill.delivery.traffic import Share
from firedrill.engine import stack
from firedrill.errors import KnownFailure

HISTORY = {
    "datadog:index/monitor:Monitor": "its states and the marks on its graphs",
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": "the error budget so far",
    "datadog:index/syntheticsTest:SyntheticsTest": "its results",
    "datadog:index/incidentType:IncidentType": "the incidents of this type",
    "gcp:storage/bucket:Bucket": "what is stored in it",
    "gcp:artifactregistry/repository:Repository": "the images in it",
}
"""What goes with an object that is deleted, and does not come back with a new one."""
ANSWER = 60.0
"""Seconds that the returned revision has to answer."""


@dataclass
class Way:
    """One direction, as the engine foresees it; ``problem`` is why it cannot be gone."""

    name: str
    changes: list[Change] = field(default_factory=list)
    problem: str = ""


def revision_of(service: CloudRun, update: Update) -> Revision:
    """The revision that an update had made, or had left in place: the newest that was there when it ended.

    Raises:
        KnownFailure: it does not exist any more, or never got ready.
    """
    found = next((one for one in service.revisions() if one.ready and one.created <= update.ended), None)
    if found is None:
        raise KnownFailure(
            f"no revision of update {update.number} is left: Cloud Run has deleted it. `--alerts` makes it again"
        )
    return found


def wanted_revision(service: CloudRun, wanted: str) -> Revision | None:
    """A revision by its own name."""
    return next((one for one in service.revisions() if one.name == wanted and one.ready), None)


def return_revision(target: Target, service: CloudRun, revision: Revision, model: str | None, console: Console) -> None:
    """All requests to a revision, and its own model; the state records it, so that the next `up` keeps it."""
    began = time.monotonic()
    service.move([Share(revision.name, 100)])
    console.print(f"Revision {revision.name} has all requests after {time.monotonic() - began:.0f} s.")
    if model is not None:
        _return_model(target, service, model, console)
    cloud_run.record(target, service)


def _return_model(target: Target, service: CloudRun, model: str, console: Console) -> None:
    token = target.own("operatorToken")
    if token is None:
        console.print("The model is as it was: the stack has no operatorToken.")
        return
    url = f"{service.service()['uri']}/v1/control/model"
    reason = f"firedrill rollback to {model}"
    transport = httpx.HTTPTransport(retries=2)
    try:
        with httpx.Client(transport=transport, timeout=ANSWER) as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = client.post(url, headers=headers, json={"model": model, "reason": reason})
    except httpx.HTTPError as error:
        console.print(f"[red]The model was not set:[/red] {escape(str(error))}", soft_wrap=True)
        return
    if answer.is_success:
        console.print(f"Its model is {model}.")
    else:
        console.print(f"[red]The model was not set:[/red] {answer.status_code} {escape(answer.text)}", soft_wrap=True)


@contextmanager
def at(target: Target, update: Update) -> Iterator[Target]:
    """The stack with the program and the configuration of an update."""
    with history.checkout(target.root, update) as tree:
        yield select(target, tree)


def _image(update: Update) -> dict[str, str]:
    """The image that an update was made with, which its commit does not name."""
    return {key: value for key, value in update.config.items() if key.endswith(":image") and value}


def reapply(target: Target, update: Update, console: Console) -> None:
    """Apply the whole program of an update again.

    Raises:
        KnownFailure: it failed; the message says what was changed before, and how to restore it.
    """
    with at(target, update) as then:
        cloud_run.settle(then)
        message = f"Roll-back to update {update.number} ({update.commit[:10]})"
        try:
            with configured(then, _image(update)) as file:
                result = stack.up(then.stack, then.accounts, console.out, message=message, config_file=file)
        except stack.UpdateFailed as error:
            done = changes(error.result.done)
            told = "\n".join(f"  {one.operation} {one.kind} {one.name}" for one in done) or "  nothing"
            raise KnownFailure(
                f"the roll-back failed half-way:\n{error}\n\nChanged before it failed:\n{told}\n\n"
                "`firedrill up` at the commit that was deployed restores it; `firedrill rollback` again goes on."
            ) from error
    console.print(f"The program of {update.commit[:10]} is applied: {result.changed} resources changed.")


def check(target: Target, update: Update, current: Update | None) -> tuple[list[Way], list[str]]:
    """Both ways as the engine foresees them, and what is missing for the way there. Changes nothing."""
    ways = [_foreseen(target, update, f"to update {update.number}")]
    missing = _missing(target, update)
    if current is None:
        ways.append(Way("back", problem="no update of this stack succeeded"))
    elif current.number != update.number:
        ways.append(_foreseen(target, current, f"back, at update {current.number}"))
    return ways, missing


def _foreseen(target: Target, update: Update, name: str) -> Way:
    try:
        with at(target, update) as then, configured(then, _image(update)) as file:
            return Way(name, changes(stack.preview(then.stack, lambda _: None, file).steps))
    except KnownFailure as error:
        return Way(name, problem=str(error))


def _missing(target: Target, update: Update) -> list[str]:
    """Secrets that the revision reads and Secret Manager has not, and configuration that the commit lacks."""
    found: list[str] = []
    service = cloud_run.of(target)
    if service is not None:
        try:
            revision = revision_of(service, update)
        except KnownFailure as error:
            found.append(str(error))
        else:
            for secret, version in revision.secrets:
                state = service.secret_state(secret, version)
                if state != "ENABLED":
                    found.append(f"version {version} of secret {secret}, which {revision.name} reads: {state}")
    if update.commit and not update.dirty:
        file = f"Pulumi.{target.name}.yaml"
        text = history.git(target.root, "show", f"{update.commit}:{file}", fails="")
        found += [
            f"{key}: was set then, and {file} of {update.commit[:10]} has it not: `pulumi config set` it"
            for key in update.config
            if f"{key}:" not in text and not key.endswith(":image")
        ]
        found += _other_providers(target.root, update)
    return found


def _other_providers(root: Path, update: Update) -> list[str]:
    """SDKs whose locked version is another one now: the old program runs with what is installed."""
    then, now = (
        _locked(text)
        for text in (
            history.git(root, "show", f"{update.commit}:requirements.txt", fails=""),
            (root / "requirements.txt").read_text() if (root / "requirements.txt").exists() else "",
        )
    )
    return [
        f"{name} {version}, which that program was locked to: installed is {now.get(name, 'none')}"
        for name, version in then.items()
        if now.get(name) != version
    ]


def _locked(text: str) -> Mapping[str, str]:
    lines = (line.partition(" ")[0].partition("==") for line in text.splitlines() if line.startswith("pulumi"))
    return {name: version for name, _, version in lines if version}


def tell(ways: list[Way], missing: list[str], console: Console) -> bool:
    """The screen of --check; False where the way there or back does not exist."""
    there = ways[0]
    for way in ways:
        console.print(f"[bold]The way {escape(way.name)}[/bold]")
        if way.problem:
            console.print(f"  does not exist: {escape(way.problem)}", soft_wrap=True)
            continue
        for change in way.changes:
            if change.operation in {"replace", "delete"} or way is there:
                console.print(f"  {change.operation} {change.kind} {escape(change.name)}", soft_wrap=True)
        if not way.changes:
            console.print("  changes nothing")
    gone = [one for one in there.changes if one.operation in {"replace", "delete"} and one.type in HISTORY]
    lost = [(one, HISTORY[one.type]) for one in gone]
    for change, what in lost:
        console.print(f"[red]Lost:[/red] {change.kind} {escape(change.name)} loses {what}.", soft_wrap=True)
    made = [one for one in there.changes if one.operation == "create" and one.type in HISTORY]
    for change in made:
        console.print(f"On the way back {change.kind} {escape(change.name)} would lose {HISTORY[change.type]}.")
    for one in missing:
        console.print(f"[red]Missing:[/red] {escape(one)}", soft_wrap=True)
    if not lost and not there.problem:
        console.print("No object that holds history is replaced or deleted.")
    exists = not any(way.problem for way in ways)
    console.print("The way there and back exists." if exists else "[red]Not both ways exist.[/red]")
    return exists and not missing
