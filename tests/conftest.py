"""Fixtures and rules of all tests: none reaches another machine, nor the sandbox of the person who runs it."""

import os
import socket
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

import tests.guard.sitecustomize  # noqa: F401 - installs the guard in this process
from firedrill import lean_sdk

lean_sdk.install()  # the whole SDK takes seconds to import, in each worker

GUARD = Path(__file__).parent / "guard"
ROOT = Path(__file__).parents[1]

ONE_STACK = ("tests/e2e", "tests/e2e/delivery")
"""Folders whose tests share a stack that is up: each goes to one worker as a whole, and first."""

# Every Python process that a test starts has the guard too; none inherits a shell's sandbox.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
for name in [name for name in os.environ if name.startswith(("FIREDRILL_", "PULUMI_", "DD_"))]:
    del os.environ[name]

# Without bytecode each of make test's pytest processes compiles all tests with their assertions, which takes seconds.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def free_ports(count: int) -> int:
    """Return the first of ``count`` consecutive free ports, below the range from which the system lends ports."""
    for first in range(18000 + os.getpid() % 900 * 10, 32000, 10):
        held: list[socket.socket] = []
        try:
            for port in range(first, first + count):
                probe = socket.socket()
                held.append(probe)
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in held:
                probe.close()
    pytest.fail("no free ports between 18000 and 32000")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # untyped
    """Hands out whole files, and whole folders where a stack is shared: bringing one up takes a minute."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = file.rpartition("/")[0]
        return folder if folder in ONE_STACK else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """Longest first: in the order of :func:`pytest_collection_modifyitems`."""
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that share a stack first, so that small files fill up behind them."""
    items.sort(key=lambda item: item.nodeid.split("::", 1)[0].rpartition("/")[0] not in ONE_STACK)
