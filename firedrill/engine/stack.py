"""The checkout's own Pulumi project, driven by the real engine through Pulumi's Automation API.

The Automation API runs the ``pulumi`` program in the repository's root: the same path as a person's own
``pulumi up -s local``.
"""

import json
import os
import shutil
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from pulumi import automation
from pulumi.automation.errors import CommandError
from pulumi.automation.events import EngineEvent, StepEventMetadata

from firedrill.engine import environment
from firedrill.engine.google import Google
from firedrill.engine.products_off import explained
from firedrill.engine.recovery import Accounts, after_failures
from firedrill.engine.recovery import recover as recover_from
from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.settings import API_KEY, APP_KEY, Settings

STACK = "local"
ORGANISATION = "infra/org"
"""The folder of the program that an organisation's environments share, where a checkout has one."""
Output = Callable[[str], None]


LOCK_DEADLINE = 60.0
"""Seconds that an update whose command is gone has to end."""


class UpdateFailed(KnownFailure):
    """The engine ended with an error: its own words, one line each. ``result`` is what was done until then."""

    def __init__(self, message: str, result: "Result | None" = None) -> None:
        super().__init__(message)
        self.result = result or Result()


@dataclass(frozen=True)
class Violation:
    """What a policy says of a resource; ``level`` is "mandatory" or "advisory"."""

    policy: str
    level: str
    urn: str
    message: str


@dataclass
class Result:
    """What an operation did: resources by operation ("same", "create", "update" ...), and each step that it took."""

    changes: dict[str, int] = field(default_factory=dict)
    steps: list[StepEventMetadata] = field(default_factory=list)
    """Planned steps of a preview or update; of a refresh, what was found."""
    done: list[StepEventMetadata] = field(default_factory=list)
    """The steps that came to their end."""
    violations: list[Violation] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    """Creates that failed: type, urn and inputs, and the error."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Of an update: what the program exports, without secrets."""

    @property
    def changed(self) -> int:
        """How many resources were not left as they were."""
        return sum(count for operation, count in self.changes.items() if operation not in {"same", "read", "refresh"})


@contextmanager
def told() -> Iterator[None]:
    """Errors of the ``pulumi`` program in its own words."""
    try:
        yield
    except CommandError as error:
        stderr = str(error).split("stderr: ", 1)[-1].strip()
        raise UpdateFailed(stderr.removeprefix("error: ") or str(error)) from error


@told()
def select(
    settings: Settings, provider: environment.Provider = environment.Provider.OURS, folder: str = ""
) -> automation.Stack:
    """The sandbox's stack of the program in a folder of the checkout, made at first use.

    Locks that killed commands left are dealt with.
    """
    environment.prepare(settings)
    variables = environment.variables(settings, provider)
    # The Automation API looks `pulumi` up on this process's own PATH.
    os.environ["PATH"] = variables["PATH"]
    work_dir = str(settings.root / folder)
    options = automation.LocalWorkspaceOptions(work_dir=work_dir, env_vars=variables)
    _mend_checkpoint(settings)
    stack = automation.create_or_select_stack(STACK, work_dir=work_dir, opts=options)
    _settle_locks(settings)
    return stack


def accounts(settings: Settings) -> Accounts:
    """The sandbox's, with the keys of its stack."""
    return Accounts(Api(settings.datadog_url, API_KEY, APP_KEY), Google(base=settings.google_url))


def organisation(
    settings: Settings, provider: environment.Provider = environment.Provider.OURS
) -> automation.Stack | None:
    """The stack of what the environments share; None in a checkout that has no such program."""
    there = (settings.root / ORGANISATION / "Pulumi.yaml").exists()
    return select(settings, provider, ORGANISATION) if there else None


@told()
def outputs(stack: automation.Stack) -> dict[str, Any]:
    """What the program exports; secret outputs are left out."""
    return _open(stack.outputs())


