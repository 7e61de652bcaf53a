"""``firedrill deploy``: a new revision gets the requests step by step, and loses them again when a check fails.

Pulumi creates the new revision without requests. This command then gives it a tag, tests it there, asks the deployment
gate, and moves the requests in steps while it watches burn-rate monitors and those of priority 1 and 2. When a check
fails, all requests return to the revision before.
"""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pulumi.automation.events import StepEventMetadata
from rich.console import Console
from rich.markup import escape

from firedrill.delivery import build, checks, cloud_run, history, ownership
from firedrill.delivery.cloud_run import CloudRunService, Revision, short_name
from firedrill.delivery.events import Pipeline
from firedrill.delivery.resource_changes import resource_changes
from firedrill.delivery.target import Target, config_file
from firedrill.delivery.traffic import CANDIDATE, PINNED, Share, describe_split, serving_share
from firedrill.engine import stack
from firedrill.engine.result import UpdateFailed
from firedrill.errors import KnownFailure

MUTED_MINUTES = 30
"""Minutes for which the monitors of a first deployment are muted."""
REGISTRY = "gcp:artifactregistry/repository:Repository"
NEEDED_BY_IMAGE = frozenset({"gcp:projects/service:Service", REGISTRY})
"""Types that must exist before an image can be pushed: APIs and the registry."""


class RolledBack(KnownFailure):
    """A new revision that failed a check; the one before has all requests again."""


@dataclass(frozen=True)
class Plan:
    """The plan of a deployment.

    steps: percentages of the requests before all of them; bake: seconds that each step is watched; image: by its
    digest, None to build one; despite_alerts: ignore the monitors that alert already.
    """

    steps: Sequence[int] = (10, 50)
    bake: float = 120
    image: str | None = None
    builder: build.ImageBuilder | None = None
    despite_alerts: bool = False


@dataclass(frozen=True)
class Deployed:
    """A deployment that ended well: the revision that has all requests now, and the one that had them before."""

    revision: str
    image: str
    before: str | None
    seconds: float


def deploy(target: Target, plan: Plan, console: Console) -> Deployed:
    """Deploy the checkout.

    Raises:
        RolledBack: the new revision failed a test, the gate or a monitor.
        KnownFailure: another failure, before any request was moved.
    """
    began = time.monotonic()
    service = cloud_run.service_of(target)
    env = target.setting("env")
    if env is None:
        raise KnownFailure("the stack's configuration has no env: run `pulumi config set env dev`")
    serving = None if service is None else _pin(target, service, console)
    ignored = checks.alerting(target.datadog, checks.watched_monitors(target.resources())) if service else []
    if ignored and not plan.despite_alerts:
        raise KnownFailure(
            f"monitors alert already ({', '.join(ignored)}): roll back, or deploy the fix with --despite-alerts, which "
            "ignores them"
        )
    pipeline = _pipeline(target, short_name(service.name) if service else target.project, env)
    try:
        image = _image(target, plan, pipeline, console)
        with pipeline.job("deploy"):
            _update(target, image, serving, console)
        first = service is None
        service = service or cloud_run.required_service(target)
        new = service.latest_ready_revision()
        pipeline.version = new.image.rpartition("sha256:")[2][:12]
        if first:
            checks.mute(target.datadog, pipeline.service, env, MUTED_MINUTES)
            console.print(f"First deployment: its monitors are muted for {MUTED_MINUTES} minutes.")
            _pin(target, service, console)
        elif serving is not None and new.name != serving.name:
            _Rollout(target, service, serving, new, plan, pipeline, ignored, console).run()
        else:
            console.print(f"No new revision: {new.name} keeps all requests.")
    except KnownFailure as error:
        pipeline.end(good=False, reason=str(error).partition("\n")[0])
        raise
    pipeline.end(good=True)
    for refusal in pipeline.refused:
        console.print(f"Datadog refused a deployment event: {escape(refusal)}", soft_wrap=True)
    serves = service.latest_ready_revision()
    console.print(f"[bold]{serves.name} has all requests.[/bold]")
    before = None if serving is None else serving.name
    return Deployed(serves.name, serves.image, before, round(time.monotonic() - began, 1))


