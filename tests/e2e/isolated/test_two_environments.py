"""Two environments and their organisation in one account, by real updates: neither undoes the other's."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Answer, Sandbox, output

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SECOND = (
    ("gcp:project: firedrill-sandbox", "gcp:project: firedrill-second"),
    ("llm-api:env: local", "llm-api:env: second"),
    ("llm-api:logIndex: llm-api-local", "llm-api:logIndex: llm-api-second"),
)
"""Settings of the second environment: its Google project, its name and its log index."""


def write_changed(file: Path, target: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    target.write_text(text)


def check_ok(answer: Answer) -> str:
    assert answer.returncode == 0, output(answer)
    return answer.stdout


@pytest.mark.timeout(1500)
def test_two_environments_share_an_organisation_and_nothing_else(isolated: Sandbox) -> None:
    check_ok(isolated.firedrill("up"))
    root = isolated.settings.root
    write_changed(root / "Pulumi.local.yaml", root / "Pulumi.second.yaml", *SECOND)
    check_ok(isolated.pulumi("stack", "init", "second"))
    assert "created" in check_ok(isolated.pulumi("up", "--yes", "-s", "second"))

    # The organisation's stack orders the indexes of both; then all three stacks are unchanged.
    organisation = root / "infra" / "org" / "Pulumi.local.yaml"
    changes = ("environments: [local]", "environments: [local, second]"), (
        "indexOrder: [llm-api-local]", "indexOrder: [llm-api-second, llm-api-local]")  # fmt: skip
    write_changed(organisation, organisation, *changes)
    check_ok(isolated.pulumi("up", "--yes", "-s", "local", folder="infra/org"))
    for stack, folder in (("local", ""), ("second", ""), ("local", "infra/org")):
        again = isolated.pulumi("preview", "--refresh", "--expect-no-changes", "-s", stack, folder=folder)
        assert again.returncode == 0, f"{stack} {folder}: {output(again)}"
    environments = [
        {tag for tag in item["tags"] if tag.startswith("env:")} for item in isolated.datadog("GET", "/api/v1/monitor")
    ]
    assert environments.count({"env:local"}) == environments.count({"env:second"}) >= 40

    # Destroy one: its index must be deleted before the order may omit it.
    check_ok(isolated.pulumi("destroy", "--yes", "-s", "second"))
    write_changed(organisation, organisation, *((new, old) for old, new in changes))
    check_ok(isolated.firedrill("up"))
    assert {
        tag for item in isolated.datadog("GET", "/api/v1/monitor") for tag in item["tags"] if tag[:4] == "env:"
    } == {"env:local"}
    assert "The account is empty and nothing runs" in check_ok(isolated.firedrill("destroy"))
