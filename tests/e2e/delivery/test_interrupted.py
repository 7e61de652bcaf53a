"""Interruptions of an update: the next command reports what happened and the next step, and `up` converges."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from firedrill.engine import environment
from tests.e2e.conftest import DEADLINE, Sandbox, new_sandbox, output
from tests.e2e.delivery.killed_update import (
    copy_checkout,
    count_objects,
    difference,
    duplicate_names,
    route_through,
    run_up,
)
from tests.faults.proxy import ProxiedRequest, Proxy, proxy

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

EVERY = 20
"""Every 20th create fails."""
MAX_UPS = 8


@dataclass(frozen=True)
class PartialStack:
    """A deployed part of the stack: its sandbox, the proxy before Datadog, and the number of its objects by kind."""

    sandbox: Sandbox
    proxy: Proxy
    objects: Mapping[str, int]

    @property
    def state(self) -> Path:
        """The state's file."""
        return self.sandbox.settings.home / "state" / ".pulumi" / "stacks" / "llm-api" / "local.json"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartialStack]:
    """Provide a deployed part of the stack. Tests may leave it in any state."""
    folder = tmp_path_factory.mktemp("interrupted")
    checkout = copy_checkout(folder, partial=True)
    sandbox = new_sandbox(folder / "home", checkout)
    with proxy(f"http://127.0.0.1:{sandbox.settings.datadog_port}") as datadog_proxy:
        route_through(checkout, datadog_proxy)
        first = run_up(sandbox, datadog_proxy)
        assert first.code == 0, first.printed
        yield PartialStack(sandbox, datadog_proxy, count_objects(sandbox))
        sandbox.firedrill("down")


@pytest.fixture
def empty(small: PartialStack) -> PartialStack:
    """Return the same sandbox as it was before its first `up`."""
    assert small.sandbox.firedrill("down").returncode == 0
    shutil.rmtree(small.sandbox.settings.home)
    return small


def check_converged(small: PartialStack) -> None:
    """Check that every object exists once."""
    assert difference(small.objects, count_objects(small.sandbox)) == {}
    assert duplicate_names(small.sandbox) == []


def test_a_truncated_state_is_replaced_by_its_last_complete_copy(small: PartialStack) -> None:
    small.state.write_text(small.state.read_text()[: small.state.stat().st_size // 2])
    previewed = small.sandbox.firedrill("preview")
    assert previewed.returncode == 0, output(previewed)
    assert "truncated while it was written: its last complete copy is used" in previewed.stderr
    again = small.sandbox.firedrill("up")
    assert again.returncode == 0, output(again)
    check_converged(small)


def test_an_empty_attributes_file_beside_the_state_is_ignored(small: PartialStack) -> None:
    attributes = small.state.with_name(f"{small.state.name}.attrs")
    assert attributes.exists()
    attributes.write_text("")
    previewed = small.sandbox.firedrill("preview")
    assert previewed.returncode == 0, output(previewed)


def test_without_a_complete_copy_the_error_names_the_history(small: PartialStack) -> None:
    backup = small.state.with_name(f"{small.state.name}.bak")
    texts = small.state.read_text(), backup.read_text()
    try:
        for file in (small.state, backup):
            file.write_text(file.read_text()[:100])
        result = small.sandbox.firedrill("up")
    finally:
        small.state.write_text(texts[0])
        backup.write_text(texts[1])
    assert result.returncode == 1
    assert "is truncated, and so is" in result.stderr and ".pulumi/history" in result.stderr
    assert "Traceback" not in output(result)


def test_a_second_update_ends_with_one_line_and_the_first_goes_on(empty: PartialStack) -> None:
    sandbox = empty.sandbox
    command = [sys.executable, "-m", "firedrill.cli", "up"]
    with subprocess.Popen(
        command, cwd=sandbox.settings.root, env=sandbox.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as first:  # fmt: skip
        assert first.stdout is not None
        while "creating" not in (line := first.stdout.readline()):
            assert line, "the first update ended too early"
        second = sandbox.firedrill("up")
        plain = sandbox.pulumi("up", "-s", "local", "--yes", "--skip-preview")
        printed = first.stdout.read()
    assert second.returncode == 1
    assert "another firedrill command is using" in second.stderr
    assert "wait for it to finish, or stop it" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1, second.stderr
    assert plain.returncode != 0
    assert "locked" in output(plain) and "pulumi cancel" in output(plain)
    assert first.returncode == 0, printed
    check_converged(empty)


def test_a_command_waits_for_an_update_of_plain_pulumi(small: PartialStack) -> None:
    sandbox = small.sandbox
    variables = sandbox.environment | environment.variables(sandbox.settings)
    plain = ["pulumi", "up", "-s", "local", "--yes", "--skip-preview", "--non-interactive"]
    with subprocess.Popen(
        plain, cwd=sandbox.settings.root, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:  # fmt: skip
        locks = sandbox.settings.home / "state" / ".pulumi" / "locks"
        deadline = time.monotonic() + DEADLINE
        while not list(locks.rglob("*.json")):
            assert time.monotonic() < deadline and first.poll() is None, "plain Pulumi took no lock"
            time.sleep(0.05)
        result = sandbox.firedrill("preview")
        assert first.wait(DEADLINE) == 0
    assert "An earlier update (process " in result.stderr
    # A minute is waited for: on a busy machine the other one may take longer.
    if result.returncode:
        assert "did not end within 60 s: wait for it, or end it" in result.stderr, output(result)
        assert "Traceback" not in output(result)


def test_an_api_that_fails_at_each_nth_call_is_named_and_the_next_updates_converge(empty: PartialStack) -> None:
    sandbox = empty.sandbox
    assert sandbox.firedrill("preview").returncode == 0  # starts the account
    fault = {"kind": "bad_gateway", "every": EVERY, "methods": ["POST"]}
    sandbox.datadog("PUT", "/-/faults", json={"faults": [fault]})
    result = sandbox.firedrill("up")
    assert result.returncode == 1, output(result)
    assert "answered 502" in result.stderr and "Traceback" not in output(result)
    ups = 1
    while result.returncode and ups < MAX_UPS:
        result, ups = sandbox.firedrill("up"), ups + 1
    sandbox.datadog("DELETE", "/-/faults")
    assert result.returncode == 0, output(result)
    check_converged(empty)


def test_creates_whose_responses_are_lost_leave_no_duplicates(empty: PartialStack) -> None:
    sandbox, creates = empty.sandbox, [0]

    def lose(request: ProxiedRequest) -> bool:
        """Return whether the answer is lost after the account has done the request."""
        if request.method != "POST" or "/search" in request.path:
            return False
        creates[0] += 1
        return creates[0] % EVERY == 0

    ups, code, deleted = 0, 1, []
    empty.proxy.after = lose
    try:
        while ups < MAX_UPS and code:
            result, ups = sandbox.firedrill("up"), ups + 1
            code = result.returncode
            assert "Traceback" not in output(result)
            deleted += [line for line in result.stderr.splitlines() if "without recording it: deleted" in line]
    finally:
        empty.proxy.heal()
    assert code == 0, output(result)
    assert ups > 1 and deleted, "no answer was lost where it mattered"
    check_converged(empty)