def _pipeline(target: Target, service: str, env: str) -> Pipeline:
    commit = history.git(target.root, "rev-parse", "HEAD", default="")
    remote = history.git(target.root, "config", "--get", "remote.origin.url", default="")
    repository = re.sub(r"(?<=://)[^/@]*@", "", remote)  # without credentials
    return Pipeline(target.datadog, service, env, commit, repository)


def _pin(target: Target, service: CloudRunService, console: Console) -> Revision:
    """Return the revision that serves, pinned by name, so that a new one gets no requests by itself.

    Requests that a killed deployment had moved are returned first: its revision is tested and watched again.
    """
    shares = service.traffic()
    main = serving_share(shares)
    declared = service.get().get("traffic") or ()
    pinned = [entry for entry in declared if entry.get("type") == PINNED and int(entry.get("percent") or 0) == 100]
    if len(pinned) != 1 or len(shares) != 1 or main.tag:
        service.move_traffic([Share(main.revision, 100)])
        cloud_run.record_traffic(target, service)
        if describe_split(shares):
            console.print(f"{main.revision} has all requests again.")
    return next(revision for revision in service.revisions() if revision.name == main.revision)


def _image(target: Target, plan: Plan, pipeline: Pipeline, console: Console) -> str | None:
    """Return the image by its digest; None where the stack runs a folder, whose digest stands for an image's."""
    if target.setting("imageFolder") is not None:
        _ensure_registry(target, console)
        return None
    with pipeline.job("build"):
        if plan.image is not None:
            return plan.image
        registry = _ensure_registry(target, console)
        image = build.build(target.root, registry, history.git(target.root, "rev-parse", "HEAD"), plan.builder)
        console.print(f"Pushed {image}.", soft_wrap=True)
        return image


def _ensure_registry(target: Target, console: Console) -> str:
    """Return the registry's address; creates what an image needs first where it is missing (``pulumi up --target``)."""
    registry = _registry(target)
    if registry is None:
        console.print("Creating what an image needs first: APIs and the registry.")
        folder = target.setting("imageFolder") is not None
        values = {} if folder else {f"{target.project}:image": f"not-built-yet@sha256:{'f' * 64}"}
        with config_file(target, values) as file:
            urns = _targets(stack.preview(target.stack, lambda _: None, file).steps)
            try:
                stack.up(target.stack, target.accounts, lambda _: None, config_file=file, target=urns)
            except UpdateFailed as error:
                # Resources that are not targeted have no values yet, on which the rest of the program may fail. That
                # does not matter if the registry exists now.
                if _registry(target) is None:
                    raise
                created = [change.label for change in resource_changes(error.result.done)]
                console.print(f"Created: {', '.join(created)}.", soft_wrap=True)
        registry = _registry(target)
    if registry is None:
        raise KnownFailure(
            "the program declares no Artifact Registry repository to push an image to: declare one, or give --image"
        )
    return registry


def _targets(planned: Iterable[StepEventMetadata]) -> list[str]:
    """Return the URNs of the planned resources that an image needs, and of their parents."""
    states = {step.urn: step.new for step in planned if step.new}
    urns = {urn for urn, state in states.items() if state.type in NEEDED_BY_IMAGE}
    for urn in list(urns):
        while (urn := states[urn].parent) in states:
            urns.add(urn)
    return sorted(urns)


def _registry(target: Target) -> str | None:
    resource = target.first_resource(REGISTRY)
    if resource is None:
        return None
    _, project, _, location, _, name = resource["id"].split("/")
    return f"{location}-docker.pkg.dev/{project}/{name}"


