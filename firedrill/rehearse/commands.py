"""The commands of docs/deploy.md: how a rehearsal runs one, and those that it cannot run."""

import re
import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from firedrill.rehearse.place import Place

NOT_RUN: Mapping[str, str] = {
    "gcloud services enable": "gcloud reaches Google only; the sandbox's project has these APIs",
    "gcloud auth application-default login": "there is no Google account; the sandbox's Google Cloud needs none",
    "gcloud kms keys add-iam-policy-binding": "there is no Cloud KMS; the stack's secrets have a passphrase",
    "gcloud auth configure-docker": "no registry of images is reached",
    "docker build": "no image is built; the sandbox runs the folder service/, whose digest stands for the image's",
    "docker push": "no registry of images is reached",
}
"""The beginning of each command that is not run here, with the reason."""
DEADLINE = 1200
"""Seconds for one command; the slowest is a first deployment."""
ADVICE = re.compile(r"`(pulumi config set [^`]+)`")
State = Literal["ok", "refused", "wrong"]


@dataclass(frozen=True)
class Step:
    """A command that was run. folder: below the checkout; state: "refused" where the case demands that it fails."""

    command: str
    folder: str
    state: State
    seconds: float
    result: str


@dataclass(frozen=True)
class Outcome:
    """The output of a command. advice: the `pulumi config set` commands that its output names."""

    code: int
    output: str
    errors: str
    seconds: float

    @property
    def advice(self) -> list[str]:
        """The commands that the output advises, without repetitions."""
        return list(dict.fromkeys(ADVICE.findall(self.output + self.errors)))

    @property
    def summary(self) -> str:
        """One line: the error, or what was done."""
        if self.code:
            output = self.output.splitlines()
            shown = self.errors.splitlines() or [line for line in output if "error:" in line] or output
            return next((line.strip() for line in shown if line.strip()), f"exit code {self.code}")
        counts = re.findall(r"^Resources:\n((?: +.*\n)+)", self.output, re.MULTILINE)
        if counts:  # the update's, after the preview's
            return ", ".join(line.strip() for line in counts[-1].splitlines())
        lines = self.output.strip().splitlines()
        return lines[-1].strip() if lines else "done"


def execute(
    place: Place, command: str, folder: str = "", text: str = "", variables: Mapping[str, str] | None = None
) -> Outcome:
    """Run a command of the page in a folder of the copy. text: what a person types at its prompt."""
    began = time.monotonic()
    done = subprocess.run(
        shlex.split(command),
        cwd=place.root / folder,
        env={**place.variables, **(variables or {})},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