def _open(given: automation.OutputMap) -> dict[str, Any]:
    return {name: output.value for name, output in given.items() if not output.secret}


@told()
def configuration(stack: automation.Stack) -> dict[str, str]:
    """The project's configuration, secrets decrypted, without its namespace."""
    return {name.split(":", 1)[1]: value.value for name, value in stack.get_all_config().items()}


@told()
def up(
    stack: automation.Stack,
    accounts: Accounts,
    output: Output,
    *,
    refresh: bool = False,
    message: str = "",
    config_file: str | None = None,
    target: Sequence[str] = (),
) -> Result:
    """``pulumi up``, after what a killed one left unrecorded in the accounts is taken over or gone.

    Raises:
        UpdateFailed: in the engine's own words, and what was done about creates whose answers were lost.
    """
    recover(stack, accounts, output)
    options: dict[str, Any] = {"refresh": refresh, "message": message or None, "config_file": config_file}
    if target:  # a part of the stack is no stack that policies could judge
        options["target"] = list(target)
    else:
        options["policy_packs"] = packs(stack)
    try:
        return _run(stack.up, output, suppress_outputs=True, **options)
    except UpdateFailed as error:
        raise UpdateFailed("\n".join([str(error), *_after(stack, accounts, error.result)]), error.result) from error


@told()
def recover(stack: automation.Stack, accounts: Accounts, output: Output) -> None:
    """Take over or delete what a killed update left in the account without recording it."""
    for done in recover_from(stack, accounts):
        output(f"A killed update was {done}.")


def _after(stack: automation.Stack, accounts: Accounts, result: Result) -> list[str]:
    """What a failed update made without knowing it, deleted; in words."""
    try:
        return [f"It was {done}." for done in after_failures(stack, accounts.datadog, result.failed)]
    except KnownFailure as error:
        names = ", ".join(one["urn"].rpartition("::")[2] for one, _ in result.failed)
        return [f"Whether {names} exists all the same could not be asked ({error}): look for it before the next `up`."]


def preview(stack: automation.Stack, output: Output, config_file: str | None = None) -> Result:
    """``pulumi preview --diff``."""
    return _run(stack.preview, output, diff=True, policy_packs=packs(stack), config_file=config_file)


def packs(stack: automation.Stack) -> list[str]:
    """The checkout's policy pack, where it has one (``pulumi up --policy-pack``): beside the program or above it."""
    folder = Path(stack.workspace.work_dir)
    found = (one / "policies" for one in (folder, *folder.parents[: len(Path(ORGANISATION).parts)]))
    return [str(pack) for pack in found if (pack / "PulumiPolicy.yaml").exists()][:1]


@told()
def destroy(stack: automation.Stack, accounts: Accounts, output: Output) -> Result:
    """``pulumi destroy``, of what a killed update left unrecorded too."""
    recover(stack, accounts, output)
    return _run(stack.destroy, output, suppress_outputs=True)


def find_drift(stack: automation.Stack, output: Output, exclude: Sequence[str] = ()) -> Result:
    """``pulumi refresh --preview-only``: compares all but what ``exclude`` names, and leaves the state as it is."""
    return _run(stack.preview_refresh, output, exclude=list(exclude) or None)


