"""One case, played: the commands of docs/deploy.md in their order, until the stack is up or one of them fails."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from firedrill.engine import first_traffic
from firedrill.errors import KnownFailure
from firedrill.image import digest
from firedrill.rehearse import configuration
from firedrill.rehearse.cases import Case
from firedrill.rehearse.commands import Outcome, State, Step, execute
from firedrill.rehearse.place import Place, prepared
from firedrill.settings import API_KEY, APP_KEY, Provider

ADVISED = 4
"""Refusals of one command that are followed."""
ORGANISATION = "infra/org"
NEW_KEY = (
    'curl -sS -X POST {url}/api/v2/current_user/application_keys -H "DD-API-KEY: {key}" '
    '-H "DD-APPLICATION-KEY: {app}" -H "Content-Type: application/json" -d @docs/application-key.json'
)


@dataclass(frozen=True)
class Rehearsal:
    """A case that was played. problem: the line that says what to do; "" where the stack is up."""

    case: Case
    steps: tuple[Step, ...]
    problem: str
    seconds: float

    @property
    def green(self) -> bool:
        """Return whether the stack is up."""
        return not self.problem


class Stopped(KnownFailure):
    """A command failed, and nothing said how to go on."""


def rehearse(checkout: Path, stack: str, provider: Provider, case: Case, report: Callable[[Step], None]) -> Rehearsal:
    """Play a case in a place of its own. report: receives each step when it is done."""
    began = time.monotonic()
    steps: list[Step] = []

    def add(step: Step) -> None:
        steps.append(step)
        report(step)

    problem = ""
    with prepared(checkout, provider, case) as place:
        try:
            _Play(place, stack, case, add).run()
        except KnownFailure as error:
            problem = str(error).partition("\n")[0]
    return Rehearsal(case, tuple(steps), problem, time.monotonic() - began)


@dataclass
class _Play:
    place: Place
    stack: str
    case: Case
    report: Callable[[Step], None]
    followed: list[str] = field(default_factory=list)
    """The advised commands that were run."""

    def run(self) -> None:
        """Run the commands of docs/deploy.md.

        Raises:
            Stopped: one of them failed.
        """
        settings = self.place.settings
        self._run(f"pulumi login {(settings.home / 'state').as_uri()}")
        config = configuration.fill(self.place.root, self.stack, settings.datadog_url)
        self._prepare_accounts(config)
        app_key = self._new_application_key()
        self._run(f"pulumi stack init {self.stack} --secrets-provider=passphrase")
        for key in config.secrets:
            value = {"datadog:apiKey": API_KEY, "llm-api:datadogApiKey": API_KEY, "datadog:appKey": app_key}.get(key)
            self._run(f"pulumi config set --secret {key}", text=value or secrets.token_hex(24))
        self.place.commit("The configuration of the first deployment")
        self._check_accounts()
        if self.case.product and not self.case.is_refused:
            self._follow(f"pulumi config set --path 'llm-api:productsOff[0]' {self.case.product}")
        hexadecimal = digest(self.place.root / "service")
        image = f"{config.region}-docker.pkg.dev/{config.project}/llm-api/llm-api@{hexadecimal}"
        self._deploy(f"firedrill deploy -s {self.stack} --image {image}")
        self._run(f"pulumi config set llm-api:image {image}")
        again = self._run(f"pulumi up -s {self.stack} --refresh --policy-pack policies/ --yes")
        if " created" in again.summary or " updated" in again.summary or " deleted" in again.summary:
            raise Stopped(f"a second `pulumi up` changed something: {again.summary}")
        self._send_first_traffic()
        self._run(f"pulumi stack init {configuration.ORGANISATION}", ORGANISATION)
        for key, value in {"datadog:apiKey": API_KEY, "datadog:appKey": app_key}.items():
            self._run(f"pulumi config set --secret {key}", ORGANISATION, value)
        if self.case.product:
            self._run(f"pulumi config set --path 'llm-api-org:productsOff[0]' {self.case.product}", ORGANISATION)
        self._run(f"pulumi up -s {configuration.ORGANISATION} --policy-pack ../../policies --yes", ORGANISATION)
        if self.case.is_refused and not self.followed:
            raise Stopped(f"{self.case.name}: nothing was refused, so that no error named a key")

    def _prepare_accounts(self, config: configuration.Configuration) -> None:
        """Invite the people of the configuration, and enforce the case's policy."""
        accounts = self.place.accounts
        users = accounts.datadog.call("GET /api/v2/users")["data"]
        for person in {*config.people} - {user["attributes"]["email"] for user in users}:
            accounts.datadog.call("POST /api/v2/users", {"data": {"type": "users", "attributes": {"email": person}}})
        if self.case.policy:
            policies = f"projects/{config.project}/policies"
            policy = {"name": f"{policies}/{self.case.policy}", "spec": {"rules": [{"enforce": True}]}}
            accounts.google.call(f"POST orgpolicy/v2/{policies}", policy)

    def _new_application_key(self) -> str:
        command = NEW_KEY.format(url=self.place.settings.datadog_url, key="$DD_API_KEY", app="$DD_APP_KEY")
        expanded = NEW_KEY.format(url=self.place.settings.datadog_url, key=API_KEY, app=APP_KEY)
        outcome = execute(self.place, expanded)
        try:
            key = str(json.loads(outcome.output)["data"]["attributes"]["key"])
        except (ValueError, KeyError) as error:
            raise Stopped(f"`{command}` made no key: {outcome.output or outcome.errors}") from error
        self._report(command, "", outcome, "ok", f"a key that ends with {key[-4:]}")
        return key

    def _check_accounts(self) -> None:
        """Run the doctor. Without a product, or with a policy, it may find that; otherwise nothing may be wrong."""
        command = f"firedrill doctor -s {self.stack}"
        outcome = execute(self.place, command)
        plain = not self.case.product and not self.case.policy
        if outcome.code and plain:
            self._report(command, "", outcome, "wrong")
            wrong = next((line for line in outcome.output.splitlines() if " wrong " in line or " unknown " in line), "")
            raise Stopped(f"`{command}`: {wrong.strip() or outcome.summary}")
        last = outcome.output.strip().splitlines()[-1:] or [outcome.summary]
        self._report(command, "", outcome, "refused" if outcome.code else "ok", last[0])

    def _deploy(self, command: str) -> None:
        """Run the deployment; where the case has it refused, do what its error says, and run it again."""
        for _ in range(ADVISED):
            outcome = execute(self.place, command)
            if not outcome.code:
                self._report(command, "", outcome, "ok")
                return
            advice = [each for each in outcome.advice if each not in self.followed]
            if not advice or not self.case.is_refused:
                break
            self._report(command, "", outcome, "refused")
            for each in advice:
                self._follow(each)
        self._report(command, "", outcome, "wrong")
        raise Stopped(f"`{command}`: {outcome.summary}")

    def _follow(self, advice: str) -> None:
        """Run a command that an error names, and commit what it changed."""
        self._run(advice)
        self.followed.append(advice)
        self.place.commit("As the error says")

    def _send_first_traffic(self) -> None:
        shown = self._run(f"pulumi stack output metrics --json -s {self.stack}")
        began = time.monotonic()
        first_traffic.send(self.place.settings, json.loads(shown.output), lambda _: None)
        self.report(Step("the first traffic", "", "ok", time.monotonic() - began, "each metric has arrived"))

    def _run(self, command: str, folder: str = "", text: str = "") -> Outcome:
        """Run a command that must succeed."""
        outcome = execute(self.place, command, folder, text)
        self._report(command, folder, outcome, "wrong" if outcome.code else "ok")
        if outcome.code:
            raise Stopped(f"`{command}`: {outcome.summary}")
        return outcome

    def _report(self, command: str, folder: str, outcome: Outcome, state: State, result: str = "") -> None:
        self.report(Step(command, folder, state, outcome.seconds, result or outcome.summary))
