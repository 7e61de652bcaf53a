"""An engine killed (-9) at any point of an `up`: the next says so and converges, with nothing twice and all there."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.killed import copy, difference, doubled, is_write, objects, put_behind, up
from tests.e2e.conftest import Sandbox, new_sandbox, output
from tests.faults.proxy import Proxy, proxy

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

POINTS = 20
PARTS = 4
"""Tests that share the points. After the first one of each, a further `up` must have nothing to do, and a destroy leave
nothing."""
UNCHANGED = "unchanged)."


@pytest.fixture
def behind(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Proxy]]:
    """A sandbox of a checkout, whose providers reach Datadog through a proxy."""
    checkout = copy(tmp_path, small=request.param)
    own = new_sandbox(tmp_path / "home", checkout)
    with proxy(own.settings.datadog_url.replace("localhost", "127.0.0.1")) as between:
        put_behind(checkout, between)
        yield own, between
        own.firedrill("down")


def new_account(own: Sandbox) -> None:
    """Forget everything: the next `up` is the first one of another account."""
    assert own.firedrill("down").returncode == 0
    shutil.rmtree(own.settings.home)


def unchanged(own: Sandbox) -> None:
    """A further `up` has nothing to do."""
    again = own.firedrill("up")
    assert again.returncode == 0, output(again)
    assert UNCHANGED in again.stdout and "created" not in again.stdout.splitlines()[-1], output(again)


@pytest.mark.parametrize("behind", [True], indirect=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_a_point_of_a_first_up_the_next_converges(behind: tuple[Sandbox, Proxy], part: int) -> None:
    own, between = behind
    clean = up(own, between)
    assert clean.code == 0, clean.said
    writes = sum(is_write(one) for one in between.seen)
    whole = objects(own)
    assert own.firedrill("destroy").returncode == 0
    found = 0
    for number in range(part, POINTS, PARTS):
        write = 1 + round(number * (writes - 1) / (POINTS - 1))
        before, both = number % 3 == 2, number % 4 != 3
        at = f"{'before' if before else 'after'} write {write} of {writes}, {'all' if both else 'the engine alone'}"
        killed = up(own, between, write=write, before=before, whole=both)
        assert killed.struck and killed.code != 0, f"{at}: {killed.said}"
        assert "Traceback" not in killed.said, f"{at}: {killed.said}"
        told = own.firedrill("up")
        assert told.returncode == 0, f"{at}: {output(told)}"
        assert "An update was killed while" in told.stderr or "the lock is lifted" in told.stderr, (
            f"{at}: {told.stderr}"
        )
        assert difference(whole, objects(own)) == {}, at
        assert doubled(own) == [], at
        lines = [line for line in told.stdout.splitlines() if line.strip().startswith("A killed update")]
        print(at, *lines, sep="\n  ", flush=True)
        found += bool(lines)
        if number < PARTS:
            unchanged(own)
            gone = own.firedrill("destroy")
            assert gone.returncode == 0, f"{at}: {output(gone)}"
        new_account(own)
    # Some points must have left what nobody had recorded: else nothing was shown here.
    assert found


@pytest.mark.parametrize("behind", [False], indirect=True)
def test_the_whole_stack_killed_on_its_way_again_and_again_arrives(behind: tuple[Sandbox, Proxy]) -> None:
    """Each `up` takes over what the killed one before it left, and is killed further on; the last one is not."""
    own, between = behind
    found = 0
    points = [(25, ""), (0, "secretmanager:SecretVersion"), (0, "cloudrunv2:Service "), (40, "")]
    for write, line in points:
        killed = up(own, between, write=write, line=line)
        assert killed.struck, f"{write} {line}: {killed.said}"
        found += "A killed update was creating" in killed.said
        print(write, line, *[one for one in killed.said.splitlines() if "killed" in one], sep="\n  ", flush=True)
    last = own.firedrill("up")
    assert last.returncode == 0, output(last)
    assert "An update was killed while" in last.stderr, output(last)
    assert found >= 2, "nothing was left to take over"
    assert doubled(own) == []
    unchanged(own)
    # What exists twice, or is not recorded, would be left.
    gone = own.firedrill("destroy")
    assert gone.returncode == 0 and "The account is empty" in gone.stdout, output(gone)
