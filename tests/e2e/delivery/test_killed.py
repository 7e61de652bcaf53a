"""An engine that is killed (-9) at any point of an `up`: the next `up` reports it and converges, without duplicates."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Sandbox, new_sandbox, output
from tests.e2e.delivery.killed_update import (
    copy_checkout,
    count_objects,
    difference,
    duplicate_names,
    is_write,
    route_through,
    run_up,
)
from tests.faults.proxy import Proxy, proxy

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

POINTS = 20
PARTS = 4
"""The points are divided over this many tests. At the first point of each, another `up` must change nothing, and
`destroy` must delete everything."""
UNCHANGED = "unchanged)."


@pytest.fixture
def sandbox_and_proxy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Proxy]]:
    """Provide a sandbox of a checkout, whose providers reach Datadog through a proxy."""
    checkout = copy_checkout(tmp_path, partial=request.param)
    sandbox = new_sandbox(tmp_path / "home", checkout)
    with proxy(sandbox.settings.datadog_url.replace("localhost", "127.0.0.1")) as datadog_proxy:
        route_through(checkout, datadog_proxy)
        yield sandbox, datadog_proxy
        sandbox.firedrill("down")


def new_account(sandbox: Sandbox) -> None:
    """Delete the account: the next `up` is the first one of a new account."""
    assert sandbox.firedrill("down").returncode == 0
    shutil.rmtree(sandbox.settings.home)


def check_unchanged(sandbox: Sandbox) -> None:
    """Check that a further `up` changes nothing."""
    again = sandbox.firedrill("up")
    assert again.returncode == 0, output(again)
    assert UNCHANGED in again.stdout and "created" not in again.stdout.splitlines()[-1], output(again)


@pytest.mark.parametrize("sandbox_and_proxy", [True], indirect=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_an_up_after_a_killed_first_up_converges(sandbox_and_proxy: tuple[Sandbox, Proxy], part: int) -> None:
    sandbox, datadog_proxy = sandbox_and_proxy
    clean = run_up(sandbox, datadog_proxy)
    assert clean.code == 0, clean.printed
    writes = sum(is_write(request) for request in datadog_proxy.seen)
    complete = count_objects(sandbox)
    assert sandbox.firedrill("destroy").returncode == 0
    recovered = 0
    for number in range(part, POINTS, PARTS):
        write = 1 + round(number * (writes - 1) / (POINTS - 1))
        before, all_processes = number % 3 == 2, number % 4 != 3
        victim = "all processes" if all_processes else "the engine alone"
        at = f"{'before' if before else 'after'} write {write} of {writes}, {victim}"
        update = run_up(sandbox, datadog_proxy, write=write, before=before, all_processes=all_processes)
        assert update.killed and update.code != 0, f"{at}: {update.printed}"
        assert "Traceback" not in update.printed, f"{at}: {update.printed}"
        result = sandbox.firedrill("up")
        assert result.returncode == 0, f"{at}: {output(result)}"
        assert "An update was killed while" in result.stderr or "the lock is lifted" in result.stderr, (
            f"{at}: {result.stderr}"
        )
        assert difference(complete, count_objects(sandbox)) == {}, at
        assert duplicate_names(sandbox) == [], at
        lines = [line for line in result.stdout.splitlines() if line.strip().startswith("A killed update")]
        print(at, *lines, sep="\n  ", flush=True)
        recovered += bool(lines)
        if number < PARTS:
            check_unchanged(sandbox)
            destroyed = sandbox.firedrill("destroy")
            assert destroyed.returncode == 0, f"{at}: {output(destroyed)}"
        new_account(sandbox)
    # At some points an object must have been left unrecorded, or this test shows nothing.
    assert recovered


@pytest.mark.parametrize("sandbox_and_proxy", [False], indirect=True)
def test_the_whole_stack_converges_after_several_kills(sandbox_and_proxy: tuple[Sandbox, Proxy]) -> None:
    """Each `up` recovers what the killed one before it left, and is killed later; the last one is not killed."""
    sandbox, datadog_proxy = sandbox_and_proxy
    recovered = 0
    points = [(25, ""), (0, "secretmanager:SecretVersion"), (0, "cloudrunv2:Service "), (40, "")]
    for write, line in points:
        update = run_up(sandbox, datadog_proxy, write=write, line=line)
        assert update.killed, f"{write} {line}: {update.printed}"
        recovered += "A killed update was creating" in update.printed
        print(write, line, *[line for line in update.printed.splitlines() if "killed" in line], sep="\n  ", flush=True)
    last = sandbox.firedrill("up")
    assert last.returncode == 0, output(last)
    assert "An update was killed while" in last.stderr, output(last)
    assert recovered >= 2, "nothing was left to recover"
    assert duplicate_names(sandbox) == []
    check_unchanged(sandbox)
    # A duplicate or an unrecorded object would be left.
    destroyed = sandbox.firedrill("destroy")
    assert destroyed.returncode == 0 and "The account is empty" in destroyed.stdout, output(destroyed)
