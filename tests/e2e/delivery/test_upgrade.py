"""An upgrade and a roll-back across a release: each version previews the other's stack, and only named changes show.

URNs and types are part of what a release promises: a move of the code must neither replace nor delete anything. The
release before is taken from the repository's own history and really deployed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firedrill.engine import environment
from firedrill.settings import Settings
from tests.conftest import ROOT, free_ports

BEFORE = "00687b163e0336253f42f3b3cdf22c81da5db733"
"""The commit of the release before: the last one whose program was one flat folder."""
START_BEFORE = "from firedrill.console import sandbox\nwith sandbox(start=True): pass"
PROGRAMS = ("", "infra/org")
DEADLINE = 600
"""Seconds for one command."""
TEXTS = frozenset(
    {
        "alertMessage", "alias", "content", "defaultValue", "description", "displayName", "label", "legend", "message",
        "monitorName", "name", "subject", "summary", "text", "title",
    }
)  # fmt: skip
"""Members that people read. A release may rewrite them."""
STATED_ANEW = {
    ("DashboardJson", "dashboard"): {
        "available_values": "answers have it for each template variable",
        "experience_type": "answers have it",
        "notify_list": "answers have it",
        "restricted_roles": "answers have it",
    },
    ("LogsIndex", "disableDailyLimit"): {"disableDailyLimit": "the published plugin can turn the limit off otherwise"},
    ("SpansMetric", "groupBies"): {
        "path": "sorted by path: the published plugin crosses the tag names otherwise",
        "tagName": "sorted by path: the published plugin crosses the tag names otherwise",
    },
    ("IntegrationSts", "cloudRunRevisionFilters"): {"cloudRunRevisionFilters": "deprecated"},
    ("IntegrationSts", "monitoredResourceConfigs"): {"monitoredResourceConfigs": "replaces cloudRunRevisionFilters"},
}
"""What this release states otherwise than the one before, by kind and input, with the reason. The published plugin
compares a dashboard's text with the answer's, and every second ``up`` would update it without the answer's members."""

ADDED = frozenset(
    {
        "access-cloudbuild", "access-cloudresourcemanager", "access-sts", "availability-budget", "callers-refused",
        "chat-median-slow", "chats-vanish", "deploy-deploy-cloudbuild-builds-editor",
        "deploy-deploy-cloudkms-cryptokeyencrypterdecrypter", "deploy-look-cloudkms-cryptokeydecrypter",
        "evaluations-stop", "logs-vanish",
        "secrets-conversation-keys", "secrets-conversation-keys-reader", "secrets-conversation-keys-value",
        "signal-burns-for-a-day", "signal-median-slow", "signal-most-chats-fail", "signal-no-chat-lines",
        "signal-no-chats", "signal-requests-reported", "signal-slow-lately", "small-model-slow",
    }
)  # fmt: skip
"""The alerts, the secret, and the deployer's APIs and roles that this release adds. A roll-back deletes them."""
CHANGED = {
    "availability-fast-burn: query": "also pages when most of a few chats fail",
    "availability-slow-burn: query": "also reads 3x over 24 h",
    "deploy-breaks-chats: query": "a composite: its members' ids",
    "requests-fail: monitorThresholds.warning": "twice the error budget: after a deployment it notifies",
    "signal-enough-chats: query": "chats of synthetic tests do not count",
    "throttling-reaches-users: query": "a composite: its members' ids",
    "notification-rules-pages: conditionalRecipients.conditions": "who hears of which severity",
    "on-call-routing: rules": "nothing sends a page of low urgency",
    "service-key-application-key: scopes": "the root cause notebook reads SLOs and series",
    "service-key-role: permissions": "the root cause notebook reads SLOs and series",
    "llm-api-service: template.containers.0.envs": "the hosts that it answers to, and the key of conversations",
    "evaluation-job: template.template.containers.0.envs": "the service's environment",
}
"""What this release changes in place, by resource and input, with the reason."""

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Release:
    """One version of the code, and the sandbox that both versions deploy to."""

    root: Path
    settings: Settings

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its commands: its own packages come first."""
        guard = os.environ["PYTHONPATH"]
        chosen = {
            "FIREDRILL_ROOT": str(self.root),
            "FIREDRILL_HOME": str(self.settings.home),
            "FIREDRILL_PORT": str(self.settings.port),
            "PYTHONPATH": os.pathsep.join([str(self.root), guard]),
            "NO_COLOR": "1",
        }
        return os.environ | chosen

    def firedrill(self, *arguments: str) -> str:
        """Run a command of this version; return its output."""
        return self._run([sys.executable, "-m", "firedrill.cli", *arguments], self.variables)

    def start_before(self) -> None:
        """Start the sandbox with the code of the release before, whose `preview` imports packages that went."""
        self._run([sys.executable, "-c", START_BEFORE], self.variables)

    def pulumi(self, folder: str, *arguments: str) -> Any:
        """Run plain Pulumi on one of the two programs; return its JSON answer."""
        command = ["pulumi", *arguments, "--stack", "local", "--non-interactive"]
        variables = self.variables | environment.variables(self.settings)
        variables |= {"PYTHONPATH": self.variables["PYTHONPATH"], "PULUMI_DEBUG_COMMANDS": "false"}
        return json.loads(self._run(command, variables, folder))

    def _run(self, command: list[str], variables: dict[str, str], folder: str = "") -> str:
        done = subprocess.run(
            command, cwd=self.root / folder, env=variables, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=DEADLINE,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def preview(self) -> list[dict[str, Any]]:
        """Return the steps that an update of both programs would take; the sandbox runs."""
        return [
            step
            for folder in PROGRAMS
            for step in self.pulumi(folder, "preview", "--json", "--show-secrets=false")["steps"]
        ]


@dataclass(frozen=True)
class Crossing:
    """The previews of each release on the other's stack."""

    upgrade: list[dict[str, Any]]
    rollback: list[dict[str, Any]]


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crossing]:
    """Provide both previews: the release before deploys, this one previews and deploys, the one before previews."""
    folder = tmp_path_factory.mktemp("upgrade")
    old = folder / "before"
    old.mkdir()
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"not run: the history here ends after {BEFORE[:7]} (a shallow clone)")
    subprocess.run(["tar", "-x", "-C", str(old)], input=archive.stdout, check=True)
    (old / ".venv").symlink_to(ROOT / ".venv")
    port, home = free_ports(6), folder / "home"
    before, after = Release(old, Settings(old, home, port)), Release(ROOT, Settings(ROOT, home, port))
    running = before
    try:
        before.firedrill("up")
        before.firedrill("down")
        running = after
        after.firedrill("preview")
        upgrade = after.preview()
        after.firedrill("up")
        after.firedrill("down")
        running = before
        before.start_before()
        yield Crossing(upgrade, before.preview())
    finally:
        running.firedrill("down")


