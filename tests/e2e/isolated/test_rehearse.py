"""`firedrill rehearse` plays the first deployment: plain, without a product, and with a policy of the organisation."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from firedrill.rehearse.commands import NOT_RUN
from tests.conftest import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(2400)]

PAGE = (ROOT / "docs" / "deploy.md").read_text()
SECTIONS = ("Once for each environment", "Each deployment", "The organisation's stack")
PLACEHOLDER = re.compile(r"[A-Z]{4,}|gcpkms://")


def rehearse(*arguments: str) -> Any:
    """Run a rehearsal that must end green; return its only case."""
    command = [sys.executable, "-m", "firedrill.cli", "rehearse", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=2300)
    assert done.returncode == 0, done.stdout + done.stderr
    [case] = json.loads(done.stdout)["cases"]
    return case


def documented() -> Iterator[list[str]]:
    """Yield the words of each command of the first deployment, as docs/deploy.md has it."""
    for title in SECTIONS:
        [body] = re.findall(rf"^## {title}$(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
        blocks = re.findall(r"^ *```text\n(.*?)^ *```$", body, re.MULTILINE | re.DOTALL)
        inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", body, flags=re.DOTALL))
        for line in [*"".join(blocks).splitlines(), *inline]:
            words = re.sub(r" #.*", "", line).split()
            if words and words[0] in {"pulumi", "firedrill", "gcloud", "docker", "curl"} and len(words) > 3:
                yield words


def is_played(words: list[str], played: list[str]) -> bool:
    """Return whether a documented command begins one that was played, apart from names of the reader's own."""
    others = played[: len(words)]
    own = [
        bool(PLACEHOLDER.search(word)) and word.split("=")[0].split(":")[0] == other.split("=")[0].split(":")[0]
        for word, other in zip(words, others, strict=False)
    ]
    same = [word.replace("https://api.datadoghq.eu", "") == re.sub(r"http://localhost:\d+", "", other)
            for word, other in zip(words, others, strict=False)]  # fmt: skip
    return len(others) == len(words) and all(map(max, own, same))


def test_the_first_deployment_is_that_of_the_page() -> None:
    case = rehearse()
    assert {step["state"] for step in case["steps"]} == {"ok"}
    played = [step["command"].split() for step in case["steps"]]
    commands = list(documented())
    assert len(commands) > 15
    for words in commands:
        not_run = any(" ".join(words).startswith(command) for command in NOT_RUN)
        assert not_run or any(is_played(words, other) for other in played), " ".join(words)


def test_a_missing_product_is_refused_and_its_key_brings_the_stack_up() -> None:
    case = rehearse("--product", "on-call")
    refused = [step for step in case["steps"] if step["state"] == "refused" and "deploy" in step["command"]]
    assert len(refused) == 1
    advice = "pulumi config set --path 'llm-api:productsOff[0]' on-call"
    assert advice in [step["command"] for step in case["steps"]]


@pytest.mark.parametrize(
    ("policy", "switch"),
    [
        ("iam.managed.disableServiceAccountKeyCreation", "serviceAccountKeys"),
        ("iam.allowedPolicyMemberDomains", "outsideMembers"),
    ],
)
def test_a_policy_is_refused_and_its_switch_brings_the_stack_up(policy: str, switch: str) -> None:
    case = rehearse("--policy", policy)
    assert f"pulumi config set llm-api:{switch} false" in [step["command"] for step in case["steps"]]
