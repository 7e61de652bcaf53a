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
"""What the second environment has of its own: its Google project, its name, and its log index."""


def changed(file: Path, target: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    target.write_text(text)


def right(answer: Answer) -> str:
    assert answer.returncode == 0, output(answer)
    return answer.stdout


@pytest.mark.timeout(1500)
def test_two_environments_share_an_organisation_and_nothing_else(own: Sandbox) -> None:
    right(own.firedrill("up"))
    root = own.settings.root
    changed(root / "Pulumi.local.yaml", root / "Pulumi.second.yaml", *SECOND)
    right(own.pulumi("stack", "init", "second"))
    assert "created" in right(own.pulumi("up", "--yes", "-s", "second"))

    # The organisation puts both in order, and then nothing of the three wants a change.
    organisation = root / "infra" / "org" / "Pulumi.local.yaml"
    both = ("environments: [local]", "environments: [local, second]"), (
        "indexOrder: [llm-api-local]", "indexOrder: [llm-api-second, llm-api-local]")  # fmt: skip
    changed(organisation, organisation, *both)
    right(own.pulumi("up", "--yes", "-s", "local", folder="infra/org"))
    for stack, folder in (("local", ""), ("second", ""), ("local", "infra/org")):
        again = own.pulumi("preview", "--refresh", "--expect-no-changes", "-s", stack, folder=folder)
        assert again.returncode == 0, f"{stack} {folder}: {output(again)}"
    environments = [
        {tag for tag in one["tags"] if tag.startswith("env:")} for one in own.datadog("GET", "/api/v1/monitor")
    ]
    assert environments.count({"env:local"}) == environments.count({"env:second"}) >= 40

    # One of them goes: its index must be gone before the order may leave it out.
    right(own.pulumi("destroy", "--yes", "-s", "second"))
    changed(organisation, organisation, *((new, old) for old, new in both))
    right(own.firedrill("up"))
    assert {tag for one in own.datadog("GET", "/api/v1/monitor") for tag in one["tags"] if tag[:4] == "env:"} == {
        "env:local"
    }
    assert "The account is empty and nothing runs" in right(own.firedrill("destroy"))
