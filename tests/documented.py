"""The commands of the pages that a newcomer reads first, and where each is run: tests/unit/test_documented.py."""

import re
from collections.abc import Iterator, Mapping

from tests.conftest import ROOT

PAGES = ("README.md", "docs/proof.md", "docs/delivery.md", "docs/sandbox.md")
PROGRAMS = ("firedrill", "make", "pulumi", "python", "grep", "eval")

ALONE: Mapping[str, str] = {
    "firedrill prove --monitors FILE": "",
    "firedrill prove --monitors FILE --ordinary FILE": "",
    "firedrill prove --monitors FILE --scenarios DIR/scenarios": "",
    "firedrill coverage FOLDER": "",
    "python -m firedrill.sandbox.wire FILE": "",
    "grep -l gemini-throttled drills/scenarios/*": "",
    "make policies": "",
    "make prove": "slow",
    "firedrill prove --no-cache": "slow",
    "firedrill prove --report FOLDER": "slow",
    "firedrill backtest --base REV": "slow",
}
"""Run without a sandbox by tests/integration/test_documented.py; those that take minutes are slow."""

WITH_A_STACK = (
    "make status",
    "firedrill status --products",
    "make up",
    "make preview",
    "make drift",
    "firedrill up --refresh",
    'eval "$(.venv/bin/firedrill env)"; pulumi preview -s local; pulumi up -s local --yes',
    "pulumi preview --policy-pack policies/",
    "pulumi refresh --preview-only",
    "firedrill doctor",
    "firedrill preview --json --markdown --base HEAD",
    "firedrill drift --json --markdown",
)
"""Run with the stack that is up by tests/e2e/test_documented.py."""

ELSEWHERE: Mapping[str, str] = {
    "firedrill deploy": "tests/e2e/delivery/test_deploy.py",
    "firedrill rollback": "tests/e2e/delivery/test_rollback.py",
    "firedrill import": "tests/e2e/delivery/test_import.py",
    "firedrill drill": "tests/e2e/test_drill.py",
    "firedrill export": "tests/unit/prove/test_account_export.py",
    "firedrill calibrate": "tests/unit/prove/test_account_export.py",
    "firedrill rehearse": "tests/e2e/isolated/test_rehearse.py",
    "firedrill dashboards": "tests/integration/test_dashboards.py",
    "firedrill up": "tests/e2e/test_lifecycle.py",
    "make down": "tests/e2e/isolated/test_faults.py",
    "make destroy": "tests/e2e/isolated/test_faults.py",
    "make drill": "tests/e2e/test_drill.py",
    "pulumi stack init": "tests/e2e/isolated/test_two_environments.py",
    "pulumi up": "tests/e2e/isolated/test_two_environments.py",
}
"""Run by the test of its own that is named: it changes or ends the stack."""

NOT_RUN: Mapping[str, str] = {
    "make setup": "it is what makes the environment that the tests run in",
    "make test": "it is what runs the tests",
    "make test-all": "it is what runs the tests",
    "make web": "it needs the registry of npm; tests/unit/test_web.py compares what it built with the sources",
    "firedrill record": "it records every drill anew, in a quarter of an hour; a person reviews the recordings",
    "pulumi login": "it needs a bucket; `firedrill rehearse` runs it with a folder",
    "pulumi plugin install": "it needs Pulumi's download server",
    "pulumi cancel": "it lifts the lock of another update; mentioned, not shown",
    "pulumi stack import": "it replaces a state; mentioned, not shown",
    "pulumi import": "mentioned in a comparison",
}
"""Not run by any test, with the reason."""


def documented(page: str) -> Iterator[str]:
    """Yield the commands of a page, without comments and with the lines of one block that belong together joined."""
    text = (ROOT / page).read_text()
    for block in re.findall(r"^```(?:bash|text)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        lines = [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]
        if lines[0].startswith("eval "):
            lines = ["; ".join(lines)]
        yield from filter(_is_command, lines)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    yield from filter(_is_command, inline)


def _is_command(line: str) -> bool:
    return line.partition(" ")[0] in PROGRAMS and " " in line


def usage(command: str) -> str:
    """Return a command without what its line of usage marks as optional or leaves to the reader."""
    return re.sub(r"\s*\[[^\[\]]*(\[[^\[\]]*(\[[^\[\]]*\])?[^\[\]]*\])?[^\[\]]*\]", "", command).strip()


def runnable(command: str) -> str:
    """Return a command that leaves the environment of the tests as it is: `make` would set up a copy's anew."""
    return command.replace("make ", "make -o setup -o packages ") if command.startswith("make ") else command
