"""``firedrill deploy``: from the checkout to all requests, in steps, and back by itself when something burns.

Pulumi makes the new revision without requests; this command gives it a tag, tests it there, asks the deployment gate,
and moves the requests in steps while burn-rate monitors and those of priority 1 and 2 are watched. Whatever fails, the
revision before has all requests again.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulumi.automation.events import StepEventMetadata
from rich.console import Console
from rich.markup import escape

from firedrill.delivery import build, cloud_run, evidence, history, ownership
from firedrill.delivery.changes import changes
from firedrill.delivery.cloud_run import CloudRun, Revision, short
from firedrill.delivery.events import Pipeline
from firedrill.delivery.target import Target, configured
from firedrill.delivery.traffic import CANDIDATE, PINNED, Share, holder, split
from firedrill.engine import stack
from firedrill.errors import KnownFailure

MUTED_MINUTES = 30
"""How long a first deployment's monitors are muted."""
FIRST = frozenset({"gcp:projects/service:Service", "gcp:artifactregistry/repository:Repository"})
"""Types that must exist before an image can be pushed: APIs and the registry."""
REPOSITORY = "gcp:artifactregistry/repository:Repository"


class Returned(KnownFailure):
    """The new revision was not good, and the one before has all requests again."""


@dataclass(frozen=True)
class Plan:
    """How requests move: percentages, each watched for ``bake`` seconds. ``image`` None: it is built."""

    steps: Sequence[int] = (10, 50)
    bake: float = 120
    image: str | None = None
    builder: build.Builder | None = None
    despite_alerts: bool = False


def deploy(target: Target, plan: Plan, console: Console) -> None:
    """The whole of it.

    Raises:
        Returned: the new revision failed a test, the gate or a monitor.
        KnownFailure: what was not even begun.
    """
    service = cloud_run.of(target)
    env = evidence.required_env(target.own("env"))
    serving = None if service is None else _pin(target, service, console)
    known = evidence.alerting(target.datadog, evidence.watched(target.resources())) if service else []
    if known and not plan.despite_alerts:
        raise KnownFailure(
            f"{', '.join(known)} alerts: roll back, or deploy what mends it with --despite-alerts, which ignores these"
        )
    commit = history.git(target.root, "rev-parse", "HEAD", fails="")
    repository = re.sub(
        r"(?<=://)[^/@]*@", "", history.git(target.root, "config", "--get", "remote.origin.url", fails="")
    )
    name = short(service.name) if service else target.project
    pipeline = Pipeline(target.datadog, name, env, commit, repository)
    try:
        image = _image(target, plan, pipeline, console)
        with pipeline.job("deploy"):
            try:
                _apply(target, image, console)
            except stack.UpdateFailed as error:
                if serving is None:
                    raise
                raise stack.UpdateFailed(
                    f"{error}\n{serving.name} keeps all requests: mend what failed, then `firedrill deploy` goes on",
                    error.result,
                ) from error
        made = service or cloud_run.required(target)
        fresh = _latest(made)
        pipeline.version = _version(fresh)
        if service is None:
            evidence.mute(target.datadog, name, env, MUTED_MINUTES)
            console.print(f"A first deployment: its monitors are muted for {MUTED_MINUTES} minutes.")
            serving = _pin(target, made, console)
        elif serving is not None and fresh.name != serving.name:
            _advance(target, made, serving, fresh, plan, pipeline, known, console)
        else:
            console.print(f"There is no new revision: {fresh.name} keeps all requests.")
    except KnownFailure as error:
        pipeline.end(good=False, reason=str(error).partition("\n")[0])
        raise
    pipeline.end(good=True)
    for one in pipeline.untold:
        console.print(f"Datadog was not told: {escape(one)}", soft_wrap=True)
    console.print(f"[bold]{_latest(made).name} has all requests.[/bold]")


def _pin(target: Target, service: CloudRun, console: Console) -> Revision:
    """The revision that serves, by name instead of "the latest", so that a new one gets no requests by itself.

    What a killed deployment had moved is taken back first: its revision is tested and watched again.
    """
    shares = service.traffic()
    main = holder(shares)
    declared = service.service().get("traffic") or ()
    pinned = [one for one in declared if one.get("type") == PINNED and int(one.get("percent") or 0) == 100]
    if len(pinned) != 1 or len(shares) != 1 or main.tag:
        service.move([Share(main.revision, 100)])
        cloud_run.record(target, service)
        if split(shares):
            console.print(f"{main.revision} has all requests again.")
    return next(one for one in service.revisions() if one.name == main.revision)


def _image(target: Target, plan: Plan, pipeline: Pipeline, console: Console) -> str | None:
    """The image by its digest; None where the stack runs a folder, whose digest stands for an image's."""
    if target.own("imageFolder") is not None:
        _first(target, console)
        return None
    with pipeline.job("build"):
        if plan.image is not None:
            return plan.image
        place = _first(target, console)
        commit = history.git(target.root, "rev-parse", "HEAD")
        image = build.build(target.root, place, commit, plan.builder)
        console.print(f"Pushed {image}.", soft_wrap=True)
        return image


