"""Operations of Pulumi's engine on the checkout's own project, through Pulumi's Automation API.

The Automation API runs the ``pulumi`` program in the repository's root, exactly as ``pulumi up -s local`` does.
https://www.pulumi.com/docs/iac/automation-api/
"""

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from pulumi import automation
from pulumi.automation.errors import CommandError

from firedrill.datadog.client import DatadogClient
from firedrill.engine import environment, local_state, recovery
from firedrill.engine.recovery import Accounts
from firedrill.engine.result import EventCollector, Result, UpdateFailed
from firedrill.errors import KnownFailure
from firedrill.google import GoogleClient
from firedrill.settings import API_KEY, APP_KEY, Settings

STACK = "local"
ORGANISATION = "infra/org"
"""The folder of the program for what all environments of an organisation share, where a checkout has one."""
Output = Callable[[str], None]
"""Receives the engine's output, line by line."""


@contextmanager
def pulumi_errors() -> Iterator[None]:
    """Turn errors of the ``pulumi`` program into `UpdateFailed` with its own message."""
    try:
        yield
    except CommandError as error:
        stderr = str(error).split("stderr: ", 1)[-1].strip()
        raise UpdateFailed(stderr.removeprefix("error: ") or str(error)) from error


@pulumi_errors()
def select(settings: Settings, folder: str = "") -> automation.Stack:
    """Return the sandbox's stack of the program in a folder of the checkout; created at first use.

    Locks of killed commands are lifted, and a truncated state is restored from its copy.
    """
    environment.prepare(settings)
    variables = environment.variables(settings)
    # The Automation API looks `pulumi` up on this process's own PATH.
    os.environ["PATH"] = variables["PATH"]
    work_dir = str(settings.root / folder)
    options = automation.LocalWorkspaceOptions(work_dir=work_dir, env_vars=variables)
    local_state.restore_state(settings, STACK)
    stack = automation.create_or_select_stack(STACK, work_dir=work_dir, opts=options)
    local_state.lift_locks(settings, STACK)
    return stack


def accounts(settings: Settings) -> Accounts:
    """Return the sandbox's accounts, with the keys of its stack."""
    return Accounts(DatadogClient(settings.datadog_url, API_KEY, APP_KEY), GoogleClient(base=settings.google_url))


def organisation(settings: Settings) -> automation.Stack | None:
    """Return the stack of what all environments share; None in a checkout that has no such program."""
    exists = (settings.root / ORGANISATION / "Pulumi.yaml").exists()
    return select(settings, ORGANISATION) if exists else None


@pulumi_errors()
def outputs(stack: automation.Stack) -> dict[str, Any]:
    """Return what the program exports, without secrets."""
    return _without_secrets(stack.outputs())


def _without_secrets(outputs: automation.OutputMap) -> dict[str, Any]:
    return {name: output.value for name, output in outputs.items() if not output.secret}


@pulumi_errors()
def configuration(stack: automation.Stack) -> dict[str, str]:
    """Return the project's configuration with secrets decrypted; keys are without the namespace."""
    return {name.split(":", 1)[1]: value.value for name, value in stack.get_all_config().items()}


@pulumi_errors()
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
    """Run ``pulumi up``, after a recovery from an update that was killed.

    Raises:
        UpdateFailed: the engine's messages, and what was done about creates whose responses were lost.
    """
    recover(stack, accounts, output)
    options: dict[str, Any] = {"refresh": refresh, "message": message or None, "config_file": config_file}
    if target:  # policies judge whole stacks only
        options["target"] = list(target)
    else:
        options["policy_packs"] = policy_packs(stack)
    try:
        return _run(stack, stack.up, output, suppress_outputs=True, **options)
    except UpdateFailed as error:
        raise UpdateFailed(
            "\n".join([str(error), *_delete_uncertain(stack, accounts, error.result)]), error.result
        ) from error


@pulumi_errors()
def recover(stack: automation.Stack, accounts: Accounts, output: Output) -> None:
    """Adopt or delete what a killed update left in the accounts without recording it."""
    for description in recovery.recover(stack, accounts):
        output(f"A killed update was {description}.")


def _delete_uncertain(stack: automation.Stack, accounts: Accounts, result: Result) -> list[str]:
    """Delete what a failed update created without receiving the response; return descriptions of it."""
    try:
        deleted = recovery.delete_uncertain(stack, accounts.datadog, result.failed)
    except KnownFailure as error:
        names = ", ".join(resource["urn"].rpartition("::")[2] for resource, _ in result.failed)
        return [f"{names} may exist; this could not be checked ({error}): look for it before the next `up`."]
    return [f"The update was {description}." for description in deleted]


def preview(stack: automation.Stack, output: Output, config_file: str | None = None) -> Result:
    """Run ``pulumi preview --diff``."""
    return _run(stack, stack.preview, output, diff=True, policy_packs=policy_packs(stack), config_file=config_file)


def checkout(stack: automation.Stack) -> Path:
    """Return the folder of the checkout, also for the organisation's program in a folder below it."""
    folder = Path(stack.workspace.work_dir)
    return folder.parents[len(Path(ORGANISATION).parts) - 1] if folder.match(f"*/{ORGANISATION}") else folder


def policy_packs(stack: automation.Stack) -> list[str]:
    """Return the checkout's policy pack, where it has one."""
    pack = checkout(stack) / "policies"
    return [str(pack)] if (pack / "PulumiPolicy.yaml").exists() else []


@pulumi_errors()
def destroy(stack: automation.Stack, accounts: Accounts, output: Output) -> Result:
    """Run ``pulumi destroy``, after a recovery from an update that was killed."""
    recover(stack, accounts, output)
    return _run(stack, stack.destroy, output, suppress_outputs=True)


def find_drift(stack: automation.Stack, output: Output, exclude: Sequence[str] = ()) -> Result:
    """Run ``pulumi refresh --preview-only`` on all resources but those of ``exclude``; the state is not changed."""
    return _run(stack, stack.preview_refresh, output, exclude=list(exclude) or None)


def _run(stack: automation.Stack, operation: Callable[..., Any], output: Output, **options: Any) -> Result:
    result = Result()
    collector = EventCollector(result, checkout(stack))
    try:
        outcome = operation(on_output=output, on_event=collector.collect, color="never", **options)
    except KeyboardInterrupt:
        # Pulumi was interrupted too and ends in order; until then the Automation API's reader threads print errors.
        threading.excepthook = lambda _: None
        warnings.simplefilter("ignore")
        psutil.wait_procs(psutil.Process().children(), timeout=local_state.LOCK_DEADLINE)
        raise
    except CommandError as error:
        collector.complete_failed_creates()
        messages = [line for line in result.errors if line not in {"update failed", "preview failed"}]
        raise UpdateFailed("\n".join(messages) or str(error), result) from error
    if isinstance(outcome, automation.UpResult):
        result.outputs = _without_secrets(outcome.outputs)
    return result
