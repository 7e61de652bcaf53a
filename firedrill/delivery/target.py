"""Where a command acts: the sandbox's stack on this machine, or a stack of real accounts."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pulumi import automation
from rich.markup import escape

from firedrill import bootstrap
from firedrill.console import errors, sandbox
from firedrill.engine import environment, recovery, stack
from firedrill.engine.google import Google, GoogleAccount
from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.settings import Settings, from_environment

StackName = Annotated[
    str, typer.Option("--stack", "-s", help="The stack: `local` is the sandbox, any other is of real accounts.")
]


@dataclass(frozen=True)
class Target:
    """A stack that is selected. ``settings`` is the sandbox, None for real accounts."""

    name: str
    root: Path
    stack: automation.Stack
    settings: Settings | None

    @cached_property
    def configuration(self) -> Mapping[str, str]:
        """All of the stack's configuration by full key, secrets decrypted."""
        with stack.told():
            return {key: value.value for key, value in self.stack.get_all_config().items()}

    @cached_property
    def project(self) -> str:
        """The project's name, the namespace of its configuration."""
        return str(self.stack.workspace.project_settings().name)

    def own(self, key: str) -> str | None:
        """A key of the project's own namespace."""
        return self.configuration.get(f"{self.project}:{key}")

    @cached_property
    def datadog(self) -> Api:
        """Datadog's API with the stack's keys.

        Raises:
            KnownFailure: there are no keys.
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
        return Api(url.rstrip("/"), api_key, app_key)

    @property
    def accounts(self) -> recovery.Accounts:
        """Where the stack's objects are."""
        if self.settings is not None:
            return stack.accounts(self.settings)
        return recovery.Accounts(self.datadog, Google(GoogleAccount()))

    def resources(self) -> list[dict[str, Any]]:
        """The resources that the state records; secrets stay encrypted."""
        with stack.told():
            exported = self.stack.export_stack().deployment or {}
        return list(exported.get("resources") or [])

    def interrupted(self) -> list[recovery.Interrupted]:
        """What a killed update was at work on."""
        with stack.told():
            return recovery.interrupted(self.stack)


@contextmanager
def opened(
    name: str = stack.STACK,
    provider: environment.Provider = environment.Provider.OURS,
    root: Path | None = None,
) -> Iterator[Target]:
    """A stack, held for one command; the sandbox is started where the stack is its.

    Raises:
        KnownFailure: Pulumi knows no such stack, or there is no Pulumi.
    """
    if name == stack.STACK:
        with sandbox(start=True) as settings:
            yield _told(Target(name, settings.root, stack.select(settings, provider), settings))
        return
    root = root or from_environment().root
    cli = bootstrap.pulumi_cli()
    if cli is None:
        raise KnownFailure("there is no Pulumi CLI: https://www.pulumi.com/docs/install/, or run `make setup`")
    os.environ["PATH"] = os.pathsep.join([str(cli.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    with stack.told():
        selected = automation.select_stack(name, work_dir=str(root))
    yield _told(Target(name, root, selected, None))


def _told(target: Target) -> Target:
    """Say what an update that was killed was at work on, before anything else is done."""
    if left := target.interrupted():
        errors.print(
            f"An update was killed while {', '.join(escape(str(one)) for one in left)}: `firedrill up` finds what that "
            "left in the account, and goes on.",
            soft_wrap=True,
        )
    return target


@contextmanager
def configured(target: Target, values: Mapping[str, str]) -> Iterator[str | None]:
    """The stack's configuration with other plain values, as a file for ``--config-file``; None where none differ.

    The checkout's own file stays as it is committed, and the update records the values that it was made with.
    """
    differing = {key: value for key, value in values.items() if target.configuration.get(key) != value}
    if not differing:
        yield None
        return
    own = yaml.safe_load((target.root / f"Pulumi.{target.name}.yaml").read_text())
    own["config"] = {**own.get("config", {}), **differing}
    with tempfile.TemporaryDirectory(prefix="firedrill-") as folder:
        file = Path(folder) / f"Pulumi.{target.name}.yaml"
        file.write_text(yaml.safe_dump(own, sort_keys=False, allow_unicode=True))
        yield str(file)


def select(target: Target, root: Path) -> Target:
    """The same stack with the program of another checkout."""
    if target.settings is not None:
        settings = replace(target.settings, root=root)
        return Target(target.name, root, stack.select(settings), settings)
    with stack.told():
        return Target(target.name, root, automation.select_stack(target.name, work_dir=str(root)), None)
