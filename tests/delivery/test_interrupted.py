"""What else goes wrong in the middle: the next command says what happened and how to go on, and `up` converges."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from firedrill.engine import environment
from tests.delivery.killed import copy, difference, doubled, objects, put_behind, up
from tests.e2e.conftest import DEADLINE, Sandbox, new_sandbox, output
from tests.faults.proxy import Exchange, Proxy, proxy

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

EVERY = 20
"""At each so many-th create something goes wrong."""
MOST_UPS = 8


@dataclass(frozen=True)
class Small:
    """A part of the stack, deployed once: its sandbox, the proxy before its Datadog, and what there is then."""

    own: Sandbox
    between: Proxy
    whole: Mapping[str, int]

    @property
    def state(self) -> Path:
        """The state's file."""
        return self.own.settings.home / "state" / ".pulumi" / "stacks" / "llm-api" / "local.json"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """Deployed; tests may destroy it and leave anything."""
    folder = tmp_path_factory.mktemp("interrupted")
    checkout = copy(folder, small=True)
    own = new_sandbox(folder / "home", checkout)
    with proxy(f"http://127.0.0.1:{own.settings.datadog_port}") as between:
        put_behind(checkout, between)
        first = up(own, between)
        assert first.code == 0, first.said
        yield Small(own, between, objects(own))
        own.firedrill("down")


@pytest.fixture
def empty(small: Small) -> Small:
    """The same sandbox as it was before its first `up`."""
    assert small.own.firedrill("down").returncode == 0
    shutil.rmtree(small.own.settings.home)
    return small


def converged(small: Small) -> None:
    """All there, nothing twice."""
    assert difference(small.whole, objects(small.own)) == {}
    assert doubled(small.own) == []


def test_a_state_that_was_cut_short_is_replaced_by_its_last_whole_copy(small: Small) -> None:
    small.state.write_text(small.state.read_text()[: small.state.stat().st_size // 2])
    looked = small.own.firedrill("preview")
    assert looked.returncode == 0, output(looked)
    assert "cut short while it was written: its last whole copy is used" in looked.stderr
    again = small.own.firedrill("up")
    assert again.returncode == 0, output(again)
    converged(small)


def test_a_note_beside_the_state_that_was_cut_short_keeps_nobody_from_it(small: Small) -> None:
    beside = small.state.with_name(f"{small.state.name}.attrs")
    assert beside.exists()
    beside.write_text("")
    looked = small.own.firedrill("preview")
    assert looked.returncode == 0, output(looked)


def test_where_no_copy_is_whole_the_error_says_where_one_is(small: Small) -> None:
    kept = small.state.with_name(f"{small.state.name}.bak")
    texts = small.state.read_text(), kept.read_text()
    try:
        for file in (small.state, kept):
            file.write_text(file.read_text()[:100])
        told = small.own.firedrill("up")
    finally:
        small.state.write_text(texts[0])
        kept.write_text(texts[1])
    assert told.returncode == 1
    assert "is cut short, and so is" in told.stderr and ".pulumi/history" in told.stderr
    assert "Traceback" not in output(told)


def test_a_second_update_ends_with_one_line_and_the_first_goes_on(empty: Small) -> None:
    own = empty.own
    command = [sys.executable, "-m", "firedrill.cli", "up"]
    with subprocess.Popen(
        command, cwd=own.settings.root, env=own.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as first:  # fmt: skip
        assert first.stdout is not None
        while "creating" not in (line := first.stdout.readline()):
            assert line, "the first update ended too early"
        second = own.firedrill("up")
        plain = own.pulumi("up", "-s", "local", "--yes", "--skip-preview")
        said = first.stdout.read()
    assert second.returncode == 1
    assert "another firedrill command is at work" in second.stderr and "wait for it to end, or end it" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1, second.stderr
    assert plain.returncode != 0
    assert "locked" in output(plain) and "pulumi cancel" in output(plain)
    assert first.returncode == 0, said
    converged(empty)


def test_a_command_waits_for_an_update_of_plain_pulumi(small: Small) -> None:
    own = small.own
    variables = own.environment | environment.variables(own.settings)
    plain = ["pulumi", "up", "-s", "local", "--yes", "--skip-preview", "--non-interactive"]
    with subprocess.Popen(
        plain, cwd=own.settings.root, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:  # fmt: skip
        locks = own.settings.home / "state" / ".pulumi" / "locks"
        deadline = time.monotonic() + DEADLINE
        while not list(locks.rglob("*.json")):
            assert time.monotonic() < deadline and first.poll() is None, "plain Pulumi took no lock"
            time.sleep(0.05)
        told = own.firedrill("preview")
        assert first.wait(DEADLINE) == 0
    assert "An earlier update still runs (process " in told.stderr
    # A minute is waited for: on a busy machine the other one may take longer.
    if told.returncode:
        assert "has not ended within 60 s: wait for it, or end it" in told.stderr, output(told)
        assert "Traceback" not in output(told)


def test_an_api_that_fails_at_each_nth_call_is_named_and_the_next_updates_converge(empty: Small) -> None:
    own = empty.own
    assert own.firedrill("preview").returncode == 0  # starts the account
    fault = {"kind": "bad_gateway", "every": EVERY, "methods": ["POST"]}
    own.datadog("PUT", "/-/faults", json={"faults": [fault]})
    told = own.firedrill("up")
    assert told.returncode == 1, output(told)
    assert "answered 502" in told.stderr and "Traceback" not in output(told)
    ups = 1
    while told.returncode and ups < MOST_UPS:
        told, ups = own.firedrill("up"), ups + 1
    own.datadog("DELETE", "/-/faults")
    assert told.returncode == 0, output(told)
    converged(empty)


def test_creates_whose_answers_are_lost_leave_nothing_twice(empty: Small) -> None:
    own, made = empty.own, [0]

    def lose(one: Exchange) -> bool:
        """The account has done it, and nobody hears of it."""
        if one.method != "POST" or "/search" in one.path:
            return False
        made[0] += 1
        return made[0] % EVERY == 0

    ups, code, deleted = 0, 1, []
    empty.between.after = lose
    try:
        while ups < MOST_UPS and code:
            told, ups = own.firedrill("up"), ups + 1
            code = told.returncode
            assert "Traceback" not in output(told)
            deleted += [line for line in told.stderr.splitlines() if "without recording it: it is deleted" in line]
    finally:
        empty.between.heal()
    assert code == 0, output(told)
    assert ups > 1 and deleted, "no answer was lost where it mattered"
    converged(empty)
