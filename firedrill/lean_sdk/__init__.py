"""``import pulumi_datadog`` without executing its 10,674 input classes.

The published package defines every class of every resource in two files (833,000 lines) that any import executes.
:func:`install` puts a finder in front of Python's own: the package's modules are imported when a name of theirs is
first asked for, and of the two files only the classes that such a module names, and those that they name in turn.
The package on disk stays as it is published.

An index of the two files (which class stands where and names which others) and the compiled classes are kept below
``$XDG_CACHE_HOME/firedrill``, for each version, file state and Python. Where anything is not as this package expects
it (version, layout, a name without its class, a file that is not the published one) one line says so and the plain
import happens.

Switch: ``infra/__main__.py`` calls :func:`install` when the environment has ``FIREDRILL_LEAN_SDK=1``.
"""

import logging
import sys

from firedrill.lean_sdk.finder import Finder
from firedrill.lean_sdk.index import PACKAGE, UnexpectedSdk, cache_folder, load

__all__ = ["UnexpectedSdk", "cache_folder", "install", "installed"]

LOG = logging.getLogger("firedrill.lean_sdk")


def installed() -> bool:
    """Whether the next (or the last) import of the SDK is a lean one."""
    return any(isinstance(finder, Finder) for finder in sys.meta_path)


def install() -> bool:
    """Make the next ``import pulumi_datadog`` a lean one; False, with one logged line, where that is not possible."""
    if installed():
        return True
    try:
        index = load()
    except UnexpectedSdk as unexpected:
        LOG.warning("the whole of %s is imported, which takes seconds: %s", PACKAGE, unexpected)
        return False
    sys.meta_path.insert(0, Finder(index))
    return True
