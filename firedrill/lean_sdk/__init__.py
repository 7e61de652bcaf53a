"""``import pulumi_datadog`` without executing its 10,674 input classes.

The published package defines every class of every resource in two files (833,000 lines) that any import executes.
:func:`install` adds a finder before Python's own: a module of the package is imported at the first use of one of its
names, and of the two files only the classes that such a module names, with those that they name in turn. The package on
disk does not change.

An index of the two files (the place of each class, and the classes that it names) and the compiled classes are cached
below ``$XDG_CACHE_HOME/firedrill``, for each version, file state and Python. Where anything is unexpected (the version,
the layout, a name without its class, a file that is not the published one), one line is logged, and the plain import
runs.

``infra/__main__.py`` calls :func:`install` when the environment has ``FIREDRILL_LEAN_SDK=1``.
"""

import logging
import sys

from firedrill.lean_sdk.finder import Finder
from firedrill.lean_sdk.index import PACKAGE, UnexpectedSdk, cache_folder, load

__all__ = ["UnexpectedSdk", "cache_folder", "install", "installed"]

LOG = logging.getLogger("firedrill.lean_sdk")


def installed() -> bool:
    """Return whether the SDK is imported lean."""
    return any(isinstance(finder, Finder) for finder in sys.meta_path)


def install() -> bool:
    """Make the next ``import pulumi_datadog`` lean; return False, with one logged line, where that is not possible."""
    if installed():
        return True
    try:
        index = load()
    except UnexpectedSdk as unexpected:
        LOG.warning("%s is imported as a whole, which takes seconds: %s", PACKAGE, unexpected)
        return False
    sys.meta_path.insert(0, Finder(index))
    return True