def _first(target: Target, console: Console) -> str:
    """Make what an image needs before it can be there (``pulumi up --target``); where the registry is."""
    found = _registry(target)
    if found is None:
        console.print("First what an image needs: APIs and the registry.")
        folder = target.own("imageFolder") is not None
        values = {} if folder else {f"{target.project}:image": f"not-built-yet@sha256:{'f' * 64}"}
        with configured(target, values) as file:
            urns = _with_parents(stack.preview(target.stack, lambda _: None, file).steps)
            try:
                stack.up(target.stack, target.accounts, lambda _: None, config_file=file, target=urns)
            except stack.UpdateFailed as error:
                # What is not targeted has no values yet, on which the rest of the program may fail: no matter, if what
                # was wanted is there.
                if _registry(target) is None:
                    raise
                made = [f"{one.kind} {one.name}" for one in changes(error.result.done)]
                console.print(f"Made: {', '.join(made)}.", soft_wrap=True)
        found = _registry(target)
    if found is None:
        raise KnownFailure("the program declares no Artifact Registry repository to push an image to")
    return found


def _with_parents(planned: Iterable[StepEventMetadata]) -> list[str]:
    """URNs of the planned resources of the first types, and of what they are children of."""
    states = {one.urn: one.new for one in planned if one.new}
    wanted = {urn for urn, state in states.items() if state.type in FIRST}
    for urn in list(wanted):
        while (urn := states[urn].parent) in states:
            wanted.add(urn)
    return sorted(wanted)


def _registry(target: Target) -> str | None:
    found = next((one for one in target.resources() if one["type"] == REPOSITORY and one.get("id")), None)
    if found is None:
        return None
    _, project, _, location, _, name = found["id"].split("/")
    return f"{location}-docker.pkg.dev/{project}/{name}"


def _apply(target: Target, image: str | None, console: Console) -> None:
    values = {} if image is None else {f"{target.project}:image": image}
    with configured(target, values) as file:
        if target.settings is None:
            ownership.refuse(target, stack.preview(target.stack, lambda _: None, file).steps)
        stack.up(target.stack, target.accounts, console.out, config_file=file)


def _latest(service: CloudRun) -> Revision:
    latest = short(service.service()["latestReadyRevision"])
    return next(one for one in service.revisions() if one.name == latest)


def _version(revision: Revision) -> str:
    return revision.image.rpartition("sha256:")[2][:12]


def _advance(  # noqa: PLR0917 - its caller has all of them at hand
    target: Target,
    service: CloudRun,
    before: Revision,
    fresh: Revision,
    plan: Plan,
    pipeline: Pipeline,
    known: Sequence[str],
    console: Console,
) -> None:
    """Move the requests from one revision to another, or take them back."""
    try:
        service.move([Share(before.name, 100), Share(fresh.name, 0, CANDIDATE)])
        with pipeline.job("test"):
            _judge(
                evidence.synthetic_tests(target.datadog, target.resources(), service.address(CANDIDATE)),
                "Tests",
                console,
            )
            _judge(evidence.gate(target.datadog, pipeline.service, pipeline.env, pipeline.version), "Gate", console)
        monitors = evidence.watched(target.resources())
        with pipeline.job("traffic"):
            for percent in (*plan.steps, 100):
                if percent < 100:
                    service.move([Share(before.name, 100 - percent), Share(fresh.name, percent, CANDIDATE)])
                else:
                    service.move([Share(fresh.name, 100, CANDIDATE)], before.name)
                console.print(f"{fresh.name} has {percent} % of the requests.")
                alerts = evidence.watch(target.datadog, monitors, plan.bake, known)
                told = f"{', '.join(alerts) or 'nothing'} alerts at {percent} % of the requests"
                _judge(evidence.Verdict(not alerts, told), "Monitors", console)
        service.move([Share(fresh.name, 100)])
    except (KnownFailure, KeyboardInterrupt) as error:
        began = time.monotonic()
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
        try:
            service.move([Share(before.name, 100)])
        except KnownFailure as failed:
            raise KnownFailure(
                f"{fresh.name} was to be returned ({why}), and the requests could not be moved: {failed}. It may still "
                f"have some of them: `firedrill rollback` or Cloud Run's console gives all to {before.name}"
            ) from error
        cloud_run.record(target, service)
        raise Returned(
            f"{fresh.name} was returned: {why}. {before.name} has all requests again after "
            f"{time.monotonic() - began:.0f} s, and keeps them in the next `up`"
        ) from error
    cloud_run.record(target, service)


def _judge(verdict: evidence.Verdict, name: str, console: Console) -> None:
    console.print(f"{name}: {escape(verdict.told)}.", soft_wrap=True)
    if not verdict.good:
        raise KnownFailure(f"{name.lower()}: {verdict.told}")