def differences(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of each leaf that differs; texts that hold JSON are compared as what they hold."""
    if isinstance(old, str) and isinstance(new, str) and old[:1] in "{[" and new[:1] in "{[":
        with suppress(ValueError):
            old, new = json.loads(old), json.loads(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one_side, other_side) in enumerate(zip(old, new, strict=True)):
            yield from differences(one_side, other_side, (*path, str(place)))
    elif old != new:
        yield path


def is_image_change(step: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Return whether a difference is only another image digest or version."""
    old, new = step["oldState"]["inputs"], step["newState"]["inputs"]
    for member in path:
        if isinstance(old, str):
            old, new = json.loads(old), json.loads(new)
        old, new = (side[int(member)] if isinstance(side, list) else side.get(member) for side in (old, new))
    neutral = [re.sub(r"\b[0-9a-f]{12}(?:[0-9a-f]{52})?\b", "DIGEST", str(side)) for side in (old, new)]
    return neutral[0] == neutral[1]


def is_default(step: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Return whether a difference is one of what the provider's Check adds, which ``__defaults`` lists."""
    sides = [step["oldState"]["inputs"], step["newState"]["inputs"]]
    for member in path[:-1]:
        sides = [json.loads(side) if isinstance(side, str) else side for side in sides]
        sides = [side[int(member)] if isinstance(side, list) else side.get(member) for side in sides]
    added = {name for side in sides if isinstance(side, dict) for name in side.get("__defaults") or ()}
    return path[-1] in {"__defaults", *added}


def is_stated_anew(step: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Return whether a difference is one of ``STATED_ANEW``."""
    kind = step["urn"].split("::")[-2].rpartition(":")[2]
    return path[-1] in STATED_ANEW.get((kind, path[0]), {})


def is_text(step: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Return whether a difference is in a text, or in the value of a workflow step's parameter that is one."""
    if TEXTS & set(path[-1:]):
        return True
    holder = step["newState"]["inputs"]
    for member in path[:-1]:
        holder = json.loads(holder) if isinstance(holder, str) else holder
        holder = holder[int(member)] if isinstance(holder, list) else holder.get(member)
    return path[-1] == "value" and (path[-2] in TEXTS or (holder or {}).get("name") in TEXTS)


def problems(steps: list[dict[str, Any]], of_added: str) -> list[str]:
    """Return the changes of a preview other than those that the tables above name, one line each.

    ``of_added`` is the operation on what the release adds.
    """
    lines = []
    for step in steps:
        name = step["urn"].rpartition("::")[2]
        if step["op"] in {"same", "read", "refresh"} or (step["op"] == of_added and name in ADDED):
            continue
        if step["op"] != "update":
            lines.append(f"{step['op']} {step['urn']}")
            continue
        for path in differences(step["oldState"].get("inputs"), step["newState"].get("inputs")):
            checks = (is_text, is_stated_anew, is_image_change, is_default)
            if f"{name}: {'.'.join(path)}" not in CHANGED and not any(check(step, path) for check in checks):
                lines.append(f"update {step['urn']}: {'.'.join(path)}")
    return lines


def test_an_upgrade_replaces_and_deletes_nothing(crossing: Crossing) -> None:
    assert "\n".join(problems(crossing.upgrade, "create")) == ""


def test_a_roll_back_deletes_only_what_the_release_added(crossing: Crossing) -> None:
    assert "\n".join(problems(crossing.rollback, "delete")) == ""


def test_the_two_releases_declare_the_same_resources(crossing: Crossing) -> None:
    assert {step["urn"] for step in crossing.upgrade} == {step["urn"] for step in crossing.rollback}
    assert len(crossing.upgrade) > 100