def _run(operation: Callable[..., Any], output: Output, **options: Any) -> Result:
    result = Result()
    said: dict[str, str] = {}

    def collect(event: EngineEvent) -> None:
        if event.summary_event:
            result.changes = {
                str(getattr(op, "value", op)): n for op, n in event.summary_event.resource_changes.items()
            }
        if event.resource_pre_event:
            result.steps.append(event.resource_pre_event.metadata)
        if event.res_outputs_event:
            result.done.append(event.res_outputs_event.metadata)
        if event.policy_event:
            policy = event.policy_event
            found = Violation(
                policy.policy_name, policy.enforcement_level, policy.resource_urn or "", policy.message.strip()
            )
            result.violations.append(found)
            if found.level == "mandatory":
                result.errors.append(f"{found.policy}: {found.urn.split('::')[-1]}\n{found.message}")
        if event.res_op_failed_event and event.res_op_failed_event.metadata.new:
            new, op = event.res_op_failed_event.metadata.new, event.res_op_failed_event.metadata.op
            if str(getattr(op, "value", op)).startswith("create"):
                made = {"type": new.type, "urn": new.urn, "inputs": dict(new.inputs or {})}
                result.failed.append((made, said.get(new.urn, "")))
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            said[event.diagnostic_event.urn or ""] = event.diagnostic_event.message
            result.errors.append(explained(event.diagnostic_event.message, event.diagnostic_event.urn or ""))

    try:
        done = operation(on_output=output, on_event=collect, color="never", **options)
    except KeyboardInterrupt:
        # Pulumi was interrupted too and ends in order. Until then the Automation API's readers would complain.
        threading.excepthook = lambda _: None
        warnings.simplefilter("ignore")
        psutil.wait_procs(psutil.Process().children(), timeout=LOCK_DEADLINE)
        raise
    except CommandError as error:
        result.failed = [(made, text or said.get(made["urn"], "")) for made, text in result.failed]
        told = [line for line in result.errors if line not in {"update failed", "preview failed"}]
        raise UpdateFailed("\n".join(told) or str(error), result) from error
    if isinstance(done, automation.UpResult):
        result.outputs = _open(done.outputs)
    return result


def _say(text: str) -> None:
    """Beside what the command itself prints, which may be a report."""
    print(text, file=sys.stderr, flush=True)


def _settle_locks(settings: Settings) -> None:
    """Wait for an update whose command was ended to end itself; lift the locks of those that were killed."""
    for lock in (settings.home / "state" / ".pulumi" / "locks").rglob(f"{STACK}/*.json"):
        try:
            owner = int(json.loads(lock.read_text())["pid"])
            process = psutil.Process(owner)
            if process.create_time() < lock.stat().st_mtime:  # else the process id is another program's by now
                _say(f"An earlier update still runs (process {owner}): waiting for it to end.")
                process.wait(LOCK_DEADLINE)
        except psutil.TimeoutExpired:
            raise UpdateFailed(
                f"the stack is locked by process {owner}, which has not ended within {LOCK_DEADLINE:.0f} s: "
                "wait for it, or end it"
            ) from None
        except (psutil.NoSuchProcess, FileNotFoundError, ValueError, KeyError):
            _say("An update that was killed had left the stack locked; the lock is lifted.")
        lock.unlink(missing_ok=True)


def _mend_checkpoint(settings: Settings) -> None:
    """A state that was cut short while it was written: the last whole one, which Pulumi keeps beside it, returns.

    What it lacks is what was under way then, which :mod:`firedrill.engine.recovery` looks for in the account.
    """
    kept_by_pulumi = settings.home / "state" / ".pulumi"
    for attributes in kept_by_pulumi.rglob("*.attrs"):
        # Written beside each file, before it and in place: the storage does without them, but not with half of them.
        # https://pkg.go.dev/gocloud.dev/blob/fileblob
        if not _whole(attributes):
            attributes.unlink()
    for state in (kept_by_pulumi / "stacks").glob(f"*/{STACK}.json"):
        if _whole(state):
            continue
        kept = state.with_name(f"{state.name}.bak")
        if not _whole(kept):
            raise UpdateFailed(
                f"the state {state} is cut short, and so is {kept.name}, its last copy: put a whole one there, such as "
                "the newest .checkpoint.json of .pulumi/history"
            )
        shutil.copy2(kept, state)
        _say("The state had been cut short while it was written: its last whole copy is used.")


def _whole(state: Path) -> bool:
    try:
        return isinstance(json.loads(state.read_text()), dict)
    except (OSError, ValueError):
        return False
