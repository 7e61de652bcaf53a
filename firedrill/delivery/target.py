"""The stack that a command acts on: the sandbox's on this machine, or one of real accounts."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation
from rich.console import Console
from rich.markup import escape

from firedrill import bootstrap
from firedrill.datadog.client import DatadogClient
from firedrill.engine import recovery, stack
from firedrill.errors import KnownFailure
from firedrill.google import ApplicationDefaultCredentials, GoogleClient
from firedrill.settings import GOOGLE_URL, Settings, from_environment


@dataclass(frozen=True)
class Target:
    """A selected stack. settings: the sandbox's; None for real accounts."""

    name: str
    root: Path
    stack: automation.Stack
    settings: Settings | None

    @cached_property
    def configuration(self) -> Mapping[str, str]:
        """The stack's configuration by full key, with secrets decrypted."""
        with stack.pulumi_errors():
            return {key: value.value for key, value in self.stack.get_all_config().items()}

    @cached_property
    def project(self) -> str:
        """The project's name, which is the namespace of its configuration."""
        return str(self.stack.workspace.project_settings().name)

    def setting(self, key: str) -> str | None:
        """Return a value of the project's own configuration; None where it is not set."""
        return self.configuration.get(f"{self.project}:{key}")

    @cached_property
    def datadog(self) -> DatadogClient:
        """Datadog's API with the stack's keys.

        Raises:
            KnownFailure: the stack has no keys.
        """
        if self.settings is not None:
            return stack.accounts(self.settings).datadog
        url = self.configuration.get("datadog:apiUrl") or os.environ.get("DD_HOST") or "https://api.datadoghq.com"
        api_key = self.configuration.get("datadog:apiKey") or os.environ.get("DD_API_KEY")
        app_key = self.configuration.get("datadog:appKey") or os.environ.get("DD_APP_KEY")
        if not api_key or not app_key:
            raise KnownFailure(
                f"stack {self.name} has no Datadog keys: set DD_API_KEY and DD_APP_KEY, or run "
                "`pulumi config set --secret datadog:apiKey` and `datadog:appKey`"
            )
        return DatadogClient(url.rstrip("/"), api_key, app_key)

    @cached_property
    def google(self) -> GoogleClient:
        """Google's APIs with this environment's account.

        Raises:
            KnownFailure: the environment has no Google account.
        """
        if self.settings is not None:
            return stack.accounts(self.settings).google
        sandbox = os.environ.get(GOOGLE_URL)
        return GoogleClient(base=sandbox) if sandbox else GoogleClient(ApplicationDefaultCredentials())

    @property
    def accounts(self) -> recovery.Accounts:
        """The accounts that hold the stack's objects."""
        return recovery.Accounts(self.datadog, self.google)

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources of the state; secrets stay encrypted."""
        with stack.pulumi_errors():
            exported = self.stack.export_stack().deployment or {}
        return list(exported.get("resources") or [])

    def first_resource(self, type: str) -> dict[str, Any] | None:
        """Return the state's first resource of a type that exists; None without one."""
        return next(
            (resource for resource in self.resources() if resource["type"] == type and resource.get("id")), None
        )

    def pending_operations(self) -> list[recovery.PendingOperation]:
        """Return the operations that a killed update left under way."""
        with stack.pulumi_errors():
            return recovery.pending_operations(self.stack)


def sandbox_target(settings: Settings) -> Target:
    """Return the stack of a sandbox that is running."""
    return _with_warning(Target(stack.STACK, settings.root, stack.select(settings), settings))


def account_target(name: str, root: Path | None = None) -> Target:
    """Return a stack of real accounts; puts the Pulumi CLI on PATH.

    Raises:
        KnownFailure: Pulumi has no such stack, or there is no Pulumi CLI.
    """
    root = root or from_environment().root
    cli = bootstrap.pulumi_cli()
    if cli is None:
        raise KnownFailure(
            "the Pulumi CLI is not installed: see https://www.pulumi.com/docs/install/, or run `make setup`"
        )
    os.environ["PATH"] = os.pathsep.join([str(cli.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    with stack.pulumi_errors():
        selected = automation.select_stack(name, work_dir=str(root))
    return _with_warning(Target(name, root, selected, None))


def _with_warning(target: Target) -> Target:
    """Warn of the operations that a killed update left under way."""
    if pending := target.pending_operations():
        warn(
            f"An update was killed while {', '.join(str(operation) for operation in pending)}: `firedrill up` finds "
            "what it left in the account, and continues."
        )
    return target


def warn(text: str) -> None:
    """Print to standard error: the command's standard output may be a report."""
    Console(stderr=True, highlight=False).print(escape(text), soft_wrap=True)


@contextmanager
def config_file(target: Target, values: Mapping[str, str]) -> Iterator[str | None]:
    """Provide a file for ``--config-file``: the stack's configuration with other plain values; None if none differs.

    The checkout's own file stays as it is committed, and the update's history has the values that it ran with.
    """
    differing = {key: value for key, value in values.items() if target.configuration.get(key) != value}
    if not differing:
        yield None
        return
    content = yaml.safe_load((target.root / f"Pulumi.{target.name}.yaml").read_text())
    content["config"] = {**content.get("config", {}), **differing}
    with tempfile.TemporaryDirectory(prefix="firedrill-") as folder:
        file = Path(folder) / f"Pulumi.{target.name}.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
        yield str(file)


def with_checkout(target: Target, root: Path) -> Target:
    """Return the same stack with the program of another checkout."""
    if target.settings is not None:
        settings = replace(target.settings, root=root)
        return Target(target.name, root, stack.select(settings), settings)
    with stack.pulumi_errors():
        return Target(target.name, root, automation.select_stack(target.name, work_dir=str(root)), None)