def _update(target: Target, image: str | None, serving: Revision | None, console: Console) -> None:
    """Run ``pulumi up`` with an image; on real accounts only after a preview that takes no other stack's objects."""
    values = {} if image is None else {f"{target.project}:image": image}
    try:
        with config_file(target, values) as file:
            if target.settings is None:
                ownership.refuse_conflicts(target, stack.preview(target.stack, lambda _: None, file).steps)
            stack.up(target.stack, target.accounts, console.out, config_file=file)
    except UpdateFailed as error:
        if serving is None:
            raise
        raise UpdateFailed(
            f"{error}\n{serving.name} keeps all requests: fix the failure, then run `firedrill deploy` again",
            error.result,
        ) from error


@dataclass(frozen=True)
class _Rollout:
    """The move of all requests from one revision to a new one, or back."""

    target: Target
    service: CloudRunService
    before: Revision
    new: Revision
    plan: Plan
    pipeline: Pipeline
    ignored: Sequence[str]
    """Names of monitors that alerted before."""
    console: Console

    def run(self) -> None:
        """Test the new revision and move the requests to it.

        Raises:
            RolledBack: a check failed, or the command was interrupted.
        """
        try:
            self.service.move_traffic([Share(self.before.name, 100), Share(self.new.name, 0, CANDIDATE)])
            with self.pipeline.job("test"):
                self._test()
            monitors = checks.watched_monitors(self.target.resources())
            with self.pipeline.job("traffic"):
                for percent in (*self.plan.steps, 100):
                    self._move(percent, monitors)
            self.service.move_traffic([Share(self.new.name, 100)])
        except (KnownFailure, KeyboardInterrupt) as error:
            reason = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            raise self._roll_back(reason) from error
        cloud_run.record_traffic(self.target, self.service)

    def _test(self) -> None:
        datadog, pipeline = self.target.datadog, self.pipeline
        url = self.service.tag_url(CANDIDATE)
        self.console.print(f"Tests: the synthetic tests run against {url}.", soft_wrap=True)
        self._require(checks.run_synthetic_tests(datadog, self.target.resources(), url), "Tests")
        gate = checks.evaluate_gate(datadog, pipeline.service, pipeline.env, pipeline.version, self._waits_for_gate)
        self._require(gate, "Gate")

    def _waits_for_gate(self, state: str) -> None:
        self.console.print(f"Gate: Datadog judges {state}.", soft_wrap=True)

    def _move(self, percent: int, monitors: Mapping[str, str]) -> None:
        """Give the new revision its share, and watch the monitors."""
        if percent < 100:
            shares = [Share(self.before.name, 100 - percent), Share(self.new.name, percent, CANDIDATE)]
            self.service.move_traffic(shares)
        else:
            self.service.move_traffic([Share(self.new.name, 100, CANDIDATE)], self.before.name)
        self.console.print(
            f"{self.new.name} has {percent} % of the requests. Its monitors are watched for {self.plan.bake:g} s."
        )
        alerts = checks.watch(self.target.datadog, monitors, self.plan.bake, self.ignored)
        description = f"{', '.join(alerts) or 'nothing'} alerts at {percent} % of the requests"
        self._require(checks.CheckResult(not alerts, description), "Monitors")

    def _require(self, result: checks.CheckResult, name: str) -> None:
        """Print a check's result.

        Raises:
            KnownFailure: it did not pass.
        """
        self.console.print(f"{name}: {escape(result.description)}.", soft_wrap=True)
        if not result.passed:
            raise KnownFailure(f"{name.lower()}: {result.description}")

    def _roll_back(self, reason: str) -> KnownFailure:
        """Return all requests to the revision before; return the error to raise."""
        started = time.monotonic()
        try:
            self.service.move_traffic([Share(self.before.name, 100)])
        except KnownFailure as error:
            return KnownFailure(
                f"{self.new.name} failed ({reason}), and the requests could not be moved back: {error}. It may still "
                f"have some of them: run `firedrill rollback --to {self.before.name}`, or use Cloud Run's console"
            )
        cloud_run.record_traffic(self.target, self.service)
        return RolledBack(
            f"{self.new.name} was rolled back: {reason}. {self.before.name} has all requests again after "
            f"{time.monotonic() - started:.0f} s, and keeps them in the next `up`"
        )
